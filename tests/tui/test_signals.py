"""Forced end after a signal, on a clock that the test moves."""

from __future__ import annotations

import os
import signal
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("signals and terminals of POSIX", allow_module_level=True)

from neptun_tui.tui import terminal
from neptun_tui.tui.terminal import SignalGuard


class Clock:
    """Clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Ended(Exception):
    """End of the process."""


class Tty:
    """Terminal whose output is discarded, and that is restored at the end."""

    def __init__(self) -> None:
        self.discarded = 0
        self.restored: list[bool] = []

    def make_room(self) -> None:
        self.discarded += 1

    def put_right(self, *, left_by_the_app: bool) -> None:
        self.restored.append(left_by_the_app)


def test_app_that_does_not_exit_is_ended_after_0_7_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(status: int) -> None:
        raise Ended(status)

    clock, asked = Clock(), []
    monkeypatch.setattr(terminal, "time", clock)
    monkeypatch.setattr(terminal, "TtyGuard", Tty)
    guard = SignalGuard(lambda: asked.append(clock.now))
    try:
        guard._number = signal.SIGTERM
        with monkeypatch.context() as patch:
            patch.setattr(os, "_exit", end)
            with pytest.raises(Ended) as ended:
                guard._see_out()
    finally:
        os.close(guard._hears)
        os.close(guard._says)
    assert asked == [1000.0]
    assert 0.7 <= clock.now - 1000.0 < 0.75
    assert ended.value.args == (128 + signal.SIGTERM,)
    assert guard._terminal.discarded > 10
    assert guard._terminal.restored == [False]
