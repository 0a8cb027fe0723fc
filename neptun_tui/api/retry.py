"""Retries with jittered backoff; nothing else in the program retries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from neptun_tui.domain.errors import (
    Busy,
    OutcomeUnknown,
    ServerFailed,
    ServiceError,
    Unreachable,
    UnusableAnswer,
)

BASE: Final = 0.5
"""Seconds before the second try, at most; it doubles with each further one."""

CAP: Final = 30.0
"""Seconds that no wait exceeds, whatever the server asks for."""

TRIES: Final = 3
"""Attempts of one request."""

TEMPORARY: Final = (Unreachable, OutcomeUnknown, Busy, ServerFailed, UnusableAnswer)
"""Failures after which a request that is safe to repeat is sent again."""

T = TypeVar("T")


def backoff(
    attempt: int, retry_after: float | None = None, rng: Callable[[], float] = random.random
) -> float:
    """Return the seconds to wait after a failed attempt.

    Args:
        attempt: which try failed; the first is 1.
        retry_after: seconds the server asked for. They are waited in full, up to ``CAP``, and a
            little longer, so that many clients do not return in the same instant.
        rng: a number from 0 to 1.

    Returns:
        Seconds, from 0 to ``CAP``.
    """
    if retry_after is not None:
        return min(CAP, max(0.0, retry_after) + BASE * rng())
    longest = min(CAP, BASE * 2.0 ** min(attempt - 1, 16))
    return longest * (0.5 + rng() / 2)


async def retry(
    call: Callable[[], Awaitable[T]],
    *,
    tries: int = TRIES,
    errors: tuple[type[ServiceError], ...],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    rng: Callable[[], float] = random.random,
) -> T:
    """Call until it works, the tries are used up, or it fails in another way.

    Args:
        call: makes a new awaitable for each try.
        tries: how often to call at most; at least 1.
        errors: what is worth another try. For a DELETE only what was certainly not carried out.
        sleep: waits the seconds it is given.
        rng: a number from 0 to 1, for the jitter.

    Returns:
        What the call returned.

    Raises:
        ServiceError: the last failure.
    """
    for attempt in range(1, tries):
        try:
            return await call()
        except errors as error:
            wait = backoff(attempt, error.retry_after if isinstance(error, Busy) else None, rng)
        await sleep(wait)
    return await call()
