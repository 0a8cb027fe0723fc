"""Session of one account with its server, renewed in place when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
)
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from neptun_tui import services, storage
from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import (
    ReadOnly,
    RunUnderWay,
    ServiceError,
    SessionExpired,
    StorageError,
)
from neptun_tui.services.concurrency import MOST_IN_FLIGHT
from neptun_tui.services.projects import load_projects

if TYPE_CHECKING:
    from neptun_tui.api.progress import Progress
    from neptun_tui.domain.account import Account, Session
    from neptun_tui.domain.listing import Listing
    from neptun_tui.domain.plan import DeletionPlan, ResourceRef
    from neptun_tui.domain.resources import Project
    from neptun_tui.domain.stored_context import ContextResult, Difference
    from neptun_tui.services.auth import SignedIn, SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.delete import RunningDelete
    from neptun_tui.services.job import Renewal
    from neptun_tui.services.ports import Call, Neptun
    from neptun_tui.services.projects import Startup
    from neptun_tui.services.recovery import RecoveredRun
    from neptun_tui.services.restore import RunningRestore
    from neptun_tui.services.restore_models import BackupContents, RestoreReport
    from neptun_tui.services.run_store import PreparedRun, RunStore
    from neptun_tui.storage.backup_format import Backup

_NAMED = 6
"""Number of runs to name in a message; the rest are counted."""

_LEFT = "This account is no longer the one that is open."

T = TypeVar("T")

Renew = Callable[["Account"], Awaitable["SignedIn | None"]]
"""Callback that asks the user to sign in again; returns None if they decline."""


class Into(NamedTuple):
    """Destination of a restore.

    Attributes:
        into_project: ID of the project to restore into; None for the original one.
        into_import: ID of the import that gets the files, without their imports; None for the
            original imports.
    """

    into_project: int | None = None
    into_import: int | None = None


IN_PLACE: Final = Into()
"""Original project and imports."""


def backup_contents(backup: Backup) -> BackupContents:
    """Return the contents of a backup, as input of a restore."""
    source = (backup.project, backup.run_id, backup.others)
    return services.BackupContents(
        backup.project.id, backup.imports, backup.files, backup.parents, *source
    )


def _earlier(records: RunStore, backup: Backup, into: Into, now: datetime) -> dict[str, Any]:
    """Return the records of earlier jobs, as input of a restore. Blocks."""
    run_id = backup.run_id
    notes, replacements = records.notes(run_id), records.replacements(run_id)
    before = notes.before(services.restore.noted_place(into.into_project, backup.project.id))
    if into.into_project in replacements:
        before = frozenset()  # whatever is in a project that a restore has made came after it
    return {
        "deleting": records.late_deletes(backup.account, now),
        "done": records.restored(run_id),
        "notes": notes,
        "before": before,
        "posts": notes.open_posts(),
        "replacements": replacements,
    }


async def _preview(
    records: RunStore,
    neptun: Neptun,
    session: Session,
    backup: Backup,
    wanted: Collection[ResourceRef] | None,
    into: Into,
    now: datetime,
) -> RestoreReport:
    earlier = await asyncio.to_thread(_earlier, records, backup, into, now)
    run = services.restore.RestoreRun(
        session, backup_contents(backup), wanted, **earlier, **into._asdict()
    )
    return await run.preview(neptun)


class AccountSession:
    """Session of one account: sends its requests and starts its jobs."""

    def __init__(
        self,
        link: ClientThread,
        sign_in: SignIn,
        signed_in: SignedIn,
        renew: Renew,
        *,
        records: RunStore | None = None,
        read_only: bool = False,
        in_flight: int = MOST_IN_FLIGHT,
        keep_context: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        outage_seconds: float = 0,
        startup: Startup | None = None,
    ) -> None:
        """Initialise without sending a request.

        Args:
            link: thread of the requests.
            sign_in: deletes a session that has ended.
            signed_in: the account's session.
            renew: asks the user to sign in again.
            records: journal and backups; None keeps neither.
            read_only: whether changes at Neptun are refused.
            in_flight: maximum number of concurrent requests of a job.
            keep_context: whether a job leaves the stored context unchanged.
            now: returns the current time, in UTC.
            sleep: waits the seconds between two checks of unknown results.
            outage_seconds: seconds that a job waits for an unreachable server.
            startup: the look-up that found the session; its list of projects is used once.
        """
        self.signed_in = signed_in
        self.records = records
        self.read_only = read_only
        self.keep_context = keep_context
        self.active: RunningDelete | None = None
        self.restoring: RunningRestore | None = None
        self._link = link
        self._sign_in = sign_in
        self._renew = renew
        self._in_flight = in_flight
        self._now = now
        self._sleep = sleep
        self._outage_seconds = outage_seconds
        self._startup = startup
        self._signed_in_again = asyncio.Event()
        self.closed = False
        self._renewal: asyncio.Future[bool] | None = None

    @property
    def account(self) -> Account:
        """Account of the session."""
        return self.signed_in.session.account

    async def ask(self, call: Call[T]) -> T:
        """Send a request; if the session has ended, renew it and retry.

        Raises:
            SessionExpired: the user did not sign in again.
            ServiceError: the request failed.
        """
        session = self.signed_in.session
        try:
            return await self._put(call, session)
        except SessionExpired:
            await self.renew(session)
        return await self._put(call, self.signed_in.session)

    async def projects(self, progress: Progress | None = None) -> tuple[Project, ...]:
        """List the projects; the first list may be on its way since the start.

        Raises:
            SessionExpired: the user did not sign in again.
            ServiceError: the request failed.
        """
        startup, self._startup = self._startup, None

        def load(neptun: Neptun, session: Session) -> Coroutine[Any, Any, tuple[Project, ...]]:
            return load_projects(neptun, session, progress)

        if startup is None or startup.projects is None:
            return await self.ask(load)
        startup.progress = progress
        session = self.signed_in.session
        try:
            return await asyncio.wrap_future(startup.projects)
        except SessionExpired:
            await self.renew(session)
        return await self._put(load, self.signed_in.session)

    async def _put(self, call: Call[T], session: Session) -> T:
        return await self._link.call(session.account.host, lambda neptun: call(neptun, session))

    async def renew(self, ended: Session) -> None:
        """Delete a session that has ended, and ask the user to sign in again.

        Args:
            ended: the rejected session. All callers share one sign-in, also those that call
                during it or after it, so the user is asked only once.

        Raises:
            SessionExpired: the user did not sign in again as the same account.
        """
        if self.signed_in.session is not ended:
            return
        if self._renewal is None:
            self._renewal = asyncio.ensure_future(self._renew_once(ended))
            self._renewal.add_done_callback(lambda _: setattr(self, "_renewal", None))
        if not await asyncio.shield(self._renewal):
            raise SessionExpired("Your session has ended. Sign in again to go on.")

    async def _renew_once(self, ended: Session) -> bool:
        await self._sign_in.forget(ended)
        renewed = None if self.closed else await self._renew(ended.account)
        if renewed is not None:
            self.signed_in = renewed
            self._signed_in_again.set()
        return renewed is not None

    def _renewal_for_runs(self) -> Renewal | None:
        """Return a callback for jobs on the client thread to ask the user on this event loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None

        async def renew(ended: Session) -> Session | None:
            asked = asyncio.run_coroutine_threadsafe(self._renew_for_run(ended), loop)
            return await asyncio.wrap_future(asked)

        return renew

    async def _renew_for_run(self, ended: Session) -> Session | None:
        try:
            await self.renew(ended)
        except SessionExpired:
            return None
        return self.signed_in.session

    async def keep(self, plan: DeletionPlan, listing: Listing, backup: bool) -> PreparedRun | None:
        """Write the backup, which precedes every deletion.

        Returns:
            The run to start; None without a journal.

        Raises:
            StorageError: no backup exists, so deleting needs another confirmation.
        """
        return await self.records.keep(plan, listing, backup=backup) if self.records else None

    async def drop(self, kept: PreparedRun | None) -> None:
        """Remove the backup of a run that will not start."""
        if self.records and kept:
            await self.records.drop(kept)

    async def remove_backup(self, run_id: str) -> None:
        """Remove the backup of a past run permanently.

        Raises:
            ReadOnly: read-only mode; the backup may be the last copy of the deleted items.
            StorageError: it could not be removed.
        """
        if self.read_only:
            raise ReadOnly(services.messages.READ_ONLY_BACKUP)
        if self.records:
            await self.records.purge(run_id)

    def _require_changes(self, refusal: str) -> None:
        """Check that this account session may change something at Neptun.

        Args:
            refusal: sentence of the error in read-only mode.

        Raises:
            ReadOnly: read-only mode.
            RunUnderWay: this account session is closed.
        """
        if self.closed:
            raise RunUnderWay(_LEFT)
        if self.read_only:
            raise ReadOnly(refusal)

    def forbid(self) -> None:
        """Switch to read-only mode: stop running jobs and refuse new ones."""
        self.read_only = True
        self.stop()

    async def prune(self) -> str:
        """Remove expired backups, at the first call after the start.

        A restore and an export never call it: it could remove the requested backup.

        Returns:
            A sentence with the removed backups; empty when none was removed.
        """
        removed = await self.records.prune() if self.records else ()
        if not removed:
            return ""
        noun = "backup" if len(removed) == 1 else "backups"
        named = safe_text.shortened(list(removed[:_NAMED]), len(removed), 200)
        return f"Removed {len(removed):,} {noun} past the time to keep: {named}."

    async def settle_interrupted(self) -> tuple[RecoveredRun, ...]:
        """Recover interrupted runs and runs with unknown results, with one check of each.

        Raises:
            ServiceError: the listing failed; the runs stay open.
        """
        settled = await self.ask(self._settle)
        self._correct(settled)
        return settled

    async def look_again(self, *, at_once: bool = True) -> AsyncIterator[tuple[RecoveredRun, ...]]:
        """Check unknown results after 10 s, 60 s, 5 and 15 minutes, until none is left.

        It never asks for a sign-in; after a sign-in it checks at once.

        Args:
            at_once: whether to check before the first wait.

        Yields:
            The recovered runs of each check; checks that failed yield nothing.
        """
        looks = services.recovery.LOOKS
        for wait in chain((0.0,) if at_once else (), looks, repeat(looks[-1])):
            if wait:
                await self._sleep_until_signed_in(wait)
            try:
                settled = await self._put(self._settle, self.signed_in.session)
            except ServiceError:
                continue
            self._correct(settled)
            yield settled
            if not await self.has_open_results(settled):
                return

    async def has_open_results(self, settled: Collection[RecoveredRun]) -> bool:
        """Tell whether results of this account are still open after a check.

        Args:
            settled: the runs of the check. A run that could not be checked is missing in it.
        """
        if self.records is None or any(each.open for each in settled):
            return bool(settled)
        checked = {each.run.run_id for each in settled}
        return any(
            run.account.is_same(self.account) and run.run_id not in checked
            for run in await self.records.open_runs()
        )

    async def _settle(self, neptun: Neptun, session: Session) -> tuple[RecoveredRun, ...]:
        if self.records is None:
            return ()
        return await services.recovery.settle_open_runs(
            neptun, session, self.records, self._now, renew=not self.read_only
        )

    def _correct(self, settled: Iterable[RecoveredRun]) -> None:
        """Amend the report of the last deletion with results that a later check has found."""
        active = self.active
        if active is None or not active.over or active.report.exception() is not None:
            return
        for each in settled:
            if active.run.run_id == each.run.run_id:
                active.amend(each.amended)

    async def _sleep_until_signed_in(self, seconds: float) -> None:
        waiting = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._signed_in_again.wait()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        self._signed_in_again.clear()

    def start(
        self, plan: DeletionPlan, kept: PreparedRun | None = None, listing: Listing | None = None
    ) -> RunningDelete:
        """Start the deletion of exactly the items of a confirmed plan; every deletion starts here.

        Args:
            plan: the confirmed plan.
            kept: result of :meth:`keep` for it.
            listing: listing that confirmed it, to report items that disappeared without being
                planned.

        Raises:
            ReadOnly: read-only mode.
            RunUnderWay: another deletion is running, or this account session is closed.
        """
        self._require_changes(services.messages.READ_ONLY_DELETE)
        if self.busy:
            raise RunUnderWay("Another deletion is under way.")
        session = self.signed_in.session
        run = services.DeletionRun(
            session,
            plan,
            records=self.records,
            kept=kept,
            bystanders=plan.unplanned(listing.files) if listing else (),
            in_flight=self._in_flight,
            listing=listing,
            keep_context=self.keep_context,
            now=self._now,
            renew=self._renewal_for_runs(),
            outage_seconds=self._outage_seconds,
        )
        self.active = services.RunningDelete(run, self._link.start(session.account.host, run.run))
        return self.active

    async def check_context(
        self, project: Project, listing: Listing
    ) -> tuple[Project, Difference | None]:
        """Compare the stored context of a project with its listing.

        Returns:
            The project, fetched again if its context seemed out of date, and the difference.

        Raises:
            ServiceError: a request failed.
        """
        return await self.ask(
            lambda neptun, session: services.stored_context.check_known_project(
                neptun, session, project, listing
            )
        )

    async def renew_context(self, project: Project) -> ContextResult:
        """Renew the stored context of a project and verify it.

        It is journaled for each run whose deleted items the context may still have contained.

        Raises:
            ReadOnly: read-only mode.
            RunUnderWay: a deletion is running, or this account session is closed.
            SessionExpired: the user did not sign in again.
        """
        self._require_renewal()
        owed: tuple[str, ...] = ()
        if self.records:
            owed = await self.records.awaiting_renewal(self.account, project.id)
            try:
                await self.records.note_context(owed, project.id)
            except StorageError as error:
                from neptun_tui.domain.stored_context import ContextResult, ContextState

                return ContextResult(ContextState.UNKNOWN, reason=str(error))

        def renew(neptun: Neptun, session: Session) -> Coroutine[Any, Any, ContextResult]:
            self._require_renewal()  # a sign-in may have taken minutes
            return services.stored_context.renew_stored_context(neptun, session, project.id)

        result = await self.ask(renew)
        # A remainder cannot be attributed to one of the runs.
        if self.records and result.nothing_left:
            with suppress(StorageError):
                await self.records.note_context(owed, project.id, result)
        return result

    def _require_renewal(self) -> None:
        """Check that a stored context may be renewed now."""
        self._require_changes(services.messages.READ_ONLY_CONTEXT)
        if self.busy:
            raise RunUnderWay("A deletion is under way. It renews the stored context at its end.")

    async def preview(
        self, backup: Backup, wanted: Collection[ResourceRef] | None = None, into: Into = IN_PLACE
    ) -> RestoreReport:
        """Predict the result of a restore for each item from a listing, without changing anything.

        Args:
            backup: the backup.
            wanted: refs of the items to restore; None for all.
            into: the destination.

        Raises:
            CannotPlan: the destination does not exist.
            SessionExpired: the user did not sign in again.
            StorageError: the log of earlier restores cannot be read.
        """
        return await self.ask(
            lambda neptun, session: _preview(
                self._kept, neptun, session, backup, wanted, into, self._now()
            )
        )

    @property
    def _kept(self) -> RunStore:
        if self.records is None:
            raise RuntimeError("nothing is restored without records")
        return self.records

    async def restore(
        self, backup: Backup, wanted: Collection[ResourceRef] | None = None, into: Into = IN_PLACE
    ) -> RunningRestore:
        """Start the restore of a backup; every restore starts here.

        Args:
            backup: the backup.
            wanted: refs of the items to restore; None for all.
            into: the destination.

        Raises:
            ReadOnly: read-only mode.
            RunUnderWay: another restore is running, or this account session is closed.
            StorageError: another process is restoring, or the backup is of another account.
        """
        self._require_restore(backup)
        records = self._kept
        life = records.hold(backup.run_id)
        try:
            earlier = await asyncio.to_thread(_earlier, records, backup, into, self._now())
            self._require_restore(backup)
            session = self.signed_in.session
            run = services.restore.RestoreRun(
                session,
                backup_contents(backup),
                wanted,
                **earlier,
                **into._asdict(),
                renew_context=not self.keep_context,
                in_flight=self._in_flight,
                renew=self._renewal_for_runs(),
                outage_seconds=self._outage_seconds,
            )
            self.restoring = services.restore.RunningRestore(
                run, self._link.start(session.account.host, run.run)
            )
        except BaseException:
            life.release()
            raise
        self.restoring.report.add_done_callback(lambda _: life.release())
        return self.restoring

    def _require_restore(self, backup: Backup) -> None:
        """Check that a restore may start now."""
        self._require_changes(services.messages.READ_ONLY_RESTORE)
        if self.restoring and not self.restoring.over:
            raise RunUnderWay("Another restore is under way.")
        if not backup.account.is_same(self.account):
            raise storage.BackupUnavailable(
                "This backup is of another account. Sign in there to restore it."
            )

    @property
    def busy(self) -> bool:
        """True while a deletion is running."""
        return self.active is not None and not self.active.over

    @property
    def jobs(self) -> tuple[RunningDelete | RunningRestore, ...]:
        """Running deletion and restore."""
        return tuple(job for job in (self.active, self.restoring) if job and not job.over)

    @property
    def working(self) -> bool:
        """True while a deletion or a restore is running."""
        return bool(self.jobs)

    def close(self) -> None:
        """Refuse new jobs and sign-ins: the app switches to another account."""
        self.closed = True

    def stop(self) -> None:
        """Stop the running deletion and restore after their requests in progress."""
        if self.active:
            self.active.run.stop()
        if self.restoring:
            self.restoring.run.stop()

    async def sign_out(self) -> tuple[str, ...]:
        """Delete the session from this machine, and sign out at the server.

        Returns:
            One sentence for each unavailable backend.
        """
        return await self._sign_in.sign_out(self.signed_in.session)
