"""Past deletions and their backups, and the texts about them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import InputError, StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.domain.results import SEVERITY_ORDER
from neptun_tui.domain.wording import Line
from neptun_tui.services.records import PastRun, Records
from neptun_tui.services.restored import Item, key
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

    runs: tuple[PastRun, ...] = ()
    unreadable: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def only(self, run_ids: Collection[str]) -> History:
        """Return this with some of the runs alone."""
        return replace(self, runs=tuple(p for p in self.runs if p.record.run_id in run_ids))


async def load_history(records: Records) -> History:
    """Read the journal, and what there is of copies."""
    runs = await records.runs()
    unreadable = await asyncio.to_thread(_unreadable, runs)
    return History(runs, unreadable, records.problems)


def find_run(runs: Sequence[PastRun], text: str) -> PastRun:
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


def _unreadable(runs: Iterable[PastRun]) -> frozenset[str]:
    made = ((past, past.record.copy) for past in runs if past.copy is None)
    return frozenset(past.record.run_id for past, path in made if path and _is_there(path))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # whatever is there, nobody has removed it


@dataclass(frozen=True, slots=True)
class Held:
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


async def read_held(records: Records, past: PastRun, known: Held | None) -> Held:
    """Read a copy, or if that has been done, what was noted beside it since."""
    run_id = past.record.run_id
    if past.copy is None:
        return Held()
    try:
        copy = known.copy if known and known.copy else await records.copy(run_id)
        new_ids = await asyncio.to_thread(records.restored, run_id)
    except StorageError as error:
        return Held(problem=str(error))
    if known and known.listing:
        return replace(known, new_ids=new_ids)
    listing = Listing(copy.project, copy.imports, copy.files, copy.at)
    return Held(copy, await asyncio.to_thread(listing.indexed), new_ids)


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


def toggled(
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


def who(account: Account) -> str:
    """An account and its server."""
    return f"{safe_text.clean(account.email, 120)} on {safe_text.clean(account.host_name, 120)}"


def not_restorable(past: PastRun, account: Account) -> str:
    """Why an account cannot restore a run; empty when it can."""
    if past.copy is None:
        return "There is no copy of this to restore from."
    if not past.record.account.is_same(account):
        return f"This was deleted by {who(past.record.account)}. Sign in there to restore it."
    return ""


def project_of(run: RunRecord) -> str:
    """The ID and the name of its project."""
    return f"{run.project.id} {safe_text.clean_name(run.project.name, 120)}"


def contents(items: Sequence[ResourceRef]) -> str:
    """How many imports and files: ``1 import, 37 files``."""
    return counted(Counter(item.kind for item in items))


def counted(counts: Mapping[Kind, int]) -> str:
    """The same of numbers."""
    numbers = ((kind, counts.get(kind, 0)) for kind in Kind)
    return ", ".join(safe_text.count(number, kind.value) for kind, number in numbers if number)


def what(run: RunRecord) -> str:
    """What a run was to delete."""
    if not run.journaled:
        return "what its copy holds"
    return contents([item.key for item in run.items]) or "nothing"


def deleted_names(run: RunRecord) -> str:
    """The first item of a run by name, and how many more: ``import 102 src and 58 more``."""
    if not run.items:
        return what(run)
    planned = {item.key for item in run.items}
    first = next(
        (item for item in run.items if item.parent == item.key or item.parent not in planned),
        run.items[0],
    )
    said = named(first.key, first.name)
    more = len(run.items) - 1
    return f"{said} and {more:,} more" if more else said


def restored_word(past: PastRun) -> str:
    """How much of a run was restored: ``3 of 58``, ``all``; empty when nothing was."""
    if past.copy is None or not past.copy.restored:
        return ""
    total = past.copy.imports + past.copy.files
    return "all" if past.copy.restored >= total else f"{past.copy.restored:,} of {total:,}"


def ending(run: RunRecord) -> str:
    """How a run ended: its verdicts, counted, and what broke it off."""
    if not run.journaled:
        return "not in the journal"
    said = [run.summary]
    said += [
        word
        for word, holds in (
            ("stopped", run.stopped),
            ("session ended", run.signed_out),
            ("not ended", not run.ended),
        )
        if holds
    ]
    return " · ".join(said)


def copy_word(past: PastRun, unreadable: Collection[str] = ()) -> str:
    """What is left of its copy, in a word: ``412 KB``, ``no copy``, ``removed``, ``unreadable``."""
    if past.copy:
        return safe_text.size(past.copy.size)
    if past.record.run_id in unreadable:
        return "unreadable"
    return "removed" if past.record.copy else "no copy"


def copy_sentence(past: PastRun, unreadable: Collection[str] = ()) -> str:
    """The same as a sentence."""
    if past.copy:
        path = safe_text.clean(str(past.copy.path), 400)
        return f"A copy of {safe_text.size(past.copy.size)} is kept in {path}."
    return {
        "unreadable": "Its copy is there, but cannot be read.",
        "removed": "Its copy has been removed.",
        "no copy": "It was to leave no copy.",
    }[copy_word(past, unreadable)]


def label(item: ResourceRef) -> str:
    """The kind and the ID: ``import 102``."""
    return f"{item.kind.value} {item.id}"


def named(item: ResourceRef, name: str) -> str:
    """The kind, the ID and the name."""
    return f"{label(item)} {safe_text.clean_name(name, 60)}"


def run_facts(past: PastRun, unreadable: Collection[str] = ()) -> list[Line]:
    """All about one run."""
    run = past.record
    place = f"project {project_of(run)}, {who(run.account)}"
    return [
        ("Run", f"{safe_text.date(run.at)}: {what(run)} of {place}; {ending(run)}"),
        ("Copy", copy_sentence(past, unreadable)),
    ]


def item_facts(item: ItemRecord, new_id: int | None) -> list[Line]:
    """What became of one item, then and since."""
    facts = [("Result", verdict_word(item)), ("Why", safe_text.clean(item.reason))]
    if new_id is not None:
        facts.append(("Restored", f"as {label(ResourceRef(item.key.kind, new_id))}"))
    return facts


def bare_facts(item: ItemRecord) -> list[Line]:
    """What is known of an item that no copy holds."""
    facts = [("Name", safe_text.clean_name(item.name))]
    if item.key.kind is Kind.FILE:
        facts.append(("Size", safe_text.size(item.size)))
    if item.parent and item.parent != item.key:
        facts.append(("Import", str(item.parent.id)))
    return facts


def verdict_word(item: ItemRecord) -> str:
    """The verdict of one item, as a word."""
    return str(item.verdict) if item.verdict else "no verdict"


def import_of(item: Item) -> str:
    """The import that a file stood under, whether or not the copy holds it."""
    return "" if isinstance(item, Import) else str(item.import_id or "none")
