"""Map an error response to an exception: by body first, then by status.

Neptun has two kinds of 401 and three of 404 (contract §2), and a proxy in front of it may
answer with HTML at any time. Here each becomes one exception with one sentence for people. No text
of the server gets into that sentence.
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Final

import msgspec

from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    SignInRefused,
    UnusableAnswer,
)


class Purpose(Enum):
    """Purpose of a call: the same response can mean different things."""

    SIGN_IN = auto()
    ACCOUNT = auto()
    """The session itself, or the list of projects."""
    ITEM = auto()
    """Something inside a project, where "not found" is about that thing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, as far as it is of interest.

    Attributes:
        html: whether the answer says it is HTML, which Neptun's own never are.
        retry_after: seconds the server asked to wait, from 0 to 3600.
        issued: the session cookie that came with it. Anonymous ones come with any answer, so it
            proves nothing by itself (contract §3).
        moment: the time by the server's clock, to the second, when it gave one.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    html: bool = False
    retry_after: float | None = None
    issued: Secret | None = None
    moment: datetime | None = None

    @property
    def accepted(self) -> bool:
        """Any 2xx (contract §1)."""
        return 200 <= self.status < 300


class _Body(msgspec.Struct):
    statusCode: Any = None  # noqa: N815 - the server's spelling
    statusMessage: Any = None  # noqa: N815
    message: Any = None
    error: Any = None
    data: Any = None

    @property
    def documented(self) -> bool:
        """``{"message"}`` or ``{"data":{"message"}}``: never sent by the observed server itself."""
        inner = self.data.get("message") if isinstance(self.data, dict) else None
        return self.error is not True and isinstance(self.message or inner, str)

    @property
    def is_session(self) -> bool:
        """Shape S."""
        return self.error is True and (self.statusCode, self.message) == (401, "Unauthorized")

    @property
    def is_access(self) -> bool:
        """Shape A: told from a sign-in error by the dot alone."""
        told = (self.statusCode, self.statusMessage, self.message, self.error)
        return told == (401, "Unauthorized.", None, None)


_BODY: Final = msgspec.json.Decoder(_Body)


def error_for(answer: Answer, purpose: Purpose, host: str) -> ServiceError | None:
    """Turn an answer other than 2xx into what it means.

    Args:
        answer: the answer.
        purpose: what was asked.
        host: the server as people say it, for the sentence.

    Returns:
        The error to raise; None for a 401 that leaves open whether the session or the access is
        meant, which only ``HEAD /api/auth/check`` can settle.
    """
    status = answer.status
    if status < 400:
        return UnusableAnswer(
            f"{host} sends the request elsewhere instead of answering it: it is not a Neptun, or"
            " its address is another one.",
            status=status,
        )
    if status in (429, 503):
        return Busy(
            f"{host} is busy and asks to come back later.",
            status=status,
            retry_after=answer.retry_after,
        )
    if status >= 500:
        body = _read(answer)
        return ServerFailed(
            f"{host} failed while it worked on the request.",
            status=status,
            by_server=body is not None and body.statusCode == status,
        )
    body = _read(answer)
    if body is None:
        return _unreadable(answer, purpose, host)
    return _told(body, status, purpose, host)


def parse_retry_after(text: str) -> float | None:
    """Read a ``Retry-After`` header.

    Args:
        text: seconds, or an HTTP date.

    Returns:
        Seconds from now, from 0 to 3600; None when it is neither.
    """
    if re.fullmatch(r"\s*[0-9]{1,12}\s*", text, re.ASCII):
        return min(3600.0, float(text))
    moment = parse_date(text)
    if moment is None:
        return None
    return min(3600.0, max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def parse_date(text: str) -> datetime | None:
    """Read an HTTP date; None when it is none."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def rejected_fields(data: object) -> tuple[str, ...]:
    """The names of the fields that a zod error complains of, each once, in its order."""
    issues = data.get("issues") if isinstance(data, dict) else None
    paths = [issue.get("path") for issue in _list(issues) if isinstance(issue, dict)]
    names = [name for path in paths for name in _list(path)[:1]]
    return tuple(dict.fromkeys(n for n in names if isinstance(n, str) and _NAME.fullmatch(n)))


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(answer: Answer) -> _Body | None:
    """The body as a JSON object; None when it is anything else."""
    try:
        return _BODY.decode(answer.body)
    except (ValueError, RecursionError):
        return None


def _unreadable(answer: Answer, purpose: Purpose, host: str) -> ServiceError | None:
    """The meaning of a 4xx without a JSON object: HTML, other text, or nothing at all."""
    if answer.status == 413:
        return _too_large(host)
    if not answer.body and not answer.html:
        if answer.status == 400:
            return _rejected((), purpose, 400)
        if answer.status == 401 and purpose is not Purpose.SIGN_IN:
            return None
    return no_neptun(host, answer.status)


def _told(body: _Body, status: int, purpose: Purpose, host: str) -> ServiceError | None:
    """The meaning of a 4xx with a JSON object in it (contract §2)."""
    if purpose is not Purpose.SIGN_IN:
        if body.is_session:
            return session_expired(status)
        if body.is_access:
            return access_denied(status)
    if status == 401:
        return _sign_in_refused() if purpose is Purpose.SIGN_IN else None
    if status == 404:
        return _not_found(body, purpose, host)
    if status == 403:
        return no_neptun(host, 403) if purpose is Purpose.SIGN_IN else access_denied(403)
    if status == 413:
        return _too_large(host)
    return _rejected(rejected_fields(body.data), purpose, status)


def _not_found(body: _Body, purpose: Purpose, host: str) -> ServiceError:
    """The three kinds of 404: a missing item, a failed statement, a path the server has not got."""
    if body.documented and purpose is Purpose.ITEM:
        return access_denied(404)
    if body.error is not True and not body.documented and isinstance(body.statusMessage, str):
        return ServerFailed(f"{host} tried, and its database failed.", status=404)
    return no_neptun(host, 404)


def session_expired(status: int | None = None) -> SessionExpired:
    """The server does not know the session."""
    return SessionExpired("Your session has expired. Sign in again.", status=status)


def access_denied(status: int) -> AccessDenied:
    """Shape A and its documented relatives."""
    return AccessDenied("Not found, or you do not have access.", status=status)


def no_neptun(host: str, status: int) -> UnusableAnswer:
    """Something answered that does not speak as Neptun does."""
    return UnusableAnswer(
        f"{host} responded, but not like Neptun (HTTP {status})."
        " Wrong address, or a proxy in between?",
        status=status,
    )


def not_whole(host: str, status: int) -> UnusableAnswer:
    """A 2xx other than 200 to a GET: a part (206), a difference (226), or what a proxy has changed.

    204 is what Neptun sends for a list while its database is down (contract §7).
    """
    return UnusableAnswer(f"{host} sent no complete answer (HTTP {status}).", status=status)


def _sign_in_refused() -> SignInRefused:
    return SignInRefused(
        "Wrong e-mail address or password. (A server without its database says the same.)",
        status=401,
    )


def _too_large(host: str) -> Rejected:
    return Rejected(f"{host} refuses this because it is too large.", status=413)


def _rejected(fields: tuple[str, ...], purpose: Purpose, status: int) -> Rejected:
    if purpose is Purpose.SIGN_IN:
        fields = tuple(name for name in fields if name in _SIGN_IN_WORDS)
        words = [_SIGN_IN_WORDS[name] for name in fields] or ["Neptun cannot read this sign-in."]
        return Rejected(" ".join(words), status=status, fields=fields)
    named = f" It complains of: {', '.join(fields)}." if fields else ""
    return Rejected(f"Neptun refuses the request as it is.{named}", status=status, fields=fields)


# A wrong password that breaks the rules for new ones is a 400 and no 401 (contract §3).
_SIGN_IN_WORDS: Final = {
    "email": "Neptun rejects this e-mail address: look for blanks and typing mistakes.",
    "password": "Wrong password: Neptun's rules allow none like it.",
}
