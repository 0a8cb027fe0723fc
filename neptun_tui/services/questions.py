"""Questions asked before a restore, or before a backup is removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neptun_tui.domain import safe_text
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.domain.wording import Line
from neptun_tui.services.past import (
    contents,
    counted,
    ending,
    label,
    named,
    project_of,
    restored_word,
    what,
    who,
)
from neptun_tui.services.records import PastRun
from neptun_tui.services.restored import Fate, Item, RestoreReport, key
from neptun_tui.services.wording import fates, installations_of
from neptun_tui.storage.backup_format import Backup

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


def about_restoring(copy: Backup, preview: RestoreReport) -> Question | None:
    """Ask before a restore.

    Args:
        copy: what was deleted.
        preview: what the restore will do of each item, by Neptun's listing.

    Returns:
        The question; None when the copy holds nothing of what is wanted.
    """
    every: tuple[Item, ...] = (*copy.parents, *copy.imports, *copy.files)
    held = {key(item): item for item in every}
    chosen = [o for o in preview.outcomes if not o.taken_along]
    items = [held[outcome.key] for outcome in chosen]
    if not items:
        return None
    object_ = _object(items)
    along = [held[outcome.key] for outcome in preview.taken_along]
    facts = [
        *_several([named(key(item), item.name) for item in items]),
        *_size(items),
        _place(copy, preview),
        *_other_places(copy, preview, items),
        ("account", who(copy.account)),
        *_taken_along(along),
        ("expected", fates(preview)),
        *_twins(preview),
        *_connections([*items, *along]),
        *_foreseen(preview),
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


def _place(copy: Backup, preview: RestoreReport) -> Line:
    name = safe_text.clean_name(copy.project.name, 120)
    if not preview.project_made:
        other = preview.project_id != copy.project.id
        said = f"instead of {copy.project.id} {name}" if other else name
        return (f"in project {preview.project_id}", said)
    where = f"as {preview.project_id}" if preview.project_id else "under a new ID"
    verb = "was" if preview.project_id else "will be"
    said = f"{name}: it no longer exists and {verb} made again {where}"
    return (f"in project {copy.project.id}", said)


def _other_places(copy: Backup, preview: RestoreReport, items: Sequence[Item]) -> list[Line]:
    """Return the other projects that some of the files go back into."""
    lines: list[Line] = []
    for project in copy.others if preview.into_own_projects else ():
        files = [i for i in items if isinstance(i, File) and i.project_id == project.id]
        said = f"{safe_text.clean_name(project.name, 60)}: {safe_text.count(len(files), 'file')}"
        lines += [(f"in project {project.id}", said)] if files else []
    return lines


def _object(items: Sequence[Item]) -> str:
    if len(items) == 1:
        return label(key(items[0]))
    return safe_text.count(len(items), "item")


def _what(items: Sequence[Item]) -> list[Line]:
    """Return the items to restore, by kind, ID and name."""
    if len(items) == 1:
        return [(label(key(items[0])), safe_text.clean_ends(items[0].name))]
    return [("what", contents([key(item) for item in items]))]


def _several(names: Sequence[str]) -> list[Line]:
    """Return the first names of several items; one has its name above."""
    if len(names) < 2:
        return []
    return [("items", safe_text.shortened(list(names[:_NAMED]), len(names), 170))]


def _size(items: Sequence[Item]) -> list[Line]:
    sizes = [item.size for item in items if isinstance(item, File)]
    return [("size", safe_text.size(sum(sizes)))] if sizes else []


def _taken_along(along: Sequence[Item]) -> list[Line]:
    if not along:
        return []
    names = safe_text.shortened([named(key(i), i.name) for i in along[:_NAMED]], len(along), 110)
    return [("also", f"what the files stood under: {names}")]


def _twins(preview: RestoreReport) -> list[Line]:
    if not (twins := preview.duplicates):
        return []
    names = safe_text.shortened([label(twin) for twin in twins[:_NAMED]], len(twins), 110)
    return [("duplicates", f"there already, made by a late request: {names}")]


def _connections(items: Sequence[Item]) -> list[Line]:
    lost = [item.id for item in items if isinstance(item, Import) and item.takes_connection]
    if not lost:
        return []
    return [("GitHub", f"a restore does not reconnect {installations_of(lost)}")]


def _foreseen(preview: RestoreReport) -> list[Line]:
    """Return the items that will differ from the originals, and why."""
    facts: list[Line] = []
    for fate, what_ in (
        (Fate.REFUSED, "refused"),
        (Fate.UNKNOWN, "unknown"),
        (Fate.NOT_SENT, "not sent"),
        (Fate.RESTORED, "changed"),
    ):
        found = [o for o in preview.outcomes if o.fate is fate and o.reason and not o.twins]
        facts += [
            (what_, f"{named(o.key, o.name)}: {safe_text.clean(o.reason)}") for o in found[:_NAMED]
        ]
        if (left := len(found) - _NAMED) > 0:
            facts.append((what_, f"and {safe_text.count(left, 'more item')}"))
    return facts


def _damaged(copy: Backup) -> list[Line]:
    if not copy.damaged:
        return []
    said = f"{safe_text.count(copy.damaged, 'item')} of the copy can no longer be read"
    return [("lost", said)]


def about_removing(past: PastRun) -> Question:
    """Ask before a copy is removed."""
    run = past.record
    holds = what(run)
    size = "unknown"
    if past.copy:
        holds = counted({Kind.IMPORT: past.copy.imports, Kind.FILE: past.copy.files})
        size = safe_text.size(past.copy.size)
    names = [named(item.key, item.name) for item in run.items]
    warning, briefly = _without_backup(past)
    facts = [
        *_several(names),
        ("run", f"{safe_text.date(run.at)}: {ending(run)}"),
        ("project", project_of(run)),
        ("account", who(run.account)),
        ("size", size),
    ]
    return Question(
        "Remove the local copy?",
        warning,
        briefly,
        [("holds", names[0] if len(names) == 1 else holds or "nothing")],
        facts,
        "Remove the copy",
        "Keep",
        grave=True,
    )


def _without_backup(past: PastRun) -> tuple[str, str]:
    """Return what removing the backup means, by what was restored; and the same briefly."""
    match restored_word(past):
        case "":
            return (
                "PERMANENT: without this backup, nothing of it can be restored.",
                "PERMANENT: nothing restores it then.",
            )
        case "all":
            return (
                "PERMANENT: the backup cannot be recovered. All of it was restored earlier.",
                "PERMANENT. All was restored earlier.",
            )
        case some:
            return (
                f"PERMANENT: {some} items were restored; nothing restores the rest then.",
                "PERMANENT: the rest is lost then.",
            )
