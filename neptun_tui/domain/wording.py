"""What a plan and a report say to a person, in words that every face of the program shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from neptun_tui.domain import display
from neptun_tui.domain.connections import connected
from neptun_tui.domain.deletion import Change, DeletionPlan, Step, Target
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.verdicts import Report, Verdict

Line = tuple[str, str]
"""A label and a text, both safe for a terminal once the text is broken and untied."""

PERMANENT = "PERMANENT: Neptun cannot undo this."
NO_BACKUP = f"{PERMANENT} No backup is kept."
NO_BACKUP_BRIEFLY = "PERMANENT: no undo, no backup."
"""The same for one line of a terminal of 40 columns."""


def context_line(*, keep: bool) -> Line:
    """What a deletion does about the stored context."""
    if keep:
        return "context", "not renewed: the stored context keeps the contents"
    return "context", "contents stay in the stored context until the job renews it"


_NAMED = 6
"""Items of a large plan that are named; the rest are counted."""


def label(target: Target) -> str:
    """The kind and the ID: ``import 102``. Always both, for the numbers of the kinds overlap."""
    return f"{target.key.kind.value} {target.key.id}"


def named(target: Target) -> str:
    """The kind, the ID and the name."""
    return f"{label(target)} {display.clean_name(target.name, 120)}"


def title(plan: DeletionPlan) -> str:
    """The question: verb and object."""
    if len(plan.steps) == 1:
        return f"Delete {label(plan.steps[0].target)}?"
    return f"Delete {display.count(plan.total, 'item')}?"


def button(plan: DeletionPlan) -> str:
    """What the button that deletes says."""
    if plan.total == 1:
        return f"Delete {label(plan.steps[0].target)}"
    return f"Delete {plan.total:,} items"


def plan_lines(plan: DeletionPlan, now: datetime) -> list[Line]:
    """Everything that a person must know before they say yes, as label and text.

    Args:
        plan: what will be deleted; not empty.
        now: for the ages.

    Returns:
        The items, their cascade, what goes with them, and where they are; each ID is tied to its
        name.
    """
    return [*identity(plan), *details(plan, now)]


def identity(plan: DeletionPlan) -> list[Line]:
    """The items by kind, ID and name: what must be in view when a plan is confirmed."""
    if len(plan.steps) == 1:
        target = plan.steps[0].target
        return [(label(target), display.clean_ends(target.name))]
    return _several(plan.steps)


def details(plan: DeletionPlan, now: datetime) -> list[Line]:
    """All else that a person must know of a plan."""
    account = plan.account
    place = [
        (f"in project {plan.project.id}", display.clean_name(plan.project.name, 120)),
        ("account", f"{display.clean(account.email, 120)} on {account.host_name}"),
    ]
    if len(plan.steps) == 1:
        (step,) = plan.steps
        about = [
            ("", _about(step.target, now)),
            *_hidden([step]),
            *place,
            *_with_them(plan),
        ]
    else:
        about = [*_hidden(plan.steps), *place, *_with_them(plan)]
    return [*about, *_connections(plan)]


def _connections(plan: DeletionPlan) -> list[Line]:
    """What was seen of GitHub installations; the server may or may not remove the connection."""
    if not (count := sum(step.takes_connection for step in plan.steps)):
        return []
    if plan.installations is not None:
        return [("GitHub", connected(plan.installations))]
    several = display.count(count, "GitHub installation connection")
    what = "the installation connection" if count == 1 else several
    return [("GitHub", f"{what} may stay at Neptun")]


def _about(target: Target, now: datetime) -> str:
    changed = target.updated_at or target.created_at
    facts = [display.clean(target.sort, 40)] if target.sort else []
    if target.key.kind is Kind.FILE:
        facts.append(display.size(target.size))
    facts.append(f"changed {display.age(changed, now)}" if changed else "age unknown")
    return " · ".join(facts)


def _unsearched(plan: DeletionPlan) -> list[Line]:
    """A file can point to an import of another project (contract §6); the cascade takes it too."""
    if plan.unsearched:
        projects = display.count(plan.unsearched, "project")
        return [("also", f"any files in other projects: {projects} not searched")]
    if not plan.has_imports or plan.unsearched is not None:
        return []
    owner = "this import" if len(plan.import_ids) == 1 else "these imports"
    return [("also", f"any files in other projects that belong to {owner}")]


def _several(steps: Sequence[Step]) -> list[Line]:
    by_kind = (
        (display.count(len(targets), kind.value), _names(targets))
        for kind in (Kind.IMPORT, Kind.FILE)
        if (targets := [step.target for step in steps if step.target.key.kind is kind])
    )
    return list(by_kind)


def _with_them(plan: DeletionPlan) -> list[Line]:
    takes = [target for step in plan.steps for target in step.takes]
    home = plan.project.id
    lines = _cascade("files", "", [target for target in takes if target.project_id == home])
    names = {project.id: display.clean_name(project.name, 60) for project in plan.others}
    for number in plan.other_ids:
        files = [target for target in takes if target.project_id == number]
        where = f" of project {number} {names.get(number, '')}".rstrip()
        lines += _cascade("also", where, files)
    lines += _unsearched(plan)
    if any(step.target.key.kind is Kind.FILE for step in plan.steps):
        whose = "its" if len(plan.steps) == 1 else "the files'"
        lines.append(("also", f"{whose} content and metadata will be deleted"))
    return lines


def _cascade(head: str, where: str, takes: Sequence[Target]) -> list[Line]:
    if not takes:
        return []
    total = display.size(sum(target.size for target in takes))
    return [(head, f"{display.count(len(takes), 'file')}{where}, {total}: {_names(takes, 110)}")]


def _names(targets: Sequence[Target], cells: int = 170) -> str:
    names = [f"{t.key.id}{display.TIE}{display.clean_name(t.name, 60)}" for t in targets[:_NAMED]]
    return display.shortened(names, len(targets), cells)


def _hidden(steps: Iterable[Step]) -> list[Line]:
    hidden = [step.target for step in steps if step.hidden]
    if not hidden:
        return []
    names = display.shortened([named(t) for t in hidden[:_NAMED]], len(hidden), 110)
    verb = "is" if len(hidden) == 1 else "are"
    return [("not shown", f"{len(hidden)} of them {verb} hidden from the list: {names}")]


def change_lines(changes: Sequence[Change]) -> list[str]:
    """What is different from what was on the screen a moment ago, one sentence each."""
    lines = [f"{named(change.target)} {change.what}." for change in changes[:_NAMED]]
    left = len(changes) - len(lines)
    return [*lines, f"And {display.count(left, 'more change')}."] if left else lines


_SUMMARY = (
    Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.KEPT, Verdict.NOT_SENT, Verdict.UNKNOWN,
)  # fmt: skip


def summary(report: Report) -> str:
    """The verdicts, counted: ``57 deleted · 1 kept``."""
    parts = [f"{n:,} {verdict}" for verdict in _SUMMARY if (n := report.count(verdict))]
    return " · ".join(parts)
