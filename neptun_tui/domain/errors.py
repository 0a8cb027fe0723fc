"""Exception tree of the program; callers match on the class, the text is for people.

    NeptunTuiError
    ├── InputError             what was typed cannot be meant
    │   ├── InvalidHost
    │   ├── InvalidCookie
    │   ├── InvalidId
    │   ├── NotSignedIn        no session to ask with
    │   ├── UnclearAccount     several sessions are kept, and nothing says which is meant
    │   │   └── DefaultSignedOut   also a NotSignedIn: the default has no session, others have
    │   ├── SimilarAccount     that account is not signed in; one that is written almost so is
    │   ├── ReadOnly           nothing may be changed in this start of the program
    │   ├── RunUnderWay        one deletion at a time
    │   └── WrongAccount       signed in, but not as the account that was asked for
    ├── CannotPlan             a deletion or a restore of this cannot be begun; nothing was sent
    ├── ServiceError           a call to Neptun did not give what was asked for
    │   ├── Unreachable        not connected: the request was certainly not sent
    │   ├── OutcomeUnknown     connected and then broken off: it may have been carried out
    │   ├── SessionExpired     shape S: the server does not know this session
    │   ├── AccessDenied       shape A, 403, documented 404: not found, or no access
    │   ├── SignInRefused      shape L: wrong e-mail or password, or the database is down
    │   ├── Rejected           shape V and other 400s and 413: the server will never take this
    │   ├── Busy               429 or 503: asked to come back later
    │   ├── ServerFailed       5xx, and the observed 404 of a failed statement
    │   ├── PartialList        one half of a listing could not be had
    │   └── UnusableAnswer     not an answer of Neptun's: HTML, null, a broken or missing body
    └── StorageError           this machine would not keep or give back something
        └── SessionStoreUnavailable

The shapes are those of the contract (docs/neptun-api.md §2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neptun_tui.domain.account import Account


class NeptunTuiError(Exception):
    """The root: every error of this program that a person may get to see, as one sentence."""


class InputError(NeptunTuiError, ValueError):
    """Input that cannot be valid; nothing was sent."""


class InvalidHost(InputError):
    """The server's address is not a URL, or is one this program refuses."""


class InvalidCookie(InputError):
    """The pasted text holds no usable session cookie."""


class InvalidId(InputError):
    """An ID is not a whole number from 1 to 2147483647."""


class NotSignedIn(InputError):
    """This machine keeps no session for what was asked for."""


class UnclearAccount(InputError):
    """Several sessions are kept, and nothing says which one is meant.

    Attributes:
        choices: the accounts to choose among, the newest session first.
    """

    def __init__(self, message: str, choices: tuple[Account, ...]) -> None:
        super().__init__(message)
        self.choices = choices


class DefaultSignedOut(UnclearAccount, NotSignedIn):
    """The default account no longer has a session; no other one replaces it."""


class SimilarAccount(InputError):
    """The account that was named is not signed in; one that is written almost the same is."""


class ReadOnly(InputError):
    """Something was asked for that would change what Neptun holds, in read-only mode."""


class RunUnderWay(InputError):
    """A deletion was asked for while another has not ended."""


class WrongAccount(InputError):
    """A sign-in worked, but gave another account than the one that must go on."""


class CannotPlan(NeptunTuiError):
    """Items to delete or restore that do not exist; nothing was sent."""


class ServiceError(NeptunTuiError):
    """A call to Neptun did not give what was asked for.

    Attributes:
        status: the HTTP status, or None when there was no answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(ServiceError):
    """No connection was made, so the request was certainly not sent."""


class OutcomeUnknown(ServiceError):
    """The connection broke, or time ran out, after the request may have left."""


class SessionExpired(ServiceError):
    """Shape S: the server does not know this session. The only error that signs anyone out."""


class AccessDenied(ServiceError):
    """Shape A, a 403, or a documented 404: not found, or no access."""


class SignInRefused(ServiceError):
    """Shape L: wrong e-mail or password, or, on the observed server, a database that is down."""


class Rejected(ServiceError):
    """The server will never take this request as it is.

    Attributes:
        fields: the names of the fields the server complained of, if it named any.
    """

    def __init__(
        self, message: str, *, status: int | None = None, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, status=status)
        self.fields = fields


class Busy(ServiceError):
    """The server asks to come back later.

    Attributes:
        retry_after: seconds to wait, when the server said so.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class ServerFailed(ServiceError):
    """The server tried and failed. For a DELETE the row may or may not still be there.

    Attributes:
        by_server: whether the answer has a body of the server's own. Without one it may come from
            a gateway, which knows nothing of the request.
    """

    def __init__(self, message: str, *, status: int | None = None, by_server: bool = True) -> None:
        super().__init__(message, status=status)
        self.by_server = by_server


class PartialList(ServiceError):
    """Imports or files could be listed, but not both: half a list must not pass for a whole one."""


class UnusableAnswer(ServiceError):
    """Not an answer of Neptun's: HTML, null, a broken body, or none where one was due."""


class StorageError(NeptunTuiError):
    """This machine would not keep or give back something."""


class SessionStoreUnavailable(StorageError):
    """A place for the session cannot be used; the text is the reason, in words."""
