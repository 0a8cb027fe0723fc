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
"""Exceptions whose text contains only names from the code. The text of any other may repeat data: a
ValueError the cookie that it could not parse, a KeyError the key, a markup error a file's content.
"""


def write_crash_report(error: BaseException, folder: Path) -> Path | None:
    """Write a crash report to a file that only this user can read.

    It contains types of errors and lines of code. It never contains values of variables, and the
    text of an error only if that consists of names from the code.

    Args:
        error: the exception.
        folder: folder of the reports; created if necessary.

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
    """Yield all errors that led to an error, then the error itself, each once."""
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
    """Return the sentence for the terminal."""
    if path is None:
        return "neptun-tui broke, and its report could not be written."
    return f"neptun-tui broke. What happened, without any secrets, is in {path}"


_PR_SET_DUMPABLE: Final = 4


def disable_core_dumps() -> bool:
    """Disable core dumps on Linux, and access to ``/proc/PID/{environ,mem,maps,fd}`` by others.

    D-Bus and the kernel keyring keep working.

    Returns:
        True if it is disabled now. False on other systems, and where it is not permitted.
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
    """Make glibc map every block of 1 MiB or more separately, and unmap it when it is freed.

    By default glibc raises its threshold after the first large response and takes the next one
    from the heap. A response of 40 MB that grows there is moved, and left 20 MB of holes that were
    never reused. Does nothing without glibc.
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
    # CPython's C code, when an allocation failed without setting MemoryError
    "without setting an exception": _MEMORY,
    "with an exception set": _MEMORY,
    "without exception set": _MEMORY,
}
"""Texts of Python and the dynamic linker that come without an error number."""


LIMITS: Final = (MemoryError, OSError, RuntimeError, ImportError, SystemError, ExceptionGroup)
"""Types of error that may mean exhaustion; :func:`exhausted` decides."""


def exhausted(error: BaseException) -> str:
    """Return the resource that an error says is exhausted, or what exhaustion has damaged.

    Args:
        error: the exception; its causes and the members of a group count too.

    Returns:
        One sentence, or an empty string for an error of another kind.
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
            return _MEMORY  # CPython 3.11, when an import fails for lack of memory
        return next((said for part, said in _TEXTS.items() if part in text), "")
    return _damaged(error)


def _damaged(error: BaseException) -> str:
    """Name the compiled file that an import could not read; empty for another error.

    CPython (up to 3.14 at least) takes a short write of a full disk for a whole one, so that every
    later start would fail.
    """
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or step.tb_frame.f_code.co_name != "_compile_bytecode":
        return ""
    path = step.tb_frame.f_locals.get("bytecode_path")
    return f"The compiled file {path} is damaged, perhaps by a full disk. Delete it."
