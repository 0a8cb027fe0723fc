"""Responses that arrive while their screen closes."""

from __future__ import annotations

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.message_pump import MessagePump
from textual.widgets import Static

from neptun_tui.tui.screen import ResponsiveScreen


class Slow(Static):
    """Takes its time to go, as everything does on a busy machine."""

    def __init__(self, going: asyncio.Event, gone: asyncio.Event) -> None:
        super().__init__()
        self._going, self._gone = going, gone

    async def on_unmount(self) -> None:
        self._going.set()
        await asyncio.sleep(0.05)
        self._gone.set()


class Asking(ResponsiveScreen[None]):
    """Shows an answer that comes when one of its widgets is gone and the next one is going."""

    def __init__(self) -> None:
        super().__init__()
        self.going, self.gone = asyncio.Event(), asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Static(id="answer")
        yield Slow(self.going, self.gone)

    @work
    async def ask(self) -> None:
        await self.going.wait()
        await asyncio.sleep(0.02)
        self.query_one("#answer", Static).update("here it is")


async def test_an_answer_for_a_screen_that_goes_is_no_crash(start):
    async with start(project=1) as ui:
        screen = Asking()
        await ui.app.push_screen(screen)
        screen.ask()
        screen.dismiss()
        await screen.gone.wait()
        await ui.see("Storefront")
        assert ui.app.crash_report is None


async def test_what_a_screen_has_put_off_is_dropped_when_it_goes(start, monkeypatch):
    put_off = []
    async with start(project=1) as ui:
        screen = Asking()
        await ui.app.push_screen(screen)
        with monkeypatch.context() as patch:
            patch.setattr(MessagePump, "call_after_refresh", lambda _, call: put_off.append(call))
            screen.call_after_refresh(screen.query_one, "#answer")
        assert put_off[0]() is screen.query_one("#answer")
        screen.dismiss()
        await screen.going.wait()
        assert put_off[0]() is None
        await screen.gone.wait()
