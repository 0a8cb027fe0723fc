"""Asking a person on the terminal. What is asked for in secret is never shown, whatever happens."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from neptun_tui.cli.terminal import interruptible
from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import InputError

try:
    import termios
except ImportError:  # Windows, whose consoles have no such limit
    termios = None  # type: ignore[assignment]

_LOCAL_FLAGS = 3
"""Where they stand in what ``tcgetattr`` gives."""


def ask_line(prompt: str, otherwise: str) -> str:
    """Ask for something that may be seen.

    Args:
        prompt: the question, shown on standard error.
        otherwise: what to say when there is no terminal.

    Raises:
        InputError: standard input is no terminal, or has ended.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(otherwise)
    print(prompt, end="", file=sys.stderr, flush=True)
    with interruptible():
        line = sys.stdin.readline()
    if not line:
        raise InputError("Nothing was typed.")
    return line.strip()


def ask_secret(prompt: str, otherwise: str, *, long: bool = False) -> Secret:
    """Ask for a secret on the terminal, wherever standard input and output go.

    Args:
        prompt: the question.
        otherwise: what to say when there is no terminal.
        long: whether what is pasted may be longer than a terminal's own editing allows.

    Raises:
        InputError: there is no terminal that can keep from showing it, or nothing was typed.
    """
    with warnings.catch_warnings(), interruptible(), _long_lines(long):
        # getpass would go on with a warning and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            typed = Secret(getpass.getpass(prompt))
        except (getpass.GetPassWarning, EOFError, OSError, AttributeError):
            typed = None
    if typed is None:
        raise InputError(otherwise)
    if not typed:
        raise InputError("Nothing was typed.")
    return typed


@contextmanager
def _long_lines(wanted: bool) -> Iterator[None]:
    """Switch off a terminal's own editing, which drops what is beyond 4,095 bytes (macOS: 1,023).

    Backspace is no use meanwhile: for what is pasted, not for what is typed.
    """
    terminal = None
    if wanted and termios is not None:
        with suppress(OSError):
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    if terminal is None:
        yield
        return
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[_LOCAL_FLAGS] &= ~termios.ICANON
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, changed)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        os.close(terminal)
