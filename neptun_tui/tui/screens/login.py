"""Sign-in screen: with a password, or with a pasted session cookie."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import Button, Input, Label, Static

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, Secret, parse_host
from neptun_tui.domain.errors import (
    InputError,
    InvalidCookie,
    InvalidHost,
    NeptunTuiError,
    Rejected,
    ServiceError,
    SessionExpired,
    SignInRefused,
    SimilarAccount,
)
from neptun_tui.services.context import AppContext
from neptun_tui.tui import input_guard
from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.screen import ResponsiveScreen
from neptun_tui.tui.widgets.bars import KeyBar, StatusBar
from neptun_tui.tui.widgets.inputs import CompactButton, SteadyInput

if TYPE_CHECKING:
    from neptun_tui.services.auth import SignedIn
    from neptun_tui.storage.session_backends import StorageInfo

_SURELY_SET_UP = 0.2
"""Seconds after which the first screen is certainly laid out."""

_COOKIE_HELP = (
    "Paste the value of neptun-session, a Cookie header, or the neptun-config.json of Neptun's"
    " CLI page."
)


class LoginScreen(ResponsiveScreen["SignedIn | None"]):
    """Sign-in form. Returns the session; Esc cancels a second sign-in."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.SIGN_IN)
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (60, "-roomy")]  # noqa: RUF012 - so declared
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    def __init__(
        self,
        app_context: AppContext,
        *,
        again: Account | None = None,
        another: Account | None = None,
        resume: bool = False,
        why: str = "",
        read_only: bool = False,
    ) -> None:
        """Prepare the form.

        Args:
            app_context: services and options.
            again: the account whose session expired in the middle of an operation.
            another: the account to fill in (e-mail address optional), for a second session.
            resume: look for a stored session while the form is already shown.
            why: a sentence to show above the form.
            read_only: whether the mode is read-only; the header shows it.
        """
        super().__init__()
        self._app_context = app_context
        self._again = again
        self._second = again or another
        self.is_for_another = another is not None
        """Whether another account is added to the open one."""
        self._why = why
        self._read_only = read_only
        self._promised: StorageInfo | None = None
        self._resume = resume and not app_context.demo
        self._with_cookie = False
        self._answered: SignedIn | None = None

    def compose(self) -> ComposeResult:
        """Compose the form: labels left, fields right, errors below their field."""
        yield StatusBar(id="title")
        with VerticalScroll(id="sign-in", can_focus=False):
            yield Label(self._headline, id="headline", markup=False)
            yield Static(id="notice")
            yield from row("Server", SteadyInput(self._host, id="host"))
            yield from row("E-mail", SteadyInput(self._email, id="email"))
            password = SteadyInput(self._password, password=True, id="password")
            yield from row("Password", password)
            yield from row("Cookie", CookieInput(password=True, id="cookie"))
            yield Static(
                Content(_COOKIE_HELP),
                id="cookie-help",
            )
            with Horizontal(id="sign-in-buttons"):
                yield CompactButton("Sign in", id="submit")
                yield CompactButton("", id="other-way")
            yield Static(Content(""), id="problem")
            yield Static(Content(""), id="keeping")
        yield KeyBar(KeyContext.SIGN_IN, typing=True)

    def show_mode(self, *, read_only: bool) -> None:
        """Show in the header the mode after the sign-in."""
        self._read_only = read_only
        modes = ((" DEMO ", self._app_context.demo), (" READ-ONLY ", read_only))
        right = [(mode, "alert") for mode, holds in modes if holds]
        for bar in self.query("#title").results(StatusBar):  # none before it is composed
            bar.set([(" neptun-tui", "strong")], right)

    @property
    def _headline(self) -> str:
        if self._again:
            return "Sign in again"
        return "Sign in to another account" if self._second else "Sign in to Neptun"

    @property
    def _host(self) -> str:
        return self._second.host if self._second else self._app_context.host

    @property
    def _email(self) -> str:
        return drawable(self._second.email if self._second else self._app_context.email)

    @property
    def _password(self) -> str:
        known = self._app_context.password if self._email == self._app_context.email else None
        return known.reveal() if known else ""

    def on_mount(self) -> None:
        """Show where the session will be kept before anything is typed."""
        self.show_mode(read_only=self._read_only)
        if self._app_context.demo or self._again:
            self.query_one("#host", Input).disabled = True
        self._notice(self._why)
        self._show_way()
        if self._again:
            # The form opens unasked: keys meant for the screen before must not reach a password.
            self.set_timer(input_guard.SETTLE_SECONDS, self._focus_first)
        else:
            self._focus_first()
        self.call_after_refresh(self._prepare)

    def _focus_first(self) -> None:
        if self._with_cookie:
            self.set_focus(self.query_one("#cookie"))
        elif self._value("password"):
            self.set_focus(self.query_one("#submit"))
        elif self._value("email"):
            self.set_focus(self.query_one("#password"))
        else:
            self.set_focus(self.query_one("#email"))

    @work
    async def _prepare(self) -> None:
        """Look for a stored session; then show where one would be kept."""
        if self._resume:
            self._notice("Looking for a session kept on this machine…")
            found, why = None, self._why
            try:
                found = await self._stored_session()
            except SimilarAccount as error:
                why = str(error)
            if found and not self.touched:
                self.answer(found)
                return
            self._notice(" ".join((why, *self._app_context.sign_in.problems)).strip())
        self.show_keeping(await self._app_context.sign_in.keeping())

    async def _stored_session(self) -> SignedIn | None:
        """Return the stored session, by the look-up of the start if there was one.

        Raises:
            SimilarAccount: the e-mail differs from a stored one only in capitals or blanks.
        """
        app_context = self._app_context
        if app_context.startup:
            return await asyncio.shield(asyncio.wrap_future(app_context.startup.session))
        host = None if app_context.any_host else app_context.host
        return await app_context.sign_in.resume_any(host, app_context.email or None)

    def fill_in(self, account: Account, why: str) -> None:
        """Fill in another account, and show why its password is needed."""
        self.query_one("#host", Input).value = account.host
        self.query_one("#email", Input).value = drawable(account.email)
        self._empty_secrets()
        self._notice(why)
        self._focus_first()

    def answer(self, signed_in: SignedIn) -> None:
        """Return the session as soon as this screen is on top."""
        self._answered = signed_in
        self.on_screen_resume()

    def on_screen_resume(self) -> None:
        """Return a pending session, now that this screen is on top."""
        if self._answered and self.is_active:
            self.dismiss(self._answered)
            self._answered = None

    def _notice(self, text: str) -> None:
        notice = self.query_one("#notice", Static)
        notice.update(Content(text))
        notice.display = bool(text)

    def show_keeping(self, keeping: StorageInfo) -> None:
        """Show where a session is kept, for how long, and how to get a better backend."""
        self._promised = keeping
        text = "\n".join(("Your session will be kept in: " + keeping.lines[0], *keeping.lines[1:]))
        line = self.query_one("#keeping", Static)
        line.update(Content(text))
        # In about 1 % of starts Textual loses the layout request of a text set while the first
        # screen is being set up, and only one line of it was visible.
        self.set_timer(_SURELY_SET_UP, lambda: line.refresh(layout=True))

    def _tell(self, keeping: StorageInfo) -> None:
        """Notify where the session is kept, if not where the form said."""
        if keeping.reason:
            said = " ".join(("Your session is kept in:", *keeping.lines))
            self.app.notify(said, severity="warning", markup=False, timeout=30)

    def _show_way(self) -> None:
        for name in ("email", "password"):
            self.query_one(f"#{name}-row").display = not self._with_cookie
        for name in ("#cookie-row", "#cookie-help"):
            self.query_one(name).display = self._with_cookie
        other = "Use a password" if self._with_cookie else "Use a session cookie"
        self.query_one("#other-way", CompactButton).label = other

    @on(Button.Pressed, "#other-way")
    def _other_way_pressed(self) -> None:
        self.action_sign_in_method()

    def action_sign_in_method(self) -> None:
        """Switch between password and cookie."""
        self._with_cookie = not self._with_cookie
        self._clear_errors()
        self._show_way()
        self._focus_first()

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable "cancel" for a second sign-in only."""
        return action != "cancel" or self._second is not None

    def action_cancel(self) -> None:
        """Cancel the sign-in."""
        self.dismiss(None)

    def action_next_field(self) -> None:
        """Go to the next field."""
        self.focus_next()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.input.id in ("password", "cookie"):
            self._submit()
        else:
            self.focus_next()

    @on(Button.Pressed, "#submit")
    def action_submit(self) -> None:
        """Submit the form."""
        self._submit()

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value

    def _submit(self) -> None:
        """Validate the fields; then sign in."""
        self._clear_errors()
        try:
            host = (
                self._app_context.host
                if self._app_context.demo
                else parse_host(self._value("host"))
            )
        except InvalidHost as error:
            self._complain("host", error)
            return
        if not self._with_cookie and not self._value("email").strip():
            self._complain("email", "Type the e-mail address of your account.")
        elif not self._value("cookie" if self._with_cookie else "password"):
            what = ("cookie", "session cookie") if self._with_cookie else ("password", "password")
            self._complain(what[0], f"Type your {what[1]}.")
        else:
            self._ask(host)

    @work(exclusive=True, group="ask")
    async def _ask(self, host: str) -> None:
        self._busy(True)
        promised = self._promised
        try:
            signed_in = await self._sign_in(host)
        except NeptunTuiError as error:
            self._busy(False)
            self._explain(error)
            return
        self._empty_secrets()
        if promised is None or promised.backend is not signed_in.keeping.backend:
            self._tell(signed_in.keeping)
        self.answer(signed_in)

    async def _sign_in(self, host: str) -> SignedIn:
        sign_in = self._app_context.sign_in
        if self._with_cookie:
            return await sign_in.with_cookie(host, Secret(self._value("cookie")), self._again)
        return await sign_in.with_password(
            host, self._value("email").strip(), Secret(self._value("password")), self._again
        )

    def _busy(self, busy: bool) -> None:
        button = self.query_one("#submit", CompactButton)
        button.disabled = busy
        button.label = "Signing in…" if busy else "Sign in"

    def _explain(self, error: NeptunTuiError) -> None:
        """Show an error below its field; clear only the password."""
        self.query_one("#password", Input).value = ""
        self._complain(field_of(error, with_cookie=self._with_cookie), error)

    def _complain(self, field: str | None, error: NeptunTuiError | str) -> None:
        line = self.query_one(f"#{field}-error" if field else "#problem", Static)
        line.update(Content(str(error)))
        line.display = True
        if field:
            target = self.query_one(f"#{field}", Input)
            self.set_focus(self.query_one("#submit") if target.disabled else target)

    def _clear_errors(self) -> None:
        for line in (*self.query(".field-error"), self.query_one("#problem")):
            line.display = False

    def _empty_secrets(self) -> None:
        for name in ("password", "cookie"):
            self.query_one(f"#{name}", Input).value = ""

    @property
    def touched(self) -> bool:
        """Tell whether the user has begun to fill in the form, which is then not replaced."""
        begun = {"host": self._host, "email": self._email, "password": self._password, "cookie": ""}
        try:
            return any(self._value(name) != was for name, was in begun.items())
        except NoMatches:
            return False


class CookieInput(SteadyInput):
    """Input that takes a paste whole: half a cookie, cut at a line break, would be rejected."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(event.text.strip(), *self.selection)


def row(label: str, field: Input) -> ComposeResult:
    """Compose a label, a field, and room below it for an error."""
    with Horizontal(id=f"{field.id}-row", classes="field"):
        yield Label(label, markup=False)
        yield field
    yield Static(Content(""), id=f"{field.id}-error", classes="field-error")


def drawable(text: str) -> str:
    """Return a text for a field; empty when it cannot be drawn unchanged."""
    return text if safe_text.clean(text) == text else ""


def field_of(error: NeptunTuiError, *, with_cookie: bool) -> str | None:
    """Return the field that an error belongs to; None when there is none.

    Args:
        error: the error of the sign-in.
        with_cookie: whether a cookie was used.
    """
    match error:
        case InvalidCookie() | SessionExpired():
            return "cookie"
        case SignInRefused():
            return "password"
        case Rejected(fields=fields):
            return "email" if "email" in fields else "password"
        case InputError():
            return "cookie" if with_cookie else "email"
        case ServiceError():
            return "host"
        case _:
            return None
