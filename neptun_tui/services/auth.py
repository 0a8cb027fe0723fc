"""Sign-in, sign-out, and resuming the last session."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from neptun_tui.domain.account import Account, Secret, Session, parse_cookie
from neptun_tui.domain.errors import ServiceError, UnclearAccount, WrongAccount

if TYPE_CHECKING:
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.ports import Neptun
    from neptun_tui.storage.session_backends import KnownAccount, StorageInfo
    from neptun_tui.storage.session_store import SessionStore


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and where it is kept."""

    session: Session
    keeping: StorageInfo


class SignIn:
    """The ways in and the way out.

    Args:
        link: reaches Neptun.
        open_vault: gives the vault, when it is first needed: the first frame does without its code.
    """

    def __init__(self, link: ClientThread, open_vault: Callable[[], SessionStore]) -> None:
        self._link = link
        self._open_vault = open_vault

    @cached_property
    def _vault(self) -> SessionStore:
        return self._open_vault()

    async def keeping(self) -> StorageInfo:
        """Where a session would be kept, asked before anybody signs in.

        Its ``lines`` say the choice, its reason and the way to a better place, a line each.
        """
        return await self._vault.survey()

    async def with_password(
        self,
        host: str,
        email: str,
        password: Secret,
        only: Account | None = None,
        *,
        default: bool = True,
    ) -> SignedIn:
        """Sign in with a password and keep the session.

        Args:
            host: the server's origin.
            email: as the account has it: the server tells cases apart.
            password: as typed. The server's rules for new passwords are not checked here.
            only: the account that must go on, when this is a second sign-in.
            default: whether it may become the default where there is none yet.

        Raises:
            WrongAccount: it is not ``only``; the new session was not kept.
            ServiceError: Neptun did not let the account in, or did not answer.
        """
        session = await self._link.call(host, lambda neptun: neptun.sign_in(email, password))
        return await self._keep(session, only, default)

    async def with_cookie(
        self,
        host: str,
        pasted: Secret,
        only: Account | None = None,
        email: str = "",
        *,
        default: bool = True,
    ) -> SignedIn:
        """Sign in with a pasted session cookie and keep the session.

        Args:
            host: the server's origin.
            pasted: the cookie, as :func:`~neptun_tui.domain.account.parse_cookie` takes it.
            only: the account that must go on, when this is a second sign-in.
            email: whose it has to be, when somebody was named; capitals count, as for Neptun.
            default: whether it may become the default where there is none yet.

        Raises:
            InvalidCookie: the text holds no session cookie; nothing was sent.
            WrongAccount: it is another one's; the new session was not kept.
            ServiceError: the server does not know this session, or did not answer.
        """
        cookie = parse_cookie(pasted.reveal())
        session = await self._link.call(host, lambda neptun: neptun.session_from_cookie(cookie))
        if email and session.account.email != email:
            raise WrongAccount(f"That is the session of another account than {email}.")
        return await self._keep(session, only, default)

    async def _keep(self, session: Session, only: Account | None, default: bool) -> SignedIn:
        if only and not session.account.is_same(only):
            raise WrongAccount("That is another account. Sign in as the one that was open.")
        return SignedIn(session, await self._vault.save(session, default=default))

    async def resume(
        self, host: str | None, email: str | None = None, *, strict: bool = False
    ) -> SignedIn | None:
        """Find the session that is meant, on this machine; the server is not asked.

        Args:
            host: where; None for any server.
            email: whose; None for anybody.
            strict: it is to change something, so that a default counts only when it was chosen.

        Raises:
            UnclearAccount: several fit, and nothing decides between them.
            SimilarAccount: the e-mail differs from a kept one in capitals or blanks only.
        """
        found = await self._vault.find(host, email, strict=strict)
        return SignedIn(found.session, found.keeping) if found else None

    async def resume_any(self, host: str | None, email: str | None = None) -> SignedIn | None:
        """Like :meth:`resume`, but the newest of several: for a person who sees whose it is.

        Raises:
            SimilarAccount: the e-mail differs from a kept one in capitals or blanks only.
        """
        try:
            return await self.resume(host, email)
        except UnclearAccount as error:
            return await self.open(error.choices[0])

    async def accounts(self) -> list[KnownAccount]:
        """The accounts whose sessions this machine keeps, the newest session first."""
        return await self._vault.introduce()

    async def open(self, account: Account) -> SignedIn | None:
        """The kept session of such an account; None when it cannot be had. Asks no server."""
        found = await self._vault.reopen(account)
        return SignedIn(found.session, found.keeping) if found else None

    async def default(self) -> tuple[Account, bool] | None:
        """The account that commands use when none is named, and whether a person has chosen it."""
        return await self._vault.default()

    async def choose(self, account: Account) -> bool:
        """Make an account the default of later commands; whether that could be written down."""
        return await self._vault.choose(account)

    @property
    def troubles(self) -> tuple[str, ...]:
        """Sentences about what could not be looked into by the last call."""
        return self._vault.troubles

    async def forget(self, session: Session) -> tuple[str, ...]:
        """Remove a session from every place on this machine.

        Returns:
            A sentence for each place that could not be asked.
        """
        return await self._vault.forget(session.account)

    async def forget_all(self) -> tuple[int, tuple[str, ...]]:
        """Remove every session this machine keeps, of every account and server.

        Returns:
            How many there were, and a sentence for each place that could not be asked.
        """
        return await self._vault.forget_all()

    async def unlisted(self) -> list[Account]:
        """The accounts with a session on this machine that no list names, so that none opens it."""
        return await self._vault.unlisted()

    async def forget_account(self, account: Account) -> tuple[str, ...]:
        """Remove the session of an account from every place on this machine.

        Returns:
            A sentence for each place that could not be asked.
        """
        return await self._vault.forget(account)

    async def sign_out(self, session: Session) -> tuple[str, ...]:
        """Forget the session here, and tell the server.

        The server revokes nothing (contract §3): nobody waits for its answer.

        Returns:
            A sentence for each place that could not be asked.
        """
        notes = await self.forget(session)
        self._link.start(session.account.host, lambda neptun: _say_goodbye(neptun, session))
        return notes


async def _say_goodbye(neptun: Neptun, session: Session) -> None:
    with contextlib.suppress(ServiceError):
        await neptun.sign_out(session)
