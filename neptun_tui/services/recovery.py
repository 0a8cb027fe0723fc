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
from neptun_tui.storage.journal_format import ItemRecord, RunRecord


@dataclass(frozen=True, slots=True)
class RecoveredRun:
    """One open run as the journal had it, and what the listing says of the open items."""

    run: RunRecord
    outcomes: tuple[Outcome, ...]
    contexts: Mapping[int, ContextResult] = field(default_factory=dict)
    """What became of stored contexts that were renewed now, by the project's ID."""

    @property
    def context(self) -> ContextResult | None:
        """What became of the stored context of the run's own project, if it was renewed now."""
        return self.contexts.get(self.run.project.id)

    @property
    def open(self) -> int:
        """How many results are still unknown."""
        return sum(outcome.verdict is Verdict.UNKNOWN for outcome in self.outcomes)

    @property
    def news(self) -> tuple[Outcome, ...]:
        """What was not in the journal before."""
        had = {item.key: item.verdict for item in self.run.items}
        return tuple(o for o in self.outcomes if had.get(o.target.key) is not o.verdict)

    def with_later(self, later: RecoveredRun) -> RecoveredRun:
        """Return what this look and a later one of the same run have found out together."""
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
        """The verdicts of the whole run, counted: those it still had written, and the new ones.

        And what became of the stored context, if that was found out now.
        """
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
        """The projects whose stored context may hold what this run has deleted, its own first."""
        if self.run.keep_context:
            return ()
        home, gone = self.run.project.id, (Verdict.DELETED, Verdict.ALREADY_GONE)
        lost = {o.target.project_id for o in self.news if o.verdict in gone}
        known = {*self.run.other_contexts, *([home] if self.run.context else [])}
        before = {item.project_id or home for item in self.run.items if item.verdict in gone}
        if lost or before - known:
            # The context of a project also holds files of others below its imports.
            lost |= (before - known) | ({home} if lost else set())
        return tuple(sorted(lost, key=lambda number: (number != home, number)))


LOOKS: Final = (10.0, 50.0, 240.0, 600.0)
"""Seconds between the looks at open results: after 10 s, 60 s, 5 and 15 minutes. The last holds
from then on, for a listing that could not be had."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


async def settle_open_runs(
    neptun: Neptun,
    session: Session,
    records: RunStore,
    now: Callable[[], datetime] = utc_now,
    *,
    renew: bool = True,
) -> tuple[RecoveredRun, ...]:
    """Settle by listing whatever earlier runs of this account have left open.

    A request that may still be carried out leaves its item unknown, and its run open (contract
    §12); a later look settles it.

    Args:
        neptun: the server.
        session: of the account; runs of others are left to them.
        records: where the runs are journaled, and their verdicts go.
        now: the time, in UTC.
        renew: whether to renew the stored context of their projects, where that is due.

    Returns:
        What was found out. A run whose project cannot be listed now, or that another instance has
        taken over, is left for the next time.

    Raises:
        SessionExpired: the server does not know the session, and nothing was settled.
        ServiceError: the listing could not be had, and nothing was settled.
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
    moment = now()  # before the listing, for what it shows is no newer
    sent_by = await records.sent_by(run) or moment
    there = await _listed(neptun, session, run.project.id, *run.other_ids)
    try:
        log = await records.adopt(run)
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
            if settled.open:
                await asyncio.to_thread(log.leave_open, settled.open)
            elif not owed:  # else a start that may change something renews the stored context
                flags = {"stopped": run.stopped, "signed_out": run.signed_out}
                await asyncio.to_thread(log.end, **flags)
        finally:
            log.close()
    except StorageError:
        return None  # it stays open; what is said of it next time will be true as well
    return settled


def _differs(item: ItemRecord, outcome: Outcome) -> bool:
    """Whether the journal does not have this yet: each look would make it longer."""
    if outcome.verdict is Verdict.UNKNOWN:
        return (item.verdict, item.sent_at) != (outcome.verdict, outcome.sent_at)
    return True


async def _listed(
    neptun: Neptun, session: Session, project_id: int, *others: int
) -> Mapping[int, frozenset[ResourceRef]]:
    """The keys in a project, and those of the files in others, by the project's ID.

    There are none where the project itself is gone, as its owner's list says.
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
    # A clock that was ahead when it was sent would keep it open until then.
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
