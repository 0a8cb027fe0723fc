"""Run IDs: the time of the request and random digits; and the age that an ID tells.

A run's ID names files, in a journal and in folders. Nothing a server sent is ever part of one.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

PATTERN: Final = r"[0-9]{8}-[0-9]{9}-[0-9a-f]{6}"
"""Date, time of day to the millisecond (UTC), and 24 bits of chance, so that IDs sort by time."""

_WHOLE = re.compile(PATTERN, re.ASCII)
_TIME = "%Y%m%d-%H%M%S%f"


def new_run_id() -> str:
    """An ID for a run that is about to begin, or for the local copy that is made before it."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


def time_of(run_id: str) -> datetime | None:
    """The moment in an ID (UTC); None for a text that is no run's ID and must name no file."""
    if not _WHOLE.fullmatch(run_id):
        return None
    try:
        return datetime.strptime(run_id.rpartition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

WRITTEN_BY_NOW: Final = timedelta(hours=1)
"""What belongs to no copy or to no run, and is older, was left by a process that died."""


def boot_id() -> str:
    """What tells this start of the machine from all others; empty where nothing does."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def uptime() -> timedelta:
    """The time since that start, in which the machine may have slept.

    It is asked for only where :func:`boot_id` has an answer, which is on Linux.
    """
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


def is_expired(
    run_id: str,
    keep: timedelta,
    clocks: Iterable[datetime],
    ended: bool | None,
    boot: Callable[[], str],
) -> bool:
    """Return whether the backup of a run has been kept long enough.

    What was made since this machine started is no older than that, whatever the clock says.

    Args:
        run_id: the run; it names the moment at which it began.
        keep: how long its backup is kept.
        clocks: moments that are no later than now, each with a time zone: the clock's reading,
            and what was written down earlier. A backup is old only if all of them say so.
        ended: whether the run has ended; None when it is not journaled, and may be about to begin.
            While it has not, nobody knows what it has deleted, and its backup stays.
        boot: returns the :func:`boot_id` of when the backup was made; called only if it looks old.
    """
    least = keep if ended else max(keep, WRITTEN_BY_NOW)
    began = time_of(run_id)
    if ended is False or began is None or began > min(clocks) - least:
        return False
    made_in = boot()
    return not (made_in and made_in == boot_id() and uptime() < keep)
