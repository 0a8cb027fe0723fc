"""Progress line of a running job, and its ctrl+C handling."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Final, TypeVar

from neptun_tui.cli.terminal import columns_of, is_terminal
from neptun_tui.services.job import Phase, Progress
from neptun_tui.services.messages import progress_line

T = TypeVar("T")

_REDRAW_SECONDS: Final = 0.5

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class StopOnSignal:
    """Stop a running job cleanly on ctrl+C, SIGTERM or SIGHUP; a second signal exits at once.

    Uses plain signal handlers, which run even while a write to a stalled terminal blocks.

    Args:
        stop: stops sending requests. Called again by :meth:`pass_on`, for a signal that arrived
            before the run started.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._heard = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopOnSignal:
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:  # nohup, or a background job of a shell
                self._before[number] = before
                signal.signal(number, self._heed)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _heed(self, _number: int, _frame: FrameType | None) -> None:
        if self._heard:
            raise KeyboardInterrupt
        self._heard = True
        self._stop()

    def pass_on(self) -> None:
        """Stop the run that has just started if a signal arrived before it."""
        if self._heard:
            self._stop()


class ProgressLine:
    """One line of standard error, redrawn in place; nothing where that is not a terminal."""

    def __init__(self) -> None:
        self._on = is_terminal(sys.stderr)
        self._drawn = 0

    def draw(self, text: str) -> None:
        """Replace the line."""
        if self._on:
            cut = text[: columns_of(sys.stderr) - 1]
            self._write(f"{cut:<{self._drawn}}")
            self._drawn = len(cut)

    def clear(self) -> None:
        """Erase the line."""
        if self._on and self._drawn:
            self._write(" " * self._drawn + "\r")

    def _write(self, text: str) -> None:
        try:
            print(f"\r{text}", end="", file=sys.stderr, flush=True)
        except OSError:  # the terminal has gone; the run goes on
            self._on = False


def job_line(progress: Progress) -> str:
    """Return the phase of a job and, while it sends, its progress, in one line."""
    verb = "Stopping (ctrl+C leaves at once)" if progress.stopping else progress.label
    sends = progress.phase in (Phase.SENDING, Phase.PAUSED)
    return f"{verb}  {progress_line(progress) if sends else ''}"


async def watch(over: Awaitable[T], said: Callable[[], str]) -> T:
    """Draw the progress of an awaitable until it is done.

    Args:
        over: the awaitable, whose value is returned.
        said: its progress now, in words.
    """
    waiting = asyncio.ensure_future(over)
    line = ProgressLine()
    try:
        while not waiting.done():
            line.draw(said())
            await asyncio.wait([waiting], timeout=_REDRAW_SECONDS)
    finally:
        line.clear()
    return waiting.result()
