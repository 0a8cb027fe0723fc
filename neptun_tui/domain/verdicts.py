"""What became of what was to be deleted.

The rules that turn evidence into a :class:`Verdict` are here, without I/O, because they are the
promise of the program: a status code is a hint, the server's listing is the truth (contract §1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import Final

from neptun_tui.domain.deletion import DeletionPlan, Key, Step, Target
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    Rejected,
    ServiceError,
    SessionExpired,
    Unreachable,
)
from neptun_tui.domain.stored_context import ContextResult


class Verdict(StrEnum):
    """What became of one item, as far as the listing can tell."""

    DELETED = "deleted"
    ALREADY_GONE = "already gone"
    KEPT = "kept"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


BY_CONCERN: Final[tuple[Verdict | None, ...]] = (
    None, Verdict.UNKNOWN, Verdict.KEPT, Verdict.NOT_SENT, Verdict.ALREADY_GONE, Verdict.DELETED,
)  # fmt: skip
"""The order of reports: what needs a person comes first. None: no verdict was ever written down."""


class Evidence(Enum):
    """What the answer to one DELETE says, before the listing has been asked."""

    ACCEPTED = auto()
    """Any 2xx."""
    DENIED = auto()
    """Shape A, a 403, or a documented 404: perhaps already gone."""
    FAILED = auto()
    """Processed and failed, or broken off: it may have been carried out."""
    REFUSED = auto()
    """A 400: the server will never take it."""
    UNSENT = auto()
    """No byte of it reached the server, or the server turned the session away first."""


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
        case Rejected() if error.status in (None, 400, 413, 422):
            return Evidence.REFUSED
        case Busy() if error.status == 429:
            return Evidence.UNSENT
        case _:
            return Evidence.FAILED


def worth_another_try(evidence: Evidence, listed: bool | None) -> bool:
    """Whether a DELETE that seems to have failed should be sent once more."""
    return evidence is Evidence.FAILED and listed is True


def settle(
    evidence: Iterable[Evidence], listed: bool | None, *, import_listed: bool = False
) -> Verdict:
    """Turn all that is known about one item into its verdict.

    Args:
        evidence: one entry for each try, in order; none when it was never tried.
        listed: whether a listing made afterwards still has the item; None when none could be had.
        import_listed: for a file that goes with its import, whether that is still there. Then no
            cascade has run, and a file that is gone was taken by somebody else.

    Returns:
        The verdict. Without a listing nothing that may have reached the server is called deleted
        or kept, but for a plain refusal.
    """
    tries = list(evidence)
    if import_listed and listed is False:
        return Verdict.ALREADY_GONE
    touched = any(e in (Evidence.ACCEPTED, Evidence.FAILED) for e in tries)
    if not touched and Evidence.DENIED not in tries:
        if listed is False:
            return Verdict.ALREADY_GONE
        return Verdict.KEPT if Evidence.REFUSED in tries else Verdict.NOT_SENT
    if listed is None:
        return Verdict.UNKNOWN
    if listed:
        return Verdict.KEPT
    return Verdict.DELETED if touched else Verdict.ALREADY_GONE


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item of a plan with its verdict and, unless all went well, the reason in words."""

    target: Target
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a whole run did: one outcome for each item of its plan, in the plan's order.

    Attributes:
        stopped: a person ended it early.
        signed_out: the session was lost on the way; the rest can go on after a new sign-in.
        checked: whether a listing was had after the last answer.
        also_gone: what was not in the plan, and is not there any more either.
        trouble: why something could not be written down on this machine; empty when all was.
        context: what became of the project's stored context; None when nothing was deleted.
    """

    plan: DeletionPlan
    outcomes: tuple[Outcome, ...]
    stopped: bool = False
    signed_out: bool = False
    checked: bool = True
    also_gone: tuple[Target, ...] = ()
    trouble: str = ""
    context: ContextResult | None = None

    def count(self, *verdicts: Verdict) -> int:
        """How many items ended in one of these verdicts."""
        return sum(outcome.verdict in verdicts for outcome in self.outcomes)

    @property
    def all_gone(self) -> bool:
        """Whether nothing of the plan is left, as the listing says."""
        return self.count(Verdict.DELETED, Verdict.ALREADY_GONE) == len(self.outcomes)

    @property
    def context_failed(self) -> bool:
        """Whether deleted contents remain, or may remain, in the stored context."""
        return self.context is not None and self.context.failed

    def rest(self) -> DeletionPlan | None:
        """A new plan of the requests whose items are not gone; None when there are none."""
        gone = (Verdict.DELETED, Verdict.ALREADY_GONE)
        left = {o.target.key for o in self.outcomes if o.verdict not in gone}
        steps = tuple(rest for step in self.plan.steps for rest in _rest(step, left))
        return replace(self.plan, steps=steps) if steps else None


def _rest(step: Step, left: Collection[Key]) -> list[Step]:
    """The step itself while its target is there; else the files a cascade has left behind."""
    if step.target.key in left:
        return [step]
    return [Step(file) for file in step.takes if file.key in left]
