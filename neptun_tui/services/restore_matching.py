"""Matching rules of a restore: when an existing item counts as already restored."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.domain.results import LATE_FOR
from neptun_tui.services.restore_models import (
    BackupContents,
    Item,
    RestoreOutcome,
    RestoreStatus,
    key,
)
from neptun_tui.services.restore_preflight import Steps, placeholder, refusal, steps_of
from neptun_tui.storage.restore_log import OpenPost

Listed = Mapping[ResourceRef, Item]
"""Items of a listing, by ref."""


def differences(posted: Item, listed: Item, import_id: int | None = None) -> tuple[str, ...]:
    """Return the fields, of those a client can set, in which two items differ.

    Args:
        posted: the item in the backup.
        listed: the item in the listing.
        import_id: import that a file was posted to.
    """
    before, after = _settable(posted), _settable(listed)
    if isinstance(posted, File):
        before["import_id"] = import_id
    elif posted.status is None:
        del before["status"]  # Neptun sets it
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


class UnmatchedItems:
    """Listed items without a known origin: a request with a lost response may have created them.

    Args:
        listed: the current items.
        known: refs of items that existed before, or that a response has named.
    """

    def __init__(self, listed: Listed, known: Collection[ResourceRef]) -> None:
        self._alike: dict[tuple[object, ...], list[Item]] = {}
        self._paths: dict[str, list[int]] = {}
        for listed_key, item in listed.items():
            if listed_key not in known:
                self._alike.setdefault((item.project_id, *_gist(item)), []).append(item)
                if isinstance(item, Import):
                    self._paths.setdefault(item.source_path, []).append(item.id)

    def take(self, posted: Item, import_id: int | None, project_id: int) -> int | None:
        """Return and remove the ID of an item that equals the posted one."""
        alike = self._alike.get((project_id, *_gist(posted)), [])
        for index, item in enumerate(alike):
            if not differences(posted, item, import_id):
                return alike.pop(index).id
        return None

    def take_unfinished(self, path: str) -> int | None:
        """Return and remove the ID of an import that still has this placeholder path."""
        found = self._paths.get(path)
        return found.pop() if found else None


def _gist(item: Item) -> tuple[object, ...]:
    """Return a hashable key that equal items share, to limit full comparisons."""
    if isinstance(item, Import):
        return item.source_type, item.source_path, item.source_ref
    return item.title, item.original_path, item.content


@dataclass(frozen=True, slots=True)
class Post:
    """POST of an item without a response.

    Attributes:
        until: time, on the monotonic clock, after which the server no longer executes it.
        under: import that a file was posted to.
    """

    until: float
    under: int | None

    @classmethod
    def of_earlier(cls, post: OpenPost, read_at: float) -> Post:
        """Convert a POST of the restore log, given the time at which the log was read."""
        return cls(read_at + LATE_FOR.total_seconds() - post.age, post.under)


@dataclass(slots=True, eq=False)
class RestoreItem:
    """State of one item during a restore.

    Attributes:
        result: its result; None until it is known.
        under: import that a file is posted to.
        project_id: project that it is posted to.
        other_project: the same, if it is not the restore's; else 0.
        doubt: error after which it is unknown whether the server executed the request.
        missing: whether a listing made after that error does not contain it.
        posts: requests that the server may have executed or may still execute.
        looked: time before the last listing that was searched for it, on the monotonic clock.
        steps: requests to create an import.
        unfinished: whether it exists with a placeholder path.
        lonely: whether the import of a file is neither listed nor in the backup.
        orphaned: whether Neptun rejected the file for lack of that import.
        twins: IDs of duplicates.
    """

    item: Item
    run_id: str = ""
    taken_along: bool = False
    result: RestoreStatus | None = None
    new_id: int | None = None
    reason: str = ""
    under: int | None = None
    project_id: int = 0
    other_project: int = 0
    doubt: ServiceError | None = None
    missing: bool = False
    posts: list[Post] = field(default_factory=list)
    looked: float = float("-inf")
    steps: Steps | None = None
    unfinished: bool = False
    lonely: bool = False
    orphaned: bool = False
    twins: tuple[int, ...] = ()

    @property
    def key(self) -> ResourceRef:
        """Ref in the backup."""
        return key(self.item)

    @property
    def new_key(self) -> ResourceRef:
        """Ref in the listing, once it has a new ID."""
        return ResourceRef(self.key.kind, self.new_id or 0)

    @property
    def pending(self) -> bool:
        """True if the server may have executed a request since the last listing, or still may.

        Then the item must not be posted again: an earlier listing cannot show it.
        """
        return any(post.until > self.looked for post in self.posts)

    @property
    def minutes(self) -> int:
        """Whole minutes until no request can be pending."""
        latest = max((post.until for post in self.posts), default=0.0)
        return max(1, -(-int(latest - time.monotonic()) // 60))

    @property
    def final(self) -> Item:
        """Item in its final state."""
        return self.steps.final if self.steps else self.item

    @property
    def path(self) -> str:
        """Placeholder path of an import."""
        return placeholder(self.run_id, self.item.id)

    def end(self, result: RestoreStatus, reason: str) -> None:
        """Record the final result."""
        self.result, self.reason = result, reason

    def foresee(self) -> None:
        """Plan its requests, or record a refusal. Scans all texts, so call it on a thread."""
        refused = ""
        if isinstance(self.item, File):
            refused = refusal(self.item) if self.result is None else ""
        elif self.result is None or self.unfinished:
            self.steps = steps_of(self.item, self.run_id)
            refused = self.steps.refused
        if refused and self.result is None:
            self.end(RestoreStatus.REFUSED, refused)

    def place(
        self,
        imports: Mapping[int, RestoreItem],
        became: Mapping[int, int],
        listed: Listed,
        *,
        last: bool,
    ) -> None:
        """Set the import that a file is posted to: its own, or the restored one.

        Args:
            imports: imports of this restore, by old ID.
            became: new IDs of imports restored earlier, by old ID.
            listed: the current items.
            last: whether all attempts for its import are finished.
        """
        if not isinstance(self.item, File):
            return
        number = self.item.import_id or 0
        self.under = became.get(number, self.item.import_id)
        self.lonely = ResourceRef(Kind.IMPORT, self.under or 0) not in listed
        if (parent := imports.get(number)) is None:
            return
        self.under, self.lonely = parent.new_id, False
        if parent.new_id is None and (last or parent.result) and self.result is None:
            self.end(RestoreStatus.NOT_SENT, f"Its import {parent.item.id} is not back.")

    def recall(self, listed: Listed, done: Mapping[ResourceRef, int]) -> None:
        """Record the result if it was never deleted, or was restored by an earlier attempt."""
        own = self.key
        if own in listed:
            self.result, self.new_id = RestoreStatus.STILL_THERE, own.id
        elif own in done and (row := listed.get(ResourceRef(own.kind, done[own]))):
            self.result, self.new_id = RestoreStatus.ALREADY_RESTORED, done[own]
            self.unfinished = isinstance(row, Import) and row.source_path == self.path

    def find(self, newcomers: UnmatchedItems) -> int | None:
        """Return the ID of an unmatched item that a request for this item created, or None."""
        for under in {self.under: None, **{post.under: None for post in self.posts}}:
            if found := newcomers.take(self.final, under, self.project_id):
                return found
        if isinstance(self.item, Import) and (found := newcomers.take_unfinished(self.path)):
            self.unfinished = True
            return found
        return None

    def check(self, listed: Listed | None) -> None:
        """Verify the result of a response with the listing made after it."""
        item = None if listed is None else listed.get(self.new_key)
        lost = self.steps.lost if self.steps else ""
        if item is None and self.result is RestoreStatus.RESTORED:
            why = "could not be had" if listed is None else "does not have it"
            self.end(RestoreStatus.UNKNOWN, f"Accepted, not confirmed: Neptun's listing {why}.")
        elif isinstance(item, Import) and item.source_path == self.path:
            said = self.reason or "Restore again to finish it."
            self.end(
                RestoreStatus.INCOMPLETE,
                f"Listed as {item.source_path}, without its own path. {said}",
            )
        elif item is None and self.unfinished:
            self.end(
                RestoreStatus.UNKNOWN, "Its own path was sent, and no listing could confirm it."
            )
        elif self.result is not RestoreStatus.RESTORED or item is None:
            return
        elif changed := differences(self.final, item, self.under):
            self.reason = f"Neptun keeps another value for {', '.join(changed)}. {lost}".rstrip()
        else:
            self.reason = lost

    def see_twins(self, newcomers: UnmatchedItems) -> None:
        """Find duplicates of it among the unmatched items."""
        if self.result not in (
            RestoreStatus.RESTORED,
            RestoreStatus.ALREADY_RESTORED,
            RestoreStatus.INCOMPLETE,
        ):
            return
        found: list[int] = []
        while twin := self.find(newcomers):
            found.append(twin)
        self.unfinished = False
        self.twins = tuple(sorted(found))
        if found:
            noun = "ID" if len(found) == 1 else "IDs"
            named = safe_text.shortened([str(twin) for twin in self.twins[:_NAMED]], len(found), 60)
            said = f"It is there more than once: also under the {noun} {named}."
            self.reason = f"{self.reason} {said}".lstrip()

    def conclude(self, why_unsent: str) -> None:
        """Record a final result at the end, if it has none."""
        if self.result is not None:
            return
        if self.pending and any(post.until > time.monotonic() for post in self.posts):
            self.end(RestoreStatus.UNKNOWN, f"{self.doubt or _SENT} {_WAIT.format(self.minutes)}")
        elif self.pending:
            self.end(RestoreStatus.UNKNOWN, f"{self.doubt or _SENT} No listing was made since.")
        elif self.doubt is None:
            self.end(RestoreStatus.NOT_SENT, why_unsent)
        elif self.missing or self.orphaned:
            self.end(RestoreStatus.REFUSED, f"{self.doubt} Neptun does not list it.")
        else:
            self.end(RestoreStatus.UNKNOWN, f"{self.doubt} Neptun's listing could not be had.")

    def outcome(self) -> RestoreOutcome:
        """Return its outcome for the report."""
        back = self.result in (
            RestoreStatus.RESTORED,
            RestoreStatus.ALREADY_RESTORED,
            RestoreStatus.INCOMPLETE,
        )
        return RestoreOutcome(
            self.key,
            self.item.name,
            self.result or RestoreStatus.NOT_SENT,
            self.new_id,
            self.reason,
            self.taken_along,
            back and isinstance(self.item, Import) and self.item.takes_connection,
            self.twins,
            self.other_project,
        )


_NAMED = 6
_SENT = "An earlier restore sent it and got no answer."
_WAIT = "It may still be carried out: restore again in {} min."


def current_import_ids(listed: Listed, done: Mapping[ResourceRef, int]) -> dict[int, int]:
    """Return the new IDs of imports that are listed only under a new ID, by old ID."""
    return {
        old.id: new_id
        for old, new_id in done.items()
        if old.kind is Kind.IMPORT
        and old not in listed
        and ResourceRef(Kind.IMPORT, new_id) in listed
    }


def skip_existing(
    works: Iterable[RestoreItem],
    saved: BackupContents,
    listed: Listed,
    done: Mapping[ResourceRef, int],
) -> tuple[list[RestoreItem], list[RestoreItem]]:
    """Record results of items that exist already, and add imports that chosen files need.

    Args:
        works: the chosen items.
        saved: contents of the backup, with those imports.
        listed: the current items.
        done: new IDs by old refs, from earlier attempts.

    Returns:
        The imports and the files, each by ID.
    """
    works = list(works)
    for work in works:
        work.recall(listed, done)
    imports = [work for work in works if isinstance(work.item, Import)]
    files = [work for work in works if isinstance(work.item, File)]
    needed = {w.item.import_id for w in files if w.result is None and isinstance(w.item, File)}
    needed -= {work.item.id for work in imports}
    back = current_import_ids(listed, done)
    parents = [item for item in saved.parents if item.id not in back]
    for item in (*parents, *saved.imports):
        if item.id in needed and key(item) not in listed:
            imports.append(RestoreItem(item, saved.run_id, taken_along=True))
            imports[-1].recall(listed, done)
    return sorted(imports, key=lambda work: work.item.id), files


def stand_in(number: int, project_id: int) -> Import:
    """Return a new import for files whose own import no longer exists and is in no backup.

    Args:
        number: ID of their own import; 0 when they had none.
        project_id: their project.
    """
    path = f"/restored/import-{number}" if number else "/restored/no-import"
    return Import(number, project_id, "local_folder", path, status="completed")


def expected(works: Sequence[RestoreItem]) -> tuple[RestoreOutcome, ...]:
    """Return the predicted outcome of each item, before the restore starts."""
    for work in works:
        if work.result is None:
            work.result = RestoreStatus.UNKNOWN if work.pending else RestoreStatus.RESTORED
            if work.pending:
                work.reason = f"{_SENT} It will be looked for first."
            elif work.steps:
                work.reason = work.steps.lost
    return tuple(work.outcome() for work in works)
