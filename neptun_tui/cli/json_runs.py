"""JSON documents of deletions, restores and the history, as ``schemas/`` describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from neptun_tui.cli.json_models import VERSION, moment
from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Connection, Installations, Kind, Project
from neptun_tui.domain.results import Report, Verdict
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services.history import History
from neptun_tui.services.restore_models import RestoreOutcome, RestoreReport, RestoreStatus
from neptun_tui.services.run_store import PreparedRun, RunStore, RunSummary
from neptun_tui.storage.backup_format import Backup

Shape = dict[str, Any]


def _place(account: Account, project: Project) -> Shape:
    return {
        "host": account.host,
        "account": account.email,
        "project": project.id,
        "project_name": project.name,
    }


def _key(item: ResourceRef) -> Shape:
    return {"kind": item.kind.value, "id": item.id}


def _with_import(steps: Iterable[PlanStep]) -> Iterator[tuple[PlanItem, int | None]]:
    """Every target, with the ID of the import whose cascade takes it."""
    for step in steps:
        yield step.target, None
        yield from ((target, step.target.key.id) for target in step.cascade)


def plan(
    plan: DeletionPlan, missing: Iterable[ResourceRef], promise: str, *, keep_context: bool = False
) -> Shape:
    """All that a deletion would destroy."""
    items = [
        {
            **_key(target.key),
            "project_id": target.project_id,
            "name": target.name,
            "sort": target.sort,
            "bytes": target.size,
            "with_import": with_import,
            "created_at": moment(target.created_at),
            "updated_at": moment(target.updated_at),
        }
        for target, with_import in _with_import(plan.steps)
    ]
    return {
        "type": "plan",
        "version": VERSION,
        **_place(plan.account, plan.project),
        "items": items,
        "total": plan.total,
        "bytes": plan.size,
        "connections": [s.target.key.id for s in plan.steps if s.takes_connection],
        "github_installations": _installations(plan.installations),
        "missing": [item.id for item in missing],
        "projects_not_searched": plan.unsearched or 0,
        "copy": promise or None,
        "keep_context": keep_context,
    }


def _installations(listed: Installations) -> list[Shape] | None:
    return None if listed is None else [each._asdict() for each in listed]


def _connection(connection: Connection) -> Shape:
    known = connection.installation
    return {
        "id": known.id if known else None,
        "name": known.name if known else None,
        "state": connection.state.value,
    }


def verdicts(report: Report) -> Iterator[Shape]:
    """One object for each item of a run."""
    with_import = {target.key: number for target, number in _with_import(report.plan.steps)}
    for outcome in report.outcomes:
        target = outcome.target
        yield {
            "type": "item",
            **_key(target.key),
            "project_id": target.project_id,
            "name": target.name,
            "bytes": target.size,
            "with_import": with_import[target.key],
            "verdict": outcome.verdict.value,
            "reason": outcome.reason,
        }


def deletion(
    report: Report, kept: PreparedRun | None, missing: Iterable[ResourceRef], code: int
) -> Shape:
    """A whole run."""
    return {
        "type": "summary",
        "version": VERSION,
        **_place(report.plan.account, report.plan.project),
        "run": kept.run_id if kept else None,
        "copy": str(kept.copy) if kept and kept.copy and not report.nothing_sent else None,
        "counts": {verdict.value: report.count(verdict) for verdict in Verdict},
        "total": len(report.outcomes),
        "missing": [item.id for item in missing],
        "also_gone": [{**_key(t.key), "name": t.name} for t in report.also_gone],
        "checked": report.checked,
        "stopped": report.stopped,
        "signed_out": report.signed_out,
        "trouble": report.trouble,
        "halted": report.halted,
        "stored_context": stored_context(report.context),
        "other_contexts": list(report.outside_imports),
        "other_stored_contexts": _contexts(report.other_contexts),
        "github_installations": [_connection(each) for each in report.connections],
        "exit_code": code,
    }


def stored_context(result: ContextResult | None) -> Shape | None:
    """What became of a stored context; None when nothing was deleted."""
    if result is None:
        return None
    held = dict(result.held)
    return {
        "state": result.state.value,
        "imports": held.get(Kind.IMPORT, 0),
        "files": held.get(Kind.FILE, 0),
        "reason": result.reason,
    }


def _contexts(results: Mapping[int, ContextResult]) -> list[Shape]:
    """What became of the stored contexts of other projects that lost files or got them back."""
    return [
        {"project_id": number, **shape}
        for number, result in results.items()
        if (shape := stored_context(result))
    ]


def history(found: History, records: RunStore) -> Shape:
    """All past runs."""
    return {
        "version": VERSION,
        "runs": [_run(past, found, records) for past in found.runs],
        "problems": list(found.problems),
    }


def _run(past: RunSummary, found: History, records: RunStore) -> Shape:
    run = past.record
    items = [
        {
            **_key(item.key),
            "project_id": item.project_id or run.project.id,
            "name": item.name,
            "bytes": item.size,
            "with_import": item.parent.id if item.parent else None,
            "verdict": item.verdict.value if item.verdict else None,
            "reason": item.reason,
        }
        for item in run.items
    ]
    return {
        "run": run.run_id,
        "at": moment(run.at),
        **_place(run.account, run.project),
        "counts": {**{v.value: run.count(v) for v in Verdict}, "no verdict": run.count(None)},
        "total": len(run.items),
        "ended": run.ended,
        "stopped": run.stopped,
        "signed_out": run.signed_out,
        "copy": _copy(past, found, records),
        "stored_context": stored_context(run.context),
        "other_stored_contexts": _contexts(run.other_contexts),
        "items": items,
    }


def _copy(past: RunSummary, found: History, records: RunStore) -> Shape:
    info, path = past.copy, past.record.copy
    if info:
        state, path = "kept", info.path
    elif past.record.run_id in found.unreadable:
        state = "unreadable"
    else:
        state = "removed" if path else "none"
    until = records.kept_until(past.record.run_id) if state in ("kept", "unreadable") else None
    return {
        "state": state,
        "path": str(path) if path else None,
        "bytes": info.size if info else None,
        "until": moment(until),
        "restored": info.restored if info else 0,
    }


def restore_plan(copy: Backup, preview: RestoreReport) -> Shape:
    """All that a restore would do."""
    sizes = {ResourceRef(Kind.FILE, file.id): file.size for file in copy.files}
    back = (RestoreStatus.ALREADY_RESTORED, RestoreStatus.INCOMPLETE)
    return {
        "type": "plan",
        "version": VERSION,
        "run": copy.run_id,
        **_place(copy.account, copy.project),
        **_target(preview),
        "items": [
            {
                **_key(o.key),
                "name": o.name,
                "bytes": sizes.get(o.key, 0),
                "expected": o.fate.value,
                "reason": o.reason,
                "restored_as": o.new_id if o.fate in back else None,
                "refused": o.reason if o.fate is RestoreStatus.REFUSED else "",
                "taken_along": o.taken_along,
                "duplicates": list(o.twins),
            }
            for o in preview.outcomes
        ],
        "counts": {fate.value: preview.count(fate) for fate in RestoreStatus},
        "total": len(preview.outcomes),
        "damaged": copy.damaged,
    }


def _target(report: RestoreReport) -> Shape:
    """Where a restore goes; null for a project that has yet to be made."""
    return {"into_project": report.project_id or None, "project_made": report.project_made}


def fate(outcome: RestoreOutcome) -> Shape:
    """One item of a restore."""
    return {
        "type": "item",
        **_key(outcome.key),
        "name": outcome.name,
        "fate": outcome.fate.value,
        "new_id": outcome.new_id,
        "reason": outcome.reason,
        "taken_along": outcome.taken_along,
        "without_connection": outcome.without_connection,
        "duplicates": list(outcome.twins),
    }


def restore(copy: Backup, report: RestoreReport, code: int) -> Shape:
    """A whole restore."""
    return {
        "type": "summary",
        "version": VERSION,
        "run": copy.run_id,
        **_place(copy.account, copy.project),
        **_target(report),
        "counts": {fate.value: report.count(fate) for fate in RestoreStatus},
        "total": len(report.outcomes),
        "damaged": copy.damaged,
        "stopped": report.stopped,
        "signed_out": report.signed_out,
        "trouble": report.unrecorded,
        "halted": report.halted,
        "stored_context": stored_context(report.context),
        "other_stored_contexts": _contexts(report.other_contexts),
        "exit_code": code,
    }
