"""Limit of concurrent requests of a job, adapted to the server while the job runs."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Final

from neptun_tui.domain.errors import Busy, OutcomeUnknown, ServerFailed, ServiceError

MOST_IN_FLIGHT: Final = 16
"""Maximum of the limit: with more, the connection pool of httpx costs more than it gains."""

_START: Final = 6
_LEAST: Final = 2
_STEP: Final = 2
_TOLERANCE: Final = 1.25
"""Latency of a round, relative to the fastest one, up to which the limit still rises."""

_CAUTIOUS_ROUNDS: Final = 10
"""Rounds after the first overload in which the limit stays below the size that caused it; twice as
many after each further one. Without this, a server that rejects more than ten at once rejected one
request of every seven rounds."""

_OVERLOAD = (Busy, ServerFailed, OutcomeUnknown)
"""Errors of an overloaded server: 429 and 503, other failures, and time-outs."""


class AdaptiveLimit:
    """Semaphore whose size follows the server: ``async with limit:`` around each request.

    It starts at 6. A round is as many responses as the limit; if its mean latency is not above
    that of the fastest round, the limit rises by 2, otherwise it falls by 1. At 2 a higher latency
    is the server's own, so it becomes the new measure, and the limit rises again. An error of an
    overloaded server sets it to 2; responses to requests that were sent before do not count.

    Args:
        cap: maximum of the limit; a smaller one than 6 is the start as well.
    """

    def __init__(self, cap: int = MOST_IN_FLIGHT) -> None:
        self._cap = cap
        self._size = min(_START, cap)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._round: list[float] = []
        self._fastest = float("inf")
        self._stale = 0
        """Number of requests in flight that were sent before the last overload."""
        self._ceiling = cap
        self._cautious = 0
        """Number of rounds for which the ceiling holds."""
        self._caution = _CAUTIOUS_ROUNDS

    @property
    def _least(self) -> int:
        return min(_LEAST, self._cap)

    @property
    def size(self) -> int:
        """Current maximum number of concurrent requests."""
        return self._size

    def note(self, seconds: float, error: ServiceError | None) -> None:
        """Adapt the limit to the latency of one response, or to its error."""
        if self._stale:
            self._stale -= 1
        elif isinstance(error, _OVERLOAD):
            self._ceiling = max(self._size - _STEP, self._least)
            self._cautious, self._caution = self._caution, self._caution * 2
            self._size = self._least
            self._stale = max(self._in_flight - 1, 0)
            self._round.clear()
        elif error is None:
            self._round.append(seconds)
            if len(self._round) >= self._size:
                self._end_round()
                self._admit()

    def _end_round(self) -> None:
        mean = sum(self._round) / len(self._round)
        self._round.clear()
        self._fastest = mean if self._size == self._least else min(self._fastest, mean)
        self._cautious -= 1
        most = self._ceiling if self._cautious > 0 else self._cap
        if mean <= self._fastest * _TOLERANCE:
            self._size = max(self._size, min(self._size + _STEP, most))
        else:
            self._size = max(self._size - 1, self._least)

    async def __aenter__(self) -> None:
        if self._in_flight < self._size and not self._waiting:
            self._in_flight += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was admitted at the same moment
                self._leave()
            raise

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        """Admit those who have waited longest, as many as the size allows."""
        while self._waiting and self._in_flight < self._size:
            place = self._waiting.popleft()
            if not place.done():
                self._in_flight += 1
                place.set_result(None)
