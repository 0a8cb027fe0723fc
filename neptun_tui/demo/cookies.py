"""Sealed session cookies `neptun-session`, by the contract (docs/neptun-api.md) §3.

A session is stored only in the cookie. The server keeps nothing, so a cookie outlives sign-out, a
restart and even its account; only another key ends it. The sealing imitates the look of the real
one (`Fe26.2**…`, about 440 characters) and rejects modified values. It is for a demonstration with
made-up data, not for secrets.
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
"""Name of the cookie."""
SESSION_HEADER: Final = "x-neptun-session-session"
"""Header that has priority over the cookie (exchange 1.37)."""
ATTRIBUTES: Final = "Path=/; HttpOnly; Secure; SameSite=Lax"
"""Attributes of every Set-Cookie: no Max-Age, no Expires, no Domain."""
THROW_AWAY_KEY: Final = b"demo-key-not-a-secret-0123456789"
"""Default key: fixed and public, so that a cookie survives a restart of the demo."""
_PREFIX: Final = "Fe26.2"


@dataclass(frozen=True, slots=True)
class SessionUser:
    """User of a session."""

    id: int
    email: str


@dataclass(frozen=True, slots=True)
class Session:
    """Session as sealed into a cookie; anonymous without a user."""

    id: str
    user: SessionUser | None = None
    logged_in_at: str | None = None

    def described(self) -> dict[str, Any]:
        """Return the session as `GET /api/_auth/session` sends it."""
        shown: dict[str, Any] = {"id": self.id}
        if self.user is not None:
            shown["user"] = {"id": self.user.id, "primary_email": self.user.email}
            shown["loggedInAt"] = self.logged_in_at
        return shown


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """Session of one request, with the cookie value that it was read from."""

    session: Session
    sealed: str
    """Cookie value, or empty for a new session."""

    @property
    def fresh(self) -> bool:
        """True if no valid cookie was sent, so the response sets an anonymous one."""
        return not self.sealed


class Sealer:
    """Sealer of sessions into cookie values, and back."""

    def __init__(self, key: bytes = THROW_AWAY_KEY) -> None:
        """Initialise with the key of all cookies."""
        self._key = key

    def seal(self, session: Session) -> str:
        """Return a new cookie value for the session; two seals of one session differ."""
        salt, nonce = secrets.token_hex(32), _encode(secrets.token_bytes(16))
        content = json.dumps({**session.described(), "createdAt": time.time_ns() // 1_000_000})
        hidden = _encode(self._mask(salt + nonce, content.encode()))
        body = f"{_PREFIX}**{salt}*{nonce}*{hidden}*"
        return f"{body}*{secrets.token_hex(32)}*{self._signature(body)}"

    def unseal(self, value: str) -> Session | None:
        """Return the session in a cookie value, or None if another key sealed it."""
        body, _, tail = value.rpartition("**")
        _, _, signature = tail.rpartition("*")
        body += "*"
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        _, _, salt, nonce, hidden, _ = body.split("*")
        return _session(json.loads(self._mask(salt + nonce, _decode(hidden))))

    def open(self, headers: Mapping[str, str]) -> OpenedSession:
        """Return the session of a request, or a new anonymous one."""
        sealed = headers.get(SESSION_HEADER) or first_cookie(headers.get("cookie", ""))
        session = self.unseal(sealed)
        if session is None:
            return OpenedSession(Session(str(uuid.uuid4())), "")
        return OpenedSession(session, sealed)

    def _signature(self, body: str) -> str:
        return _encode(hmac.digest(self._key, body.encode(), "sha256"))

    def _mask(self, seed: str, content: bytes) -> bytes:
        """Encrypt or decrypt the content; the operation is symmetric."""
        stream = hashlib.shake_256(self._key + seed.encode()).digest(len(content))
        return bytes(a ^ b for a, b in zip(content, stream, strict=True))


def first_cookie(header: str) -> str:
    """Return the first session cookie of a Cookie header (exchanges 1.38, 1.39)."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def set_cookie(value: str) -> str:
    """Return the Set-Cookie header for a value; an empty one clears the cookie."""
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
