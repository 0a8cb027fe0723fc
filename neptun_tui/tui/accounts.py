"""Account flow: sign in, out, again, and switch to another account."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from textual.app import App

from neptun_tui import services
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import SimilarAccount
from neptun_tui.services.context import AppContext
from neptun_tui.tui import screens
from neptun_tui.tui.style_rules import load_browsing_rules

if TYPE_CHECKING:
    from neptun_tui.services.auth import SignedIn
    from neptun_tui.tui.screens.browser import BrowserScreen
    from neptun_tui.tui.screens.login import LoginScreen

SIGNED_OUT = "You are signed out."
FORGOTTEN = "This machine has forgotten the session."
UNDER_WAY = "A deletion or a restore is under way. Stop it first."
GONE = "Its session is no longer kept."
DEFAULT_STAYS = 'Later starts open the default account. "Switch account", then d, changes it.'
STILL_GOOD = "Neptun itself ends no session, so a copy of the cookie kept elsewhere still works."
ENDED = "Your session has ended. Sign in again, and go on where you were."

_LOOK_SECONDS = 0.3
"""Seconds that the first screen waits for a stored session, before it is the sign-in form."""


class AccountManager:
    """Opens one account after another until the app exits; one at a time.

    Args:
        app: shows the screens.
        app_context: services and options.
    """

    def __init__(self, app: App[None], app_context: AppContext) -> None:
        self.account_session: services.AccountSession | None = None
        """Session of the account opened last."""
        self._app = app
        self._app_context = app_context
        self._read_only = app_context.read_only

    async def run(self) -> None:
        """Sign in and show the browser, in a loop over the accounts."""
        startup = self._app_context.startup
        ended: SignedIn | str = await self._resumed() or ""
        if not ended:
            self._app.call_after_refresh(self.load_rest)  # while the form is shown
        while True:
            signed_in = ended if not isinstance(ended, str) else await self._first(ended)
            await asyncio.to_thread(load_browser)
            load_browsing_rules(self._app)
            self.account_session = services.AccountSession(
                self._app_context.link,
                self._app_context.sign_in,
                signed_in,
                self._again,
                records=self._app_context.records,
                read_only=self._read_only,
                in_flight=self._app_context.in_flight,
                outage_seconds=self._app_context.outage_seconds,
                keep_context=self._app_context.keep_context,
                startup=startup if startup and startup.found is signed_in else None,
            )
            startup = None  # its list is used once
            ended = await self._app.push_screen_wait(
                screens.BrowserScreen(self.account_session, demo=self._app_context.demo)
            )

    def load_rest(self) -> None:
        """Load the remaining modules on a thread."""
        self._app.run_worker(load_rest, thread=True)

    async def _resumed(self) -> SignedIn | None:
        """Return the stored session if it is found at once; then no form is shown."""
        if (startup := self._app_context.startup) is None:
            return None
        finding = asyncio.wrap_future(startup.session)
        try:
            return await asyncio.wait_for(asyncio.shield(finding), _LOOK_SECONDS)
        except (TimeoutError, SimilarAccount):
            return None  # the form says why

    async def _first(self, why: str) -> SignedIn:
        """Show the sign-in until it succeeds; only a second sign-in can be cancelled."""
        while True:
            screen = screens.LoginScreen(
                self._app_context, resume=not why, why=why, read_only=self._read_only
            )
            if (signed_in := await self._app.push_screen_wait(screen)) is not None:
                return signed_in

    async def _again(self, account: Account) -> SignedIn | None:
        """Ask for a new session in the middle of an operation, which then continues."""
        screen = screens.LoginScreen(
            self._app_context, again=account, why=ENDED, read_only=self._read_only
        )
        return await self._app.push_screen_wait(screen)

    def forbid(self) -> None:
        """Switch to read-only, for this account and all others."""
        self._read_only = True
        if form := self._form:
            form.show_mode(read_only=True)
        if self.account_session is None:
            self._app.notify("Read-only from here on.", markup=False)
            return
        self.account_session.forbid()
        if browser := self._browser:
            browser.show_mode()

    @property
    def working(self) -> bool:
        """Tell whether a job is running."""
        return self.account_session is not None and self.account_session.working

    @property
    def jobs(self) -> tuple[object, ...]:
        """Running jobs, distinguishable from earlier ones."""
        return self.account_session.jobs if self.account_session else ()

    def stop(self) -> None:
        """Stop the running jobs after the requests in progress."""
        if self.account_session:
            self.account_session.stop()

    @property
    def _browser(self) -> BrowserScreen | None:
        stack = self._app.screen_stack
        return next((s for s in stack if isinstance(s, screens.BrowserScreen)), None)

    @property
    def _form(self) -> LoginScreen | None:
        return next((s for s in self._app.screen_stack if isinstance(s, screens.LoginScreen)), None)

    def _must_stay(self) -> bool:
        """Tell whether the open account cannot be left now, and notify the user why."""
        account_session = self.account_session if self._browser else None
        if account_session and account_session.working:
            self._app.notify(UNDER_WAY, markup=False)
        return account_session is not None and (account_session.working or account_session.closed)

    def _leave(self, browser: BrowserScreen, ended: SignedIn | str) -> None:
        """Close all screens of the open account."""
        while self._app.screen is not browser:
            self._app.pop_screen()
        browser.dismiss(ended)

    async def sign_out(self) -> bool:
        """Remove the session and return to the sign-in; return whether that was done."""
        browser = self._browser
        if browser is None or self.account_session is None:
            self._app.notify("Not signed in.", markup=False)
            return False
        if self._must_stay():
            return False
        self.account_session.close()
        notes = await self.account_session.sign_out()
        self._leave(browser, " ".join((SIGNED_OUT, *(notes or (FORGOTTEN,)), STILL_GOOD)))
        return True

    async def switch(self) -> None:
        """Choose among the accounts signed in on this machine."""
        if self._choosing or self._must_stay():
            return
        here = self.account_session.account if self.account_session and self._browser else None
        known = await self._app.push_screen_wait(
            screens.AccountsScreen(self._app_context.sign_in, here)
        )
        if known is None:
            return
        if (signed_in := await self._app_context.sign_in.open(known.account)) is not None:
            self._go_on_as(signed_in)
        else:
            why = " ".join(self._app_context.sign_in.problems) or GONE
            await self._ask_for(known.account, why)

    async def add(self) -> None:
        """Sign in to another account; the open one stays signed in."""
        if not (self._choosing or self._must_stay()):
            await self._ask_for(Account(self._app_context.host, 0, ""), "")

    @property
    def _choosing(self) -> bool:
        """Tell whether another account is being chosen already."""
        return any(
            isinstance(screen, screens.AccountsScreen)
            or (isinstance(screen, screens.LoginScreen) and screen.is_for_another)
            for screen in self._app.screen_stack
        )

    async def _ask_for(self, account: Account, why: str) -> None:
        """Show the sign-in for another account; before the first one, reuse its form."""
        if self._browser is None:
            if form := self._form:
                form.fill_in(account, why)
            return
        screen = screens.LoginScreen(
            self._app_context, another=account, why=why, read_only=self._read_only
        )
        if (signed_in := await self._app.push_screen_wait(screen)) is not None:
            self._go_on_as(signed_in)
            default = await self._app_context.sign_in.default()
            if default and not default[0].is_same(signed_in.session.account):
                self._app.notify(DEFAULT_STAYS, markup=False, timeout=15)

    def _go_on_as(self, signed_in: SignedIn) -> None:
        """Open another account instead of the open one; both stay signed in."""
        if (browser := self._browser) is None:
            if form := self._form:
                form.answer(signed_in)
        elif self.account_session and not self._must_stay():
            self.account_session.close()
            self._leave(browser, signed_in)


def load_browser() -> tuple[object, ...]:
    """Load the modules of the first project row."""
    return services.AccountSession, screens.BrowserScreen


def load_rest() -> None:
    """Load the modules that neither the sign-in form nor the first project row needs."""
    load_browser()
    _ = screens.ResourcesPane, screens.HistoryScreen
    gc.enable()  # nothing to collect before; see __main__
