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
    """Session and its backend."""

    session: Session
    keeping: StorageInfo


class SignIn:
    """Use cases of signing in and out.

    Args:
        link: thread of the requests.
        open_store: opens the session store at its first use; the first frame does not import it.
    """

    def __init__(self, link: ClientThread, open_store: Callable[[], SessionStore]) -> None:
        self._link = link
        self._open_store = open_store

    @cached_property
    def _session_store(self) -> SessionStore:
        return self._open_store()

    async def keeping(self) -> StorageInfo:
        """Return the backend that would store a session, to show it before the sign-in.

        Its ``lines`` are the choice, its reason and a hint for a better backend.
        """
        return await self._session_store.choose_backend()

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
            email: the account's e-mail; the server distinguishes case.
            password: as typed. The server's rules for new passwords are not checked here.
            only: the required account, for a renewed sign-in.
            default: whether the account may become the default if there is none.

        Raises:
            WrongAccount: it is not ``only``; the new session was not stored.
            ServiceError: Neptun rejected the sign-in, or did not respond.
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
            only: the required account, for a renewed sign-in.
            email: the required e-mail, or empty; compared with case, as Neptun does.
            default: whether the account may become the default if there is none.

        Raises:
            InvalidCookie: the text contains no session cookie; nothing was sent.
            WrongAccount: it is another account; the new session was not stored.
            ServiceError: the session is not valid, or the server did not respond.
        """
        cookie = parse_cookie(pasted.reveal())
        session = await self._link.call(host, lambda neptun: neptun.session_from_cookie(cookie))
        if email and session.account.email != email:
            raise WrongAccount(f"That is the session of another account than {email}.")
        return await self._keep(session, only, default)

    async def _keep(self, session: Session, only: Account | None, default: bool) -> SignedIn:
        if only and not session.account.is_same(only):
            raise WrongAccount("That is another account. Sign in as the one that was open.")
        return SignedIn(session, await self._session_store.save(session, default=default))

    async def resume(
        self, host: str | None, email: str | None = None, *, strict: bool = False
    ) -> SignedIn | None:
        """Find the stored session for a host and an e-mail, without a request.

        Args:
            host: the server; None for any.
            email: the account's e-mail; None for any.
            strict: the session will change something, so a default counts only if the user has
                chosen it.

        Raises:
            UnclearAccount: several accounts match, and none is the default.
            SimilarAccount: the e-mail differs from a stored one only in capitals or blanks.
        """
        found = await self._session_store.find(host, email, strict=strict)
        return SignedIn(found.session, found.keeping) if found else None

    async def resume_any(self, host: str | None, email: str | None = None) -> SignedIn | None:
        """Find a stored session as :meth:`resume` does, but take the newest of several.

        This is for the app, which shows the account.

        Raises:
            SimilarAccount: the e-mail differs from a stored one only in capitals or blanks.
        """
        try:
            return await self.resume(host, email)
        except UnclearAccount as error:
            return await self.open(error.choices[0])

    async def accounts(self) -> list[KnownAccount]:
        """Return the accounts with a stored session, newest first."""
        return await self._session_store.list_accounts()

    async def open(self, account: Account) -> SignedIn | None:
        """Open the stored session of an account, without a request; None if unavailable."""
        found = await self._session_store.open(account)
        return SignedIn(found.session, found.keeping) if found else None

    async def default(self) -> tuple[Account, bool] | None:
        """Return the default account of commands, and whether the user has chosen it."""
        return await self._session_store.default()

    async def choose(self, account: Account) -> bool:
        """Make an account the default of later commands; return True if it was written."""
        return await self._session_store.choose(account)

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences about failures during the last call."""
        return self._session_store.problems

    async def forget(self, session: Session) -> tuple[str, ...]:
        """Delete a session from every backend.

        Returns:
            One sentence for each unavailable backend.
        """
        return await self._session_store.delete(session.account)

    async def forget_all(self) -> tuple[int, tuple[str, ...]]:
        """Delete all sessions of all accounts and servers.

        Returns:
            Their number, and one sentence for each unavailable backend.
        """
        return await self._session_store.delete_all()

    async def unlisted(self) -> list[Account]:
        """Return the accounts with a session that is not in the index and cannot be opened."""
        return await self._session_store.unlisted()

    async def forget_account(self, account: Account) -> tuple[str, ...]:
        """Delete the session of an account from every backend.

        Returns:
            One sentence for each unavailable backend.
        """
        return await self._session_store.delete(account)

    async def sign_out(self, session: Session) -> tuple[str, ...]:
        """Delete the session from this machine, and sign out at the server.

        The server revokes nothing (contract §3), so its response is not awaited.

        Returns:
            One sentence for each unavailable backend.
        """
        notes = await self.forget(session)
        self._link.start(session.account.host, lambda neptun: _say_goodbye(neptun, session))
        return notes


async def _say_goodbye(neptun: Neptun, session: Session) -> None:
    with contextlib.suppress(ServiceError):
        await neptun.sign_out(session)
