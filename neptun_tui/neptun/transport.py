"""The HTTP client as this program wants it: no cookie jar, no redirects, TLS always verified."""

from __future__ import annotations

import contextlib
import logging
import ssl
import urllib.request
from http.cookiejar import CookieJar
from typing import Final
from urllib.parse import urlsplit

import httpx

from neptun_tui import __version__
from neptun_tui.domain.account import is_loopback
from neptun_tui.domain.errors import InvalidHost, Unreachable

LOGGERS: Final = tuple(
    logging.getLogger(f"httpcore.{part}")
    for part in ("connection", "http11", "http2", "proxy", "socks")
)
"""They write the headers of every answer, Set-Cookie included, when anybody turns on DEBUG."""

_KEEP_ALIVE: Final = 3.0
# Neptun closes an idle connection after 5 s. A DELETE that meets the closing door has an unknown
# outcome, so ours is shut well before.


def check_host(host: str) -> str:
    """Let httpx have its say about an address, before anything depends on it.

    Raises:
        InvalidHost: such as ``999.1.1.1``, or a name that is no international name but says so.
    """
    with contextlib.suppress(httpx.InvalidURL, ValueError):
        if httpx.URL(host).host:
            return host
    raise InvalidHost("That is no web address: write it like https://neptun.example.com.")


def open_client(
    host: str,
    transport: httpx.AsyncBaseTransport | None,
    timeout: httpx.Timeout,
    max_connections: int,
) -> httpx.AsyncClient:
    """Make the client. It takes 25 ms, most of them for the TLS context.

    Args:
        host: the server's origin.
        transport: replaces the network.
        timeout: the limits of each step.
        max_connections: how many at a time.

    Raises:
        Unreachable: the environment names a proxy or certificates that cannot be used.
    """
    for logger in LOGGERS:
        logger.disabled = True
    return httpx.AsyncClient(
        base_url=host,
        transport=transport or _network(host, max_connections),
        headers={"Accept": "application/json", "User-Agent": f"neptun-tui/{__version__}"},
        cookies=_NoJar(),
        follow_redirects=False,
        timeout=timeout,
        # Proxies and certificates are taken from the environment below, and nothing else.
        trust_env=False,
    )


def _network(host: str, max_connections: int) -> httpx.AsyncHTTPTransport:
    try:
        return httpx.AsyncHTTPTransport(
            verify=_trust(host),
            proxy=proxy_for(host),
            limits=httpx.Limits(max_connections=max_connections, keepalive_expiry=_KEEP_ALIVE),
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        problem = "The proxy named in the environment cannot be used."
    except OSError:
        problem = "The certificates named by SSL_CERT_FILE or SSL_CERT_DIR cannot be read."
    raise Unreachable(problem)


def _trust(host: str) -> ssl.SSLContext:
    """Whom to trust: the usual issuers, or those in SSL_CERT_FILE or SSL_CERT_DIR."""
    if host.startswith("https:"):
        return httpx.create_ssl_context(trust_env=True)
    # Plain http, on loopback: one that trusts nobody is never used and costs nothing.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy_for(host: str) -> str | None:
    """The proxy the environment names for a server.

    Args:
        host: the server's origin.

    Returns:
        The proxy's URL; None for this machine itself, whatever the environment says, and for what
        ``NO_PROXY`` lists.
    """
    url = urlsplit(host)
    if is_loopback(url.hostname or "") or urllib.request.proxy_bypass(url.netloc):
        return None
    proxies = urllib.request.getproxies()
    named = proxies.get("https") or proxies.get("all")
    return named if not named or "://" in named else f"http://{named}"


class _NoJar(CookieJar):
    """A cookie jar that takes nothing: any 401 would overwrite the session (contract §3)."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave every Set-Cookie alone."""
