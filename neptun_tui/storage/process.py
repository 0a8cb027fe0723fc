"""Process hygiene: crash report without secrets, no core dumps, malloc tuning, exhaustion."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from neptun_tui import __version__
from neptun_tui.domain import safe_text
from neptun_tui.storage.files import make_private_folder

_NAMING = (
    AttributeError,
    ImportError,
    IndexError,
    ModuleNotFoundError,
    NameError,
    UnboundLocalError,
    ZeroDivisionError,
)
"""Python makes the text of these of names in the code. Any other may repeat what was worked with: a
ValueError the cookie it could not read, a KeyError the key, a markup error the content of a file.
"""


def write_crash_report(error: BaseException, folder: Path) -> Path | None:
    """Write where the program broke to a file that only this user can read.

    Kinds of errors and lines of code go in. Values of variables never do, nor does the text of an
    error, unless it can only be made of names in the code.

    Args:
        error: what was raised.
        folder: made if it is not there.

    Returns:
        The file; None when it could not be written.
    """
    now = datetime.now(UTC)
    told = "\n".join(_told(each) for each in _with_causes(error, set()))
    text = f"neptun-tui {__version__}, {now:%Y-%m-%d %H:%M:%S} UTC\n\n{told}"
    path = folder / f"crash-{now:%Y%m%d-%H%M%S-%f}.txt"
    try:
        make_private_folder(folder)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return None
    return path


def _with_causes(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """An error after all that led to it, each once."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield from _with_causes(error.__cause__ or error.__context__, seen)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _with_causes(part, seen)
    yield error


def _told(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    said = f": {safe_text.clean(str(error))}" if type(error) in _NAMING else ""
    return f"{''.join(traceback.format_tb(error.__traceback__))}{kind}{said}\n"


def crash_sentence(path: Path | None) -> str:
    """What the terminal shows: one sentence."""
    if path is None:
        return "neptun-tui broke, and its report could not be written."
    return f"neptun-tui broke. What happened, without any secrets, is in {path}"


_PR_SET_DUMPABLE: Final = 4


def disable_core_dumps() -> bool:
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


_M_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 1 << 20


def tune_malloc() -> None:
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
    # CPython's own code, where an allocation failed and nothing said so
    "without setting an exception": _MEMORY,
    "with an exception set": _MEMORY,
    "without exception set": _MEMORY,
}
"""Texts of Python and the dynamic linker that no error number stands beside."""


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
        if not text and isinstance(error, SystemError):
            return _MEMORY  # CPython 3.11, when an import fails for want of memory
        return next((said for part, said in _TEXTS.items() if part in text), "")
    return ""
