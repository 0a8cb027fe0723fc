"""Format of the journal's lines, and replay of each run from them.

Five kinds of line, told apart by ``record``: the plan of a run, the intent to send requests, the
verdicts on items, what becomes of the stored context, and the end. No content and no secret stands
in any of them. A field that is not known is passed over, a line that is not known is skipped: a
newer version may have written it.
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
    """A run begins: everything that it may delete, and where the local copy of that is."""

    run: str
    at: _Moment
    account: Account
    project: _Place
    items: list[_Item]
    copy: str | None = None
    keep_context: bool = False


class IntentLine(msgspec.Struct, tag="intent", tag_field="record"):
    """The requests for these items may leave from now on."""

    run: str
    at: _Moment
    keys: list[ResourceRef]


class VerdictsLine(msgspec.Struct, tag="verdicts", tag_field="record"):
    """What became of some items; the last word on an item holds."""

    run: str
    at: _Moment
    rows: list[_Row]


class ContextLine(msgspec.Struct, tag="context", tag_field="record"):
    """A stored context may be renewed from now on; or, with a state, what became of it.

    Attributes:
        project: whose it is; 0 stands for the run's own project.
    """

    run: str
    at: _Moment
    state: ContextState | None = None
    held: list[tuple[Kind, int]] = []
    reason: str = ""
    project: int = 0


class EndLine(msgspec.Struct, tag="end", tag_field="record"):
    """The run is over and told of; nobody has to settle it."""

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
        parent: the import whose cascade takes it; None when a request names the item itself.
        sent: whether its request, or its import's, may have left.
        verdict: what became of it; None when nobody found out.
        reason: the verdict's, in words; may be empty.
        evidence: for an unknown one, what the verdict of a later look rests on.
        sent_at: for an unknown one, when the last byte of its request was sent at the latest.
        project_id: the other project that it is in; 0 stands for the run's own.
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
        """Whether nobody knows if its request is still on its way (contract §12)."""
        if self.verdict is Verdict.UNKNOWN and self.evidence is not Evidence.UNSENT:
            return self.evidence in (Evidence.ACCEPTED, Evidence.IN_DOUBT)
        return self.sent and self.verdict in (None, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as the journal tells it.

    Attributes:
        at: when it began, in UTC.
        project: its ID and name; no more of it is kept.
        items: everything the plan was to delete, in the plan's order.
        ended: whether the run, or who settled it later, came to its end.
        stopped: a person ended it early.
        signed_out: the session was lost on the way.
        copy: the local copy made before it; None when it was to leave none.
        journaled: whether the journal tells of it at all; its copy alone names no item.
        keep_context: whether the stored context was to be left as it is.
        context: what became of the stored context; None when that was not found out.
        context_sent: whether a request to renew it may have left.
        other_contexts: what became of those of other projects that lost files, by their ID.
    """

    run_id: str
    at: datetime
    account: Account
    project: Project
    items: tuple[ItemRecord, ...]
    ended: bool
    stopped: bool
    signed_out: bool
    copy: Path | None
    journaled: bool = True
    keep_context: bool = False
    context: ContextResult | None = None
    context_sent: bool = False
    other_contexts: Mapping[int, ContextResult] = field(default_factory=dict)

    @property
    def other_ids(self) -> tuple[int, ...]:
        """The IDs of other projects that its items are in."""
        return tuple(sorted({item.project_id for item in self.items} - {0}))

    @property
    def unsettled(self) -> tuple[ItemRecord, ...]:
        """The items without a verdict, or with one that says nobody knows: ask the listing."""
        return tuple(item for item in self.items if item.verdict in (None, Verdict.UNKNOWN))

    def count(self, *verdicts: Verdict | None) -> int:
        """How many items ended in one of these verdicts; None stands for none yet."""
        return sum(item.verdict in verdicts for item in self.items)

    def awaits_renewal_of(self, project_id: int) -> bool:
        """Whether a stored context may still hold what it has deleted, or may have deleted."""
        own = project_id == self.project.id
        result = self.context if own else self.other_contexts.get(project_id)
        if result is not None:
            return result.failed or result.state is ContextState.LEFT
        maybe = (Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.UNKNOWN)
        return any(i.verdict in maybe and (own or i.project_id == project_id) for i in self.items)

    @property
    def summary(self) -> str:
        """All verdicts with their numbers, as in ``57 deleted, 2 kept, 1 without a verdict``."""
        counts = Counter(item.verdict for item in self.items)
        said = [f"{counts[verdict]:,} {verdict}" for verdict in Verdict if counts[verdict]]
        if counts[None]:
            said.append(f"{counts[None]:,} without a verdict")
        return ", ".join(said) or "nothing"


def plan_line(
    run_id: str, at: datetime, plan: DeletionPlan, copy: Path | None, *, keep_context: bool = False
) -> PlanLine:
    """The line that begins a run.

    Args:
        run_id: the run's ID.
        at: now, in UTC.
        plan: what it is to delete.
        copy: where the local copy of that is, if there is one.
        keep_context: whether the stored context is to be left as it is.
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
    path = str(copy) if copy else None
    return PlanLine(run_id, at, plan.account, project, items, path, keep_context)


def verdict_row(outcome: Outcome) -> _Row:
    """Return one row of a :class:`VerdictsLine`."""
    known = (outcome.verdict, outcome.reason)
    if outcome.verdict is not Verdict.UNKNOWN:
        return _Row(*outcome.target.key, *known)
    return _Row(*outcome.target.key, *known, outcome.evidence, outcome.sent_at)


@dataclass(slots=True)
class RunEvents:
    """All lines of one run."""

    plan: PlanLine | None = None
    intents: set[ResourceRef] = field(default_factory=set)
    verdicts: dict[ResourceRef, _Row] = field(default_factory=dict)
    contexts: dict[int, ContextLine] = field(default_factory=dict)
    context_sent: bool = False
    end: EndLine | None = None
    last: datetime | None = None

    def add(self, line: Line) -> None:
        """Take in the next line."""
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
        """Tell it, given its plan."""
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
            Path(plan.copy) if plan.copy else None,
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
    """Put the lines of a journal together.

    Args:
        lines: each with its number.

    Returns:
        The story of each run by its ID, the one whose first line stands first in front; and a
        half a sentence, the journal its subject, for each thing that could not be read.
    """
    found: dict[str, RunEvents] = {}
    skipped: list[int] = []
    for number, text in lines:
        if not text.strip():
            continue
        line = _line(text)
        if line is None:
            skipped.append(number)
        else:
            found.setdefault(line.run, RunEvents()).add(line)
    return found, (*_about_lines(skipped), *_about_plans(found))


def _line(text: bytes) -> Line | None:
    """Read one line; a run's ID becomes part of a file name, so that no other text may pass."""
    try:
        line = decode(text, _LINE)
    except ValueError:
        return None
    return line if time_of(line.run) else None


_NAMED = 5
"""Lines and runs that are named; the rest are counted."""


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
