"""Markers of runs with unknown results: one small file each, so that counting them is cheap.

The journal is authoritative, but reading it takes seconds after thousands of runs. A marker holds
the number of unknown results of its run, and its modification time tells when the run was last
known to be alive. A lost marker costs a hint and a longer wait, never a wrong result.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from neptun_tui.storage.files import make_private_folder, open_own
from neptun_tui.storage.locks import is_held

FOLDER: Final = "open"
_LONGEST: Final = 20
"""Maximum length in bytes of the number in a marker."""


def mark(folder: Path, run_id: str, count: int) -> None:
    """Write the number of unknown results of a run; 0 removes the marker."""
    path = folder / FOLDER / run_id
    with suppress(OSError):
        if not count:
            path.unlink(missing_ok=True)
            return
        make_private_folder(path.parent)
        descriptor = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(descriptor, str(count).encode())
        finally:
            os.close(descriptor)


def touch(folder: Path, run_id: str) -> None:
    """Note that a run is alive now."""
    with suppress(OSError):
        os.utime(folder / FOLDER / run_id, follow_symlinks=False)


def last_alive(folder: Path, run_id: str) -> datetime | None:
    """Return the last time at which a run was known to be alive; None when unknown."""
    with suppress(OSError, ValueError, OverflowError):
        changed = (folder / FOLDER / run_id).lstat().st_mtime
        return datetime.fromtimestamp(changed, UTC)
    return None


def count(folder: Path) -> int:
    """Count the unknown results of all runs that are not alive, for all accounts."""
    total = 0
    with suppress(OSError), os.scandir(folder / FOLDER) as marks:
        for found in marks:
            if found.is_file(follow_symlinks=False) and not is_held(
                folder / "runs" / f"{found.name}.lock"
            ):
                total += _number(Path(found.path))
    return total


def _number(path: Path) -> int:
    with suppress(OSError, ValueError):
        descriptor = open_own(path, os.O_RDONLY)
        try:
            return max(1, int(os.read(descriptor, _LONGEST)))
        finally:
            os.close(descriptor)
    return 1
