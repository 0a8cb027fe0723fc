"""Journal of deletions: plan, intents and results, each on disk before the next step.

A run writes its plan before anything is sent, an intent before each request, and results after it;
each line is on disk when the call returns. A run that a crash left without an end is found at the
next start and resolved with a listing. A request that cannot be journaled is not sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.results import Outcome
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.storage import open_results
from neptun_tui.storage.files import make_private_folder, reason
from neptun_tui.storage.journal_format import (
    ContextLine,
    EndLine,
    IntentLine,
    ItemRecord,
    Line,
    RunEvents,
    RunRecord,
    VerdictsLine,
    plan_line,
    replay,
    verdict_row,
)
from neptun_tui.storage.jsonl import LinesFile, encode
from neptun_tui.storage.locks import RunLock, is_held, take
from neptun_tui.storage.run_ids import new_run_id, time_of

__all__ = ["ItemRecord", "Journal", "JournalUnavailable", "RunLog", "RunRecord"]

_PATIENCE: Final = 2.0
"""Time-out in seconds for the lock file of a new run, which others may be testing."""

_TOUCH_SECONDS: Final = 10.0
"""Minimum interval in seconds between two notes that a run is alive."""

_SEND_TIME: Final = timedelta(seconds=_TOUCH_SECONDS + 110)
"""Latest time after such a note at which the last byte of a request is sent: a call times out after
90 seconds."""


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
            open_results.touch(self._file.path.parent, self.run_id)

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
        try:
            _add(self._file, EndLine(self.run_id, _now(), stopped, signed_out))
            open_results.mark(self._file.path.parent, self.run_id, 0)
        finally:
            self.close()

    def leave_open(self, results: int) -> None:
        """Release the run without an end, with this number of results to verify later."""
        open_results.mark(self._file.path.parent, self.run_id, results)
        self.close()

    def close(self) -> None:
        """Release the run without an end; the next start will recover it."""
        self._life.release()


class Journal:
    """Journal in one folder, shared by all instances of this program.

    Every method may block: call it on a thread that may wait.

    Args:
        folder: folder of ``deletions.jsonl`` and of the lock files of live runs; created by the
            first write.
    """

    def __init__(self, folder: Path) -> None:
        self._file = LinesFile(folder / "deletions.jsonl")
        self._locks = folder / "runs"
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
            _add(self._file, plan_line(run_id, _now(), plan, backup, keep_context=keep_context))
            open_results.mark(self._file.path.parent, run_id, plan.total)
        except BaseException:
            life.release()
            raise
        return RunLog(run_id, self._file, life)

    def runs(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Return the runs, newest first, live runs included.

        Args:
            limit: maximum number; None for all.
        """
        return _records(self._read().values(), limit)

    def open_runs(self) -> tuple[RunRecord, ...]:
        """Return the runs without an end that are not alive in any process, newest first.

        Their process died, or left unknown results. Call :meth:`take_over` to find the results of
        the items and record them.
        """
        found = {run_id: story for run_id, story in self._read().items() if story.end is None}
        self._sweep(found)
        dead = [story for run_id, story in found.items() if not is_held(self._lock(run_id))]
        return _records(dead)

    def sent_by(self, run_id: str) -> datetime | None:
        """Return the latest time at which a dead run sent its last byte; None when unknown."""
        alive = open_results.last_alive(self._file.path.parent, run_id)
        return alive and alive + _SEND_TIME

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

    def finished_runs(self) -> tuple[dict[str, bool], datetime | None]:
        """Return for each run whether it has ended, and the time of the last entry.

        Raises:
            JournalUnavailable: the journal cannot be read.
        """
        found = self._read()
        if self._failed:
            raise JournalUnavailable(" ".join(self.problems))
        moments = [story.last for story in found.values() if story.last]
        ended = {run_id: story.end is not None for run_id, story in found.items()}
        return ended, moments[-1] if moments else None

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
        story = self._read().get(run.run_id)
        if story is None or story.end is not None or _unsettled(story) != run.unsettled:
            life.release()
            return None
        return RunLog(run.run_id, self._file, life)

    def _read(self) -> dict[str, RunEvents]:
        self._failed = False
        try:
            found, problems = replay(self._file.lines())
        except OSError as error:
            found, problems = {}, (f"cannot be read: {reason(error)}.",)
            self._failed = True
        name = f"The journal of deletions ({self._file.path})"
        self.problems = tuple(f"{name} {problem}" for problem in problems)
        return found

    def _lock(self, run_id: str) -> Path:
        return self._locks / f"{run_id}.lock"

    def _take(self, run_id: str, patience: float = 0.2) -> RunLock | None:
        if time_of(run_id) is None:
            raise ValueError("not the ID of a run")
        with _explained(self._file):
            make_private_folder(self._locks)
            return take(self._lock(run_id), patience)

    def _sweep(self, alive: Iterable[str]) -> None:
        """Remove lock files of crashes before the plan was written, or after the end."""
        known = {self._lock(run_id) for run_id in alive}
        found: list[Path] = []
        with suppress(OSError):  # on a read-only disk the lock files do no harm
            found.extend(self._locks.glob("*.lock"))
        for path in found:
            with suppress(OSError):
                if path not in known and not is_held(path) and (life := take(path)):
                    life.release()


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
def _explained(file: LinesFile) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise JournalUnavailable(
            f"The journal of deletions ({file.path}) cannot be written: {why}."
        ) from error
