"""The list of accounts that are signed in on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.storage.session_backends import KnownAccount
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field
from neptun_tui.tui.widgets.virtual_list import Span


class AccountList(ColumnList):
    """Each account once, the newest session first."""

    FIELDS = (
        Field("Account", 0),
        Field("Server", 26, leaves=2),
        Field("Default", 7, leaves=1),
        Field("Kept in", 8, leaves=1),
        Field("Signed in", 11, right=True, leaves=3),
    )

    def __init__(self, here: Account | None) -> None:
        """Prepare the list.

        Args:
            here: the account that is open, if one is.
        """
        super().__init__(id="accounts")
        self._here = here
        self._known: Sequence[KnownAccount] = ()
        self._default: Account | None = None
        self._now = datetime.now(UTC)

    def show(self, known: Sequence[KnownAccount], default: Account | None) -> None:
        """Draw these accounts; the cursor stands on the first that is not open."""
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
        """The account of the cursor."""
        return self._known[self.cursor] if self._known else None

    def is_here(self, known: KnownAccount) -> bool:
        """Whether an account is the one that is open."""
        return self._here is not None and known.account.is_same(self._here)

    def is_default(self, known: KnownAccount) -> bool:
        """Whether later starts and commands use an account."""
        return self._default is not None and known.account.is_same(self._default)

    def cell(self, index: int, field: Field) -> Span:
        """What is known of one account."""
        known = self._known[index]
        match field.title:
            case "Account":
                return name_of(known), ""
            case "Default":
                return ("default" if self.is_default(known) else ""), "good"
            case "Server":
                return safe_text.clean(known.account.host_name, 200), "dim"
            case "Kept in":
                return known.tier.value, "dim"
            case _ if self.is_here(known):
                return "open now", "good"
            case _:
                return safe_text.age(known.kept_at, self._now), "dim"


def name_of(known: KnownAccount) -> str:
    """The e-mail, or Neptun's number where the e-mail cannot be had."""
    return safe_text.clean(known.email, 200) if known.email else f"user {known.user_id}"
