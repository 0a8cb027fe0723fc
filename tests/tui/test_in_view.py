"""Head of a dialog: kind, ID, name and warning are in view at every allowed size."""

from __future__ import annotations

import re

from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.domain import safe_text
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.dialogs import modal
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.widgets.property_list import PropertyList

HEIGHTS = range(10, 25)
EVERY_SIZE = [(w, h) for h in HEIGHTS for w in (40, 41, 47, 53, 60, 61, 71, 79, 80)]
EDGES = [(w, h) for h in (10, 11, 12, 13, 17, 18, 24) for w in (40, 41, 60, 80)]
"""Height at which the layout changes: no empty lines below 18 rows."""
LONG = 2_147_483_647

NAMES = {
    "short": "notes.txt",
    "unbroken": "x" * 3000 + ".txt",
    "wide": "保密文件" * 60 + ".txt",
    "wide words": "保密 文件 " * 60,
    "deep": "packages/" * 40 + "README.md",
    "words": "a name of many short words " * 30,
    "marks": "e\u0301\u0327" * 300,
}


def add_file(neptun, number: int, name: str, **values) -> None:
    row = {
        "id": number, "title": name, "original_path": name, "content": "x", "file_type": "text",
        "file_size": 1, "neptun_user_id": 1, "project_id": 1, "import_id": 101, **values,
    }  # fmt: skip
    neptun.store.add(FILES, row)


def assert_shown(ui, *texts: str) -> None:
    for text in texts:
        assert text in ui.words, f"{ui.app.size}: no {text!r} in\n{ui.text}"


def can_be_confirmed(ui) -> bool:
    return not ui.app.screen.query_one("#yes").disabled


async def test_a_file_is_named_with_its_id_at_every_size(start, neptun):
    """One start for all names: each shows the name that failed, and its size."""
    numbers = {name: LONG - n for n, name in enumerate(NAMES)}
    for name, number in numbers.items():
        add_file(neptun, number, NAMES[name])
    async with start(project=1) as ui:
        for name, number in numbers.items():
            begins = safe_text.clean_name(NAMES[name])[:3]
            await ui.ask_to_delete(f"f{number}")
            for size in EVERY_SIZE if name == "wide" else EDGES:
                await ui.resize(*size)
                assert_shown(ui, f"Delete file {number}?", "PERMANENT", "undo", begins, "Keep")
                assert can_be_confirmed(ui), (name, size)
            await ui.press("escape")
            await ui.on(BrowserScreen)


async def test_an_import_is_named_with_its_id_at_every_size(start, neptun):
    numbers = {name: LONG - n for n, name in enumerate(("short", "wide", "unbroken"))}
    for name, number in numbers.items():
        neptun.store.add(
            IMPORTS,
            {
                "id": number, "source_type": "local_folder", "source_path": NAMES[name],
                "source_ref": None, "import_status": "completed", "neptun_user_id": 1,
                "project_id": 1,
            },
        )  # fmt: skip
    async with start(project=1) as ui:
        for name, number in numbers.items():
            await ui.ask_to_delete(f"i{number}")
            await ui.type(str(number))
            for size in EDGES:
                await ui.resize(*size)
                assert_shown(
                    ui, f"Delete import {number}?", f"import {number} {NAMES[name][:3]}",
                    "PERMANENT", f"Type {number}",
                )  # fmt: skip
                assert can_be_confirmed(ui), (name, size)
            await ui.press("escape")
            await ui.on(BrowserScreen)


async def test_several_are_counted_and_named_at_every_size(start, neptun):
    add_file(neptun, LONG, NAMES["wide"], import_id=110)
    async with start(project=1) as ui:
        await ui.ask_to_delete("i102", "i103", "f1201", f"f{LONG}")
        for size in EDGES:
            await ui.resize(*size)
            assert_shown(ui, "2 imports", "102", "2 files", "1201", "PERMANENT", "items?")


async def test_a_list_is_cut_between_items_and_shown_once(start):
    ids = ("102", "1201", "1219", "1242")
    async with start((40, 12), project=1) as ui:
        await ui.ask_to_delete(*(f"f{number}" for number in ids))
        for size in ((40, 12), (40, 10), (44, 12), (60, 11)):
            await ui.resize(*size)
            head, body = ui.app.screen.query(PropertyList).results(PropertyList)
            (line,) = head.text.split("\n")
            shown = re.findall(r"\b\d{3,}(?= )", line)
            assert shown, line
            assert tuple(shown) == ids[: len(shown)], line
            left = 4 - len(shown)
            assert not left or line.endswith(f"… and {left} more"), line
            whole = [number for number in ids if f"{number} " in body.text]
            assert set(shown) | set(whole) == set(ids)
            assert len(shown) == 1 or not set(shown) & set(whole), ui.text


async def test_a_correction_leaves_what_it_is_about_in_view(start, neptun):
    for number in range(2_000_000_000, 2_000_000_030):
        add_file(neptun, number, NAMES["wide"])
    async with start(project=1) as ui:
        await ui.mark("i102", *(f"f{n}" for n in range(2_000_000_000, 2_000_000_030)))
        for number in range(2_000_000_000, 2_000_000_010):
            neptun.store.remove(FILES, number)
        await ui.press("d")
        await ui.see("Changed")
        await ui.settled()
        for size in EDGES:
            await ui.resize(*size)
            assert_shown(ui, "Delete 79 items?", "1 import", "20 files", "PERMANENT", "Changed")
            assert_shown(ui, "Type 79", "Keep")


async def test_a_name_that_is_cut_can_be_read_on(start, neptun):
    add_file(neptun, LONG, NAMES["deep"])
    async with start((40, 10), project=1) as ui:
        await ui.ask_to_delete(f"f{LONG}")
        assert_shown(ui, "…", "pgdn: more")
        seen = ui.words
        for _ in range(12):
            await ui.press("pagedown")
            seen += ui.words
        assert "README.md" in seen
        assert "demo@example.com" in seen


async def test_restoring_and_removing_name_what_they_are_about(start, neptun, tmp_path):
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    add_file(neptun, LONG, NAMES["wide"])
    async with start(project=1, records=records) as ui:
        await ui.run(f"f{LONG}")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.press("h")
        await ui.on(HistoryScreen)
        for opened_at in ((40, 10), (41, 11), (60, 12), (80, 24)):
            for key, texts in (
                ("R", (f"Restore file {LONG}?", f"file {LONG} 保", "new ID")),
                ("P", ("Remove the backup?", f"file {LONG} 保", "PERMANENT")),
            ):
                await ui.resize(*opened_at)
                await ui.press(key)
                await ui.on(ConfirmScreen)
                await ui.settled()
                for size in [(w, h) for h in (10, 11, 12, 17, 18, 24) for w in (40, 41, 60, 80)]:
                    await ui.resize(*size)
                    assert_shown(ui, *texts)
                    assert can_be_confirmed(ui), (key, opened_at, size)
                await ui.press("escape")
                await ui.on(HistoryScreen)


async def test_what_cannot_be_in_view_is_not_confirmed(start, neptun, monkeypatch):
    """The terminal is smaller than the drawn screen, and the app has not been notified."""
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        monkeypatch.setattr(modal, "terminal_size", lambda _app: (80, 12))
        await ui.press("y")
        await ui.settled()
        await ui.press("y", "tab", "enter")
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []
        monkeypatch.setattr(modal, "terminal_size", lambda _app: (80, 24))
        await ui.press("y")
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]
