"""Accounts screen: the sessions stored on this machine, to open another one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.services.auth import SignIn
from neptun_tui.storage.session_backends import BackendKind, KnownAccount
from neptun_tui.tui.bindings import KeyContext, bindings, first_key
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.widgets.bars import KeyBar, MessageLine, StatusBar
from neptun_tui.tui.widgets.layout import Field
from neptun_tui.tui.widgets.table import ColumnList, Span, VirtualList

LOOKING = "Looking for the sessions kept on this machine…"
NONE_KEPT = "No session is kept on this machine."


class AccountsScreen(Screen[KnownAccount | None]):
    """Accounts list that returns the chosen account; None to stay with the open one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.ACCOUNTS)

    def __init__(self, sign_in: SignIn, here: Account | None) -> None:
        """Prepare the list.

        Args:
            sign_in: the source of the accounts.
            here: the open account, if any.
        """
        super().__init__()
        self._sign_in = sign_in
        self._here = here

    def compose(self) -> ComposeResult:
        """Compose the title, the accounts, details of one, and the footer."""
        yield StatusBar(id="title")
        yield AccountList(self._here)
        yield MessageLine(3, id="account-about")
        yield KeyBar(KeyContext.LIST, KeyContext.ACCOUNTS, id="keys")

    def on_mount(self) -> None:
        """Load the accounts in the background: a backend may hang."""
        self.query_one("#title", StatusBar).set([(" Accounts on this machine", "strong")])
        self._list.say(LOOKING)
        self.set_focus(self._list)
        self._look()

    @property
    def _list(self) -> AccountList:
        return self.query_one(AccountList)

    @property
    def _add_one(self) -> str:
        palette = first_key("command_palette", KeyContext.EVERYWHERE, keymap_of(self.app))
        return f'The commands ({palette}) have "Sign in to another account".'

    @work
    async def _look(self) -> None:
        known = await self._sign_in.accounts()
        default = await self._sign_in.default()
        self._list.say(NONE_KEPT, self._add_one)
        self._list.show(known, default[0] if default else None)

    @on(VirtualList.Moved)
    def _tell(self) -> None:
        """Show the details of the current account: a narrow list has no room for them."""
        known, said = self._list.current, ""
        if known:
            said = f"{name_of(known)} on {safe_text.clean(known.account.host_name, 200)}."
            if self._list.is_default(known):
                said += " Later starts and commands use it."
            if known.error:
                said += f" {known.error} Opening it asks for the password."
            if self._list.count == 1 and self._list.is_here(known):
                said += f" No other session is kept. {self._add_one}"
        self.query_one("#account-about", MessageLine).say(said)
        self.query_one(KeyBar).refresh()

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable "open" on an account, and "default" on one that outlives the app."""
        known = self._list.current if self.is_attached else None
        if action == "default":
            return known is not None and known.backend is not BackendKind.MEMORY
        return action != "open" or known is not None

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        known = self._list.current
        self.dismiss(None if known is None or self._list.is_here(known) else known)

    @work
    async def action_default(self) -> None:
        """Make the current account the default of later starts and commands."""
        if (known := self._list.current) is None:
            return
        if await self._sign_in.choose(known.account):
            self._list.mark_default(known.account)
            self._tell()
        else:
            said = " ".join(("The default stays as it was.", *self._sign_in.problems))
            self.app.notify(said, severity="warning", markup=False)

    def action_back(self) -> None:
        """Return to the previous screen."""
        self.dismiss(None)


class AccountList(ColumnList):
    """List of the accounts, the newest session first."""

    FIELDS = (
        Field("Account", 0),
        Field("Server", 26, leaves=2),
        Field("Default", 7, leaves=1),
        Field("Kept in", 14, leaves=1),
        Field("Signed in", 11, right=True, leaves=3),
    )

    def __init__(self, here: Account | None) -> None:
        """Prepare the list.

        Args:
            here: the open account, if any.
        """
        super().__init__(id="accounts")
        self._here = here
        self._known: Sequence[KnownAccount] = ()
        self._default: Account | None = None
        self._now = datetime.now(UTC)

    def show(self, known: Sequence[KnownAccount], default: Account | None) -> None:
        """Show these accounts; the cursor starts on the first that is not open."""
        self._known = known
        self._default = default
        self._now = datetime.now(UTC)
        others = [index for index, each in enumerate(known) if not self.is_here(each)]
        self.set_rows(len(known), others[0] if others else 0)

    def mark_default(self, default: Account) -> None:
        """Show another account as the default."""
        self._default = default
        self.refresh()

    @property
    def current(self) -> KnownAccount | None:
        """Account under the cursor."""
        return self._known[self.cursor] if self._known else None

    def is_here(self, known: KnownAccount) -> bool:
        """Tell whether an account is the open one."""
        return self._here is not None and known.account.is_same(self._here)

    def is_default(self, known: KnownAccount) -> bool:
        """Tell whether an account is the default."""
        return self._default is not None and known.account.is_same(self._default)

    def cell(self, index: int, field: Field) -> Span:
        """Return a cell of one account."""
        known = self._known[index]
        match field.title:
            case "Account":
                return name_of(known), ""
            case "Default":
                return ("default" if self.is_default(known) else ""), "good"
            case "Server":
                return safe_text.clean(known.account.host_name, 200), "dim"
            case "Kept in":
                return known.backend.label, "dim"
            case _ if self.is_here(known):
                return "open now", "good"
            case _:
                return safe_text.age(known.kept_at, self._now), "dim"


def name_of(known: KnownAccount) -> str:
    """Return the e-mail address, or the user's ID without one."""
    return safe_text.clean(known.email, 200) if known.email else f"user {known.user_id}"
