"""Store of runs: the journal, backups and restore log, behind one interface.

All operations wait for the disk, so the coroutines run them on threads.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from neptun_tui import storage
from neptun_tui.storage.journal import new_run_id, time_of

if TYPE_CHECKING:
    from neptun_tui.domain.account import Account
    from neptun_tui.domain.listing import Listing
    from neptun_tui.domain.plan import DeletionPlan, ResourceRef
    from neptun_tui.domain.stored_context import ContextResult
    from neptun_tui.storage.backup_format import Backup, BackupInfo
    from neptun_tui.storage.backups import Backups
    from neptun_tui.storage.journal import Journal, RunLog, RunRecord
    from neptun_tui.storage.locks import RunLock
    from neptun_tui.storage.restore_log import RestoreLog


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """Run with its ID and, unless it was declined, its backup."""

    run_id: str
    backup: Path | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Run of the history, with its backup if that still exists."""

    record: RunRecord
    backup: BackupInfo | None


class RunStore:
    """Journal and backups of one user on this machine.

    Args:
        folder: folder of the journal.
        backups_folder: folder of the backups.
        keep_days: days to keep backups; 0 removes them at the next start.
        promise: sentence about the place and lifetime of backups, instead of the default one.
    """

    def __init__(
        self, folder: Path, backups_folder: Path, *, keep_days: int = 30, promise: str = ""
    ) -> None:
        self.promise = promise or _promise(backups_folder, keep_days)
        self._keep_days = keep_days
        self._pruned = False
        self._folder, self._backups_folder = folder, backups_folder

    @cached_property
    def _journal(self) -> Journal:
        return storage.Journal(self._folder)

    @cached_property
    def _backups(self) -> Backups:
        return storage.Backups(self._backups_folder)

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence for each problem of the last read."""
        return (*self._journal.problems, *self._backups.problems)

    async def keep(
        self, plan: DeletionPlan, listing: Listing, *, backup: bool = True
    ) -> PreparedRun:
        """Write the backup of a plan, with the contents of its items.

        If the call is cancelled, the backup is removed as soon as it has been written.

        Args:
            plan: the items to delete.
            listing: listing that confirmed the plan, with the contents.
            backup: False to delete without a backup.

        Raises:
            BackupUnavailable: it could not be written; deleting needs another confirmation.
        """
        run_id = new_run_id()
        if not backup:
            return PreparedRun(run_id, None)
        writing = _Writing(self._backups, run_id)
        try:
            return PreparedRun(run_id, await asyncio.to_thread(writing.write, plan, listing))
        except asyncio.CancelledError:
            writing.give_up()
            raise

    async def drop(self, kept: PreparedRun) -> None:
        """Remove the backup of a run that will not start."""
        if kept.backup:
            await asyncio.to_thread(_discard, self._backups, kept.run_id)

    async def begin(
        self, plan: DeletionPlan, kept: PreparedRun, *, keep_context: bool = False
    ) -> RunLog:
        """Journal the plan; no request may be sent before this returns.

        Raises:
            JournalUnavailable: it is not on disk.
        """
        return await asyncio.to_thread(
            self._journal.begin,
            plan,
            backup=kept.backup,
            run_id=kept.run_id,
            keep_context=keep_context,
        )

    async def runs(self) -> tuple[RunSummary, ...]:
        """Return all runs, newest first, with their backups.

        A backup whose run is missing in the journal is included, because it can be restored.
        """
        records = await asyncio.to_thread(self._journal.runs)
        infos = {info.run_id: info for info in await asyncio.to_thread(self._backups.infos)}
        past = [RunSummary(record, infos.pop(record.run_id, None)) for record in records]
        if infos:
            past += [RunSummary(_unjournaled(info), info) for info in infos.values()]
            past.sort(key=lambda each: each.record.at, reverse=True)
        return tuple(past)

    async def with_current_backup(self, past: RunSummary) -> RunSummary:
        """Return a run with its backup as it is now, without reading the journal."""
        info = await asyncio.to_thread(self._backups.info, past.record.run_id)
        return replace(past, backup=info)

    async def open_runs(self) -> tuple[RunRecord, ...]:
        """Return the runs that were interrupted or have unknown results."""
        return await asyncio.to_thread(self._journal.open_runs)

    def late_deletes(self, account: Account, now: datetime) -> dict[ResourceRef, float]:
        """Return the items that the server may still delete. Blocks.

        Args:
            account: account of the items.
            now: current time, in UTC.

        Returns:
            For each item, the seconds since the last byte of its request was sent.
        """
        found: dict[ResourceRef, float] = {}
        for run in self._journal.open_runs(alive=True):
            if not run.account.is_same(account):
                continue
            sent_by = self._journal.sent_by(run.run_id) or now
            for item in run.unsettled:
                if item.may_be_deleted_late:
                    age = max(0.0, (now - (item.sent_at or sent_by)).total_seconds())
                    found[item.key] = min(age, found.get(item.key, age))
        return found

    async def awaiting_renewal(self, account: Account, project_id: int) -> tuple[str, ...]:
        """Return the runs whose deleted items the stored context of a project may still contain.

        A run that is alive in another process is left out: it renews the context at its end.
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
        """Journal for runs that a stored context will be renewed, or the result of that.

        Raises:
            JournalUnavailable: it is not on disk.
        """
        await asyncio.to_thread(self._journal.note_context, run_ids, project_id, result)

    async def sent_by(self, run: RunRecord) -> datetime | None:
        """Return the latest time at which a dead run sent its last byte; None when unknown."""
        return await asyncio.to_thread(self._journal.sent_by, run.run_id)

    async def take_over(self, run: RunRecord) -> RunLog | None:
        """Take over an open run; None when another process has it.

        Raises:
            JournalUnavailable: it could not be taken over.
        """
        return await asyncio.to_thread(self._journal.take_over, run)

    async def load_backup(self, run_id: str) -> Backup:
        """Read a complete backup.

        Raises:
            BackupUnavailable: it does not exist, or cannot be read.
        """
        return await asyncio.to_thread(self._backups.read, run_id)

    async def purge(self, run_id: str) -> None:
        """Remove a backup permanently.

        Raises:
            BackupUnavailable: it could not be removed, or is in use.
        """
        await asyncio.to_thread(self._purge, run_id)

    def _purge(self, run_id: str) -> None:
        self._spare_the_living(run_id)
        self._backups.purge(run_id)

    def _spare_the_living(self, run_id: str) -> None:
        if self._journal.is_alive(run_id):
            raise storage.BackupUnavailable("That deletion is still under way in another window.")

    async def prune(self) -> tuple[str, ...]:
        """Remove expired backups, once after each start; return their runs."""
        pruned, self._pruned = self._pruned, True
        return () if pruned else await asyncio.to_thread(self._prune)

    def _prune(self) -> tuple[str, ...]:
        now = datetime.now(UTC)
        old = self._backups.older_than(self._keep_days, now)
        if not old:
            return ()
        try:
            runs, newest = self._journal.finished_runs(old)
        except storage.JournalUnavailable:
            return ()
        return self._backups.prune(self._keep_days, now, runs, newest)

    def hold(self, run_id: str) -> RunLock:
        """Take the lock for a restore, against restores and removals by other processes.

        Raises:
            BackupUnavailable: another process holds the lock, or is running that deletion.
        """
        self._spare_the_living(run_id)
        return self._backups.hold()

    def kept_until(self, run_id: str) -> datetime | None:
        """Return the time until which a backup is kept; a later start removes it."""
        began = time_of(run_id)
        return began + timedelta(days=self._keep_days) if began else None

    def restored(self, run_id: str) -> dict[ResourceRef, int]:
        """Return the restored items of a backup's project, with their current IDs. Blocks."""
        return self._backups.restored(run_id)

    def notes(self, run_id: str) -> RestoreLog:
        """Return the restore log of a backup; its methods block."""
        return self._backups.notes(run_id)

    def replacements(self, run_id: str) -> tuple[int, ...]:
        """Return the projects created in place of a backup's own, newest first. Blocks."""
        return self._backups.projects(run_id)


class _Writing:
    """Writing of a backup on a thread, which continues after its caller was cancelled.

    The thread itself removes a cancelled backup: at the end of the program it is waited for, when
    the event loop has stopped.
    """

    def __init__(self, backups: Backups, run_id: str) -> None:
        self._backups = backups
        self._run_id = run_id
        self._turn = Lock()
        self._written = False
        self._given_up = False

    def write(self, plan: DeletionPlan, listing: Listing) -> Path:
        """Write the backup, and remove it if it was cancelled meanwhile."""
        path = self._backups.write(self._run_id, plan, listing)
        with self._turn:
            self._written = True
            if self._given_up:
                _discard(self._backups, self._run_id)
        return path

    def give_up(self) -> None:
        """Cancel the backup, and remove it if it is written already."""
        with self._turn:
            self._given_up = True
            if self._written:
                _discard(self._backups, self._run_id)


def _discard(backups: Backups, run_id: str) -> None:
    with suppress(storage.BackupUnavailable):  # pruning removes it later
        backups.discard(run_id)


def _unjournaled(info: BackupInfo) -> RunRecord:
    """Return the record of a run that is known only from its backup."""
    return storage.RunRecord(
        info.run_id,
        info.at,
        info.account,
        info.project,
        (),
        ended=True,
        stopped=False,
        signed_out=False,
        backup=info.path,
        journaled=False,
    )


def _promise(folder: Path, days: int) -> str:
    place = str(folder)
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises without a home folder
    if place.startswith(f"{home}/"):
        place = f"~{place.removeprefix(home)}"
    how_long = f"for {days} days" if days else "until the next start"
    return f"A backup is kept {how_long} in {place}"
