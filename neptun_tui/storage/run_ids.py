"""What a run is called: the moment it was asked for, and chance.

A run's ID names files, in a journal and in folders. Nothing a server sent is ever part of one.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
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
