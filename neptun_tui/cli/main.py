"""From arguments to an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module

from neptun_tui.cli.arguments import Options, parse
from neptun_tui.cli.codes import ExitCode
from neptun_tui.cli.context import Context
from neptun_tui.cli.output import complain, tell
from neptun_tui.cli.wiring import wired
from neptun_tui.domain.errors import (
    InputError,
    NeptunTuiError,
    NotSignedIn,
    SessionExpired,
    SignInRefused,
    Unreachable,
)
from neptun_tui.storage import crash, paths
from neptun_tui.storage.harden import forbid_dumps

Command = Callable[[Context], Awaitable[ExitCode]]


def run(argv: Sequence[str]) -> int:
    """Do what the arguments ask for.

    Args:
        argv: the arguments without the program's name.

    Returns:
        The exit code of the process.
    """
    options = parse(argv)
    forbid_dumps()
    try:
        if not options.command:
            from neptun_tui.cli.browser import browse

            return browse(options)
        return _command(options)
    except NeptunTuiError as error:
        complain(str(error))
        return code_of(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough. Python flushes once more when it ends.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the outermost door: no traceback shows a secret
        tell(crash.sentence(crash.write_report(error, paths.state_dir())))
        return ExitCode.FAILED


def _command(options: Options) -> int:
    module, _, name = options.command.partition(":")
    command: Command = getattr(import_module(f"neptun_tui.cli.{module}"), name)
    with wired(options) as desk:
        for notice in desk.notices:
            complain(notice)
        return asyncio.run(command(Context(desk, options)))  # type: ignore[arg-type]


def code_of(error: NeptunTuiError) -> ExitCode:
    """The exit code for an error that ended a command."""
    match error:
        case NotSignedIn() | SessionExpired() | SignInRefused():
            return ExitCode.SIGN_IN
        case Unreachable():
            return ExitCode.UNREACHABLE
        case InputError():
            return ExitCode.USAGE
        case _:
            return ExitCode.FAILED
