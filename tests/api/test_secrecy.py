"""Secrecy of session and password in reprs, tracebacks, logs and the objects they reach."""

import asyncio
import gc
import io
import logging
import traceback

import httpx
import pytest
from rich.console import Console
from rich.traceback import Traceback

from neptun_tui.api.http import LOGGERS, Timeouts
from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import ServiceError

MARK = "NOT-A-REAL-SESSION"
HIDDEN = "Thr0w-away!-hidden"
ISSUED = "Fe26.2**JUST-ISSUED-0123456789"


def everything_shown(error):
    """All that a crash handler could print of an exception, locals included."""
    shown = io.StringIO()
    console = Console(file=shown, width=500)
    console.print(
        Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
    )
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([shown.getvalue(), *told.format(), repr(error), str(error), repr(error.args)])


def frames(error):
    """The modules of every frame that hangs on an exception, its contexts included."""
    found, todo = [], [error]
    while todo:
        one = todo.pop()
        found += [f.f_globals.get("__name__", "") for f, _ in traceback.walk_tb(one.__traceback__)]
        todo += [e for e in (one.__cause__, one.__context__) if e is not None]
    return found


def assert_silent(error, *secrets):
    shown = everything_shown(error)
    for secret in (MARK, ISSUED, *secrets):
        assert secret not in shown
    assert (error.__cause__, error.__context__) == (None, None)
    assert not [name for name in frames(error) if name.startswith(("httpx", "httpcore", "anyio"))]


async def reset(wire):
    await wire.request()
    wire.reset()


async def silence(wire):
    await wire.request()
    await asyncio.sleep(30)


async def half_a_body(wire):
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[")


async def no_http(wire):
    await wire.request()
    await wire.send(b"hello\r\n\r\n")


def answering(status, body=b""):
    async def answer(wire):
        while True:
            await wire.request()
            await wire.answer(status, body, f"Set-Cookie: neptun-session={ISSUED}; Path=/")

    return answer


SCRIPTS = [
    reset,
    silence,
    half_a_body,
    no_http,
    answering("200 OK", b"null"),
    answering("200 OK", b"<html>"),
    answering("302 Found"),
    answering("400 Bad Request"),
    answering("401 Unauthorized", b'{"error":true,"statusCode":401,"message":"Unauthorized"}'),
    answering("401 Unauthorized", b'{"statusCode":401,"statusMessage":"Unauthorized."}'),
    answering("401 Unauthorized"),
    answering("404 Not Found", b'{"statusCode":404,"statusMessage":"Not Found."}'),
    answering("404 Not Found", b"<html>"),
    answering("500 No", b"{}"),
    answering("503 No", b"{}"),
]


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
@pytest.mark.parametrize("name", ["projects", "imports", "session_from_cookie"])
async def test_no_error_shows_the_session(number, name, serve, client_for, session_for):
    serving = await serve(SCRIPTS[number])
    client = client_for(serving.origin, timeouts=Timeouts(read=0.1))
    session = session_for(serving.origin)
    arguments = {"imports": (session, 1), "session_from_cookie": (session.cookie,)}
    with pytest.raises(ServiceError) as caught:
        await getattr(client, name)(*arguments.get(name, (session,)))
    assert_silent(caught.value)


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
async def test_no_error_shows_the_password(number, serve, client_for):
    serving = await serve(SCRIPTS[number])
    client = client_for(serving.origin, timeouts=Timeouts(read=0.1))
    with pytest.raises(ServiceError) as caught:
        await client.sign_in("demo@example.com", Secret(HIDDEN))
    assert_silent(caught.value, HIDDEN)


async def test_a_refused_connection_and_a_damaged_cookie_show_nothing(client_for, session_for):
    origin = "http://127.0.0.1:1"
    session = session_for(origin)
    damaged = type(session)(session.account, Secret(session.cookie.reveal() + "\n"))
    for one in (session, damaged):
        with pytest.raises(ServiceError) as caught:
            await client_for(origin).projects(one)
        assert_silent(caught.value)


async def test_a_cancelled_call_carries_no_frames_of_the_client(serve, client_for, session_for):
    serving = await serve(silence)
    task = asyncio.create_task(client_for(serving.origin).projects(session_for(serving.origin)))
    async with asyncio.timeout(30):
        while not serving.heads:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert_silent(caught.value)


async def test_a_progress_that_raises_shows_nothing(scripted, session):
    def fail(received, expected):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        await scripted(httpx.Response(200, content=b"[]")).projects(session, fail)
    assert MARK not in everything_shown(caught.value)


async def test_logs_at_debug_show_nothing(serve, client_for, session_for, caplog):
    caplog.set_level(logging.DEBUG)
    serving = await serve(answering("200 OK", b'{"user":{"id":1}}'))
    client = client_for(serving.origin)
    for name in ("httpx", "httpcore", "asyncio", *(logger.name for logger in LOGGERS)):
        caplog.set_level(logging.DEBUG, logger=name)
    session = await client.session_from_cookie(session_for(serving.origin).cookie)
    await client.delete_file(session, 1, 2)
    assert "HTTP/1.1 200" in caplog.text  # something was logged
    assert MARK not in caplog.text
    assert ISSUED not in caplog.text


async def test_no_reprs_show_the_session(serve, client_for, session_for):
    serving = await serve(answering("200 OK", b"[]"))
    client, session = client_for(serving.origin), session_for(serving.origin)
    await client.projects(session)
    gc.collect()
    for thing in (client, client.__dict__, client._connection.__dict__, session):
        assert MARK not in repr(thing)
    assert list(client._connection._client.cookies.jar) == []
