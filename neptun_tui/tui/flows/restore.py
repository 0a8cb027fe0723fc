"""Restore flow: restore a past deletion, or remove its backup. Both ask for confirmation."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from textual.screen import Screen

from neptun_tui.domain.errors import NeptunTuiError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.services import messages
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.messages import (
    Question,
    about_removing,
    about_restoring,
    not_restorable,
    nothing_to_restore,
)
from neptun_tui.services.restore import RunningRestore
from neptun_tui.services.restore_models import RestoreReport
from neptun_tui.services.run_store import RunStore, RunSummary
from neptun_tui.tui.dialogs.confirm import Confirmation, ConfirmScreen
from neptun_tui.tui.dialogs.job import JobScreen, ReportView, view_restore

Started = Callable[[RunningRestore], object]
"""Called with each restore as it starts, to follow it while no screen shows it."""


class RestoreFlow:
    """Restores of one account, one at a time. The account session owns them: no screen ends one.

    Args:
        screen: the bottom screen.
        account_session: the account.
        started: called with each restore.
    """

    def __init__(
        self, screen: Screen[Any], account_session: AccountSession, started: Started
    ) -> None:
        self.account_session = account_session
        self._screen = screen
        self._started = started

    @property
    def records(self) -> RunStore | None:
        """Journal and backups; None when nothing is kept."""
        return self.account_session.records

    @property
    def last(self) -> RunningRestore | None:
        """The running restore, or the last one."""
        return self.account_session.restoring

    def refusal(self, past: RunSummary) -> str:
        """Return why a run cannot be restored now; empty when it can."""
        if self.account_session.read_only:
            return messages.READ_ONLY_RESTORE
        if said := not_restorable(past, self.account_session.account):
            return said
        if self.account_session.busy:
            return "A deletion is under way. Restore when it is over."
        return ""

    async def restore(
        self, past: RunSummary, wanted: Collection[ResourceRef] | None = None
    ) -> bool:
        """Confirm, restore and report; repeat with items to retry.

        Args:
            past: the run.
            wanted: the refs to restore; None means the whole backup.

        Returns:
            Whether a restore was started.
        """
        before = self.last
        if before and not before.over:
            await self.watch()
        elif said := self.refusal(past):
            self._refuse(said)
        else:
            await self._try_to_restore(past.record.run_id, wanted)
        return self.last is not before

    async def _try_to_restore(self, run_id: str, wanted: Collection[ResourceRef] | None) -> None:
        try:
            await self._restore(run_id, wanted)
        except NeptunTuiError as error:
            self._refuse(str(error))

    async def _restore(self, run_id: str, wanted: Collection[ResourceRef] | None) -> None:
        records = self._records
        backup = await records.load_backup(run_id)
        while True:
            preview = await self.account_session.preview(backup, wanted)
            if preview.unlisted:
                raise preview.unlisted
            damaged = wanted is None and bool(backup.damaged)
            if not damaged and (said := nothing_to_restore(preview)):
                self._screen.app.notify(said, markup=False)
                return
            question = about_restoring(backup, preview)
            if question is None:
                self._refuse("The backup does not contain it.")
            if question is None or not await self._agreed(question):
                return
            active = await self.account_session.restore(backup, wanted)
            self._started(active)
            rest = await self._watched(active)
            if rest is None:
                return
            wanted = rest

    @property
    def _records(self) -> RunStore:
        if self.records is None:
            raise RuntimeError("nothing is kept, so there is nothing to restore or remove")
        return self.records

    async def _agreed(self, question: Question) -> bool:
        asked = ConfirmScreen(Confirmation(question, result=True))
        return await self._screen.app.push_screen_wait(asked) is not None

    async def _watched(self, active: RunningRestore) -> Collection[ResourceRef] | None:
        """Show a restore and its report; return the refs to retry, if any.

        Pushes at once, unlike ``push_screen_wait``: else a sign-in that the restore needs meanwhile
        would be placed below its report (Textual 8.2.8).
        """
        account, saved = self.account_session.account, active.run.saved
        name = saved.project.name if saved.project else ""

        def view(report: RestoreReport) -> ReportView[frozenset[ResourceRef]]:
            return view_restore(report, saved.project_id, name, account)

        screen = JobScreen(active, messages.place(saved.project_id, name, account), view)
        return await self._screen.app.push_screen(screen, wait_for_dismiss=True)

    async def watch(self) -> None:
        """Show the running restore or the last report; confirm again when it is retried."""
        if self.last is None:
            self._refuse("Nothing has been restored yet.")
            return
        active = self.last
        rest = await self._watched(active)
        if rest is not None:
            await self._try_to_restore(active.run.saved.run_id, rest)

    async def over(self, active: RunningRestore) -> RestoreReport | None:
        """Wait for a restore to end.

        Returns:
            Its report; None when it sent nothing.
        """
        try:
            return await active.finished()
        except NeptunTuiError as error:
            self._refuse(str(error))
            return None

    async def remove(self, past: RunSummary) -> bool:
        """Confirm, and remove the backup of a run permanently; return whether it was removed."""
        if self.account_session.read_only:
            self._refuse(messages.READ_ONLY_BACKUP)
            return False
        if self.account_session.working:
            self._refuse("Wait until what is under way is over: it may need the backup.")
            return False
        run_id = past.record.run_id
        # A restore may have ended since the list was read.
        past = await self._records.with_current_backup(past)
        if not await self._agreed(about_removing(past)):
            return False
        try:
            await self.account_session.remove_backup(run_id)
        except NeptunTuiError as error:
            self._refuse(str(error))
            return False
        self._screen.app.notify("The backup has been removed.", markup=False)
        return True

    def _refuse(self, said: str) -> None:
        self._screen.app.notify(said, severity="warning", markup=False)
