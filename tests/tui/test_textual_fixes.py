"""Driver of the terminal: what Textual's own gets wrong."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from textual.drivers.linux_driver import LinuxDriver

from neptun_tui.tui.textual_fixes import TerminalDriver


@pytest.fixture
def own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGWINCH)
    yield
    signal.signal(signal.SIGWINCH, before)


async def test_a_resize_during_a_resize_is_the_last_size_that_the_app_gets(
    own_signals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal interrupts the handler of the one before between reading the size and sending it."""
    sizes = {"now": 110}
    sent: list[int] = []

    def send_size(_number: int, _frame: object) -> None:
        size = sizes["now"]
        if size == 110:
            sizes["now"] = 80
            os.kill(os.getpid(), signal.SIGWINCH)
        sent.append(size)

    def start(_driver: LinuxDriver) -> None:
        signal.signal(signal.SIGWINCH, send_size)

    monkeypatch.setattr(LinuxDriver, "start_application_mode", start)
    TerminalDriver.__new__(TerminalDriver).start_application_mode()
    os.kill(os.getpid(), signal.SIGWINCH)
    async with asyncio.timeout(30):
        while len(sent) < 2:
            await asyncio.sleep(0)
    assert sent == [110, 80]
