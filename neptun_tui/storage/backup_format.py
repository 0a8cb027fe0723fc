"""Format of a backup: a header line, then one line for each item."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.storage.files import open_to_read, reason
from neptun_tui.storage.jsonl import decode, encode

VERSION: Final = 1

_MOST: Final = 1 << 34
"""Bytes in a copy that is read."""

_LONGEST_HEADER: Final = 64 * 1024 * 1024
"""Bytes of a first line: far more than Neptun takes for a project's description."""


class BackupUnavailable(StorageError):
    """A local copy could not be written, read or removed; the text says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What one run was to destroy, as it was listed.

    Attributes:
        at: when the copy was made, in UTC.
        damaged: how many items were in it once that can no longer be read.
        parents: imports that stayed and that its files stood under, should they be needed again.
        others: other projects that some of its files are of.
    """

    run_id: str
    at: datetime
    account: Account
    project: Project
    imports: tuple[Import, ...]
    files: tuple[File, ...]
    damaged: int = 0
    parents: tuple[Import, ...] = ()
    others: tuple[Project, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """What is known of a copy without reading it whole.

    Attributes:
        path: where it is.
        at: when it was made, in UTC.
        size: bytes on disk.
        imports: how many imports are in it.
        files: how many files are in it.
        restored: how many of its items were posted back from it.
    """

    run_id: str
    path: Path
    at: datetime
    size: int
    imports: int
    files: int
    project: Project
    account: Account
    restored: int = 0


class Header(msgspec.Struct):
    """The first line of a copy.

    Attributes:
        v: the version of all of it.
        boot: :func:`~neptun_tui.storage.boot.boot_id` when it was made.
        others: other projects that some of the files are of.
    """

    v: int
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    imports: int
    files: int
    account: Account
    project: Project
    boot: str = ""
    others: tuple[Project, ...] = ()

    @property
    def place(self) -> tuple[str, int, int]:
        """The project that it is of, on whichever server."""
        return self.account.host, self.account.user_id, self.project.id

    @property
    def places(self) -> frozenset[tuple[str, int, int]]:
        """All projects that something in it is of."""
        where = (self.account.host, self.account.user_id)
        return frozenset({self.place, *((*where, project.id) for project in self.others)})


class _ImportLine(msgspec.Struct, tag="import", tag_field="kind"):
    item: Import


class _FileLine(msgspec.Struct, tag="file", tag_field="kind"):
    item: File


class ParentLine(msgspec.Struct, tag="parent", tag_field="kind"):
    """An import that was not deleted, and that files of the backup stood under."""

    item: Import


ItemLine = _ImportLine | _FileLine | ParentLine

_HEADER = msgspec.json.Decoder(Header)
_ITEM: msgspec.json.Decoder[ItemLine] = msgspec.json.Decoder(ItemLine)


def select_items(
    plan: DeletionPlan, listing: Listing
) -> tuple[tuple[Import, ...], tuple[File, ...], tuple[Import, ...]]:
    """Return all that goes with a plan, as listed, and the imports that files stand under.

    Files that stand under an import of the plan are among it even if the plan does not know them,
    those of other projects included: the server's cascade will take them.

    Raises:
        CopyUnavailable: something of the plan is not listed: the copy would not be whole.
    """
    keys = {target.key for target in plan.targets}
    imports = tuple(item for item in listing.imports if ResourceRef(Kind.IMPORT, item.id) in keys)
    taken = {item.id for item in imports}
    strangers = listing.elsewhere.files if listing.elsewhere else ()
    files = tuple(
        file
        for file in (*listing.files, *strangers)
        if ResourceRef(Kind.FILE, file.id) in keys or file.import_id in taken
    )
    found = {ResourceRef(Kind.IMPORT, number) for number in taken}
    found.update(ResourceRef(Kind.FILE, file.id) for file in files)
    if keys - found or listing.project.id != plan.project.id:
        raise BackupUnavailable(
            "The local copy would not be whole: the listing lacks something of the plan."
        )
    above = {file.import_id for file in files} - taken
    return imports, files, tuple(item for item in listing.imports if item.id in above)


def item_lines(
    imports: tuple[Import, ...], files: tuple[File, ...], parents: tuple[Import, ...]
) -> Iterator[bytes]:
    """Make the lines of all items, one at a time: a copy of many megabytes is never held twice.

    Raises:
        CopyUnavailable: something in an item is nested too deeply to be written.
    """
    try:
        yield from (encode(ParentLine(item)) for item in parents)
        yield from (encode(_ImportLine(item)) for item in imports)
        yield from (encode(_FileLine(item)) for item in files)
    except RecursionError:
        raise BackupUnavailable(
            "The local copy cannot be written: the metadata of an item is nested too deeply."
        ) from None


def open_backup(path: Path) -> BinaryIO:
    """Open a copy to be read.

    Raises:
        OSError: it is not there, is no regular file of ours, or cannot be read.
    """
    return open_to_read(path, _MOST)


def read_header(path: Path, lines: BinaryIO) -> Header:
    """Read the first line of a copy.

    Raises:
        CopyUnavailable: it is damaged, or of another version than this program writes.
        OSError: it cannot be read.
    """
    try:
        header = decode(lines.readline(_LONGEST_HEADER), _HEADER)
    except ValueError:
        header = None
    if header is None or header.v != VERSION:
        raise BackupUnavailable(
            f"The local copy {path} cannot be read: it is damaged, or of another version."
        )
    return header


def read_items(lines: BinaryIO) -> Iterator[ItemLine]:
    """Read the lines after the first. What is damaged is left out.

    Raises:
        OSError: they cannot be read.
    """
    for line in lines:
        try:
            yield decode(line, _ITEM)
        except ValueError:
            continue


@contextmanager
def wrap_os_errors(path: Path, what: str) -> Iterator[None]:
    """Turn errors of the file system into sentences.

    Args:
        path: the file.
        what: what cannot be done, as in "written".

    Raises:
        CopyUnavailable: in place of every ``OSError``.
    """
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise BackupUnavailable(f"The local copy {path} cannot be {what}: {why}.") from error
