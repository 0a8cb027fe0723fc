"""Format of the journal's lines, and replay of each run from them.

The field ``record`` names the kind of line: the plan of a run, the intent to send requests, the
results of items, the state of a stored context, and the end. None contains a file's content or a
secret. Unknown fields are ignored and unknown lines are skipped: a newer version may have written
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Evidence, Outcome, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.storage.jsonl import decode
from neptun_tui.storage.run_ids import time_of

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
