"""Classification of network errors: whether the request was sent, and the sentence to show.

This is where a promise hangs on what httpx and httpcore do: "not sent" is said only of an error
raised before the first byte of the request itself was handed to a connection.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from neptun_tui.api.proxy import Proxy
from neptun_tui.domain.errors import OutcomeUnknown, ServiceError, Unreachable, UnusableAnswer


class SendTracker:
    """Tracker of whether a request may have left this machine: httpcore calls it as a trace.

    A transport that is not ours traces nothing, so there the request counts as sent.

    Attributes:
        maybe: whether it may have left.
        passed_proxy: whether a proxy has let the connection through: what fails then is the server.
        received: bytes of the answer that have come.
    """

    def __init__(self, *, traced: bool) -> None:
        self.maybe = not traced
        self.passed_proxy = False
        self.received = 0
        self._stream: Any = None
        self._through_connect = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of one step of httpcore; the CONNECT to a proxy is not yet the request."""
        if event.endswith(".send_request_headers.started"):
            self._through_connect = info["request"].method == b"CONNECT"
            self.maybe = self.maybe or not self._through_connect
        elif event.endswith(".setup_socks5_connection.complete"):
            self.passed_proxy = True
        elif event.endswith(".receive_response_headers.complete") and self._through_connect:
            self.passed_proxy = True  # a refusal of it is httpx.ProxyError all the same
        elif event.endswith(".connect_tcp.complete"):
            self._stream = info["return_value"]
        elif event.endswith(".start_tls.failed") and self._stream is not None:
            # httpcore closes the socket after an error, but not when the handshake is cancelled.
            await self._stream.aclose()


def classify(error: Exception, name: str, left: SendTracker, proxy: Proxy | None) -> ServiceError:
    """Say what broke, and whether the request may have left.

    Only four errors are certain by their type; for the rest the trace decides, so that a deadline
    or a proxy that gives up during the handshake is not taken for a DELETE that may have run.
    """
    if isinstance(error, httpx.DecodingError):
        return UnusableAnswer(f"The answer of {name} could not be unpacked.")
    certain = isinstance(
        error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    )
    if certain or not left.maybe:
        return Unreachable(_why_unreachable(error, name, left, proxy))
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        if left.received:
            return OutcomeUnknown(
                f"{name} sends too slowly: {left.received:,} bytes came before the time was up."
            )
        return OutcomeUnknown(f"{name} did not answer in time.")
    return OutcomeUnknown(f"The connection to {name} broke off before the answer was complete.")


def _why_unreachable(error: Exception, name: str, left: SendTracker, proxy: Proxy | None) -> str:
    if isinstance(error, httpx.PoolTimeout):
        return f"All connections to {name} were busy for too long."
    if isinstance(error, httpx.ProxyError):
        return f"The proxy {proxy} refused to connect to {name}{_proxy_status(error)}."
    failed = f"The proxy {proxy}" if proxy and not left.passed_proxy else name
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return f"The connection to {_inside(failed)} timed out."
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in _FILES:
            return f"Could not connect to {_inside(failed)}: {_FILES[cause.errno]}."
    for kind, words in _WHY.items():
        if any(isinstance(cause, kind) for cause in causes):
            said = words.format(name=failed, inside=_inside(failed))
            return said[0].upper() + said[1:] if failed != name else said
    return f"Could not connect to {_inside(failed)}."


def _inside(failed: str) -> str:
    """The name of what failed, inside a sentence."""
    return failed.replace("The proxy", "the proxy", 1)


def _proxy_status(error: httpx.ProxyError) -> str:
    """Return the status that a proxy answered, without its text, which may hold anything."""
    match re.match(r"[0-9]{3}\b", str(error)):
        case None:
            return ""
        case found if found[0] == "407":
            return ": it asks for a user and a password (407)"
        case found:
            return f" ({found[0]})"


_FILES: Final = {
    errno.EMFILE: "this process may open no more files (ulimit -n)",
    errno.ENFILE: "this machine can open no more files",
}
_WHY: Final[dict[type[BaseException], str]] = {
    socket.gaierror: "The name of {inside} was not found. Check the address and the network.",
    ssl.SSLCertVerificationError: (
        "The certificate of {inside} is not trusted: it is expired, for another name, or from an"
        " issuer this machine does not know (SSL_CERT_FILE can name one)."
    ),
    ssl.SSLError: "No secure connection to {inside}: it does not speak TLS as it should.",
    ConnectionRefusedError: "{name} refused the connection: nothing listens there.",
    TimeoutError: "The connection to {inside} timed out.",
}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that led to it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _causes(member)
        error = error.__cause__ or error.__context__
