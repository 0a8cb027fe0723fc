"""Replay of every recorded exchange that this client could have made."""

import json
import re
from pathlib import Path

import httpx
import pytest

from neptun_tui.domain.account import Secret, Session
from neptun_tui.domain.errors import (
    AccessDenied,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    SignInRefused,
    UnusableAnswer,
)
from neptun_tui.domain.resources import Kind, Project, StoredContext
from neptun_tui.domain.stored_context import compare

CONTRACT = Path(__file__).parents[1] / "contract"
EXCHANGES = [
    json.loads(line)
    for name in ("exchanges.jsonl", "exchanges-2.jsonl")
    for line in (CONTRACT / name).read_text(encoding="utf-8").splitlines()
]

PROJECT = r"/api/users/[^/]+/projects/[^/]+/resources"
CALLS = {
    "sign_in": r"POST /api/auth/login",
    "check": r"HEAD /api/auth/check",
    "session": r"GET /api/_auth/session",
    "sign_out": r"POST /api/auth/logout",
    "projects": r"GET /api/users/[^/]+/projects",
    "imports": rf"GET {PROJECT}/imports(\?.*)?",
    "files": rf"GET {PROJECT}/files(\?.*)?",
    "delete_import": rf"DELETE {PROJECT}/imports/[^/]+",
    "delete_file": rf"DELETE {PROJECT}/files/[^/]+",
    "project": r"GET /api/users/[^/]+/projects/[^/]+",
    "renew_context": r"POST /api/users/[^/]+/projects/[^/]+/context",
    "live_context": r"GET /api/users/[^/]+/projects/[^/]+/context",
    "prompt_markdown": r"GET /api/users/[^/]+/projects/[^/]+/context/markdown",
}


def call_of(exchange):
    line = f"{exchange['request']['method']} {exchange['request']['path']}"
    return next((name for name, pattern in CALLS.items() if re.fullmatch(pattern, line)), None)


PLAYED = [(call_of(exchange), exchange) for exchange in EXCHANGES if call_of(exchange)]
PLAYED = [
    (call, exchange)
    for call, exchange in PLAYED
    # While a cookie is sent, a sign-in is 403; this client sends none then.
    if not (call == "sign_in" and exchange["response"]["status"] == 403)
]


def ids(rows):
    return sorted(row["id"] for row in rows)


def expected(call, exchange):
    """Expected result, read from the recording by other means than the client's."""
    status, body = exchange["response"]["status"], exchange["response"]["body"] or ""
    if call == "check":
        return status == 204
    if call == "session":
        return Session if '"user"' in body else SessionExpired
    if status == 200:
        if exchange["response"].get("body_cut") and call in ("projects", "imports", "files"):
            return UnusableAnswer  # a truncated list
        if call == "project" and exchange["response"].get("body_cut"):
            return UnusableAnswer
        return {
            "sign_in": Session,
            "projects": list,
            "imports": list,
            "files": list,
            "project": Project,
            "renew_context": StoredContext,
            "live_context": StoredContext,
            "prompt_markdown": str,
        }.get(call)
    if status >= 500:
        return ServerFailed
    if "Page not found" in body or "<!DOCTYPE" in body or status == 204:
        return UnusableAnswer
    if status == 401 and call == "sign_in":
        return SignInRefused
    words = {
        '"Unauthorized."': AccessDenied,
        '"message": "Unauthorized"': SessionExpired,
        '"Not Found.': ServerFailed,
        '"statusCode": 400': Rejected,
    }
    return next(meaning for text, meaning in words.items() if text in body)


async def play(client, call, session, project=1):
    match call:
        case "sign_in":
            return await client.sign_in("alice@example.com", Secret("Thr0w-away!"))
        case "check":
            return await client.check(session)
        case "session":
            return await client.session_from_cookie(session.cookie)
        case "sign_out" | "projects":
            return await getattr(client, call)(session)
        case "imports" | "files" | "project" | "renew_context" | "live_context" | "prompt_markdown":
            return await getattr(client, call)(session, project)
    return await getattr(client, call)(session, 1, 2)


@pytest.mark.parametrize(
    ("call", "exchange"), PLAYED, ids=[f"{call}: {e['name'][:60]}" for call, e in PLAYED]
)
async def test_played_back(call, exchange, scripted, session):
    recorded = exchange["response"]
    answer = httpx.Response(
        recorded["status"], headers=recorded["headers"], text=recorded["body"] or ""
    )
    wanted = expected(call, exchange)
    client = scripted(answer)
    if isinstance(wanted, type) and issubclass(wanted, ServiceError):
        with pytest.raises(wanted) as caught:
            await play(client, call, session)
        assert type(caught.value) is wanted
        return
    named = re.search(r"/projects/([^/]+)", exchange["request"]["path"])
    number = 1 if named is None else int(float(named[1])) if "e" in named[1] else int(named[1], 0)
    got = await play(client, call, session, number)
    if isinstance(wanted, type):
        assert isinstance(got, wanted)
    else:
        assert got is wanted
    if isinstance(got, list):
        rows = json.loads(recorded["body"])
        assert sorted(row.id for row in got) == ids(rows)
    if isinstance(got, Session):
        named = json.loads(recorded["body"])["user"]
        assert (got.account.user_id, got.account.email) == (named["id"], named["primary_email"])
        assert got.cookie.reveal() in str(recorded["headers"])


def test_enough_was_played():
    counts = {call: sum(c == call for c, _ in PLAYED) for call in CALLS}
    assert counts["sign_in"] >= 12
    assert counts["check"] >= 10
    assert counts["session"] >= 4
    assert counts["imports"] >= 20
    assert counts["files"] >= 8
    assert counts["delete_import"] >= 30
    assert counts["delete_file"] >= 12
    assert counts["project"] >= 8
    assert counts["renew_context"] >= 3
    assert counts["live_context"] >= 3


async def test_the_stored_context_as_it_was_recorded(scripted, session):
    """Exchanges 24.01 to 24.10: a delete leaves it, a POST renews it, a GET proves it."""

    async def got(call, beginning):
        (found,) = (e for e in EXCHANGES if e["name"].startswith(beginning))
        answer = httpx.Response(200, text=found["response"]["body"])
        return await play(scripted(answer), call, session)

    first = (await got("project", "24.02")).stored_context
    assert (first.items, first.written_at.isoformat()) == ((), "2026-11-27T23:53:36.851000+00:00")
    made = await got("renew_context", "24.03")
    assert [item.kind for item in made.items] == [Kind.IMPORT] * 3 + [Kind.FILE] * 2
    assert (await got("project", "24.04")).stored_context == made
    assert sorted((await got("live_context", "24.01")).items) == sorted(made.items)
    left = (await got("project", "24.06")).stored_context
    found = compare(left, await got("live_context", "24.07"))
    assert (dict(found.gone), found.changed, found.missing) == ({Kind.FILE: 1}, 0, 0)
    renewed = await got("renew_context", "24.09")
    assert (await got("project", "24.10")).stored_context == renewed
    assert compare(renewed, await got("live_context", "24.07")).sentence == ""
    assert (await got("prompt_markdown", "24.08")).startswith("# Project Context")


@pytest.mark.parametrize(
    ("beginning", "wanted"),
    [
        ("7.31 import DELETE in flight", ServerFailed),
        ("7.10 Postgres stopped: import DELETE", ServerFailed),
        ("7.10 Postgres stopped: file DELETE", ServerFailed),
        ("7.11 Postgres stopped: login (right password)", SignInRefused),
        ("1.11b login wrong password that also breaks", Rejected),
        ("1.32 HEAD check garbage", False),
    ],
)
def test_some_meanings_by_hand(beginning, wanted):
    found = [(call, e) for call, e in PLAYED if e["name"].startswith(beginning)]
    assert found
    assert all(expected(call, exchange) == wanted for call, exchange in found)
