"""What the standard streams are, and what can be drawn on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final, TextIO

from neptun_tui.domain.errors import InputError
from neptun_tui.domain.safe_text import untied

_USUAL_COLUMNS: Final = 80

_NO_SCREENS: Final = ("", "dumb", "unknown")

_NARROWEST: Final = 20
"""Characters of a line, however narrow the terminal is."""


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


def wrapped(text: str, stream: TextIO | None, indent: int = 0) -> Sequence[str]:
    """A text in lines that break between words on a terminal; elsewhere it stays one line.

    Args:
        text: what is to be written.
        stream: where.
        indent: the characters that will stand before each line.
    """
    if stream is None or not is_terminal(stream):
        return (untied(text),)
    from textwrap import wrap  # a script does without

    width = columns_of(stream) - indent - 1
    lines = wrap(text, max(_NARROWEST, width), break_on_hyphens=False)
    return [untied(line) for line in lines] or ("",)


@contextmanager
def standard_input() -> Iterator[BinaryIO]:
    """The bytes of standard input. A read waits until they are there.

    Raises:
        InputError: it is closed, or a read of it failed.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("Standard input is closed, so nothing can be read from it.")
    try:
        if os.name == "posix":
            # Whoever shares it may have switched it over; what is late would then be taken for the
            # end, and the half of an ID for another ID.
            os.set_blocking(sys.stdin.fileno(), True)
        yield sys.stdin.buffer
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"Standard input cannot be read ({why}).") from None
