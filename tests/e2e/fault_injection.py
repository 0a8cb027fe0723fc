"""The program with some of its functions replaced: `fault_injection.py NAME,NAME… ARGUMENT…`.

Some make it break where a secret is at hand; some let one out, to prove that it would be found; two
only turn on what a person may turn on: logging, and pictures of the screen.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import traceback
from asyncio import base_events
from pathlib import Path
from typing import Any, NoReturn

from textual.app import App

from neptun_tui.__main__ import main
from neptun_tui.api import http
from neptun_tui.cli import main as door
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.storage import process
from neptun_tui.storage.session_backends import Memory
from neptun_tui.storage.session_store import SessionStore
from neptun_tui.tui import app
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.screens.projects_pane import ProjectList
from neptun_tui.tui.widgets.inputs import SteadyInput


def fail(secret: str) -> NoReturn:
    """Break with a secret in a variable, in the text of the error, of its cause and in a note."""
    held = {"secret": secret}
    try:
        int(secret)
    except ValueError as error:
        broken = RuntimeError(f"broken by {held}")
        broken.add_note(secret)
        raise broken from error
    raise AssertionError


def cookie_of(account_session: Any) -> str:
    return account_session.signed_in.session.cookie.reveal()


# Breaks ---------------------------------------------------------------------------------------


def in_a_screen() -> None:
    def action_history(self: BrowserScreen) -> None:
        fail(cookie_of(self._account_session))

    BrowserScreen.action_history = action_history


def in_a_drawing() -> None:
    def header(self: ProjectList, width: int) -> str:
        fail(cookie_of(self.app._accounts.account_session))

    ProjectList.header = header


def in_a_worker() -> None:
    async def sign_in(self: LoginScreen, host: str) -> NoReturn:
        fail(self._value("password"))

    LoginScreen._sign_in = sign_in


def in_the_session_store() -> None:
    async def save(self: SessionStore, session: Any, **_how: Any) -> NoReturn:
        fail(session.cookie.reveal())

    SessionStore.save = save


def in_the_client() -> None:
    exchange = http._exchange

    async def broken(client: Any, request: Any, *rest: Any) -> Any:
        if "cookie" in request.headers:
            fail(request.headers["cookie"])
        return await exchange(client, request, *rest)

    http._exchange = broken


def at_the_end() -> None:
    close = ClientThread.close

    def broken(self: ClientThread) -> None:
        session = self.kept
        close(self)
        fail(session.cookie.reveal())

    save = SessionStore.save

    async def remember(self: SessionStore, session: Any, **how: Any) -> Any:
        ClientThread.kept = session
        return await save(self, session, **how)

    ClientThread.close, SessionStore.save = broken, remember


def in_a_backend() -> None:
    def store(self: Memory, session_key: Any, value: str) -> NoReturn:
        fail(value)

    Memory.store = store


def in_a_task() -> None:
    """Never awaited: asyncio logs that once it is collected."""
    save = SessionStore.save

    async def also(self: SessionStore, session: Any, **how: Any) -> Any:
        async def lost() -> None:
            fail(session.cookie.reveal())

        asyncio.get_running_loop().create_task(lost())
        return await save(self, session, **how)

    SessionStore.save = also


# Leaks ----------------------------------------------------------------------------------------


def shown_password() -> None:
    made = SteadyInput.__init__

    def init(self: SteadyInput, *args: Any, **options: Any) -> None:
        made(self, *args, **{**options, "password": False})  # so it can be copied, too

    SteadyInput.__init__ = init


def logged_headers() -> None:
    http.LOGGERS = ()


def kept_on_disk() -> None:
    store = Memory.store

    def also(self: Memory, session_key: Any, value: str) -> None:
        Path("kept").write_text(value)
        store(self, session_key, value)

    Memory.store = also


def open_memory() -> None:
    door.disable_core_dumps = lambda: False


def shown_locals() -> None:
    app.NeptunApp._handle_exception = App._handle_exception


def reported_locals() -> None:
    def write_report(error: BaseException, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        path = folder / "crash.txt"
        path.write_text("".join(told.format()))
        return path

    process.write_crash_report = write_report


# Debug settings of a user -----------------------------------------------------------------------


def debug() -> None:
    """Log everything, and let asyncio log every step."""
    logging.basicConfig(filename="debug.log", level=logging.DEBUG)
    made = base_events.BaseEventLoop.__init__

    def init(self: base_events.BaseEventLoop) -> None:
        made(self)
        self.set_debug(True)
        self.slow_callback_duration = 0

    base_events.BaseEventLoop.__init__ = init


def pictures() -> None:
    """Save a picture of the screen at each SIGUSR1."""
    mounted = app.NeptunApp.on_mount

    def save(self: app.NeptunApp) -> None:
        number = len(list(Path().glob("*.svg")))
        self.save_screenshot(f"{number}.svg.part", ".")
        Path(f"{number}.svg.part").rename(f"{number}.svg")

    def on_mount(self: app.NeptunApp) -> None:
        mounted(self)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, save, self)

    app.NeptunApp.on_mount = on_mount


if __name__ == "__main__":
    for name in sys.argv.pop(1).split(","):
        globals()[name]()
    main()
