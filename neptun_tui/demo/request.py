"""Request and response as the handlers see them."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl

from neptun_tui.demo.cookies import OpenedSession, Sealer, SessionUser
from neptun_tui.demo.dialect import Dialect
from neptun_tui.demo.errors import framework, no_session
from neptun_tui.demo.store import Store
from neptun_tui.demo.validate import UNDEFINED

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Verb(Enum):
    """Action of a handler, which determines the format of the response in each dialect."""

    LISTED = auto()
    FOUND = auto()
    CREATED = auto()
    CHANGED = auto()
    DELETED = auto()
    PLAIN = auto()
    """The payload is the body in both dialects."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a request that was not refused."""

    verb: Verb
    noun: str = ""
    payload: Any = None
    """JSON value, or UNDEFINED for no body."""
    status: int = 200
    content_type: str = "application/json"
    """Content type; for anything but JSON the payload is a text."""
    cookie: str | None = None
    """Value of a Set-Cookie; an empty one clears the cookie."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """Request as received, with the path still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def url(self) -> str:
        """URL as the framework repeats it in its error bodies."""
        query = f"?{self.query}" if self.query else ""
        return f"http://{self.host}{self.path}{query}"

    @property
    def host(self) -> str:
        """Host requested by the client."""
        return self.headers.get("host", "localhost")

    @property
    def query_values(self) -> Mapping[str, Sequence[str]]:
        """Decoded query parameters, including repeated and empty ones."""
        return parse_qs(self.query, keep_blank_values=True)

    def json(self) -> object:
        """Return the body as a JSON value, or UNDEFINED without one; a form is an object.

        Raises:
            Refusal: Shape N, if it is not JSON.
        """
        if not self.body:
            return UNDEFINED
        text = self.body.decode("utf-8", "replace")
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(text, keep_blank_values=True))
        try:
            return _without_surrogates(json.loads(text, parse_constant=_no_json))
        except ValueError as error:
            raise framework(400, "Invalid JSON body") from error


@dataclass(frozen=True, slots=True)
class Call:
    """Request with its context, the argument of a handler."""

    request: RawRequest
    params: Mapping[str, str]
    opened: OpenedSession
    store: Store
    sealer: Sealer
    dialect: Dialect

    @property
    def user(self) -> SessionUser:
        """Signed-in user.

        Raises:
            Refusal: Shape S, if there is none.
        """
        user = self.opened.session.user
        if user is None:
            raise no_session()
        return user

    @property
    def documented(self) -> bool:
        """True for the documented dialect."""
        return self.dialect is Dialect.DOCUMENTED


Handler = Callable[[Call], Awaitable[Outcome]]
"""Coroutine function of a route."""


def _no_json(name: str) -> None:
    """Refuse `NaN` and `Infinity`, which Python accepts although they are not JSON."""
    raise ValueError(name)


def _without_surrogates(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot carry, as JavaScript does (exchange 4.15c)."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value
