"""Locks between processes, released by the system when their holder dies.

They are ``flock`` locks. Where these are missing (Windows, some network file systems) nothing is
locked, and a run of another instance is never known to be alive.
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
"""Seconds between two attempts."""


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


FCNTL: ModuleType | None = _optional("fcntl")


def lock(descriptor: int, *, shared: bool = False, patience: float = 0) -> bool:
    """Lock an open file until its descriptor is closed, against threads and processes alike.

    Args:
        descriptor: from its own ``open``; two users of one descriptor do not exclude each other.
        shared: take a shared lock, which others may hold too.
        patience: time-out in seconds. It is always finite, because the holder may be suspended.

    Returns:
        True if it is locked now; False where there are no locks.

    Raises:
        BlockingIOError: another thread or process holds the lock.
        OSError: the system refused.
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
    """Lock file that marks a live run or restore. Create one with :func:`take`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def release(self, *, remove: bool = True) -> None:
        """Release the lock; does nothing the second time.

        Args:
            remove: remove the file, too.
        """
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        # Remove the file before the lock is released, so that no other process has taken it.
        # A system without locks (Windows) does not remove open files, so it is closed first.
        if FCNTL is None:
            os.close(descriptor)
        if remove:
            with suppress(OSError):
                self.path.unlink()
        if FCNTL is not None:
            os.close(descriptor)


def take(path: Path, patience: float = 0) -> RunLock | None:
    """Create a lock file if necessary, and take its lock.

    Args:
        path: the file, in a folder that exists.
        patience: time-out in seconds; :func:`is_held` holds the lock for a moment, too.

    Returns:
        The held lock, or None when another thread or process holds it.

    Raises:
        OSError: the file cannot be created or locked.
    """
    deadline = time.monotonic() + patience
    while (held := _try_to_take(path)) is None and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return held


def _try_to_take(path: Path) -> RunLock | None:
    descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        lock(descriptor)
        # Between open and lock the holder may have removed the file: a lock without a name is void.
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
    """Tell whether this process or another holds a lock file.

    Returns:
        False without such a file, and on systems without locks. True when it is not known:
        a run that may be alive is left alone.
    """
    try:
        descriptor = open_own(path, os.O_RDONLY)
    except (FileNotFoundError, NotUsable):  # only a file of this user can be a lock file
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


def has_free_files(folder: Path) -> bool:
    """Tell whether a folder contains a lock file that no process holds; its holder has died."""
    with suppress(OSError), os.scandir(folder) as found:
        return any(
            each.is_file(follow_symlinks=False) and not is_held(Path(each.path)) for each in found
        )
    return False
