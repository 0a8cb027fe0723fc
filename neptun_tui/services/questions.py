"""What is asked before something is restored, or a copy removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from neptun_tui.domain import display
from neptun_tui.domain.deletion import Key
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.domain.wording import Line
from neptun_tui.services.foreseen import lost_with, refusals
from neptun_tui.services.past import contents, counted, ending, label, named, project_of, what, who
from neptun_tui.services.records import PastRun
from neptun_tui.services.restored import Item, Saved, key
from neptun_tui.storage.copies import Copy

_NAMED = 6
"""Items that are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Question:
    """A dialog that is answered with yes or no.

    Attributes:
        title: verb and object.
        warning: what must be read first.
        briefly: the same on one line of 36 cells.
        names: what it is about, by kind, ID and name: in view whatever is scrolled.
        facts: everything else a person must know before they say yes.
        yes: what the button says that does it.
        no: what the other one says.
        grave: whether something will be gone for ever.
    """

    title: str
    warning: str
    briefly: str
    names: Sequence[Line]
    facts: Sequence[Line]
    yes: str
    no: str = "Not now"
    grave: bool = False


def about_restoring(
    copy: Copy, wanted: Collection[Key] | None, done: Mapping[Key, int]
) -> Question | None:
    """Ask before a restore. It looks at every text of the copy: on a thread.

    Args:
        copy: what was deleted.
        wanted: the keys to restore; None means all of it.
        done: what earlier restores have brought back.

    Returns:
        The question; None when the copy holds nothing of what is wanted.
    """
    saved = Saved(copy.project.id, copy.imports, copy.files)
    items = saved.chosen(wanted)
    if not items:
        return None
    object_ = _object(items)
    along = _needed(items, saved)
    facts = [
        *_size(items),
        (f"in project {copy.project.id}", display.clean_name(copy.project.name, 120)),
        ("account", who(copy.account)),
        *_taken_along(along),
        *_done_before(items, done),
        *_connections([*items, *along]),
        *_refused([*along, *items]),
        *_damaged(copy),
    ]
    warning = "They will be re-created: each gets a new ID and new dates."
    briefly = "Each gets a new ID and new dates."
    if len(items) == 1:
        warning = "It will be re-created with a new ID and new dates."
        briefly = "It gets a new ID and new dates."
    return Question(
        f"Restore {object_}?", warning, briefly, _what(items), facts, f"Restore {object_}"
    )


def _object(items: Sequence[Item]) -> str:
    if len(items) == 1:
        return label(key(items[0]))
    return display.count(len(items), "item")


def _what(items: Sequence[Item]) -> list[Line]:
    """What is restored, by kind, ID and name."""
    if len(items) == 1:
        return [(label(key(items[0])), display.clean_ends(items[0].name))]
    names = [named(key(item), item.name) for item in items[:_NAMED]]
    said = f"{contents([key(item) for item in items])}: "
    return [("what", said + display.shortened(names, len(items), 170))]


def _size(items: Sequence[Item]) -> list[Line]:
    sizes = [item.size for item in items if isinstance(item, File)]
    return [("size", display.size(sum(sizes)))] if sizes else []


def _needed(items: Sequence[Item], saved: Saved) -> list[Import]:
    """The imports that chosen files stood under, and that were not chosen."""
    needed = {item.import_id for item in items if isinstance(item, File)}
    needed -= {item.id for item in items if isinstance(item, Import)}
    return [item for item in saved.imports if item.id in needed]


def _taken_along(along: Sequence[Import]) -> list[Line]:
    if not along:
        return []
    names = display.shortened([named(key(i), i.name) for i in along[:_NAMED]], len(along), 110)
    return [("and if gone", f"what the files stand under: {names}")]


def _done_before(items: Sequence[Item], done: Mapping[Key, int]) -> list[Line]:
    before = sum(key(item) in done for item in items)
    if not before:
        return []
    verb = "was" if before == 1 else "were"
    return [("before", f"{before:,} of them {verb} brought back already; no doubles are made")]


def _connections(items: Sequence[Item]) -> list[Line]:
    lost = [item.id for item in items if isinstance(item, Import) and item.takes_connection]
    if not lost:
        return []
    numbers = display.shortened([str(number) for number in lost[:_NAMED]], len(lost))
    noun = "import" if len(lost) == 1 else "imports"
    said = f"the GitHub installation connection of {noun} {numbers}: it does not come back"
    return [("not", said)]


def _refused(items: Sequence[Item]) -> list[Line]:
    refused = refusals(items)
    facts = [
        ("refused", f"{named(key(item), item.name)}: {display.clean(reason)}")
        for item, reason in refused[:_NAMED]
    ]
    if (left := len(refused) - len(facts)) > 0:
        facts.append(("refused", f"and {display.count(left, 'more item')}"))
    if lost := lost_with(refused, items):
        facts.append(("and so not", f"{display.count(lost, 'file')} below what is refused"))
    return facts


def _damaged(copy: Copy) -> list[Line]:
    if not copy.damaged:
        return []
    said = f"{display.count(copy.damaged, 'item')} of the copy can no longer be read"
    return [("lost", said)]


def about_removing(past: PastRun) -> Question:
    """Ask before a copy is removed."""
    run = past.record
    holds = what(run)
    size = "unknown"
    if past.copy:
        holds = counted({Kind.IMPORT: past.copy.imports, Kind.FILE: past.copy.files})
        size = display.size(past.copy.size)
    facts = [
        ("run", f"{display.date(run.at)}: {ending(run)}"),
        ("project", project_of(run)),
        ("account", who(run.account)),
        ("size", size),
    ]
    return Question(
        "Remove the local copy?",
        "PERMANENT. It is the only copy of what was deleted: after this, nothing restores it.",
        "PERMANENT: nothing restores it then.",
        [("holds", f"{holds or 'nothing'}: {_item_names(past)}")],
        facts,
        "Remove the copy",
        "Keep",
        grave=True,
    )


def _item_names(past: PastRun) -> str:
    items = past.record.items
    return display.shortened([named(i.key, i.name) for i in items[:_NAMED]], len(items), 170)
