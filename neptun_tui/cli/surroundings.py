"""What the terminal around the program can do, as far as that can be known without drawing."""

from __future__ import annotations

import os
import sys

from neptun_tui.cli.terminal import has_screen, is_terminal

SMALLEST = (40, 10)
"""Columns and rows the app needs."""

Found = tuple[str, str]
"""What there is, and what to do about it when it will not do."""


def terminal() -> Found:
    """The terminal that the app would draw on: any of the standard streams may lead to it."""
    name = os.environ.get("TERM", "")
    if not has_screen():
        return f"TERM is {name!r}.", "It has to name a terminal that can place text on a screen."
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is not None and is_terminal(stream):
            columns, rows = os.get_terminal_size(stream.fileno())
            shown = f"{name}, {columns}×{rows}"
            if 0 < columns < SMALLEST[0] or 0 < rows < SMALLEST[1]:  # 0: it does not say
                return shown, f"It has to have {SMALLEST[0]}×{SMALLEST[1]} at least."
            return shown, ""
    return "There is none: no standard stream is a terminal.", "Run this where the app is to run."


def colours() -> str:
    """How many colours the app would use."""
    if os.environ.get("NO_COLOR"):
        return "none: NO_COLOR is set"
    if os.environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "16 million"
    if os.environ.get("TERM", "").endswith("-256color"):
        return "256"
    return "16"


def locale() -> Found:
    """Whether the terminal is said to show UTF-8, which the app draws in."""
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        if named := os.environ.get(variable):
            if named.lower().replace("-", "").endswith("utf8"):
                return "UTF-8", ""
            return f"{variable}={named} does not say UTF-8.", _UTF8
    return "The environment names no locale.", _UTF8


_UTF8 = "If lines and dots look broken, set LANG=C.UTF-8 and use a UTF-8 terminal."
