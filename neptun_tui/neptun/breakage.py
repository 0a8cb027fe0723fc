"""Which failures of the network mean that a request certainly never left, and the words for each.

This is where a promise hangs on what httpx and httpcore do: "not sent" is said only of an error
raised before the first byte of the request itself was handed to a connection.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from neptun_tui.domain.errors import OutcomeUnknown, ServiceError, Unreachable, UnusableAnswer


class Left:
    """Whether the request may have left this machine: a trace that httpcore calls as it works.

    A transport that is not ours traces nothing, so there the request counts as sent.
    """

    def __init__(self, *, traced: bool) -> None:
        self.maybe = not traced
        self._stream: Any = None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of one step of httpcore; the CONNECT to a proxy is not yet the request."""
        if event.endswith(".send_request_headers.started"):
            self.maybe = self.maybe or info["request"].method != b"CONNECT"
        elif event.endswith(".connect_tcp.complete"):
            self._stream = info["return_value"]
        elif event.endswith(".start_tls.failed") and self._stream is not None:
            # httpcore closes the socket after an error, but not when the handshake is cancelled.
            await self._stream.aclose()


def broken(error: Exception, name: str, *, may_have_left: bool) -> ServiceError:
    """Say what broke, and whether the request may have left.

    Only four errors are certain by their type; for the rest the trace decides, so that a deadline
    or a proxy that gives up during the handshake is not taken for a DELETE that may have run.
    """
    if isinstance(error, httpx.DecodingError):
        return UnusableAnswer(f"The answer of {name} could not be unpacked.")
    certain = isinstance(
        error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    )
    if certain or not may_have_left:
        return Unreachable(_why_unreachable(error, name))
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return OutcomeUnknown(f"{name} did not answer in time.")
    return OutcomeUnknown(f"The connection to {name} broke off before the answer was complete.")


def _why_unreachable(error: Exception, name: str) -> str:
    if isinstance(error, httpx.PoolTimeout):
        return f"All connections to {name} were busy for too long."
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return f"The connection to {name} timed out."
    if isinstance(error, httpx.ProxyError):
        return f"The proxy named in the environment does not let us through to {name}."
    causes = list(_causes(error))
    for kind, words in _WHY.items():
        if any(isinstance(cause, kind) for cause in causes):
            return words.format(name=name)
    return f"There is no way to {name}: the connection was not made."


_WHY: Final[dict[type[BaseException], str]] = {
    socket.gaierror: "The name {name} was not found. Check the address and the network.",
    ssl.SSLCertVerificationError: (
        "The certificate of {name} is not trusted: it is expired, for another name, or from an"
        " issuer this machine does not know (SSL_CERT_FILE can name one)."
    ),
    ssl.SSLError: "No secure connection to {name}: it does not speak TLS as it should.",
    ConnectionRefusedError: "{name} refused the connection: nothing listens there.",
    TimeoutError: "The connection to {name} timed out.",
}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that led to it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _causes(member)
        error = error.__cause__ or error.__context__
