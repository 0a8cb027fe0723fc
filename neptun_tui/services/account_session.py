"""Session of one account with its server, renewed in place when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import chain, repeat
from typing import Any, Final, NamedTuple, TypeVar

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import (
    ReadOnly,
    RunUnderWay,
    ServiceError,
    SessionExpired,
    StorageError,
)
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, unplanned_files
from neptun_tui.domain.resources import Project
from neptun_tui.domain.stored_context import ContextResult, ContextState, Difference
from neptun_tui.services.auth import SignedIn, SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.job import Renewal
from neptun_tui.services.ports import Call, Neptun
from neptun_tui.services.recovery import LOOKS, RecoveredRun, settle_open_runs, utc_now
from neptun_tui.services.restore import RestoreRun
from neptun_tui.services.restore_models import BackupContents, RestoreReport
from neptun_tui.services.run_store import PreparedRun, RunStore
from neptun_tui.services.running_job import RunningDelete, RunningRestore
from neptun_tui.services.stored_context import check_known_project, renew_stored_context
from neptun_tui.storage.backup_format import Backup, BackupUnavailable

_NAMED = 6
"""Runs that are named; the rest are counted."""

_LEFT = "This account is no longer the one that is open."

T = TypeVar("T")

Renew = Callable[[Account], Awaitable[SignedIn | None]]
"""Asks a person to sign in again; None when they would not."""


class Into(NamedTuple):
    """Where a restore goes if not to where things were.

    Attributes:
        into_project: into this project.
        into_import: the files only, all of them below this import.
    """

    into_project: int | None = None
    into_import: int | None = None


IN_PLACE: Final = Into()
"""To where things were."""


def saved_in(copy: Backup) -> BackupContents:
    """Return what a backup holds, as a restore takes it."""
    where = (copy.project, copy.run_id, copy.others)
    return BackupContents(copy.project.id, copy.imports, copy.files, copy.parents, *where)


def _earlier(records: RunStore, copy: Backup, into: Into, now: datetime) -> dict[str, Any]:
    """Return what earlier jobs noted, as a restore takes it. Blocks."""
    run_id = copy.run_id
    notes = records.notes(run_id)
    return {
        "deleting": records.late_deletes(copy.account, now),
        "done": records.restored(run_id),
        "notes": notes,
        "before": notes.before(into.into_project or 0),
        "posts": notes.open_posts(),
        "replacements": records.replacements(run_id),
    }


async def _preview(
    records: RunStore,
    neptun: Neptun,
    session: Session,
    copy: Backup,
    wanted: Collection[ResourceRef] | None,
    into: Into,
    now: datetime,
) -> RestoreReport:
    earlier = await asyncio.to_thread(_earlier, records, copy, into, now)
    run = RestoreRun(session, saved_in(copy), wanted, **earlier, **into._asdict())
    return await run.preview(neptun)


class AccountSession:
    """Asks Neptun in the name of one account, and starts its runs."""

    def __init__(
        self,
        link: ClientThread,
        sign_in: SignIn,
        signed_in: SignedIn,
        renew: Renew,
        *,
        records: RunStore | None = None,
        read_only: bool = False,
        in_flight: int = 6,
        keep_context: bool = False,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        outage_seconds: float = 0,
    ) -> None:
        """Prepare a conversation.

        Args:
            link: reaches the server.
            sign_in: forgets a session that has ended.
            signed_in: who asks.
            renew: has a person sign in again.
            records: keeps the journal and the copies; None keeps nothing.
            read_only: whether nothing may be changed at Neptun.
            in_flight: requests of a run at the same time.
            keep_context: whether a deletion leaves the stored context as it is.
            now: the time, in UTC.
            sleep: waits the seconds between two looks at open results.
            outage_seconds: how long a run waits for a server that cannot be reached.
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
        self._signed_in_again = asyncio.Event()
        self.closed = False
        self._renewal: asyncio.Future[bool] | None = None

    @property
    def account(self) -> Account:
        """Who asks."""
        return self.signed_in.session.account

    async def ask(self, call: Call[T]) -> T:
        """Ask Neptun; when the session has ended, have it renewed and ask once more.

        Raises:
            SessionExpired: nobody signed in again.
            ServiceError: Neptun did not give what was asked for.
        """
        session = self.signed_in.session
        try:
            return await self._put(call, session)
        except SessionExpired:
            await self.renew(session)
        return await self._put(call, self.signed_in.session)

    async def _put(self, call: Call[T], session: Session) -> T:
        return await self._link.call(session.account.host, lambda neptun: call(neptun, session))

    async def renew(self, ended: Session) -> None:
        """Forget a session that has ended, and have a person sign in again as the same account.

        Args:
            ended: the session that the server turned away. Whoever asks while somebody is signing
                in, or after, shares the outcome: nobody is asked twice.

        Raises:
            SessionExpired: nobody signed in again.
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
        """How a run, which lives on the link's thread, has a person sign in again here."""
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

    async def keep(self, plan: DeletionPlan, listing: Listing, copy: bool) -> PreparedRun | None:
        """Make the local copy, which comes before every deletion.

        Returns:
            The run that may start; None when this conversation keeps no records.

        Raises:
            StorageError: there is no copy, so nothing may be deleted without asking again.
        """
        return await self.records.keep(plan, listing, copy=copy) if self.records else None

    async def drop(self, kept: PreparedRun | None) -> None:
        """Remove the local copy of a run that is not to start after all."""
        if self.records and kept:
            await self.records.drop(kept)

    async def remove_copy(self, run_id: str) -> None:
        """Remove the local copy of a past run, for ever.

        Raises:
            ReadOnly: it may be all that is left of what was deleted, and nothing may be destroyed.
            StorageError: it could not be removed.
        """
        if self.read_only:
            raise ReadOnly("Read-only: no copy can be removed.")
        if self.records:
            await self.records.purge(run_id)

    def forbid(self) -> None:
        """Let nothing be changed any more: what is under way is stopped, and nothing starts."""
        self.read_only = True
        self.stop()

    async def prune(self) -> str:
        """Remove backups that have been kept long enough, at the first call of a start.

        A restore and an export never call it: they would remove what they were asked for.

        Returns:
            A sentence that names them; empty when none was removed.
        """
        removed = await self.records.prune() if self.records else ()
        if not removed:
            return ""
        noun = "backup" if len(removed) == 1 else "backups"
        named = safe_text.shortened(list(removed[:_NAMED]), len(removed), 200)
        return f"Removed {len(removed):,} {noun} past the time to keep: {named}."

    async def settle_interrupted(self) -> tuple[RecoveredRun, ...]:
        """Look at every run with open results once, and at those that were interrupted.

        Raises:
            ServiceError: the listing could not be had; the runs stay open.
        """
        settled = await self.ask(self._settle)
        self._correct(settled)
        return settled

    async def look_again(self, *, at_once: bool = True) -> AsyncIterator[tuple[RecoveredRun, ...]]:
        """Look at open results after 10 s, 60 s, 5 and 15 minutes, until none is open.

        Nobody is asked to sign in for it; after a sign-in it looks at once.

        Args:
            at_once: whether the first look comes before the first wait.

        Yields:
            What each look has found out; nothing of a look that was not possible.
        """
        for wait in chain((0.0,) if at_once else (), LOOKS, repeat(LOOKS[-1])):
            if wait:
                await self._sleep_until_signed_in(wait)
            try:
                settled = await self._put(self._settle, self.signed_in.session)
            except ServiceError:
                continue
            self._correct(settled)
            yield settled
            if not any(each.open for each in settled):
                return

    async def _settle(self, neptun: Neptun, session: Session) -> tuple[RecoveredRun, ...]:
        if self.records is None:
            return ()
        return await settle_open_runs(
            neptun, session, self.records, self._now, renew=not self.read_only
        )

    def _correct(self, settled: Iterable[RecoveredRun]) -> None:
        """Amend the report of the last deletion with what a later look has found out."""
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
        """Start deleting exactly what a confirmed plan names. The one gate for every deletion.

        Args:
            plan: what was confirmed.
            kept: what :meth:`keep` gave for it.
            listing: what has confirmed it; what is gone afterwards without being planned is told.

        Raises:
            ReadOnly: nothing may be deleted in this start of the program.
            RunUnderWay: another run has not ended, or the account has been left.
        """
        if self.closed:
            raise RunUnderWay(_LEFT)
        if self.busy:
            raise RunUnderWay("Another deletion is under way.")
        if self.read_only:
            raise ReadOnly("Read-only: nothing can be deleted.")
        session = self.signed_in.session
        run = DeletionRun(
            session,
            plan,
            records=self.records,
            kept=kept,
            bystanders=unplanned_files(plan, listing.files) if listing else (),
            in_flight=self._in_flight,
            listing=listing,
            keep_context=self.keep_context,
            now=self._now,
            renew=self._renewal_for_runs(),
            outage_seconds=self._outage_seconds,
        )
        self.active = RunningDelete(run, self._link.start(session.account.host, run.run))
        return self.active

    async def check_context(
        self, project: Project, listing: Listing
    ) -> tuple[Project, Difference | None]:
        """Compare what is stored with a project with what is listed.

        Returns:
            The project, fetched again if it seemed out of date, and the difference.

        Raises:
            ServiceError: that could not be found out.
        """
        return await self.ask(
            lambda neptun, session: check_known_project(neptun, session, project, listing)
        )

    async def renew_context(self, project: Project) -> ContextResult:
        """Renew the stored context of a project and verify it.

        The journal has it under each run whose deleted items it may still have held.

        Raises:
            ReadOnly: nothing may be changed in this start of the program.
            RunUnderWay: a deletion is under way, which renews it at its end.
            SessionExpired: nobody signed in again.
        """
        if self.closed:
            raise RunUnderWay(_LEFT)
        if self.read_only:
            raise ReadOnly("Read-only: the stored context cannot be renewed.")
        if self.busy:
            raise RunUnderWay("A deletion is under way. It renews the stored context at its end.")
        owed: tuple[str, ...] = ()
        if self.records:
            owed = await self.records.awaiting_renewal(self.account, project.id)
            try:
                await self.records.note_context(owed, project.id)
            except StorageError as error:
                return ContextResult(ContextState.UNKNOWN, reason=str(error))
        result = await self.ask(
            lambda neptun, session: renew_stored_context(neptun, session, project.id)
        )
        # What is left of one run this cannot tell from what is left of another.
        if self.records and result.nothing_left:
            with suppress(StorageError):
                await self.records.note_context(owed, project.id, result)
        return result

    async def preview(
        self, copy: Backup, wanted: Collection[ResourceRef] | None = None, into: Into = IN_PLACE
    ) -> RestoreReport:
        """List what is there, and tell what a restore would do of each item. Nothing is sent.

        Args:
            copy: what was deleted.
            wanted: the keys to restore; None means all of it.
            into: where to, if not to where it was.

        Raises:
            CannotPlan: the place to restore into is not there.
            SessionExpired: nobody signed in again.
            StorageError: what earlier restores noted cannot be read.
        """
        return await self.ask(
            lambda neptun, session: _preview(
                self._kept, neptun, session, copy, wanted, into, self._now()
            )
        )

    @property
    def _kept(self) -> RunStore:
        if self.records is None:
            raise RuntimeError("nothing is restored without records")
        return self.records

    async def restore(
        self, copy: Backup, wanted: Collection[ResourceRef] | None = None, into: Into = IN_PLACE
    ) -> RunningRestore:
        """Start posting a local copy back; the gate of read-only stands here, too.

        Args:
            copy: what was deleted.
            wanted: the keys to restore; None means all of it.
            into: where to, if not to where it was.

        Raises:
            ReadOnly: nothing may be changed in this start of the program.
            RunUnderWay: another restore has not ended, or the account has been left.
            StorageError: another window restores, or the copy is of another account.
        """
        self._let_restore(copy)
        records = self._kept
        life = records.hold(copy.run_id)
        try:
            earlier = await asyncio.to_thread(_earlier, records, copy, into, self._now())
            self._let_restore(copy)
            session = self.signed_in.session
            run = RestoreRun(
                session,
                saved_in(copy),
                wanted,
                **earlier,
                **into._asdict(),
                renew_context=not self.keep_context,
                in_flight=self._in_flight,
                renew=self._renewal_for_runs(),
                outage_seconds=self._outage_seconds,
            )
            self.restoring = RunningRestore(run, self._link.start(session.account.host, run.run))
        except BaseException:
            life.release()
            raise
        self.restoring.report.add_done_callback(lambda _: life.release())
        return self.restoring

    def _let_restore(self, copy: Backup) -> None:
        """The one gate for every restore."""
        if self.closed:
            raise RunUnderWay(_LEFT)
        if self.read_only:
            raise ReadOnly("Read-only: nothing can be restored.")
        if self.restoring and not self.restoring.over:
            raise RunUnderWay("Another restore is under way.")
        if not copy.account.is_same(self.account):
            raise BackupUnavailable("This copy is of another account. Sign in there to restore it.")

    @property
    def busy(self) -> bool:
        """Whether a deletion is under way."""
        return self.active is not None and not self.active.over

    @property
    def jobs(self) -> tuple[RunningDelete | RunningRestore, ...]:
        """The deletion and the restore that are under way."""
        return tuple(job for job in (self.active, self.restoring) if job and not job.over)

    @property
    def working(self) -> bool:
        """Whether a deletion or a restore is under way."""
        return bool(self.jobs)

    def close(self) -> None:
        """Start nothing more and ask nobody to sign in: this account is being left."""
        self.closed = True

    def stop(self) -> None:
        """Have the deletion and the restore under way, if there are any, send no more."""
        if self.active:
            self.active.run.stop()
        if self.restoring:
            self.restoring.run.stop()

    async def sign_out(self) -> tuple[str, ...]:
        """Forget the session on this machine, and tell the server.

        Returns:
            A sentence for each place that could not be asked.
        """
        return await self._sign_in.sign_out(self.signed_in.session)
