"""What a plan and a report say to a person, in words that every face of the program shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from neptun_tui.domain import safe_text
from neptun_tui.domain.plan import Change, DeletionPlan, PlanItem, PlanStep
from neptun_tui.domain.resources import Kind, connected
from neptun_tui.domain.results import Report, Verdict

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


def label(target: PlanItem) -> str:
    """The kind and the ID: ``import 102``. Always both, for the numbers of the kinds overlap."""
    return f"{target.key.kind.value} {target.key.id}"


def named(target: PlanItem) -> str:
    """The kind, the ID and the name."""
    return f"{label(target)} {safe_text.clean_name(target.name, 120)}"


def title(plan: DeletionPlan) -> str:
    """The question: verb and object."""
    if len(plan.steps) == 1:
        return f"Delete {label(plan.steps[0].target)}?"
    return f"Delete {safe_text.count(plan.total, 'item')}?"


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
        return [(label(target), safe_text.clean_ends(target.name))]
    return _several(plan.steps)


def details(plan: DeletionPlan, now: datetime) -> list[Line]:
    """All else that a person must know of a plan."""
    account = plan.account
    place = [
        (f"in project {plan.project.id}", safe_text.clean_name(plan.project.name, 120)),
        ("account", f"{safe_text.clean(account.email, 120)} on {account.host_name}"),
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
    several = safe_text.count(count, "GitHub installation connection")
    what = "the installation connection" if count == 1 else several
    return [("GitHub", f"{what} may stay at Neptun")]


def _about(target: PlanItem, now: datetime) -> str:
    changed = target.updated_at or target.created_at
    facts = [safe_text.clean(target.sort, 40)] if target.sort else []
    if target.key.kind is Kind.FILE:
        facts.append(safe_text.size(target.size))
    facts.append(f"changed {safe_text.age(changed, now)}" if changed else "age unknown")
    return " · ".join(facts)


def _unsearched(plan: DeletionPlan) -> list[Line]:
    """A file can point to an import of another project (contract §6); the cascade takes it too."""
    if plan.unsearched:
        projects = safe_text.count(plan.unsearched, "project")
        return [("also", f"any files in other projects: {projects} not searched")]
    if not plan.has_imports or plan.unsearched is not None:
        return []
    owner = "this import" if len(plan.import_ids) == 1 else "these imports"
    return [("also", f"any files in other projects that belong to {owner}")]


def _several(steps: Sequence[PlanStep]) -> list[Line]:
    by_kind = (
        (safe_text.count(len(targets), kind.value), _names(targets))
        for kind in (Kind.IMPORT, Kind.FILE)
        if (targets := [step.target for step in steps if step.target.key.kind is kind])
    )
    return list(by_kind)


def _with_them(plan: DeletionPlan) -> list[Line]:
    takes = [target for step in plan.steps for target in step.takes]
    home = plan.project.id
    lines = _cascade("files", "", [target for target in takes if target.project_id == home])
    names = {project.id: safe_text.clean_name(project.name, 60) for project in plan.others}
    for number in plan.other_ids:
        files = [target for target in takes if target.project_id == number]
        where = f" of project {number} {names.get(number, '')}".rstrip()
        lines += _cascade("also", where, files)
    lines += _unsearched(plan)
    if any(step.target.key.kind is Kind.FILE for step in plan.steps):
        whose = "its" if len(plan.steps) == 1 else "the files'"
        lines.append(("also", f"{whose} content and metadata will be deleted"))
    return lines


def _cascade(head: str, where: str, takes: Sequence[PlanItem]) -> list[Line]:
    if not takes:
        return []
    total = safe_text.size(sum(target.size for target in takes))
    return [(head, f"{safe_text.count(len(takes), 'file')}{where}, {total}: {_names(takes, 110)}")]


def _names(targets: Sequence[PlanItem], cells: int = 170) -> str:
    names = [
        f"{t.key.id}{safe_text.TIE}{safe_text.clean_name(t.name, 60)}" for t in targets[:_NAMED]
    ]
    return safe_text.shortened(names, len(targets), cells)


def _hidden(steps: Iterable[PlanStep]) -> list[Line]:
    hidden = [step.target for step in steps if step.hidden]
    if not hidden:
        return []
    names = safe_text.shortened([named(t) for t in hidden[:_NAMED]], len(hidden), 110)
    verb = "is" if len(hidden) == 1 else "are"
    return [("not shown", f"{len(hidden)} of them {verb} hidden from the list: {names}")]


def change_lines(changes: Sequence[Change]) -> list[str]:
    """What is different from what was on the screen a moment ago, one sentence each."""
    lines = [f"{named(change.target)} {change.what}." for change in changes[:_NAMED]]
    left = len(changes) - len(lines)
    return [*lines, f"And {safe_text.count(left, 'more change')}."] if left else lines


_SUMMARY = (
    Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.KEPT, Verdict.NOT_SENT, Verdict.UNKNOWN,
)  # fmt: skip


def summary(report: Report) -> str:
    """The verdicts, counted: ``57 deleted · 1 kept``."""
    parts = [f"{n:,} {verdict}" for verdict in _SUMMARY if (n := report.count(verdict))]
    return " · ".join(parts)
