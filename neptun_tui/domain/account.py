"""Who is signed in, where, and with what secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Final, NoReturn
from urllib.parse import urlsplit

from neptun_tui.domain.errors import InvalidHost

DEFAULT_HOST: Final = "https://neptun-webui.vercel.app"
COOKIE_NAME: Final = "neptun-session"


class Secret:
    """A password or a session cookie that cannot be printed by accident.

    It is no ``str``, so that a traceback, a log line, an f-string or a pickle shows only that there
    is a secret. Call :meth:`reveal` where the bytes are sent or stored, and nowhere else.
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
        """Whether both are one account; its e-mail address can change."""
        return (self.host, self.user_id) == (other.host, other.user_id)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in account: the account and the cookie that proves it. It never expires."""

    account: Account
    cookie: Secret = field(repr=False)
    signed_in_at: datetime | None = None


def is_loopback(hostname: str) -> bool:
    """Whether a host name means this machine and nothing else."""
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
        InvalidHost: it is no URL; it has a path, a user or a query; or it is plain http to a host
            that is not this machine, where the session could be read on the way.
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
        raise InvalidHost("That is no web address: write it like https://neptun.example.com.")
    if url.username or url.password or url.query or url.fragment or url.path not in ("", "/"):
        raise InvalidHost("Only the server itself, please: no path, user or query in the address.")
    if url.scheme == "http" and not is_loopback(hostname):
        raise InvalidHost("Plain http would show your session to the network: use https.")
    shown = f"[{hostname}]" if ":" in hostname else hostname
    if url.netloc.lower() not in (shown, f"{shown}:", f"{shown}:{port}"):
        raise InvalidHost("That is no web address: write it like https://neptun.example.com.")
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{shown}" if port in (None, usual) else f"{url.scheme}://{shown}:{port}"


_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:]+:[0-9a-f:.]*", re.I | re.A)


def _scheme_for(hostname: str) -> str:
    return "http" if is_loopback(hostname) else "https"
