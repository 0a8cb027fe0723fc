"""Backups of deleted items, contents included, one file for each run.

A log of restored items lies beside each backup. Listing the backups reads only their header
lines. No text from the server becomes part of a file name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import File, Import
from neptun_tui.storage.backup_format import (
    VERSION,
    Backup,
    BackupInfo,
    BackupUnavailable,
    Header,
    ParentLine,
    boot_id,
    item_lines,
    open_backup,
    read_header,
    read_items,
    select_items,
    uptime,
    wrap_os_errors,
)
from neptun_tui.storage.files import (
    PARTIAL,
    make_private_folder,
    private_stream,
    reason,
    sync_folder,
)
from neptun_tui.storage.journal import PATTERN, time_of
from neptun_tui.storage.jsonl import encode
from neptun_tui.storage.locks import RunLock, take
from neptun_tui.storage.restore_log import RestoreLog, resolve_ids

__all__ = ["Backup", "BackupInfo", "BackupUnavailable", "Backups"]

_COPY: Final = ".jsonl"
_RESTORED: Final = ".restored.jsonl"
_LOCK: Final = "restoring.lock"
_NAME = re.compile(rf"\.?(?P<run>{PATTERN})\..+", re.ASCII)
_NONE: Final[Mapping[str, bool]] = {}

_WRITTEN_BY_NOW: Final = timedelta(hours=1)
"""Age after which a file without a backup or a run must be left from a process that died."""


class Backups:
    """Backups in one folder (0700, its files 0600).

    Every method may block: call it on a thread that may wait.

    Args:
        folder: their folder; created by the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: tuple[str, ...] = ()
        """One sentence for each backup that the last call could not read or remove, and skipped."""

    def write(self, run_id: str, plan: DeletionPlan, listing: Listing) -> Path:
        """Write all items that a plan will delete. Afterwards the backup is complete, or absent.

        Args:
            run_id: ID of the run to come (:func:`~neptun_tui.storage.journal.new_run_id`).
            plan: the items to delete.
            listing: source of the items and their contents. Every file of an import in the plan
                is written, even if the plan does not name it: the cascade deletes it.

        Returns:
            The backup's file.

        Raises:
            BackupUnavailable: it could not be written, or an item of the plan is not listed.
        """
        path = self._path(run_id)
        imports, files, parents = select_items(plan, listing)
        sizes = (len(imports), len(files))
        project = replace(listing.project, stored_context=None)
        numbers = {file.project_id for file in files}
        found = listing.elsewhere.projects if listing.elsewhere else ()
        others = tuple(replace(p, stored_context=None) for p in found if p.id in numbers)
        made_at = datetime.now(UTC)
        header = Header(VERSION, made_at, *sizes, plan.account, project, boot_id(), others)
        with wrap_os_errors(path, "written"), private_stream(path) as stream:
            stream.write(encode(header))
            stream.writelines(item_lines(imports, files, parents))
        return path

    def infos(self) -> tuple[BackupInfo, ...]:
        """Return a summary of each backup, newest first, without reading the contents.

        A backup with an unreadable header line is left out and reported in ``problems``.
        """
        self.problems = ()
        whole = (run_id for run_id, is_there in self._runs().items() if is_there)
        found = [info for run_id in whole if (info := self.info(run_id))]
        return tuple(sorted(found, key=lambda info: (info.at, info.run_id), reverse=True))

    def read(self, run_id: str) -> Backup:
        """Read a complete backup.

        Returns:
            The backup. Damaged lines are left out and counted: the server no longer has any of
            these items, so a partial backup is better than none.

        Raises:
            BackupUnavailable: it does not exist, cannot be read, or has another format version.
        """
        path = self._path(run_id)
        with wrap_os_errors(path, "read"), open_backup(path) as lines:
            header = read_header(path, lines)
            found = list(read_items(lines))
        items = [line.item for line in found if not isinstance(line, ParentLine)]
        parents = tuple(line.item for line in found if isinstance(line, ParentLine))
        imports = tuple(item for item in items if isinstance(item, Import))
        files = tuple(item for item in items if isinstance(item, File))
        lost = max(0, header.imports + header.files - len(items))
        whose = (run_id, header.at, header.account, header.project)
        return Backup(*whose, imports, files, lost, parents, header.others)

    def purge(self, run_id: str) -> None:
        """Remove a backup, its restore log, and partial files that a crash left.

        Raises:
            BackupUnavailable: it cannot be removed, or another process uses the backups now.
        """
        life = self.hold()
        try:
            self.discard(run_id)
        finally:
            life.release()

    def hold(self) -> RunLock:
        """Take the lock against other restores and removals.

        Two restores at once would not see each other's log, and could make duplicates.

        Raises:
            BackupUnavailable: another process holds the lock.
        """
        path = self._folder / _LOCK
        with wrap_os_errors(path, "written"):
            make_private_folder(self._folder)
            life = take(path)
        if life is None:
            raise BackupUnavailable(
                "Another window of this program is restoring. Wait for its end."
            )
        return life

    def discard(self, run_id: str) -> None:
        """Remove a backup that no other process can have begun to use.

        Raises:
            BackupUnavailable: it cannot be removed.
        """
        path = self._path(run_id)
        with wrap_os_errors(path, "removed"):
            unfinished = self._folder.glob(f".{run_id}.*{PARTIAL}")
            for each in (path, self.notes(run_id).path, *unfinished):
                each.unlink(missing_ok=True)
            if self._folder.exists():
                sync_folder(self._folder)

    def older_than(self, days: int, now: datetime) -> tuple[str, ...]:
        """Return the runs with a file here that began so long ago, by the time in their names.

        The journal need not be read to prune when there is none.
        """
        least = now - timedelta(days=days)
        return tuple(run_id for run_id in self._runs() if (time_of(run_id) or now) <= least)

    def prune(
        self,
        older_than_days: int,
        now: datetime,
        runs: Mapping[str, bool] = _NONE,
        newest: datetime | None = None,
    ) -> tuple[str, ...]:
        """Remove the backups of runs that began long ago, by the time in their names.

        A wrong clock alone removes nothing: the newest entry of the journal and the modification
        time of the backup must agree that it is old. The backup of the last run always stays.
        None of this applies with 0 days, which asks for removal at the next start.

        Args:
            older_than_days: minimum age of a backup to remove; 0 removes all made until now.
            now: current time, with a time zone.
            runs: for each run in the journal, oldest first, whether it has ended.
            newest: time of the last entry in the journal; None removes no complete backup.

        Returns:
            The runs whose backups were removed. Failures are reported in ``problems``.
        """
        self.problems = ()
        keep = timedelta(days=older_than_days)
        found = self._runs()
        whole = [run_id for run_id, is_there in found.items() if is_there]
        spared = {max(whole, default=""), next(reversed([*runs]), "")} if keep else set()
        due = {}
        for run_id, is_whole in found.items():
            clocks, ended = [now], True if not is_whole else runs.get(run_id)
            if is_whole and keep:
                clocks += [self._written(run_id, now), newest or time_of(run_id) or now]
            least = keep if is_whole else _WRITTEN_BY_NOW
            if run_id not in spared and self._is_expired(run_id, least, clocks, ended):
                due[run_id] = is_whole
        return self._try_to_remove(due) if due else ()

    def _written(self, run_id: str, now: datetime) -> datetime:
        """Return ``now`` if a backup's file is as old as its name says, else an earlier time.

        A file younger than its name was copied, or written with another clock.
        """
        try:
            written = datetime.fromtimestamp(self._path(run_id).stat().st_mtime, UTC)
        except (OSError, OverflowError, ValueError):
            return now  # then removing it fails too, and that is reported
        began = time_of(run_id) or now
        return now - max(timedelta(), written - began)

    def _is_expired(
        self, run_id: str, keep: timedelta, clocks: Iterable[datetime], ended: bool | None
    ) -> bool:
        """Tell whether the backup of a run is old enough to be removed.

        A backup made since the machine started is never older than the uptime, whatever the clock
        shows.

        Args:
            run_id: the run; its ID holds the time at which it began.
            keep: time to keep its backup.
            clocks: times not later than now, each with a time zone: the clock, and times recorded
                earlier. A backup is old only if all of them agree.
            ended: whether the run has ended; None when it is not in the journal and may be about
                to begin. The results of a run without an end are not known, so its backup stays.
        """
        least = keep if ended else max(keep, _WRITTEN_BY_NOW)
        began = time_of(run_id)
        if ended is False or began is None or began > min(clocks) - least:
            return False
        header = self._header(run_id)
        made_in = header.boot if header else ""
        return not (made_in and made_in == boot_id() and uptime() < keep)

    def notes(self, run_id: str) -> RestoreLog:
        """Return the restore log of a backup.

        Raises:
            BackupUnavailable: that is not the ID of a run.
        """
        return RestoreLog(self._path(run_id).with_suffix(_RESTORED))

    def projects(self, run_id: str) -> tuple[int, ...]:
        """Return the projects that were created in place of a backup's own, newest first.

        Raises:
            BackupUnavailable: a restore log exists and cannot be read.
        """
        akin = {run_id, *self._akin(run_id, same_project=True)}
        found = {number for each in akin for number in self.notes(each).projects()}
        return tuple(sorted(found, reverse=True))

    def restored(self, run_id: str) -> dict[ResourceRef, int]:
        """Return the restored items of a backup's project, with their current IDs.

        The restore logs of the project's other backups count too: an item that one run left and
        another deleted is in both backups. An unreadable line is left out and reported in
        ``problems``.

        Raises:
            BackupUnavailable: a restore log exists and cannot be read.
        """
        self.problems = ()
        return resolve_ids([self._noted(each) for each in {run_id, *self._akin(run_id)}])

    def _noted(self, run_id: str) -> dict[ResourceRef, int]:
        notes = self.notes(run_id)
        found = notes.restored()
        self.problems += notes.problems
        return found

    def _akin(self, run_id: str, *, same_project: bool = False) -> Iterator[str]:
        """Yield the runs with a restore log whose backups share a project with this one.

        Args:
            run_id: the run.
            same_project: only runs of the same project.
        """
        header = self._header(run_id)
        for other in self._runs() if header else ():
            its = self._header(other) if self.notes(other).path.exists() else None
            if not (header and its):
                continue
            if its.place == header.place or (not same_project and its.places & header.places):
                yield other

    def _path(self, run_id: str) -> Path:
        if time_of(run_id) is None:
            raise BackupUnavailable("That is not the ID of a run.")
        return self._folder / f"{run_id}{_COPY}"

    def _runs(self) -> dict[str, bool]:
        """Return all runs with a file in the folder, and whether the backup itself exists."""
        try:
            names = {path.name for path in self._folder.iterdir()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            why = reason(error)
            self.problems += (f"The backups in {self._folder} cannot be listed: {why}.",)
            return {}
        runs = {found["run"] for name in names if (found := _NAME.fullmatch(name))}
        return {run_id: f"{run_id}{_COPY}" in names for run_id in runs if time_of(run_id)}

    def info(self, run_id: str) -> BackupInfo | None:
        """Return the summary of one backup; None if it cannot be read."""
        path = self._path(run_id)
        try:
            with wrap_os_errors(path, "read"), open_backup(path) as file:
                size = os.fstat(file.fileno()).st_size
                header = read_header(path, file)
        except BackupUnavailable as error:
            self.problems += (str(error),)
            return None
        restored = 0
        try:
            restored = len(self._noted(run_id))
        except BackupUnavailable as error:
            self.problems += (str(error),)
        counts = (header.imports, header.files)
        place = (header.project, header.account)
        return BackupInfo(run_id, path, header.at, size, *counts, *place, restored)

    def _header(self, run_id: str) -> Header | None:
        path = self._path(run_id)
        with suppress(BackupUnavailable), wrap_os_errors(path, "read"), open_backup(path) as file:
            return read_header(path, file)
        return None

    def _try_to_remove(self, runs: Mapping[str, bool]) -> tuple[str, ...]:
        """Remove the files of some runs; return the runs with a complete backup."""
        removed = []
        try:
            life = self.hold()
        except BackupUnavailable as error:
            self.problems += (str(error),)
            return ()
        for run_id, whole in sorted(runs.items()):
            try:
                self.discard(run_id)
                removed += [run_id] if whole else []
            except BackupUnavailable as error:
                self.problems += (str(error),)
        life.release()
        return tuple(removed)
