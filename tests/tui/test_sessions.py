"""Sessions in the app: resumed, expired in the middle, and abandoned."""

from __future__ import annotations

import asyncio
import sys

from textual.widgets import Input

from neptun_tui.demo.sample_projects import DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.demo.schema import FILES, PROJECTS
from neptun_tui.storage.session_store import memory_session_store
from neptun_tui.tui import input_guard
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.screens.palette import SteadyPalette

OTHER_KEY = b"another-throw-away-key-0123456789"


async def sign_in_again(ui) -> None:
    await ui.on(LoginScreen)
    await ui.see("Your session has ended. Sign in again, and go on where you were.")
    await ui.until(lambda: ui.focused == "password", "the password's turn")
    await ui.type(DEMO_PASSWORD)
    await ui.press("enter")


async def test_a_kept_session_opens_the_browser_at_the_next_start(start, make_app_context):
    session_store = memory_session_store()
    async with start(app_context=make_app_context(session_store=session_store)) as ui:
        await ui.on(BrowserScreen)
    async with start(
        app_context=make_app_context(session_store=session_store), signed_in=False
    ) as ui:
        await ui.on(BrowserScreen)
        await ui.see("Storefront", "demo@example.com")
        assert ui.neptun.count("POST", "/login") == 1


async def test_a_kept_session_that_has_ended_asks_for_the_password_and_goes_on(
    start, make_app_context, neptun
):
    session_store = memory_session_store()
    async with start(app_context=make_app_context(session_store=session_store)) as ui:
        await ui.on(BrowserScreen)
    neptun.serve(key=OTHER_KEY)
    async with start(
        app_context=make_app_context(session_store=session_store), signed_in=False
    ) as ui:
        await sign_in_again(ui)
        await ui.on(BrowserScreen)
        await ui.see("Storefront")


async def test_signing_out_by_the_palette_returns_to_the_form_and_is_honest(
    start, make_app_context
):
    session_store = memory_session_store()
    app_context = make_app_context(session_store=session_store)
    async with start(app_context=app_context, project=1) as ui:
        await ui.press("ctrl+p")
        await ui.type("sign out")
        await ui.see("Sign out: delete the session from this machine")
        await ui.settled(0.2)
        await ui.press("enter")
        await ui.on(LoginScreen)
        await ui.see(
            "You are signed out. This machine has forgotten the session. "
            "Neptun itself ends no session, "
            "so a copy of the cookie kept elsewhere still works."
        )
        assert await session_store.find(app_context.host) is None
        await ui.until(lambda: ui.neptun.count("POST", "/logout") == 1, "the goodbye")


async def test_after_signing_out_the_next_account_sees_nothing_of_the_first(start):
    async with start(project=1) as ui:
        ui.app.action_sign_out()
        await ui.on(LoginScreen)
        assert "Storefront" not in ui.text
        ui.field("email").value = OTHER_EMAIL
        ui.field("password").focus()
        await ui.type(OTHER_PASSWORD)
        await ui.press("enter")
        await ui.see("Private notes", OTHER_EMAIL)
        assert "Storefront" not in ui.text


async def test_a_session_that_ends_in_the_middle_is_renewed_and_everything_is_where_it_was(
    start, neptun
):
    async with start((120, 40), project=1) as ui:
        await ui.mark("f102", "i110")
        await ui.press("s", "S")
        await ui.point_at("f1208")
        await ui.see("File 1208", "z.string()")
        await ui.settled(0.3)
        before = ui.grid
        neptun.serve(key=OTHER_KEY)
        await ui.press("r")
        await sign_in_again(ui)
        await ui.on(BrowserScreen)
        await ui.loaded()
        assert ui.view.key
        assert (ui.view.key.id, {key.id for key in ui.view.marks}) == (1208, {102, 110})
        await ui.until(lambda: ui.grid == before, "the same picture")
        assert ui.focused == "resources"


async def test_a_session_that_ends_behind_the_dialog_is_renewed_in_place(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        neptun.serve(key=OTHER_KEY)
        await ui.press("d")
        await sign_in_again(ui)
        await ui.on(ConfirmScreen)
        await ui.see("Delete file 102?", "Checked with Neptun")
        assert neptun.deletes == []
        await ui.settled()
        await ui.press("y")
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]


async def test_a_session_that_ends_in_a_run_is_renewed_and_the_rest_is_deleted(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        await ui.ask_to_delete("f102", "f1201")
        neptun.serve(key=OTHER_KEY)
        await ui.type("2")
        await ui.press("enter")
        await sign_in_again(ui)
        await ui.on_job("Deleting")
        await ui.see("Done 2 deleted")
        assert not neptun.store.select(FILES, id=102)
        assert not neptun.store.select(FILES, id=1201)


async def test_a_sign_in_that_a_run_asks_for_never_stands_below_its_report(
    start, neptun, monkeypatch
):
    async with start(project=1, in_flight=1) as ui:
        flush, delayed = ui.app._flush_next_callbacks, False

        async def late() -> None:
            """Let the first screen that is waited for come after the form, if that is possible."""
            nonlocal delayed
            caller = sys._getframe(1).f_code.co_name
            first = not delayed and caller == "push_screen_wait"
            delayed = delayed or first
            for _ in range(100 if first else 0):
                await asyncio.sleep(0.02)
                if any(isinstance(screen, LoginScreen) for screen in ui.app.screen_stack):
                    break
            await flush()

        await ui.ask_to_delete("f102", "f1201")
        neptun.serve(key=OTHER_KEY)
        monkeypatch.setattr(ui.app, "_flush_next_callbacks", late)
        await ui.type("2")
        await ui.press("enter")
        await sign_in_again(ui)
        await ui.see("Done 2 deleted")


async def test_a_key_meant_for_what_stood_there_gets_into_no_password(start, neptun, monkeypatch):
    async with start(project=1) as ui:
        # long enough for a busy machine to press the second key within it
        monkeypatch.setattr(input_guard, "SETTLE_SECONDS", 3.0)
        neptun.serve(key=OTHER_KEY)
        await ui.press("r")
        await ui.on(LoginScreen)
        await ui.press("r")
        await ui.until(lambda: ui.focused == "password", "the password's turn")
        assert ui.app.screen.query_one("#password", Input).value == ""


async def test_a_session_that_ends_behind_the_commands_lets_them_open_above_the_form(start, neptun):
    async with start(project=1) as ui:
        neptun.serve(key=OTHER_KEY)
        gate = neptun.hold("GET")
        await ui.press("r", "ctrl+p")
        await ui.on(SteadyPalette)
        gate.open()
        await ui.on(LoginScreen)
        await ui.press("ctrl+p")
        await ui.on(SteadyPalette)
        assert len([each for each in ui.app.screen_stack if isinstance(each, SteadyPalette)]) == 2


async def test_two_loads_that_end_together_ask_once(start, neptun):
    async with start((120, 40), project=1) as ui:
        neptun.serve(key=OTHER_KEY)
        gate = neptun.hold("GET")
        await ui.press("r")
        ui.app.screen.query_one("#projects").focus()
        await ui.press("r")
        await ui.until(lambda: gate.waiting >= 5, "both loads to be under way")
        gate.open()
        await sign_in_again(ui)
        await ui.on(BrowserScreen)
        await ui.loaded()
        await ui.settled(0.3)
        assert isinstance(ui.app.screen, BrowserScreen)
        assert neptun.count("POST", "/login") == 2  # the first start, and once more


async def test_another_account_cannot_go_on_in_its_place(start, neptun):
    async with start(project=1) as ui:
        neptun.serve(key=OTHER_KEY)
        await ui.press("r")
        await ui.on(LoginScreen)
        await ui.until(lambda: ui.focused == "password", "the password's turn")
        ui.field("email").value = OTHER_EMAIL
        await ui.type(OTHER_PASSWORD)
        await ui.press("enter")
        await ui.see("That is another account.")
        assert isinstance(ui.app.screen, LoginScreen)


async def test_a_second_sign_in_can_be_given_up_and_nothing_is_lost(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102")
        neptun.serve(key=OTHER_KEY)
        await ui.press("r")
        await ui.on(LoginScreen)
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.see("Not reloaded", "Your session has ended", "102", "1 marked")


async def test_denied_access_does_not_sign_out(start, make_app_context, neptun):
    session_store = memory_session_store()
    app_context = make_app_context(session_store=session_store)
    async with start(app_context=app_context, project=3) as ui:
        neptun.store.remove(PROJECTS, 3)
        await ui.press("r")
        await ui.see("Not reloaded", "you do not have access")
        assert isinstance(ui.app.screen, BrowserScreen)
        assert await session_store.find(app_context.host)
        assert "108" in ui.text
