"""Keys pressed twice, or before the first one has been handled."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.backups import Backups
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.screens.login import LoginScreen


@pytest.fixture
def records(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state", tmp_path / "data")


class SlowDisk:
    """A disk on which a copy is written only when it is let."""

    def __init__(self) -> None:
        self.written = 0
        self.may_go_on = threading.Event()

    def write(self, *what):
        path = self.usual(*what)
        self.written += 1
        self.may_go_on.wait(10)
        return path


@pytest.fixture
def disk(monkeypatch):
    disk = SlowDisk()
    disk.usual = Backups.write.__get__
    usual = Backups.write
    monkeypatch.setattr(Backups, "write", lambda copies, *what: SlowDisk.write(disk, copies, *what))
    disk.usual = usual
    yield disk
    disk.may_go_on.set()


def copies(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "data").glob("*.jsonl"))


async def test_a_second_yes_while_the_copy_is_written_writes_no_second_one(
    start, neptun, records, disk, tmp_path
):
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("y")
        await ui.see("Writing the backup")
        await ui.press("y", "y")
        disk.may_go_on.set()
        await ui.reported()
        assert disk.written == 1
        assert len(copies(tmp_path)) == 1
        assert neptun.deletes == ["1/files/102"]


@pytest.mark.parametrize("key", ["escape", "b"])
async def test_what_is_taken_back_while_the_copy_is_written_leaves_none(
    start, neptun, records, disk, tmp_path, key
):
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("y")
        await ui.until(lambda: disk.written == 1)
        await ui.press(key)
        disk.may_go_on.set()
        await ui.until(lambda: not copies(tmp_path), "the removal of the copy")
        await ui.settled()
        assert neptun.deletes == []
        if key == "escape":
            assert isinstance(ui.app.screen, BrowserScreen)
        else:
            assert isinstance(ui.app.screen, ConfirmScreen)
            await ui.see("No backup is kept")
            await ui.press("y")
            await ui.reported()
            assert neptun.deletes == ["1/files/102"]
            assert not copies(tmp_path)


async def test_a_yes_that_read_only_forbids_leaves_no_backup(start, neptun, records, tmp_path):
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        ui.app.action_read_only()
        await ui.settled()
        await ui.press("y")
        await ui.on(BrowserScreen)
        assert neptun.deletes == []
        await ui.until(lambda: not copies(tmp_path), "the removal of the copy")


async def test_read_only_stops_what_is_under_way(start, neptun):
    """It says that nothing is changed from now on, so nothing more may be sent."""
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await ui.ask_to_delete("f102", "f1201", "f1202")
        await ui.type("3")
        await ui.press("enter")
        await ui.until(lambda: gate.waiting >= 1)
        ui.app.action_read_only()
        gate.open()
        await ui.reported()
        await ui.see("Stopped", "1 deleted", "2 not sent")
        assert len(neptun.deletes) == 1


async def test_read_only_outlives_the_account_it_was_switched_on_in(start, neptun):
    """Only a restart ends the read-only mode: signing out and in again does not."""
    async with start((120, 40), project=1) as ui:
        ui.app.action_read_only()
        await ui.see("READ-ONLY")
        ui.app.action_sign_out()
        await ui.on(LoginScreen)
        await ui.see("You are signed out.")
        await sign_in(ui)
        await ui.on(BrowserScreen)
        await ui.see("READ-ONLY")
        await ui.open(1)
        await ui.point_at("f102")
        await ui.press("d")
        await ui.see("Read-only: nothing can be deleted.")
        assert neptun.deletes == []


async def test_read_only_can_be_switched_on_before_anybody_has_signed_in(start):
    async with start((120, 40), signed_in=False) as ui:
        await ui.on(LoginScreen)
        ui.app.action_read_only()
        await sign_in(ui)
        await ui.on(BrowserScreen)
        await ui.see("READ-ONLY")


async def sign_in(ui) -> None:
    ui.field("email").value = DEMO_EMAIL
    ui.field("password").value = DEMO_PASSWORD
    ui.app.screen.set_focus(ui.field("password"))
    await ui.press("enter")


async def test_read_only_removes_no_backup(start, neptun, records, tmp_path):
    """The copy may be all that is left of what was deleted."""
    async with start(project=1, records=records) as ui:
        await ui.run("f102")
    async with start((120, 40), records=records, read_only=True) as ui:
        await ui.on(BrowserScreen)
        await ui.press("h")
        await ui.on(HistoryScreen)
        await ui.see("past deletion")
        await ui.press("P")
        await ui.see("Read-only: no backup can be removed.")
        assert isinstance(ui.app.screen, HistoryScreen)
    async with start((120, 40), records=records) as ui:
        await ui.on(BrowserScreen)
        await ui.press("h")
        await ui.on(HistoryScreen)
        await ui.see("past deletion")
        await ui.press("P")
        await ui.on(ConfirmScreen)
        await ui.settled()
        ui.app.action_read_only()
        await ui.press("y")
        await ui.on(HistoryScreen)
        await ui.see("Read-only: no backup can be removed.")
    assert len(copies(tmp_path)) == 1
    await asyncio.sleep(0)
