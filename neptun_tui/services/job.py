"""Job: a running deletion or restore, with its phase and progress.

The base has what both need: stop, pauses while the server fails, and a new sign-in.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from threading import Event
from typing import ClassVar, Generic, TypeVar

from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import ServiceError
from neptun_tui.services.brake import OUTAGE_PAUSE, Brake
from neptun_tui.services.concurrency import MOST_IN_FLIGHT, AdaptiveLimit

_GLANCE_SECONDS = 0.2
"""Interval in seconds at which a wait checks for a stop."""

Renewal = Callable[[Session], Awaitable[Session | None]]
"""Callback that asks the user to sign in again; returns None if they decline."""


class Phase(Enum):
    """Phase of a job."""

    LOOKING = "Looking at what is there"
    SENDING = "Sending"
    WAITING = "Waiting for requests that may still be carried out"
    CHECKING = "Checking with Neptun"
    PAUSED = "Paused"
    RENEWING = "Renewing the stored context"
    DONE = "Done"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job; a value that any thread may read.

    Attributes:
        verb: verb of the job, as in ``Deleting``.
        items: number of items of the job.
        done: number of requests with a response, or of items with a result.
        total: number of all of them; it grows when a restore needs another import.
        counts_requests: whether requests are counted, not items.
        seconds: seconds since the job began.
        stopping: whether the user has stopped it.
        paused: seconds until the next attempt, while the server fails or is unreachable.
        why: reason of the pause.
    """

    verb: str
    phase: Phase
    items: int
    done: int
    total: int
    counts_requests: bool
    seconds: float
    stopping: bool = False
    paused: int = 0
    why: str = ""

    @property
    def label(self) -> str:
        """The phase in words; the job's own verb while it sends."""
        return self.verb if self.phase is Phase.SENDING else self.phase.value


class Job(ABC):
    """Job with many requests of one session, which the user can stop.

    Args:
        session: session of the items' account.
        renew: asks the user to sign in again when the session has ended; the job then continues.
        outage_seconds: seconds to wait for an unreachable server.
        in_flight: maximum number of concurrent requests.
    """

    verb: ClassVar[str]
    """Verb of the progress, as in ``Deleting``."""
    counts_requests: ClassVar[bool] = False
    """Whether the progress counts requests, not items."""

    def __init__(
        self,
        session: Session,
        *,
        renew: Renewal | None = None,
        outage_seconds: float = 0,
        in_flight: int = MOST_IN_FLIGHT,
    ) -> None:
        self._session = session
        self._renew = renew
        self._outage_seconds = outage_seconds
        self._brake = Brake(outage_seconds)
        self._limit = AdaptiveLimit(in_flight)
        self._pause_left = 0
        self._phase = Phase.LOOKING
        self._began = time.monotonic()
        self._ended: float | None = None
        self._stop = Event()
        self._signed_out = False
        self._halted = ""
        """Reason for an early end by the server's failures, or empty."""
        self._error = ""
        """Reason for an early end by an error of this machine, or empty."""

    @property
    def progress(self) -> Progress:
        """Current progress."""
        items, done, total = self._counts()
        return Progress(
            self.verb,
            Phase.PAUSED if self._pause_left else self._phase,
            items,
            done,
            total,
            self.counts_requests,
            (self._ended or time.monotonic()) - self._began,
            self._stop.is_set(),
            self._pause_left,
            self._brake.why,
        )

    @abstractmethod
    def _counts(self) -> tuple[int, int, int]:
        """Return the number of items, the number done, and the total of what is counted."""

    def _finish_progress(self) -> None:
        self._phase, self._ended = Phase.DONE, time.monotonic()

    def stop(self) -> None:
        """Stop after the requests in progress, which are still reported. Thread-safe."""
        self._stop.set()

    def _note(self, error: ServiceError | None, began: float) -> None:
        """Adapt pauses and concurrency to the end of one request.

        Args:
            error: error of the request, or None.
            began: time at which it was sent, by ``time.perf_counter``.
        """
        self._brake.note(error)
        self._limit.note(time.perf_counter() - began, error)

    @property
    def _over(self) -> bool:
        """True if nothing more may be sent."""
        return self._stop.is_set() or self._signed_out or bool(self._error or self._halted)

    async def _wait(self, seconds: float) -> None:
        """Wait these seconds, or until the job is over."""
        while seconds > 0 and not self._over:
            await asyncio.sleep(min(seconds, _GLANCE_SECONDS))
            seconds -= _GLANCE_SECONDS

    async def _persist(self, attempt: Callable[[], Awaitable[ServiceError | None]]) -> bool:
        """Send a request; pause before it if necessary, and repeat it if it was never sent.

        Args:
            attempt: sends the request, notes its end at the brake, and returns the error.

        Returns:
            True if there was an attempt.
        """
        tried, error = False, None
        while not self._over and not (tried and not self._brake.waits_for(error)):
            if not self._brake.engaged:
                tried, error = True, await attempt()
                continue
            async with self._brake.turn:
                if self._brake.engaged:
                    tried = True
                    await self._pause()
                    if not self._over:
                        error = await attempt()
        return tried

    async def _pause(self) -> None:
        """Wait before the next attempt, or end the job."""
        seconds = self._brake.next_pause()
        if seconds is None:
            self._halted = f"The run was ended early. {self._brake.why}"
            return
        await self._count_down(seconds)

    async def _outlast(self, error: ServiceError, waited: float) -> bool:
        """Wait for one pause during an outage.

        Args:
            error: reason of the outage.
            waited: seconds waited so far.

        Returns:
            True to retry; False after the outage time-out.
        """
        if self._over or waited >= self._outage_seconds:
            return False
        self._brake.why = str(error)
        await self._count_down(OUTAGE_PAUSE)
        return True

    async def _count_down(self, seconds: int) -> None:
        for left in range(seconds, 0, -1):
            self._pause_left = left
            await self._wait(1)
        self._pause_left = 0

    async def _signed_in_again(self) -> bool:
        """Return True if the session had ended and the user has signed in again."""
        if not self._signed_out or self._renew is None or self._stop.is_set() or self._error:
            return False
        renewed = await self._renew(self._session)
        if renewed is None:
            self._renew = None  # the user declined and is not asked again
            return False
        self._session, self._signed_out = renewed, False
        return True


J = TypeVar("J", bound=Job)
R = TypeVar("R")


@dataclass  # without slots: these break aliases of a generic class
class RunningJob(Generic[J, R]):
    """Job on the client thread, and its future report. A screen only observes it.

    Attributes:
        run: the deletion or restore.
        report: its report at its end.
    """

    run: J
    report: Future[R]
    _amended: R | None = None

    @property
    def latest(self) -> R:
        """Report of the ended run, with what later looks and renewals found out."""
        return self.report.result() if self._amended is None else self._amended

    def amend(self, change: Callable[[R], R]) -> R:
        """Change the latest report of the ended run and return it."""
        self._amended = change(self.latest)
        return self._amended

    @property
    def over(self) -> bool:
        """True if the report is available."""
        return self.report.done()

    async def finished(self) -> R:
        """Wait for the report. Cancelling the wait does not end the job."""
        return await asyncio.shield(asyncio.wrap_future(self.report))
