"""Base of a deletion and a restore: it waits for a server that fails, and for a new sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event

from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import ServiceError
from neptun_tui.services.brake import OUTAGE_PAUSE, Brake

_GLANCE_SECONDS = 0.2
"""How soon a wait for the next try notices that there will be none."""

Renewal = Callable[[Session], Awaitable[Session | None]]
"""Has a person sign in again for a session that has ended; None when they would not."""


class Job:
    """A run of requests in the name of one session, which a person can stop.

    Args:
        session: whose items they are.
        renew: has a person sign in again when the session has ended; then the job goes on.
        outage_seconds: how long a server that cannot be reached is waited for.
    """

    def __init__(
        self, session: Session, *, renew: Renewal | None = None, outage_seconds: float = 0
    ) -> None:
        self._session = session
        self._renew = renew
        self._outage_seconds = outage_seconds
        self._brake = Brake(outage_seconds)
        self._pause_left = 0
        self._stop = Event()
        self._signed_out = False
        self._halted = ""
        """Why the job was ended early, if the server was the reason."""
        self._trouble = ""
        """Why the job was ended early, if this machine was the reason."""

    def stop(self) -> None:
        """Send no more; what is in flight is finished and told of. Safe from any thread."""
        self._stop.set()

    @property
    def _over(self) -> bool:
        """Whether nothing more may be sent."""
        return self._stop.is_set() or self._signed_out or bool(self._trouble or self._halted)

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than there is something to wait for."""
        while seconds > 0 and not self._over:
            await asyncio.sleep(min(seconds, _GLANCE_SECONDS))
            seconds -= _GLANCE_SECONDS

    async def _persist(self, attempt: Callable[[], Awaitable[ServiceError | None]]) -> bool:
        """Send a request; before it and, if it never left, before another try, wait if need be.

        Args:
            attempt: sends it, has the brake note how that ended, and returns the error.

        Returns:
            Whether it was tried at all.
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
        """Wait before the next try, or give up."""
        seconds = self._brake.next_pause()
        if seconds is None:
            self._halted = f"The run was ended early. {self._brake.why}"
            return
        await self._count_down(seconds)

    async def _outlast(self, error: ServiceError, waited: float) -> bool:
        """Wait a little when the server could not be asked.

        Args:
            error: why not.
            waited: the seconds that were waited for it so far.

        Returns:
            Whether to ask again; no more once an outage has been waited for long enough.
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
        """Whether the session had ended and a person has signed in again."""
        if not self._signed_out or self._renew is None or self._stop.is_set() or self._trouble:
            return False
        renewed = await self._renew(self._session)
        if renewed is None:
            self._renew = None  # whoever would not sign in is not asked once more
            return False
        self._session, self._signed_out = renewed, False
        return True
