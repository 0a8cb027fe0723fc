"""Fixtures for whole runs: the app in a pseudo-terminal and home, and a Neptun on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import neptun_tui
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.server import create_app, listen
from neptun_tui.demo.store import Store

from ..builders import populated_store
from . import fork_server
from .fork_server import Forks
from .terminal import PATIENCE, Terminal

APP = (sys.executable, "-m", "neptun_tui")


class Server:
    """A Neptun with the sample data on a real socket, which remembers what arrived."""

    url: str

    def __init__(self, store: Store) -> None:
        self.store = store
        self.answered: float = float("inf")
        """Number of DELETEs with a response; later ones are carried out, and wait."""
        self._app = create_app(store)
        self._came = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        place = 0
        if scope["method"] == "DELETE":
            self._came = place = self._came + 1

        async def send_in_time(message: Message) -> None:
            while place > self.answered:
                await asyncio.sleep(0.01)
            await send(message)

        await self._app(scope, receive, send_in_time)

    @property
    def deletes(self) -> list[str]:
        """The paths of the DELETEs that arrived, in their order."""
        return [a.path for a in list(self.store.arrivals) if a.method == "DELETE"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of its own, whose settings keep every session in memory."""
    home = tmp_path / "home"
    config = home / "config" / "neptun-tui"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('session_storage = "memory"\n')
    (home / "work").mkdir()
    (home / "run").mkdir(mode=0o700)
    return home


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    """An environment with nothing of this machine in it but where its programs are."""
    made = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/run/no-bus",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "TMPDIR": str(home / "run"),
        **{f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in ("config", "cache", "data")},
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_RUNTIME_DIR": str(home / "run"),
    }
    source = Path(neptun_tui.__file__).parents[1]
    if source not in {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}:
        made["PYTHONPATH"] = str(source)  # not installed: the program is where we got it from
    return made


@pytest.fixture
def terminal(env: dict[str, str], home: Path, forks: Forks) -> Iterator[Callable[..., Terminal]]:
    """Start the app, or another command, in a pseudo-terminal; ended when the test ends.

    It is forked where that makes no difference. `real` starts an interpreter for it: where
    signals, the session or the memory of the process are what is tested.
    """
    with contextlib.ExitStack() as stack:

        def start(
            *arguments: str,
            size: tuple[int, int] = (80, 24),
            command: Sequence[str] = APP,
            environ: Mapping[str, str | None] | None = None,
            controlling: bool = True,
            real: bool = False,
        ) -> Terminal:
            whole = {**env, **(environ or {})}
            given = {name: value for name, value in whole.items() if value is not None}
            every = [*command, *arguments]
            fork = None
            named = bool(arguments) and arguments[0].isalpha()
            kind = fork_server.CLI if named else fork_server.APP
            if command is APP and not real and (fork := forks(kind, env, given)):
                every = list(arguments)
            made = Terminal(every, given, home / "work", size, controlling=controlling, forks=fork)
            stack.callback(made.close)
            return made

        yield start


@pytest.fixture
def run(env: dict[str, str], home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the app without any terminal."""

    def start(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*APP, *arguments],
            env={**env, **environ},
            cwd=home / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return start


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """An ASGI app on loopback; its origin."""
    listener = listen()
    options = uvicorn.Config(app, log_config=None, lifespan="off", interface="asgi3")
    options.timeout_graceful_shutdown = 1
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture
def server() -> Iterator[Server]:
    """A Neptun on loopback."""
    store = populated_store()
    made = Server(store)
    try:
        with serving(made) as made.url:
            yield made
            made.answered = float("inf")
    finally:
        store.close()


@pytest.fixture
def signed_in(terminal: Callable[..., Terminal], server: Server) -> Callable[..., Terminal]:
    """The app with the demo account's first project open, its data on a real socket."""

    def start(**options: object) -> Terminal:
        app = terminal("--host", server.url, "--account", DEMO_EMAIL, **options)
        app.wait_for("Your session will be kept")
        app.send(f"{DEMO_PASSWORD}\r")
        app.wait_for("Storefront", "Strange names")
        app.send("\r")
        app.wait_for("Orphaned files")
        return app

    return start


@pytest.fixture
def at_file(signed_in: Callable[..., Terminal]) -> Callable[..., Terminal]:
    """The app with the cursor on file 102, which shares its number with an import."""
    return lambda **options: signed_in(**options).go_to("f102", "▌       102")


@pytest.fixture
def at_import(signed_in: Callable[..., Terminal]) -> Callable[..., Terminal]:
    """The app with the cursor on import 102."""
    return lambda **options: signed_in(**options).go_to("i102", "▌  ▸    102")
