"""Running one confirmed plan, and finding out what became of every item of it.

The answers to the DELETEs are evidence; the verdicts come from one listing made afterwards
(contract §1). The run belongs to the app, not to a screen, and lives on the link's thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import Enum
from threading import Event
from typing import Any

from neptun_tui.domain.account import Session
from neptun_tui.domain.deletion import (
    DeletionPlan,
    Evidence,
    Key,
    Outcome,
    Report,
    Step,
    Target,
    Verdict,
    evidence_of,
    settle,
    worth_another_try,
)
from neptun_tui.domain.errors import (
    Busy,
    OutcomeUnknown,
    ServerFailed,
    ServiceError,
    SessionExpired,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.resources import Kind
from neptun_tui.neptun.retry import retry
from neptun_tui.services.ports import Neptun

IN_FLIGHT = 6
"""Requests at the same time: more than 8 to 16 are slower on the HTTP client's pool."""

_LISTING_TRIES = 3
_PASSING = (Unreachable, OutcomeUnknown, Busy, ServerFailed, UnusableAnswer)
"""Failures of a listing that may be over in a moment; a lost session is not among them."""


class Phase(Enum):
    """What a run is doing."""

    SENDING = "Deleting"
    CHECKING = "Checking with Neptun"
    DONE = "Done"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; a snapshot that any thread may read.

    Attributes:
        answered: requests that have got their answer.
        total: requests of the plan.
        seconds: since the run began.
    """

    phase: Phase
    answered: int
    total: int
    seconds: float
    stopping: bool = False


@dataclass(slots=True)
class _Tries:
    """What is known of one step so far."""

    step: Step
    evidence: list[Evidence] = field(default_factory=list)
    reason: str = ""


class DeletionRun:
    """One plan on its way. Make it, hand :meth:`run` to a link, and read :attr:`progress`."""

    def __init__(self, session: Session, plan: DeletionPlan, *, in_flight: int = IN_FLIGHT) -> None:
        self.plan = plan
        self._session = session
        self._slots = asyncio.Semaphore(in_flight)
        self._tries = [_Tries(step) for step in plan.steps]
        self._stop = Event()
        self._signed_out = False
        self._phase = Phase.SENDING
        self._answered = 0
        self._began = time.monotonic()
        self._ended: float | None = None

    @property
    def progress(self) -> Progress:
        """How far it is, now."""
        return Progress(
            self._phase,
            self._answered,
            len(self._tries),
            (self._ended or time.monotonic()) - self._began,
            self._stop.is_set(),
        )

    def stop(self) -> None:
        """Send no more; what is in flight is finished and told of. Safe from any thread."""
        self._stop.set()

    async def run(self, neptun: Neptun) -> Report:
        """Send every request of the plan, list, and settle.

        Args:
            neptun: the server.

        Returns:
            A report with exactly one outcome for each item of the plan. Errors of the server are
            outcomes in it; none is raised.
        """
        await self._send(neptun, self._tries)
        self._phase = Phase.CHECKING
        listed = await self._list(neptun)
        again = [tries for tries in self._tries if self._deserves_another(tries, listed)]
        if again:
            await self._send(neptun, again)
            listed = await self._list(neptun)
        self._phase = Phase.DONE
        self._ended = time.monotonic()
        outcomes = {
            outcome.target.key: outcome
            for tries in self._tries
            for outcome in _outcomes(tries, listed)
        }
        return Report(
            self.plan,
            tuple(outcomes[target.key] for target in self.plan.targets),
            self._stop.is_set(),
            self._signed_out,
        )

    def _deserves_another(self, tries: _Tries, listed: frozenset[Key] | None) -> bool:
        if not tries.evidence or self._over:
            return False
        still = None if listed is None else tries.step.target.key in listed
        return worth_another_try(tries.evidence[-1], still)

    @property
    def _over(self) -> bool:
        return self._stop.is_set() or self._signed_out

    async def _send(self, neptun: Neptun, batch: list[_Tries]) -> None:
        async with asyncio.TaskGroup() as group:
            for tries in batch:
                group.create_task(self._one(neptun, tries))

    async def _one(self, neptun: Neptun, tries: _Tries) -> None:
        async with self._slots:
            if not self._over:
                await self._attempt(neptun, tries)
                self._answered = min(self._answered + 1, len(self._tries))

    async def _attempt(self, neptun: Neptun, tries: _Tries) -> None:
        """Send one DELETE, again only after answers that say it was not processed."""

        async def send() -> None:
            error: ServiceError | None = None
            try:
                await _delete_call(neptun, self._session, tries.step.target)
            except ServiceError as caught:
                error = caught
            tries.evidence.append(evidence_of(error))
            tries.reason = str(error) if error else ""
            if error:
                raise error

        try:
            await retry(send, tries=3, errors=(Unreachable, Busy))
        except SessionExpired:
            self._signed_out = True
        except ServiceError:
            pass  # it is in the evidence

    async def _list(self, neptun: Neptun) -> frozenset[Key] | None:
        """The keys still there, of the kinds the plan touches; None when nobody could say."""
        kinds = {target.key.kind for target in self.plan.targets}

        async def ask() -> frozenset[Key]:
            keys: set[Key] = set()
            project = self.plan.project.id
            if Kind.IMPORT in kinds:
                imports = await neptun.imports(self._session, project)
                keys.update(Key(Kind.IMPORT, item.id) for item in imports)
            if Kind.FILE in kinds:
                files = await neptun.files(self._session, project)
                keys.update(Key(Kind.FILE, file.id) for file in files)
            return frozenset(keys)

        try:
            return await retry(ask, tries=_LISTING_TRIES, errors=_PASSING)
        except SessionExpired:
            self._signed_out = True
        except ServiceError:
            pass
        return None


def _delete_call(neptun: Neptun, session: Session, target: Target) -> Coroutine[Any, Any, None]:
    call = neptun.delete_import if target.key.kind is Kind.IMPORT else neptun.delete_file
    return call(session, target.project_id, target.key.id)


def _outcomes(tries: _Tries, listed: frozenset[Key] | None) -> list[Outcome]:
    return [_outcome(target, tries, listed) for target in tries.step.everything]


def _outcome(target: Target, tries: _Tries, listed: frozenset[Key] | None) -> Outcome:
    verdict = settle(tries.evidence, None if listed is None else target.key in listed)
    return Outcome(target, verdict, _reason(verdict, tries))


def _reason(verdict: Verdict, tries: _Tries) -> str:
    match verdict:
        case Verdict.DELETED:
            return ""
        case Verdict.ALREADY_GONE:
            return "Somebody else deleted it."
        case Verdict.UNKNOWN if tries.evidence[-1] is Evidence.ACCEPTED:
            return "Accepted, not yet confirmed: Neptun's listing could not be had."
        case Verdict.UNKNOWN:
            return f"{tries.reason} Neptun's listing could not be had."
        case Verdict.NOT_SENT if not tries.evidence:
            return "The run ended before its turn."
        case _:
            return tries.reason or "Neptun accepted the request, and lists it still."
