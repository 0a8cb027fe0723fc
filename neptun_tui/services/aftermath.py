"""Finding out what became of runs whose program ended before they did."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from neptun_tui.domain.account import Session
from neptun_tui.domain.deletion import Key, Target
from neptun_tui.domain.errors import AccessDenied, ServiceError, SessionExpired, StorageError
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.verdicts import Evidence, Outcome, Verdict, settle
from neptun_tui.services.outcomes import MAY_STILL
from neptun_tui.services.ports import Neptun
from neptun_tui.services.records import Records
from neptun_tui.storage.journal import ItemRecord, RunRecord


@dataclass(frozen=True, slots=True)
class Settled:
    """One interrupted run as the journal had it, and what the listing says of the open items."""

    run: RunRecord
    outcomes: tuple[Outcome, ...]

    @property
    def summary(self) -> str:
        """The verdicts of the whole run, counted: those it still had written, and the new ones."""
        found = {outcome.target.key: outcome.verdict for outcome in self.outcomes}
        items = tuple(
            replace(item, verdict=found.get(item.key, item.verdict)) for item in self.run.items
        )
        return replace(self.run, items=items).summary


async def settle_open_runs(
    neptun: Neptun, session: Session, records: Records
) -> tuple[Settled, ...]:
    """Settle by listing whatever earlier runs of this account have left open.

    Args:
        neptun: the server.
        session: of the account; runs of others are left to them.
        records: where the runs are journaled, and their verdicts go.

    Returns:
        What was settled. A run whose project cannot be listed now, or that another instance has
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
            if each := await _settle(neptun, session, records, run):
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
    neptun: Neptun, session: Session, records: Records, run: RunRecord
) -> Settled | None:
    there = await _listed(neptun, session, run.project.id)
    try:
        log = await records.adopt(run)
        if log is None:
            return None
        outcomes = tuple(_outcome(item, run, there) for item in run.unsettled)
        try:
            await asyncio.to_thread(log.verdicts, outcomes)
            flags = {"stopped": run.stopped, "signed_out": run.signed_out}
            await asyncio.to_thread(log.end, **flags)
        finally:
            log.close()
    except StorageError:
        return None  # it stays open; what is said of it next time will be true as well
    return Settled(run, outcomes)


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


def _outcome(item: ItemRecord, run: RunRecord, there: frozenset[Key]) -> Outcome:
    evidence = (Evidence.FAILED,) if item.sent else ()
    listed = item.key in there
    verdict = settle(evidence, listed, import_listed=item.parent in there)
    target = Target(item.key, run.project.id, item.name, size=item.size)
    reason = {
        Verdict.DELETED: "",
        Verdict.ALREADY_GONE: "It was no longer in this project.",
        Verdict.NOT_SENT: "The program ended before its turn.",
    }.get(verdict, f"The program ended before an answer came. {MAY_STILL}")
    return Outcome(target, verdict, reason)
