"""Store of runs: the journal, backups and restore log, behind one interface.

Everything here waits for the disk, so it is done on threads that may wait.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from neptun_tui import storage
from neptun_tui.storage.run_ids import new_run_id, time_of

if TYPE_CHECKING:
    from neptun_tui.domain.account import Account
    from neptun_tui.domain.listing import Listing
    from neptun_tui.domain.plan import DeletionPlan, ResourceRef
    from neptun_tui.domain.stored_context import ContextResult
    from neptun_tui.storage.backup_format import Backup, BackupInfo
    from neptun_tui.storage.backups import Backups
    from neptun_tui.storage.journal import Journal, RunLog
    from neptun_tui.storage.journal_format import RunRecord
    from neptun_tui.storage.locks import RunLock
    from neptun_tui.storage.restore_log import RestoreLog


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that has got its ID and, unless none was wanted, its local copy."""

    run_id: str
    copy: Path | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run as the journal tells it, with the copy that is still there, if one is."""

    record: RunRecord
    copy: BackupInfo | None


class RunStore:
    """The journal and the copies of one user on this machine.

    Args:
        folder: of the journal.
        copies_folder: of the copies.
        keep_days: how long copies are kept; 0 removes them at the next start.
        promise: says where and for how long, in the place of the usual words.
    """

    def __init__(
        self, folder: Path, copies_folder: Path, *, keep_days: int = 30, promise: str = ""
    ) -> None:
        self.promise = promise or _promise(copies_folder, keep_days)
        self._keep_days = keep_days
        self._pruned = False
        self._folder, self._copies_folder = folder, copies_folder

    @cached_property
    def _journal(self) -> Journal:
        return storage.Journal(self._folder)

    @cached_property
    def _copies(self) -> Backups:
        return storage.Backups(self._copies_folder)

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences about what could not be read, when something was read last."""
        return (*self._journal.problems, *self._copies.problems)

    async def keep(self, plan: DeletionPlan, listing: Listing, *, copy: bool = True) -> PreparedRun:
        """Make the local copy of what a plan will destroy, content included.

        When the wait for it is given up, it is removed as soon as it has been written.

        Args:
            plan: what will be deleted.
            listing: where its contents are; the one that has confirmed the plan.
            copy: False for those who delete because nothing may remain.

        Raises:
            CopyUnavailable: it could not be written; nothing may be deleted without asking again.
        """
        run_id = new_run_id()
        if not copy:
            return PreparedRun(run_id, None)
        writing = _Writing(self._copies, run_id)
        try:
            return PreparedRun(run_id, await asyncio.to_thread(writing.write, plan, listing))
        except asyncio.CancelledError:
            writing.give_up()
            raise

    async def drop(self, kept: PreparedRun) -> None:
        """Remove the copy of a run that is not to begin after all."""
        if kept.copy:
            await asyncio.to_thread(_discard, self._copies, kept.run_id)

    async def begin(
        self, plan: DeletionPlan, kept: PreparedRun, *, keep_context: bool = False
    ) -> RunLog:
        """Write the plan down; before that nothing may be sent.

        Raises:
            JournalUnavailable: it is not on disk.
        """
        return await asyncio.to_thread(
            self._journal.begin,
            plan,
            copy=kept.copy,
            run_id=kept.run_id,
            keep_context=keep_context,
        )

    async def runs(self) -> tuple[RunSummary, ...]:
        """All runs, the newest first, with what is left of their copies.

        A copy whose run the journal has lost is among them: it can be restored all the same.
        """
        records = await asyncio.to_thread(self._journal.runs)
        infos = {info.run_id: info for info in await asyncio.to_thread(self._copies.infos)}
        past = [RunSummary(record, infos.pop(record.run_id, None)) for record in records]
        if infos:
            past += [RunSummary(_unjournaled(info), info) for info in infos.values()]
            past.sort(key=lambda each: each.record.at, reverse=True)
        return tuple(past)

    async def open_runs(self) -> tuple[RunRecord, ...]:
        """The runs whose program ended before they did, or that have open results."""
        return await asyncio.to_thread(self._journal.open_runs)

    def late_deletes(self, account: Account, now: datetime) -> dict[ResourceRef, float]:
        """Return the items whose deletion may still be carried out. Blocks.

        Args:
            account: whose items.
            now: the time, in UTC.

        Returns:
            For each, how many seconds ago the last byte of its request had left.
        """
        found: dict[ResourceRef, float] = {}
        for run in self._journal.runs():
            if run.ended or not run.account.is_same(account):
                continue
            sent_by = self._journal.sent_by(run.run_id) or now
            for item in run.unsettled:
                if item.may_be_deleted_late:
                    age = max(0.0, (now - (item.sent_at or sent_by)).total_seconds())
                    found[item.key] = min(age, found.get(item.key, age))
        return found

    async def awaiting_renewal(self, account: Account, project_id: int) -> tuple[str, ...]:
        """Return the runs after which the stored context of a project may hold what they deleted.

        A run that another window is at work on is not among them: it renews at its end.
        """

        def find() -> tuple[str, ...]:
            runs = self._journal.runs()
            mine = [run for run in runs if run.account.is_same(account)]
            owed = [run.run_id for run in mine if run.awaits_renewal_of(project_id)]
            return tuple(run_id for run_id in owed if not self._journal.is_alive(run_id))

        return await asyncio.to_thread(find)

    async def note_context(
        self, run_ids: Collection[str], project_id: int, result: ContextResult | None = None
    ) -> None:
        """Write down that a stored context is renewed on behalf of runs, or what became of it.

        Raises:
            JournalUnavailable: it is not on disk.
        """
        await asyncio.to_thread(self._journal.note_context, run_ids, project_id, result)

    async def sent_by(self, run: RunRecord) -> datetime | None:
        """Return when the last byte of a dead run had left; None when nobody knows."""
        return await asyncio.to_thread(self._journal.sent_by, run.run_id)

    async def adopt(self, run: RunRecord) -> RunLog | None:
        """Take such a run over; None when another instance has it.

        Raises:
            JournalUnavailable: it could not be taken over.
        """
        return await asyncio.to_thread(self._journal.adopt, run)

    async def copy(self, run_id: str) -> Backup:
        """Read a copy whole.

        Raises:
            CopyUnavailable: there is none, or it cannot be read.
        """
        return await asyncio.to_thread(self._copies.read, run_id)

    async def purge(self, run_id: str) -> None:
        """Destroy a copy.

        Raises:
            CopyUnavailable: it could not be removed, or is in use.
        """
        await asyncio.to_thread(self._purge, run_id)

    def _purge(self, run_id: str) -> None:
        self._spare_the_living(run_id)
        self._copies.purge(run_id)

    def _spare_the_living(self, run_id: str) -> None:
        if self._journal.is_alive(run_id):
            raise storage.BackupUnavailable("That deletion is still under way in another window.")

    async def prune(self) -> tuple[str, ...]:
        """Remove the backups that have been kept long enough, once a start; return their runs."""
        pruned, self._pruned = self._pruned, True
        return () if pruned else await asyncio.to_thread(self._prune)

    def _prune(self) -> tuple[str, ...]:
        try:
            runs, newest = self._journal.endings()
        except storage.JournalUnavailable:
            return ()
        return self._copies.prune(self._keep_days, datetime.now(UTC), runs, newest)

    def hold(self, run_id: str) -> RunLock:
        """Begin a restore of a copy; no other window restores or removes until it is released.

        Raises:
            CopyUnavailable: another window is doing that, or deletes what is in the copy.
        """
        self._spare_the_living(run_id)
        return self._copies.hold()

    def kept_until(self, run_id: str) -> datetime | None:
        """Until when a copy is kept at least; a start after that destroys it."""
        began = time_of(run_id)
        return began + timedelta(days=self._keep_days) if began else None

    def restored(self, run_id: str) -> dict[ResourceRef, int]:
        """What earlier restores have brought back of a copy's project, and its IDs now. Blocks."""
        return self._copies.restored(run_id)

    def notes(self, run_id: str) -> RestoreLog:
        """Return the notes of what was posted back of a backup; their methods block."""
        return self._copies.notes(run_id)

    def replacements(self, run_id: str) -> tuple[int, ...]:
        """Return the projects made in place of a backup's own, the newest first. Blocks."""
        return self._copies.projects(run_id)


class _Writing:
    """A copy on its way to the disk, in a thread that outlives whoever waits for it.

    The thread itself removes what is no longer wanted: as the program ends, threads are waited for,
    and the event loop does nothing more.
    """

    def __init__(self, copies: Backups, run_id: str) -> None:
        self._copies = copies
        self._run_id = run_id
        self._turn = Lock()
        self._written = False
        self._given_up = False

    def write(self, plan: DeletionPlan, listing: Listing) -> Path:
        """Write it, and remove it again if it has been given up meanwhile."""
        path = self._copies.write(self._run_id, plan, listing)
        with self._turn:
            self._written = True
            if self._given_up:
                _discard(self._copies, self._run_id)
        return path

    def give_up(self) -> None:
        """Have nothing of it remain."""
        with self._turn:
            self._given_up = True
            if self._written:
                _discard(self._copies, self._run_id)


def _discard(copies: Backups, run_id: str) -> None:
    with suppress(storage.BackupUnavailable):  # then it goes when it is too old
        copies.discard(run_id)


def _unjournaled(info: BackupInfo) -> RunRecord:
    """All that is known of a run of which there is only a copy."""
    return storage.RunRecord(
        info.run_id,
        info.at,
        info.account,
        info.project,
        (),
        ended=True,
        stopped=False,
        signed_out=False,
        copy=info.path,
        journaled=False,
    )


def _promise(folder: Path, days: int) -> str:
    place = str(folder)
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() fails where nobody knows it
    if place.startswith(f"{home}/"):
        place = f"~{place.removeprefix(home)}"
    how_long = f"for {days} days" if days else "until the next start"
    return f"A local copy is kept {how_long} in {place}"
