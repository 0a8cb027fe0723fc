"""Locks between processes, which the system releases when their holder dies.

They are ``flock`` locks. Where there are none (Windows, some network file systems) nothing is
locked, and no run of another instance is known to be alive.
"""

from __future__ import annotations

import errno
import importlib
import os
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Final

from neptun_tui.storage.files import NotUsable, open_own

_NO_LOCKS: Final = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
_PAUSE: Final = 0.002
"""Seconds between two tries."""


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


FCNTL: ModuleType | None = _optional("fcntl")


def lock(descriptor: int, *, shared: bool = False, patience: float = 0) -> bool:
    """Lock an open file until its descriptor is closed, against threads and processes alike.

    Args:
        descriptor: of an ``open`` of its own; two users of one descriptor do not exclude each
            other.
        shared: others may hold it as well, if they share it too.
        patience: seconds to try. Never for ever: who holds it may have been suspended.

    Returns:
        Whether it is locked now; False where there are no locks.

    Raises:
        BlockingIOError: somebody else has it.
        OSError: the system would not.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _try_to_lock(descriptor, shared=shared)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)


def _try_to_lock(descriptor: int, *, shared: bool) -> bool:
    if FCNTL is None:
        return False
    how = FCNTL.LOCK_SH if shared else FCNTL.LOCK_EX
    try:
        FCNTL.flock(descriptor, how | FCNTL.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


class RunLock:
    """A lock file that is held for as long as something lives. Make one with :func:`take`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Remove the file and let go; a second time does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        # While it is held nobody else can take it for theirs, so that the right one is removed.
        # Without locks the system is one that removes no open file.
        if FCNTL is None:
            os.close(descriptor)
        with suppress(OSError):
            self._path.unlink()
        if FCNTL is not None:
            os.close(descriptor)


def take(path: Path, patience: float = 0) -> RunLock | None:
    """Hold a lock file, made if it is not there.

    Args:
        path: the file, in a folder that exists.
        patience: seconds to try; a look by :func:`is_held` takes a moment.

    Returns:
        The held file, or None when somebody else holds it.

    Raises:
        OSError: the file cannot be made or locked.
    """
    deadline = time.monotonic() + patience
    while (held := _try_to_take(path)) is None and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return held


def _try_to_take(path: Path) -> RunLock | None:
    descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        lock(descriptor)
        # Between open and lock its holder may have removed it: a lock on no name holds nothing.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return RunLock(path, descriptor)
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock file, in this process or another.

    Returns:
        False when there is no such file, and where there are no locks. True when it cannot be
        found out: what may be alive is left alone.
    """
    try:
        descriptor = open_own(path, os.O_RDONLY)
    except (FileNotFoundError, NotUsable):  # nobody makes a lock of what is no file of ours
        return False
    except OSError:
        return True
    try:
        lock(descriptor, shared=True)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
