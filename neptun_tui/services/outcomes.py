"""Turning the evidence of a run into one outcome for each item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from neptun_tui.domain.deletion import Evidence, Outcome, Step, Target, Verdict, settle
from neptun_tui.domain.errors import OutcomeUnknown, ServiceError
from neptun_tui.domain.resources import Kind

Seen = Mapping[Kind, frozenset[int] | None]
"""What a listing has of each kind; None where it could not be had."""


@dataclass(slots=True)
class Tries:
    """What is known of one step so far.

    Attributes:
        evidence: one entry for each time it was sent, and one for each time it could not be.
        error: what the last of them ended in.
        seen: the listing that settles it.
        moved_to: the ID of another project in which it was found.
    """

    step: Step
    index: int
    evidence: list[Evidence] = field(default_factory=list)
    error: ServiceError | None = None
    seen: Seen = field(default_factory=dict)
    moved_to: int | None = None

    @property
    def denied(self) -> bool:
        """Whether the server denied access to what is not in its project any more."""
        refused = bool(self.evidence) and self.evidence[-1] is Evidence.DENIED
        return refused and still_listed(self.step.target, self.seen) is False


def still_listed(target: Target, seen: Seen) -> bool | None:
    """Whether a listing has an item; None when it could not be had."""
    ids = seen.get(target.key.kind)
    return None if ids is None else target.key.id in ids


def outcomes_of(tries: Tries) -> Iterator[Outcome]:
    """One outcome for the target and each file that its cascade would have taken."""
    if tries.moved_to is not None:
        reason = f"Somebody has moved it to project {tries.moved_to}."
        yield Outcome(tries.step.target, Verdict.KEPT, reason)
        targets = tries.step.takes
    else:
        targets = tries.step.everything
    target_listed = still_listed(tries.step.target, tries.seen)
    for target in targets:
        listed = still_listed(target, tries.seen)
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
        case Verdict.KEPT if isinstance(tries.error, OutcomeUnknown):
            # A locked row was deleted after 40 s, long after the client had gone (contract §1).
            return f"{said} It may still be carried out: look again later."
        case _:
            return said or "Neptun accepted the request, and lists it still."
