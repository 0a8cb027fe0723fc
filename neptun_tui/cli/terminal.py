"""What the standard streams are, and what can be drawn on them."""

from __future__ import annotations

import os
from typing import Final, TextIO

_USUAL_COLUMNS: Final = 80

_NO_SCREENS: Final = ("", "dumb", "unknown")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is there and is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def columns_of(stream: TextIO) -> int:
    """How wide a terminal is, in cells."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS
    except OSError:
        return _USUAL_COLUMNS


def has_screen() -> bool:
    """Whether the terminal is said to be one that can place text on a screen."""
    return os.environ.get("TERM", "") not in _NO_SCREENS
