"""Base of screens with the header: account, host, mode, and the running job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.timer import Timer

from neptun_tui.services.account_session import AccountSession
from neptun_tui.tui.screen import REDRAW_SECONDS, ResponsiveScreen
from neptun_tui.tui.widgets.bars import KeyBar, StatusBar
from neptun_tui.tui.widgets.header import Pieces

T = TypeVar("T")


class HeaderScreen(ResponsiveScreen[T]):
    """Screen with an up-to-date header; a key stops the job that it shows.

    It has a :class:`StatusBar` ``#title`` and a :class:`KeyBar` ``#keys``.

    Args:
        account_session: the account.
        heading: returns the header's content.
    """

    def __init__(self, account_session: AccountSession, heading: Callable[[], Pieces]) -> None:
        super().__init__()
        self._account_session = account_session
        self._heading = heading
        self._job_timer: Timer | None = None

    def on_mount(self) -> None:
        """Show the header with the first frame."""
        self.query_one("#title", StatusBar).set(*self._heading())

    def on_screen_resume(self) -> None:
        """Update the header: a sign-in may have changed the backend, or a job is hidden now."""
        self.show_mode()
        if self._account_session.working and self._job_timer is None:
            self._job_timer = self.set_interval(REDRAW_SECONDS, self._show_job)

    def _show_job(self) -> None:
        """Show the progress of the running job."""
        if not self._account_session.working and self._job_timer:
            self._job_timer.stop()
            self._job_timer = None
        self.show_mode()
        self.query_one("#keys", KeyBar).refresh()

    def show_mode(self) -> None:
        """Show the account, the host, and what is disabled."""
        self.query_one("#title", StatusBar).set(*self._heading())
        self.query_one("#keys", KeyBar).put_out_of_use(self._account_session.read_only)

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable "stop" while a job is running."""
        return action != "stop" or self._account_session.working

    def action_stop(self) -> None:
        """Stop the job that the header shows."""
        self._account_session.stop()
        self._show_job()
