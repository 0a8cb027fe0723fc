"""Sealed session cookies: `neptun-session`, as the contract (tests/contract/NEPTUN_API.md) §3 says.

A session lives in the cookie alone. Nothing is kept on the server, so a cookie outlives sign-out,
a restart and even its account; only another key ends it. The sealing imitates the look of the
real one (`Fe26.2**…`, about 440 characters) and refuses what was tampered with. It is made for a
demonstration that serves made-up data, not for secrets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

COOKIE: Final = "neptun-session"
"""The name of the cookie."""
SESSION_HEADER: Final = "x-neptun-session-session"
"""A header that is read before the cookie (exchange 1.37)."""
ATTRIBUTES: Final = "Path=/; HttpOnly; Secure; SameSite=Lax"
"""What follows the value in every Set-Cookie: no Max-Age, no Expires, no Domain."""
THROW_AWAY_KEY: Final = b"demo-key-not-a-secret-0123456789"
"""The default key: fixed and public, so that a cookie survives a restart of the demo."""
_PREFIX: Final = "Fe26.2"


@dataclass(frozen=True, slots=True)
class SessionUser:
    """Whose session it is."""

    id: int
    email: str


@dataclass(frozen=True, slots=True)
class Session:
    """What is sealed into a cookie. Without a user it is an anonymous one."""

    id: str
    user: SessionUser | None = None
    logged_in_at: str | None = None

    def described(self) -> dict[str, Any]:
        """The session as `GET /api/_auth/session` shows it."""
        shown: dict[str, Any] = {"id": self.id}
        if self.user is not None:
            shown["user"] = {"id": self.user.id, "primary_email": self.user.email}
            shown["loggedInAt"] = self.logged_in_at
        return shown


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The session of one request, and how it was found."""

    session: Session
    sealed: str
    """The value it was read from, or empty if it is a fresh one."""

    @property
    def fresh(self) -> bool:
        """Nothing decodable was sent, so the answer sets an anonymous cookie."""
        return not self.sealed


class Sealer:
    """Seals sessions into cookie values and opens them again."""

    def __init__(self, key: bytes = THROW_AWAY_KEY) -> None:
        """Take the key that all cookies depend on."""
        self._key = key

    def seal(self, session: Session) -> str:
        """A new cookie value for the session; two seals of one session differ."""
        salt, nonce = secrets.token_hex(32), _encode(secrets.token_bytes(16))
        content = json.dumps({**session.described(), "createdAt": time.time_ns() // 1_000_000})
        hidden = _encode(self._mask(salt + nonce, content.encode()))
        body = f"{_PREFIX}**{salt}*{nonce}*{hidden}*"
        return f"{body}*{secrets.token_hex(32)}*{self._signature(body)}"

    def unseal(self, value: str) -> Session | None:
        """The session in a cookie value, or None if this key did not seal it."""
        body, _, tail = value.rpartition("**")
        _, _, signature = tail.rpartition("*")
        body += "*"
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        _, _, salt, nonce, hidden, _ = body.split("*")
        return _session(json.loads(self._mask(salt + nonce, _decode(hidden))))

    def open(self, headers: Mapping[str, str]) -> OpenedSession:
        """The session a request carries, or a fresh anonymous one."""
        sealed = headers.get(SESSION_HEADER) or first_cookie(headers.get("cookie", ""))
        session = self.unseal(sealed)
        if session is None:
            return OpenedSession(Session(str(uuid.uuid4())), "")
        return OpenedSession(session, sealed)

    def _signature(self, body: str) -> str:
        return _encode(hmac.digest(self._key, body.encode(), "sha256"))

    def _mask(self, seed: str, content: bytes) -> bytes:
        """Hide or show the content: the same step both ways."""
        stream = hashlib.shake_256(self._key + seed.encode()).digest(len(content))
        return bytes(a ^ b for a, b in zip(content, stream, strict=True))


def first_cookie(header: str) -> str:
    """The session cookie in a Cookie header; of two, the first counts (exchanges 1.38, 1.39)."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def set_cookie(value: str) -> str:
    """The Set-Cookie header for a value; an empty one clears the cookie."""
    return f"{COOKIE}={value}; {ATTRIBUTES}"


def _session(content: Mapping[str, Any]) -> Session:
    user = content.get("user")
    return Session(
        id=content["id"],
        user=SessionUser(user["id"], user["primary_email"]) if user else None,
        logged_in_at=content.get("loggedInAt"),
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
