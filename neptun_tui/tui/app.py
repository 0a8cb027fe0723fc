"""Textual app: wiring of screens, flows and services."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.filter import LineFilter
from textual.geometry import Size
from textual.screen import Screen
from textual.types import AnimationLevel
from textual.worker import WorkerFailed

from neptun_tui.services.context import AppContext
from neptun_tui.storage import process
from neptun_tui.storage.process import exhausted
from neptun_tui.tui import screens
from neptun_tui.tui.accounts import AccountManager
from neptun_tui.tui.bindings import KEYS, KeyContext, bindings, keys_of
from neptun_tui.tui.filters import MonochromeFilter, PrintableFilter, TranscodeFilter, speaks_utf8
from neptun_tui.tui.input_parser import PasteProblem
from neptun_tui.tui.key_queue import OrderedKeysApp, PasteLost
from neptun_tui.tui.key_settings import check_keys
from neptun_tui.tui.screens.palette import SteadyPalette
from neptun_tui.tui.screens.too_small import TooSmallScreen, is_too_small
from neptun_tui.tui.suspend import suspend_process_group
from neptun_tui.tui.theme import DEFAULTS, FULL, PLAIN, SIXTEEN, theme_for

if TYPE_CHECKING:
    from neptun_tui.tui.screens.projects_pane import ProjectsPane

_PASTE_SENTENCES = {
    PasteProblem.TOO_LONG: "The pasted text is too long. Nothing was inserted.",
    PasteProblem.UNENDED: "A pasted text has not ended. Keys wait for it; ctrl+c leaves it.",
    PasteProblem.LEFT: "The pasted text did not end. Nothing was inserted.",
}

_MOST_NOTICES = 5
"""Maximum number of invalid settings shown at start-up; more would cover a small screen."""


class NeptunApp(OrderedKeysApp):
    """Textual app of neptun-tui."""

    TITLE = "neptun-tui"
    CSS_PATH = "neptun.tcss"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.EVERYWHERE)

    def __init__(
        self, app_context: AppContext, *, crash_folder: Path, encoding: str = "utf-8"
    ) -> None:
        """Prepare the app.

        Args:
            app_context: services and options.
            crash_folder: folder for a crash report, created when needed.
            encoding: encoding of the terminal.
        """
        super().__init__()
        self._crash_folder = crash_folder
        self._own_filters: list[LineFilter] = [PrintableFilter()]
        if self.no_color:
            self._own_filters.append(MonochromeFilter())
        if not speaks_utf8(encoding):
            self._own_filters.append(TranscodeFilter(encoding))
        self.crash_report: Path | None = None
        self.gave_out = ""
        """Sentence about the resource that ran out, if that ended the app."""
        self._accounts = AccountManager(self, app_context)
        self._told_to_stop: tuple[object, ...] = ()
        self._said_of_pastes: set[PasteProblem] = set()
        self.animation_level: AnimationLevel = "none"
        self.register_theme(FULL)
        self.register_theme(SIXTEEN)
        self.register_theme(PLAIN)
        known = app_context.theme in self.available_themes
        chosen = app_context.theme if known else theme_for(self.console.color_system)
        self.theme = PLAIN.name if self.no_color else chosen
        self.chosen_keys, problems = check_keys(app_context.keys)
        if app_context.theme and not known:
            problems = (*problems, f"Settings: unknown theme {app_context.theme!r}.")
        self._notices = (*app_context.notices, *problems)
        self.set_keymap(self.chosen_keys)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, the safety filter, and those a plain terminal needs."""
        return [*super().get_line_filters(), *self._own_filters]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the app's own colours, for themes that do not define them."""
        return DEFAULTS

    def on_mount(self) -> None:
        """Start with the sign-in, and report invalid settings."""
        if self._notices:
            said = "\n".join(self._notices[:_MOST_NOTICES])
            if (left := len(self._notices) - _MOST_NOTICES) > 0:
                said += f"\n{left} more: neptun-tui doctor lists them all."
            self.notify(said, severity="warning", timeout=15, markup=False)
        if self._may_stand_still:
            asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._go_on)
        self.screen_change_signal.subscribe(self, lambda _: self._heed_size(self.size))
        self._run_accounts()

    def on_projects_pane_load_changed(self, event: ProjectsPane.LoadChanged) -> None:
        """Load the remaining modules once the first projects are shown."""
        if not event.loading:
            self.call_after_refresh(self._accounts.load_rest)

    @work
    async def _run_accounts(self) -> None:
        await self._accounts.run()

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that reads the terminal."""
        if os.name != "posix":
            from neptun_tui.tui.windows_fixes import ConsoleDriver

            return ConsoleDriver
        from neptun_tui.tui.textual_fixes import TerminalDriver

        return TerminalDriver

    def on_paste_lost(self, event: PasteLost) -> None:
        """Report why a paste was dropped."""
        problem = event.problem
        if problem in self._said_of_pastes:  # thousands of toasts would block the app
            return
        self._said_of_pastes.add(problem)
        self.set_timer(self.NOTIFICATION_TIMEOUT, lambda: self._said_of_pastes.discard(problem))
        self.notify(_PASTE_SENTENCES[problem], severity="warning", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Show one sentence instead of a broken layout below the smallest size."""
        self._heed_size(event.size)

    def _heed_size(self, size: Size) -> None:
        """Show or remove the too-small screen; also called when another screen is pushed."""
        shown = isinstance(self.screen, TooSmallScreen)
        if is_too_small(size) and not shown and len(self.screen_stack) > 1:
            self.push_screen(TooSmallScreen())
        elif shown and not is_too_small(size):
            self.pop_screen()

    def pop_screen(self) -> AwaitComplete:
        """Remove a screen, and cancel its workers first.

        Textual cancels them last, when the widgets are gone already: a response in between would
        find no widget to show it.
        """
        leaving = self.screen
        gone = super().pop_screen()
        for node in leaving.walk_children(with_self=True):
            self.workers.cancel_node(node)
        return gone

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the action of every key that works now, by name; list navigation is left out."""
        moving = {key.help for key in keys_of(KeyContext.LIST)}
        active = {each.binding.id: each for each in screen.active_bindings.values() if each.enabled}
        for name, each in active.items():
            binding = each.binding
            if name != "command_palette" and binding.tooltip and binding.tooltip not in moving:
                act = partial(self.run_action, binding.action, each.node)
                yield _command(binding.description, binding.tooltip, act)
        offered: dict[str, Callable[[], object]] = getattr(screen, "commands", dict)()
        for key in KEYS:
            if key.name in offered and key.name not in active:
                yield _command(key.label, key.help, offered[key.name])

    def action_command_palette(self) -> None:
        """Open the command palette."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(SteadyPalette())

    def action_help(self) -> None:
        """Show the help screen."""
        self.push_screen(screens.HelpScreen(self.chosen_keys))

    def action_read_only(self) -> None:
        """Switch to read-only until restart.

        A running job stops after the requests in progress; its report shows the results.
        """
        self._accounts.forbid()

    @work
    async def action_sign_out(self) -> None:
        """Remove the session and return to the sign-in."""
        if await self._accounts.sign_out():
            self.workers.cancel_group(self, "account")

    @work(group="account")
    async def action_switch_account(self) -> None:
        """Choose among the accounts signed in on this machine."""
        await self._accounts.switch()

    @work(group="account")
    async def action_another_account(self) -> None:
        """Sign in to another account; this one stays signed in."""
        await self._accounts.add()

    async def action_quit(self) -> None:
        """Quit; the first time, stop a running job instead, so that its report is seen."""
        if not self._stopped_first("Quit again to leave without its report."):
            self.exit()

    def action_interrupt(self) -> None:
        """Stop the running job; the second time, quit. Without a job, show which key quits."""
        if not self._accounts.jobs:
            self.action_help_quit()
        elif not self._stopped_first("ctrl+c again leaves without its report."):
            self.exit()

    def _stopped_first(self, then: str) -> bool:
        """Stop the running job and return True; False if there is none or it was stopped before."""
        jobs = self._accounts.jobs
        if not jobs or any(job in self._told_to_stop for job in jobs):
            return False
        self._told_to_stop = jobs
        self._accounts.stop()
        self.notify(f"Stopping what is under way first. {then}", markup=False)
        return True

    def action_suspend_process(self) -> None:
        """Suspend the app until ``fg``. Not while a job is running, which would stand still.

        Input guards restart afterwards: keys typed meanwhile may be meant for the shell.
        """
        if self._accounts.working:
            said = "A deletion or a restore is under way, and would stand still. Stop it first."
            self.notify(said, markup=False)
        elif self._may_stand_still:
            with self.suspend():
                suspend_process_group()
            self.screen.post_message(events.ScreenResume())

    @property
    def _may_stand_still(self) -> bool:
        return self._driver is not None and self._driver.can_suspend and os.name == "posix"

    def _go_on(self) -> None:
        """Take over the terminal again after a SIGSTOP from outside.

        Textual alone starts a second input thread beside the first: it then reads keys twice,
        never ends, and leaves the TTY raw. And systemd continues every process it ends.
        """
        if not self._exit:
            with self.suspend():
                pass
            self.screen.post_message(events.ScreenResume())

    @property
    def is_deleting(self) -> bool:
        """Tell whether a deletion is running, even just after the app has exited."""
        account_session = self._accounts.account_session
        return account_session is not None and account_session.busy

    def leave(self) -> None:
        """Exit at once even if a job is running; callable from any thread, for a lost terminal."""
        self.call_later(self.exit)

    def _handle_exception(self, error: Exception) -> None:
        """Crash without printing local variables: they hold passwords and sessions."""
        if not self.is_running and _came_too_late(error):
            return
        self._return_code = 1
        first: asyncio.Event = getattr(self, "_exception_event")  # noqa: B009 - typed as Never
        if first.is_set():
            return
        self._exception = error
        first.set()
        raised = error.error if isinstance(error, WorkerFailed) else error  # it says where
        self.gave_out = exhausted(raised)
        if not self.gave_out:
            self.crash_report = process.write_crash_report(raised, self._crash_folder)
        self.panic()


def _came_too_late(error: Exception) -> bool:
    """Tell whether a response arrived after its widgets were removed during exit."""
    return isinstance(error, WorkerFailed) and isinstance(error.error, NoMatches)


def _command(label: str, about: str, act: Callable[[], object]) -> SystemCommand:
    return SystemCommand(label[0].upper() + label[1:], about, act)
