"""Resolve runs that were interrupted by a crash or kill, or that have unknown results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from neptun_tui.domain.account import Session
from neptun_tui.domain.deletion import Key, Target
from neptun_tui.domain.errors import AccessDenied, ServiceError, SessionExpired, StorageError
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.domain.verdicts import Evidence, Outcome, Verdict, settle
from neptun_tui.services.outcomes import is_overdue, reason_of
from neptun_tui.services.ports import Neptun
from neptun_tui.services.records import Records
from neptun_tui.services.stored_context import renew_journaled
from neptun_tui.storage.journal import ItemRecord, RunRecord


@dataclass(frozen=True, slots=True)
class Settled:
    """One open run as the journal had it, and what the listing says of the open items."""

    run: RunRecord
    outcomes: tuple[Outcome, ...]
    context: ContextResult | None = None

    @property
    def open(self) -> int:
        """How many results are still unknown."""
        return sum(outcome.verdict is Verdict.UNKNOWN for outcome in self.outcomes)

    @property
    def news(self) -> tuple[Outcome, ...]:
        """What was not in the journal before."""
        had = {item.key: item.verdict for item in self.run.items}
        return tuple(o for o in self.outcomes if had.get(o.target.key) is not o.verdict)

    def with_later(self, later: Settled) -> Settled:
        """Return what this look and a later one of the same run have found out together."""
        found = {outcome.target.key: outcome for outcome in (*self.outcomes, *later.outcomes)}
        context = later.context or self.context
        return replace(self, outcomes=tuple(found.values()), context=context)

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
        return f"{counted}; {self.context.sentence}" if self.context else counted

    @property
    def needs_renewal(self) -> bool:
        """Whether the stored context may hold what this run has deleted."""
        gone = [o for o in self.news if o.verdict in (Verdict.DELETED, Verdict.ALREADY_GONE)]
        before = self.run.count(Verdict.DELETED, Verdict.ALREADY_GONE)
        return bool(gone or (before and self.run.context is None)) and not self.run.keep_context


LOOKS: Final = (10.0, 50.0, 240.0, 600.0)
"""Seconds between the looks at open results: after 10 s, 60 s, 5 and 15 minutes. The last holds
from then on, for a listing that could not be had."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


async def settle_open_runs(
    neptun: Neptun,
    session: Session,
    records: Records,
    now: Callable[[], datetime] = utc_now,
    *,
    renew: bool = True,
) -> tuple[Settled, ...]:
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
    settled: list[Settled] = []
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
    records: Records,
    run: RunRecord,
    now: Callable[[], datetime],
    renew: bool,
) -> Settled | None:
    moment = now()  # before the listing, for what it shows is no newer
    sent_by = await records.sent_by(run) or moment
    there = await _listed(neptun, session, run.project.id)
    try:
        log = await records.adopt(run)
        if log is None:
            return None
        pairs = [(item, _outcome(item, run, there, sent_by, moment)) for item in run.unsettled]
        settled = Settled(run, tuple(outcome for _, outcome in pairs))
        try:
            await asyncio.to_thread(log.verdicts, [o for i, o in pairs if _differs(i, o)])
            if renew and settled.needs_renewal:
                context = await renew_journaled(neptun, session, run.project.id, log=log)
                settled = replace(settled, context=context)
            owed = settled.needs_renewal and not renew
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


async def _listed(neptun: Neptun, session: Session, project_id: int) -> frozenset[Key]:
    """The keys in a project; none when the project itself is gone, as its owner's list says."""
    try:
        imports = await neptun.imports(session, project_id)
        files = await neptun.files(session, project_id)
    except AccessDenied:
        if project_id in {project.id for project in await neptun.projects(session)}:
            raise
        return frozenset()
    found = {Key(Kind.IMPORT, item.id) for item in imports}
    return frozenset(found | {Key(Kind.FILE, file.id) for file in files})


def _outcome(
    item: ItemRecord, run: RunRecord, there: frozenset[Key], sent_by: datetime, now: datetime
) -> Outcome:
    # A clock that was ahead when it was sent would keep it open until then.
    sent_at = min(item.sent_at or sent_by, now)
    weight = Evidence.UNSENT
    if item.verdict is Verdict.UNKNOWN and item.evidence is not Evidence.UNSENT:
        weight = item.evidence
    elif item.sent:
        weight = Evidence.IN_DOUBT
    listed = item.key in there
    verdict = settle(
        [weight], listed, import_listed=item.parent in there, overdue=is_overdue(sent_at, now)
    )
    target = Target(item.key, run.project.id, item.name, size=item.size)
    if verdict is Verdict.NOT_SENT:
        return Outcome(target, verdict, "Not sent: the app exited first.")
    reason = reason_of(verdict, weight, listed)
    if verdict is Verdict.UNKNOWN:
        return Outcome(target, verdict, reason, weight, sent_at)
    return Outcome(target, verdict, reason)
