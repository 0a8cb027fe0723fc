"""The HTTP client as this program wants it: no cookie jar, no redirects, TLS always verified."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final

import certifi
import httpx
import truststore

from neptun_tui import __version__
from neptun_tui.domain.errors import InvalidHost, Unreachable
from neptun_tui.neptun.proxy import Proxy, proxy_for

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
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"neptun-tui/{__version__}",
        },
        cookies=_NoJar(),
        follow_redirects=False,
        timeout=timeout,
        # Proxies and certificates are taken from the environment below, and nothing else.
        trust_env=False,
    )


def _network(host: str, max_connections: int) -> httpx.AsyncHTTPTransport:
    proxy = proxy_for(host)
    try:
        return httpx.AsyncHTTPTransport(
            verify=_trust(host),
            # Its own context, too: httpcore's would honour SSLKEYLOGFILE.
            proxy=httpx.Proxy(proxy.url, ssl_context=_proxy_trust(proxy)) if proxy else None,
            limits=httpx.Limits(max_connections=max_connections, keepalive_expiry=_KEEP_ALIVE),
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        problem = (
            f"{proxy} cannot be used as a proxy. "
            "Write it like http://HOST:PORT or socks5h://HOST:PORT."
        )
    except OSError:
        problem = f"The certificates named by {certificates_from()} cannot be read."
    raise Unreachable(problem)


CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Variables that name certificates to trust instead of this machine's, the first set one counts."""


def certificates_from() -> str:
    """Return the variable that names the certificates to trust; empty for this machine's own."""
    return next((name for name in CERTIFICATES if os.environ.get(name)), "")


def _trust(host: str) -> ssl.SSLContext:
    """Make the TLS context: the operating system's certificates, or those a variable names.

    ``ssl.create_default_context`` is not used: it writes the keys of every connection, and so the
    session, to the file in SSLKEYLOGFILE.
    """
    if not host.startswith("https:"):
        # Plain http, on loopback: one that trusts nobody is never used and costs nothing.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if variable := certificates_from():
        named = os.environ[variable]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if Path(named).is_dir():
            context.load_verify_locations(capath=named)
        else:
            context.load_verify_locations(cafile=named)
        return context
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.platform == "linux" and not _has_certificates():
        context.load_verify_locations(cafile=certifi.where())
    return context


def _has_certificates() -> bool:
    """Whether OpenSSL finds certificates on this machine; minimal containers have none."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))


def _proxy_trust(proxy: Proxy) -> ssl.SSLContext | None:
    return _trust("https:") if proxy.url.startswith("https:") else None


class _NoJar(CookieJar):
    """A cookie jar that takes nothing: any 401 would overwrite the session (contract §3)."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave every Set-Cookie alone."""
