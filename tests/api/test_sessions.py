"""Sign-in, pasted cookies, sign-out, and the ambiguous 401."""

import httpx
import pytest

from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import (
    AccessDenied,
    Rejected,
    ServiceError,
    SessionExpired,
    UnusableAnswer,
)

SHAPE_S = {"error": True, "statusCode": 401, "message": "Unauthorized"}


class Log(list):
    """A handler that answers by path and keeps every request."""

    def __init__(self, **answers):
        super().__init__()
        self.answers = answers

    def __call__(self, request):
        self.append(request)
        answer = self.answers.get(request.method, httpx.Response(200, json=[]))
        return answer(request) if callable(answer) else answer


def user_answer(cookie=None, **user):
    user = user or {"id": 7, "primary_email": "demo@example.com"}
    headers = [("Set-Cookie", f"neptun-session={cookie}; Path=/; HttpOnly")] if cookie else []
    return httpx.Response(
        200, headers=headers, json={"user": user, "loggedInAt": "2026-11-21T16:14:04Z"}
    )


async def test_sign_in_gives_a_session(scripted, password):
    client = scripted(user_answer("Fe26.2**NEW-SESSION-0123"))
    session = await client.sign_in("demo@example.com", Secret(password))
    assert session.cookie.reveal() == "Fe26.2**NEW-SESSION-0123"
    assert (session.account.host, session.account.user_id) == (client.host, 7)
    assert session.signed_in_at is not None


async def test_an_account_without_an_address_keeps_the_one_that_was_typed(scripted, password):
    client = scripted(user_answer("Fe26.2**NEW-SESSION-0123", id=7, primary_email=None))
    session = await client.sign_in("typed@example.com", Secret(password))
    assert session.account.email == "typed@example.com"


@pytest.mark.parametrize(
    "answer",
    [
        user_answer(),
        user_answer("short"),
        user_answer("Fe26.2**WITH SPACE-0123456"),
        user_answer("Fe26.2**NEW-SESSION-0123", id=0),
        httpx.Response(200, json={"user": None}),
        httpx.Response(200, json={"id": "x"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, html="<html>welcome</html>"),
        httpx.Response(204),
    ],
)
async def test_a_sign_in_that_gives_no_session_is_unusable(answer, scripted):
    with pytest.raises(UnusableAnswer) as caught:
        await scripted(answer).sign_in("demo@example.com", Secret("x"))
    assert caught.value.status == answer.status_code
    assert "neptun.example" in str(caught.value)


async def test_half_a_character_in_the_password_is_not_sent(scripted):
    log = Log()
    with pytest.raises(Rejected) as caught:
        await scripted(log).sign_in("demo@example.com", Secret("\ud800" + "hidden"))
    assert log == []
    assert caught.value.__context__ is None


async def test_a_pasted_cookie_is_replaced_by_the_one_issued_for_its_user(scripted, cookie):
    session = await scripted(user_answer("Fe26.2**REISSUED-01234")).session_from_cookie(
        Secret(cookie)
    )
    assert session.cookie.reveal() == "Fe26.2**REISSUED-01234"
    assert session.account.email == "demo@example.com"


@pytest.mark.parametrize("issued", [None, "", "short", "Fe26.2**SPACE IN-0123456"])
async def test_a_pasted_cookie_stays_when_no_usable_one_is_issued(issued, scripted, cookie):
    session = await scripted(user_answer(issued)).session_from_cookie(Secret(cookie))
    assert session.cookie.reveal() == cookie


async def test_a_cookie_without_a_user_is_expired(scripted, cookie):
    anonymous = httpx.Response(
        200,
        headers={"Set-Cookie": "neptun-session=Fe26.2**ANONYMOUS-0123"},
        json={"id": "8642f9e1"},
    )
    with pytest.raises(SessionExpired):
        await scripted(anonymous).session_from_cookie(Secret(cookie))


@pytest.mark.parametrize("value", ["a b", "a\nb", "é" * 20, "a;b", 'a"b'])
async def test_a_damaged_cookie_is_never_sent(value, scripted, session):
    log = Log()
    client = scripted(log)
    damaged = type(session)(session.account, Secret(value))
    with pytest.raises(SessionExpired):
        await client.projects(damaged)
    assert log == []


@pytest.mark.parametrize(
    ("checked", "expected"),
    [
        (httpx.Response(204), AccessDenied),
        (httpx.Response(200), AccessDenied),
        (httpx.Response(401), SessionExpired),
        (httpx.Response(401, headers={"Content-Type": "text/html"}), UnusableAnswer),
        (httpx.Response(200, headers={"Content-Type": "text/html"}), UnusableAnswer),
        (httpx.Response(500), UnusableAnswer),
        (httpx.Response(404), UnusableAnswer),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"statusCode":401,"message":"No"}'])
async def test_an_open_401_is_settled_by_the_check(checked, expected, body, scripted, session):
    log = Log(DELETE=httpx.Response(401, content=body), HEAD=checked)
    with pytest.raises(expected) as caught:
        await scripted(log).delete_file(session, 5, 9)
    assert type(caught.value) is expected
    assert caught.value.status == 401
    assert [r.method for r in log] == ["DELETE", "HEAD"]


async def test_a_check_that_cannot_be_made_does_not_make_the_delete_unsent(scripted, session):
    def unreachable(request):
        raise httpx.ConnectError("gone")

    log = Log(DELETE=httpx.Response(401), HEAD=unreachable)
    with pytest.raises(UnusableAnswer):
        await scripted(log).delete_file(session, 5, 9)


async def test_shapes_that_settle_themselves_ask_nothing(scripted, session):
    log = Log(DELETE=httpx.Response(401, json=SHAPE_S))
    with pytest.raises(SessionExpired):
        await scripted(log).delete_file(session, 5, 9)
    assert len(log) == 1


async def test_signing_out_of_no_session_is_done(scripted, session):
    await scripted(httpx.Response(401, json=SHAPE_S)).sign_out(session)


@pytest.mark.parametrize("status", [404, 500, 503, 302])
async def test_a_check_that_gives_no_answer_is_an_error(status, scripted, session):
    with pytest.raises(ServiceError):
        await scripted(httpx.Response(status)).check(session)


def stranger_or_not(check):
    """Server without users that returns this response to the session check."""
    headers = {"Date": "Sat, 21 Nov 2026 16:14:04 GMT"}
    anonymous = httpx.Response(200, headers=headers, json={"id": "anonymous"})
    return Log(GET=anonymous, HEAD=check)


async def test_a_greeting_needs_no_session_and_gives_the_servers_time(scripted):
    log = stranger_or_not(httpx.Response(401))
    moment = await scripted(log).greet()
    assert moment is not None
    assert moment.isoformat() == "2026-11-21T16:14:04+00:00"
    assert all("cookie" not in request.headers for request in log)


@pytest.mark.parametrize(
    "check",
    [httpx.Response(204), httpx.Response(404), httpx.Response(401, html="<p>who?")],
    ids=["says yes to everybody", "knows no such thing", "is a login wall"],
)
async def test_a_greeting_finds_out_who_is_no_neptun(scripted, check):
    with pytest.raises(UnusableAnswer):
        await scripted(stranger_or_not(check)).greet()


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Nov 2026 16:14:04 GMT"])
async def test_a_server_without_a_usable_date_is_greeted_all_the_same(scripted, date):
    answer = httpx.Response(200, headers={"Date": date} if date else {}, json={})
    assert await scripted(Log(GET=answer, HEAD=httpx.Response(401))).greet() is None
