"""Turning the evidence of a run into one outcome for each item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from neptun_tui.domain.deletion import Step
from neptun_tui.domain.errors import OutcomeUnknown, ServiceError
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.verdicts import Evidence, Outcome, Verdict, evidence_of, settle
from neptun_tui.services.sight import Sight

_GIVEN_UP = frozenset({408, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses of what stands before the server: nobody waits any more, but it may go on."""


@dataclass(slots=True)
class Tries:
    """What is known of one step so far.

    Attributes:
        evidence: one entry for each time it was sent, and one for each time it could not be.
        error: what the last of them ended in.
        adrift: whether one of them may still be under way at the server.
        sight: the listing that settles it.
        moved_to: the ID of another project in which it was found.
    """

    step: Step
    index: int
    evidence: list[Evidence] = field(default_factory=list)
    error: ServiceError | None = None
    adrift: bool = False
    sight: Sight = field(default_factory=Sight)
    moved_to: int | None = None

    def add(self, error: ServiceError | None) -> None:
        """Take in how one try ended."""
        self.error = error
        self.evidence.append(evidence_of(error))
        if error and (isinstance(error, OutcomeUnknown) or error.status in _GIVEN_UP):
            self.adrift = True

    @property
    def denied(self) -> bool:
        """Whether the server denied access to what is not in its project any more."""
        refused = bool(self.evidence) and self.evidence[-1] is Evidence.DENIED
        return refused and self.sight.has(self.step.target.key) is False

    @property
    def has_grown(self) -> bool:
        """Whether files stand below an import that nobody has confirmed."""
        target = self.step.target.key
        confirmed = {file.key.id for file in self.step.takes}
        return target.kind is Kind.IMPORT and not self.sight.below(target.id) <= confirmed


MAY_STILL = "It may still be carried out: look again later."
"""A locked row was deleted after 40 s, long after its client had gone (contract §1)."""


def outcomes_of(tries: Tries) -> Iterator[Outcome]:
    """One outcome for the target and each file that its cascade would have taken."""
    if tries.moved_to is not None:
        reason = f"Somebody has moved it to project {tries.moved_to}."
        yield Outcome(tries.step.target, Verdict.KEPT, reason)
        targets = tries.step.takes
    else:
        targets = tries.step.everything
    target_listed = tries.sight.has(tries.step.target.key)
    for target in targets:
        listed = tries.sight.has(target.key)
        with_import = bool(target_listed) and target is not tries.step.target
        verdict = settle(tries.evidence, listed, import_listed=with_import)
        yield Outcome(target, verdict, _reason(verdict, tries))


def _reason(verdict: Verdict, tries: Tries) -> str:
    said = str(tries.error) if tries.error else ""
    match verdict:
        case Verdict.DELETED:
            return ""
        case Verdict.ALREADY_GONE:
            return "It was no longer in this project."
        case Verdict.UNKNOWN:
            said = said or "Accepted, not yet confirmed."
            return f"{said} Neptun's listing could not be had."
        case Verdict.NOT_SENT if not tries.evidence:
            return "The run ended before its turn."
        case Verdict.KEPT if tries.adrift:
            return f"{said} {MAY_STILL}"
        case Verdict.KEPT if tries.has_grown:
            return f"{said} It has got files that were not confirmed, so it was not tried again."
        case _:
            return said or "Neptun accepted the request, and lists it still."
