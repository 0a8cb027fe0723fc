"""Pauses of a job while the server fails or cannot be reached, shared by all its requests."""

from __future__ import annotations

import asyncio
from typing import Final

from neptun_tui.domain.errors import ServiceError, SessionExpired, Unreachable
from neptun_tui.domain.results import Evidence, evidence_of

FAILURES: Final = 10
"""Consecutive failures after which a job pauses, instead of failing the rest of its plan."""

OUTAGE_PAUSE: Final = 5
_PAUSES: Final = (10, 20, 40, 80, 160, 300)
"""Seconds of the pauses while the server fails; after the last pause the job ends."""

_ANSWERS: Final = (Evidence.ACCEPTED, Evidence.DENIED, Evidence.REFUSED)
"""Evidence of a response from a working server."""


class Brake:
    """Circuit breaker: counts consecutive failures and decides on pauses.

    Args:
        outage_seconds: seconds to wait for an unreachable server; 0 to fail at once.
    """

    def __init__(self, outage_seconds: float = 0) -> None:
        self.turn = asyncio.Lock()
        """Lock of one pause and the request after it; the other requests wait for its response."""
        self.why = ""
        self._outage_seconds = outage_seconds
        self._failures = 0
        self._pauses = 0
        self._down = False
        self._waited = 0.0

    def note(self, error: ServiceError | None) -> None:
        """Count the end of one request: its error, or None."""
        if evidence_of(error) in _ANSWERS:
            self._failures, self._pauses, self._down, self._waited = 0, 0, False, 0.0
        elif self.waits_for(error):
            self._down = True
            self.why = f"{error}"
        elif not isinstance(error, (SessionExpired, Unreachable)):
            self._failures += 1
            self.why = f"{FAILURES} requests in a row failed. {error}"

    def waits_for(self, error: ServiceError | None) -> bool:
        """Tell whether to retry a request after a pause, because it was never sent."""
        return isinstance(error, Unreachable) and self._outage_seconds > 0

    @property
    def engaged(self) -> bool:
        """True if the next request has to wait."""
        return self._down or self._failures >= FAILURES

    def next_pause(self) -> int | None:
        """Return the seconds of the next pause; None to end the job."""
        if self._down:
            if self._waited >= self._outage_seconds:
                return None
            self._waited += OUTAGE_PAUSE
            return OUTAGE_PAUSE
        if self._pauses >= len(_PAUSES):
            return None
        self._pauses += 1
        return _PAUSES[self._pauses - 1]
