"""How this process asks the system for memory."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 1 << 20


def give_back_large_blocks() -> None:
    """Let glibc map every block of a megabyte or more on its own, and unmap it when it is free.

    By itself it learns from the first large answer to carve the next one out of the heap. An answer
    of 40 MB that grows there is moved on the way and left 20 MB of holes, which were never filled.
    Does nothing where there is no glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
