"""The command line: arguments, wiring, exit codes.

Nothing heavy is imported here at the top: Textual, the HTTP client and the demo are imported by the
functions that need them, so that ``--help`` and a mistyped argument answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from neptun_tui import __version__
from neptun_tui.domain.account import DEFAULT_HOST, Secret, parse_host
from neptun_tui.domain.errors import InvalidHost
from neptun_tui.storage import paths
from neptun_tui.storage.harden import forbid_dumps
from neptun_tui.storage.settings import Loaded, load

if TYPE_CHECKING:
    from neptun_tui.services.ports import Neptun
    from neptun_tui.tui.desk import Desk


class ExitCode(IntEnum):
    """What the process says when it ends."""

    OK = 0
    """All was done."""
    USAGE = 2
    """The command line, or the terminal, is not one this program can work with."""


def parser() -> argparse.ArgumentParser:
    """The arguments, as ``--help`` shows them."""
    made = argparse.ArgumentParser(
        prog="neptun-tui",
        description="Browse the imports and files of your Neptun projects by ID, and delete "
        "exactly the ones you confirm.",
        epilog="NEPTUN_HOST in the environment, then the settings file, may name another host.",
    )
    made.add_argument("--host", metavar="URL", help="the Neptun server")
    made.add_argument("--account", metavar="EMAIL", help="the account to open or sign in as")
    made.add_argument("--read-only", action="store_true", help="let nothing be deleted")
    made.add_argument("--demo", action="store_true", help="try everything on an embedded Neptun")
    made.add_argument("--version", action="version", version=f"neptun-tui {__version__}")
    return made


def run(argv: Sequence[str]) -> int:
    """Do what the arguments ask for.

    Args:
        argv: the arguments without the program's name.

    Returns:
        The exit code of the process.
    """
    made = parser()
    options = made.parse_args(argv)
    if options.demo and (options.host or options.account):
        made.error("--demo has its own server and account")
    if reason := unfit_terminal():
        return _refuse(reason)
    loaded = load(paths.config_file())
    if options.demo:
        with TemporaryDirectory(prefix="neptun-tui-demo-") as folder:
            return _open(demo_desk(options, loaded, Path(folder)))
    try:
        return _open(_desk(options, loaded))
    except InvalidHost as error:
        return _refuse(str(error))


def _refuse(reason: str) -> int:
    print(f"neptun-tui: {reason}", file=sys.stderr)
    return ExitCode.USAGE


def unfit_terminal() -> str:
    """Why the app cannot be drawn here; empty when it can.

    Textual draws on standard error, spins on an input that is no terminal, and shows nothing
    sensible on a dumb one, so all of that is found out before it is imported.
    """
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output"), (sys.stderr, "error")):
        if stream is None or stream.closed or not stream.isatty():
            return f"the app needs a terminal, and standard {name} is none."
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return "this terminal (TERM) cannot place text on a screen, so the app cannot run in it."
    return ""


def _desk(options: argparse.Namespace, loaded: Loaded) -> Desk:
    """Wire the app to a real server and this machine's own vault."""
    from neptun_tui.services.link import Link
    from neptun_tui.services.records import Records
    from neptun_tui.services.sign_in import SignIn
    from neptun_tui.storage.vault import open_vault
    from neptun_tui.tui.desk import Desk

    settings = loaded.settings
    named = options.host or os.environ.get("NEPTUN_HOST")
    source = "--host" if options.host else "NEPTUN_HOST" if named else "host in the settings"
    try:
        host = parse_host(named or settings.host)
    except InvalidHost as error:
        raise InvalidHost(f"{source}: {error}") from None
    link = Link(partial(_connect, in_flight=settings.in_flight))
    vault = open_vault(settings.session_storage, state_dir=paths.state_dir())
    return Desk(
        link,
        SignIn(link, vault),
        host,
        any_host=not named and host == DEFAULT_HOST,
        email=options.account or "",
        records=Records(
            paths.state_dir(), paths.data_dir() / "copies", keep_days=settings.keep_copies_days
        ),
        read_only=options.read_only or settings.read_only,
        in_flight=settings.in_flight,
        theme=settings.theme,
        keys={name: ",".join(keys) for name, keys in settings.keys.items()},
        notices=loaded.problems,
    )


def _connect(host: str, *, in_flight: int) -> Neptun:
    from neptun_tui.neptun.client import NeptunClient

    # Two more than a run may use, so that a list never waits for a connection behind it.
    return NeptunClient(host, max_connections=in_flight + 2)


def demo_desk(options: argparse.Namespace, loaded: Loaded, folder: Path) -> Desk:
    """Wire the app to an embedded Neptun with fresh sample data, and to nothing else.

    Args:
        options: the command line.
        loaded: the settings; the demo takes keys and theme from them.
        folder: for its journal and copies; whoever made it removes it.
    """
    from neptun_tui.demo.data import DEMO_EMAIL, DEMO_PASSWORD, populate
    from neptun_tui.demo.server import create_app
    from neptun_tui.demo.store import Store
    from neptun_tui.services.link import Link
    from neptun_tui.services.records import Records
    from neptun_tui.services.sign_in import SignIn
    from neptun_tui.storage.vault import memory_vault
    from neptun_tui.tui.desk import Desk

    def connect(host: str) -> Neptun:
        from neptun_tui.neptun.in_process import client_of

        store = Store()
        populate(store)
        return client_of(create_app(store), host)

    link = Link(connect)
    return Desk(
        link,
        SignIn(link, memory_vault()),
        "http://localhost",
        email=DEMO_EMAIL,
        password=Secret(DEMO_PASSWORD),
        records=Records(folder, folder / "copies", promise="A local copy is kept until you quit"),
        demo=True,
        read_only=options.read_only,
        theme=loaded.settings.theme,
        keys={name: ",".join(keys) for name, keys in loaded.settings.keys.items()},
        notices=loaded.problems,
    )


_LEAKING = ("TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_DEBUG", "TEXTUAL_DEVTOOLS_HOST")
"""These make Textual write every keystroke, passwords included, to a file or an open port."""


def _open(desk: Desk) -> int:
    """Draw the app until it ends."""
    forbid_dumps()
    for name in _LEAKING:
        os.environ.pop(name, None)
    if os.environ.get("TEXTUAL_COLOR_SYSTEM", "auto") not in _COLOR_SYSTEMS:
        del os.environ["TEXTUAL_COLOR_SYSTEM"]
    from neptun_tui.tui import crash
    from neptun_tui.tui.app import NeptunApp

    app = NeptunApp(desk, crash_folder=paths.state_dir())
    try:
        app.run()
    finally:
        desk.link.close()
    if app.return_code:
        print(crash.sentence(app.crash_report), file=sys.stderr)
    return app.return_code or ExitCode.OK


_COLOR_SYSTEMS = ("auto", "standard", "256", "truecolor", "windows")
