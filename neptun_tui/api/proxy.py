"""Proxy that the environment names for a server."""

from __future__ import annotations

import os
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from neptun_tui.domain.account import is_loopback


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and where it was named. As text it never holds the credentials of the URL.

    Attributes:
        url: with its scheme, and with user and password where they were given.
        variable: the environment variable; empty for the settings of the operating system.
    """

    url: str
    variable: str

    def __str__(self) -> str:
        try:
            shown = urlsplit(self.url).netloc.rpartition("@")[2]
        except ValueError:
            shown = ""
        source = self.variable or "the system's settings"
        return f"{shown} ({source})" if shown.isprintable() and shown else f"The text in {source}"

    def __repr__(self) -> str:
        return f"Proxy({self})"


def proxy_for(host: str) -> Proxy | None:
    """Return the proxy for a server.

    Args:
        host: the server's origin.

    Returns:
        None for this machine itself, whatever the environment says, and for what ``NO_PROXY``
        lists.
    """
    url = urlsplit(host)
    if is_loopback(url.hostname or "") or urllib.request.proxy_bypass(url.netloc):
        return None
    proxies = urllib.request.getproxies()
    for scheme in ("https", "all"):
        if named := proxies.get(scheme):
            with_scheme = named if "://" in named else f"http://{named}"
            return Proxy(with_scheme, _variable(f"{scheme}_proxy", named))
    return None


def _variable(name: str, value: str) -> str:
    return next((v for v in (name, name.upper()) if os.environ.get(v) == value), "")
