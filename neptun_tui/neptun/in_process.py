"""A client of a Neptun that runs inside this process, without a network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from neptun_tui.neptun.client import NeptunClient

AsgiApp = Callable[..., Awaitable[Any]]


def client_of(app: AsgiApp, host: str) -> NeptunClient:
    """Make a client that talks to an ASGI app directly.

    Args:
        app: the application.
        host: the origin it is to be called by; a loopback one.
    """
    return NeptunClient(host, transport=httpx.ASGITransport(app))
