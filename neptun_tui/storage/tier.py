"""The words of the vault: the tiers, what is said of them, and what each must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import VaultUnavailable


class Tier(StrEnum):
    """Where a session can be kept; the first three stand best first."""

    KEYRING = "keyring"
    KERNEL = "kernel"
    MEMORY = "memory"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a session is or would be kept, in words for people.

    Attributes:
        tier: the tier itself, for code to match on.
        label: its name, such as "OS keyring".
        lasts: how long it keeps a session, as the end of a sentence: "until you quit".
        reason: why this tier and no better one, one sentence; empty when it is the best.
        hint: the way to a better tier, one sentence; empty when there is none to tell.
    """

    tier: Tier
    label: str
    lasts: str
    reason: str
    hint: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The choice, its reason, and the way to a better tier: a line each, none of them empty."""
        lines = (f"{self.label}, {self.lasts}.", self.reason, self.hint)
        return tuple(line for line in lines if line)


SERVICE: Final = "neptun-tui:"
"""What the service name of every kept session begins with."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The name of one kept session: one for each server and account.

    The user's number stands in it and the e-mail does not: gnome-keyring writes the attributes of
    a locked item to disk as unsalted MD5, and an e-mail can be guessed.
    """

    origin: str
    user_id: int

    @classmethod
    def of(cls, account: Account) -> Slot:
        """The slot of an account."""
        return cls(account.host, account.user_id)

    @property
    def service(self) -> str:
        """The service name, as a keyring viewer shows it."""
        return f"{SERVICE}{self.origin}"

    @property
    def user(self) -> str:
        """The user name of the item: Neptun's number for the user."""
        return str(self.user_id)

    @classmethod
    def named(cls, service: str, user: str) -> Slot | None:
        """The slot of a service and user name; None when they name none of ours."""
        origin = service.removeprefix(SERVICE)
        if origin == service or not (user.isascii() and user.isdigit()):
            return None
        return cls(origin, int(user))


@dataclass(frozen=True, slots=True)
class Found:
    """A session that was kept, and where."""

    session: Session
    keeping: Keeping


@dataclass(frozen=True, slots=True)
class Known:
    """An account with a kept session, as the state file lists it.

    Attributes:
        origin: the server.
        user_id: Neptun's number for the user.
        tier: where the session was last kept.
        kept_at: when it was stored, in UTC.
        email: the account's e-mail, which stands in the tier alone; empty when nobody asked there.
        trouble: why the tier does not give the session now, one sentence; empty when it does.
    """

    origin: str
    user_id: int
    tier: Tier
    kept_at: datetime
    email: str = ""
    trouble: str = ""

    @property
    def account(self) -> Account:
        """What ``Vault.forget`` takes; its e-mail may be empty."""
        return Account(self.origin, self.user_id, self.email)


class TierUnavailable(VaultUnavailable):
    """One tier cannot be used; the text is the reason, one sentence for people.

    Attributes:
        hint: what would make the tier usable, one sentence, or empty.
        absent: there is no such place here, so it cannot hold a session either.
        uncertain: it broke off half-way, so it may hold what it was given all the same.
    """

    def __init__(
        self, reason: str, hint: str = "", *, absent: bool = False, uncertain: bool = False
    ) -> None:
        super().__init__(reason)
        self.hint = hint
        self.absent = absent
        self.uncertain = uncertain

    @property
    def reason(self) -> str:
        """The sentence."""
        return str(self)

    def fresh(self) -> TierUnavailable:
        """A copy with no traceback, cause or context, whose frames could hold a secret."""
        return TierUnavailable(self.reason, self.hint, absent=self.absent, uncertain=self.uncertain)


class TierBackend(Protocol):
    """What a tier does. Each method runs on that tier's own thread, and may block or raise."""

    @property
    def tier(self) -> Tier:
        """Which tier this is."""
        ...

    @property
    def label(self) -> str:
        """Its name for people."""
        ...

    @property
    def lasts(self) -> str:
        """How long it keeps a session: "until …"."""
        ...

    def probe(self) -> None:
        """Find out whether a session could be stored now, without a prompt and storing nothing.

        Raises:
            TierUnavailable: it could not, and why.
        """

    def store(self, slot: Slot, value: str) -> None:
        """Keep a value under a slot, in place of what was there."""

    def load(self, slot: Slot) -> str | None:
        """The value of a slot, or None when nothing is kept under it."""

    def delete(self, slot: Slot) -> bool:
        """Delete a slot; whether there was anything to delete."""

    def slots(self) -> list[Slot]:
        """Every slot that something is kept under, as far as the place can be searched.

        Raises:
            TierUnavailable: it cannot be asked now.
        """
        ...

    def explain(self, error: Exception) -> TierUnavailable:
        """Say in words what an exception of the methods above means. Repeats none of its text."""
        ...
