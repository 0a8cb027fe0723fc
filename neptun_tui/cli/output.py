"""Output: data on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from neptun_tui.domain import safe_text


class BrokenOutput(Exception):
    """Standard output takes nothing any more.

    Attributes:
        reason: why, as the end of a sentence; empty when whoever read it has had enough.
        code: how what was done ended, where that is known.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = 0


def prepare_streams() -> None:
    """Make the standard streams safe to use, whatever they were when the program started.

    A closed one gets the null device: the next file that is opened, such as the journal, must not
    become "standard error". What a locale cannot show is written as ``?`` instead of failing.
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
    """Have what is left in a stream's buffer go nowhere: Python flushes once more at its end."""
    if stream is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def on_terminal() -> bool:
    """Whether standard output is seen by a person."""
    return sys.stdout.isatty()


def print_error(text: str) -> None:
    """Say something to a person, on standard error."""
    print_info(f"neptun-tui: {text}")


def print_info(text: str) -> None:
    """Say what is going on, on standard error, without the program's name."""
    try:
        print(safe_text.clean(text), file=sys.stderr, flush=True)
    except OSError:  # nobody is there to be told
        discard_output(sys.stderr)


def require_output() -> None:
    """See that there is a standard output, before anything is done that it should tell of.

    Raises:
        OutputLost: it was closed when the program started.
    """
    if sys.stdout is None:
        raise BrokenOutput("it is closed")


def print_text(text: str) -> None:
    """Print data as it is: it has to be clean already.

    Raises:
        OutputLost: it cannot be written.
    """
    require_output()
    with _writing():
        sys.stdout.write(text)


def print_line(text: str) -> None:
    """Print one line of data; see :func:`print_text`."""
    print_text(f"{text}\n")


def flush() -> None:
    """Have everything written that was printed.

    Raises:
        OutputLost: it cannot be written.
    """
    if sys.stdout is not None:
        with _writing():
            sys.stdout.flush()


@contextmanager
def preserve_exit_code(code: int) -> Iterator[None]:
    """Tell of what has been done: its exit code holds even if nobody reads of it any more.

    Raises:
        OutputLost: with that code.
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
