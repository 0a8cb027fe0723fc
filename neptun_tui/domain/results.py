"""Results of a deletion: from evidence and a later listing to one result for each item.

The rules that turn evidence into a :class:`Verdict` are here, without I/O, because they are the
promise of the program: a status code is a hint, the server's listing is the truth (contract §1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    OutcomeUnknown,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Connection
from neptun_tui.domain.stored_context import ContextResult


class Verdict(StrEnum):
    """Result of one item, as far as the listing can tell."""

    DELETED = "deleted"
    ALREADY_GONE = "already gone"
    KEPT = "kept"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


SEVERITY_ORDER: Final[tuple[Verdict | None, ...]] = (
    None, Verdict.UNKNOWN, Verdict.KEPT, Verdict.NOT_SENT, Verdict.ALREADY_GONE, Verdict.DELETED,
)  # fmt: skip
"""The order of reports: what needs a person comes first. None: no verdict was ever written down."""


LATE_FOR: Final = timedelta(minutes=15)
"""How long after its last byte a request may still be carried out.

A DELETE whose row is locked runs when the lock ends, minutes after its client has gone, and the
server has no time-out of its own (contract §12).
"""


class Evidence(IntEnum):
    """Evidence from the response to one DELETE, before the listing is checked.

    The order is that of weight: of several attempts the heaviest decides. The journal keeps the
    numbers.
    """

    UNSENT = 0
    """No byte of it reached the server, or the server turned the session away first."""
    REFUSED = 1
    """A 400: the server will never take it."""
    DENIED = 2
    """Shape A, a 403, or a documented 404: perhaps already gone."""
    FAILED = 3
    """The server itself says that it tried and failed."""
    ACCEPTED = 4
    """Any 2xx."""
    IN_DOUBT = 5
    """No answer of the server's own: it may have been carried out, or still be on its way."""


_GATEWAY: Final = frozenset({408, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses of a proxy that gave up waiting: the server may still carry out the request."""


def evidence_of(error: ServiceError | None) -> Evidence:
    """Weigh the answer to one DELETE.

    Args:
        error: what the client raised; None for any 2xx.

    Returns:
        The evidence, by the table of contract §1.
    """
    match error:
        case None:
            return Evidence.ACCEPTED
        case Unreachable() | SessionExpired():
            return Evidence.UNSENT
        case AccessDenied():
            return Evidence.DENIED
        case Busy() if error.status == 429:
            return Evidence.UNSENT
        case OutcomeUnknown() | UnusableAnswer() | Busy():
            return Evidence.IN_DOUBT
        case _ if error.status in _GATEWAY:
            return Evidence.IN_DOUBT
        case ServerFailed() if not error.by_server:
            return Evidence.IN_DOUBT
        case Rejected() if error.status in (None, 400, 413, 422):
            return Evidence.REFUSED
        case _:
            return Evidence.FAILED


def worth_another_try(evidence: Evidence, listed: bool | None) -> bool:
    """Tell whether a DELETE that seems to have failed should be retried."""
    return evidence in (Evidence.FAILED, Evidence.IN_DOUBT) and listed is True


def decide(
    evidence: Iterable[Evidence],
    listed: bool | None,
    *,
    import_listed: bool = False,
    overdue: bool = False,
) -> Verdict:
    """Turn all that is known about one item into its verdict.

    Args:
        evidence: one entry for each try; none when it was never tried.
        listed: whether a listing made afterwards still has the item; None when none could be had.
        import_listed: for a file that goes with its import, whether that is still there. Then no
            cascade has run, and a file that is gone was deleted by another client.
        overdue: whether nothing that was sent can still be on its way.

    Returns:
        The verdict. Without a listing nothing that may have reached the server is called deleted
        or kept, but for a plain refusal; and what may still be carried out is not called kept.
    """
    weight = max(evidence, default=Evidence.UNSENT)
    touched = weight >= Evidence.FAILED
    if listed is False:
        return Verdict.DELETED if touched and not import_listed else Verdict.ALREADY_GONE
    match weight:
        case Evidence.UNSENT:
            return Verdict.NOT_SENT
        case Evidence.REFUSED:
            return Verdict.KEPT
        case Evidence.DENIED | Evidence.FAILED:
            return Verdict.KEPT if listed else Verdict.UNKNOWN
        case Evidence.ACCEPTED | Evidence.IN_DOUBT:
            return Verdict.KEPT if listed and overdue else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item of a plan with its verdict and, unless all went well, the reason in words.

    Attributes:
        evidence: for an unknown one, what the verdict of a later look rests on.
        sent_at: for an unknown one, when the last byte of its request was sent at the latest.
    """

    target: PlanItem
    verdict: Verdict
    reason: str = ""
    evidence: Evidence = field(default=Evidence.UNSENT, compare=False)
    sent_at: datetime | None = field(default=None, compare=False)

    @property
    def key(self) -> ResourceRef:
        """Ref of the item."""
        return self.target.key


@dataclass(frozen=True, slots=True)
class Report:
    """Report of a run: one result for each item of its plan, in the plan's order.

    Attributes:
        stopped: a person ended it early.
        signed_out: the session was lost on the way; the rest can go on after a new sign-in.
        checked: whether a listing was had after the last answer.
        also_deleted: items outside the plan that no longer exist either.
        halted: why the run was ended early, if the server was the reason.
        journal_error: why something could not be written down on this machine; empty when all was.
        context: what became of the project's stored context; None when nothing was deleted.
        outside_imports: imports of other projects, by ID, below which deleted files stood: the
            stored contexts of those projects have these files (contract §9), and keep them.
        other_contexts: what became of those of other projects that lost files, by their ID.
        connections: what became of GitHub installations, for imports that came from one.
    """

    plan: DeletionPlan
    outcomes: tuple[Outcome, ...]
    stopped: bool = False
    signed_out: bool = False
    checked: bool = True
    also_deleted: tuple[PlanItem, ...] = ()
    journal_error: str = ""
    halted: str = ""
    context: ContextResult | None = None
    outside_imports: tuple[int, ...] = ()
    connections: tuple[Connection, ...] = ()
    other_contexts: Mapping[int, ContextResult] = field(default_factory=dict)

    def count(self, *verdicts: Verdict) -> int:
        """Count the items with one of these results."""
        return sum(outcome.verdict in verdicts for outcome in self.outcomes)

    def corrected(self, later: Iterable[Outcome]) -> Report:
        """Return this report with what a later look has found out."""
        found = {outcome.target.key: outcome for outcome in later}
        outcomes = tuple(
            replace(found.get(o.target.key, o), target=o.target) for o in self.outcomes
        )
        return replace(self, outcomes=outcomes, checked=self.checked or bool(found))

    @property
    def nothing_sent(self) -> bool:
        """Tell whether no request reached the server, so that there is nothing to restore."""
        return self.count(Verdict.NOT_SENT) == len(self.outcomes)

    @property
    def all_gone(self) -> bool:
        """Tell whether the listing has nothing of the plan left."""
        return self.count(Verdict.DELETED, Verdict.ALREADY_GONE) == len(self.outcomes)

    @property
    def unknown(self) -> bool:
        """Tell whether the result of an item is unknown."""
        return self.count(Verdict.UNKNOWN) > 0

    @property
    def unreachable(self) -> bool:
        """Tell whether nothing was sent because the server cannot be reached."""
        unsent = self.nothing_sent and not self.all_gone
        return unsent and not self.checked and not self.journal_error

    @property
    def failed(self) -> bool:
        """Tell whether an item, a stored context or this machine's records are not as wanted."""
        return not self.all_gone or bool(self.journal_error) or self.context_failed

    @property
    def context_failed(self) -> bool:
        """Tell whether deleted contents remain, or may remain, in a stored context."""
        return any(result.failed for result in self.contexts.values())

    @property
    def contexts(self) -> Mapping[int, ContextResult]:
        """Return the states of all stored contexts by project ID, its own first."""
        own = {} if self.context is None else {self.plan.project.id: self.context}
        return {**own, **self.other_contexts}

    def with_context(self, project_id: int, result: ContextResult) -> Report:
        """Return this report with what has become of a stored context since."""
        if project_id == self.plan.project.id:
            return replace(self, context=result)
        return replace(self, other_contexts={**self.other_contexts, project_id: result})

    def rest(self) -> DeletionPlan | None:
        """A new plan of the requests whose items are not gone; None when there are none."""
        gone = (Verdict.DELETED, Verdict.ALREADY_GONE)
        left = {o.target.key for o in self.outcomes if o.verdict not in gone}
        steps = tuple(rest for step in self.plan.steps for rest in _rest(step, left))
        return replace(self.plan, steps=steps) if steps else None


def _rest(step: PlanStep, left: Collection[ResourceRef]) -> list[PlanStep]:
    """The step itself while its target is there; else the files a cascade has left behind.

    A file of another project that was not deleted no longer belongs to the import.
    """
    if step.target.key in left:
        return [step]
    home = step.target.project_id
    return [PlanStep(file) for file in step.cascade if file.key in left and file.project_id == home]
