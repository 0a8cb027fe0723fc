"""Account, session, secret, and the rules for hosts and pasted cookies."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from itertools import pairwise
from typing import Final, NoReturn
from urllib.parse import urlsplit

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InvalidCookie, InvalidHost

DEFAULT_HOST: Final = "https://neptun-webui.vercel.app"
COOKIE_NAME: Final = "neptun-session"


class Secret:
    """A password or a session cookie that cannot be printed by accident.

    It is not a ``str``, so that a traceback, a log line, an f-string or a pickle shows only that
    there is a secret. Call :meth:`reveal` where the bytes are sent or stored, and nowhere else.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True)
class Account:
    """One Neptun account on one server.

    Attributes:
        host: the server's origin, as :func:`parse_host` returns it.
        user_id: Neptun's number for the user; every path holds it.
        email: the primary e-mail address, as the server told it.
    """

    host: str
    user_id: int
    email: str

    @property
    def host_name(self) -> str:
        """The host as people say it: without ``https://``, with its port."""
        return self.host.removeprefix("https://").removeprefix("http://")

    def is_same(self, other: Account) -> bool:
        """Tell whether both are one account; its e-mail address can change."""
        return (self.host, self.user_id) == (other.host, other.user_id)


_ON_ONE_LINE = 40
"""Maximum characters of an e-mail address on one line: the host after it must be in view."""


def account_label(account: Account, most: int = 120) -> str:
    """Return an account with its host; Neptun's number where the e-mail is not known.

    Args:
        account: the account; its e-mail address comes from the server.
        most: maximum characters of the e-mail address.
    """
    name = safe_text.clean(account.email, most) or f"user {account.user_id}"
    return f"{name} on {safe_text.clean(account.host_name, 120)}"


def header_label(account: Account) -> str:
    """Return an account with its host for one line."""
    return account_label(account, _ON_ONE_LINE)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in account: the account and the cookie that proves it. It never expires."""

    account: Account
    cookie: Secret = field(repr=False)
    signed_in_at: datetime | None = None


def is_loopback(hostname: str) -> bool:
    """Tell whether a host name means this machine and nothing else."""
    if hostname == "localhost":
        return True
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return False


def parse_host(text: str) -> str:
    """Read a server address as people type it.

    Args:
        text: a URL or a bare host name; ``https://`` is assumed, ``http://`` for loopback.

    Returns:
        The origin: scheme, host and, when it is not the usual one, port. No trailing slash.

    Raises:
        InvalidHost: it is not a URL; it has a path, a user or a query; or it is plain http to a
            host that is not this machine, where the session could be read on the way.
    """
    typed = text.strip()
    if not typed or any(c.isspace() or not c.isprintable() for c in typed):
        raise InvalidHost("Type the server's address, such as https://neptun.example.com.")
    try:
        hostname = urlsplit(typed if "//" in typed else f"//{typed}").hostname or ""
        url = urlsplit(typed if "//" in typed else f"{_scheme_for(hostname)}://{typed}")
        port = url.port
    except ValueError:
        hostname, url, port = "", urlsplit(""), None
    if url.scheme not in ("http", "https") or not _HOSTNAME.fullmatch(hostname):
        raise InvalidHost("Not a web address: write it like https://neptun.example.com.")
    if url.username or url.password or url.query or url.fragment or url.path not in ("", "/"):
        raise InvalidHost("Only the server itself, please: no path, user or query in the address.")
    if url.scheme == "http" and not is_loopback(hostname):
        raise InvalidHost("Plain http would show your session to the network: use https.")
    shown = f"[{hostname}]" if ":" in hostname else hostname
    if url.netloc.lower() not in (shown, f"{shown}:", f"{shown}:{port}"):
        raise InvalidHost("Not a web address: write it like https://neptun.example.com.")
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{shown}" if port in (None, usual) else f"{url.scheme}://{shown}:{port}"


_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+:[0-9a-f:.]*", re.I | re.A)


def _scheme_for(hostname: str) -> str:
    return "http" if is_loopback(hostname) else "https"


_VALUE: Final = re.compile(r"[A-Za-z0-9*\-._~]{16,8192}")
_CONFIG_NAME: Final = "neptun_session_cookie"
"""Where ``neptun-config.json``, which Neptun's page "CLI" offers, has the cookie (contract §11)."""

_QUOTES: Final = "\"'`"
_HEADER: Final = re.compile(r"\s*(set-)?cookie\s*:", re.IGNORECASE)
_ANY_HEADER: Final = re.compile(r":?[A-Za-z][A-Za-z0-9-]*\s*:|[A-Z]{3,7} \S+ HTTP/|HTTP/[0-9]")
_CURL: Final = re.compile(r"\$?\s*curl(\.exe)?\s")
_NETSCAPE_FIELDS: Final = 7
_TABLE_FIELDS: Final = 3
"""Fewest cells of a row copied from a browser's table of cookies: name, value, domain."""


def parse_cookie(text: str) -> Secret:
    """Find the session cookie in a pasted text.

    Args:
        text: the bare value, ``neptun-session=…``, a ``Cookie:`` or ``Set-Cookie:`` header or all
            headers of a request, a ``curl`` command, ``neptun-config.json``, a ``cookies.txt``, or
            a row of a browser's table of cookies; in quotes or with a byte order mark, too.

    Returns:
        The value alone.

    Raises:
        InvalidCookie: there is none, there are several, a line break is inside, or it has
            characters that a sealed value never has. The text itself is never repeated.
    """
    typed = text.strip().lstrip("\ufeff").strip()
    if len(typed) > 1 and typed[0] in _QUOTES and typed[0] == typed[-1]:
        typed = typed[1:-1].strip()
    found = set(_candidates(typed))
    if len(found) > 1:
        raise InvalidCookie(f"That text holds several different {COOKIE_NAME} cookies.")
    value = found.pop() if found else ""
    if not _VALUE.fullmatch(value):
        raise InvalidCookie(_why(typed, named=bool(value)))
    return Secret(value)


def is_unfinished(text: str) -> bool:
    """Tell whether a text pasted line by line continues: open JSON, or a curl command."""
    typed = text.strip().lstrip("\ufeff").strip()
    if typed[:1] in ("{", "["):
        return _json(typed) is None
    return typed.endswith(("\\", "^")) and bool(_CURL.match(typed))


def _why(typed: str, *, named: bool) -> str:
    if any(not c.isprintable() for c in typed):
        return "The cookie has a line break or a control character in it."
    if not named and re.search(r"[=;:{\s]", typed):
        return f"That text has no {COOKIE_NAME} cookie."
    return f"Not a session cookie: paste the value of {COOKIE_NAME}."


def _candidates(typed: str) -> Iterator[str]:
    """Every value that the text names as the session cookie; the text itself if it names none."""
    if typed[:1] in ("{", "["):
        yield from _in_json(_json(typed))
    elif _CURL.match(typed):
        yield from _in_curl(typed)
    elif "\t" in typed and not _HEADER.match(typed):
        yield from _in_table(typed)
    elif "\n" in typed:
        lines = [line.strip() for line in typed.splitlines() if line.strip()]
        if all(map(_ANY_HEADER.match, lines)):
            for line in filter(_HEADER.match, lines):
                yield from _in_header(line)
    else:
        yield from _in_header(typed)


def _in_header(line: str) -> Iterator[str]:
    """The value in a header, or in what may stand in one: pairs, or the bare value."""
    set_cookie = line.lower().startswith("set-")
    pairs = [part.strip().partition("=") for part in _HEADER.sub("", line, count=1).split(";")]
    pairs = [pair for pair in pairs if pair[0]]
    named = [value for name, sep, value in pairs if sep and name.strip() == COOKIE_NAME]
    if named:
        yield named[0].strip().strip(_QUOTES)
    elif len(pairs) == 1 and not pairs[0][1] and not set_cookie:
        yield pairs[0][0]


def _in_curl(command: str) -> Iterator[str]:
    """The values in the headers (-H) and cookies (-b) of a curl command.

    For Windows' own shell browsers write ``^`` before quotes and line breaks, for bash ``$`` before
    quotes.
    """
    try:
        words = shlex.split(re.sub(r"\^(?=[\"\r\n])", "", command.replace("^\n", " ")))
    except ValueError:
        words = []
    for word, following in pairwise([*words, ""]):
        whole = word in ("-H", "--header", "-b", "--cookie")
        value = (following if whole else word[2:]).removeprefix("$")
        is_header = word.startswith(("-H", "--header")) and _HEADER.match(value)
        if is_header or (word.startswith(("-b", "--cookie")) and "=" in value):
            yield from _in_header(value)


def _in_table(text: str) -> Iterator[str]:
    """The values in a cookies.txt, or in a row of a browser's table of cookies."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) >= _NETSCAPE_FIELDS and cells[5] == COOKIE_NAME:
            yield cells[6].strip(_QUOTES)
        elif len(cells) >= _TABLE_FIELDS and cells[0] == COOKIE_NAME:
            yield cells[1].strip(_QUOTES)


def _in_json(document: object) -> Iterator[str]:
    """The values in ``neptun-config.json``, or in the cookies that a browser exports as JSON."""
    match document:
        case {"auth": dict() as inner}:
            yield from _in_json(inner)
        case dict() if isinstance(value := document.get(_CONFIG_NAME), str):
            yield from _in_header(value)
        case {"name": name, "value": str(value)} if name == COOKIE_NAME:
            yield value
        case {"cookies": list() as inner}:
            yield from _in_json(inner)
        case list():
            for each in document:
                if isinstance(each, dict):
                    yield from _in_json(each)


def _json(text: str) -> object:
    """The document; None when it is not whole, or nested beyond reason."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
