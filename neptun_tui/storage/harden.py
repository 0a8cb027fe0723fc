"""Keep other processes of the same user out of this one."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> bool:
    """Tell Linux to write no core dump, and to close ``/proc/PID/{environ,mem,maps,fd}`` to others.

    D-Bus and the kernel keyring go on working.

    Returns:
        Whether it is so now. False on other systems, and where it is not permitted.
    """
    if sys.platform != "linux":
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False
