"""Hostile names: only printable text of a title reaches the terminal."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color

from neptun_tui.demo.hostile_names import TITLES
from neptun_tui.demo.schema import FILES, PROJECTS
from neptun_tui.domain.account import Account
from neptun_tui.domain.safe_text import clean
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.app import NeptunApp
from neptun_tui.tui.filters import PrintableFilter
from neptun_tui.tui.screens.login import LoginScreen

from ..hostile import DENSE

pytestmark = pytest.mark.usefixtures("every_frame")


@pytest.fixture
def no_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the filter below it: the cleaning itself must hold."""
    monkeypatch.setattr(NeptunApp, "get_line_filters", App.get_line_filters)


def assert_printable(ui) -> None:
    width, height = ui.app.size
    assert len(ui.grid) == height
    for line in ui.grid:
        assert clean(line) == line, repr(line)
        assert cell_len(line) == width, repr(line)


async def test_every_strange_file_can_be_looked_at(start, no_net):
    async with start(project=8) as ui:
        await ui.press("enter")
        async for _ in ui.each_size():
            await ui.press("home")
            for _ in range(len(TITLES) + 4):
                await ui.press("down")
                assert_printable(ui)
        await ui.press("f", "s", "s")
        assert_printable(ui)
        assert ui.app.is_running


async def test_every_strange_content_can_be_previewed(start, no_net):
    async with start(project=8) as ui:
        async for size in ui.each_size():
            for row in list(ui.view.listing.files)[:: 1 if size == (80, 24) else 4]:
                ui.view.find(f"f{row.id}")
                ui.pane.show_detail()
                ui.app.screen._go("detail")
                await ui.quiet()
                assert f"File {row.id}" in ui.text
                assert_printable(ui)


async def test_the_strange_project_itself_is_printable(start, neptun, no_net):
    neptun.store.change(PROJECTS, 8, {"name": TITLES[0] + TITLES[14], "type": TITLES[4]})
    async with start() as ui:
        await ui.see("Storefront")
        await ui.go_to("8")
        async for _ in ui.each_size():
            assert_printable(ui)
        await ui.press("enter")
        await ui.loaded()
        await ui.resize(80, 24)
        assert_printable(ui)
        assert "␛[31mred" in ui.text


async def test_the_dialog_names_strange_things_printably(start, no_net):
    async with start(project=8) as ui:
        for what in ("i120", "i122", "f1423"):
            await ui.ask_to_delete(what)
            async for _ in ui.each_size():
                assert_printable(ui)
                await ui.press("pagedown")
                assert_printable(ui)
            await ui.settled()
            await ui.press("escape")


async def test_a_filter_and_a_hint_repeat_what_was_typed_printably(start, no_net):
    async with start(project=8) as ui:
        await ui.press("slash")
        await ui.paste("\x1b[31m\u202e[/]")
        await ui.quiet()
        await ui.press("enter")
        assert_printable(ui)


async def test_markup_in_a_name_is_inert(start):
    async with start((120, 40), project=8) as ui:
        await ui.press("f", "slash")
        await ui.type("click")
        await ui.press("enter")
        await ui.see("[@click=app.quit]do not click[/]")
        y = next(y for y, line in enumerate(ui.grid) if "[@click" in line)
        await ui.pilot.click(offset=(ui.grid[y].index("do not click"), y))
        await ui.quiet()
        assert not ui.app._exit


async def test_the_dialog_tells_printably_what_has_changed(start, neptun, no_net):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        neptun.store.change(FILES, 102, {"title": DENSE, "file_type": DENSE})
        await ui.press("d")
        await ui.see("Changed since you opened this", f"file 102 {clean(DENSE)} has changed")
        async for _ in ui.each_size():
            assert_printable(ui)


async def test_a_start_tells_printably_of_a_run_that_was_cut_off(start, neptun, no_net, tmp_path):
    records = RunStore(tmp_path / "state", tmp_path / "data", keep_days=30)
    neptun.store.change(PROJECTS, 1, {"name": DENSE})
    async with start(records=records) as ui:
        await ui.see("Billing API")
        await ui.press("enter")
        await ui.loaded()
        await ui.point_at("f102")
        plan = ui.view.plan(ui.pane._account_session.account)
        log = await records.begin(plan, await records.keep(plan, ui.view.listing))
        log.intents([step.target.key for step in plan.steps])
        log.close()  # as when the program is killed
    async with start(records=records) as ui:
        await ui.see(f"A deletion in {clean(DENSE)} has 1 open result")
        async for _ in ui.each_size():
            assert_printable(ui)


async def test_what_another_account_deleted_is_told_printably(
    start, make_app_context, neptun, no_net, tmp_path
):
    records = RunStore(tmp_path / "state", tmp_path / "data", keep_days=30)
    async with start(project=1, records=records) as ui:
        await ui.point_at("f102")
        account = Account(ui.neptun.origin, 99, DENSE)
        plan = ui.view.plan(account)
        log = await records.begin(plan, await records.keep(plan, ui.view.listing))
        log.close()
        await ui.press("h")
        await ui.see(f"This run belongs to {clean(DENSE)} on")
        assert_printable(ui)
        await ui.press("R")
        async for _ in ui.each_size():
            assert_printable(ui)


async def test_what_the_server_says_when_it_fails_is_not_repeated(start, neptun, no_net):
    words = json.dumps(DENSE).encode()
    said = b'{"statusCode":404,"statusMessage":%b,"message":%b,"stack":[%b]}' % ((words,) * 3)
    for body, kind in ((said, "application/json"), (f"<p>{DENSE}".encode(), "text/html")):
        neptun.heal()
        neptun.answer("GET .*/projects$", 404, body, kind)
        async with start() as ui:
            await ui.see("The projects could not be loaded.")
            async for _ in ui.each_size():
                assert_printable(ui)
                assert clean(DENSE)[:6] not in ui.text


@pytest.mark.parametrize("char", ["\x1b", "\x9b", "\x07", "\u202e", "\u200b", "\x7f"])
def test_the_net_drops_what_the_cleaning_missed(char):
    segments = [Segment(f"a{char}b"), Segment("plain"), Segment(char, control=[])]
    kept = PrintableFilter().apply(segments, Color(0, 0, 0))
    assert [segment.text for segment in kept[:2]] == ["ab", "plain"]


@pytest.mark.parametrize(
    "text", ["a\ue000b", "a\u200db", "👨\u200d👩\u200d👧", "\x1b[1m漢\x07", "\ufdd0"]
)
def test_the_net_leaves_a_line_as_wide_as_it_was_thought_to_be(text):
    (kept,) = PrintableFilter().apply([Segment(text)], Color(0, 0, 0))
    assert kept.text.isprintable()
    assert cell_len(kept.text) == cell_len(text)


async def test_an_address_that_cannot_be_drawn_is_not_offered_at_a_second_sign_in(make_app_context):
    app_context = make_app_context()
    for email, offered in (("a@b.example", "a@b.example"), ("\x1b[2Ja\u202e@b.example", "")):
        again = Account(app_context.host, 1, email)
        assert LoginScreen(app_context, again=again)._email == offered


async def test_the_net_is_in_place(start):
    async with start(project=1) as ui:
        assert any(isinstance(f, PrintableFilter) for f in ui.app.get_line_filters())
        ui.app.notify("before\x1b[31mafter", markup=False)
        await ui.see("before")
        assert_printable(ui)
