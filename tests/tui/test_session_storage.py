"""Storage of a session as the form shows it, and the form's behaviour meanwhile."""

from __future__ import annotations

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.domain.account import Secret
from neptun_tui.storage.session_backends import Memory
from neptun_tui.storage.session_store import SessionStore, memory_session_store
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.login import LoginScreen

from .fake_backends import FailingBackend

OTHER_KEY = b"another-throw-away-key-0123456789"


@pytest.fixture
def failing():
    """Backend, and a session store of it and memory with a generous time-out."""
    backend = FailingBackend()
    yield backend, SessionStore([backend, Memory()], None, timeout=20)
    backend.answers.set()


async def test_the_choice_its_reason_and_the_way_to_a_better_place_stand_on_a_line_each(
    start, make_app_context, failing
):
    backend, session_store = failing
    backend.locked = True
    async with start(
        (120, 40), app_context=make_app_context(session_store=session_store), signed_in=False
    ) as ui:
        await ui.see("Unlock it on this machine.")
        await ui.quiet()
        first = next(y for y, line in enumerate(ui.grid) if "will be kept in:" in line)
        assert [line.strip() for line in ui.grid[first : first + 4]] == [
            "Your session will be kept in: memory, until you quit.",
            "The OS keyring is locked.",
            "Unlock it on this machine.",
            "",
        ]


async def test_the_form_takes_keys_while_the_backend_does_not_answer(
    start, make_app_context, failing
):
    backend, session_store = failing
    backend.answers.clear()
    async with start(
        app_context=make_app_context(session_store=session_store), signed_in=False
    ) as ui:
        await ui.on(LoginScreen)
        await ui.type(DEMO_EMAIL)
        assert ui.field("email").value == DEMO_EMAIL
        assert "Your session will be kept" not in ui.text
        backend.answers.set()
        await ui.see("Your session will be kept in: OS keyring, until you sign out.")
        assert ui.field("email").value == DEMO_EMAIL


@pytest.mark.parametrize("typed", ["someone@example.com", ""])
async def test_a_session_found_late_leaves_the_form_to_whoever_has_begun_to_type(
    start, make_app_context, failing, typed
):
    backend, session_store = failing
    app_context = make_app_context(session_store=session_store)
    await app_context.sign_in.with_password(app_context.host, DEMO_EMAIL, Secret(DEMO_PASSWORD))
    backend.answers.clear()
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.see("Looking for a session kept on this machine…")
        await ui.type(typed)
        backend.answers.set()
        if not typed:
            await ui.on(BrowserScreen)
            return
        await ui.see("Your session will be kept in: OS keyring")
        assert isinstance(ui.app.screen, LoginScreen)
        assert ui.field("email").value == typed


async def test_it_is_said_when_a_session_is_not_kept_where_it_was_promised(
    start, make_app_context, failing
):
    backend, session_store = failing
    backend.forgetful = True
    async with start(
        app_context=make_app_context(session_store=session_store, email=DEMO_EMAIL), signed_in=False
    ) as ui:
        await ui.see("Your session will be kept in: OS keyring")
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.see(
            "Your session is kept in: memory, until you quit.",
            "The OS keyring took the session but did not give it back.",
        )


async def test_the_password_for_an_ended_session_goes_to_the_server_of_that_session(
    start, make_app_context, neptun
):
    session_store = memory_session_store()
    async with start(app_context=make_app_context(session_store=session_store)) as ui:
        await ui.on(BrowserScreen)
    neptun.serve(key=OTHER_KEY)
    app_context = make_app_context(
        session_store=session_store, host="https://neptun.example", any_host=True
    )
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.on(LoginScreen)
        await ui.see("Your session has ended.")
        await ui.until(lambda: ui.focused == "password", "the password's turn")
        assert ui.field("host").value == neptun.origin
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.see("Storefront")
        assert neptun.count("POST", "/login") == 2
