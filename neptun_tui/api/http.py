"""HTTP connection to one server: no cookie jar, and every failure says whether bytes were sent.

What goes wrong on the way leaves this module as a domain error that carries no httpx object: their
frames and headers hold the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import certifi
import httpx
import msgspec
import truststore

from neptun_tui import __version__
from neptun_tui.api.network_errors import SendTracker, classify
from neptun_tui.api.progress import Progress
from neptun_tui.api.proxy import Proxy, proxy_for
from neptun_tui.api.responses import Answer, parse_date, parse_retry_after, session_expired
from neptun_tui.domain.account import COOKIE_NAME, Secret, parse_cookie
from neptun_tui.domain.errors import (
    InvalidCookie,
    InvalidHost,
    Rejected,
    Unreachable,
    UnusableAnswer,
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. Neptun has no limit of its own: a locked row was answered after 40 (contract §1).

    Attributes:
        connect: until there is a connection, TLS included.
        write: for one piece of the request to leave.
        read: of silence while an answer is awaited.
        pool: until another call gives its connection back.
        total: for a whole call. A list that has begun to arrive gets a second more for each
            ``slowest`` bytes of it.
        slowest: bytes a second below which a list that arrives is given up.
    """

    connect: float = 10
    write: float = 30
    read: float = 60
    pool: float = 30
    total: float = 90
    slowest: float = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        form: what to post as JSON; secrets are revealed only as the request is built.
        content: what to post, when it is JSON already.
        long: whether the answer may take minutes to arrive.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str | Secret] | None = None
    content: bytes | None = field(default=None, repr=False)
    long: bool = False


_SHORT: Final = 1 << 20
# No answer but a long one is longer than this; what follows is not read.

_LARGEST: Final = 1 << 29
# Bytes of a list, unpacked: some ten times the largest listing that was ever measured with.

_DENSEST: Final = 250
_SPARED: Final = 1 << 24
# A list of more bytes than the second may not be packed more densely than the first: a few KB of
# gzip can be unpacked to gigabytes. Real listings came to 3 to 60.

_CODINGS: Final = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
# One coding at most: each layer multiplies what the one below unpacks to by up to a thousand.

_SLOWEST: Final = 32_000
# Bytes a second that a post may take to leave, on top of the time any call has.


class Connection:
    """A lazily made ``httpx.AsyncClient`` for one server, for use on one event loop."""

    def __init__(
        self,
        host: str,
        transport: httpx.AsyncBaseTransport | None,
        timeouts: Timeouts,
        max_connections: int,
    ) -> None:
        self._host = host
        self._name = urlsplit(host).netloc
        self._transport = transport
        self._timeouts = timeouts
        self._max_connections = max_connections
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self, ask: Request, cookie: Secret | None = None, progress: Progress | None = None
    ) -> Answer:
        """Send one request, once, and take the answer in.

        Args:
            ask: the request.
            cookie: the session to show.
            progress: called with each part that arrives.

        Returns:
            The answer, whatever its status; a redirect is not followed.

        Raises:
            Unreachable: the request certainly did not leave.
            OutcomeUnknown: the connection broke, or time ran out, after it may have left.
            Rejected: there is half a character in the form; nothing was sent.
            SessionExpired: the cookie is damaged, so nothing was sent.
            UnusableAnswer: the body could not be unpacked, or is too large or too densely packed.
        """
        client = self._open()
        left = SendTracker(traced=self._transport is None)
        proxy = None if self._transport else proxy_for(self._host)
        try:
            seconds = self._timeouts.total + len(ask.content or b"") / _SLOWEST
            async with asyncio.timeout(seconds) as timeout:
                request = _request(client, ask, cookie, left)
                deadline = _Deadline(timeout, self._timeouts.slowest, left)
                return await _exchange(client, request, deadline, ask, progress)
        except asyncio.CancelledError as stop:
            stop.__context__ = None
            raise stop.with_traceback(None) from None  # its frames hold the headers
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            failure = classify(error, self._name, left, proxy)
        raise failure  # out here, so that the httpx error is not its context

    async def aclose(self) -> None:
        """Close every connection. A later call would open new ones."""
        client, self._client, self._loop = self._client, None, None
        if client is not None:
            await client.aclose()

    def _open(self) -> httpx.AsyncClient:
        """The client, made on first use: its TLS context takes 25 ms."""
        loop = asyncio.get_running_loop()
        if self._client is None:
            limits = self._timeouts
            steps = httpx.Timeout(
                connect=limits.connect, write=limits.write, read=limits.read, pool=limits.pool
            )
            self._client = open_client(self._host, self._transport, steps, self._max_connections)
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("a NeptunClient belongs to the event loop that used it first")
        return self._client


def _request(
    client: httpx.AsyncClient, ask: Request, cookie: Secret | None, left: SendTracker
) -> httpx.Request:
    """Build the request. Secrets are revealed in here and live on only in its bytes."""
    content = ask.content if ask.form is None else _json(ask.form)
    headers = {} if content is None else {"Content-Type": "application/json"}
    if cookie is not None:
        headers["Cookie"] = f"{COOKIE_NAME}={_sendable(cookie)}"
    return client.build_request(
        ask.method,
        ask.path,
        params=ask.query or None,
        headers=headers,
        content=content,
        extensions={"trace": left},
    )


def _json(form: Mapping[str, str | Secret]) -> bytes:
    try:
        return msgspec.json.encode(form, enc_hook=Secret.reveal)
    except UnicodeEncodeError:
        pass  # half a character; the error itself holds the whole secret
    raise Rejected("There is a character in it that cannot be sent.")


def _sendable(cookie: Secret) -> str:
    value = cookie.reveal()
    if not value.isascii() or not value.isprintable() or set(value) & set(' ",;\\'):
        value = ""
        raise session_expired()
    return value


class _Deadline:
    """The end of one call, put off as its answer arrives."""

    def __init__(self, timeout: asyncio.Timeout, slowest: float, left: SendTracker) -> None:
        self._timeout = timeout
        self._first = timeout.when() or 0
        self._slowest = slowest
        self._left = left

    def put_off(self, received: int) -> None:
        """Allow the time that the bytes received so far may have taken."""
        self._left.received = received
        self._timeout.reschedule(self._first + received / self._slowest)


async def _exchange(
    client: httpx.AsyncClient,
    request: httpx.Request,
    deadline: _Deadline,
    ask: Request,
    progress: Progress | None,
) -> Answer:
    response = await client.send(request, stream=True)
    async with contextlib.aclosing(response):
        if response.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
            raise httpx.DecodingError("refused coding", request=request)
        if ask.long and response.is_success:
            body = await _receive_list(response, deadline, progress)
        else:
            body = await _receive_short(response)
    return Answer(
        response.status_code,
        body,
        "html" in response.headers.get("content-type", "").lower(),
        parse_retry_after(response.headers.get("retry-after", "")),
        _issued(response.headers.get_list("set-cookie")),
        parse_date(response.headers.get("date", "")),
    )


async def _receive_short(response: httpx.Response) -> bytes:
    """Read the beginning of an answer, which is all of it unless it is none of Neptun's."""
    received = bytearray()
    async for piece in response.aiter_bytes():
        received += piece
        if len(received) > _SHORT:
            break
    return bytes(received)


async def _receive_list(
    response: httpx.Response, deadline: _Deadline, progress: Progress | None
) -> bytes:
    """Read a whole list, however long that takes while it keeps coming.

    Raises:
        UnusableAnswer: it is too large, or unpacks to too much.
    """
    length = response.headers.get("content-length", "")
    expected = int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None
    received = bytearray()
    async for piece in response.aiter_bytes():
        received += piece
        # What came over the wire, which is less than what it unpacks to.
        packed = response.num_bytes_downloaded or len(received)
        if len(received) > _LARGEST or len(received) > max(_SPARED, packed * _DENSEST):
            raise UnusableAnswer(_TOO_LARGE, status=response.status_code)
        deadline.put_off(packed)
        if progress is not None:
            progress(packed, expected)
    return bytes(received)


_TOO_LARGE: Final = "The answer is too large to be a listing, so it was not read to its end."


def _issued(set_cookies: list[str]) -> Secret | None:
    """The session cookie an answer sets, if it is a usable one."""
    pairs = [header.partition(";")[0].strip() for header in set_cookies]
    values = [pair for pair in pairs if pair.startswith(f"{COOKIE_NAME}=")]
    with contextlib.suppress(InvalidCookie, IndexError):
        return parse_cookie(values[-1])
    return None


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
        InvalidHost: such as ``999.1.1.1``, or an invalid international name.
    """
    with contextlib.suppress(httpx.InvalidURL, ValueError):
        if httpx.URL(host).host:
            return host
    raise InvalidHost("Not a web address: write it like https://neptun.example.com.")


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
        # Plain http, on loopback: one without certificates is never used and costs nothing.
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
    """Tell whether OpenSSL finds certificates on this machine; minimal containers have none."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))


def _proxy_trust(proxy: Proxy) -> ssl.SSLContext | None:
    return _trust("https:") if proxy.url.startswith("https:") else None


class _NoJar(CookieJar):
    """A cookie jar that takes nothing: any 401 would overwrite the session (contract §3)."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave every Set-Cookie alone."""
