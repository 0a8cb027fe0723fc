"""What the sign-in form is made of."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, Static

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import (
    InputError,
    InvalidCookie,
    NeptunTuiError,
    Rejected,
    ServiceError,
    SessionExpired,
    SignInRefused,
)
from neptun_tui.tui.widgets.prompt import QuietInput


class CookieInput(QuietInput):
    """Takes a paste whole: half a cookie, cut at a line break, would be sent and refused."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(event.text.strip(), *self.selection)


def row(label: str, field: Input) -> ComposeResult:
    """A label, a field, and room below it for what is wrong with it."""
    with Horizontal(id=f"{field.id}-row", classes="field"):
        yield Label(label, markup=False)
        yield field
    yield Static(Content(""), id=f"{field.id}-error", classes="field-error")


def drawable(text: str) -> str:
    """A text for a field; empty when it cannot be drawn as it is, and would be no help there."""
    return text if safe_text.clean(text) == text else ""


def field_of(error: NeptunTuiError, *, with_cookie: bool) -> str | None:
    """The field that an error belongs to; None when it belongs to none.

    Args:
        error: why nobody was signed in.
        with_cookie: whether it was tried with a cookie.
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
