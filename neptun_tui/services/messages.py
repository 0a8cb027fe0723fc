"""Messages that the app and the command line share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, account_label, header_label
from neptun_tui.domain.plan import Change, DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, connected
from neptun_tui.domain.results import Outcome, Report, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.services.job import Phase, Progress
from neptun_tui.services.recovery import RecoveredRun
from neptun_tui.services.restore_models import (
    Item,
    RestoreOutcome,
    RestoreReport,
    RestoreStatus,
    key,
)
from neptun_tui.services.run_store import RunSummary
from neptun_tui.storage.backup_format import Backup
from neptun_tui.storage.journal import ItemRecord, RunRecord

READ_ONLY_DELETE: Final = "Read-only: nothing can be deleted."
READ_ONLY_RESTORE: Final = "Read-only: nothing can be restored."
READ_ONLY_BACKUP: Final = "Read-only: no backup can be removed."
READ_ONLY_CONTEXT: Final = "Read-only: the stored context cannot be renewed."

_NAMED = 6
"""Number of items to name; the rest are counted."""


def progress_line(progress: Progress, cells: int = 24) -> str:
    """Return a bar with the rate: ``██████······  12 of 59 requests · 6/s · 8 s left``.

    The time left is estimated from requests only: an item may need none.
    """
    done, total = progress.done, progress.total
    full = round(done / max(total, 1) * cells)
    noun = "request" if progress.counts_requests else "item"
    said = f"{'█' * full}{'·' * (cells - full)}  {done:,} of {safe_text.count(total, noun)}"
    if progress.paused:
        return f"Next try in {progress.paused} s · {said} · {progress.why}"
    if not done or progress.phase is not Phase.SENDING:
        return said
    rate = done / max(progress.seconds, 0.001)
    said += f" · {rate:.0f}/s"
    return f"{said} · {(total - done) / rate:.0f} s left" if progress.counts_requests else said


def end_of_run(report: Report) -> str:
    """Return how the results were verified, or why they could not be."""
    if report.journal_error or report.halted:
        return report.journal_error or report.halted
    if strange := report.also_deleted:
        named = [item_name(target) for target in strange[:3]]
        return (
            f"Not in what you confirmed, and gone as well: "
            f"{safe_text.shortened(named, len(strange), 120)}. Somebody deleted it, or "
            f"moved it below an import of the plan."
        )
    if report.count(Verdict.UNKNOWN):
        if not report.checked:
            return "Neptun's listing could not be had: what became of some items is unknown."
        return "What is still listed may still be carried out: it is unknown, not kept."
    if not report.checked:
        return (
            "Neptun could not be asked afterwards. Nothing of this was carried out, by its answers."
        )
    if report.signed_out:
        return "The session expired during the job. Sign in and delete the rest again."
    return "All results verified against Neptun's listing."


def about_context(report: Report) -> str:
    """Return the results for the stored contexts; empty when nothing was deleted."""
    if (result := report.context) is None:
        return ""
    others = [f"Project {n}: {each.sentence}." for n, each in report.other_contexts.items()]
    said = " ".join([f"{_capital(result.sentence)}.", *others])
    if not (numbers := report.outside_imports):
        return said
    named = safe_text.shortened([f"import {n}" for n in numbers[:_NAMED]], len(numbers), 80)
    verb, whose = ("is", "its") if len(numbers) == 1 else ("are", "their")
    return (
        f"{said} {_capital(named)} {verb} not in this project: the stored context of {whose} "
        f"project may still hold deleted files."
    )


def about_connections(report: Report) -> str:
    """Return the state of GitHub installations; empty when the plan had no import of one."""
    return " ".join(each.sentence for each in report.connections)


def open_results(count: int) -> str:
    """Return the number of unknown results: ``1 result is open``."""
    return f"{safe_text.count(count, 'result')} {'is' if count == 1 else 'are'} open"


def recovered(settled: RecoveredRun) -> str:
    """Return the state of a run that was interrupted, or had unknown results."""
    name = safe_text.clean_name(settled.run.project.name, 60)
    if settled.open:
        said = safe_text.count(settled.open, "open result")
        return f"A deletion in {name} has {said}: {settled.summary}."
    was_known = all(item.verdict is not None for item in settled.run.items)
    kind = "A" if was_known else "An interrupted"
    return f"{kind} deletion in {name} is resolved: {settled.summary}."


def restore_counts(report: RestoreReport) -> str:
    """Return the number of items by result: ``57 restored · 1 refused``."""
    parts = [f"{n:,} {result}" for result in RestoreStatus if (n := report.count(result))]
    return " · ".join(parts)


def of_project(number: int, reason: str) -> str:
    """Return a reason with the item's project before it; 0 is the job's own, left out."""
    return f"Of project {number}. {reason}".rstrip() if number else reason


def result_reason(outcome: Outcome, home: int) -> str:
    """Return the reason of a result, with the item's project if that is not the job's."""
    number = outcome.target.project_id
    return of_project(0 if number == home else number, outcome.reason)


def restore_reason(outcome: RestoreOutcome) -> str:
    """Return the same for an item of a restore."""
    return of_project(outcome.other_project, outcome.reason)


def nothing_to_restore(preview: RestoreReport) -> str:
    """Return a sentence if everything exists; empty if a restore has work or something to say."""
    if not preview.done_before or preview.duplicates:
        return ""
    if not preview.count(RestoreStatus.STILL_THERE):
        return "Already restored. Nothing to do."
    if not preview.count(RestoreStatus.ALREADY_RESTORED):
        return "Still there: it was not deleted. Nothing to do."
    return "Already restored or still there. Nothing to do."


def restored_sentence(outcome: RestoreOutcome) -> str:
    """Return sentences about one item: old ID, new ID, result and reason."""
    said = f"{ref_label(outcome.key)}: {outcome.result}"
    if outcome.new_id:
        said += f", now {ref_label(ResourceRef(outcome.key.kind, outcome.new_id))}"
    reason = restore_reason(outcome)
    said += f". {safe_text.clean(reason)}" if reason else "."
    if outcome.taken_along:
        said += " It was not chosen, but chosen files need it."
    if outcome.twins:
        said += " Delete what you do not want twice."
    if outcome.without_connection:
        said += " A restore does not reconnect its GitHub installation."
    return f"{said} {safe_text.clean_name(outcome.name, 60)}"


def _context_after_restore(result: ContextResult | None) -> str:
    if result is None:
        return ""
    match result.state:
        case ContextState.RENEWED:
            return "Stored context renewed."
        case ContextState.LEFT:
            return "The stored context was left as it is; it may lack what was restored."
        case ContextState.ABSENT:
            return f"{_capital(result.sentence)}."
        case _:
            why = f": {safe_text.clean(result.reason.rstrip('.'))}" if result.reason else ""
            return f"The stored context may lack what was restored{why}."


def _other_contexts_after_restore(report: RestoreReport) -> list[str]:
    found = report.other_contexts.items()
    return [f"Project {number}: {_context_after_restore(result)}" for number, result in found]


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def installations_of(imports: Sequence[int]) -> str:
    """Return a phrase for GitHub installations, by the IDs of their imports before the restore."""
    numbers = safe_text.shortened([str(number) for number in imports[:_NAMED]], len(imports))
    if len(imports) == 1:
        return f"the GitHub installation of import {numbers}"
    return f"the GitHub installations of imports {numbers}"


def end_of_restore(report: RestoreReport) -> str:
    """Return how the results were verified, and what was not restored."""
    unrecorded = f"It was ended early. {report.unrecorded}" if report.unrecorded else ""
    said = [safe_text.clean(unrecorded or report.halted)]
    if report.signed_out:
        said.append("Sign in again, then restore the rest.")
    if lost := report.without_connection:
        of = installations_of([outcome.key.id for outcome in lost])
        said.append(f"A restore does not reconnect {of}.")
    if report.misnamed:
        said.append(safe_text.clean(report.misnamed))
    if report.project_made and report.project_id:
        said.append(
            f"The project no longer existed. It was made again: project {report.project_id}."
        )
    said.append(_context_after_restore(report.context))
    said += _other_contexts_after_restore(report)
    if twins := report.duplicates:
        named = safe_text.shortened([ref_label(twin) for twin in twins[:6]], len(twins), 120)
        said.append(f"Duplicates, made by a late request: {named}.")
    if report.count(RestoreStatus.INCOMPLETE):
        said.append(
            "What is incomplete has a placeholder for its path. Restore again to finish it."
        )
    if report.count(RestoreStatus.UNKNOWN):
        said.append("Unknown items may still be carried out. Restore again in 15 minutes.")
    elif report.count(RestoreStatus.RESTORED):
        said.append("Each was found in Neptun's listing after the last answer.")
    return " ".join(filter(None, said))


Line = tuple[str, str]
"""Label and text, both safe for a terminal after the text is wrapped."""

PERMANENT = "PERMANENT: Neptun cannot undo this."
NO_BACKUP = f"{PERMANENT} No backup is kept."
NO_BACKUP_BRIEFLY = "PERMANENT: no undo, no backup."
"""``NO_BACKUP`` for one line of a terminal of 40 columns."""


def context_line(*, keep: bool) -> Line:
    """Return the line about the stored context after a deletion."""
    if keep:
        return "context", "not renewed: the stored context keeps the contents"
    return "context", "contents stay in the stored context until the job renews it"


def item_label(target: PlanItem) -> str:
    """Return kind and ID: ``import 102``; always both, because the IDs of the kinds overlap."""
    return f"{target.key.kind.value} {target.key.id}"


def item_name(target: PlanItem) -> str:
    """Return kind, ID and name."""
    return f"{item_label(target)} {safe_text.clean_name(target.name, 120)}"


def title(plan: DeletionPlan) -> str:
    """Return the title of the dialog: verb and object."""
    if len(plan.steps) == 1:
        return f"Delete {item_label(plan.steps[0].target)}?"
    return f"Delete {safe_text.count(plan.total, 'item')}?"


def button(plan: DeletionPlan) -> str:
    """Return the label of the button that confirms."""
    if plan.total == 1:
        return f"Delete {item_label(plan.steps[0].target)}"
    return f"Delete {plan.total:,} items"


def plan_lines(plan: DeletionPlan, now: datetime) -> list[Line]:
    """Return all lines about a plan that must be shown before it is confirmed.

    Args:
        plan: the plan; not empty.
        now: current time, for the ages.

    Returns:
        Lines about the items, their cascade and their project; each ID is next to its name.
    """
    return [*identity(plan), *details(plan, now)]


def identity(plan: DeletionPlan) -> list[Line]:
    """Return the items by kind, ID and name, which must be visible when a plan is confirmed."""
    if len(plan.steps) == 1:
        target = plan.steps[0].target
        return [(item_label(target), safe_text.clean_ends(target.name))]
    return _several(plan.steps)


def details(plan: DeletionPlan, now: datetime) -> list[Line]:
    """Return the other lines about a plan."""
    account = plan.account
    place = [
        (f"in project {plan.project.id}", safe_text.clean_name(plan.project.name, 120)),
        ("account", account_label(account)),
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
    """Return the state of GitHub installations; the server may or may not remove a connection."""
    if not (count := sum(step.takes_connection for step in plan.steps)):
        return []
    if plan.installations is not None:
        return [("GitHub", connected(plan.installations))]
    several = safe_text.count(count, "GitHub installation connection")
    what = "the installation connection" if count == 1 else several
    return [("GitHub", f"{what} may stay at Neptun")]


def _about(target: PlanItem, now: datetime) -> str:
    changed = target.updated_at or target.created_at
    facts = [safe_text.clean(target.type, 40)] if target.type else []
    if target.key.kind is Kind.FILE:
        facts.append(safe_text.size(target.size))
    facts.append(f"changed {safe_text.age(changed, now)}" if changed else "age unknown")
    return " · ".join(facts)


def _unsearched(plan: DeletionPlan) -> list[Line]:
    """Return a line about files of other projects, which the cascade deletes too (contract §6)."""
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
    cascade = [target for step in plan.steps for target in step.cascade]
    home = plan.project.id
    lines = _cascade("files", "", [target for target in cascade if target.project_id == home])
    names = {project.id: safe_text.clean_name(project.name, 60) for project in plan.others}
    for number in plan.other_ids:
        files = [target for target in cascade if target.project_id == number]
        where = f" of project {number} {names.get(number, '')}".rstrip()
        lines += _cascade("also", where, files)
    lines += _unsearched(plan)
    if any(step.target.key.kind is Kind.FILE for step in plan.steps):
        whose = "its" if len(plan.steps) == 1 else "the files'"
        lines.append(("also", f"{whose} content and metadata will be deleted"))
    return lines


def _cascade(head: str, where: str, cascade: Sequence[PlanItem]) -> list[Line]:
    if not cascade:
        return []
    total = safe_text.size(sum(target.size for target in cascade))
    return [
        (head, f"{safe_text.count(len(cascade), 'file')}{where}, {total}: {_names(cascade, 110)}")
    ]


def _names(targets: Sequence[PlanItem], cells: int = 170) -> str:
    names = [
        f"{t.key.id}{safe_text.TIE}{safe_text.clean_name(t.name, 60)}" for t in targets[:_NAMED]
    ]
    return safe_text.shortened(names, len(targets), cells)


def _hidden(steps: Iterable[PlanStep]) -> list[Line]:
    hidden = [step.target for step in steps if step.hidden]
    if not hidden:
        return []
    names = safe_text.shortened([item_name(t) for t in hidden[:_NAMED]], len(hidden), 110)
    verb = "is" if len(hidden) == 1 else "are"
    return [("not shown", f"{len(hidden)} of them {verb} hidden from the list: {names}")]


def change_lines(changes: Sequence[Change]) -> list[str]:
    """Return one sentence for each change since the plan was made."""
    lines = [f"{item_name(change.target)} {change.what}." for change in changes[:_NAMED]]
    left = len(changes) - len(lines)
    return [*lines, f"And {safe_text.count(left, 'more change')}."] if left else lines


_SUMMARY = (
    Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.KEPT, Verdict.NOT_SENT, Verdict.UNKNOWN,
)  # fmt: skip


def summary(report: Report) -> str:
    """Return the number of items by result: ``57 deleted · 1 kept``."""
    parts = [f"{n:,} {verdict}" for verdict in _SUMMARY if (n := report.count(verdict))]
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Question:
    """Texts of a dialog that confirms an action.

    Attributes:
        title: verb and object.
        warning: warning to read first.
        briefly: the warning on one line of 36 cells.
        names: the items by kind, ID and name. They never scroll, like the title and the warning.
        facts: the other lines.
        yes: label of the button that confirms.
        no: label of the button that declines.
        grave: whether something will be deleted permanently.
        phrase: text to type to confirm; None if a single key confirms.
    """

    title: str
    warning: str
    briefly: str
    names: Sequence[Line]
    facts: Sequence[Line]
    yes: str
    no: str = "Not now"
    grave: bool = False
    phrase: str | None = None

    @property
    def verb(self) -> str:
        """The verb of the button that confirms, for the footer."""
        return self.yes.partition(" ")[0].lower()


def about_deleting(
    plan: DeletionPlan, now: datetime, backup: str, *, with_backup: bool, keep_context: bool
) -> Question:
    """Return the texts of the dialog that confirms a deletion.

    Args:
        plan: the plan; not empty.
        now: current time, for the ages.
        backup: where the backup will be kept, or that none is; empty if it is not told.
        with_backup: whether a backup is kept.
        keep_context: whether the stored context is left as it is.
    """
    warning, briefly = PERMANENT, PERMANENT
    if not with_backup:
        warning, briefly = NO_BACKUP, NO_BACKUP_BRIEFLY
    facts = details(plan, now)
    if backup:
        facts.append(("backup", backup))
    facts.append(context_line(keep=keep_context))
    return Question(
        title(plan),
        warning,
        briefly,
        identity(plan),
        facts,
        button(plan),
        "Keep",
        grave=True,
        phrase=plan.phrase,
    )


def about_restoring(backup: Backup, preview: RestoreReport) -> Question | None:
    """Return the texts of the dialog that confirms a restore.

    Args:
        backup: the backup.
        preview: predicted outcome of each item, by Neptun's listing.

    Returns:
        The texts; None when the backup contains no requested item.
    """
    every: tuple[Item, ...] = (*backup.parents, *backup.imports, *backup.files)
    held = {key(item): item for item in every}
    chosen = [o for o in preview.outcomes if not o.taken_along]
    items = [held[outcome.key] for outcome in chosen]
    if not items:
        return None
    object_ = _object(items)
    along = [held[outcome.key] for outcome in preview.taken_along]
    facts = [
        *_several_names([ref_name(key(item), item.name) for item in items]),
        *_size(items),
        _place(backup, preview),
        *_other_places(backup, preview, items),
        ("account", account_label(backup.account)),
        *_taken_along(along),
        ("expected", restore_counts(preview)),
        *_twins(preview),
        *_reconnections([*items, *along]),
        *_foreseen(preview),
        *_damaged(backup),
    ]
    warning = "They will be re-created: each gets a new ID and new dates."
    briefly = "Each gets a new ID and new dates."
    if len(items) == 1:
        warning = "It will be re-created with a new ID and new dates."
        briefly = "It gets a new ID and new dates."
    return Question(
        f"Restore {object_}?", warning, briefly, _what(items), facts, f"Restore {object_}"
    )


def _place(backup: Backup, preview: RestoreReport) -> Line:
    name = safe_text.clean_name(backup.project.name, 120)
    if not preview.project_made:
        said = name
        if preview.project_id != backup.project.id:
            here = safe_text.clean_name(preview.project_name, 120) if preview.project_name else ""
            said = f"{here}, instead of {backup.project.id} {name}".removeprefix(", ")
        return (f"in project {preview.project_id}", said)
    where = f"as {preview.project_id}" if preview.project_id else "under a new ID"
    verb = "was" if preview.project_id else "will be"
    said = f"{name}: it no longer exists and {verb} made again {where}"
    return (f"in project {backup.project.id}", said)


def _other_places(backup: Backup, preview: RestoreReport, items: Sequence[Item]) -> list[Line]:
    """Return the other projects that some of the files are restored to."""
    lines: list[Line] = []
    unsent = {o.key for o in preview.outcomes if o.result is RestoreStatus.NOT_SENT}
    sent = [item for item in items if key(item) not in unsent]
    for project in backup.others if preview.into_own_projects else ():
        files = [i for i in sent if isinstance(i, File) and i.project_id == project.id]
        said = f"{safe_text.clean_name(project.name, 60)}: {safe_text.count(len(files), 'file')}"
        lines += [(f"in project {project.id}", said)] if files else []
    return lines


def _object(items: Sequence[Item]) -> str:
    if len(items) == 1:
        return ref_label(key(items[0]))
    return safe_text.count(len(items), "item")


def _what(items: Sequence[Item]) -> list[Line]:
    """Return the items to restore, by kind, ID and name."""
    if len(items) == 1:
        return [(ref_label(key(items[0])), safe_text.clean_ends(items[0].name))]
    return [("what", contents([key(item) for item in items]))]


def _several_names(names: Sequence[str]) -> list[Line]:
    """Return the first names of several items; empty for one item, which is in ``names``."""
    if len(names) < 2:
        return []
    return [("items", safe_text.shortened(list(names[:_NAMED]), len(names), 170))]


def _size(items: Sequence[Item]) -> list[Line]:
    sizes = [item.size for item in items if isinstance(item, File)]
    return [("size", safe_text.size(sum(sizes)))] if sizes else []


def _taken_along(along: Sequence[Item]) -> list[Line]:
    if not along:
        return []
    names = safe_text.shortened([ref_name(key(i), i.name) for i in along[:_NAMED]], len(along), 110)
    return [("also", f"what the files stood under: {names}")]


def _twins(preview: RestoreReport) -> list[Line]:
    if not (twins := preview.duplicates):
        return []
    names = safe_text.shortened([ref_label(twin) for twin in twins[:_NAMED]], len(twins), 110)
    return [("duplicates", f"there already, made by a late request: {names}")]


def _reconnections(items: Sequence[Item]) -> list[Line]:
    lost = [item.id for item in items if isinstance(item, Import) and item.takes_connection]
    if not lost:
        return []
    return [("GitHub", f"a restore does not reconnect {installations_of(lost)}")]


def _foreseen(preview: RestoreReport) -> list[Line]:
    """Return the items that will differ from the originals, and why."""
    facts: list[Line] = []
    for result, what_ in (
        (RestoreStatus.REFUSED, "refused"),
        (RestoreStatus.UNKNOWN, "unknown"),
        (RestoreStatus.NOT_SENT, "not sent"),
        (RestoreStatus.RESTORED, "changed"),
    ):
        found = [o for o in preview.outcomes if o.result is result and o.reason and not o.twins]
        facts += [
            (what_, f"{ref_name(o.key, o.name)}: {safe_text.clean(restore_reason(o))}")
            for o in found[:_NAMED]
        ]
        if (left := len(found) - _NAMED) > 0:
            facts.append((what_, f"and {safe_text.count(left, 'more item')}"))
    return facts


def _damaged(backup: Backup) -> list[Line]:
    if not backup.damaged:
        return []
    said = f"{safe_text.count(backup.damaged, 'item')} of the backup can no longer be read"
    return [("lost", said)]


def about_removing(past: RunSummary) -> Question:
    """Return the texts of the dialog that confirms the removal of a backup."""
    run = past.record
    holds = run_contents(run)
    size = "unknown"
    if past.backup:
        holds = counted({Kind.IMPORT: past.backup.imports, Kind.FILE: past.backup.files})
        size = safe_text.size(past.backup.size)
    names = [ref_name(item.key, item.name) for item in run.items]
    warning, briefly = _without_backup(past)
    facts = [
        *_several_names(names),
        ("run", f"{safe_text.date(run.at)}: {run_result(run)}"),
        ("project", project_of(run)),
        ("account", account_label(run.account)),
        ("size", size),
    ]
    return Question(
        "Remove the backup?",
        warning,
        briefly,
        [("holds", names[0] if len(names) == 1 else holds or "nothing")],
        facts,
        "Remove the backup",
        "Keep",
        grave=True,
    )


def _without_backup(past: RunSummary) -> tuple[str, str]:
    """Return the warning about removing a backup, long and brief, by the restored items."""
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


def place(project_id: int, name: str, account: Account) -> str:
    """Return where a job works: project, account and host."""
    named = f"project {project_id} {safe_text.clean_name(name, 60)}".rstrip()
    return f"{named} · {header_label(account)}"


def not_restorable(past: RunSummary, account: Account) -> str:
    """Return the reason why an account cannot restore a run; empty when it can."""
    if past.backup is None:
        return "No backup to restore from."
    if not past.record.account.is_same(account):
        return (
            f"This run belongs to {account_label(past.record.account)}. Sign in there to "
            "restore it."
        )
    return ""


def project_of(run: RunRecord) -> str:
    """Return ID and name of a run's project."""
    return f"{run.project.id} {safe_text.clean_name(run.project.name, 120)}"


def contents(items: Sequence[ResourceRef]) -> str:
    """Return the number of imports and files: ``1 import, 37 files``."""
    return counted(Counter(item.kind for item in items))


def counted(counts: Mapping[Kind, int]) -> str:
    """Return the numbers by kind: ``1 import, 37 files``."""
    numbers = ((kind, counts.get(kind, 0)) for kind in Kind)
    return ", ".join(safe_text.count(number, kind.value) for kind, number in numbers if number)


def run_contents(run: RunRecord) -> str:
    """Return the number of items in a run's plan."""
    if not run.journaled:
        return "what its backup contains"
    return contents([item.key for item in run.items]) or "nothing"


def deleted_names(run: RunRecord) -> str:
    """Return the first item of a run, and the number of others: ``import 102 src and 58 more``."""
    if not run.items:
        return run_contents(run)
    planned = {item.key for item in run.items}
    first = next(
        (item for item in run.items if item.parent == item.key or item.parent not in planned),
        run.items[0],
    )
    said = ref_name(first.key, first.name)
    more = len(run.items) - 1
    return f"{said} and {more:,} more" if more else said


def restored_word(past: RunSummary) -> str:
    """Return the number of restored items of a run: ``3 of 58``, ``all``; empty for none."""
    if past.backup is None or not past.backup.restored:
        return ""
    total = past.backup.imports + past.backup.files
    return "all" if past.backup.restored >= total else f"{past.backup.restored:,} of {total:,}"


def run_result(run: RunRecord) -> str:
    """Return the number of a run's items by result, and the reason of an early end."""
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


def backup_word(past: RunSummary, unreadable: Collection[str] = ()) -> str:
    """Return the state of a run's backup in a word, such as ``412 KB`` or ``unreadable``."""
    if past.backup:
        return safe_text.size(past.backup.size)
    if past.record.run_id in unreadable:
        return "unreadable"
    return "removed" if past.record.backup else "no backup"


def backup_sentence(past: RunSummary, unreadable: Collection[str] = ()) -> str:
    """Return the state of a run's backup as a sentence."""
    if past.backup:
        path = safe_text.clean(str(past.backup.path), 400)
        return f"A backup of {safe_text.size(past.backup.size)} is kept in {path}."
    return {
        "unreadable": "Its backup is there, but cannot be read.",
        "removed": "Its backup has been removed.",
        "no backup": "Deleted without a backup.",
    }[backup_word(past, unreadable)]


def ref_label(item: ResourceRef) -> str:
    """Return kind and ID: ``import 102``."""
    return f"{item.kind.value} {item.id}"


def ref_name(item: ResourceRef, name: str) -> str:
    """Return kind, ID and name."""
    return f"{ref_label(item)} {safe_text.clean_name(name, 60)}"


def run_facts(past: RunSummary, unreadable: Collection[str] = ()) -> list[Line]:
    """Return the lines about one run."""
    run = past.record
    place = f"project {project_of(run)}, {account_label(run.account)}"
    return [
        ("Run", f"{safe_text.date(run.at)}: {run_contents(run)} of {place}; {run_result(run)}"),
        ("Backup", backup_sentence(past, unreadable)),
    ]


def item_facts(item: ItemRecord, new_id: int | None) -> list[Line]:
    """Return the result of one item, and of its restore."""
    facts = [("Result", verdict_word(item)), ("Why", safe_text.clean(item.reason))]
    if new_id is not None:
        facts.append(("Restored", f"as {ref_label(ResourceRef(item.key.kind, new_id))}"))
    return facts


def journal_facts(item: ItemRecord) -> list[Line]:
    """Return the lines about an item that is in no backup."""
    facts = [("Name", safe_text.clean_name(item.name))]
    if item.key.kind is Kind.FILE:
        facts.append(("Size", safe_text.size(item.size)))
    if item.parent and item.parent != item.key:
        facts.append(("Import", str(item.parent.id)))
    return facts


def verdict_word(item: ItemRecord) -> str:
    """Return the result of one item as a word."""
    return str(item.verdict) if item.verdict else "no result"


def import_of(item: Item) -> str:
    """Return the import of a file, even if the backup does not contain it."""
    return "" if isinstance(item, Import) else str(item.import_id or "none")
