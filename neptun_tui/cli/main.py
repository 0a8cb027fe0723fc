"""Dispatch from arguments to a command, and from its result to an exit code."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from neptun_tui.cli.args import Options, parse
from neptun_tui.cli.bootstrap import build_context
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.output import (
    BrokenOutput,
    discard_output,
    flush,
    prepare_streams,
    print_error,
    print_info,
    require_output,
)
from neptun_tui.domain.errors import (
    InputError,
    NeptunTuiError,
    NotSignedIn,
    SessionExpired,
    SignInRefused,
    StorageError,
    Unreachable,
)
from neptun_tui.storage import locks, paths, process
from neptun_tui.storage.process import disable_core_dumps, exhausted

if TYPE_CHECKING:
    from neptun_tui.cli.context import Context

Command = Callable[["Context"], Awaitable[ExitCode]]


def run(argv: Sequence[str]) -> int:
    """Run the command that the arguments name.

    Args:
        argv: the arguments without the program's name.

    Returns:
        The exit code of the process.
    """
    prepare_streams()
    code: int = ExitCode.OK
    try:
        code = _guarded(argv)
        flush()
    except BrokenOutput as lost:
        discard_output(sys.stdout)
        if lost.reason:
            print_error(f"Standard output cannot be written to: {lost.reason}.")
        return lost.code or code or ExitCode.FAILED
    return code


def _guarded(argv: Sequence[str]) -> int:
    try:
        return _do(argv)
    except BrokenOutput:
        raise
    except SystemExit as ended:  # --help, --version or an error, which argparse has printed
        return int(ended.code or 0)
    except NeptunTuiError as error:
        print_error(str(error))
        return code_of(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost door: no traceback shows a secret
        if said := exhausted(error):
            print_error(said)
        else:
            print_info(process.crash_sentence(_report(error)))
        return ExitCode.FAILED


def _report(error: Exception) -> Path | None:
    try:
        return process.write_crash_report(error, paths.state_dir())
    except StorageError:  # nowhere to write it
        return None


def _do(argv: Sequence[str]) -> int:
    options = parse(argv)
    disable_core_dumps()
    if not options.command:
        from neptun_tui.cli.commands.tui import browse

        return browse(options)
    require_output()
    module, _, name = options.command.partition(":")
    command = getattr(import_module(f"neptun_tui.cli.commands.{module}"), name)
    return int(command(options) if options.offline else _wired(command, options))


def _wired(command: Command, options: Options) -> int:
    from neptun_tui.cli.context import Context
    from neptun_tui.services.daemon_executor import run as run_loop

    with build_context(options) as app_context:
        for notice in app_context.notices:
            print_error(notice)
        context = Context(app_context, options)
        try:
            return run_loop(lambda: command(context))  # type: ignore[arg-type,return-value]
        except SessionExpired as error:
            hint = f"Sign in with: {context.command_line('login')}"
            raise SessionExpired(f"{error} {hint}", status=error.status) from None
        finally:
            if not options.demo and options.command != "settle:settle":
                _tell_of_open_results()


def _tell_of_open_results() -> None:
    """Print how many results are open; the journal is read only if a run has been left open."""
    with suppress(StorageError):
        folder = paths.state_dir()
        if not locks.has_free_files(folder / paths.OPEN_RUNS):
            return
        from neptun_tui.storage.journal import Journal  # which most starts do without

        if count := Journal(folder).open_results():
            said = "1 result is" if count == 1 else f"{count:,} results are"
            print_info(f"{said} open. To look again: neptun-tui settle")


def code_of(error: NeptunTuiError) -> ExitCode:
    """Return the exit code for an error that ended a command."""
    match error:
        case NotSignedIn() | SessionExpired() | SignInRefused():
            return ExitCode.SIGN_IN
        case Unreachable():
            return ExitCode.UNREACHABLE
        case InputError():
            return ExitCode.USAGE
        case _:
            return ExitCode.FAILED
