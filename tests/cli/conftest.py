"""Fixtures for the command line: the real command as a process, and a Neptun on a real socket."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

import pytest

from neptun_tui.api.client import NeptunClient
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.domain.account import Secret, Session
from neptun_tui.storage.session_store import open_session_store

from ..e2e import fork_server
from ..e2e.conftest import APP, Server, env, server, terminal
from ..e2e.fork_server import Forks
from ..e2e.terminal import PATIENCE, Terminal
from ..faults.proxy import Proxy

__all__ = ["Ran", "Run", "Server", "Terminal", "env", "server", "terminal"]

WITHOUT_KERNEL_KEYRING = (
    sys.executable,
    str(Path(__file__).parents[1] / "e2e" / "run_with_host_keyring.py"),
)

Ran = subprocess.CompletedProcess[str]


class Run(Protocol):
    """Runs one command without any terminal."""

    def __call__(self, *arguments: str, stdin: str | None = None, **environ: str) -> Ran: ...


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of its own, whose settings keep sessions in files."""
    home = tmp_path / "home"
    config = home / "config" / "neptun-tui"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('session_storage = "file"\noutage_seconds = 0\n')
    (home / "work").mkdir()
    (home / "run").mkdir(mode=0o700)
    return home


@pytest.fixture
def state(home: Path) -> Path:
    """Return the folder of the program's state: sessions and the journal."""
    return home / "state" / "neptun-tui"


@pytest.fixture
def run(env: dict[str, str], home: Path, forks: Forks) -> Run:
    """Run a command; `stdin` is its standard input, by default empty."""

    def start(*arguments: str, stdin: str | None = None, **environ: str) -> Ran:
        # "logout --all" empties the kernel keyring of the user who runs the tests.
        alone = (WITHOUT_KERNEL_KEYRING, {"KERNEL_SAYS": "ENOSYS"})
        command, more = alone if "--all" in arguments else (APP, {})
        whole, cwd, given = {**env, **more, **environ}, home / "work", stdin or ""
        if command is APP and (fork := forks(fork_server.CLI, env, whole)):
            return fork.run(arguments, env=whole, cwd=cwd, stdin=given, timeout=PATIENCE)
        return subprocess.run(
            [*command, *arguments],
            env=whole,
            cwd=cwd,
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )

    return start


@pytest.fixture
def keep(state: Path) -> Callable[..., Session]:
    """Sign in and keep the session on this machine, as `login` does."""

    async def sign_in(url: str, email: str, password: str) -> Session:
        async with aclosing(NeptunClient(url)) as client:
            session = await client.sign_in(email, Secret(password))
        session_store = open_session_store("file", state_dir=state)
        await session_store.save(session)
        session_store.close()
        return session

    def call(url: str, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> Session:
        return asyncio.run(sign_in(url, email, password))

    return call


@pytest.fixture
def session(server: Server, keep: Callable[..., Session]) -> Session:
    """The demo account's session, kept on this machine."""
    made = keep(server.url)
    server.store.arrivals.clear()
    return made


@pytest.fixture
def neptun(run: Run, server: Server, session: Session) -> Run:
    """Run a command that talks to the server, signed in."""

    def start(*arguments: str, stdin: str | None = None, **environ: str) -> Ran:
        return run(*arguments, stdin=stdin, **{"NEPTUN_HOST": server.url, **environ})

    return start


@pytest.fixture
def line(server: Server, keep: Callable[..., Session]) -> Iterator[Proxy]:
    """Proxy to the server with scripted faults; a user is signed in through it."""
    proxy = Proxy(int(server.url.rpartition(":")[2]))
    keep(proxy.origin)
    yield proxy
    proxy.close()
