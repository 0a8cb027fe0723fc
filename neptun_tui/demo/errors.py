"""Error responses of Neptun, in the shapes of the contract (docs/neptun-api.md) §2.

A refusal contains both the observed response and the documented one; the dialect picks one.
Handlers raise refusals; the application converts them to responses in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Issue = dict[str, Any]
"""Issue of the validation, in Zod's format."""


@dataclass(frozen=True, slots=True)
class Documented:
    """Documented response, in place of the observed one."""

    status: int
    message: str

    def body(self) -> dict[str, Any]:
        """Return the documented error body."""
        return {"statusCode": self.status, "message": self.message}


@dataclass(eq=False)  # not frozen: Python sets __traceback__ on an exception
class Refusal(Exception):
    """Error response to a request."""

    status: int
    status_message: str
    documented: Documented
    data: Mapping[str, Any] | None = None
    framework_message: str | None = None
    """Message of the shapes S and N, which come from the framework and not from a handler."""

    def observed_body(self, url: str) -> dict[str, Any]:
        """Return the body that the observed server sends for this request URL."""
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
    """Return shape S: no cookie, an invalid one, or an anonymous one."""
    return Refusal(
        401, "Server Error", Documented(401, "Unauthorized"), framework_message="Unauthorized"
    )


def no_access(noun: str, *, foreign: bool = False) -> Refusal:
    """Return shape A: signed in, but the resource is another user's, or does not exist."""
    documented = Documented(404, f"{noun.capitalize()} not found")
    return Refusal(401, "Unauthorized.", Documented(403, "Forbidden") if foreign else documented)


def bad_login() -> Refusal:
    """Return shape L: wrong e-mail or password, or no database to compare them with."""
    return Refusal(401, "Unauthorized", Documented(401, "Invalid email or password"))


def signed_in_already() -> Refusal:
    """Return the refusal of a sign-in or sign-up with a valid session."""
    return Refusal(403, "Forbidden", Documented(403, "Forbidden"))


def taken() -> Refusal:
    """Return the refusal of a sign-up with an e-mail that has an account."""
    return Refusal(409, "Conflict", Documented(409, "Email already exists"))


def invalid(issues: Sequence[Issue], *, status_message: str) -> Refusal:
    """Return shape V: "Bad Request" for bodies, "Bad Request." for ids and queries."""
    data = {"issues": list(issues), "name": "ZodError"}
    return Refusal(400, status_message, Documented(400, "Bad Request"), data)


def failed(status: int, status_message: str, *, data: Mapping[str, Any] | None = None) -> Refusal:
    """Return the refusal of a failed statement; each handler has its own message."""
    documented = Documented(500, "Internal Server Error")
    return Refusal(status, status_message, documented, data)


def framework(status: int, message: str, documented: str | None = None) -> Refusal:
    """Return shape N: an error of the framework before or after any handler."""
    reason = message if status != 400 else "Bad Request"
    return Refusal(
        status, reason, Documented(status, documented or message), framework_message=message
    )


def server_error() -> Refusal:
    """Return shape N, 500: an error that no handler caught."""
    return framework(500, "Server Error", "Internal Server Error")


def id_out_of_range() -> Refusal:
    """Return the refusal of an id above PostgreSQL's integer: observed 500, documented 400."""
    return Refusal(
        500, "Server Error", Documented(400, "Bad Request"), framework_message="Server Error"
    )


def page_not_found(path: str) -> Refusal:
    """Return shape N, 404: no such route, or not with this method; it never sends 405."""
    message = f"Page not found: {path}"
    return Refusal(
        404, message, Documented(404, message), {"path": path}, framework_message=message
    )
