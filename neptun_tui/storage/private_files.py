"""Files that nobody else may read: 0600, in a folder that is 0700, replaced whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_folder(folder: Path) -> None:
    """Make a folder with its parents, and take it from everyone but its owner.

    Raises:
        OSError: it cannot be made, or it is somebody else's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & _OTHERS:
        folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Replace a file with this text: a reader sees the old file or the new one, never half of one.

    Args:
        path: the file; its folder is made private too.
        text: written as UTF-8, and on disk (fsync) before the old file goes.

    Raises:
        OSError: it could not be written; the old file stands.
    """
    make_private_folder(path.parent)
    # mkstemp makes the file 0600, so that it is at no time readable by others.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def read_private(path: Path) -> str | None:
    """Read a file that :func:`write_private` wrote.

    Returns:
        Its text, or None when there is no such file.

    Raises:
        PermissionError: others may read it, so that it is not private; or nobody may.
        OSError: it cannot be read.
        ValueError: it is no UTF-8.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise PermissionError
            return file.read()
    except FileNotFoundError:
        return None
