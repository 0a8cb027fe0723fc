"""Fixtures for commands that change data: a Neptun that waits, fails or changes on request."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from neptun_tui.cli.models import schema_text
from neptun_tui.demo.schema import FILES
from neptun_tui.demo.server import listen
from neptun_tui.domain.account import Session

from ...builders import closed
from ...e2e.conftest import APP
from ...e2e.terminal import PATIENCE, Terminal
from ...tui.conftest import Neptun

Ran = subprocess.CompletedProcess[str]


class Scripted(Neptun):
    """Sample data behind gates; `before` is called with each request before it is handled."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url
        self.before: Callable[[str], object] = lambda _asked: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.before(f"{scope['method']} {scope['path']}")
        await super().__call__(scope, receive, send)

    def methods(self, method: str) -> int:
        """Count the requests of one method."""
        return sum(arrival.method == method for arrival in self.arrivals)


@contextmanager
def serving() -> Iterator[Scripted]:
    """One of them on loopback."""
    with listen() as listener:
        neptun = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        config = uvicorn.Config(neptun, interface="asgi3", lifespan="off", log_config=None)
        config.timeout_graceful_shutdown = 1
        uvicorn_server = uvicorn.Server(config)
        thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield neptun
        finally:
            neptun.let_go()
            uvicorn_server.should_exit = True
            thread.join(PATIENCE)
            neptun.close()
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture
def server() -> Iterator[Scripted]:
    """The one that the commands talk to."""
    with serving() as neptun:
        yield neptun


@pytest.fixture
def copies(home: Path) -> Path:
    """Return the folder of the backups."""
    return home / "data" / "neptun-tui" / "backups"


def files_of(server: Scripted, project: int = 1) -> list[int]:
    """The IDs of the files of a project, as they are at the server."""
    return sorted(row["id"] for row in server.store.select(FILES, project_id=project))


def held_to(document: dict[str, Any], schema: str) -> dict[str, Any]:
    """A document that is as its published schema says, with exactly its names."""
    jsonschema.validate(document, closed(json.loads(schema_text(schema))))
    return document


def lines_of(text: str, schema: str = "delete") -> list[dict[str, Any]]:
    """The objects of an output with one a line, each held against the published schema."""
    return [held_to(json.loads(line), schema) for line in text.splitlines()]


def heard(process: subprocess.Popen[Any]) -> bool:
    """Tell whether a process has handled all its signals, and waits again (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    return pending == 0 and fields["State"].startswith("S")


def printable(*texts: str) -> bool:
    """Tell whether these texts contain no control sequence."""
    return all(line.replace("\t", "").isprintable() for text in texts for line in text.split("\n"))


@pytest.fixture
def started(
    env: dict[str, str], home: Path, server: Scripted, session: Session
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command without any terminal and go on; killed when the test ends."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **streams: Any) -> subprocess.Popen[str]:
        usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(
            [*APP, *arguments],
            env={**env, "NEPTUN_HOST": server.url},
            cwd=home / "work",
            text=True,
            **{**usual, **streams},
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def asked(
    terminal: Callable[..., Terminal], server: Scripted, session: Session
) -> Callable[..., Terminal]:
    """Start a command in a terminal, signed in."""

    def start(*arguments: str, environ: Mapping[str, str] | None = None, **how: Any) -> Terminal:
        whole = {"NEPTUN_HOST": server.url, **(environ or {})}
        return terminal(*arguments, environ=whole, size=(120, 40), **how)

    return start


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something to become true."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.01)


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process to end: its exit code, its output, what it said."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err
