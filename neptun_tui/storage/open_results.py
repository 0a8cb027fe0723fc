"""Markers of runs with unknown results: one small file each, so that counting them is cheap.

The journal is the truth, and reading it whole takes seconds after thousands of runs. A mark holds
how many results of its run are open, and its time of change is when the run was last seen alive.
A mark that is lost costs a hint and some patience, never a wrong result.
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
"""Bytes of a number that is believed."""


def mark(folder: Path, run_id: str, count: int) -> None:
    """Note how many results of a run are open; 0 removes the mark."""
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
    """Return when a run was last noted to be alive; None when nobody knows."""
    with suppress(OSError, ValueError, OverflowError):
        changed = (folder / FOLDER / run_id).lstat().st_mtime
        return datetime.fromtimestamp(changed, UTC)
    return None


def count(folder: Path) -> int:
    """Count the open results of all runs that are alive nowhere; of all accounts."""
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
