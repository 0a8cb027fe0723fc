"""Journal of deletions: plan, intents and results, each on disk before the next step.

A run writes its plan before anything is sent, an intent before each request, and results after it;
each line is on disk when the call returns. A request that cannot be journaled is not sent.

Each run without an end has a file of its own in the folder ``runs``, locked while the run is alive.
A start finds there which runs a crash left, and reads only their lines: a history of 20,000 ended
runs costs it nothing. The interrupted runs are resolved with a listing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.results import Outcome
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.storage.files import make_private_folder, reason, sync_name
from neptun_tui.storage.journal_format import (
    ContextLine,
    EndLine,
    IntentLine,
    ItemRecord,
    Line,
    PlanLine,
    RunEvents,
    RunRecord,
    VerdictsLine,
    parse_line,
    plan_line,
    replay,
    verdict_row,
)
from neptun_tui.storage.jsonl import LinesFile, encode
from neptun_tui.storage.locks import RunLock, is_held, take
from neptun_tui.storage.paths import OPEN_RUNS
from neptun_tui.storage.run_ids import new_run_id, time_of

__all__ = ["ItemRecord", "Journal", "JournalUnavailable", "RunLog", "RunRecord"]

_PATIENCE: Final = 2.0
"""Time-out in seconds for the lock file of a new run, which others may be testing."""

_TOUCH_SECONDS: Final = 10.0
"""Minimum interval in seconds between two notes that a run is alive."""

_SEND_TIME: Final = timedelta(seconds=_TOUCH_SECONDS + 110)
"""Latest time after such a note at which the last byte of a request is sent: a call times out after
90 seconds."""


_OPEN: Final = ".open"
"""Suffix of the file of a run without an end: its lock, and by its time the last sign of life."""

_FEW: Final = 50
"""Number of runs above which the whole journal is read once, rather than searched for each."""


class JournalUnavailable(StorageError):
    """The journal cannot be written or read; a request that is not journaled is not sent."""


class RunLog:
    """Log of one live run. Every method may block, and any thread may call it."""

    def __init__(self, run_id: str, file: LinesFile, life: RunLock) -> None:
        self.run_id = run_id
        self._file = file
        self._life = life
        self._touched = time.monotonic()

    def touch(self) -> None:
        """Note that a request is about to be sent, for a later recovery of the run."""
        if time.monotonic() - self._touched >= _TOUCH_SECONDS:
            self._touched = time.monotonic()
            with suppress(OSError):
                os.utime(self._life.path, follow_symlinks=False)

    def intent(self, key: ResourceRef) -> None:
        """Record that a request will be sent. Call it before the first byte is sent.

        Raises:
            JournalUnavailable: it is not on disk, so the request must not be sent.
        """
        self.intents([key])

    def intents(self, keys: Iterable[ResourceRef]) -> None:
        """Record several intents with one disk sync.

        Raises:
            JournalUnavailable: none is on disk, so no request must be sent.
        """
        if named := list(keys):
            _add(self._file, IntentLine(self.run_id, _now(), named))

    def verdict(self, outcome: Outcome) -> None:
        """Record the result of one item.

        Raises:
            JournalUnavailable: it is not on disk; the next start will find it by listing.
        """
        self.verdicts([outcome])

    def verdicts(self, outcomes: Iterable[Outcome]) -> None:
        """Record the results of several items with one disk sync.

        Raises:
            JournalUnavailable: none is on disk; the next start will find them by listing.
        """
        if rows := [verdict_row(outcome) for outcome in outcomes]:
            _add(self._file, VerdictsLine(self.run_id, _now(), rows))

    def renewing(self, project_id: int = 0) -> None:
        """Record that a stored context will be renewed. Call it before that request is sent.

        Args:
            project_id: project of the context; 0 for the run's own project.

        Raises:
            JournalUnavailable: it is not on disk, so the request must not be sent.
        """
        _add(self._file, ContextLine(self.run_id, _now(), project=project_id))

    def context(self, result: ContextResult, project_id: int = 0) -> None:
        """Record the result of a stored context.

        Args:
            result: its result.
            project_id: project of the context; 0 for the run's own project.

        Raises:
            JournalUnavailable: it is not on disk.
        """
        held = list(result.held)
        _add(
            self._file,
            ContextLine(self.run_id, _now(), result.state, held, result.reason, project_id),
        )

    def end(self, *, stopped: bool, signed_out: bool) -> None:
        """Record that the run has finished and was reported, and release it.

        Args:
            stopped: the user stopped it early.
            signed_out: the session ended during the run.

        Raises:
            JournalUnavailable: it is not on disk. The run is released all the same, and the next
                start will resolve the items without a result.
        """
        ended = False
        try:
            _add(self._file, EndLine(self.run_id, _now(), stopped, signed_out))
            ended = True
        finally:
            self._life.release(remove=ended)

    def close(self) -> None:
        """Release the run without an end; the next start will recover it."""
        self._life.release(remove=False)


class Journal:
    """Journal in one folder, shared by all instances of this program.

    Every method may block: call it on a thread that may wait.

    Args:
        folder: folder of ``deletions.jsonl``, and of the folder with the lock files of open runs;
            created by the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._file = LinesFile(folder / "deletions.jsonl")
        self._locks = folder / OPEN_RUNS
        self._failed = False
        self.problems: tuple[str, ...] = ()
        """One sentence for each problem of the last read."""

    def begin(
        self,
        plan: DeletionPlan,
        *,
        backup: Path | None,
        run_id: str | None = None,
        keep_context: bool = False,
    ) -> RunLog:
        """Begin a run. No request may be sent before this returns.

        Args:
            plan: the items to delete.
            backup: their backup, if there is one.
            run_id: ID of that backup; None for a new ID.
            keep_context: whether to leave the stored context unchanged.

        Returns:
            The run's log. The run is alive until it is ended or closed, or this process dies.

        Raises:
            JournalUnavailable: the plan is not on disk, and the run has not begun.
            ValueError: ``run_id`` is not the ID of a run.
        """
        run_id = run_id or new_run_id()
        life = self._take(run_id, _PATIENCE)
        if life is None:
            raise JournalUnavailable(f"Run {run_id} is under way already.")
        try:
            with _explained(self._file):
                sync_name(life.path)  # without this name no start would look for the run
            _add(self._file, plan_line(run_id, _now(), plan, backup, keep_context=keep_context))
        except BaseException:
            life.release()
            raise
        return RunLog(run_id, self._file, life)

    def runs(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Return the runs, newest first, live runs included.

        Args:
            limit: maximum number; None for all.
        """
        found = self._read()
        for run_id, story in found.items():
            if story.plan and not story.end:
                self._mark_open(run_id)
        return _records(found.values(), limit)

    def open_runs(self, *, alive: bool = False) -> tuple[RunRecord, ...]:
        """Return the runs without an end, newest first.

        Their process died, or left unknown results. Call :meth:`take_over` to find the results of
        the items and record them.

        Args:
            alive: include the runs that a process is working on.
        """
        self._failed, self.problems = False, ()
        dead = {run_id for run_id in self._open_ids() if not self.is_alive(run_id)}
        wanted = self._open_ids() if alive else dead
        found = self._read(wanted) if wanted else {}
        for run_id in dead:
            if self._is_over(found.get(run_id)):
                self._sweep(run_id)
        return _records(story for story in found.values() if story.end is None)

    def open_results(self) -> int:
        """Count the unknown results of all runs that are not alive, for all accounts."""
        return sum(max(1, len(run.unsettled)) for run in self.open_runs())

    def sent_by(self, run_id: str) -> datetime | None:
        """Return the latest time at which a dead run sent its last byte; None when unknown."""
        with suppress(OSError, ValueError, OverflowError):
            touched = self._lock(run_id).lstat().st_mtime
            return datetime.fromtimestamp(touched, UTC) + _SEND_TIME
        return None

    def note_context(
        self, run_ids: Iterable[str], project_id: int, result: ContextResult | None = None
    ) -> None:
        """Record for finished runs that a stored context will be renewed, or the result of that.

        Args:
            run_ids: the runs.
            project_id: project of the context.
            result: its result; None before the request is sent.

        Raises:
            JournalUnavailable: it is not on disk, so the request must not be sent.
        """
        for run_id in run_ids:
            if result is None:
                _add(self._file, ContextLine(run_id, _now(), project=project_id))
            else:
                told = (result.state, list(result.held), result.reason, project_id)
                _add(self._file, ContextLine(run_id, _now(), *told))

    def is_alive(self, run_id: str) -> bool:
        """Tell whether an instance of this program is working on a run."""
        return is_held(self._lock(run_id))

    def finished_runs(self, run_ids: Collection[str]) -> tuple[dict[str, bool], datetime | None]:
        """Return for each of some runs whether it has ended, and the time of the last entry.

        Args:
            run_ids: the runs; those that are not in the journal are left out. The run that began
                last is added at the end.

        Raises:
            JournalUnavailable: the journal cannot be read.
        """
        found = self._read(run_ids)
        if self._failed:
            raise JournalUnavailable(" ".join(self.problems))
        newest: datetime | None = None
        ended = {run_id: story.end is not None for run_id, story in found.items()}
        with _explained(self._file, "read"):
            for text in self._file.backwards():
                line = parse_line(text)
                newest = newest or (line.at if line else None)
                if isinstance(line, PlanLine):
                    ended[line.run] = ended.pop(line.run, False)
                    break
        return ended, newest

    def take_over(self, run: RunRecord) -> RunLog | None:
        """Take over a dead run, to record its results and its end.

        Returns:
            Its log; None when another process has the run, or has recorded results of it since.

        Raises:
            JournalUnavailable: it could not be taken over.
        """
        life = self._take(run.run_id)
        if life is None:
            return None
        story = self._read([run.run_id]).get(run.run_id)
        if story is None or story.end is not None or _unsettled(story) != run.unsettled:
            life.release(remove=self._is_over(story))
            return None
        return RunLog(run.run_id, self._file, life)

    def _read(self, run_ids: Collection[str] | None = None) -> dict[str, RunEvents]:
        """Read the lines of some runs, or all; a failure is noted in ``problems``."""
        self._failed = False
        lines = self._file.lines()
        if run_ids is not None and len(run_ids) <= _FEW:
            lines = self._file.lines_with([run_id.encode() for run_id in run_ids])
        try:
            found, problems = replay(lines)
        except OSError as error:
            found, problems = {}, (f"cannot be read: {reason(error)}.",)
            self._failed = True
        name = f"The journal of deletions ({self._file.path})"
        self.problems = tuple(f"{name} {problem}" for problem in problems)
        if run_ids is None:
            return found
        return {run_id: story for run_id, story in found.items() if run_id in run_ids}

    def _open_ids(self) -> list[str]:
        """Return the IDs of the runs that have begun and are not known to have ended."""
        try:
            names = sorted(path.stem for path in self._locks.iterdir() if path.suffix == _OPEN)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._failed = True
            self.problems = (f"The folder {self._locks} cannot be read: {reason(error)}.",)
            return []
        return [name for name in names if time_of(name)]

    def _mark_open(self, run_id: str) -> None:
        """Create the file of a run without an end again, if it was removed."""
        with suppress(OSError):
            if not os.path.lexists(self._lock(run_id)):
                make_private_folder(self._locks)
                if life := take(self._lock(run_id)):
                    life.release(remove=False)

    def _lock(self, run_id: str) -> Path:
        return self._locks / f"{run_id}{_OPEN}"

    def _take(self, run_id: str, patience: float = 0.2) -> RunLock | None:
        if time_of(run_id) is None:
            raise ValueError("not the ID of a run")
        with _explained(self._file):
            make_private_folder(self._locks)
            return take(self._lock(run_id), patience)

    def _is_over(self, story: RunEvents | None) -> bool:
        """Tell whether a crash left the file of a run before its plan was written, or at its end.

        Args:
            story: the run, as it was read just now.
        """
        return not self._failed and (story is None or story.plan is None or story.end is not None)

    def _sweep(self, run_id: str) -> None:
        """Remove the file of a run that is over; on a read-only disk it does no harm."""
        with suppress(OSError):
            if life := take(self._lock(run_id)):
                # Read again: meanwhile another process may have begun the run, and left it open.
                life.release(remove=self._is_over(self._read([run_id]).get(run_id)))


def _unsettled(story: RunEvents) -> tuple[ItemRecord, ...] | None:
    return story.record(story.plan).unsettled if story.plan else None


def _now() -> datetime:
    return datetime.now(UTC)


def _records(found: Iterable[RunEvents], limit: int | None = None) -> tuple[RunRecord, ...]:
    whole = [(story, story.plan) for story in found if story.plan is not None][::-1]
    return tuple(story.record(plan) for story, plan in whole[:limit])


def _add(file: LinesFile, line: Line) -> None:
    with _explained(file):
        file.append(encode(line))


@contextmanager
def _explained(file: LinesFile, what: str = "written") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise JournalUnavailable(
            f"The journal of deletions ({file.path}) cannot be {what}: {why}."
        ) from error
