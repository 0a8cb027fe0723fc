"""Fixtures for faults: a Neptun on a real socket, a faulty proxy, and a program that uses it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neptun_tui.api.retry import retry
from neptun_tui.services.delete import DeletionRun

from .harness import Harness
from .proxy import Proxy
from .server import FaultServer


@pytest.fixture(scope="session")
def _server() -> Iterator[FaultServer]:
    server = FaultServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _line(_server: FaultServer) -> Iterator[Proxy]:
    proxy = Proxy(_server.port, _server.hold)
    yield proxy
    proxy.close()


@pytest.fixture
def server(_server: FaultServer) -> FaultServer:
    """The server, with an empty database."""
    _server.clear()
    return _server


@pytest.fixture
def line(_line: Proxy) -> Iterator[Proxy]:
    """Proxy to it, which passes everything on by default."""
    _line.forget()
    _line.witness = None
    yield _line
    _line.witness = None
    _line.forget()
    _line.up()


@pytest.fixture
def harness(server: FaultServer, line: Proxy, tmp_path: Path) -> Iterator[Harness]:
    """A signed-in program at the other end of the line."""
    harness = Harness(server, line, tmp_path)
    yield harness
    harness.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Trying again costs no time. What is put into the list is called at every wait."""
    hooks: list[Callable[[], None]] = []

    async def wait(*_: object) -> None:
        for hook in hooks:
            hook()
        await asyncio.sleep(0)

    assert retry.__kwdefaults__
    monkeypatch.setitem(retry.__kwdefaults__, "sleep", wait)
    monkeypatch.setattr(DeletionRun, "_wait", wait)
    return hooks


@pytest.fixture
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of runs need not wait for the disk: only the death of a machine needs that."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove this machine's proxy settings from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
