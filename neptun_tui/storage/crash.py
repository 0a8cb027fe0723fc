"""What is left behind when the program breaks: one sentence, and a report without secrets."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from neptun_tui import __version__


def write_report(error: BaseException, folder: Path) -> Path | None:
    """Write where the program broke to a file that only this user can read.

    Lines of code and the text of the error go in; values of variables never do.

    Args:
        error: what was raised.
        folder: made if it is not there.

    Returns:
        The file; None when it could not be written.
    """
    now = datetime.now(UTC)
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    text = f"neptun-tui {__version__}, {now:%Y-%m-%d %H:%M:%S} UTC\n\n{''.join(lines)}"
    path = folder / f"crash-{now:%Y%m%d-%H%M%S}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return None
    return path


def sentence(path: Path | None) -> str:
    """What the terminal shows: one sentence."""
    if path is None:
        return "neptun-tui broke, and its report could not be written."
    return f"neptun-tui broke. What happened, without any secrets, is in {path}"
