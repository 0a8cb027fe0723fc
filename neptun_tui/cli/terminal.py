"""Asking a person on the terminal, whatever standard input is."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

_TTY: Final = "/dev/tty"

_SETTLE_SECONDS: Final = 0.4
"""What is typed before a plan has stood this long was meant for something else, as in the app."""

_LONGEST_ANSWER: Final = 4096

_USUAL_COLUMNS: Final = 80

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


def wrapped(text: str, stream: TextIO | None, indent: int = 0) -> Sequence[str]:
    """A text in lines that break between words on a terminal; elsewhere it stays one line.

    Args:
        text: what is to be written.
        stream: where.
        indent: the characters that will stand before each line.
    """
    if stream is None or not is_terminal(stream):
        return (text,)
    from textwrap import wrap  # a script does without

    width = columns_of(stream) - indent - 1
    return wrap(text, max(_NARROWEST, width), break_on_hyphens=False) or ("",)


def why_not_ask(*, input_taken: bool) -> str:
    """Why nobody can be asked here; empty when somebody can.

    Args:
        input_taken: whether standard input holds something else than answers.
    """
    if not input_taken and not is_terminal(sys.stdin):
        return "standard input is no terminal"
    if not is_terminal(sys.stderr):
        return "standard error is no terminal, so that nobody would see what to answer"
    try:
        os.close(_open())
    except OSError:
        return "there is no terminal to ask on"
    return ""


def ask(question: str) -> str | None:
    """Ask one question on the terminal, and wait for a whole line.

    What was typed ahead of it is discarded. Ctrl+C raises KeyboardInterrupt at once.

    Returns:
        The line without the blanks around it; None when the terminal gave none (ctrl+D).
    """
    with _terminal() as terminal, interruptible():
        time.sleep(_SETTLE_SECONDS)
        _discard(terminal)
        os.write(terminal, question.encode())
        typed = b""
        while not typed.endswith(b"\n"):
            chunk = os.read(terminal, _LONGEST_ANSWER)
            if not chunk:
                os.write(terminal, b"\n")
                return None
            typed = (typed + chunk)[-_LONGEST_ANSWER:]
        return typed.decode(errors="replace").strip()


def _open() -> int:
    return os.open(_TTY, os.O_RDWR | getattr(os, "O_NOCTTY", 0))


@contextmanager
def _terminal() -> Iterator[int]:
    descriptor = _open()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let ctrl+C break off a call that waits here; asyncio would only note it for later."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _discard(terminal: int) -> None:
    import termios  # not on Windows, which has no /dev/tty either and is told so before

    termios.tcflush(terminal, termios.TCIFLUSH)
