"""Resolve runs that were interrupted by a crash or kill, or that have unknown results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import AccessDenied, ServiceError, SessionExpired, StorageError
from neptun_tui.domain.plan import PlanItem, ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import Evidence, Outcome, Report, Verdict, decide
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services.ports import Neptun
from neptun_tui.services.run_store import RunStore
from neptun_tui.services.stored_context import renew_journaled
from neptun_tui.services.verification import is_overdue, reason_of
from neptun_tui.storage.journal import ItemRecord, RunRecord


@dataclass(frozen=True, slots=True)
class RecoveredRun:
    """Recovered run: its record in the journal, and the outcomes of its unresolved items."""

    run: RunRecord
    outcomes: tuple[Outcome, ...]
    contexts: Mapping[int, ContextResult] = field(default_factory=dict)
    """Results of stored contexts that were renewed by the recovery, by project ID."""

    @property
    def context(self) -> ContextResult | None:
        """Result of the stored context of the run's own project, if the recovery renewed it."""
        return self.contexts.get(self.run.project.id)

    @property
    def open(self) -> int:
        """Number of results that are still unknown."""
        return sum(outcome.verdict is Verdict.UNKNOWN for outcome in self.outcomes)

    @property
    def news(self) -> tuple[Outcome, ...]:
        """Outcomes that were not in the journal before."""
        had = {item.key: item.verdict for item in self.run.items}
        return tuple(o for o in self.outcomes if had.get(o.target.key) is not o.verdict)

    @property
    def has_deleted(self) -> bool:
        """True if an item that was not in the journal as deleted is deleted."""
        return any(outcome.verdict is Verdict.DELETED for outcome in self.news)

    def with_later(self, later: RecoveredRun) -> RecoveredRun:
        """Return the combined outcomes of this check and a later one of the same run."""
        found = {outcome.target.key: outcome for outcome in (*self.outcomes, *later.outcomes)}
        contexts = {**self.contexts, **later.contexts}
        return replace(self, outcomes=tuple(found.values()), contexts=contexts)

    def amended(self, report: Report) -> Report:
        """Return the report of the same run with what this look has found out."""
        for project_id, result in self.contexts.items():
            report = report.with_context(project_id, result)
        return report.corrected(self.outcomes)

    @property
    def summary(self) -> str:
        """Number of items by result, for the whole run, and the results of stored contexts."""
        found = {outcome.target.key: outcome.verdict for outcome in self.outcomes}
        items = tuple(
            replace(item, verdict=found.get(item.key, item.verdict)) for item in self.run.items
        )
        counted = replace(self.run, items=items).summary
        home = self.run.project.id
        said = [
            result.sentence if number == home else f"project {number}: {result.sentence}"
            for number, result in self.contexts.items()
        ]
        return "; ".join([counted, *said])

    @property
    def due(self) -> tuple[int, ...]:
        """IDs of the projects whose stored context may contain deleted items, its own first."""
        if self.run.keep_context:
            return ()
        home, gone = self.run.project.id, (Verdict.DELETED, Verdict.ALREADY_GONE)
        lost = {o.target.project_id for o in self.news if o.verdict in gone}
        known = {*self.run.other_contexts, *([home] if self.run.context else [])}
        before = {item.project_id or home for item in self.run.items if item.verdict in gone}
        if lost or before - known:
            # The context of a project also contains files of other projects in its imports.
            lost |= (before - known) | ({home} if lost else set())
        return tuple(sorted(lost, key=lambda number: (number != home, number)))


LOOKS: Final = (10.0, 50.0, 240.0, 600.0)
"""Seconds between the checks of unknown results: at 10 s, 60 s, 5 and 15 minutes. The last interval
is repeated, for listings that failed."""


def utc_now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


async def settle_open_runs(
    neptun: Neptun,
    session: Session,
    records: RunStore,
    now: Callable[[], datetime] = utc_now,
    *,
    renew: bool = True,
) -> tuple[RecoveredRun, ...]:
    """Resolve the open runs of this account with a listing of their projects.

    A request that the server may still execute leaves its item unknown and its run open (contract
    §12); a later check resolves it.

    Args:
        neptun: the server.
        session: session of the account; runs of other accounts are skipped.
        records: journal and backups.
        now: returns the current time, in UTC.
        renew: whether to renew the stored contexts where necessary.

    Returns:
        The recovered runs. A run whose project cannot be listed now, or that another process has
        taken over, is left out.

    Raises:
        SessionExpired: the session is not valid, and no run was resolved.
        ServiceError: the listing failed, and no run was resolved.
    """
    mine = [run for run in await records.open_runs() if run.account.is_same(session.account)]
    settled: list[RecoveredRun] = []
    failure: ServiceError | None = None
    for run in mine:
        try:
            if each := await _settle(neptun, session, records, run, now, renew):
                settled.append(each)
        except SessionExpired as error:
            failure = error
            break
        except ServiceError as error:
            failure = error
    if failure and not settled:
        raise failure
    return tuple(settled)


async def _settle(
    neptun: Neptun,
    session: Session,
    records: RunStore,
    run: RunRecord,
    now: Callable[[], datetime],
    renew: bool,
) -> RecoveredRun | None:
    moment = now()  # before the listing, which then shows no older state
    sent_by = await records.sent_by(run) or moment
    there = await _listed(neptun, session, run.project.id, *run.other_ids)
    try:
        log = await records.take_over(run)
        if log is None:
            return None
        pairs = [(item, _outcome(item, run, there, sent_by, moment)) for item in run.unsettled]
        settled = RecoveredRun(run, tuple(outcome for _, outcome in pairs))
        try:
            await asyncio.to_thread(log.verdicts, [o for i, o in pairs if _differs(i, o)])
            due = settled.due
            if renew:
                contexts = {n: await renew_journaled(neptun, session, n, log=log) for n in due}
                settled = replace(settled, contexts=contexts)
            owed = due and not renew
            if (
                not settled.open and not owed
            ):  # otherwise a later start without read-only mode renews the context
                flags = {"stopped": run.stopped, "signed_out": run.signed_out}
                await asyncio.to_thread(log.end, **flags)
        finally:
            log.close()
    except StorageError:
        return None  # the run stays open, and the next check resolves it
    return settled


def _differs(item: ItemRecord, outcome: Outcome) -> bool:
    """Tell whether an outcome is new to the journal, so that checks do not append duplicates."""
    if outcome.verdict is Verdict.UNKNOWN:
        return (item.verdict, item.sent_at) != (outcome.verdict, outcome.sent_at)
    return True


async def _listed(
    neptun: Neptun, session: Session, project_id: int, *others: int
) -> Mapping[int, frozenset[ResourceRef]]:
    """Return the refs in a project, and of the files in other projects, by project ID.

    A project that no longer exists, by the list of projects, has none.
    """
    found: dict[int, frozenset[ResourceRef]] = {}
    for number in (project_id, *others):
        try:
            imports = await neptun.imports(session, number) if number == project_id else []
            files = await neptun.files(session, number)
        except AccessDenied:
            if number in {project.id for project in await neptun.projects(session)}:
                raise
            imports, files = [], []
        keys = {ResourceRef(Kind.IMPORT, item.id) for item in imports}
        found[number] = frozenset(keys | {ResourceRef(Kind.FILE, file.id) for file in files})
    return found


def _outcome(
    item: ItemRecord,
    run: RunRecord,
    there: Mapping[int, frozenset[ResourceRef]],
    sent_by: datetime,
    now: datetime,
) -> Outcome:
    # A time in the future, from a clock that was ahead, would keep the item unknown until then.
    sent_at = min(item.sent_at or sent_by, now)
    weight = Evidence.UNSENT
    if item.verdict is Verdict.UNKNOWN and item.evidence is not Evidence.UNSENT:
        weight = item.evidence
    elif item.sent:
        weight = Evidence.IN_DOUBT
    home = run.project.id
    target = PlanItem(item.key, item.project_id or home, item.name, size=item.size)
    listed = item.key in there[target.project_id]
    verdict = decide(
        [weight], listed, import_listed=item.parent in there[home], overdue=is_overdue(sent_at, now)
    )
    if verdict is Verdict.NOT_SENT:
        return Outcome(target, verdict, "Not sent: the app exited first.")
    reason = reason_of(verdict, weight, listed)
    if verdict is Verdict.UNKNOWN:
        return Outcome(target, verdict, reason, weight, sent_at)
    return Outcome(target, verdict, reason)
