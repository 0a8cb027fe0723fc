"""Client thread: it never blocks the caller, and it ends on request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from neptun_tui.domain.errors import InvalidHost, Unreachable
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.ports import Neptun

HOST = "https://neptun.example"

MakeLink = Callable[..., ClientThread]


async def where(neptun: Neptun) -> threading.Thread:
    return threading.current_thread()


async def happens(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 5)


async def test_work_runs_in_one_thread_of_its_own_that_keeps_no_process_alive(
    fake: type[Any], link_to: MakeLink
) -> None:
    link = link_to(fake())
    threads = {await link.call(HOST, where) for _ in range(3)}
    threads.add(await link.call("https://other.example", where))
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon


async def test_nothing_is_started_before_there_is_work(fake: type[Any], link_to: MakeLink) -> None:
    before = threading.active_count()
    link_to(fake()).close()
    assert threading.active_count() == before


async def test_a_connect_that_blocks_does_not_block_the_caller(
    fake: type[Any], link_to: MakeLink
) -> None:
    released, connecting = threading.Event(), threading.Event()

    def connect(host: str) -> Neptun:
        connecting.set()
        assert released.wait(5)
        return fake()

    call = asyncio.ensure_future(link_to(connect).call(HOST, where))
    await happens(connecting)
    ticks = 0
    for _ in range(20):
        await asyncio.sleep(0)
        ticks += 1
    assert ticks == 20
    assert not call.done()
    released.set()
    assert await call is not threading.current_thread()


async def test_work_that_blocks_does_not_block_the_caller(
    fake: type[Any], link_to: MakeLink
) -> None:
    released = threading.Event()

    async def block(neptun: Neptun) -> str:
        return "done" if released.wait(5) else "late"

    call = asyncio.ensure_future(link_to(fake()).call(HOST, block))
    await asyncio.sleep(0.01)
    assert not call.done()
    released.set()
    assert await call == "done"


async def test_each_host_has_one_client_however_much_is_asked_at_once(
    fake: type[Any], link_to: MakeLink
) -> None:
    connected: list[str] = []

    def connect(host: str) -> Neptun:
        connected.append(host)
        return fake()

    async def itself(neptun: Neptun) -> Neptun:
        return neptun

    link = link_to(connect)
    other = "https://other.example"
    hosts = [HOST, other, HOST, HOST, other]
    clients = await asyncio.gather(*(link.call(host, itself) for host in hosts))
    assert sorted(connected) == sorted([HOST, other])
    assert clients[0] is clients[2] is clients[3]
    assert clients[1] is clients[4]
    assert clients[0] is not clients[1]


@pytest.mark.parametrize("error", [Unreachable("no way"), InvalidHost("no host")], ids=repr)
async def test_what_goes_wrong_there_is_raised_here(
    fake: type[Any], link_to: MakeLink, error: Exception
) -> None:
    async def fail(neptun: Neptun) -> None:
        raise error

    def refuse(host: str) -> Neptun:
        raise error

    for link in (link_to(fake()), link_to(refuse)):
        with pytest.raises(type(error), match=str(error)):
            await link.call(HOST, fail)


async def test_cancelling_the_wait_cancels_the_work(fake: type[Any], link_to: MakeLink) -> None:
    began, cancelled = threading.Event(), threading.Event()

    async def hang(neptun: Neptun) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    call = asyncio.ensure_future(link_to(fake()).call(HOST, hang))
    await happens(began)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await happens(cancelled)


async def test_work_that_was_started_goes_on_without_a_waiter(
    fake: type[Any], link_to: MakeLink
) -> None:
    done = threading.Event()

    async def work(neptun: Neptun) -> str:
        await asyncio.sleep(0.02)
        done.set()
        return "done"

    report = link_to(fake()).start(HOST, work)
    wait = asyncio.ensure_future(asyncio.shield(asyncio.wrap_future(report)))
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    await happens(done)
    assert report.result(5) == "done"


async def test_closing_cancels_the_work_closes_the_clients_and_ends_the_thread(
    fake: type[Any], link_to: MakeLink
) -> None:
    neptun = fake()
    link = link_to(neptun)
    began, ended = threading.Event(), threading.Event()

    async def hang(neptun: Neptun) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    thread = await link.call(HOST, where)
    report = link.start(HOST, hang)
    await happens(began)
    link.close()
    assert ended.is_set()
    assert report.cancelled()
    assert neptun.closed == 1
    assert not thread.is_alive()
    link.close()  # a second call is harmless


async def test_closing_does_not_wait_for_work_that_cannot_be_cancelled(fake: type[Any]) -> None:
    link = ClientThread(lambda _: fake())
    began, released, ended = threading.Event(), threading.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def deaf(neptun: Neptun) -> None:
        loops.append(asyncio.get_running_loop())
        began.set()
        released.wait(30)
        ended.set()

    thread = await link.call(HOST, where)
    report = link.start(HOST, deaf)
    await happens(began)
    try:
        link.close()
        assert not ended.is_set()
        assert not report.done()
    finally:
        released.set()
        thread.join(5)
        loops[0].close()
    assert not thread.is_alive()


async def test_a_closed_link_can_be_used_again_with_a_new_client(
    fake: type[Any], link_to: MakeLink
) -> None:
    connected: list[str] = []

    def connect(host: str) -> Neptun:
        connected.append(host)
        return fake()

    link = link_to(connect)
    first = await link.call(HOST, where)
    link.close()
    assert await link.call(HOST, where) is not first
    assert connected == [HOST, HOST]
