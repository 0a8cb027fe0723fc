"""Journal of deletions: plan, intents and results, each on disk before the next step.

A run writes its plan before anything is sent, an intent before each request, and results after it;
each line is on disk when the call returns. A request that cannot be journaled is not sent.

Each run without an end has a file of its own in the folder ``runs``, locked while the run is alive.
A start finds there which runs a crash left, and reads only their lines: a history of 20,000 ended
runs costs it nothing. The interrupted runs are resolved with a listing.

The field ``record`` names the kind of a line: the plan of a run, the intent to send requests, the
results of items, the state of a stored context, and the end. None contains a file's content or a
secret. Unknown fields are ignored and unknown lines are skipped: a newer version may have written
them.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Evidence, Outcome, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.storage.files import make_private_folder, reason, sync_name
from neptun_tui.storage.jsonl import LinesFile, decode, encode
from neptun_tui.storage.locks import RunLock, is_held, take
from neptun_tui.storage.paths import OPEN_RUNS

# Run IDs ------------------------------------------------------------------------------------------

PATTERN: Final = r"[0-9]{8}-[0-9]{9}-[0-9a-f]{6}"
"""Pattern of an ID: date, time in milliseconds (UTC) and 24 random bits; IDs sort by time."""

_WHOLE = re.compile(PATTERN, re.ASCII)
_TIME = "%Y%m%d-%H%M%S%f"


def new_run_id() -> str:
    """Return an ID for a new run and its backup."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


def time_of(run_id: str) -> datetime | None:
    """Return the time in an ID (UTC); None for a text that is not a run ID."""
    if not _WHOLE.fullmatch(run_id):
        return None
    try:
        return datetime.strptime(run_id.rpartition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


# Records of runs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One item of a run.

    Attributes:
        name: path or title, as the server sent it.
        size: bytes.
        parent: import whose cascade deletes it; None when it has a request of its own.
        sent: whether its request, or its import's, may have been sent.
        verdict: its result; None when there is none yet.
        reason: reason of the result; may be empty.
        evidence: for an unknown result, the evidence that a later check needs.
        sent_at: for an unknown result, the latest time at which the last byte of its request was
            sent.
        project_id: ID of the other project that it is in; 0 for the run's own project.
    """

    key: ResourceRef
    name: str
    size: int
    parent: ResourceRef | None
    sent: bool
    verdict: Verdict | None
    reason: str
    evidence: Evidence = Evidence.UNSENT
    sent_at: datetime | None = None
    project_id: int = 0

    @property
    def may_be_deleted_late(self) -> bool:
        """True if its request may still be executed by the server (contract §12)."""
        if self.verdict is Verdict.UNKNOWN and self.evidence is not Evidence.UNSENT:
            return self.evidence in (Evidence.ACCEPTED, Evidence.IN_DOUBT)
        return self.sent and self.verdict in (None, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as recorded in the journal.

    Attributes:
        at: time at which it began, in UTC.
        project: ID and name of its project; the journal holds no more of it.
        items: all items of the plan, in the plan's order.
        ended: whether the run has finished, in its own process or by a recovery.
        stopped: the user stopped it early.
        signed_out: the session ended during the run.
        backup: its backup; None when it was deleted without a backup.
        journaled: whether the journal contains the run; a backup alone names no item.
        keep_context: whether the stored context was to stay unchanged.
        context: result of the stored context; None when it is not known.
        context_sent: whether a request to renew it may have been sent.
        other_contexts: results of the contexts of other projects that lost files, by project ID.
    """

    run_id: str
    at: datetime
    account: Account
    project: Project
    items: tuple[ItemRecord, ...]
    ended: bool
    stopped: bool
    signed_out: bool
    backup: Path | None
    journaled: bool = True
    keep_context: bool = False
    context: ContextResult | None = None
    context_sent: bool = False
    other_contexts: Mapping[int, ContextResult] = field(default_factory=dict)

    @property
    def other_ids(self) -> tuple[int, ...]:
        """IDs of the other projects that contain items of the run."""
        return tuple(sorted({item.project_id for item in self.items} - {0}))

    @property
    def unsettled(self) -> tuple[ItemRecord, ...]:
        """Items without a result or with an unknown result; a listing can resolve them."""
        return tuple(item for item in self.items if item.verdict in (None, Verdict.UNKNOWN))

    def count(self, *verdicts: Verdict | None) -> int:
        """Count the items with one of these results; None counts those without a result."""
        return sum(item.verdict in verdicts for item in self.items)

    def awaits_renewal_of(self, project_id: int) -> bool:
        """Tell whether a stored context may still contain items that the run may have deleted."""
        own = project_id == self.project.id
        result = self.context if own else self.other_contexts.get(project_id)
        if result is not None:
            return result.failed or result.state is ContextState.LEFT
        maybe = (Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.UNKNOWN)
        return any(i.verdict in maybe and (own or i.project_id == project_id) for i in self.items)

    @property
    def summary(self) -> str:
        """Number of items by result: ``57 deleted, 2 kept, 1 without a result``."""
        counts = Counter(item.verdict for item in self.items)
        said = [f"{counts[verdict]:,} {verdict}" for verdict in Verdict if counts[verdict]]
        if counts[None]:
            said.append(f"{counts[None]:,} without a result")
        return ", ".join(said) or "nothing"


# Lines --------------------------------------------------------------------------------------------

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Item(msgspec.Struct, array_like=True, gc=False):
    kind: Kind
    id: int
    name: str
    size: int
    under: int | None = None
    project: int = 0


class _Place(msgspec.Struct):
    id: int
    name: str


class _Row(msgspec.Struct, array_like=True, gc=False):
    kind: Kind
    id: int
    verdict: Verdict
    reason: str = ""
    evidence: Evidence = Evidence.UNSENT
    sent_at: _Moment | None = None


class PlanLine(msgspec.Struct, tag="plan", tag_field="record"):
    """Line that begins a run: all items that it may delete, and the path of their backup."""

    run: str
    at: _Moment
    account: Account
    project: _Place
    items: list[_Item]
    backup: str | None = None
    keep_context: bool = False


class IntentLine(msgspec.Struct, tag="intent", tag_field="record"):
    """Line before requests: those for these items may be sent from now on."""

    run: str
    at: _Moment
    keys: list[ResourceRef]


class VerdictsLine(msgspec.Struct, tag="verdicts", tag_field="record"):
    """Line with the results of some items; the last result of an item counts."""

    run: str
    at: _Moment
    rows: list[_Row]


class ContextLine(msgspec.Struct, tag="context", tag_field="record"):
    """Line before the renewal of a stored context; with a state, the line with its result.

    Attributes:
        project: project of the context; 0 for the run's own project.
    """

    run: str
    at: _Moment
    state: ContextState | None = None
    held: list[tuple[Kind, int]] = []
    reason: str = ""
    project: int = 0


class EndLine(msgspec.Struct, tag="end", tag_field="record"):
    """Line that ends a run: it was reported, and needs no recovery."""

    run: str
    at: _Moment
    stopped: bool = False
    signed_out: bool = False


Line = PlanLine | IntentLine | VerdictsLine | ContextLine | EndLine

_LINE: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def plan_line(
    run_id: str,
    at: datetime,
    plan: DeletionPlan,
    backup: Path | None,
    *,
    keep_context: bool = False,
) -> PlanLine:
    """Return the line that begins a run.

    Args:
        run_id: the run's ID.
        at: current time, in UTC.
        plan: the items to delete.
        backup: path of their backup, if there is one.
        keep_context: whether to leave the stored context unchanged.
    """
    items = [
        _Item(
            *target.key,
            target.name,
            target.size,
            step.target.key.id if place else None,
            0 if target.project_id == plan.project.id else target.project_id,
        )
        for step in plan.steps
        for place, target in enumerate(step.everything)
    ]
    project = _Place(plan.project.id, plan.project.name)
    path = str(backup) if backup else None
    return PlanLine(run_id, at, plan.account, project, items, path, keep_context)


def verdict_row(outcome: Outcome) -> _Row:
    """Return the row of a :class:`VerdictsLine` for an outcome."""
    known = (outcome.verdict, outcome.reason)
    if outcome.verdict is not Verdict.UNKNOWN:
        return _Row(*outcome.target.key, *known)
    return _Row(*outcome.target.key, *known, outcome.evidence, outcome.sent_at)


@dataclass(slots=True)
class RunEvents:
    """Lines of one run, as read so far."""

    plan: PlanLine | None = None
    intents: set[ResourceRef] = field(default_factory=set)
    verdicts: dict[ResourceRef, _Row] = field(default_factory=dict)
    contexts: dict[int, ContextLine] = field(default_factory=dict)
    context_sent: bool = False
    end: EndLine | None = None
    last: datetime | None = None

    def add(self, line: Line) -> None:
        """Add the next line."""
        self.last = line.at
        match line:
            case PlanLine():
                self.plan = self.plan or line
            case IntentLine():
                self.intents.update(line.keys)
            case VerdictsLine():
                self.verdicts.update((ResourceRef(row.kind, row.id), row) for row in line.rows)
            case ContextLine(state=None):
                self.context_sent = True
            case ContextLine():
                self.contexts[line.project] = line
            case EndLine():
                self.end = line

    def record(self, plan: PlanLine) -> RunRecord:
        """Return the record of the run, given its plan."""
        end = self.end or EndLine(plan.run, plan.at)
        contexts = {
            number or plan.project.id: ContextResult(line.state, tuple(line.held), line.reason)
            for number, line in self.contexts.items()
            if line.state
        }
        own = contexts.pop(plan.project.id, None)
        return RunRecord(
            plan.run,
            plan.at,
            plan.account,
            Project(plan.project.id, plan.project.name),
            tuple(self._item(item) for item in plan.items),
            self.end is not None,
            end.stopped,
            end.signed_out,
            Path(plan.backup) if plan.backup else None,
            keep_context=plan.keep_context,
            context=own,
            context_sent=self.context_sent,
            other_contexts=contexts,
        )

    def _item(self, item: _Item) -> ItemRecord:
        key = ResourceRef(item.kind, item.id)
        parent = None if item.under is None else ResourceRef(Kind.IMPORT, item.under)
        sent = (parent or key) in self.intents
        row = self.verdicts.get(key)
        if row is None:
            return ItemRecord(
                key, item.name, item.size, parent, sent, None, "", project_id=item.project
            )
        known = (row.verdict, row.reason, row.evidence, row.sent_at)
        return ItemRecord(key, item.name, item.size, parent, sent, *known, item.project)


def replay(lines: Iterable[tuple[int, bytes]]) -> tuple[dict[str, RunEvents], tuple[str, ...]]:
    """Group the lines of a journal by run.

    Args:
        lines: each line with its number.

    Returns:
        The events of each run by its ID, in the order of first lines; and a predicate with the
        journal as subject for each problem.
    """
    found: dict[str, RunEvents] = {}
    skipped: list[int] = []
    for number, text in lines:
        if not text.strip():
            continue
        line = _decode(text)
        if line and (line.run in found or time_of(line.run)):
            found.setdefault(line.run, RunEvents()).add(line)
        else:
            skipped.append(number)
    return found, (*_about_lines(skipped), *_about_plans(found))


def parse_line(text: bytes) -> Line | None:
    """Decode one line; None for one that is torn, or of another version.

    Any text but a run ID is rejected, because it becomes part of a file name.
    """
    line = _decode(text)
    return line if line and time_of(line.run) else None


def _decode(text: bytes) -> Line | None:
    try:
        return decode(text, _LINE)
    except ValueError:
        return None


_NAMED = 5
"""Number of lines and runs to name in a problem; the rest are counted."""


def _about_lines(numbers: Sequence[int]) -> list[str]:
    if not numbers:
        return []
    lines = "line" if len(numbers) == 1 else "lines"
    return [
        f"has {lines} that are torn or not this version's, and were skipped: {_listed(numbers)}."
    ]


def _about_plans(found: dict[str, RunEvents]) -> list[str]:
    lost = [run_id for run_id, story in found.items() if story.plan is None]
    if not lost:
        return []
    return [f"has lost the plans of runs that it names: {_listed(lost)}."]


def _listed(things: Sequence[object]) -> str:
    named = ", ".join(str(thing) for thing in things[:_NAMED])
    more = len(things) - _NAMED
    return f"{named} and {more:,} more" if more > 0 else named


# The journal --------------------------------------------------------------------------------------

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
