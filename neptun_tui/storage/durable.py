"""Bytes that are on the disk before anyone relies on them, and why they sometimes cannot be."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from neptun_tui.storage.private_files import make_private_folder

PARTIAL: Final = ".part"
"""How the name of a file ends that is still being written; it begins with a dot."""

_WHY: Final = {
    errno.ENOENT: "it is not there",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "that is not permitted",
    errno.EPERM: "that is not permitted",
    errno.EAGAIN: "another window of this program is using it",
}
_NO_FOLDER_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)
"""What file systems answer that have no such thing as a folder on disk."""


def reason(error: OSError) -> str:
    """Say what an error of the file system means, as the end of a sentence without its stop."""
    return _WHY.get(error.errno or 0) or error.strerror or type(error).__name__


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk: a new file whose name is lost is lost.

    Raises:
        OSError: the disk would not.
    """
    if os.name != "posix":
        return  # elsewhere a folder cannot be opened
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_name(path: Path) -> None:
    """Have the name of a new file on disk, and, where it may be asked for, its folder's name.

    Raises:
        OSError: the disk would not.
    """
    sync_folder(path.parent)
    with suppress(OSError):  # one may be forbidden to open what is above one's own folder
        sync_folder(path.parent.parent)


@contextmanager
def private_stream(path: Path) -> Iterator[BinaryIO]:
    """Write a file piece by piece, 0600 in a 0700 folder: afterwards it is whole, or not there.

    Args:
        path: what it will be called once all of it is on disk; an older one is replaced.

    Yields:
        Where to write.

    Raises:
        OSError: it could not be written. Nothing is left of it, and nothing of an older one if
            that had been replaced by then.
    """
    make_private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=PARTIAL)
    written = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            yield file
            file.flush()
            os.fsync(file.fileno())
        written = written.replace(path)
        sync_name(path)
    except BaseException:
        with suppress(OSError):
            written.unlink()
        raise
