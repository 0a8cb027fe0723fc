"""Three supported sizes, and one that is too small: nothing overlaps, nothing is lost."""

from __future__ import annotations

from functools import partial

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES
from neptun_tui.domain.account import Secret
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.app import NeptunApp
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.help import HelpScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.screens.history_detail import HistoryDetailScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.screens.too_small import TooSmallScreen

SIZES = ((80, 24), (40, 12), (120, 40))
TOO_SMALL = "Too small: 40×10 needed. ctrl+q quits."


def is_on_screen(ui, selector: str) -> bool:
    """Tell whether a widget is on the screen, whole and uncovered."""
    widget = ui.app.screen.query_one(selector)
    region, (width, height) = widget.region, ui.app.size
    inside = region.x >= 0 and region.right <= width and region.y >= 0 and region.bottom <= height
    x, y = region.x + region.width // 2, region.y
    return bool(region) and inside and ui.app.screen.get_widget_at(x, y)[0] is widget


def assert_filled(ui) -> None:
    width, height = ui.app.size
    assert len(ui.grid) == height
    assert all(len(line.rstrip()) <= width for line in ui.grid), ui.text


async def test_the_form_has_its_fields_and_buttons_on_screen_at_every_size(start):
    async with start(signed_in=False) as ui:
        await ui.on(LoginScreen)
        async for _ in ui.each_size():
            assert_filled(ui)
            for name in ("#host", "#email", "#password"):
                ui.app.screen.query_one(name).focus()
                await ui.quiet()
                assert is_on_screen(ui, name)
            await ui.press("tab")
            assert is_on_screen(ui, "#submit")


async def test_a_refusal_can_be_read_at_every_size(start):
    async with start(signed_in=False, email="demo@example.com") as ui:
        await ui.on(LoginScreen)
        await ui.type("Wr0ng!Passw0rd")
        await ui.press("enter")
        async for _ in ui.each_size():
            await ui.see("Wrong e-mail address or password.")
            assert is_on_screen(ui, "#password")


async def test_the_dialog_has_its_field_and_buttons_on_screen_at_every_size(start):
    async with start(project=1) as ui:
        for what in (("f102",), ("i102",), ("f102", "i102", "i110")):
            await ui.resize(80, 24)
            await ui.ask_to_delete(*what)
            async for size in ui.each_size():
                assert_filled(ui)
                assert is_on_screen(ui, "#no"), (what, size)
                assert is_on_screen(ui, "#yes"), (what, size)
                if what != ("f102",):
                    assert is_on_screen(ui, "#confirm-phrase"), (what, size)
                    assert ui.app.screen.query_one("#confirm-phrase").region.width >= 6, what
                await ui.see("?", "PERMANENT")
            await ui.press("escape")
            await ui.on(BrowserScreen)


async def test_the_dialog_has_room_for_a_correction_at_every_size(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102", "f1201", "f1242", "f1406")
        neptun.store.remove(FILES, 1201)
        neptun.store.remove(FILES, 1242)
        await ui.press("d")
        async for _ in ui.each_size():
            await ui.see("Changed since you opened this")
            for name in ("#no", "#yes", "#confirm-phrase"):
                assert is_on_screen(ui, name)


async def test_the_dialog_can_be_answered_at_the_smallest_size(start, neptun):
    async with start((40, 12), project=1) as ui:
        await ui.ask_to_delete("i103")
        await ui.type("103")
        await ui.press("enter")
        await ui.reported()
        assert neptun.deletes == ["1/imports/103"]


async def test_a_dialog_that_does_not_fit_says_how_to_read_on_until_all_has_been_seen(start):
    async with start((40, 12), project=1) as ui:
        await ui.ask_to_delete("i102")
        seen = ui.text
        while "pgdn: more" in ui.text:
            before = ui.text
            await ui.press("pagedown")
            await ui.until(lambda before=before: ui.text != before, "the next page")
            seen += ui.text
        for fact in ("PERMANENT", "58 files", "components/PaymentMethod", "GitHub"):
            assert fact in seen
        await ui.press("pageup")
        await ui.see("pgdn: more")
        async for _, height in ui.each_size():
            await (ui.see if height < 24 else ui.see_no)("pgdn: more")


async def test_a_dialog_that_a_wheel_has_scrolled_says_when_all_has_been_seen(start):
    async with start((40, 12), project=1) as ui:
        await ui.ask_to_delete("i102")
        await ui.see("pgdn: more")
        box = ui.app.screen.query_one(".dialog-box")
        box.scroll_end(animate=False)
        await ui.see_no("pgdn: more")
        box.scroll_home(animate=False)
        await ui.see("pgdn: more")


async def test_the_browser_and_its_line_fit_at_every_size(start):
    async with start(project=1) as ui:
        async for _ in ui.each_size():
            assert_filled(ui)
            assert is_on_screen(ui, "#resources")
            await ui.press("colon")
            assert is_on_screen(ui, "#prompt-input")
            assert_filled(ui)
            await ui.press("escape")


async def test_below_the_smallest_size_there_is_one_sentence_and_then_everything_is_back(start):
    async with start(project=1) as ui:
        await ui.mark("f102", "i110")
        await ui.press("slash")
        await ui.type("ci.yml")
        await ui.press("enter")
        before = ui.grid
        await ui.resize(30, 8)
        await ui.on(TooSmallScreen)
        await ui.see(TOO_SMALL)
        await ui.press("space", "d", "escape")
        await ui.resize(20, 5)
        await ui.resize(80, 24)
        await ui.on(BrowserScreen)
        await ui.until(lambda: ui.grid == before, "the same picture")
        assert len(ui.view.marks) == 2
        assert ui.focused == "resources"


async def test_below_the_smallest_size_nothing_opens_but_what_has_room(start):
    async with start() as ui:
        await ui.on(BrowserScreen)
        await ui.resize(39, 9)
        await ui.on(TooSmallScreen)
        await ui.press("ctrl+p", "f1", "question_mark")
        assert isinstance(ui.app.screen, TooSmallScreen)
        await ui.press("ctrl+q")
        await ui.until(lambda: ui.app._exit, "the end")


async def test_a_dialog_outlives_a_terminal_that_is_too_small_and_deletes_nothing(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i103")
        await ui.type("103")
        await ui.resize(30, 8)
        await ui.on(TooSmallScreen)
        await ui.press("enter", "y")
        assert neptun.deletes == []
        await ui.resize(80, 24)
        await ui.on(ConfirmScreen)
        assert ui.field("confirm-phrase").value == "103"
        assert neptun.deletes == []


async def test_a_report_outlives_a_terminal_that_is_too_small(start):
    async with start(project=1) as ui:
        await ui.run("f102")
        before = ui.grid
        await ui.resize(30, 8)
        await ui.on(TooSmallScreen)
        await ui.resize(80, 24)
        await ui.until(lambda: ui.grid == before, "the same picture")


async def test_a_start_in_a_terminal_that_is_too_small_says_so_and_then_works(start):
    async with start((30, 8)) as ui:
        await ui.see(TOO_SMALL)
        await ui.resize(80, 24)
        await ui.on(BrowserScreen)
        await ui.see("Storefront")
        assert len(ui.app.screen_stack) == 2


async def test_a_form_that_comes_late_does_not_hide_that_it_is_too_small(start, monkeypatch):
    at_once = NeptunApp.on_mount
    monkeypatch.setattr(
        NeptunApp, "on_mount", lambda app: app.set_timer(0.2, partial(at_once, app))
    )
    async with start((30, 8), signed_in=False) as ui:
        await ui.until(lambda: len(ui.app.screen_stack) == 3, "the form and the sentence")
        await ui.see(TOO_SMALL)
        await ui.resize(80, 24)
        await ui.on(LoginScreen)
        assert len(ui.app.screen_stack) == 2


async def test_a_session_found_while_it_is_too_small_opens_when_there_is_room(
    start, make_app_context
):
    app_context = make_app_context()
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.on(LoginScreen)
        form = ui.app.screen
        await ui.resize(39, 9)
        await ui.on(TooSmallScreen)
        found = await app_context.sign_in.with_password(
            app_context.host, DEMO_EMAIL, Secret(DEMO_PASSWORD)
        )
        form.answer(found)
        await ui.quiet()
        assert isinstance(ui.app.screen, TooSmallScreen)
        await ui.resize(80, 24)
        await ui.on(BrowserScreen)
        assert form not in ui.app.screen_stack


async def test_signed_out_where_it_is_too_small_the_sentence_stays_until_there_is_room(start):
    async with start() as ui:
        await ui.on(BrowserScreen)
        await ui.resize(30, 8)
        await ui.on(TooSmallScreen)
        ui.app.action_sign_out()
        await ui.until(lambda: any(isinstance(s, LoginScreen) for s in ui.app.screen_stack))
        await ui.see(TOO_SMALL)
        await ui.resize(80, 24)
        await ui.on(LoginScreen)
        assert len(ui.app.screen_stack) == 2


async def test_a_session_that_ends_while_it_is_too_small_is_renewed_when_there_is_room(
    start, neptun
):
    async with start(project=1) as ui:
        await ui.resize(30, 8)
        await ui.on(TooSmallScreen)
        neptun.serve(key=b"another-throw-away-key-0123456789")
        ui.pane.load(ui.view)
        await ui.until(lambda: any(isinstance(s, LoginScreen) for s in ui.app.screen_stack))
        await ui.quiet()
        await ui.resize(80, 24)
        await ui.on(LoginScreen)
        await ui.until(lambda: ui.focused == "password", "the password's turn")
        await ui.type("Demo!Passw0rd")
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.loaded()
        await ui.see("4 imports · 99 files")


async def test_the_place_in_a_content_is_kept_when_the_size_changes(start):
    async with start(project=1) as ui:
        await ui.point_at("f1204")
        await ui.press("v")
        await ui.see("File 1204")
        await ui.press("pagedown", "pagedown", "pagedown")
        await ui.until(lambda: ui.pane.detail.scroll_y > 20)
        there = ui.pane.detail.scroll_y
        await ui.resize(80, 20)
        await ui.resize(80, 24)
        await ui.settled(0.2)
        assert abs(ui.pane.detail.scroll_y - there) < 6


OTHER_SCREENS = [
    (("h",), HistoryScreen, "1 past deletion", "past-runs"),
    (("h", "enter"), HistoryDetailScreen, "1 deleted", "past-items"),
    (("h", "enter", "R"), ConfirmScreen, "?", "no"),
    (("v",), BrowserScreen, "Import 101", "detail"),
    (("question_mark",), HelpScreen, "neptun-tui", "help-box"),
]


async def test_every_other_screen_has_its_line_its_list_and_its_footer_at_every_size(
    start, tmp_path
):
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    async with start(project=1, records=records) as ui:
        await ui.run("f102")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.loaded()
        for keys, screen, important, focus in OTHER_SCREENS:
            await ui.resize(80, 24)
            await ui.point_at("i101")
            for key in keys:
                await ui.press(key)
                await ui.settled()
            await ui.on(screen)
            for width, height in (*SIZES, (200, 60)):
                await ui.resize(width, height)
                assert_filled(ui)
                await ui.see(important)
                assert is_on_screen(ui, f"#{focus}"), (keys, width, height)
                assert ui.focused == focus, (keys, width, height)
                assert ui.footer.strip(), f"the footer is empty: {keys}, {width}"
            for _ in keys:
                await ui.settled()
                await ui.press("escape")
            await ui.on(BrowserScreen)
            assert ui.focused == "resources"


async def test_a_report_has_its_outcome_and_its_footer_at_every_size(start):
    async with start(project=1) as ui:
        await ui.run("f102")
        for width, height in (*SIZES, (200, 60)):
            await ui.resize(width, height)
            assert_filled(ui)
            await ui.see("Done 1 deleted", "file 102")
            assert is_on_screen(ui, "#job-list")
            assert "esc" in ui.footer
