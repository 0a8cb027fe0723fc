"""Time in the delete dialog, on a clock that the test moves: early keys and old listings."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key

from neptun_tui.demo.schema import FILES
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui import input_guard
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.flows import delete
from neptun_tui.tui.input_guard import SETTLE_SECONDS


class Clock:
    """Clock of the guard; it stops until the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def press(self, ui, key: str, seconds: float, *, handled: float | None = None) -> None:
        """Press a key so many seconds after the clock's start; wait until a new delay has begun.

        Args:
            ui: the app.
            key: the key.
            seconds: time of the key.
            handled: time at which the app gets to it, if that is later.
        """
        self.now = 1000.0 + (seconds if handled is None else handled)
        name = _character_to_key(key) if len(key) == 1 else key
        event = events.Key(name, key if len(key) == 1 else None)
        event.time = 1000.0 + seconds
        ui.app.post_message(event)
        await ui.quiet()
        await self.started(ui)

    async def started(self, ui) -> None:
        """Wait until the delay of the dialog, if one is open, has its end."""

        def begun() -> bool:
            screen = ui.app.screen
            return not isinstance(screen, ConfirmScreen) or screen._settling._over_at < 1e9

        await ui.until(begun, "the start of the delay")


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """A clock for the guard, with the delay of the program."""
    clock = Clock()
    monkeypatch.setattr(input_guard, "time", clock)
    monkeypatch.setattr(input_guard, "SETTLE_SECONDS", SETTLE_SECONDS)
    return clock


@pytest.fixture
def records(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state", tmp_path / "data")


async def open_dialog(ui, clock: Clock, item: str) -> None:
    await ui.point_at(item)
    await ui.press("d")
    await ui.on(ConfirmScreen)
    await ui.see("Checked with Neptun")
    await ui.quiet()
    await clock.started(ui)


async def test_early_key_does_not_confirm_and_restarts_the_delay(start, neptun, clock):
    async with start(project=1) as ui:
        await open_dialog(ui, clock, "f102")
        await clock.press(ui, "y", 0.39)
        await clock.press(ui, "y", 0.5)
        await clock.press(ui, "y", 0.89)
        await clock.press(ui, "y", 1.0, handled=9.0)
        await clock.press(ui, "y", 9.39)
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []
        await clock.press(ui, "y", 9.8)
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]


async def test_early_digits_are_not_typed_and_restart_the_delay(start, neptun, clock):
    async with start(project=1) as ui:
        await open_dialog(ui, clock, "i110")
        await clock.press(ui, "1", 0.39)
        await clock.press(ui, "1", 0.5)
        await clock.press(ui, "1", 0.6, handled=9.0)
        await clock.press(ui, "1", 9.39)
        assert ui.field("confirm-phrase").value == ""
        for key in ("1", "1", "0", "enter"):
            await clock.press(ui, key, 9.8)
        await ui.reported()
        assert neptun.deletes == ["1/imports/110"]


async def test_early_b_leaves_the_backup(start, neptun, clock, records, tmp_path):
    async with start(project=1, records=records) as ui:
        await open_dialog(ui, clock, "f102")
        await clock.press(ui, "b", 0.39)
        await ui.see("A backup is kept")
        await clock.press(ui, "y", 1.0)
        await ui.reported()
        assert len(list((tmp_path / "data").glob("*.jsonl"))) == len(neptun.deletes) == 1


async def test_failed_backup_restarts_the_delay(start, neptun, clock, records, tmp_path):
    (tmp_path / "data").write_text("a file in place of the folder")
    async with start(project=1, records=records) as ui:
        await open_dialog(ui, clock, "f102")
        await clock.press(ui, "y", 1.0)
        await ui.see("Nothing has been deleted.", "b deletes without one")
        await clock.started(ui)
        await clock.press(ui, "b", 1.39)
        await ui.see("A backup is kept")
        await clock.press(ui, "b", 1.8)
        await ui.see("No backup is kept")
        await clock.press(ui, "y", 1.8)
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]


async def test_confirming_on_an_old_listing_deletes_no_changed_file(
    start, neptun, clock, monkeypatch
):
    monkeypatch.setattr(delete, "FRESH_SECONDS", -1.0)
    async with start(project=1) as ui:
        await open_dialog(ui, clock, "f102")
        neptun.store.change(FILES, 102, {"content": "another", "file_size": 7})
        await clock.press(ui, "y", 1.0)
        await ui.see("file 102 .github/workflows/ci.yml has changed")
        await ui.quiet()
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []
        await clock.started(ui)
        await clock.press(ui, "y", 2.0)
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]
