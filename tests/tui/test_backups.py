"""Backups in the delete dialog, and a start's report of interrupted runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from neptun_tui.domain.results import Verdict
from neptun_tui.services.run_store import PreparedRun, RunStore
from neptun_tui.storage.backups import Backups
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.palette import SteadyPalette
from neptun_tui.tui.screens.too_small import TooSmallScreen


@pytest.fixture
def records(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state", tmp_path / "data", keep_days=30)


def copies(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "data").glob("*.jsonl"))


async def test_everything_a_run_destroys_is_in_a_copy_and_in_the_journal(
    start, neptun, records, tmp_path
):
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.see("A backup is kept for 30 days in")
        assert neptun.deletes == []
        await ui.press("y")
        await ui.reported()
    (past,) = await records.runs()
    assert past.record.ended
    assert [item.verdict for item in past.record.items] == [Verdict.DELETED]
    assert past.backup is not None
    copy = await records.load_backup(past.record.run_id)
    assert [(file.id, file.title) for file in copy.files] == [(102, "ci.yml")]
    assert copy.files[0].content


async def test_b_deletes_without_a_copy_and_says_so(start, neptun, records, tmp_path):
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("b")
        await ui.see("No backup is kept")
        await ui.press("y")
        await ui.reported()
    assert copies(tmp_path) == []
    assert len(neptun.deletes) == 1
    (past,) = await records.runs()
    assert past.backup is None


@pytest.mark.parametrize("what", [("i102",), ("i102", "f1201"), ("f102",)])
async def test_a_dialog_without_a_backup_says_so_above_the_fold(start, records, what):
    async with start((40, 12), project=1, records=records) as ui:
        await ui.ask_to_delete(*what)
        assert "backup" not in ui.app.screen.query_one(".dialog-warning").content
        await ui.press("b")
        async for _ in ui.each_size():
            assert "no backup" in ui.words.lower(), ui.text
            assert "PERMANENT" in ui.words
        await ui.resize(40, 10)
        assert "no backup" in ui.words.lower(), ui.text
        await ui.settled()
        await ui.press("b")
        await ui.see_no("no backup")
        await ui.see_no("No backup")


async def test_b_is_no_part_of_a_number_and_works_beside_it(start, neptun, records, tmp_path):
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("i110")
        await ui.type("11b0")
        await ui.see("No backup is kept", "Type 110 to delete 110")
        await ui.press("enter")
        await ui.reported()
    assert copies(tmp_path) == []
    assert len(neptun.deletes) == 1


async def test_without_a_copy_nothing_is_deleted_until_confirmed(start, neptun, records, tmp_path):
    (tmp_path / "data").write_text("a file in place of the folder")
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("y")
        await ui.see("Nothing has been deleted.", "b deletes without one")
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []
        await ui.settled()
        await ui.press("b", "y")
        await ui.reported()
    assert len(neptun.deletes) == 1


@pytest.mark.parametrize("cover", ["palette", "too small"])
async def test_a_yes_does_not_count_any_more_when_the_dialog_is_covered_by_the_time_of_its_copy(
    start, neptun, records, tmp_path, monkeypatch, cover
):
    at_once, written = RunStore.keep, asyncio.Event()

    async def keep(*args: Any, **options: Any) -> PreparedRun:
        await written.wait()
        return await at_once(*args, **options)

    monkeypatch.setattr(RunStore, "keep", keep)
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("y")
        await ui.see("Writing the backup…")
        dialog = ui.app.screen
        if cover == "palette":
            await ui.press("ctrl+p")
            await ui.on(SteadyPalette)
        else:
            await ui.resize(39, 9)
            await ui.on(TooSmallScreen)
        written.set()
        line = dialog.query_one("#confirm-check", Static)
        await ui.until(lambda: "was covered" in str(line.content), "the dialog to say so")
        await ui.until(lambda: not copies(tmp_path), "the copy to go")
        assert dialog in ui.app.screen_stack[:-1]
        await ui.settled(0.3)
        assert neptun.deletes == []


async def test_what_cannot_be_journaled_is_not_sent(start, neptun, records, tmp_path):
    (tmp_path / "state").write_text("a file in place of the folder")
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("y")
        await ui.see("Nothing was sent.", "not sent")
    assert neptun.deletes == []


async def test_a_start_tells_what_became_of_a_run_that_was_cut_off(start, neptun, records):
    async with start(project=1, records=records) as ui:
        plan = (await planned(ui)).plan(ui.pane._account_session.account)
        listing = ui.view.listing
        kept = await records.keep(plan, listing)
        log = await records.begin(plan, kept)
        log.intents([step.target.key for step in plan.steps])
        log.close()  # as when the program is killed
    async with start(records=records) as ui:
        await ui.see("A deletion in Storefront has 1 open result: 1 unknown.")
    (past,) = await records.runs()
    assert not past.record.ended, "it may still be carried out"
    assert neptun.deletes == []


async def planned(ui):
    await ui.point_at("f102")
    return ui.view


async def test_copies_that_are_too_old_go_at_a_start(start, tmp_path, monkeypatch):
    asked: list[int] = []
    old = ("20200101T000000-0123456789ab",)  # without an old one, the journal is not read for it
    monkeypatch.setattr(Backups, "older_than", lambda _, days, now: asked.append(days) or old)
    monkeypatch.setattr(Backups, "prune", lambda _, days, *clocks: asked.append(days) or ())
    records = RunStore(tmp_path / "state", tmp_path / "data", keep_days=7)
    async with start(records=records) as ui:
        await ui.until(lambda: len(asked) > 1, "the pruning")
    assert asked == [7, 7]
