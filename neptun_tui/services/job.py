"""Base of deletion and restore: stop, pauses while the server fails, and a new sign-in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from threading import Event

from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import ServiceError
from neptun_tui.services.brake import OUTAGE_PAUSE, Brake
from neptun_tui.services.concurrency import MOST_IN_FLIGHT, AdaptiveLimit

_GLANCE_SECONDS = 0.2
"""Interval in seconds at which a wait checks for a stop."""

Renewal = Callable[[Session], Awaitable[Session | None]]
"""Callback that asks the user to sign in again; returns None if they decline."""


class Job:
    """Job with many requests of one session, which the user can stop.

    Args:
        session: session of the items' account.
        renew: asks the user to sign in again when the session has ended; the job then continues.
        outage_seconds: seconds to wait for an unreachable server.
        in_flight: maximum number of concurrent requests.
    """

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
        self._stop = Event()
        self._signed_out = False
        self._halted = ""
        """Reason for an early end by the server's failures, or empty."""
        self._trouble = ""
        """Reason for an early end by an error of this machine, or empty."""

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
        """True if no request may be sent any more."""
        return self._stop.is_set() or self._signed_out or bool(self._trouble or self._halted)

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
        if not self._signed_out or self._renew is None or self._stop.is_set() or self._trouble:
            return False
        renewed = await self._renew(self._session)
        if renewed is None:
            self._renew = None  # the user declined and is not asked again
            return False
        self._session, self._signed_out = renewed, False
        return True
