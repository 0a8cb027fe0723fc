"""Pauses of a job while the server fails or cannot be reached, shared by all its requests."""

from __future__ import annotations

import asyncio
from typing import Final

from neptun_tui.domain.errors import ServiceError, SessionExpired, Unreachable
from neptun_tui.domain.results import Evidence, evidence_of

FAILURES: Final = 10
"""Failures in a row after which a job pauses, instead of burning through the rest of its plan."""

OUTAGE_PAUSE: Final = 5
_PAUSES: Final = (10, 20, 40, 80, 160, 300)
"""Seconds of the pauses while the server fails; after the last one the job gives up."""

_ANSWERS: Final = (Evidence.ACCEPTED, Evidence.DENIED, Evidence.REFUSED)
"""They say that the server works."""


class Brake:
    """What the answers in a row say of the server, and how long to pause.

    Args:
        outage_seconds: how long a server that cannot be reached is waited for; 0 waits for none.
    """

    def __init__(self, outage_seconds: float = 0) -> None:
        self.turn = asyncio.Lock()
        """Held for one pause and the one request after it: the others wait for its answer."""
        self.why = ""
        self._outage_seconds = outage_seconds
        self._failures = 0
        self._pauses = 0
        self._down = False
        self._waited = 0.0

    def note(self, error: ServiceError | None) -> None:
        """Take in how one request ended."""
        if evidence_of(error) in _ANSWERS:
            self._failures, self._pauses, self._down, self._waited = 0, 0, False, 0.0
        elif self.waits_for(error):
            self._down = True
            self.why = f"{error}"
        elif not isinstance(error, (SessionExpired, Unreachable)):
            self._failures += 1
            self.why = f"{FAILURES} requests in a row failed. {error}"

    def waits_for(self, error: ServiceError | None) -> bool:
        """Whether a request that ended so is sent again after a pause: it never left."""
        return isinstance(error, Unreachable) and self._outage_seconds > 0

    @property
    def engaged(self) -> bool:
        """Whether the next request has to wait."""
        return self._down or self._failures >= FAILURES

    def next_pause(self) -> int | None:
        """Return the seconds to wait now; None when the job is to give up."""
        if self._down:
            if self._waited >= self._outage_seconds:
                return None
            self._waited += OUTAGE_PAUSE
            return OUTAGE_PAUSE
        if self._pauses >= len(_PAUSES):
            return None
        self._pauses += 1
        return _PAUSES[self._pauses - 1]
