"""Projects, imports, files, and the rule for IDs.

Both dialects of the wire (contract §4 to §6) are decoded into these. Text fields are kept exactly
as the server sent them: only :mod:`neptun_tui.domain.safe_text` may bring them to a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InvalidId

MAX_ID = 2_147_483_647
"""The largest ID Neptun can hold; one more makes it answer 500 (contract §1)."""


class Kind(StrEnum):
    """Kinds of items that can be deleted. Imports and files count their IDs separately."""

    IMPORT = "import"
    FILE = "file"


SOURCE_TYPES = ("local_folder", "github_repository_installation", "public_github_repository_url")
"""Every source type, one list call each: the server shows only the first without a filter."""

GITHUB_INSTALLATION = "github_repository_installation"

_SOURCE_LABELS = {
    "local_folder": "Local folder",
    GITHUB_INSTALLATION: "GitHub app",
    "public_github_repository_url": "Public repo",
    "github": "GitHub",
}


class Fingerprint(NamedTuple):
    """Fingerprint of an item, to compare a listing with a stored context.

    Attributes:
        name: hash of an import's source, or of a file's path and title.
        whole: the same with the content; equal to ``name`` for an import.
    """

    kind: Kind
    name: bytes
    whole: bytes


class Installation(NamedTuple):
    """A GitHub installation that is connected to a project.

    Attributes:
        name: the GitHub account that installed the app.
    """

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class StoredContext:
    """Items of one context; of one that is stored, or of what exists.

    Attributes:
        items: a fingerprint for each import and file, in no order.
        written_at: when Neptun made it, by the server's clock.
    """

    items: tuple[Fingerprint, ...] = ()
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """One project.

    Attributes:
        stored_context: fingerprints of what its stored context holds; None when the answer had
            none that could be read. Its contents are not kept.
    """

    id: int
    name: str
    description: str | None = None
    type: str | None = None
    main_language: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    stored_context: StoredContext | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a project.

    Attributes:
        status: free text; ``pending``, ``completed`` and ``failed`` are usual.
        file_tree: whatever JSON the server keeps there, or None.
    """

    id: int
    project_id: int
    source_type: str
    source_path: str
    source_ref: str | None = None
    status: str | None = None
    error_message: str | None = None
    title: str | None = None
    description: str | None = None
    file_tree: Any = field(default=None, repr=False, compare=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def name(self) -> str:
        """The path with its ref, which is how people know an import (its ID is what tells it)."""
        base = self.source_path or self.title or ""
        return f"{base} @ {self.source_ref}" if self.source_ref else base

    @property
    def source_label(self) -> str:
        """The source type in plain words; an unknown one is shown as it is."""
        return _SOURCE_LABELS.get(self.source_type, self.source_type)

    @property
    def takes_connection(self) -> bool:
        """Tell whether deleting it may remove a GitHub installation connection (contract §1)."""
        return self.source_type in (GITHUB_INSTALLATION, "github")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a project, its whole content included.

    Attributes:
        size: bytes; the server's figure when it gave a sensible one, else the content's own.
        file_size: the server's figure as it is, which may be missing or nonsense.
        import_id: the import it came with, which need not be visible (contract §6).
    """

    id: int
    project_id: int
    import_id: int | None
    title: str
    original_path: str = ""
    content: str = field(default="", repr=False)
    file_type: str | None = None
    category: str | None = None
    size: int = 0
    language: str | None = None
    metadata: Any = field(default=None, repr=False, compare=False)
    pdf_url: str | None = None
    parent_path: str | None = None
    depth: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    file_size: int | None = None

    @property
    def name(self) -> str:
        """The path where the title is its last part, which tells two of a title apart.

        Else the title: it is what its owner gave it.
        """
        same = not self.title or self.original_path.rpartition("/")[2] == self.title
        return self.original_path if same else self.title


def parse_id(text: str | int) -> int:
    """Check an ID before anything is sent.

    Args:
        text: a number, or typed text; surrounding blanks are forgiven.

    Returns:
        The ID, from 1 to ``MAX_ID``.

    Raises:
        InvalidId: it is anything else; ``1e2`` and ``0x1``, which the server takes, included.
    """
    shown = str(text).strip()
    digits = shown.lstrip("0")
    if not (shown.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_ID))) or (
        int(digits) > MAX_ID
    ):
        raise InvalidId(f"An ID is a whole number from 1 to {MAX_ID}.")
    return int(digits)


Installations = tuple[Installation, ...] | None
"""Listed installations; None when they are unknown."""


class ConnectionState(StrEnum):
    """State of a GitHub installation after a deletion."""

    CONNECTED = "connected"
    REMOVED = "removed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Connection:
    """One installation after a deletion; None when they could not be listed.

    Attributes:
        was_seen: whether it was listed before the deletion too.
    """

    installation: Installation | None
    state: ConnectionState
    was_seen: bool = True

    @property
    def sentence(self) -> str:
        """Return it in words."""
        if self.installation is None:
            return "The GitHub connection could not be checked."
        named = f"GitHub installation {safe_text.clean_name(self.installation.name, 60)}"
        match self.state:
            case ConnectionState.CONNECTED:
                return f"{named} is {'still ' if self.was_seen else ''}connected."
            case ConnectionState.REMOVED:
                return f"{named} is no longer connected."
            case ConnectionState.UNKNOWN:
                return f"{named} could not be checked."


def compare(before: Installations, after: Installations) -> tuple[Connection, ...]:
    """Return the state of each installation that was listed before or after."""
    if after is None:
        unchecked = [Connection(each, ConnectionState.UNKNOWN) for each in before or ()]
        return tuple(unchecked) or (Connection(None, ConnectionState.UNKNOWN),)
    left, seen = {each.id for each in after}, {each.id for each in before or ()}
    gone = [
        Connection(each, ConnectionState.REMOVED) for each in before or () if each.id not in left
    ]
    there = [Connection(each, ConnectionState.CONNECTED, each.id in seen) for each in after]
    return (*gone, *there)


def connected(installations: Sequence[Installation]) -> str:
    """Return what a person must know of the installations that are connected."""
    if not installations:
        return "No installation is listed as connected to the project."
    named = [safe_text.clean_name(each.name, 60) for each in installations[:6]]
    names = safe_text.shortened(named, len(installations), 110)
    noun, subject = ("installation", "It") if len(installations) == 1 else ("installations", "They")
    return f"Project is connected to the GitHub {noun} {names}. {subject} may stay connected."
