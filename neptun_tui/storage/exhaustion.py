"""Errors that mean the machine is out of memory, open files or threads."""

from __future__ import annotations

import errno
from typing import Final

_MEMORY: Final = "This machine has too little memory left for this (ulimit -v)."
_FILES: Final = "This process may open too few files for this (ulimit -n)."
_ALL_FILES: Final = "This machine can open no more files."
_THREADS: Final = "This machine starts no more threads: too little memory, or ulimit -u."

_NUMBERS: Final = {
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: _ALL_FILES,
}
_TEXTS: Final = {
    "can't start new thread": _THREADS,
    "failed to map segment": _MEMORY,
    "cannot allocate memory": _MEMORY,
    "cannot apply additional memory protection": _MEMORY,
    "too many open files": _FILES,
}
"""What Python and the dynamic linker say in words only."""


LIMITS: Final = (MemoryError, OSError, RuntimeError, ImportError, SystemError, ExceptionGroup)
"""The types of error that may mean it; :func:`exhausted` says which of them do."""


def exhausted(error: BaseException) -> str:
    """Say what ran out.

    Args:
        error: what was raised; what it was raised from, and what a group holds, counts as well.

    Returns:
        One sentence, or nothing when the error is of another kind.
    """
    return _of(error, set())


def _of(error: BaseException | None, seen: set[int]) -> str:
    if error is None or id(error) in seen:
        return ""
    seen.add(id(error))
    said = _said(error)
    if not said and isinstance(error, BaseExceptionGroup):
        said = next(filter(None, (_of(part, seen) for part in error.exceptions)), "")
    return said or _of(error.__cause__ or error.__context__, seen)


def _said(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return _NUMBERS[error.errno]
    if isinstance(error, OSError | RuntimeError | ImportError | SystemError):
        text = str(error).lower()
        return next((said for part, said in _TEXTS.items() if part in text), "")
    return ""
