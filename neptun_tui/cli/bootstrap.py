"""Start-up: build the context for a real server and this machine, or for the demo."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from neptun_tui.cli.args import Options
from neptun_tui.domain.account import Secret, parse_host
from neptun_tui.domain.errors import InputError, InvalidHost
from neptun_tui.storage import paths
from neptun_tui.storage.config import Loaded, load
from neptun_tui.storage.files import owner_of_home

if TYPE_CHECKING:
    from neptun_tui.services.context import AppContext
    from neptun_tui.services.ports import Neptun
    from neptun_tui.services.run_store import RunStore
    from neptun_tui.storage.session_store import SessionStore


@contextmanager
def build_context(options: Options) -> Iterator[AppContext]:
    """Yield the context of this start; its connections are closed at the end.

    Raises:
        InvalidHost: the server named by the arguments, the environment or the settings is
            rejected.
        InputError: the account name is empty.
    """
    loaded = load(paths.config_file())
    with _demo_folder(options) as folder:
        app_context = (
            demo_context(options, loaded, folder) if folder else _app_context(options, loaded)
        )
        try:
            yield app_context
        finally:
            app_context.link.close()


@contextmanager
def _demo_folder(options: Options) -> Iterator[Path | None]:
    """Yield a temporary folder for the demo's journal and backups."""
    if not options.demo:
        yield None
        return
    with TemporaryDirectory(prefix="neptun-tui-demo-") as folder:
        yield Path(folder)


def _app_context(options: Options, loaded: Loaded) -> AppContext:
    """Wire the program to a real server and this machine's own session store."""
    from neptun_tui.services.auth import SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.context import AppContext

    settings = loaded.settings
    source, named = _named(options.host, "--host", "NEPTUN_HOST")
    try:
        host = settings.host if named is None else parse_host(named)
    except InvalidHost as error:
        raise InvalidHost(f"{source}: {error}") from None
    if named is None and options.changes and loaded.host_problem:
        raise InvalidHost("The settings do not say which server to use. Name it with --host.")
    source, account = _named(options.account, "--account", "NEPTUN_ACCOUNT")
    if account is not None and (not account or account != account.strip()):
        raise InputError(f"{source}: type the e-mail address, without blanks around it.")
    any_host = named is None and not loaded.names_host
    state_dir = paths.state_dir()
    link = ClientThread(partial(_connect, in_flight=settings.in_flight))
    sign_in = SignIn(link, partial(_session_store, settings.session_storage, state_dir))
    startup = None
    if not options.command and os.path.lexists(state_dir / paths.SESSION_INDEX):
        from neptun_tui.services.projects import Startup

        startup = Startup(link, sign_in, None if any_host else host, account)
    return AppContext(
        link,
        sign_in,
        host,
        any_host=any_host,
        email=account or "",
        startup=startup,
        open_records=_keeper(settings.keep_backups_days) if options.writes else None,
        read_only=options.read_only or settings.read_only,
        in_flight=settings.in_flight,
        outage_seconds=settings.outage_seconds,
        keep_context=settings.keep_context,
        max_delete=settings.max_delete,
        theme=settings.theme,
        keys=settings.keys,
        notices=(*_about_home(), *loaded.problems),
    )


def _named(given: str | None, option: str, variable: str) -> tuple[str, str | None]:
    """Return the source and value of a setting: the option, else the variable; "" is an error."""
    if given is not None:
        return option, given
    return variable, os.environ.get(variable)


def _about_home() -> tuple[str, ...]:
    """Return a warning when the home folder is another user's, as sudo and su leave it."""
    if (found := owner_of_home()) is None:
        return ()
    home, owner = found
    return (f"The home folder {home} belongs to {owner}, not to you: run this as {owner}.",)


def _session_store(session_storage: str, state_dir: Path) -> SessionStore:
    from neptun_tui.storage.session_store import open_session_store

    return open_session_store(session_storage, state_dir=state_dir)


def _keeper(keep_days: int) -> Callable[[], RunStore]:
    """Resolve the folders now, so that an error is reported before any screen opens."""
    return partial(_records, paths.state_dir(), paths.data_dir() / "backups", keep_days=keep_days)


def _records(folder: Path, copies_folder: Path, **how: Any) -> RunStore:
    from neptun_tui.services.run_store import RunStore  # 20 ms that read-only commands save

    return RunStore(folder, copies_folder, **how)


def _connect(host: str, *, in_flight: int) -> Neptun:
    # httpx imports its own command line, and with it click, pygments and rich, when they are
    # installed: a third of its import time (70 of 175 ms). It handles the ImportError.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    from neptun_tui.api.client import NeptunClient

    gc.enable()  # the last module is loaded; see __main__
    # Two more than a run may use, so that a listing never waits for a connection behind it.
    return NeptunClient(host, max_connections=in_flight + 2)


def demo_context(options: Options, loaded: Loaded, folder: Path) -> AppContext:
    """Wire the program to an embedded demo server with fresh sample data, and to nothing else."""
    from neptun_tui.demo.data import populate
    from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
    from neptun_tui.demo.server import create_app
    from neptun_tui.demo.store import Store
    from neptun_tui.services.auth import SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.context import AppContext

    def connect(host: str) -> Neptun:
        from neptun_tui.api.client import client_of

        store = Store()
        populate(store)
        return client_of(create_app(store), host)

    def session_store() -> SessionStore:
        from neptun_tui.storage.session_store import memory_session_store

        return memory_session_store()

    link, promise = ClientThread(connect), "A backup is kept until this demo ends"
    return AppContext(
        link,
        SignIn(link, session_store),
        "http://localhost",
        email=DEMO_EMAIL,
        password=Secret(DEMO_PASSWORD),
        open_records=partial(_records, folder, folder / "backups", promise=promise),
        demo=True,
        read_only=options.read_only or loaded.settings.read_only,
        keep_context=loaded.settings.keep_context,
        max_delete=loaded.settings.max_delete,
        theme=loaded.settings.theme,
        keys=loaded.settings.keys,
        notices=loaded.problems,
    )
