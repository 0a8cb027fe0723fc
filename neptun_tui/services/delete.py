"""Deletion job: run one confirmed plan and find out the result of each item.

The responses to the DELETEs are evidence; the results come from one listing made afterwards
(contract §1). The job belongs to the app, not to a screen, and runs on the client thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from neptun_tui.api.retry import retry
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    Busy,
    OutcomeUnknown,
    ServiceError,
    SessionExpired,
    StorageError,
    Unreachable,
)
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, Elsewhere, PlanItem, ResourceRef
from neptun_tui.domain.resources import Connection, Kind, compare
from neptun_tui.domain.results import Outcome, Report, Verdict, worth_another_try
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.services.brake import OUTAGE_PAUSE
from neptun_tui.services.concurrency import MOST_IN_FLIGHT
from neptun_tui.services.job import Job, Phase, Renewal, RunningJob
from neptun_tui.services.loading import by_id, load_installations
from neptun_tui.services.moved_items import find_files_elsewhere, find_moved_items
from neptun_tui.services.ports import Neptun
from neptun_tui.services.run_store import PreparedRun, RunStore
from neptun_tui.services.stored_context import SIGNED_OUT, Patience, renew_after_run
from neptun_tui.services.verification import (
    Attempts,
    Listed,
    Snapshot,
    outcomes_of,
    take_snapshot,
)
from neptun_tui.storage.journal import RunLog
from neptun_tui.storage.process import LIMITS, exhausted

_AHEAD = 8
"""Intents written with one disk sync (0.4 to 1.5 ms). The number is small, because after a crash
each of them may have been sent, and its item is unknown for 15 minutes while it is listed."""

_LAST_LOOK_SECONDS = 10.0
"""Seconds that a report waits for the list of connected GitHub installations."""


T = TypeVar("T")

_NOT_SEARCHED: Final = Elsewhere()
_OUT_OF_MEANS: Final = ContextResult(
    ContextState.UNKNOWN, reason="This machine had too little memory, files or threads left."
)


_MAY_BE_GONE = (Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.UNKNOWN)
_SIGNED_OUT = "Not sent: the session had ended."


class DeletionRun(Job):
    """Deletion job of one plan. Pass :meth:`run` to the client thread; poll :attr:`progress`."""

    verb = "Deleting"
    counts_requests = True

    def __init__(
        self,
        session: Session,
        plan: DeletionPlan,
        *,
        records: RunStore | None = None,
        kept: PreparedRun | None = None,
        bystanders: Iterable[PlanItem] = (),
        in_flight: int = MOST_IN_FLIGHT,
        listing: Listing | None = None,
        keep_context: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        renew: Renewal | None = None,
        outage_seconds: float = 0,
    ) -> None:
        """Initialise without sending a request.

        Args:
            session: session of the items' account.
            plan: the confirmed plan.
            records: journal and backups; None journals nothing.
            kept: the run's ID and backup.
            bystanders: files listed when the plan was confirmed, and not in the plan.
            in_flight: maximum number of concurrent requests.
            listing: listing that confirmed the plan, with the contents of the items.
            keep_context: whether to leave the project's stored context unchanged.
            now: returns the current time, in UTC.
            renew: asks the user to sign in again when the session has ended; the job then
                continues.
            outage_seconds: seconds to wait for an unreachable server.
        """
        if (records is None) != (kept is None):
            raise ValueError("a run is journaled under its ID, or not at all")
        super().__init__(session, renew=renew, outage_seconds=outage_seconds, in_flight=in_flight)
        self.plan = plan
        self._listing, self._keep_context = listing, keep_context
        self._listed = Listed()
        self._listed_at = now()
        self._bystanders = tuple(bystanders)
        self._now = now
        self._records, self._kept = records, kept
        self._log: RunLog | None = None
        self._intended = 0
        self._intending = asyncio.Lock()
        self._tries = [Attempts(step, index) for index, step in enumerate(plan.steps)]
        self._phase = Phase.SENDING
        self._answered = 0

    def _counts(self) -> tuple[int, int, int]:
        return self.plan.total, self._answered, len(self._tries)

    @property
    def run_id(self) -> str:
        """ID of the run in the journal; empty when it is not journaled."""
        return self._kept.run_id if self._kept else ""

    def take_listing(self) -> Listing | None:
        """Return the listing that verified the run, once; it saves the next load of the project.

        Indexes every item, so call it on a thread.

        Returns:
            The listing. Without imports in the plan, its imports and its time are those of the
            listing that confirmed the plan. None if a list failed, or if it was returned before.
        """
        before, listed = self._listing, self._listed
        self._listing, self._listed = None, Listed()
        if before is None or before.problem or listed.files is None:
            return None
        files, imports, at = by_id(listed.files), before.imports, before.loaded_at
        if listed.imports is not None:
            imports, at = by_id(listed.imports), self._listed_at
        elif self.plan.has_imports:
            return None
        return Listing(before.project, imports, files, at).indexed()

    async def run(self, neptun: Neptun) -> Report:
        """Send every request of the plan, list the project, and determine the results.

        Args:
            neptun: the server.

        Returns:
            A report with exactly one outcome for each item of the plan. Errors of the server
            become outcomes and are not raised.
        """
        await self._begin()
        await self._send(neptun, self._tries)
        await self._look(neptun)
        again = [tries for tries in self._tries if self._deserves_another(tries)]
        again = await self._still_confirmed(neptun, again)
        if again:
            await self._send(neptun, again)
            await self._look(neptun, again)
        report = self._report()
        await self._write_verdicts(report)
        spent = replace(report, context=_OUT_OF_MEANS)
        report = await self._contained(self._renew_contexts(neptun, report), spent)
        report = replace(report, signed_out=self._signed_out)
        await self._end(report)
        unknown = compare(self.plan.installations, None)
        looking = self._look_at_connections(neptun, report)
        report = replace(report, connections=await self._contained(looking, unknown))
        if report.nothing_sent and self._records and self._kept:
            # nothing was deleted, so the backup is not needed
            await self._contained(self._records.drop(self._kept), None)
        self._finish_progress()
        return replace(report, journal_error=self._error)

    async def _contained(self, step: Awaitable[T], otherwise: T) -> T:
        """Run a step after the last DELETE, so that exhaustion cannot prevent the report.

        Args:
            step: the step.
            otherwise: its result if memory, files or threads are exhausted.
        """
        try:
            return await step
        except Exception as error:
            if not (said := exhausted(error)):
                raise
            self._error = self._error or said
            return otherwise

    def _report(self) -> Report:
        why = "Not sent: the job ended first."
        if not self._stop.is_set():
            why = self._error or self._halted or (_SIGNED_OUT if self._signed_out else why)
        outcomes = {o.target.key: o for tries in self._tries for o in outcomes_of(tries, why)}
        return Report(
            self.plan,
            tuple(outcomes[target.key] for target in self.plan.targets),
            self._stop.is_set(),
            self._signed_out,
            all(
                t.snapshot.has(each) is not None for t in self._tries for each in t.step.everything
            ),
            also_deleted=self._also_deleted(),
            halted=self._halted,
            outside_imports=self._outside_imports(outcomes.values()),
        )

    def _outside_imports(self, outcomes: Iterable[Outcome]) -> tuple[int, ...]:
        """Return imports of other projects that contained files that are or may be deleted.

        A stored context consists of the imports of its project and all files of these imports,
        including files of other projects.
        """
        listing = self._listing
        if listing is None or listing.missing is not None:
            return ()
        gone = {o.target.key.id for o in outcomes if o.verdict in _MAY_BE_GONE and _is_file(o)}
        here = {item.id for item in listing.imports}
        parents = {file.import_id for file in listing.files if file.id in gone}
        return tuple(sorted(number for number in parents if number and number not in here))

    def _also_deleted(self) -> tuple[PlanItem, ...]:
        """Return the files that disappeared without being in the plan."""
        if not self.plan.has_imports:
            return ()
        return tuple(t for t in self._bystanders if self._tries[0].snapshot.has(t) is False)

    async def _still_confirmed(self, neptun: Neptun, again: list[Attempts]) -> list[Attempts]:
        """Leave out imports that may have new files in other projects since the search.

        A second request would delete files that were not confirmed. Projects that were not
        searched then were confirmed as such.
        """
        imports = {t.step.target.key.id: t for t in again if t.step.target.key.kind is Kind.IMPORT}
        if not imports or self.plan.unsearched is None:
            return again
        try:
            project_id = self.plan.project.id
            searching = find_files_elsewhere(neptun, self._session, project_id, imports)
            found = await self._contained(searching, _NOT_SEARCHED)
        except ServiceError:
            found = _NOT_SEARCHED
        planned = {target.key.id for target in self.plan.targets if target.key.kind is Kind.FILE}
        for number, tries in imports.items():
            if found is _NOT_SEARCHED or found.unsearched > self.plan.unsearched:
                tries.unsure = "Other projects could not be searched for its files"
            elif any(f.import_id == number and f.id not in planned for f in found.files):
                tries.unsure = "It has got files of other projects that were not confirmed"
        return [tries for tries in again if not tries.unsure]

    def _deserves_another(self, tries: Attempts) -> bool:
        if not tries.evidence or self._over or tries.has_unconfirmed_files:
            return False
        return worth_another_try(tries.evidence[-1], tries.snapshot.has(tries.step.target))

    async def _begin(self) -> None:
        """Journal the plan; without that, no request is sent."""
        if self._records and self._kept:
            try:
                self._log = await self._records.begin(
                    self.plan, self._kept, keep_context=self._keep_context
                )
            except StorageError as error:
                self._error = f"Nothing was sent. {error}"

    async def _intend(self, tries: Attempts) -> None:
        """Journal the intent of this step, and of the next steps in the same disk sync."""
        async with self._intending:
            if self._log is None or self._error or tries.index < self._intended:
                return
            ahead = self._tries[self._intended : tries.index + _AHEAD]
            keys = [each.step.target.key for each in ahead]
            try:
                await asyncio.to_thread(self._log.intents, keys)
            except StorageError as error:
                self._error = f"The run was stopped. {error}"
            else:
                self._intended += len(ahead)

    async def _write_verdicts(self, report: Report) -> None:
        """Journal the results."""
        if self._log is None:
            return
        try:
            await asyncio.to_thread(self._log.verdicts, report.outcomes)
        except (StorageError, *LIMITS) as error:
            self._let_go(error)

    async def _end(self, report: Report) -> None:
        """Journal the end of the run; with unknown results it stays open for the next start."""
        if self._log is None:
            return
        try:
            if report.count(Verdict.UNKNOWN):
                await asyncio.to_thread(self._log.close)
            else:
                flags = {"stopped": report.stopped, "signed_out": report.signed_out}
                await asyncio.to_thread(self._log.end, **flags)
        except (StorageError, *LIMITS) as error:
            self._let_go(error)

    def _let_go(self, error: Exception) -> None:
        """Leave the run without an end in the journal; the next start recovers it."""
        said = str(error) if isinstance(error, StorageError) else exhausted(error)
        if not said:
            raise error
        if self._log:
            self._log.close()
        self._log = None
        self._error = self._error or said

    async def _renew_contexts(self, neptun: Neptun, report: Report) -> Report:
        """Renew the stored context of each project that has lost items, or may have."""
        self._phase = Phase.RENEWING
        patience = Patience(self._stop.is_set, self._wait)
        unjournaled = self._records is not None and self._log is None
        why_not = self._error if self._error or unjournaled else ""
        results = await renew_after_run(
            neptun,
            self._session,
            report,
            self._listing,
            log=self._log,
            keep=self._keep_context,
            why_not=why_not,
            patience=patience,
        )
        expired = any(result.reason == SIGNED_OUT for result in results.values())
        self._signed_out = self._signed_out or expired
        own = results.pop(self.plan.project.id, None)
        return replace(report, context=own, other_contexts=results, signed_out=self._signed_out)

    async def _look_at_connections(self, neptun: Neptun, report: Report) -> tuple[Connection, ...]:
        """List the GitHub installations again if the run may have removed a connection."""
        before = self.plan.installations
        if not self.plan.takes_connection or report.nothing_sent or before == ():
            return ()
        if report.signed_out or not report.checked:
            return compare(before, None)
        self._phase = Phase.CHECKING
        project_id = self.plan.project.id
        after = await load_installations(neptun, self._session, project_id, _LAST_LOOK_SECONDS)
        if before and after == ():
            # The list is also empty if the server's query failed (contract §11).
            after = await load_installations(neptun, self._session, project_id, _LAST_LOOK_SECONDS)
        return compare(before, after)

    async def _send(self, neptun: Neptun, batch: list[Attempts]) -> None:
        """Send each step once; after a new sign-in, repeat those that the server rejected."""
        while True:
            self._phase = Phase.SENDING
            async with asyncio.TaskGroup() as group:
                for tries in batch:
                    group.create_task(self._one(neptun, tries))
            if not await self._signed_in_again():
                return
            batch = [tries for tries in batch if not tries.processed]

    async def _one(self, neptun: Neptun, tries: Attempts) -> None:
        async with self._limit:
            try:
                await self._intend(tries)
                if await self._persist(lambda: self._attempt(neptun, tries)):
                    self._answered = min(self._answered + 1, len(self._tries))
            except Exception as error:
                # An error would cancel the other requests; they must finish and be reported.
                if not (said := exhausted(error)):
                    raise
                self._error = self._error or f"The run was stopped. {said}"

    async def _attempt(self, neptun: Neptun, tries: Attempts) -> ServiceError | None:
        """Send one DELETE; retry only after errors that prove it was not processed."""

        async def send() -> None:
            if self._over:
                return  # stopped while it waited for the next attempt
            if self._log:
                await asyncio.to_thread(self._log.touch)
            began = time.perf_counter()
            try:
                await _delete_call(neptun, self._session, tries.step.target)
            except ServiceError as error:
                tries.add(error, self._now())
                self._note(error, began)
                raise
            except Exception as error:
                if not (said := exhausted(error)):
                    raise
                broken = OutcomeUnknown(said)  # it is unknown whether the request was sent
                tries.add(broken, self._now())
                self._error = self._error or f"The run was stopped. {said}"
                raise broken from None
            tries.add(None, self._now())
            self._note(None, began)

        try:
            await retry(send, errors=(Unreachable, Busy), sleep=self._wait)
        except SessionExpired:
            self._signed_out = True
        except ServiceError:
            pass  # already in the evidence
        return tries.error

    async def _look(self, neptun: Neptun, again: Collection[Attempts] | None = None) -> None:
        """Take a snapshot to verify every step.

        Args:
            neptun: the server.
            again: steps that were sent again, for a second snapshot; for the others the first
                snapshot still counts where the second one failed.
        """
        self._phase = Phase.CHECKING
        snapshot = await self._take_snapshot(neptun)
        if await self._signed_in_again():
            snapshot = (await self._take_snapshot(neptun)).or_else(snapshot)
        # the results need no contents, and stay as long as the app shows the report
        self._listed, snapshot = snapshot.items, replace(snapshot, items=Listed())
        self._listed_at = self._now()
        for tries in self._tries:
            fresh = again is None or tries in again
            tries.snapshot = snapshot if fresh else snapshot.or_else(tries.snapshot)
        denied = {tries.step.target.key: tries for tries in self._tries if tries.denied}
        for key, project_id in (await self._elsewhere(neptun, denied)).items():
            denied[key].moved_to = project_id

    async def _take_snapshot(self, neptun: Neptun) -> Snapshot:
        """Take a snapshot; repeat it during an outage, until the outage time-out."""
        waited = 0.0
        while True:
            snapshot = await take_snapshot(
                neptun,
                self._session,
                self.plan.project.id,
                self._kinds,
                self._now,
                self.plan.other_ids,
            )
            self._signed_out = self._signed_out or snapshot.signed_out
            if snapshot.error is None or not await self._outlast(snapshot.error, waited):
                return snapshot
            waited += OUTAGE_PAUSE

    @property
    def _kinds(self) -> set[Kind]:
        """Kinds to list. Files are always listed: an import without files may have got some."""
        kinds = {step.target.key.kind for step in self.plan.steps}
        return {*kinds, Kind.FILE}

    async def _elsewhere(
        self, neptun: Neptun, keys: Collection[ResourceRef]
    ) -> Mapping[ResourceRef, int]:
        """Find denied items that are missing in their project: an import can be moved."""
        try:
            finding = find_moved_items(neptun, self._session, keys, self.plan.project.id)
            return await self._contained(finding, {})
        except ServiceError:
            return {}


RunningDelete = RunningJob[DeletionRun, Report]


def _is_file(outcome: Outcome) -> bool:
    return outcome.target.key.kind is Kind.FILE


def _delete_call(neptun: Neptun, session: Session, target: PlanItem) -> Coroutine[Any, Any, None]:
    call = neptun.delete_import if target.key.kind is Kind.IMPORT else neptun.delete_file
    return call(session, target.project_id, target.key.id)
