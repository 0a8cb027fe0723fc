"""Program without its screens: an account session with records, behind a faulty proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from neptun_tui.api.client import NeptunClient
from neptun_tui.api.http import Timeouts
from neptun_tui.domain.account import Account, Secret
from neptun_tui.domain.errors import OutcomeUnknown, Unreachable
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, make_plan
from neptun_tui.domain.resources import Project
from neptun_tui.domain.results import Report
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn, SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.delete import RunningDelete
from neptun_tui.services.loading import load_listing
from neptun_tui.services.moved_items import load_for_plan
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.session_store import memory_session_store

from .proxy import Proxy
from .server import FaultServer

T = TypeVar("T")

TIMEOUTS = Timeouts(connect=2, write=2, read=0.3, pool=5, total=0.75)
LATER = "may still be carried out"
"""Text of a reason for a request whose result the listing cannot show."""
NO_LIST = "listing could not be had"
"""Text of a reason without a listing."""


class Harness:
    """Signed in as the first account of the server; drives coroutines from synchronous code."""

    def __init__(self, server: FaultServer, line: Proxy, folder: Path, in_flight: int = 6) -> None:
        self.server, self.line = server, line
        self.state, self.copies = folder / "state", folder / "backups"
        self.in_flight = in_flight
        self.willing = True
        """True if the user signs in again on request."""
        self.clock = timedelta()
        """Offset of the clock from this machine's."""
        self._loop = asyncio.new_event_loop()
        self._link = ClientThread(lambda host: NeptunClient(host, timeouts=TIMEOUTS))
        self._session_store = memory_session_store()
        self._sign_in = SignIn(self._link, lambda: self._session_store)
        self.start_program()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end here."""
        return self._loop.run_until_complete(work)

    def start_program(self) -> None:
        """Start with new records on the old folders, signed in."""
        self.records = RunStore(self.state, self.copies)
        signed_in = self.do(self._enter())
        self.account_session = AccountSession(
            self._link,
            self._sign_in,
            signed_in,
            self._renew,
            records=self.records,
            in_flight=self.in_flight,
            now=lambda: datetime.now(UTC) + self.clock,
        )

    async def _enter(self) -> SignedIn:
        for _ in range(100):  # a machine under load may take longer than the short time-outs
            with suppress(OutcomeUnknown, Unreachable):
                cookie = Secret(self.server.cookie())
                return await self._sign_in.with_cookie(self.line.origin, cookie)
        raise AssertionError("signing in fails over a good line")

    async def _renew(self, _: Account) -> SignedIn | None:
        return await self._enter() if self.willing else None

    def listing(self, project: int = 1, chosen: Collection[ResourceRef] = ()) -> Listing:
        """List a project now, and the files of others below chosen imports."""
        wanted = Project(project, f"Project {project}")
        if chosen:
            return self.do(
                self.account_session.ask(lambda n, s: load_for_plan(n, s, wanted, chosen))
            )
        return self.do(self.account_session.ask(lambda n, s: load_listing(n, s, wanted)))

    def listing_of_all(self, project: int = 1, chosen: Collection[ResourceRef] = ()) -> Listing:
        """A listing of which nothing is missing: the line is good.

        Connections that have been reset a while ago may still be in the pool, and fail once; and a
        machine under load may take longer than the short time-outs.
        """
        failures: list[object] = []
        for _ in range(100):
            try:
                listing = self.listing(project, chosen)
            except (OutcomeUnknown, Unreachable) as error:
                failures.append(error)
            else:
                unsearched = listing.elsewhere.unsearched if listing.elsewhere else 0
                if listing.problem is None and not unsearched:
                    return listing
                failures.append(listing.problem or f"{unsearched} projects not searched")
        raise AssertionError(f"no listing over a good line: {failures}")

    def plan(self, listing: Listing, chosen: Collection[ResourceRef]) -> DeletionPlan:
        """A plan as the dialog makes it."""
        account = self.account_session.account
        return make_plan(
            account,
            listing.project,
            listing.imports,
            listing.files,
            chosen,
            elsewhere=listing.elsewhere,
        )

    def begin(self, plan: DeletionPlan, listing: Listing, *, copy: bool = True) -> RunningDelete:
        """Keep the copy and start."""
        kept = self.do(self.account_session.keep(plan, listing, copy))
        return self.account_session.start(plan, kept)

    def delete(self, *chosen: ResourceRef, project: int = 1) -> Report:
        """Plan, keep, run and wait."""
        listing = self.listing_of_all(project)
        return self.finish(self.begin(self.plan(listing, chosen), listing))

    def finish(self, active: RunningDelete) -> Report:
        """Wait for the report."""
        return active.report.result(300)

    def close(self) -> None:
        """End it."""
        self._link.close(seconds=30)
        self._session_store.close()
        self._loop.close()
