"""Error responses of Neptun, in the shapes of the contract (tests/contract/NEPTUN_API.md) §2.

A refusal knows both what the observed server sends and what the reference documents; the dialect
picks one. Handlers raise refusals; the application turns them into answers in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Issue = dict[str, Any]
"""One complaint of the validation, as Zod words it."""


@dataclass(frozen=True, slots=True)
class Documented:
    """What the reference says instead of the observed answer."""

    status: int
    message: str

    def body(self) -> dict[str, Any]:
        """The documented error body."""
        return {"statusCode": self.status, "message": self.message}


@dataclass(eq=False)  # not frozen: Python itself writes the traceback of an exception
class Refusal(Exception):
    """A request that is answered with something other than what it asked for."""

    status: int
    status_message: str
    documented: Documented
    data: Mapping[str, Any] | None = None
    framework_message: str | None = None
    """Set for the shapes S and N, which come from the framework and not from a handler."""

    def observed_body(self, url: str) -> dict[str, Any]:
        """The body the observed server sends for this request URL."""
        if self.framework_message is None:
            body = {"statusCode": self.status, "statusMessage": self.status_message, "stack": []}
        else:
            body = {
                "error": True,
                "url": url,
                "statusCode": self.status,
                "statusMessage": self.status_message,
                "message": self.framework_message,
            }
        return body if self.data is None else {**body, "data": self.data}


def no_session() -> Refusal:
    """Shape S: no cookie, a broken one, or an anonymous one."""
    return Refusal(
        401, "Server Error", Documented(401, "Unauthorized"), framework_message="Unauthorized"
    )


def no_access(noun: str, *, foreign: bool = False) -> Refusal:
    """Shape A: signed in, but the thing is somebody else's, or not there (any more)."""
    documented = Documented(404, f"{noun.capitalize()} not found")
    return Refusal(401, "Unauthorized.", Documented(403, "Forbidden") if foreign else documented)


def bad_login() -> Refusal:
    """Shape L: wrong e-mail or password, or no database to compare them with."""
    return Refusal(401, "Unauthorized", Documented(401, "Invalid email or password"))


def signed_in_already() -> Refusal:
    """A sign-in or sign-up that carries a valid session."""
    return Refusal(403, "Forbidden", Documented(403, "Forbidden"))


def taken() -> Refusal:
    """A sign-up with an e-mail that has an account."""
    return Refusal(409, "Conflict", Documented(409, "Email already exists"))


def invalid(issues: Sequence[Issue], *, status_message: str) -> Refusal:
    """Shape V. Bodies are refused with "Bad Request", ids and queries with "Bad Request."."""
    data = {"issues": list(issues), "name": "ZodError"}
    return Refusal(400, status_message, Documented(400, "Bad Request"), data)


def failed(status: int, status_message: str, *, data: Mapping[str, Any] | None = None) -> Refusal:
    """A statement failed in a handler; each handler has its own words for it."""
    documented = Documented(500, "Internal Server Error")
    return Refusal(status, status_message, documented, data)


def framework(status: int, message: str, documented: str | None = None) -> Refusal:
    """Shape N: what the framework refuses before or after any handler."""
    reason = message if status != 400 else "Bad Request"
    return Refusal(
        status, reason, Documented(status, documented or message), framework_message=message
    )


def server_error() -> Refusal:
    """Shape N, 500: something failed that no handler caught."""
    return framework(500, "Server Error", "Internal Server Error")


def id_out_of_range() -> Refusal:
    """An id no PostgreSQL integer can hold: observed a server error, documented a bad request."""
    return Refusal(
        500, "Server Error", Documented(400, "Bad Request"), framework_message="Server Error"
    )


def page_not_found(path: str) -> Refusal:
    """Shape N, 404: no such route, or not with this method; there is no 405."""
    message = f"Page not found: {path}"
    return Refusal(
        404, message, Documented(404, message), {"path": path}, framework_message=message
    )
