"""History of deletions, with their backups."""

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
from neptun_tui.storage.journal import ItemRecord, RunRecord

LAST: Final = "last"
"""Name for the latest run, in place of its ID."""


_NAMED = 6


@dataclass(frozen=True, slots=True)
class History:
    """All past runs that could be read.

    Attributes:
        unreadable: IDs of the runs with an unreadable backup.
        problems: one sentence for each other problem.
    """

    runs: tuple[RunSummary, ...] = ()
    unreadable: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def only(self, run_ids: Collection[str]) -> History:
        """Return the history with only these runs."""
        return replace(self, runs=tuple(p for p in self.runs if p.record.run_id in run_ids))


async def load_history(records: RunStore) -> History:
    """Read the journal and the headers of the backups."""
    runs = await records.runs()
    unreadable = await asyncio.to_thread(_unreadable, runs)
    return History(runs, unreadable, records.problems)


def find_run(runs: Sequence[RunSummary], text: str) -> RunSummary:
    """Find a run by its ID, a unique prefix of the ID, or ``last``.

    Args:
        runs: the runs, newest first.
        text: as typed.

    Raises:
        InputError: it matches none, or several.
    """
    if not runs:
        raise InputError("Nothing has been deleted from this machine.")
    found = [past for past in runs if text and past.record.run_id.startswith(text)]
    if text == LAST:
        found = [runs[0]]
    if not found:
        said = f"No run matches {safe_text.clean(text, 40)!r}. To list them: neptun-tui history"
        raise InputError(said)
    if len(found) > 1:
        names = safe_text.shortened(
            [past.record.run_id for past in found[:_NAMED]], len(found), 160
        )
        raise InputError(f"Several runs begin like that: {names}")
    return found[0]


def _unreadable(runs: Iterable[RunSummary]) -> frozenset[str]:
    made = ((past, past.record.backup) for past in runs if past.backup is None)
    return frozenset(past.record.run_id for past, path in made if path and _is_there(path))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # unreadable, but not removed


@dataclass(frozen=True, slots=True)
class LoadedBackup:
    """Backup of one run, with the results of earlier restores.

    Attributes:
        backup: None when there is none or it cannot be read; ``problem`` then has the reason.
        listing: contents of the backup as an indexed listing.
        new_ids: new IDs of restored items, by their old refs.
    """

    backup: Backup | None = None
    listing: Listing | None = None
    new_ids: Mapping[ResourceRef, int] = field(default_factory=dict)
    problem: str = ""


async def load_backup(
    records: RunStore, past: RunSummary, known: LoadedBackup | None
) -> LoadedBackup:
    """Read a backup; if it is loaded already, read only its restore log again."""
    run_id = past.record.run_id
    if past.backup is None:
        return LoadedBackup()
    try:
        backup = known.backup if known and known.backup else await records.load_backup(run_id)
        new_ids = await asyncio.to_thread(records.restored, run_id)
    except StorageError as error:
        return LoadedBackup(problem=str(error))
    if known and known.listing:
        return replace(known, new_ids=new_ids)
    listing = Listing(backup.project, backup.imports, backup.files, backup.at)
    return LoadedBackup(backup, await asyncio.to_thread(listing.indexed), new_ids)


def items_of(run: RunRecord, backup: Backup | None) -> list[ItemRecord]:
    """Return all items of a run, the most severe results first.

    Items of the backup that are not in the plan are included: files that were added to an import.
    """
    planned = {item.key for item in run.items}
    held: tuple[Item, ...] = (*backup.imports, *backup.files) if backup else ()
    why = _BEYOND if run.journaled else _NOT_TOLD
    beyond = [_unplanned(item, why) for item in held if key(item) not in planned]
    return sorted([*run.items, *beyond], key=lambda item: SEVERITY_ORDER.index(item.verdict))


_BEYOND = "It was not in the plan; it stood under its import when the backup was made."


_NOT_TOLD = "The journal does not tell what became of it."


def _unplanned(item: Item, why: str) -> ItemRecord:
    parent = ResourceRef(Kind.IMPORT, item.import_id or 0) if isinstance(item, File) else None
    size = item.size if isinstance(item, File) else 0
    return ItemRecord(key(item), item.name, size, parent, False, None, why)


def toggle_with_children(
    marks: Collection[ResourceRef], chosen: ResourceRef, listing: Listing
) -> set[ResourceRef]:
    """Mark or unmark an item of the selection, an import together with its files.

    Unmarking a file also unmarks its import; a restore of other files includes it if necessary.
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
