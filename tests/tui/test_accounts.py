"""Several accounts and servers side by side: switched without a password, never mixed."""

from __future__ import annotations

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.domain.account import Secret
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.session_backends import Memory
from neptun_tui.storage.session_store import SessionStore, memory_session_store
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.accounts import AccountsScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.screens.login import LoginScreen

from .fake_backends import FailingBackend

OTHER_KEY = b"another-throw-away-key-0123456789"
UNDER_WAY = "A deletion or a restore is under way. Stop it first."


@pytest.fixture
def failing():
    """Backend, and a session store of it and memory with a generous time-out."""
    backend = FailingBackend()
    yield backend, SessionStore([backend, Memory()], None, timeout=20)
    backend.answers.set()


@pytest.fixture
def both(make_app_context, neptun):
    """App context with stored sessions of the demo account, the default, and of another one."""

    async def make(session_store: SessionStore | None = None, **options):
        app_context = make_app_context(
            session_store=session_store or memory_session_store(), **options
        )
        await app_context.sign_in.with_password(neptun.origin, OTHER_EMAIL, Secret(OTHER_PASSWORD))
        demo = await app_context.sign_in.with_password(
            neptun.origin, DEMO_EMAIL, Secret(DEMO_PASSWORD)
        )
        await app_context.sign_in.choose(demo.session.account)
        return app_context

    return make


async def command(ui, name: str, described: str) -> None:
    """Run a command of the palette by its name."""
    await ui.press("ctrl+p")
    await ui.type(name)
    await ui.see(described)
    await ui.settled(0.2)
    await ui.press("enter")


async def choose(ui) -> None:
    await ui.app.run_action("switch_account")
    await ui.on(AccountsScreen)


async def signed_in_as(ui, email: str, project: str) -> None:
    await ui.on(BrowserScreen)
    await ui.see(f"{email} on", project)


async def test_the_list_tells_every_account_and_enter_opens_it_without_a_password(start, both):
    async with start(app_context=await both(), signed_in=False) as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        await command(ui, "switch account", "Open another signed-in account")
        await ui.see(OTHER_EMAIL)
        host = ui.neptun.origin.removeprefix("http://")
        assert all(host in ui.line(email + "  ") for email in (DEMO_EMAIL, OTHER_EMAIL))
        assert "open now" in ui.line(DEMO_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        assert "Storefront" not in ui.text
        await choose(ui)
        await ui.see(DEMO_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        assert "Private notes" not in ui.text
        assert ui.neptun.count("POST", "/login") == 2  # the two before the start
        assert ui.neptun.count("POST", "/logout") == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_the_list_can_be_read_at_every_size(start, both, size):
    async with start(size, app_context=await both(), signed_in=False) as ui:
        await ui.on(BrowserScreen)
        await choose(ui)
        await ui.see(OTHER_EMAIL, DEMO_EMAIL, "open now", "enter → open")
        await ui.see(f"{OTHER_EMAIL} on {ui.neptun.origin.removeprefix('http://')}.")


async def test_one_person_on_two_servers_is_two_accounts(start, make_app_context, neptun):
    elsewhere = neptun.origin.replace("127.0.0.1", "localhost")
    app_context = make_app_context(session_store=memory_session_store(), any_host=True)
    for host in (elsewhere, neptun.origin):
        await app_context.sign_in.with_password(host, DEMO_EMAIL, Secret(DEMO_PASSWORD))
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.see(f"{DEMO_EMAIL} on 127.0.0.1")
        await choose(ui)
        await ui.see("localhost")
        await ui.press("enter")
        await ui.see(f"{DEMO_EMAIL} on localhost")
        assert len(await app_context.sign_in.accounts()) == 2


async def test_a_switch_changes_what_is_open_and_d_the_default(start, both, failing):
    app_context = await both(failing[1])
    async with start((120, 40), app_context=app_context, signed_in=False) as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        await choose(ui)
        await ui.see(OTHER_EMAIL, "d default")
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        assert "default" in ui.line(DEMO_EMAIL + "  "), "opening another changes no default"
        assert "default" not in ui.line(OTHER_EMAIL + "  ")
        await ui.press("end", "d")
        await ui.see(f"{OTHER_EMAIL} on", "Later starts and commands use it.")
        assert "default" in ui.line(OTHER_EMAIL + "  ")
        assert "default" not in ui.line(DEMO_EMAIL + "  ")
        account, chosen = await app_context.sign_in.default()
        assert (account.user_id, chosen) == (2, True)


async def test_a_session_in_memory_cannot_be_the_default_of_later_starts(start, both):
    async with start((120, 40), app_context=await both(), signed_in=False) as ui:
        await ui.on(BrowserScreen)
        await choose(ui)
        await ui.see(OTHER_EMAIL, "enter → open")
        assert "d default" not in ui.text


async def test_choosing_the_open_account_or_going_back_changes_nothing(start, both):
    async with start(app_context=await both(), signed_in=False) as ui:
        await ui.open(1)
        await ui.mark("f102")
        before = ui.grid
        for keys in (("escape",), ("down", "up", "home", "enter")):
            await choose(ui)
            await ui.see(OTHER_EMAIL)
            await ui.press(*keys)
            await ui.on(BrowserScreen)
            await ui.until(lambda: ui.grid == before, "the same picture")


async def test_the_only_account_is_told_how_to_add_one(start):
    async with start() as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        await choose(ui)
        await ui.see(
            'No other session is kept. The commands (ctrl+p) have "Sign in to another account".'
        )
        ui.app.action_sign_out()
        await ui.on(LoginScreen)
        await choose(ui)
        await ui.see("No session is kept on this machine.")
        await ui.press("enter", "escape")
        await ui.on(LoginScreen)


async def test_a_kept_session_that_has_ended_asks_for_the_password_of_that_account(
    start, both, neptun
):
    async with start(app_context=await both(), signed_in=False) as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        neptun.serve(key=OTHER_KEY)
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("enter")
        await ui.on(LoginScreen)
        await ui.see("Your session has ended.")
        await ui.until(lambda: ui.focused == "password", "the password's turn")
        assert ui.field("email").value == OTHER_EMAIL
        await ui.type(OTHER_PASSWORD)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")


async def test_a_session_that_cannot_be_had_asks_for_the_password_and_can_be_given_up(
    start, both, failing
):
    backend, session_store = failing
    async with start(app_context=await both(session_store), signed_in=False) as ui:
        await ui.open(1)
        await ui.mark("f102")
        before = ui.grid
        backend.locked = True
        await choose(ui)
        await ui.see(
            "user 2", " OS keyring ", "The OS keyring is locked. Opening it asks for the password."
        )
        await ui.press("enter")
        await ui.on(LoginScreen)
        await ui.see("Sign in to another account", "The OS keyring is locked.", "esc give up")
        assert (ui.field("host").value, ui.focused) == (ui.neptun.origin, "email")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.until(lambda: ui.grid == before, "the same picture")


async def test_a_list_that_hangs_can_be_left(start, both, failing):
    backend, session_store = failing
    async with start(app_context=await both(session_store), signed_in=False) as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        backend.answers.clear()
        await choose(ui)
        await ui.see("Looking for the sessions kept on this machine…")
        await ui.press("enter")
        assert isinstance(ui.app.screen, AccountsScreen)
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.see("Storefront")


async def test_signing_in_to_another_account_keeps_the_one_that_was_open(start):
    async with start(project=1) as ui:
        await command(ui, "another account", "Add an account; the open one")
        await ui.on(LoginScreen)
        assert (ui.field("email").value, ui.field("password").value) == ("", "")
        await ui.type(OTHER_EMAIL)
        await ui.press("enter")
        await ui.type(OTHER_PASSWORD)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        assert "Storefront" not in ui.text
        await choose(ui)
        await ui.see(DEMO_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        assert ui.neptun.count("POST", "/login") == 2


async def test_another_sign_in_can_be_given_up_and_nothing_is_lost(start):
    async with start(project=1) as ui:
        await ui.mark("f102")
        before = ui.grid
        await ui.app.run_action("another_account")
        await ui.on(LoginScreen)
        await ui.type("someone@example.com")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.until(lambda: ui.grid == before, "the same picture")


async def test_the_demo_fills_in_no_password_for_another_account(start):
    secret = Secret(DEMO_PASSWORD)
    async with start(signed_in=False, demo=True, email=DEMO_EMAIL, password=secret) as ui:
        await ui.on(LoginScreen)
        await ui.press("enter")
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        await ui.app.run_action("another_account")
        await ui.on(LoginScreen)
        assert (ui.field("email").value, ui.field("password").value) == ("", "")


async def test_before_the_first_sign_in_an_account_can_be_chosen_too(start, both, neptun):
    app_context = await both(email="no-account@example.com")
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.see("Your session will be kept")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("end", "enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")


async def test_before_the_first_sign_in_a_session_that_cannot_be_had_fills_in_the_form(
    start, both, failing
):
    backend, session_store = failing
    app_context = await both(
        session_store, host="http://127.0.0.1:9", email="no-account@example.com"
    )
    async with start(app_context=app_context, signed_in=False) as ui:
        await ui.see("Your session will be kept")
        backend.locked = True
        await choose(ui)
        await ui.see("user 1")
        await ui.press("enter")
        await ui.on(LoginScreen)
        await ui.see("The OS keyring is locked.")
        assert ui.field("host").value == ui.neptun.origin
        assert (ui.field("email").value, ui.focused) == ("", "email")


# Refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["switch_account", "another_account"])
async def test_no_account_is_left_while_a_run_is_under_way(start, both, neptun, action):
    async with start(app_context=await both(in_flight=1), signed_in=False) as ui:
        await ui.open(1)
        await ui.ask_to_delete("f102")
        gate = neptun.hold("DELETE")
        await ui.press("y")
        await ui.until(lambda: gate.waiting, "the DELETE")
        await ui.app.run_action(action)
        await ui.see(UNDER_WAY)
        assert ui.job == "Deleting"
        gate.open()
        await ui.reported()
        await ui.app.run_action(action)
        await ui.on(AccountsScreen if action == "switch_account" else LoginScreen)


async def test_no_account_is_left_while_a_restore_is_under_way(start, both, neptun, tmp_path):
    records = RunStore(tmp_path / "state", tmp_path / "data")
    async with start(app_context=await both(records=records), signed_in=False) as ui:
        await ui.open(1)
        await ui.run("f102")
        await ui.press("escape", "h")
        await ui.on(HistoryScreen)
        await ui.see("past deletion")
        await ui.press("R")
        await ui.on(ConfirmScreen)
        await ui.settled()
        gate = neptun.hold("POST")
        await ui.press("y")
        await ui.until(lambda: gate.waiting, "the POST")
        await ui.app.run_action("switch_account")
        await ui.see(UNDER_WAY)
        assert ui.job == "Restoring"
        gate.open()


async def test_a_run_that_began_meanwhile_is_not_left_behind(start, both, neptun, monkeypatch):
    """Switch accounts while the backup of a run is being written."""
    async with start(app_context=await both(), signed_in=False) as ui:
        await ui.open(1)
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        account_session = ui.app._accounts.account_session
        monkeypatch.setattr(type(account_session), "working", property(lambda _: True))
        await ui.press("enter")
        await ui.see(UNDER_WAY, "Storefront")
        assert ui.app._accounts.account_session is account_session
        assert not account_session.closed


# Never mixed -------------------------------------------------------------------------------------


async def test_what_comes_late_for_the_account_that_was_left_is_not_shown(start, both, neptun):
    async with start((120, 40), app_context=await both(), signed_in=False) as ui:
        await ui.open(1)
        gate = neptun.hold("GET /api/users/1/")
        await ui.press("r")
        await ui.until(lambda: gate.waiting, "the reload")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        gate.open()
        await ui.settled(0.3)
        assert isinstance(ui.app.screen, BrowserScreen)
        assert "Storefront" not in ui.text


async def test_a_dialog_of_the_account_that_was_left_is_closed_and_deletes_nothing(
    start, both, neptun
):
    async with start(app_context=await both(), signed_in=False, project=1) as ui:
        await ui.ask_to_delete("f102")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        assert not any(isinstance(screen, ConfirmScreen) for screen in ui.app.screen_stack)
        await ui.settled()
        await ui.press("y")
        await ui.settled()
        assert neptun.deletes == []


async def test_after_switching_a_deletion_is_sent_in_the_name_of_the_other_account(
    start, both, neptun
):
    async with start(app_context=await both(), signed_in=False, project=1) as ui:
        await ui.mark("f102")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        await ui.press("enter")
        await ui.loaded()
        assert not ui.view.marks
        own = next(key for key in ui.view.shown_keys if key.kind.value == "file")
        await ui.run(f"f{own.id}")
        assert [path.split("/")[-1] for path in neptun.deletes] == [str(own.id)]
        (gone,) = [a.path for a in neptun.arrivals if a.method == "DELETE"]
        assert gone.startswith("/api/users/2/")


async def test_read_only_holds_for_whoever_is_opened_next(start, both):
    async with start(app_context=await both(), signed_in=False) as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        ui.app.action_read_only()
        await ui.see("READ-ONLY")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
        assert "READ-ONLY" in ui.text
        ui.app.action_sign_out()
        await ui.on(LoginScreen)
        await ui.until(lambda: "READ-ONLY" in ui.grid[0], "the mode")
        ui.field("email").value = DEMO_EMAIL
        ui.field("password").focus()
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        assert "READ-ONLY" in ui.text


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_signed_out_of_a_read_only_start_the_form_says_so(start, size):
    async with start(size, read_only=True) as ui:
        await ui.see("Storefront")
        ui.app.action_sign_out()
        await ui.on(LoginScreen)
        await ui.until(lambda: "READ-ONLY" in ui.grid[0], "the mode")


async def test_made_read_only_at_the_form_it_says_so(start):
    async with start(signed_in=False) as ui:
        await ui.on(LoginScreen)
        assert "READ-ONLY" not in ui.text
        ui.app.action_read_only()
        await ui.until(lambda: "READ-ONLY" in ui.grid[0], "the mode")


async def test_signing_out_in_the_middle_of_choosing_signs_out(start, both):
    async with start(app_context=await both(), signed_in=False) as ui:
        await signed_in_as(ui, DEMO_EMAIL, "Storefront")
        await choose(ui)
        await ui.app.run_action("switch_account")  # a second list makes no sense
        await ui.quiet()
        assert sum(isinstance(s, AccountsScreen) for s in ui.app.screen_stack) == 1
        ui.app.action_sign_out()
        await ui.on(LoginScreen)
        await ui.see("You are signed out.")
        await choose(ui)
        await ui.see(OTHER_EMAIL)
        assert DEMO_EMAIL not in ui.text
        await ui.press("enter")
        await signed_in_as(ui, OTHER_EMAIL, "Private notes")
