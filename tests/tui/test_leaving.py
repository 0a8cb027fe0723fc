"""An answer that comes while its screen goes away."""

from __future__ import annotations

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static


class Slow(Static):
    """Takes its time to go, as everything does on a busy machine."""

    def __init__(self, going: asyncio.Event, gone: asyncio.Event) -> None:
        super().__init__()
        self._going, self._gone = going, gone

    async def on_unmount(self) -> None:
        self._going.set()
        await asyncio.sleep(0.05)
        self._gone.set()


class Asking(Screen[None]):
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
