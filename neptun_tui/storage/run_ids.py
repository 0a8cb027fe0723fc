"""Run IDs of time and random digits, and the age of a run by its ID.

A run ID becomes part of file names, so it never contains text from the server.
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
"""Pattern of an ID: date, time in milliseconds (UTC) and 24 random bits; IDs sort by time."""

_WHOLE = re.compile(PATTERN, re.ASCII)
_TIME = "%Y%m%d-%H%M%S%f"


def new_run_id() -> str:
    """Return an ID for a new run and its backup."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


def time_of(run_id: str) -> datetime | None:
    """Return the time in an ID (UTC); None for a text that is not a run ID."""
    if not _WHOLE.fullmatch(run_id):
        return None
    try:
        return datetime.strptime(run_id.rpartition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

WRITTEN_BY_NOW: Final = timedelta(hours=1)
"""Age after which a file without a backup or a run must be left from a process that died."""


def boot_id() -> str:
    """Return the ID of this start of the machine; empty where the system has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def uptime() -> timedelta:
    """Return the time since the start of the machine, including suspended time.

    Called only where :func:`boot_id` is not empty, which is on Linux.
    """
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


def is_expired(
    run_id: str,
    keep: timedelta,
    clocks: Iterable[datetime],
    ended: bool | None,
    boot: Callable[[], str],
) -> bool:
    """Tell whether the backup of a run is old enough to be removed.

    A backup made since the machine started is never older than the uptime, whatever the clock
    shows.

    Args:
        run_id: the run; its ID holds the time at which it began.
        keep: time to keep its backup.
        clocks: times not later than now, each with a time zone: the clock, and times recorded
            earlier. A backup is old only if all of them agree.
        ended: whether the run has ended; None when it is not in the journal and may be about to
            begin. The results of a run without an end are not known, so its backup stays.
        boot: returns the :func:`boot_id` at the time of the backup; called only if it looks old.
    """
    least = keep if ended else max(keep, WRITTEN_BY_NOW)
    began = time_of(run_id)
    if ended is False or began is None or began > min(clocks) - least:
        return False
    made_in = boot()
    return not (made_in and made_in == boot_id() and uptime() < keep)
