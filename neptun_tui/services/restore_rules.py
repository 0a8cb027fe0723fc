"""The rules of a restore: what counts as the same item again, and what is known of each so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neptun_tui.domain.deletion import Key
from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.services.restored import Fate, Item, RestoreOutcome, Saved, key

Listed = Mapping[Key, Item]
"""What Neptun has at one moment."""


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
    *("import_id", "title", "original_path", "content", "file_type", "category", "file_size"),
    *("language", "metadata", "pdf_url", "parent_path", "depth"),
)


class Newcomers:
    """The listed items that nothing accounts for yet: one of them may be a lost answer's.

    Args:
        listed: what is there now.
        known: the keys of all that was there before, or that an answer has named.
    """

    def __init__(self, listed: Listed, known: Collection[Key]) -> None:
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

    def place(self, imports: Mapping[int, Work], became: Mapping[int, int]) -> None:
        """Find the import that a file is to stand under: its own, or what that has become.

        Args:
            imports: the imports of this restore, by old ID.
            became: the IDs now of others that are back, by old ID.
        """
        if not isinstance(self.item, File):
            return
        self.under = became.get(self.item.import_id or 0, self.item.import_id)
        if (parent := imports.get(self.item.import_id or 0)) is not None:
            self.under = parent.new_id
            if parent.new_id is None:
                self.end(Fate.NOT_SENT, f"Its import {parent.item.id} is not back.")

    def recall(self, listed: Listed, done: Mapping[Key, int]) -> None:
        """Settle it if it was never deleted, or if an earlier attempt has brought it back."""
        own = key(self.item)
        if own in listed:
            self.fate, self.new_id = Fate.STILL_THERE, own.id
        elif own in done and Key(own.kind, done[own]) in listed:
            self.fate, self.new_id = Fate.ALREADY_RESTORED, done[own]

    def check(self, listed: Listed | None, newcomers: Newcomers) -> None:
        """Hold an answer that said it is back against the listing made after it."""
        item = None if listed is None else listed.get(self.new_key)
        if item is None:
            why = "could not be had" if listed is None else "does not have it"
            self.end(Fate.UNKNOWN, f"Accepted, not confirmed: Neptun's listing {why}.")
        elif self.doubt and (twin := newcomers.take(self.item, self.under)):
            self.reason = f"It seems to be there twice: also under the ID {twin}."
        elif changed := differences(self.item, item, self.under):
            self.reason = f"Neptun keeps another value for {', '.join(changed)}."

    def conclude(self, why_unsent: str) -> None:
        """Give it a fate at the end, if it has none."""
        if self.fate is not None:
            return
        if self.doubt is None:
            self.end(Fate.NOT_SENT, why_unsent)
        elif self.missing:
            self.end(Fate.REFUSED, f"{self.doubt} Neptun does not list it.")
        else:
            self.end(Fate.UNKNOWN, f"{self.doubt} Neptun's listing could not be had.")

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


def became(listed: Listed, done: Mapping[Key, int]) -> dict[int, int]:
    """The imports that are gone under their old ID and there under a new one."""
    return {
        old.id: new_id
        for old, new_id in done.items()
        if old.kind is Kind.IMPORT and old not in listed and Key(Kind.IMPORT, new_id) in listed
    }


def sort_out(
    works: Iterable[Work], saved: Saved, listed: Listed, done: Mapping[Key, int]
) -> tuple[list[Work], list[Work]]:
    """Settle what is there already, and add the imports that chosen files cannot do without.

    Args:
        works: the chosen items.
        saved: where those imports are.
        listed: what is there now.
        done: old keys and new IDs of earlier attempts.

    Returns:
        The imports and the files, each by ID.
    """
    works = list(works)
    for work in works:
        work.recall(listed, done)
    imports = [work for work in works if isinstance(work.item, Import)]
    files = [work for work in works if isinstance(work.item, File)]
    needed = {w.item.import_id for w in files if w.fate is None and isinstance(w.item, File)}
    needed -= {work.item.id for work in imports}
    for item in saved.imports:
        if item.id in needed and key(item) not in listed:
            imports.append(Work(item, taken_along=True))
            imports[-1].recall(listed, done)
    return sorted(imports, key=lambda work: work.item.id), files
