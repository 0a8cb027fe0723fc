"""Context of one command: options, account, store of runs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from neptun_tui.cli.args import Options
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import InputError, NotSignedIn, SessionExpired, UnclearAccount
from neptun_tui.services.auth import SignedIn
from neptun_tui.services.context import AppContext
from neptun_tui.services.ports import Call

if TYPE_CHECKING:
    from neptun_tui.services.account_session import AccountSession
    from neptun_tui.services.run_store import RunStore

T = TypeVar("T")

_NAMED = 6
"""Accounts that an error message names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Context:
    """Context of one command.

    Attributes:
        app_context: services and options.
        options: the parsed arguments.
    """

    app_context: AppContext
    options: Options

    @property
    def records(self) -> RunStore:
        """Journal and backups, which every command has."""
        if self.app_context.records is None:
            raise RuntimeError("the command line keeps records")
        return self.app_context.records

    def aimed_at(self, host: str, email: str) -> Context:
        """Return the same context for the account that the input names.

        Raises:
            InputError: the options name another one.
        """
        app_context = self.app_context
        other = "" if app_context.any_host or app_context.host == host else app_context.host
        if other or app_context.email not in ("", email):
            other = other or app_context.email
            raise InputError(f"That is for {email} on {host}, not for {other}. Nothing was sent.")
        return Context(replace(app_context, host=host, email=email, any_host=False), self.options)

    def command_line(self, command: str) -> str:
        """Return a command to type, with the --host and --account given to this one."""
        named = (("--host", self.options.host), ("--account", self.options.account))
        words = [f"{name} {shlex.quote(value)}" for name, value in named if value]
        return " ".join(("neptun-tui", command, *words))

    async def signed_in(self) -> SignedIn:
        """Return the session of the selected account; in the demo a new one.

        By precedence: ``--host`` and ``--account``, the environment, the settings, the only stored
        one, the default. Commands that change data need a default chosen by a person.

        Raises:
            NotSignedIn: no session is stored for the selected server and account.
            UnclearAccount: several are stored, and nothing decides between them.
            ServiceError: the demo rejected the sign-in.
        """
        app_context = self.app_context
        if app_context.demo and app_context.password:
            return await app_context.sign_in.with_password(
                app_context.host, app_context.email, app_context.password
            )
        host = None if app_context.any_host else app_context.host
        try:
            found = await app_context.sign_in.resume(
                host, app_context.email or None, strict=self.options.changes
            )
        except UnclearAccount as error:
            raise type(error)(self._about_choices(error), error.choices) from None
        if found is None:
            who = f"{app_context.email} is not signed in" if app_context.email else "Not signed in"
            where = "" if app_context.any_host else f" to {app_context.host}"
            why = " ".join(app_context.sign_in.problems)
            hint = f"Sign in with: {self.command_line('login')}"
            raise NotSignedIn(f"{who}{where}. {why}".rstrip() + f" {hint}")
        return found

    def _about_choices(self, error: UnclearAccount) -> str:
        """Describe the accounts to choose from, and the options that choose."""
        names = [name_of(account) for account in error.choices]
        there = safe_text.shortened(names[:_NAMED], len(names), 400)
        return (
            f"{error} There {'is' if len(names) == 1 else 'are'}: {there}."
            " Name one with --host and --account, or choose a default: neptun-tui switch"
        )

    async def ask(self, session: Session, call: Call[T]) -> T:
        """Send one request to Neptun.

        An expired session is removed, and ends the command: a script is not prompted.

        Raises:
            SessionExpired: the server no longer accepts the session.
            ServiceError: the request failed.
        """
        host = session.account.host
        try:
            return await self.app_context.link.call(host, lambda neptun: call(neptun, session))
        except SessionExpired:
            await self.app_context.sign_in.forget(session)
            raise

    async def account_session(self) -> AccountSession:
        """Return the account session of the signed-in account.

        An expired session is removed, and ends the command: a script is not prompted.

        Raises:
            NotSignedIn: no session is stored for the selected server and account.
        """
        from neptun_tui.services.account_session import (
            AccountSession,  # 30 ms, which lists do without
        )

        app_context = self.app_context
        return AccountSession(
            app_context.link,
            app_context.sign_in,
            await self.signed_in(),
            _never_ask,
            records=app_context.records,
            read_only=app_context.read_only,
            in_flight=app_context.in_flight,
            outage_seconds=app_context.outage_seconds,
            keep_context=app_context.keep_context or getattr(self.options, "keep_context", False),
        )


def name_of(account: Account) -> str:
    """Return an account and its server; Neptun's number where the e-mail is not known."""
    return f"{account.email or f'user {account.user_id}'} on {account.host}"


async def _never_ask(_account: Account) -> None:
    return None
