import asyncio
import json
import subprocess
import sys

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neptun_tui import __version__
from neptun_tui.api.client import NeptunClient
from neptun_tui.api.http import Timeouts
from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import (
    AccessDenied,
    InvalidHost,
    InvalidId,
    OutcomeUnknown,
    ServiceError,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.resources import SOURCE_TYPES

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


async def test_the_exact_requests(scripted, session, cookie, password):
    log = Log(POST=lambda r: user_answer("Fe26.2**ANOTHER-ONE-0123"), HEAD=httpx.Response(204))
    client = scripted(log)
    await client.sign_in("demo@example.com", Secret(password))
    await client.check(session)
    await client.projects(session)
    await client.files(session, 5)
    await client.delete_import(session, 5, 9)
    await client.delete_file(session, 5, 9)
    await client.sign_out(session)
    assert [f"{r.method} {r.url.raw_path.decode()}" for r in log] == [
        "POST /api/auth/login",
        "HEAD /api/auth/check",
        "GET /api/users/7/projects",
        "GET /api/users/7/projects/5/resources/files",
        "DELETE /api/users/7/projects/5/resources/imports/9",
        "DELETE /api/users/7/projects/5/resources/files/9",
        "POST /api/auth/logout",
    ]
    sign_in, *others = log
    assert json.loads(sign_in.content) == {"email": "demo@example.com", "password": password}
    assert sign_in.headers["content-type"] == "application/json"
    assert "cookie" not in sign_in.headers
    for request in others:
        assert request.headers.get_list("cookie") == [f"neptun-session={cookie}"]
        assert request.content == b""
    for request in log:
        assert request.headers["accept"] == "application/json"
        assert request.headers["user-agent"] == f"neptun-tui/{__version__}"
        assert set(request.headers) <= {
            "host",
            "accept",
            "accept-encoding",
            "connection",
            "user-agent",
            "cookie",
            "content-type",
            "content-length",
        }


async def test_a_session_is_shown_to_its_own_server_only(scripted, session_for):
    log = Log()
    client = scripted(log)
    stranger = session_for("https://other.example")
    for call, *ids in (
        (client.projects,),
        (client.imports, 1),
        (client.files, 1),
        (client.check,),
        (client.sign_out,),
        (client.delete_file, 1, 2),
    ):
        with pytest.raises(AccessDenied):
            await call(stranger, *ids)
    assert log == []


@pytest.mark.parametrize("bad", [0, -1, 2147483648, True, "1/../2", "", None, 1.0])
async def test_ids_are_checked_before_anything_is_sent(bad, scripted, session):
    log = Log()
    client = scripted(log)
    for call, *ids in (
        (client.files, bad),
        (client.imports, bad),
        (client.delete_file, bad, 1),
        (client.delete_file, 1, bad),
        (client.delete_import, 1, bad),
    ):
        with pytest.raises(InvalidId):
            await call(session, *ids)
    assert log == []


@pytest.mark.parametrize("host", ["http://example.com", "https://999.1.1.1", "https://xn--a", ""])
def test_hosts_that_are_none(host):
    with pytest.raises(InvalidHost):
        NeptunClient(host)


def imports_by_type(**by_type):
    def answer(request):
        rows = by_type.get(request.url.params["import_source_type"], [])
        return rows if isinstance(rows, httpx.Response) else httpx.Response(200, json=rows)

    return Log(GET=answer)


async def test_imports_are_asked_for_by_every_type_and_merged(scripted, session):
    local, app, public = SOURCE_TYPES
    log = imports_by_type(**{local: [{"id": 2}], app: [{"id": 1}], public: [{"id": 3}]})
    rows = await scripted(log).imports(session, 5)
    assert [row.id for row in rows] == [2, 1, 3]
    assert [dict(r.url.params) for r in log] == [{"import_source_type": t} for t in SOURCE_TYPES]


async def test_a_server_that_ignores_the_filter_gives_no_repeats(scripted, session):
    log = Log(GET=httpx.Response(200, json={"imports": [{"id": 2}, {"id": 1}]}))
    assert [row.id for row in await scripted(log).imports(session, 5)] == [2, 1]
    assert len(log) == 3


@pytest.mark.parametrize("failing", SOURCE_TYPES)
@pytest.mark.parametrize("body", [b"null", b"[", b"", b'{"imports":null}'])
async def test_one_failing_type_fails_the_listing(failing, body, scripted, session):
    good = {kind: [{"id": 1}] for kind in SOURCE_TYPES}
    log = imports_by_type(**{**good, failing: httpx.Response(200, content=body)})
    with pytest.raises(UnusableAnswer) as caught:
        await scripted(log).imports(session, 5)
    assert caught.value.status == 200
    assert caught.value.__context__ is None


async def test_the_imports_are_asked_for_at_the_same_time(scripted, session):
    together = asyncio.Barrier(3)

    async def answer(request):
        async with asyncio.timeout(5):
            await together.wait()
        return httpx.Response(200, json=[])

    assert await scripted(answer).imports(session, 5) == []


async def test_progress_adds_up(scripted, session):
    told = []
    body = httpx.Response(200, json=[{"id": 1}])
    await scripted(body).imports(session, 5, lambda got, of: told.append((got, of)))
    size = len(body.content)
    assert told[-1] == (3 * size, 3 * size)
    assert told[0][1] is None  # not yet known for all three
    assert [got for got, _ in told] == sorted(got for got, _ in told)


LISTS = ("projects", "imports", "files")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(204),
        httpx.Response(200),
        httpx.Response(200, content=b"null"),
        httpx.Response(200, html="<html>[]</html>"),
        httpx.Response(200, html="[]"),
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
        httpx.Response(302, headers={"Location": "http://[broken"}),
        httpx.Response(307, headers={"Location": "\x00://"}),
        httpx.Response(404, json=SHAPE_S | {"statusCode": 404, "message": "Page not found"}),
    ],
)
async def test_what_is_no_list_is_no_empty_list(name, answer, scripted, session):
    arguments = () if name == "projects" else (5,)
    with pytest.raises((UnusableAnswer, OutcomeUnknown)):
        await getattr(scripted(answer), name)(session, *arguments)


async def test_a_redirect_is_not_followed(scripted, session):
    log = Log(DELETE=httpx.Response(308, headers={"Location": "https://evil.example/x"}))
    with pytest.raises(UnusableAnswer, match="elsewhere"):
        await scripted(log).delete_file(session, 5, 9)
    assert [r.url.host for r in log] == ["neptun.example"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("body", [b"", b"[]", b"true", b"junk"])
async def test_any_2xx_accepts_a_delete(status, body, scripted, session):
    await scripted(httpx.Response(status, content=body)).delete_import(session, 5, 9)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("x"), Unreachable),
        (httpx.ConnectTimeout("x"), Unreachable),
        (httpx.PoolTimeout("x"), Unreachable),
        (httpx.ProxyError("x"), Unreachable),
        (httpx.ReadError("x"), OutcomeUnknown),
        (httpx.WriteError("x"), OutcomeUnknown),
        (httpx.CloseError("x"), OutcomeUnknown),
        (httpx.ReadTimeout("x"), OutcomeUnknown),
        (httpx.WriteTimeout("x"), OutcomeUnknown),
        (httpx.RemoteProtocolError("x"), OutcomeUnknown),
        (httpx.LocalProtocolError("x"), OutcomeUnknown),
        (httpx.UnsupportedProtocol("x"), OutcomeUnknown),
        (httpx.InvalidURL("x"), OutcomeUnknown),
        (OSError("x"), OutcomeUnknown),
        (httpx.DecodingError("x"), UnusableAnswer),
    ],
)
async def test_network_errors_of_a_transport_that_tells_nothing(error, expected, scripted, session):
    def fail(request):
        raise error

    with pytest.raises(expected) as caught:
        await scripted(fail).delete_file(session, 5, 9)
    assert type(caught.value) is expected
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "neptun.example" in str(caught.value)


async def test_the_deadline(scripted, session):
    async def never(request):
        await asyncio.Event().wait()

    client = scripted(never, timeouts=Timeouts(total=0.02))
    with pytest.raises(OutcomeUnknown, match="in time"):
        await client.delete_file(session, 5, 9)


async def test_cancelling_is_passed_on(scripted, session):
    started = asyncio.Event()

    async def never(request):
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(scripted(never).delete_file(session, 5, 9))
    await started.wait()
    task.cancel("stop")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


def test_a_client_belongs_to_one_loop(scripted, session):
    client = NeptunClient(
        "https://neptun.example",
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])),
    )
    assert asyncio.run(client.projects(session)) == []
    with pytest.raises(RuntimeError, match="event loop"):
        asyncio.run(client.projects(session))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    status=st.integers(200, 599),
    headers=st.dictionaries(
        st.sampled_from(["content-type", "location", "set-cookie", "retry-after"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
    ),
    body=st.binary(max_size=30),
)
def test_nothing_but_a_service_error_ever_comes_out(status, headers, body, session):
    transport = httpx.MockTransport(
        lambda request: httpx.Response(
            status, headers={k: v.encode("latin-1") for k, v in headers.items()}, content=body
        )
    )

    async def every_call():
        client = NeptunClient(session.account.host, transport=transport)
        for call, *arguments in (
            (client.projects, session),
            (client.imports, session, 1),
            (client.files, session, 1),
            (client.check, session),
            (client.sign_out, session),
            (client.sign_in, "a", Secret("b")),
            (client.session_from_cookie, session.cookie),
            (client.delete_file, session, 1, 2),
        ):
            try:
                got = await call(*arguments)
            except ServiceError:
                continue
            else:
                assert got != [] or json.loads(body) == []
        await client.aclose()

    asyncio.run(every_call())


def test_the_package_itself_imports_no_httpx():
    code = "import sys, neptun_tui.api, neptun_tui.api.retry; print('httpx' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
