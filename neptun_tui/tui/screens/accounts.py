"""The accounts that are signed in on this machine, to open another one."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.services.auth import SignIn
from neptun_tui.storage.session_backends import BackendKind, KnownAccount
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.widgets.accounts import AccountList, name_of
from neptun_tui.tui.widgets.bar import Bar, KeyBar
from neptun_tui.tui.widgets.note import Note
from neptun_tui.tui.widgets.virtual_list import VirtualList

LOOKING = "Looking for the sessions kept on this machine…"
ADD_ONE = 'The commands (ctrl+p) have "Sign in to another account".'
NONE_KEPT = "No session is kept on this machine."


class AccountsScreen(Screen[KnownAccount | None]):
    """Gives back the account that was chosen; None to stay with the one that is open."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.ACCOUNTS)

    def __init__(self, sign_in: SignIn, here: Account | None) -> None:
        """Prepare the list.

        Args:
            sign_in: knows the accounts.
            here: the account that is open, if one is.
        """
        super().__init__()
        self._sign_in = sign_in
        self._here = here

    def compose(self) -> ComposeResult:
        """Title, accounts, more about one of them, footer."""
        yield Bar(id="title")
        yield AccountList(self._here)
        yield Note(3, id="account-about")
        yield KeyBar(Where.LIST, Where.ACCOUNTS, id="keys")

    def on_mount(self) -> None:
        """The places are asked behind the screen: one of them may hang."""
        self.query_one("#title", Bar).set([(" Accounts on this machine", "strong")])
        self._list.say(LOOKING)
        self.set_focus(self._list)
        self._look()

    @property
    def _list(self) -> AccountList:
        return self.query_one(AccountList)

    @work
    async def _look(self) -> None:
        known = await self._sign_in.accounts()
        default = await self._sign_in.default()
        self._list.say(NONE_KEPT, ADD_ONE)
        self._list.show(known, default[0] if default else None)

    @on(VirtualList.Moved)
    def _tell(self) -> None:
        """Say all about the account of the cursor: a narrow list has no room for it."""
        known, said = self._list.current, ""
        if known:
            said = f"{name_of(known)} on {safe_text.clean(known.account.host_name, 200)}."
            if self._list.is_default(known):
                said += " Later starts and commands use it."
            if known.trouble:
                said += f" {known.trouble} Opening it asks for the password."
            if self._list.count == 1 and self._list.is_here(known):
                said += f" There is no other. {ADD_ONE}"
        self.query_one("#account-about", Note).say(said)
        self.query_one(KeyBar).refresh()

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """There must be an account to open, and one that outlives the app for later starts."""
        known = self._list.current if self.is_attached else None
        if action == "default":
            return known is not None and known.tier is not BackendKind.MEMORY
        return action != "open" or known is not None

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        known = self._list.current
        self.dismiss(None if known is None or self._list.is_here(known) else known)

    @work
    async def action_default(self) -> None:
        """Have later starts, and commands that name no account, use the account of the cursor."""
        if (known := self._list.current) is None:
            return
        if await self._sign_in.choose(known.account):
            self._list.mark_default(known.account)
            self._tell()
        else:
            said = " ".join(("The default stays as it was.", *self._sign_in.troubles))
            self.app.notify(said, severity="warning", markup=False)

    def action_stay(self) -> None:
        """Back to what was there before."""
        self.dismiss(None)
