"""Output: data on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from neptun_tui.domain import safe_text


class BrokenOutput(Exception):
    """Standard output can no longer be written.

    Attributes:
        reason: why, as the end of a sentence; empty when the reader closed the pipe.
        code: the exit code of the work done, where known.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = 0


def prepare_streams() -> None:
    """Make the standard streams safe to use, even if they were closed at the start.

    A closed one gets the null device: the next file to be opened, such as the journal, must not
    become "standard error". Characters outside the locale are written as ``?`` instead of failing.
    """
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def discard_output(stream: TextIO | None) -> None:
    """Discard what is left in a stream's buffer, which Python flushes at exit."""
    if stream is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def on_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout.isatty()


def print_error(text: str) -> None:
    """Print an error on standard error, prefixed with the program's name."""
    print_info(f"neptun-tui: {text}")


def print_info(text: str) -> None:
    """Print a message on standard error, without the program's name."""
    try:
        print(safe_text.clean(text), file=sys.stderr, flush=True)
    except OSError:  # the terminal has gone
        discard_output(sys.stderr)


def require_output() -> None:
    """Check that there is a standard output before doing anything whose result it must show.

    Raises:
        BrokenOutput: it was closed when the program started.
    """
    if sys.stdout is None:
        raise BrokenOutput("it is closed")


def print_text(text: str) -> None:
    """Print data unchanged: it must be safe already.

    Raises:
        BrokenOutput: it cannot be written.
    """
    require_output()
    with _writing():
        sys.stdout.write(text)


def print_line(text: str) -> None:
    """Print one line of data; see :func:`print_text`."""
    print_text(f"{text}\n")


def flush() -> None:
    """Flush everything printed so far.

    Raises:
        BrokenOutput: it cannot be written.
    """
    if sys.stdout is not None:
        with _writing():
            sys.stdout.flush()


@contextmanager
def preserve_exit_code(code: int) -> Iterator[None]:
    """Keep the exit code even if standard output breaks while the result is printed.

    Raises:
        BrokenOutput: with that code.
    """
    try:
        yield
    except BrokenOutput as lost:
        lost.code = code
        raise


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise BrokenOutput from None
    except OSError as error:
        raise BrokenOutput(error.strerror or type(error).__name__) from None
