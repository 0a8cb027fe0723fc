"""Documents that ``--json`` prints, built with the models of ``models``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

import msgspec

from neptun_tui.cli import models
from neptun_tui.cli.output import print_line
from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Connection, File, Import, Kind, Project
from neptun_tui.domain.results import Report, Verdict
from neptun_tui.domain.safe_text import timestamp
from neptun_tui.services.json_models import VERSION, build, owned
from neptun_tui.services.restore_models import RestoreOutcome, RestoreReport, RestoreStatus

if TYPE_CHECKING:
    from neptun_tui.cli.exit_codes import ExitCode
    from neptun_tui.domain.listing import Listing
    from neptun_tui.domain.stored_context import ContextResult, Difference
    from neptun_tui.services.history import History
    from neptun_tui.services.run_store import PreparedRun, RunStore, RunSummary
    from neptun_tui.storage.backup_format import Backup
    from neptun_tui.storage.journal import ItemRecord, RunRecord
    from neptun_tui.storage.session_backends import KnownAccount, StorageInfo


def _in_project(account: Account, project: Project) -> dict[str, Any]:
    return {**owned(account), "project": project.id, "project_name": project.name}


def print_document(document: msgspec.Struct, *, indent: int | None = 2) -> None:
    """Print one document, or one line of an output with several.

    It is plain ASCII: no title can contain a control sequence for the terminal, and every
    locale can write it.
    """
    text = json.dumps(msgspec.to_builtins(document), indent=indent, ensure_ascii=True)
    print_line(text.replace("\x7f", "\\u007f"))


# Lists -------------------------------------------------------------------------------------------


def projects(
    account: Account,
    rows: Iterable[Project],
    checks: Mapping[int, Difference | ServiceError | None],
) -> models.Projects:
    """Return a list of projects, with the differences of their stored contexts by ID."""
    found = [_project(row, checks.get(row.id)) for row in rows]
    return models.Projects(**owned(account), projects=found)


def _project(project: Project, check: Difference | ServiceError | None) -> models.Project:
    context = _listed_context(project, check)
    return build(models.Project, project, stored_context=context)


def _listed_context(
    project: Project, check: Difference | ServiceError | None
) -> models.ListedContext | None:
    stored = project.stored_context
    if stored is None:
        return None
    found = None if isinstance(check, ServiceError) else check
    return models.ListedContext(
        items=len(stored.items),
        written_at=timestamp(stored.written_at),
        no_longer_exist=found.gone.total() if found else None,
        old_contents=found.changed if found else None,
        missing=found.missing if found else None,
        problem=str(check) if isinstance(check, ServiceError) else found.sentence if found else "",
    )


def imports(account: Account, listing: Listing, rows: Iterable[Import]) -> models.Imports:
    """Return a list of imports, each with the number of its files and their bytes."""
    found = [_import(row, listing) for row in rows]
    return models.Imports(**owned(account), project=listing.project.id, imports=found)


def _import(item: Import, listing: Listing) -> models.Import:
    count, size = listing.count_below(item), listing.sizes[item.id]
    return build(models.Import, item, files=count, bytes=size)


def files(
    account: Account, listing: Listing, rows: Iterable[File], *, content: bool
) -> models.Files:
    """Return a list of files; their contents only on request."""
    found = [_file(row, listing, content=content) for row in rows]
    return models.Files(**owned(account), project=listing.project.id, files=found)


def _file(file: File, listing: Listing, *, content: bool) -> models.File:
    return build(
        models.File,
        file,
        import_visible=listing.parent_of(file) is not None,
        bytes=file.size,
        content=file.content if content else msgspec.UNSET,
    )


# Sessions ----------------------------------------------------------------------------------------


def signed_in(session: Session, info: StorageInfo) -> models.SignedIn:
    """Return the account of a session and its backend."""
    return build(
        models.SignedIn,
        session,
        **owned(session.account),
        user_id=session.account.user_id,
        kept_in=storage(info),
    )


def storage(info: StorageInfo) -> models.Storage:
    """Return the backend of a session."""
    return build(models.Storage, info)


def sessions(known: Iterable[KnownAccount], default: KnownAccount | None) -> models.Sessions:
    """Return the sessions kept on this machine."""
    return models.Sessions(
        version=VERSION,
        sessions=[
            build(
                models.StoredSession,
                each,
                host=each.origin,
                account=each.email or None,
                default=each is default,
            )
            for each in known
        ],
    )


# Deletions ---------------------------------------------------------------------------------------


def _with_parents(steps: Iterable[PlanStep]) -> Iterator[tuple[PlanItem, int | None]]:
    """Yield every target, with the ID of the import whose cascade takes it."""
    for step in steps:
        yield step.target, None
        yield from ((target, step.target.key.id) for target in step.cascade)


def delete_plan(
    plan: DeletionPlan, missing: Iterable[ResourceRef], promise: str, *, keep_context: bool = False
) -> models.DeletePlan:
    """Return everything a deletion would remove."""
    listed = plan.installations
    return models.DeletePlan(
        **_in_project(plan.account, plan.project),
        items=[
            build(
                models.PlannedItem,
                target,
                **target.key._asdict(),
                bytes=target.size,
                parent_import=parent,
            )
            for target, parent in _with_parents(plan.steps)
        ],
        total=plan.total,
        bytes=plan.size,
        connections=[s.target.key.id for s in plan.steps if s.takes_connection],
        github_installations=(
            None if listed is None else [models.Installation(*each) for each in listed]
        ),
        missing=[item.id for item in missing],
        projects_not_searched=plan.unsearched or 0,
        backup=promise or None,
        keep_context=keep_context,
    )


def deleted_items(report: Report) -> Iterator[models.DeletedItem]:
    """Yield the result of each item of a run."""
    parents = {target.key: number for target, number in _with_parents(report.plan.steps)}
    for outcome in report.outcomes:
        target = outcome.target
        yield build(
            models.DeletedItem,
            target,
            **target.key._asdict(),
            bytes=target.size,
            parent_import=parents[target.key],
            result=outcome.verdict,
            reason=outcome.reason,
        )


def delete_summary(
    report: Report, kept: PreparedRun | None, missing: Iterable[ResourceRef], code: ExitCode
) -> models.DeleteSummary:
    """Return the summary of a deletion."""
    return build(
        models.DeleteSummary,
        report,
        **_in_project(report.plan.account, report.plan.project),
        run=kept.run_id if kept else None,
        backup=str(kept.backup) if kept and kept.backup and not report.nothing_sent else None,
        counts=models.ItemCounts(**{_name(each): report.count(each) for each in Verdict}),
        total=len(report.outcomes),
        missing=[item.id for item in missing],
        also_deleted=[models.ItemRef(*target.key, target.name) for target in report.also_deleted],
        error=report.journal_error,
        stored_context=_stored_context(report.context),
        other_project_imports=list(report.outside_imports),
        other_stored_contexts=_other_contexts(report.other_contexts),
        github_installations=[_connection(each) for each in report.connections],
        exit_code=code,
    )


def _name(result: Verdict | RestoreStatus) -> str:
    """Return the name of the field that counts a result."""
    return result.value.replace(" ", "_")


def _connection(connection: Connection) -> models.ConnectionResult:
    number, name = connection.installation or (None, None)
    return build(models.ConnectionResult, connection, id=number, name=name)


# Stored contexts ---------------------------------------------------------------------------------


def renewed_context(
    account: Account, project_id: int, result: ContextResult
) -> models.RenewedContext:
    """Return the result of ``context renew``."""
    return models.RenewedContext(
        **owned(account), project=project_id, stored_context=_stored_context(result)
    )


def live_context(account: Account, project_id: int, context: dict[str, Any]) -> models.LiveContext:
    """Return a context as the server has just generated it."""
    return models.LiveContext(**owned(account), project=project_id, context=context)


@overload
def _stored_context(result: ContextResult) -> models.StoredContext: ...
@overload
def _stored_context(result: ContextResult | None) -> models.StoredContext | None: ...
def _stored_context(result: ContextResult | None) -> models.StoredContext | None:
    return None if result is None else build(models.StoredContext, result, **_held(result))


def _other_contexts(results: Mapping[int, ContextResult]) -> list[models.OtherStoredContext]:
    return [
        build(models.OtherStoredContext, result, project_id=number, **_held(result))
        for number, result in results.items()
    ]


def _held(result: ContextResult) -> dict[str, int]:
    held = dict(result.held)
    return {"imports": held.get(Kind.IMPORT, 0), "files": held.get(Kind.FILE, 0)}


# Restores ----------------------------------------------------------------------------------------


def restore_plan(backup: Backup, preview: RestoreReport) -> models.RestorePlan:
    """Return everything a restore would do."""
    sizes = {ResourceRef(Kind.FILE, file.id): file.size for file in backup.files}
    back = (RestoreStatus.ALREADY_RESTORED, RestoreStatus.INCOMPLETE)
    return models.RestorePlan(
        **_in_restore(backup, preview),
        items=[
            build(
                models.RestorableItem,
                each,
                **each.key._asdict(),
                project_id=each.other_project or preview.project_id or None,
                bytes=sizes.get(each.key, 0),
                expected=each.result,
                restored_as=each.new_id if each.result in back else None,
                refused=each.reason if each.result is RestoreStatus.REFUSED else "",
                duplicates=list(each.twins),
            )
            for each in preview.outcomes
        ],
    )


def _in_restore(backup: Backup, report: RestoreReport) -> dict[str, Any]:
    return {
        **_in_project(backup.account, backup.project),
        "run": backup.run_id,
        "into_project": report.project_id or None,
        "project_made": report.project_made,
        "counts": models.RestoreCounts(**{_name(s): report.count(s) for s in RestoreStatus}),
        "total": len(report.outcomes),
        "damaged": backup.damaged,
    }


def restored_item(outcome: RestoreOutcome, report: RestoreReport) -> models.RestoredItem:
    """Return the result of one item of a restore."""
    return build(
        models.RestoredItem,
        outcome,
        **outcome.key._asdict(),
        project_id=outcome.other_project or report.project_id or None,
        duplicates=list(outcome.twins),
    )


def restore_summary(backup: Backup, report: RestoreReport, code: ExitCode) -> models.RestoreSummary:
    """Return the summary of a restore."""
    return build(
        models.RestoreSummary,
        report,
        **_in_restore(backup, report),
        error=report.unrecorded,
        stored_context=_stored_context(report.context),
        other_stored_contexts=_other_contexts(report.other_contexts),
        exit_code=code,
    )


# History -----------------------------------------------------------------------------------------


def history(found: History, records: RunStore) -> models.History:
    """Return all past runs."""
    return models.History(**_history(found, records))


def settled(found: History, records: RunStore, unchecked: Iterable[RunRecord]) -> models.Settled:
    """Return the runs whose open results were checked, and name those that were not."""
    left = [run.run_id for run in unchecked]
    return models.Settled(**_history(found, records), unchecked=left)


def _history(found: History, records: RunStore) -> dict[str, Any]:
    runs = [_past_run(past, found, records) for past in found.runs]
    return {"version": VERSION, "runs": runs, "problems": list(found.problems)}


def _past_run(past: RunSummary, found: History, records: RunStore) -> models.PastRun:
    run = past.record
    return build(
        models.PastRun,
        run,
        run=run.run_id,
        host=run.account.host,
        account=run.account.email,
        project=run.project.id,
        project_name=run.project.name,
        counts=models.PastCounts(
            **{_name(each): run.count(each) for each in Verdict}, no_result=run.count(None)
        ),
        total=len(run.items),
        backup=_backup(past, found, records),
        stored_context=_stored_context(run.context),
        other_stored_contexts=_other_contexts(run.other_contexts),
        items=[_past_item(item, run) for item in run.items],
    )


def _past_item(item: ItemRecord, run: RunRecord) -> models.PastItem:
    return build(
        models.PastItem,
        item,
        **item.key._asdict(),
        project_id=item.project_id or run.project.id,
        bytes=item.size,
        parent_import=item.parent.id if item.parent else None,
        result=item.verdict,
    )


def _backup(past: RunSummary, found: History, records: RunStore) -> models.Backup:
    info, path = past.backup, past.record.backup
    state: models.BackupState
    if info:
        state, path = "kept", info.path
    elif past.record.run_id in found.unreadable:
        state = "unreadable"
    else:
        state = "removed" if path else "none"
    until = records.kept_until(past.record.run_id) if state in ("kept", "unreadable") else None
    return models.Backup(
        state=state,
        path=str(path) if path else None,
        bytes=info.size if info else None,
        until=timestamp(until),
        restored=info.restored if info else 0,
    )
