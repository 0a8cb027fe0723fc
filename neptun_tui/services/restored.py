"""What a restore works on, what counts as the same item again, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from neptun_tui.domain.deletion import Key
from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.resources import File, Import, Kind

Item = Import | File


@dataclass(frozen=True, slots=True)
class Saved:
    """The imports and files of one project as they were before they were deleted."""

    project_id: int
    imports: tuple[Import, ...]
    files: tuple[File, ...]

    def chosen(self, wanted: Collection[Key] | None) -> tuple[Item, ...]:
        """The items to restore, imports first, each kind by ID.

        Args:
            wanted: their keys; an import stands for its files too. None means everything, and a
                key that was not saved is left out.
        """
        keys = None if wanted is None else frozenset(wanted)

        def is_chosen(item: Item) -> bool:
            if keys is None or key(item) in keys:
                return True
            return isinstance(item, File) and Key(Kind.IMPORT, item.import_id or 0) in keys

        found = {key(item): item for item in (*self.imports, *self.files) if is_chosen(item)}
        return tuple(sorted(found.values(), key=lambda item: (isinstance(item, File), item.id)))


def key(item: Item) -> Key:
    """The key of an import or a file."""
    return Key(Kind.IMPORT if isinstance(item, Import) else Kind.FILE, item.id)


def differences(posted: Item, listed: Item, import_id: int | None = None) -> tuple[str, ...]:
    """The fields, of those a client can set, in which a listed item is not what was posted.

    Args:
        posted: what was saved.
        listed: what Neptun has.
        import_id: the import a file was posted under.
    """
    before, after = _settable(posted), _settable(listed)
    if isinstance(posted, File):
        before["import_id"] = import_id
    elif posted.status is None:
        del before["status"]  # it was left to Neptun
    return tuple(name for name, value in before.items() if value != after.get(name))


def _settable(item: Item) -> dict[str, Any]:
    names = _IMPORT_FIELDS if isinstance(item, Import) else _FILE_FIELDS
    return {name: getattr(item, name) for name in names}


_IMPORT_FIELDS = (
    *("source_type", "source_path", "source_ref", "status", "error_message"),
    *("title", "description", "file_tree"),
)
_FILE_FIELDS = (
    *("import_id", "title", "original_path", "content", "file_type", "category", "size"),
    *("language", "metadata", "pdf_url", "parent_path", "depth"),
)


class Newcomers:
    """The listed items that nothing accounts for yet: one of them may be a lost answer's.

    Args:
        listed: what is there now.
        known: the keys of all that was there before, or that an answer has named.
    """

    def __init__(self, listed: Mapping[Key, Item], known: Collection[Key]) -> None:
        self._alike: dict[tuple[object, ...], list[Item]] = {}
        for listed_key, item in listed.items():
            if listed_key not in known:
                self._alike.setdefault(_gist(item), []).append(item)

    def take(self, posted: Item, import_id: int | None) -> int | None:
        """The ID of one that equals what was posted; nobody else will get it."""
        alike = self._alike.get(_gist(posted), [])
        for index, item in enumerate(alike):
            if not differences(posted, item, import_id):
                return alike.pop(index).id
        return None


def _gist(item: Item) -> tuple[object, ...]:
    """What items must share before it is worth comparing all of them; it can be hashed."""
    if isinstance(item, Import):
        return item.source_type, item.source_path, item.source_ref
    return item.title, item.original_path, item.content


class Fate(StrEnum):
    """What became of one item."""

    RESTORED = "restored"
    ALREADY_RESTORED = "already restored"
    """An earlier attempt brought it back, and Neptun lists it."""
    STILL_THERE = "still there"
    """It was never deleted: Neptun lists it under its old ID."""
    REFUSED = "refused"
    """Neptun did not take it, and does not list it."""
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """One item with its fate.

    Attributes:
        key: its old key.
        name: path or title, as saved.
        new_id: its ID now; under ``UNKNOWN`` the one that Neptun named and no listing confirmed.
        reason: why it is not back, or what is not as it was; in words.
        taken_along: an import that nobody chose, but that a chosen file needs.
        without_connection: it is back, but its GitHub connection is not, and cannot be.
    """

    key: Key
    name: str
    fate: Fate
    new_id: int | None = None
    reason: str = ""
    taken_along: bool = False
    without_connection: bool = False


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did: one outcome for each item, imports first, each kind by old ID.

    Attributes:
        before: what was listed when the first attempt began, for the next one; None when no
            listing could be had, and nothing was sent.
        stopped: a person ended it early.
        signed_out: the session was lost on the way.
        unrecorded: why new IDs could not be noted on this machine, which ended it; else empty.
    """

    outcomes: tuple[RestoreOutcome, ...]
    before: frozenset[Key] | None = None
    stopped: bool = False
    signed_out: bool = False
    unrecorded: str = ""

    def count(self, *fates: Fate) -> int:
        """How many items ended so."""
        return sum(outcome.fate in fates for outcome in self.outcomes)

    @property
    def new_ids(self) -> Mapping[Key, int]:
        """Old key to new ID, of all that came back in this attempt or an earlier one."""
        back = (Fate.RESTORED, Fate.ALREADY_RESTORED)
        return {o.key: o.new_id for o in self.outcomes if o.new_id and o.fate in back}

    @property
    def taken_along(self) -> tuple[RestoreOutcome, ...]:
        """The imports that nobody chose, but that chosen files need."""
        return tuple(outcome for outcome in self.outcomes if outcome.taken_along)

    @property
    def without_connection(self) -> tuple[RestoreOutcome, ...]:
        """The imports whose GitHub connection did not come back with them."""
        return tuple(outcome for outcome in self.outcomes if outcome.without_connection)

    @property
    def rest(self) -> frozenset[Key]:
        """The keys of what is not back, for another attempt."""
        back = (Fate.RESTORED, Fate.ALREADY_RESTORED, Fate.STILL_THERE)
        return frozenset(outcome.key for outcome in self.outcomes if outcome.fate not in back)


class Phase(Enum):
    """What a restore is doing."""

    LOOKING = "Looking at what is there"
    SENDING = "Restoring"
    CHECKING = "Checking with Neptun"
    DONE = "Done"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restore is; a snapshot that any thread may read.

    Attributes:
        settled: items whose fate is known.
        total: all items; it grows when the listing shows that an import must be taken along.
        seconds: since it began.
    """

    phase: Phase
    settled: int
    total: int
    seconds: float
    stopping: bool = False


@dataclass(slots=True, eq=False)
class Work:
    """What is known of one item while a restore runs.

    Attributes:
        fate: None until it is known.
        under: the import that a file is posted under.
        doubt: the failure after which nobody knew whether its request had been carried out.
        missing: whether a listing made after that does not have it.
    """

    item: Item
    taken_along: bool = False
    fate: Fate | None = None
    new_id: int | None = None
    reason: str = ""
    under: int | None = None
    doubt: ServiceError | None = None
    missing: bool = False

    @property
    def new_key(self) -> Key:
        """What it is listed under, once it has a new ID."""
        return Key(key(self.item).kind, self.new_id or 0)

    def end(self, fate: Fate, reason: str) -> None:
        """Settle it."""
        self.fate, self.reason = fate, reason

    def outcome(self) -> RestoreOutcome:
        """What to report of it."""
        back = self.fate in (Fate.RESTORED, Fate.ALREADY_RESTORED)
        return RestoreOutcome(
            key(self.item),
            self.item.name,
            self.fate or Fate.NOT_SENT,
            self.new_id,
            self.reason,
            self.taken_along,
            back and isinstance(self.item, Import) and self.item.takes_connection,
        )
