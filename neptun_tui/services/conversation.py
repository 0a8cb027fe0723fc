"""One signed-in account talking to its server; a session that ends is renewed in place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.deletion import DeletionPlan, Report
from neptun_tui.domain.errors import ReadOnly, RunUnderWay, SessionExpired
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.link import Link
from neptun_tui.services.ports import Neptun
from neptun_tui.services.sign_in import SignedIn, SignIn

T = TypeVar("T")
Question = Callable[[Neptun, Session], Coroutine[Any, Any, T]]
"""What is asked: ``lambda neptun, session: neptun.projects(session)``."""

Renew = Callable[[Account], Awaitable[SignedIn | None]]
"""Asks a person to sign in again; None when they would not."""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run and the report it will give. Screens only look at it: closing one ends no run."""

    run: DeletionRun
    report: Future[Report]

    @property
    def plan(self) -> DeletionPlan:
        """What it was told to delete."""
        return self.run.plan

    async def finished(self) -> Report:
        """Wait for the report. Giving up the wait ends nothing."""
        return await asyncio.shield(asyncio.wrap_future(self.report))


class Conversation:
    """Asks Neptun in the name of one account, and starts its runs."""

    def __init__(
        self,
        link: Link,
        sign_in: SignIn,
        signed_in: SignedIn,
        renew: Renew,
        *,
        read_only: bool = False,
        in_flight: int = 6,
    ) -> None:
        self.signed_in = signed_in
        self.read_only = read_only
        self.active: ActiveRun | None = None
        self._link = link
        self._sign_in = sign_in
        self._renew = renew
        self._in_flight = in_flight
        self._renewal: asyncio.Future[bool] | None = None

    @property
    def account(self) -> Account:
        """Who asks."""
        return self.signed_in.session.account

    async def ask(self, question: Question[T]) -> T:
        """Ask Neptun; when the session has ended, have it renewed and ask once more.

        Raises:
            SessionExpired: nobody signed in again.
            ServiceError: Neptun did not give what was asked for.
        """
        session = self.signed_in.session
        try:
            return await self._put(question, session)
        except SessionExpired:
            await self.renew(session)
        return await self._put(question, self.signed_in.session)

    async def _put(self, question: Question[T], session: Session) -> T:
        return await self._link.call(session.account.host, lambda neptun: question(neptun, session))

    async def renew(self, ended: Session) -> None:
        """Forget a session that has ended, and have a person sign in again as the same account.

        Args:
            ended: the session that the server turned away. Whoever asks while somebody is signing
                in, or after, shares the outcome: nobody is asked twice.

        Raises:
            SessionExpired: nobody signed in again.
        """
        if self.signed_in.session is not ended:
            return
        if self._renewal is None:
            self._renewal = asyncio.ensure_future(self._renew_once(ended))
            self._renewal.add_done_callback(lambda _: setattr(self, "_renewal", None))
        if not await asyncio.shield(self._renewal):
            raise SessionExpired("Your session has ended. Sign in again to go on.")

    async def _renew_once(self, ended: Session) -> bool:
        await self._sign_in.forget(ended)
        renewed = await self._renew(ended.account)
        if renewed is not None:
            self.signed_in = renewed
        return renewed is not None

    def start(self, plan: DeletionPlan) -> ActiveRun:
        """Start deleting exactly what a confirmed plan names. The one gate for every deletion.

        Raises:
            ReadOnly: nothing may be deleted in this start of the program.
            RunUnderWay: another run has not ended; it could no longer be stopped.
        """
        if self.busy:
            raise RunUnderWay("Another deletion is under way.")
        if self.read_only:
            raise ReadOnly("Read-only: nothing can be deleted.")
        session = self.signed_in.session
        run = DeletionRun(session, plan, in_flight=self._in_flight)
        self.active = ActiveRun(run, self._link.start(session.account.host, run.run))
        return self.active

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self.active is not None and not self.active.report.done()

    def stop(self) -> None:
        """Have the run under way, if there is one, send no more."""
        if self.active:
            self.active.run.stop()

    async def sign_out(self) -> tuple[str, ...]:
        """Forget the session on this machine, and tell the server.

        Returns:
            A sentence for each place that could not be asked.
        """
        return await self._sign_in.sign_out(self.signed_in.session)
