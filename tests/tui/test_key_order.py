"""Queue of terminal events: overtaking, limits and dropped events."""

from __future__ import annotations

import pytest
from textual import events
from textual.geometry import Size

from neptun_tui.tui.input_parser import LONGEST_PASTE, PasteProblem
from neptun_tui.tui.key_queue import PasteLost
from neptun_tui.tui.screens.browser import BrowserScreen

URGENT = ("ctrl+c", "ctrl+q")


def resize(ui, width: int, height: int) -> None:
    """Deliver a new size, as a driver does."""
    size = Size(width, height)
    ui.app.post_message(events.Resize(size, size))


async def test_an_urgent_key_does_not_drop_a_new_size(start):
    async with start(project=1) as ui:
        ui.burst("slash", *"x" * 50)
        resize(ui, 100, 30)
        ui.burst(*"x" * 50, "ctrl+c")
        await ui.until(lambda: ui.app.screen.size == (100, 30), "the new size")
        await ui.quiet()
        assert "x" * 50 not in ui.text, "the keys before it are dropped"


async def test_an_urgent_key_does_not_drop_the_news_that_the_focus_is_back(start):
    async with start(project=1) as ui:
        ui.app.post_message(events.AppBlur())
        ui.burst(*"jk" * 20)
        ui.app.post_message(events.AppBlur())
        ui.app.post_message(events.AppFocus())
        ui.burst("ctrl+c")
        await ui.quiet()
        assert ui.app.app_focus


@pytest.mark.parametrize("in_field", [False, True], ids=["list", "field"])
async def test_thousands_of_pastes_and_keys_make_no_backlog_behind_ctrl_c(start, neptun, in_field):
    async with start(project=1) as ui:
        if in_field:
            await ui.press("slash")
        for _ in range(3000):
            ui.app.post_message(events.Paste("d102\r\ny"))
            ui.burst("x")
        ui.burst("ctrl+c")
        await ui.until(ui.app._message_queue.empty, "the end of the packet")
        assert not [each for each in ui.app._waiting if isinstance(each, events.Key | events.Paste)]
        await ui.quiet()
        assert isinstance(ui.app.screen, BrowserScreen)
        assert neptun.deletes == []


async def test_ctrl_q_overtakes_thousands_of_pastes(start, neptun):
    async with start(project=1) as ui:
        await ui.press("slash")
        handled: list[str] = []
        usual = ui.app._hand_on

        async def counted(event: events.Event) -> None:
            handled.append(type(event).__name__)
            await usual(event)

        ui.app._hand_on = counted
        for _ in range(3000):
            ui.app.post_message(events.Paste("x" * 100))
        ui.burst("ctrl+q")
        await ui.until(lambda: ui.app._exit, "the end")
        assert len(handled) < 500
        assert neptun.deletes == []


async def test_the_pastes_that_wait_are_bounded_in_number_and_size(start):
    async with start(project=1) as ui:
        for text, most in (("x", 100), ("x" * (LONGEST_PASTE // 3), 3)):
            ui.burst("slash")
            for _ in range(300):
                ui.app.post_message(events.Paste(text))
            waited = 0

            def count() -> bool:
                nonlocal waited
                waiting = [each for each in ui.app._waiting if isinstance(each, events.Paste)]
                waited = max(waited, len(waiting))
                return ui.app._message_queue.empty()

            await ui.until(count, "the end of the packet")
            assert waited <= most
            ui.burst("ctrl+c")
            await ui.quiet()


async def test_thousands_of_lost_pastes_are_said_once(start):
    async with start(project=1) as ui:
        for _ in range(2000):
            ui.app.post_message(PasteLost(PasteProblem.LEFT))
        await ui.quiet()
        await ui.see("The pasted text did not end. Nothing was inserted.")
        assert len(ui.app._notifications) == 1
