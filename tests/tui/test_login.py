"""Sign-in form: two methods, and every error beside its field."""

from __future__ import annotations

import socket

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.domain.account import Secret
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.help import HelpScreen
from neptun_tui.tui.screens.login import LoginScreen

WRONG_PASSWORD = "Wr0ng!Passw0rd"
COOKIE_ADDRESS = "/api/_auth/session"


def below(ui, label: str) -> str:
    """Return the text below a field until the next one, as one line."""
    grid = ui.grid
    start = next(y for y, line in enumerate(grid) if line.strip().startswith(label))
    words: list[str] = []
    for line in grid[start + 1 :]:
        text = line.strip()
        if not text or text.split()[0] in ("Server", "E-mail", "Password", "Cookie", "Sign"):
            break
        words.append(text)
    return " ".join(words)


@pytest.fixture
def form(start, neptun):
    """The form with an account that was named at the start, before anybody has signed in."""
    return lambda size=(80, 24), **options: start(
        size, signed_in=False, **{"email": DEMO_EMAIL, **options}
    )


async def test_enter_in_the_password_field_signs_in(form):
    async with form() as ui:
        await ui.on(LoginScreen)
        assert ui.focused == "password"
        await ui.type(DEMO_PASSWORD)
        assert DEMO_PASSWORD not in ui.text
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.see("Storefront", DEMO_EMAIL, "session: memory")


async def test_the_order_is_e_mail_password_button(start):
    async with start(signed_in=False) as ui:
        await ui.on(LoginScreen)
        order = [ui.focused]
        for _ in range(2):
            await ui.press("tab")
            order.append(ui.focused)
        assert order == ["email", "password", "submit"]


async def test_enter_goes_from_the_e_mail_to_the_password_and_the_button_signs_in(start):
    async with start(signed_in=False) as ui:
        await ui.on(LoginScreen)
        await ui.type(DEMO_EMAIL)
        await ui.press("enter")
        assert ui.focused == "password"
        await ui.type(DEMO_PASSWORD)
        await ui.press("tab", "enter")
        await ui.on(BrowserScreen)


async def test_it_says_where_the_session_will_be_kept_before_anybody_signs_in(form):
    async with form() as ui:
        await ui.see("Your session will be kept in: memory, until you quit.")
        assert not ui.neptun.store.arrivals


REFUSALS = (
    (DEMO_EMAIL, WRONG_PASSWORD, "Password", "Wrong e-mail address or password."),
    (DEMO_EMAIL, "short", "Password", "Wrong password: Neptun's rules allow none like it."),
    ("demo at example", WRONG_PASSWORD, "E-mail", "Neptun rejects this e-mail address"),
    (DEMO_EMAIL, "", "Password", "Type your password."),
    ("", WRONG_PASSWORD, "E-mail", "Type the e-mail address of your account."),
)


async def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(form):
    async with form() as ui:
        await ui.on(LoginScreen)
        for email, password, field, said in REFUSALS:
            ui.field("email").value = email
            ui.field("password").value = ""
            ui.field("password").focus()
            await ui.type(password)
            await ui.press("enter")
            await ui.until(lambda: said in below(ui, field), said)  # noqa: B023
            assert not below(ui, {"Password": "E-mail", "E-mail": "Password"}[field])
            assert isinstance(ui.app.screen, LoginScreen)
            assert ui.field("email").value == email
            assert ui.field("host").value == ui.neptun.origin
            assert ui.focused == {"Password": "password", "E-mail": "email"}[field]


@pytest.mark.parametrize("password", [WRONG_PASSWORD, "short"])
async def test_a_refused_password_does_not_stay_in_its_field(form, password):
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.type(password)
        await ui.press("enter")
        await ui.see("Wrong")
        assert ui.field("password").value == ""


async def test_after_a_refusal_the_right_password_signs_in(form):
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.type(WRONG_PASSWORD)
        await ui.press("enter")
        await ui.see("Wrong e-mail address or password.")
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.on(BrowserScreen)


async def test_a_database_that_is_down_is_named_as_a_possible_reason(form, neptun):
    neptun.store.faults.database_down = True
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.until(lambda: "without its database" in below(ui, "Password"))


async def test_an_unreachable_host_is_said_beside_the_host(form):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with form(host=host) as ui:
            await ui.on(LoginScreen)
            await ui.type(DEMO_PASSWORD)
            await ui.press("enter")
            await ui.until(lambda: "127.0.0.1" in below(ui, "Server"), "a reason at the host")
            assert ui.focused == "host"
            assert (ui.field("host").value, ui.field("email").value) == (host, DEMO_EMAIL)


async def test_a_host_that_answers_html_is_told_from_a_wrong_password(form, neptun):
    async with form() as ui:
        await ui.on(LoginScreen)
        for status in (200, 404, 502):
            neptun.heal()
            neptun.answer("POST", status, b"<!DOCTYPE html><title>Log in</title>", "text/html")
            ui.field("password").focus()
            await ui.type(DEMO_PASSWORD)
            await ui.press("enter")
            await ui.until(lambda: below(ui, "Server"), "a reason at the host")
            assert not below(ui, "Password")
            assert "<" not in below(ui, "Server")


HOSTS = (
    ("http://neptun.example.com", "use https"),
    ("not a url", "server's address"),
    ("https://", "Not a web address"),
    ("ftp://neptun.example.com", "Not a web address"),
    ("https://neptun.example.com/path", "no path"),
    ("https://[::1", "Not a web address"),
)


async def test_a_host_that_will_not_do_is_said_before_anything_is_sent(form):
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.type(DEMO_PASSWORD)
        for typed, said in HOSTS:
            ui.field("host").value = typed
            ui.field("password").focus()
            await ui.press("enter")
            await ui.until(lambda: said in below(ui, "Server"), said)  # noqa: B023
            assert ui.field("host").value == typed
            assert ui.field("email").value == DEMO_EMAIL
        assert not ui.neptun.store.arrivals


async def test_the_demo_is_filled_in_and_one_enter_signs_in(start):
    secret = Secret(DEMO_PASSWORD)
    async with start(signed_in=False, demo=True, email=DEMO_EMAIL, password=secret) as ui:
        await ui.on(LoginScreen)
        await ui.see("DEMO")
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.see("Storefront", "DEMO")


@pytest.fixture
async def cookie(make_app_context) -> str:
    """A good session cookie, as copied from a browser."""
    app_context = make_app_context()
    signed_in = await app_context.sign_in.with_password(
        app_context.host, DEMO_EMAIL, Secret(DEMO_PASSWORD)
    )
    return signed_in.session.cookie.reveal()


@pytest.mark.parametrize(
    "pasted",
    [
        *("{}", "neptun-session={}", "Cookie: theme=dark; neptun-session={}; lang=en", "  {}  "),
        '{{\n  "auth": {{\n    "neptun_session_cookie": "{}"\n  }}\n}}\n',
    ],
    ids=["value", "prefix", "header", "blanks", "configuration"],
)
async def test_a_pasted_cookie_signs_in(form, cookie, pasted):
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.press("ctrl+t")
        assert ui.focused == "cookie"
        await ui.paste(pasted.format(cookie))
        assert cookie not in ui.text
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.see("Storefront", DEMO_EMAIL)


async def test_a_cookie_that_is_none_is_said_beside_the_cookie_and_not_sent(form, cookie):
    broken = cookie[:40] + "\n" + cookie[40:]
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.press("ctrl+t")
        for pasted, said in (
            (broken, "line break"),
            ("theme=dark; lang=en", "has no neptun-session cookie"),
            ("tiny", "Not a session cookie"),
        ):
            ui.field("cookie").value = ""
            await ui.paste(pasted)
            await ui.press("enter")
            await ui.until(lambda: said in below(ui, "Cookie"), said)  # noqa: B023
            assert not ui.neptun.count("GET", COOKIE_ADDRESS)
            assert isinstance(ui.app.screen, LoginScreen)


async def test_a_cookie_neptun_does_not_know_is_said_beside_the_cookie(form, cookie, neptun):
    neptun.serve(key=b"another-throw-away-key-0123456789")
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.press("ctrl+t")
        await ui.paste(cookie)
        await ui.press("enter")
        await ui.until(lambda: "has expired" in below(ui, "Cookie"))
        assert ui.neptun.count("GET", COOKIE_ADDRESS) == 1


async def test_changing_the_way_in_keeps_what_was_typed(form):
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.press("ctrl+t")
        await ui.see("Paste the value of neptun-session")
        assert "E-mail" not in ui.text
        await ui.press("ctrl+t")
        await ui.see("E-mail")
        assert ui.field("email").value == DEMO_EMAIL


async def test_the_form_stays_usable_while_neptun_is_silent(form, neptun):
    gate = neptun.hold("POST")
    async with form() as ui:
        await ui.on(LoginScreen)
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.see("Signing in…")
        await ui.press("f1")
        await ui.on(HelpScreen)
        await ui.press("escape")
        gate.open()
        await ui.on(BrowserScreen)


async def test_signing_out_without_a_session_says_so(start):
    async with start(signed_in=False) as ui:
        await ui.on(LoginScreen)
        ui.app.action_sign_out()
        await ui.see("Not signed in.")
        assert isinstance(ui.app.screen, LoginScreen)
