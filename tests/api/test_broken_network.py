"""Real sockets that fail in every way: only what was certainly not sent counts as unreachable."""

import asyncio
import errno
import gzip
import re
import socket
import time
import tracemalloc

import pytest

from neptun_tui.api.http import Timeouts
from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import OutcomeUnknown, ServerFailed, Unreachable, UnusableAnswer


async def test_nothing_listens(client_for, session_for):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable, match="refused"):
        await client_for(origin).delete_file(session_for(origin), 1, 2)


async def test_no_descriptor_left_for_a_connection(client_for, session_for, monkeypatch):
    """A real limit would meet the event loop first, at another number on each machine."""

    def no_more(*_arguments, **_options):
        raise OSError(errno.EMFILE, "Too many open files")

    client = client_for("http://127.0.0.1:9")
    monkeypatch.setattr(socket, "socket", no_more)
    with pytest.raises(Unreachable, match=r"may open no more files \(ulimit -n\)"):
        await client.delete_file(session_for("http://127.0.0.1:9"), 1, 2)


async def test_no_such_name(client_for, session_for):
    origin = "https://no-such-name.invalid"
    with pytest.raises(Unreachable, match="not found"):
        await client_for(origin).projects(session_for(origin))


async def reset_at_once(wire):
    wire.reset()


async def reset_after_the_request(wire):
    await wire.request()
    wire.reset()


async def close_after_the_request(wire):
    await wire.request()


async def break_off_in_the_head(wire):
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-")


async def break_off_in_the_body(wire):
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")


async def break_off_in_a_chunk(wire):
    await wire.request()
    await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{}")


async def speak_no_http(wire):
    await wire.request()
    await wire.send(b"SSH-2.0-OpenSSH_9.2\r\n")


async def never_answer(wire):
    await wire.request()
    await asyncio.sleep(30)


SCRIPTS = [
    reset_at_once,
    reset_after_the_request,
    close_after_the_request,
    break_off_in_the_head,
    break_off_in_the_body,
    break_off_in_a_chunk,
    speak_no_http,
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("call", ["delete_file", "files"])
async def test_what_breaks_after_the_connection_is_unknown(
    script, call, serve, client_for, session_for
):
    serving = await serve(script)
    arguments = (1, 2) if call == "delete_file" else (1,)
    with pytest.raises(OutcomeUnknown):
        await getattr(client_for(serving.origin), call)(session_for(serving.origin), *arguments)
    assert serving.connections == 1  # nothing is tried again down here


@pytest.mark.parametrize("limits", [Timeouts(read=0.1), Timeouts(total=0.1)])
async def test_a_server_that_never_answers(limits, serve, client_for, session_for):
    serving = await serve(never_answer)
    client = client_for(serving.origin, timeouts=limits)
    with pytest.raises(OutcomeUnknown, match="in time"):
        await client.delete_file(session_for(serving.origin), 1, 2)
    assert len(serving.heads) == 1


async def hang_up_after_one_answer(wire):
    await wire.request()
    await wire.answer("200 OK", b"[]")


async def test_a_closed_idle_connection_is_noticed(serve, client_for, session_for):
    serving = await serve(hang_up_after_one_answer)
    client, session = client_for(serving.origin), session_for(serving.origin)
    for _ in range(3):
        await client.delete_file(session, 1, 2)
        await asyncio.sleep(0.05)
    assert len(serving.heads) == serving.connections == 3


async def hang_up_on_the_second(wire):
    await wire.request()
    await wire.answer("200 OK", b"[]")
    await wire.request()


async def test_a_delete_on_a_dying_connection_is_sent_once(serve, client_for, session_for):
    serving = await serve(hang_up_on_the_second)
    client, session = client_for(serving.origin), session_for(serving.origin)
    await client.delete_file(session, 1, 2)
    with pytest.raises(OutcomeUnknown):
        await client.delete_file(session, 1, 3)
    assert len(serving.heads) == 2


async def test_a_full_pool_means_not_sent(serve, client_for, session_for):
    serving = await serve(never_answer)
    limits = Timeouts(pool=0.1, read=0.5)
    client = client_for(serving.origin, timeouts=limits, max_connections=1)
    session = session_for(serving.origin)
    first = asyncio.create_task(client.delete_file(session, 1, 2))
    await asyncio.sleep(0.05)
    with pytest.raises(Unreachable, match="busy"):
        await client.delete_file(session, 1, 3)
    with pytest.raises(OutcomeUnknown):
        await first
    assert len(serving.heads) == 1


async def test_a_deadline_in_the_queue_means_not_sent(serve, client_for, session_for):
    begun = asyncio.Event()

    async def begin_a_list(wire):
        await break_off_in_the_body(wire)
        begun.set()
        await asyncio.sleep(30)

    serving = await serve(begin_a_list)
    limits = Timeouts(total=2, read=30, slowest=0.01)  # one byte buys a list 100 seconds
    client = client_for(serving.origin, timeouts=limits, max_connections=1)
    session = session_for(serving.origin)
    holding = asyncio.create_task(client.projects(session))
    await begun.wait()
    await asyncio.sleep(0.1)  # for the beginning to arrive
    with pytest.raises(Unreachable):
        await client.delete_file(session, 1, 2)
    assert len(serving.heads) == 1
    assert not holding.done()
    holding.cancel()


async def accept_and_stay_silent(wire):
    await asyncio.sleep(30)


@pytest.mark.parametrize("limits", [Timeouts(connect=0.1), Timeouts(total=0.1)])
async def test_a_handshake_that_never_ends_means_not_sent(limits, serve, client_for, session_for):
    serving = await serve(accept_and_stay_silent)
    origin = f"https://127.0.0.1:{serving.port}"
    with pytest.raises(Unreachable, match="timed out"):
        await client_for(origin, timeouts=limits).delete_file(session_for(origin), 1, 2)


async def test_a_cancelled_handshake_leaves_no_socket(serve, client_for, session_for):
    ended = asyncio.Event()

    async def wait_for_the_end(wire):
        await wire.reader.read(-1)
        ended.set()

    serving = await serve(wait_for_the_end)
    origin = f"https://127.0.0.1:{serving.port}"
    task = asyncio.create_task(client_for(origin).projects(session_for(origin)))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert caught.value.__context__ is None
    async with asyncio.timeout(5):
        await ended.wait()
    assert serving.connections == 1


async def answer_without_tls(wire):
    await wire.reader.read(10)
    await wire.send(b"HTTP/1.1 400 no TLS here\r\n\r\n")


@pytest.mark.parametrize("script", [reset_at_once, answer_without_tls])
async def test_a_handshake_that_breaks_means_not_sent(script, serve, client_for, session_for):
    serving = await serve(script)
    origin = f"https://127.0.0.1:{serving.port}"
    with pytest.raises(Unreachable):
        await client_for(origin).delete_file(session_for(origin), 1, 2)


async def answer_empty_list(wire):
    while True:
        await wire.request()
        await wire.answer("200 OK", b"[]")


async def test_an_untrusted_certificate(serve, client_for, session_for, certificate):
    context, _ = certificate
    serving = await serve(answer_empty_list, tls=context)
    origin = f"https://127.0.0.1:{serving.port}"
    with pytest.raises(Unreachable, match="not trusted"):
        await client_for(origin).delete_file(session_for(origin), 1, 2)
    assert serving.heads == []


HTML = b"<!DOCTYPE html><html><body>Log in to the hotel</body></html>"


@pytest.mark.parametrize(
    ("status", "expected"), [("200 OK", UnusableAnswer), ("502 Bad Gateway", ServerFailed)]
)
async def test_html_in_front(status, expected, serve, client_for, session_for):
    async def answer(wire):
        await wire.request()
        await wire.answer(status, HTML, "Content-Type: text/html")

    serving = await serve(answer)
    with pytest.raises(expected):
        await client_for(serving.origin).projects(session_for(serving.origin))


async def test_a_redirect_is_not_followed(serve, client_for, session_for):
    other = await serve(answer_empty_list)

    async def answer(wire):
        await wire.request()
        await wire.answer("302 Found", b"", f"Location: {other.origin}/")

    serving = await serve(answer)
    with pytest.raises(UnusableAnswer):
        await client_for(serving.origin).projects(session_for(serving.origin))
    assert (len(serving.heads), other.connections) == (1, 0)


async def test_set_cookie_is_ignored(serve, client_for, session_for, cookie):
    async def answer(wire):
        for _ in range(3):
            await wire.request()
            await wire.answer(
                "200 OK",
                b"[]",
                "Set-Cookie: neptun-session=Fe26.2**ANONYMOUS-0123456789; Path=/",
                "Set-Cookie: other=1; Path=/; Max-Age=999",
            )

    serving = await serve(answer)
    client, session = client_for(serving.origin), session_for(serving.origin)
    for _ in range(3):
        await client.delete_file(session, 1, 2)
    for head in serving.heads:
        cookies = re.findall(rb"(?im)^cookie:\s*(.*?)\r$", head)
        assert cookies == [f"neptun-session={cookie}".encode()]


async def test_a_list_that_keeps_arriving_outlives_the_deadline(serve, client_for, session_for):
    body = b"[" + b",".join(b'{"id":%d}' % number for number in range(1, 9)) + b"]"

    async def answer(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 10):
            await wire.send(body[start : start + 10])
            await asyncio.sleep(0.05)

    serving = await serve(answer)
    told = []
    client = client_for(serving.origin, timeouts=Timeouts(total=0.2, slowest=1))
    started = time.monotonic()
    files = await client.files(
        session_for(serving.origin), 1, lambda got, of: told.append((got, of))
    )
    assert len(files) == 8
    assert time.monotonic() - started > 0.25
    assert told[-1] == (len(body), len(body))
    assert len(told) > 3


async def test_a_list_that_stops_arriving_fails(serve, client_for, session_for):
    async def answer(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[")
        await asyncio.sleep(30)

    serving = await serve(answer)
    client = client_for(serving.origin, timeouts=Timeouts(read=0.1))
    with pytest.raises(OutcomeUnknown):
        await client.files(session_for(serving.origin), 1)


async def test_a_list_that_trickles_for_ever_ends(serve, client_for, session_for):
    async def answer(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\n\r\n[")
        while True:
            await wire.send(b" ")
            await asyncio.sleep(0.02)

    serving = await serve(answer)
    limits = Timeouts(total=0.3, read=30)
    client = client_for(serving.origin, timeouts=limits)
    with pytest.raises(OutcomeUnknown, match=r"too slowly: [1-9][0-9]* bytes"):
        await client.files(session_for(serving.origin), 1)


@pytest.mark.parametrize("call", ["projects", "imports", "files"])
@pytest.mark.parametrize("status", ["201", "202", "203", "204", "205", "206", "208", "226"])
async def test_only_200_is_a_whole_list(call, status, serve, client_for, session_for):
    async def answer(wire):
        while True:
            await wire.request()
            await wire.answer(f"{status} Something", b"" if status in ("204", "205") else b"[]")

    serving = await serve(answer)
    client, session = client_for(serving.origin), session_for(serving.origin)
    with pytest.raises(UnusableAnswer, match=f"HTTP {status}"):
        await (
            client.projects(session) if call == "projects" else getattr(client, call)(session, 1)
        )


def packed(body, times=1):
    for _ in range(times):
        body = gzip.compress(body)
    return body


async def answer_packed(body, coding, serve):
    async def answer(wire):
        while True:
            await wire.request()
            await wire.answer("200 OK", body, f"Content-Encoding: {coding}")

    return await serve(answer)


async def test_a_packed_list_is_unpacked(serve, client_for, session_for):
    body = b'[{"id":1,"content":"%s"}]' % (b"some text, and more of it " * 1000)
    serving = await answer_packed(packed(body), "gzip", serve)
    (file,) = await client_for(serving.origin).files(session_for(serving.origin), 1)
    assert len(file.content) == 26_000
    assert b"\r\naccept-encoding: gzip\r\n" in serving.heads[0].lower()


@pytest.mark.parametrize(
    ("times", "coding"),
    [(2, "gzip, gzip"), (2, "gzip,gzip"), (1, "br"), (1, "zstd"), (1, "gzip, identity, gzip")],
)
async def test_layers_of_packing_are_not_unpacked(times, coding, serve, client_for, session_for):
    serving = await answer_packed(packed(b"[]" + b" " * 100_000, times), coding, serve)
    client, session = client_for(serving.origin), session_for(serving.origin)
    with pytest.raises(UnusableAnswer, match="unpacked"):
        await client.files(session, 1)
    with pytest.raises(UnusableAnswer, match="unpacked"):  # processed, perhaps: never "not sent"
        await client.delete_file(session, 1, 2)


async def test_a_bomb_is_not_read_to_its_end(serve, client_for, session_for):
    bomb = packed(b"[" + b" " * (1 << 27))
    assert len(bomb) < 200_000
    serving = await answer_packed(bomb, "gzip", serve)
    client, session = client_for(serving.origin), session_for(serving.origin)
    tracemalloc.start()
    try:
        with pytest.raises(UnusableAnswer, match="too large"):
            await client.files(session, 1)
        with pytest.raises(UnusableAnswer):  # before the sign-in, too
            await client.greet()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 28


async def test_an_endless_error_page_is_not_read_to_its_end(serve, client_for, session_for):
    async def answer(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n")
        while True:
            await wire.send(b"<p>" * 10_000)

    serving = await serve(answer)
    with pytest.raises(UnusableAnswer):
        await client_for(serving.origin).files(session_for(serving.origin), 1)


async def test_cancelling_a_download_frees_its_connection(serve, client_for, session_for):
    serving = await serve(never_answer)
    client = client_for(serving.origin, max_connections=1, timeouts=Timeouts(pool=1, read=0.2))
    session = session_for(serving.origin)
    task = asyncio.create_task(client.files(session, 1))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(OutcomeUnknown):  # and not Unreachable: it got a connection
        await client.delete_file(session, 1, 2)


async def test_sign_in_over_a_real_socket(serve, client_for, password):
    async def answer(wire):
        head = await wire.request()
        size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        posted = await wire.reader.readexactly(size)
        assert password.encode() in posted
        body = b'{"user":{"id":4,"primary_email":"demo@example.com"}}'
        cookie = "Set-Cookie: neptun-session=Fe26.2**ISSUED-0123456789; Path=/; HttpOnly; Secure"
        await wire.answer("200 OK", body, cookie)

    serving = await serve(answer)
    session = await client_for(serving.origin).sign_in("demo@example.com", Secret(password))
    assert session.cookie.reveal() == "Fe26.2**ISSUED-0123456789"
