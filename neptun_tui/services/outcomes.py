"""Turning the evidence of a run into one outcome for each item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import PlanStep
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import LATE_FOR, Evidence, Outcome, Verdict, decide, evidence_of
from neptun_tui.services.sight import Sight


@dataclass(slots=True)
class Tries:
    """What is known of one step so far.

    Attributes:
        evidence: one entry for each time it was sent, and one for each time it could not be.
        error: what the last of them ended in.
        sent_at: when the last byte of it was sent at the latest; None when none was.
        sight: the listing that settles it.
        moved_to: the ID of another project in which it was found.
        unsure: why it is not certain that other projects lose no other files than were confirmed.
    """

    step: PlanStep
    index: int
    evidence: list[Evidence] = field(default_factory=list)
    error: ServiceError | None = None
    sent_at: datetime | None = None
    sight: Sight = field(default_factory=Sight)
    moved_to: int | None = None
    unsure: str = ""

    def add(self, error: ServiceError | None, at: datetime) -> None:
        """Take in how one try ended, and when."""
        self.error = error
        self.evidence.append(evidence_of(error))
        if self.evidence[-1] is not Evidence.UNSENT:
            self.sent_at = at

    @property
    def processed(self) -> bool:
        """Whether the server took it up, or may have."""
        return any(each is not Evidence.UNSENT for each in self.evidence)

    @property
    def denied(self) -> bool:
        """Whether the server denied access to what is not in its project any more."""
        refused = bool(self.evidence) and self.evidence[-1] is Evidence.DENIED
        return refused and self.sight.has(self.step.target) is False

    @property
    def has_grown(self) -> bool:
        """Whether files stand below an import that nobody has confirmed."""
        target = self.step.target.key
        confirmed = {file.key.id for file in self.step.takes}
        return target.kind is Kind.IMPORT and not self.sight.below(target.id) <= confirmed


def is_overdue(sent_at: datetime | None, listed_at: datetime | None) -> bool:
    """Whether a request could not be on its way any more when a listing was made (contract §12)."""
    return sent_at is not None and listed_at is not None and listed_at - sent_at >= LATE_FOR


def outcomes_of(tries: Tries, why_untried: str) -> Iterator[Outcome]:
    """One outcome for the target and each file that its cascade would have taken.

    Args:
        tries: what is known of its step.
        why_untried: why the run ended before a step was tried.
    """
    weight = max(tries.evidence, default=Evidence.UNSENT)
    target_listed = tries.sight.has(tries.step.target)
    for target in tries.step.everything:
        moved = tries.moved_to is not None and target is tries.step.target
        listed = moved or tries.sight.has(target)
        overdue = is_overdue(tries.sent_at, tries.sight.taken_of(target))
        with_import = bool(target_listed) and target is not tries.step.target
        verdict = decide(tries.evidence, listed, import_listed=with_import, overdue=overdue)
        reason = _moved(tries) if moved else _reason(verdict, tries, weight, listed)
        if verdict is Verdict.NOT_SENT and not tries.evidence:
            reason = why_untried
        if verdict is Verdict.UNKNOWN:
            yield Outcome(target, verdict, reason, weight, tries.sent_at)
        else:
            yield Outcome(target, verdict, reason)


def _moved(tries: Tries) -> str:
    return f"Somebody has moved it to project {tries.moved_to}."


def _reason(verdict: Verdict, tries: Tries, weight: Evidence, listed: bool | None) -> str:
    said = str(tries.error) if tries.error else ""
    if verdict is Verdict.KEPT and tries.unsure:
        return f"{said} {tries.unsure}, so it was not tried again."
    if verdict is Verdict.KEPT and tries.has_grown:
        return f"{said} It has got files that were not confirmed, so it was not tried again."
    return reason_of(verdict, weight, listed, said)


def reason_of(verdict: Verdict, weight: Evidence, listed: bool | None, said: str = "") -> str:
    """Say why an item has got its verdict; nothing for what was deleted.

    Args:
        verdict: of the item.
        weight: the evidence that decided it.
        listed: whether it was listed; None when no listing could be had.
        said: what the last answer said, if that is known.
    """
    accepted = "Accepted, not yet confirmed." if not listed else "Accepted."
    said = said or (accepted if weight is Evidence.ACCEPTED else "No answer came.")
    match verdict:
        case Verdict.DELETED:
            return ""
        case Verdict.ALREADY_GONE:
            return "It was no longer in this project."
        case Verdict.UNKNOWN if listed:
            return f"{said} Still listed; it may still be carried out."
        case Verdict.UNKNOWN:
            return f"{said} Neptun's listing could not be had."
        case Verdict.KEPT if weight in (Evidence.ACCEPTED, Evidence.IN_DOUBT):
            return f"{said} Still listed {LATE_FOR.seconds // 60} minutes later."
        case _:
            return said
