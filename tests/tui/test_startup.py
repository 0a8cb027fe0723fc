"""Start of a signed-in user: the projects are requested before there is a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.domain.account import Secret
from neptun_tui.services.context import AppContext
from neptun_tui.services.projects import Startup
from neptun_tui.storage.session_store import SessionStore
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.login import LoginScreen

from .fake_backends import FailingBackend

PROJECTS = "/projects"


async def signed_in(app_context: AppContext, email: str | None = None) -> AppContext:
    """Store a session, and begin a start that looks for it."""
    password = Secret(DEMO_PASSWORD)
    await app_context.sign_in.with_password(app_context.host, DEMO_EMAIL, password)
    startup = Startup(app_context.link, app_context.sign_in, app_context.host, email)
    return replace(app_context, startup=startup, email=email or "")


@pytest.fixture
def forms(monkeypatch: pytest.MonkeyPatch) -> list[LoginScreen]:
    """The sign-in forms that were drawn."""
    drawn: list[LoginScreen] = []
    on_mount = LoginScreen.on_mount

    def mount(form: LoginScreen) -> None:
        drawn.append(form)
        on_mount(form)

    monkeypatch.setattr(LoginScreen, "on_mount", mount)
    return drawn


async def test_a_stored_session_opens_the_browser_without_a_form(
    start, make_app_context, neptun, forms
):
    app_context = await signed_in(make_app_context())
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.see("Storefront")
        assert isinstance(ui.app.screen, BrowserScreen)
        assert forms == []
        assert neptun.count("GET", PROJECTS) == 1
        await ui.press("r")
        await ui.until(lambda: neptun.count("GET", PROJECTS) == 2, "the reload")


async def test_the_list_is_requested_before_the_app_runs(make_app_context, neptun):
    app_context = await signed_in(make_app_context())
    assert app_context.startup
    found = app_context.startup.session.result(30)
    assert found
    assert found.session.account.email == DEMO_EMAIL
    assert app_context.startup.projects
    assert [project.id for project in app_context.startup.projects.result(30)][:3] == [1, 2, 3]
    assert neptun.count("GET", PROJECTS) == 1


async def test_a_stored_session_that_has_ended_is_renewed(start, make_app_context, neptun, forms):
    app_context = make_app_context()
    neptun.answer(f"GET .*{PROJECTS}$", 401, b'{"statusCode": 401, "message": "Unauthorized"}')
    neptun.answer("/api/auth/check", 401, b'{"statusCode": 401}')
    async with start(app_context=await signed_in(app_context), signed_in=False) as ui:
        await ui.see("Sign in again")
        neptun.heal()
        await ui.until(lambda: ui.focused == "password", "the field")
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.see("Storefront")
        assert len(forms) == 1


async def test_a_request_that_failed_at_the_start_is_reported(start, make_app_context, neptun):
    neptun.answer(f"GET .*{PROJECTS}$", 500, b"{}")
    async with start(app_context=await signed_in(make_app_context()), signed_in=False) as ui:
        await ui.see("The projects could not be loaded.")
        neptun.heal()
        await ui.press("r")
        await ui.see("Storefront")


async def test_a_slow_keyring_shows_the_form_and_then_the_browser(
    start, make_app_context, neptun, forms
):
    keyring = FailingBackend()
    app_context = make_app_context(session_store=SessionStore([keyring], None, timeout=60))
    password = Secret(DEMO_PASSWORD)
    await app_context.sign_in.with_password(app_context.host, DEMO_EMAIL, password)
    keyring.answers.clear()
    startup = Startup(app_context.link, app_context.sign_in, app_context.host, None)
    app_context = replace(app_context, startup=startup)
    try:
        async with start(app_context=app_context, signed_in=False) as ui:
            await ui.see("Looking for a session kept on this machine…")
            keyring.answers.set()
            await ui.see("Storefront")
            assert len(forms) == 1
            assert neptun.count("GET", PROJECTS) == 1
    finally:
        keyring.answers.set()


async def test_without_a_stored_session_the_form_is_shown(start, make_app_context, neptun):
    app_context = make_app_context()
    startup = Startup(app_context.link, app_context.sign_in, app_context.host, None)
    async with start(app_context=replace(app_context, startup=startup), signed_in=False) as ui:
        await ui.see("Sign in to Neptun", "Your session will be kept in: memory")
        assert neptun.arrivals == []


async def test_an_email_in_other_capitals_is_explained_by_the_form(start, make_app_context, neptun):
    app_context = await signed_in(make_app_context(), DEMO_EMAIL.upper())
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.see("capitals and blanks count")
        assert neptun.count("GET", PROJECTS) == 0


async def test_the_first_key_opens_a_project_at_once(start, make_app_context, neptun):
    app_context = await signed_in(make_app_context())
    async with start((120, 40), app_context=app_context, signed_in=False) as ui:
        await ui.until(lambda: "Storefront" in ui.text)
        ui.burst("enter")
        await ui.see("Import 101")
