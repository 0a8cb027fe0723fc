"""Sign-up, sign-in and sessions, by the contract (docs/neptun-api.md) §3."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from neptun_tui.demo import errors
from neptun_tui.demo.access import own_user
from neptun_tui.demo.cookies import SessionUser
from neptun_tui.demo.errors import Issue
from neptun_tui.demo.request import Call, Outcome, Verb
from neptun_tui.demo.schema import USERS
from neptun_tui.demo.store import DatabaseError, StatementFailed, Store, timestamp
from neptun_tui.demo.validate import UNDEFINED, Field, Where, checked_object, field_issues, is_email

_SPECIAL: Final = "!@#$%^&*()_+-=[]{};':\"\\|,.<>/?~`"
_GITHUB_APP: Final = "https://github.com/apps/neptun-github-app/installations/new"
_MODEL: Final = "google/gemma-2-27b-it"


def create_user(store: Store, email: str, password: str) -> int:
    """Create an account and return its id."""
    values = {"primary_email": email, "password_hash": _hashed(password)}
    return int(store.add(USERS, values)["id"])


async def sign_up(call: Call) -> Outcome:
    """POST /api/auth/sign-up."""
    if call.opened.session.user is not None:
        raise errors.signed_in_already()
    body = _checked_sign_up(call)
    try:
        if call.store.select(USERS, primary_email=body["email"]):
            raise errors.taken()
        user_id = create_user(call.store, body["email"], body["password"])
    except DatabaseError as error:
        raise errors.failed(500, "Internal Server Error") from error
    return _signed_in(call, SessionUser(user_id, body["email"]))


async def login(call: Call) -> Outcome:
    """POST /api/auth/login."""
    if call.opened.session.user is not None and not call.documented:
        raise errors.signed_in_already()
    body = checked_object(call.request.json())
    _refuse(_credential_issues(body, ("password",), rules=not call.documented))
    try:
        found = call.store.select(USERS, primary_email=body["email"])
    except DatabaseError as error:
        raise errors.bad_login() from error
    if not found or not _matches(found[0]["password_hash"], body["password"]):
        raise errors.bad_login()
    return _signed_in(call, SessionUser(found[0]["id"], body["email"]))


async def logout(call: Call) -> Outcome:
    """POST /api/auth/logout: the cookie is cleared; every copy of it stays valid."""
    if call.documented and call.opened.session.user is None:
        raise errors.no_session()
    return Outcome(Verb.PLAIN, payload=True, cookie="")


async def check(call: Call) -> Outcome:
    """HEAD /api/auth/check: purely cryptographic, without a database query."""
    _ = call.user
    return Outcome(Verb.PLAIN, payload=UNDEFINED, status=200 if call.documented else 204)


async def show_session(call: Call) -> Outcome:
    """GET /api/_auth/session: never refuses, and always sends a new cookie."""
    session = call.opened.session
    return Outcome(Verb.PLAIN, payload=session.described(), cookie=call.sealer.seal(session))


async def end_session(_: Call) -> Outcome:
    """DELETE /api/_auth/session."""
    return Outcome(Verb.PLAIN, payload={"loggedOut": True}, cookie="")


async def change_user(call: Call) -> Outcome:
    """PATCH /api/users/{user_id}: null, not an error, for a taken e-mail (exchange 29.18)."""
    user_id = own_user(call)
    sent = checked_object(call.request.json())
    email, password = sent.get("email"), sent.get("password")
    if email is None and password is None:
        raise errors.failed(400, Where.REQUEST_LINE.value)
    values = {}
    if password is not None:
        issues = list(_password_issues("password", str(password)))
        if issues:
            raise errors.invalid(issues, status_message=Where.REQUEST_LINE.value)
        values["password_hash"] = _hashed(str(password))
    if email is not None:
        values["primary_email"] = email
    try:
        row = call.store.change(USERS, user_id, values)
    except StatementFailed:
        return Outcome(Verb.PLAIN, payload={"user": None})
    user = SessionUser(user_id, row["primary_email"])
    cookie = call.sealer.seal(replace(call.opened.session, user=user))
    shown = {"id": user.id, "primary_email": user.email}
    return Outcome(Verb.PLAIN, payload={"user": shown}, cookie=cookie)


async def cli(call: Call) -> Outcome:
    """GET /api/users/{id}/cli: the caller's data, with the secret, for any id in the path."""
    user = call.user
    payload = {
        "utils": {
            "neptun_api_server_host": f"https://{call.request.host}/api",
            "neptun_github_app_url": _GITHUB_APP,
        },
        "auth": {
            "neptun_session_cookie": call.opened.sealed,
            "user": {"id": user.id, "email": user.email},
        },
        "active_chat": {
            "chat_id": -1,
            "chat_name": f"chat-{time.time_ns() // 1_000_000}",
            "model": _MODEL,
        },
    }
    return Outcome(Verb.PLAIN, payload=payload)


def _signed_in(call: Call, user: SessionUser) -> Outcome:
    session = replace(call.opened.session, user=user, logged_in_at=timestamp())
    if call.opened.session.user is not None:
        session = replace(session, id=str(uuid.uuid4()))
    shown = session.described()
    del shown["id"]
    if call.documented:
        del shown["loggedInAt"]
    return Outcome(Verb.PLAIN, payload=shown, cookie=call.sealer.seal(session))


def _checked_sign_up(call: Call) -> Mapping[str, Any]:
    body = checked_object(call.request.json())
    if call.documented:
        _refuse(_credential_issues(body, ("password",), rules=True))
        return body
    names = ("password", "confirmPassword")
    _refuse(_credential_issues(body, names, rules=True))
    if body["password"] != body["confirmPassword"]:
        message = "Password must match"
        _refuse(
            {"code": "custom", "message": message, "path": [name], "fatal": True} for name in names
        )
    return body


def _refuse(issues: Iterator[Issue]) -> None:
    found = list(issues)
    if found:
        raise errors.invalid(found, status_message=Where.BODY.value)


def _credential_issues(
    body: Mapping[str, Any], passwords: tuple[str, ...], *, rules: bool
) -> Iterator[Issue]:
    email = body.get("email", UNDEFINED)
    yield from field_issues(Field("email", "string", required=True), email)
    if isinstance(email, str) and not is_email(email):
        yield {
            "validation": "email",
            "code": "invalid_string",
            "message": "Invalid email",
            "path": ["email"],
        }
    for name in passwords:
        value = body.get(name, UNDEFINED)
        yield from field_issues(Field(name, "string", required=True), value)
        if rules and isinstance(value, str):
            yield from _password_issues(name, value)


def _password_issues(name: str, password: str) -> Iterator[Issue]:
    """Yield violations of the server's rules, which a sign-in also checks before comparing."""
    if len(password) < 8:
        yield {
            "code": "too_small",
            "minimum": 8,
            "type": "string",
            "inclusive": True,
            "exact": False,
            "message": "Password must have 8 characters",
            "path": [name],
        }
    wanted = {
        "special character": any(c in _SPECIAL for c in password),
        "uppercase letter": any(c.isupper() for c in password),
        "lowercase letter": any(c.islower() for c in password),
        "number": any(c.isdigit() for c in password),
    }
    for what, there in wanted.items():
        if not there:
            message = f"Password must contain at least one {what}"
            yield {"code": "custom", "message": message, "path": [name]}


def _hashed(password: str) -> str:
    salt = secrets.token_hex(8)
    return f"{salt}:{_digest(salt, password)}"


def _digest(salt: str, password: str) -> str:
    return hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()


def _matches(stored: str | None, password: str) -> bool:
    """Compare a password; an account created through GitHub has none."""
    if stored is None:
        return False
    salt, _, digest = stored.partition(":")
    return hmac.compare_digest(digest, _digest(salt, password))
