"""Start of the app."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from neptun_tui.cli.args import Options
from neptun_tui.cli.bootstrap import build_context
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.output import print_error, print_info
from neptun_tui.cli.terminal import has_screen, is_terminal
from neptun_tui.storage import paths, process
from neptun_tui.storage.process import tune_malloc

if TYPE_CHECKING:
    from neptun_tui.tui.terminal import SignalGuard

_LEAKING: Final = ("TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_DEBUG", "TEXTUAL_DEVTOOLS_HOST")
"""Variables that make Textual write every keystroke, passwords included, to a file or port."""

_COLOR_SYSTEMS: Final = ("auto", "standard", "256", "truecolor", "windows")


def browse(options: Options) -> int:
    """Run the app and return the exit code.

    Raises:
        InvalidHost: the server that was named is rejected.
    """
    if reason := unfit_terminal():
        print_error(reason)
        return ExitCode.USAGE
    for name in _LEAKING:
        os.environ.pop(name, None)
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]  # empty means unset (no-color.org), but not for Textual 8.2.8
    if os.environ.get("TEXTUAL_COLOR_SYSTEM", "auto") not in _COLOR_SYSTEMS:
        del os.environ["TEXTUAL_COLOR_SYSTEM"]
    _forget_exported_size()
    tune_malloc()
    with build_context(options) as app_context:
        from neptun_tui.services.daemon_executor import run as run_loop
        from neptun_tui.tui.app import NeptunApp

        app = NeptunApp(app_context, crash_folder=paths.state_dir(), encoding=sys.stderr.encoding)
        with _hangup(app.leave) as hangup:
            # Without mouse reports the terminal's own selection works; nothing needs the mouse.
            run_loop(lambda: app.run_async(mouse=False))
        interrupted = app.is_deleting and not options.demo
    if hangup:
        hangup.finish()
    if interrupted:
        print_info("A deletion was interrupted. To check its results: neptun-tui settle")
    if app.return_code == 0:
        return ExitCode.OK
    # Without a code the app ended unexpectedly.
    print_info(app.gave_out or process.crash_sentence(app.crash_report))
    return app.return_code or ExitCode.FAILED


def _forget_exported_size() -> None:
    """Remove COLUMNS and LINES, which Textual prefers to the terminal's size.

    They outlive a resize; a dialog laid out for them has its head above the visible screen. Where
    the terminal does not know its size, as on a serial line, they are kept.
    """
    if all(os.get_terminal_size(sys.stderr.fileno())):
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


def _hangup(leave: Callable[[], object]) -> AbstractContextManager[SignalGuard | None]:
    """Return the guard that ends the app on a signal or a closed terminal; POSIX only."""
    if os.name != "posix":
        return nullcontext()
    from neptun_tui.tui.terminal import SignalGuard

    return SignalGuard(leave)


def unfit_terminal() -> str:
    """Return why the app cannot be drawn here; empty when it can.

    Textual draws on standard error, spins on an input that is not a terminal, and shows nothing
    sensible on a dumb one, so all of that is checked before it is imported.
    """
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output"), (sys.stderr, "error")):
        if not is_terminal(stream):
            return f"the app needs a terminal, and standard {name} is none."
    if not has_screen():
        return "this terminal (TERM) cannot place text on a screen, so the app cannot run in it."
    return ""
