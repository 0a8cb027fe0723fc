"""Context of one command: options, account, store of runs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from neptun_tui.cli import json_models
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
"""Accounts that a complaint names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Context:
    """One command on its way.

    Attributes:
        desk: the services.
        options: what was asked for.
    """

    desk: AppContext
    options: Options

    @property
    def records(self) -> RunStore:
        """The journal and the copies, which every start of the command line has."""
        if self.desk.records is None:
            raise RuntimeError("the command line keeps records")
        return self.desk.records

    def aimed_at(self, host: str, email: str) -> Context:
        """The same command for the account that its input names.

        Raises:
            InputError: something else was named as well.
        """
        desk = self.desk
        other = "" if desk.any_host or desk.host == host else desk.host
        if other or desk.email not in ("", email):
            other = other or desk.email
            raise InputError(f"That is for {email} on {host}, not for {other}. Nothing was sent.")
        return Context(replace(desk, host=host, email=email, any_host=False), self.options)

    def command_line(self, command: str) -> str:
        """A command to type, with the --host and --account that this one was given."""
        named = (("--host", self.options.host), ("--account", self.options.account))
        words = [f"{name} {shlex.quote(value)}" for name, value in named if value]
        return " ".join(("neptun-tui", command, *words))

    async def signed_in(self) -> SignedIn:
        """The session that is meant; in the demo a fresh one.

        Which one: ``--host`` and ``--account``, the environment, the settings, the only one that is
        kept, the default. What changes something needs a default that a person has chosen.

        Raises:
            NotSignedIn: this machine keeps none for the server and account that were asked for.
            UnclearAccount: it keeps several, and nothing decides between them.
            ServiceError: the demo would not let anybody in.
        """
        desk = self.desk
        if desk.demo and desk.password:
            return await desk.sign_in.with_password(desk.host, desk.email, desk.password)
        host = None if desk.any_host else desk.host
        try:
            found = await desk.sign_in.resume(host, desk.email or None, strict=self.options.changes)
        except UnclearAccount as error:
            raise type(error)(self._about_choices(error), error.choices) from None
        if found is None:
            who = f"{desk.email} is not signed in" if desk.email else "Nobody is signed in"
            where = "" if desk.any_host else f" to {desk.host}"
            why = " ".join(desk.sign_in.troubles)
            hint = f"Sign in with: {self.command_line('login')}"
            raise NotSignedIn(f"{who}{where}. {why}".rstrip() + f" {hint}")
        return found

    def _about_choices(self, error: UnclearAccount) -> str:
        """Say what there is to choose among, and how."""
        names = [json_models.name_of(account) for account in error.choices]
        there = safe_text.shortened(names[:_NAMED], len(names), 400)
        return (
            f"{error} There {'is' if len(names) == 1 else 'are'}: {there}."
            " Name one with --host and --account, or choose a default: neptun-tui switch"
        )

    async def ask(self, session: Session, call: Call[T]) -> T:
        """Ask Neptun one thing.

        A session that has ended is forgotten, and ends the command: scripts are asked nothing.

        Raises:
            SessionExpired: the server does not know the session any more.
            ServiceError: Neptun did not give what was asked for.
        """
        host = session.account.host
        try:
            return await self.desk.link.call(host, lambda neptun: call(neptun, session))
        except SessionExpired:
            await self.desk.sign_in.forget(session)
            raise

    async def conversation(self) -> AccountSession:
        """Talk to Neptun in the name of whoever is signed in.

        A session that has ended is forgotten, and ends the command: scripts are asked nothing.

        Raises:
            NotSignedIn: this machine keeps no session for what was asked for.
        """
        from neptun_tui.services.account_session import (
            AccountSession,  # 30 ms, which lists do without
        )

        desk = self.desk
        return AccountSession(
            desk.link,
            desk.sign_in,
            await self.signed_in(),
            _ask_nobody,
            records=desk.records,
            read_only=desk.read_only,
            in_flight=desk.in_flight,
            outage_seconds=desk.outage_seconds,
            keep_context=desk.keep_context or getattr(self.options, "keep_context", False),
        )


async def _ask_nobody(_account: Account) -> None:
    return None
