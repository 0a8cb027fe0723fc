"""Capabilities of the terminal, detected from streams and environment without drawing."""

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
"""Minimum characters of a line, however narrow the terminal is."""


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a standard stream is open and a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def columns_of(stream: TextIO) -> int:
    """Return the width of a terminal in cells."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS
    except OSError:
        return _USUAL_COLUMNS


def has_screen() -> bool:
    """Tell whether TERM names a terminal that can place text on a screen."""
    return os.environ.get("TERM", "") not in _NO_SCREENS


def wrapped(text: str, stream: TextIO | None, indent: int = 0) -> Sequence[str]:
    """Wrap a text between words for a terminal; elsewhere it stays one line.

    Args:
        text: the text to write.
        stream: its destination.
        indent: the width of each line's indentation.
    """
    if stream is None or not is_terminal(stream):
        return (untied(text),)
    from textwrap import wrap  # not needed without a terminal

    width = columns_of(stream) - indent - 1
    lines = wrap(text, max(_NARROWEST, width), break_on_hyphens=False)
    return [untied(line) for line in lines] or ("",)


@contextmanager
def standard_input() -> Iterator[BinaryIO]:
    """Yield standard input as bytes, in blocking mode.

    Raises:
        InputError: it is closed, or a read of it failed.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("Standard input is closed, so nothing can be read from it.")
    try:
        if os.name == "posix":
            # Another process that shares it may have made it non-blocking; late input would then
            # look like the end, and half an ID like another ID.
            os.set_blocking(sys.stdin.fileno(), True)
        yield sys.stdin.buffer
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"Standard input cannot be read ({why}).") from None


SMALLEST = (40, 10)
"""Minimum columns and rows of the app."""

Found = tuple[str, str]
"""Finding, and how to fix it; the second is empty when it is fine."""


def terminal() -> Found:
    """Check the terminal the app would draw on: any of the standard streams may lead to it."""
    name = os.environ.get("TERM", "")
    if not has_screen():
        return f"TERM is {name!r}.", "It has to name a terminal that can place text on a screen."
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is not None and is_terminal(stream):
            columns, rows = os.get_terminal_size(stream.fileno())
            shown = f"{name}, {columns}×{rows}"
            if 0 < columns < SMALLEST[0] or 0 < rows < SMALLEST[1]:  # 0: unknown
                return shown, f"It has to have {SMALLEST[0]}×{SMALLEST[1]} at least."
            return shown, ""
    return "There is none: no standard stream is a terminal.", "Run this where the app is to run."


def colours() -> str:
    """Return the number of colours the app would use."""
    if os.environ.get("NO_COLOR"):
        return "none: NO_COLOR is set"
    if os.environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "16 million"
    if os.environ.get("TERM", "").endswith("-256color"):
        return "256"
    return "16"


def locale() -> Found:
    """Check that the locale is UTF-8, which the app draws in."""
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        if named := os.environ.get(variable):
            if named.lower().replace("-", "").endswith("utf8"):
                return "UTF-8", ""
            return f"{variable}={named} does not say UTF-8.", _UTF8
    return "The environment names no locale.", _UTF8


_UTF8 = "If lines and dots look broken, set LANG=C.UTF-8 and use a UTF-8 terminal."
