"""Past deletions and their backups, and the texts about them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InputError, StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Kind
from neptun_tui.domain.results import SEVERITY_ORDER
from neptun_tui.services.restore_models import Item, key
from neptun_tui.services.run_store import RunStore, RunSummary
from neptun_tui.storage.backup_format import Backup
from neptun_tui.storage.journal_format import ItemRecord, RunRecord

LAST: Final = "last"
"""Stands for the run that began last."""


_NAMED = 6


@dataclass(frozen=True, slots=True)
class History:
    """All past runs, as far as they can be read.

    Attributes:
        unreadable: the runs whose copy is there and cannot be read.
        problems: sentences about what else could not be.
    """

    runs: tuple[RunSummary, ...] = ()
    unreadable: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def only(self, run_ids: Collection[str]) -> History:
        """Return this with some of the runs alone."""
        return replace(self, runs=tuple(p for p in self.runs if p.record.run_id in run_ids))


async def load_history(records: RunStore) -> History:
    """Read the journal, and what there is of copies."""
    runs = await records.runs()
    unreadable = await asyncio.to_thread(_unreadable, runs)
    return History(runs, unreadable, records.problems)


def find_run(runs: Sequence[RunSummary], text: str) -> RunSummary:
    """Return the run that a text names: its ID, the beginning of no other's, or ``last``.

    Args:
        runs: the newest first.
        text: as typed.

    Raises:
        InputError: it names none, or several.
    """
    if not runs:
        raise InputError("Nothing has been deleted from this machine.")
    found = [past for past in runs if text and past.record.run_id.startswith(text)]
    if text == LAST:
        found = [runs[0]]
    if not found:
        said = f"There is no run {safe_text.clean(text, 40)!r}. To list them: neptun-tui history"
        raise InputError(said)
    if len(found) > 1:
        names = safe_text.shortened(
            [past.record.run_id for past in found[:_NAMED]], len(found), 160
        )
        raise InputError(f"Several runs begin like that: {names}")
    return found[0]


def _unreadable(runs: Iterable[RunSummary]) -> frozenset[str]:
    made = ((past, past.record.copy) for past in runs if past.copy is None)
    return frozenset(past.record.run_id for past, path in made if path and _is_there(path))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # whatever is there, nobody has removed it


@dataclass(frozen=True, slots=True)
class LoadedBackup:
    """What is left of one run: its copy, and what earlier restores have made of it.

    Attributes:
        copy: None when there is none, or when it cannot be read; then ``problem`` says why.
        listing: the copy, indexed as the listing it was taken from.
        new_ids: the IDs of what was brought back, by the old keys.
    """

    copy: Backup | None = None
    listing: Listing | None = None
    new_ids: Mapping[ResourceRef, int] = field(default_factory=dict)
    problem: str = ""


async def load_backup(
    records: RunStore, past: RunSummary, known: LoadedBackup | None
) -> LoadedBackup:
    """Read a copy, or if that has been done, what was noted beside it since."""
    run_id = past.record.run_id
    if past.copy is None:
        return LoadedBackup()
    try:
        copy = known.copy if known and known.copy else await records.copy(run_id)
        new_ids = await asyncio.to_thread(records.restored, run_id)
    except StorageError as error:
        return LoadedBackup(problem=str(error))
    if known and known.listing:
        return replace(known, new_ids=new_ids)
    listing = Listing(copy.project, copy.imports, copy.files, copy.at)
    return LoadedBackup(copy, await asyncio.to_thread(listing.indexed), new_ids)


def items_of(run: RunRecord, copy: Backup | None) -> list[ItemRecord]:
    """All items of a run, what went otherwise than wanted first.

    What the copy holds beyond the plan is among them: files that had come under an import.
    """
    planned = {item.key for item in run.items}
    held: tuple[Item, ...] = (*copy.imports, *copy.files) if copy else ()
    why = _BEYOND if run.journaled else _NOT_TOLD
    beyond = [_unplanned(item, why) for item in held if key(item) not in planned]
    return sorted([*run.items, *beyond], key=lambda item: SEVERITY_ORDER.index(item.verdict))


_BEYOND = "It was not in the plan; it stood under its import when the copy was made."


_NOT_TOLD = "The journal does not tell what became of it."


def _unplanned(item: Item, why: str) -> ItemRecord:
    parent = ResourceRef(Kind.IMPORT, item.import_id or 0) if isinstance(item, File) else None
    size = item.size if isinstance(item, File) else 0
    return ItemRecord(key(item), item.name, size, parent, False, None, why)


def toggle_with_children(
    marks: Collection[ResourceRef], chosen: ResourceRef, listing: Listing
) -> set[ResourceRef]:
    """Mark or unmark one item. An import goes with its files, for it cannot be restored without.

    A file that is unmarked unmarks its import; that is taken along for the others if need be.
    """
    files = [file for file in listing.files if _is_below(file, chosen)]
    family = {chosen, *(ResourceRef(Kind.FILE, file.id) for file in files)}
    if chosen not in marks:
        return {*marks, *family}
    item = listing.find(chosen)
    if isinstance(item, File):
        family.add(ResourceRef(Kind.IMPORT, item.import_id or 0))
    return set(marks) - family


def _is_below(file: File, chosen: ResourceRef) -> bool:
    return chosen == ResourceRef(Kind.IMPORT, file.import_id or 0)
