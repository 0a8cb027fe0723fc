"""Limit of concurrent requests: it rises while the latency does not, and falls on overload."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Iterator

import pytest

from neptun_tui.domain.errors import Busy, OutcomeUnknown, Rejected, ServerFailed
from neptun_tui.services.concurrency import AdaptiveLimit


def answer(limit: AdaptiveLimit, seconds: float, rounds: int) -> list[int]:
    """Note whole rounds of responses; the sizes after each."""
    sizes = []
    for _ in range(rounds):
        for _ in range(limit.size):
            limit.note(seconds, None)
        sizes.append(limit.size)
    return sizes


def test_it_rises_to_its_cap_while_the_latency_stays() -> None:
    limit = AdaptiveLimit()
    assert limit.size == 6
    assert answer(limit, 0.04, 7) == [8, 10, 12, 14, 16, 16, 16]


@pytest.mark.parametrize("cap", [1, 2, 3, 6, 9])
def test_it_never_exceeds_its_cap(cap: int) -> None:
    limit = AdaptiveLimit(cap)
    assert limit.size == min(6, cap)
    assert max(answer(limit, 0.04, 10)) == cap


def test_it_falls_while_the_latency_rises() -> None:
    limit = AdaptiveLimit()
    answer(limit, 0.04, 3)
    assert answer(limit, 0.08, 4) == [11, 10, 9, 8]
    assert min(answer(limit, 0.08, 6)) == 2


def test_a_server_that_has_become_slower_is_not_waited_for_two_at_a_time() -> None:
    limit = AdaptiveLimit()
    answer(limit, 0.04, 5)
    assert min(answer(limit, 0.08, 14)) == 2
    assert answer(limit, 0.08, 8)[-1] == 16


@pytest.mark.parametrize(
    "error",
    [Busy("wait", status=429), Busy("wait", status=503), ServerFailed("no"), OutcomeUnknown("?")],
    ids=["429", "503", "500", "time-out"],
)
def test_overload_sets_it_to_two_and_it_rises_again(error: Exception) -> None:
    limit = AdaptiveLimit()
    answer(limit, 0.04, 9)
    limit.note(3.0, error)  # type: ignore[arg-type]
    assert limit.size == 2
    assert answer(limit, 0.04, 3) == [4, 6, 8]
    assert answer(limit, 0.04, 9) == [10, 12, 14, 14, 14, 14, 16, 16, 16]


def test_a_refusal_says_nothing_of_the_load() -> None:
    limit = AdaptiveLimit()
    for _ in range(50):
        limit.note(0.04, Rejected("no"))
    assert limit.size == 6


async def test_no_more_than_its_size_are_inside_and_all_get_in() -> None:
    limit = AdaptiveLimit()
    inside = most = done = 0

    async def request(index: int) -> None:
        nonlocal inside, most, done
        async with limit:
            inside += 1
            most = max(most, inside)
            assert inside <= 16
            await asyncio.sleep(0)
            # every fortieth finds an overloaded server; those inside then finish
            limit.note(0.01, Busy("wait", status=429) if index % 40 == 39 else None)
            inside -= 1
        done += 1

    await asyncio.gather(*(request(index) for index in range(400)))
    assert done == 400
    assert 6 < most <= 16


async def test_a_smaller_size_admits_no_request_before_enough_have_left() -> None:
    limit, leave = AdaptiveLimit(), [asyncio.Event() for _ in range(6)]
    inside: list[int] = []

    async def request(index: int) -> None:
        async with limit:
            inside.append(index)
            await leave[index].wait() if index < 6 else None

    tasks = [asyncio.create_task(request(index)) for index in range(8)]
    await asyncio.sleep(0.01)
    assert inside == list(range(6))
    limit.note(1.0, OutcomeUnknown("?"))
    for index in range(4):
        leave[index].set()
        await asyncio.sleep(0.01)
        assert len(inside) == 6
    leave[4].set()
    await asyncio.sleep(0.01)
    assert len(inside) == 8
    leave[5].set()
    await asyncio.gather(*tasks)


async def test_a_request_that_was_given_up_keeps_no_place() -> None:
    limit = AdaptiveLimit(1)
    async with limit:
        waiting = asyncio.create_task(limit.__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(30), limit:
        pass


# Against servers, in simulated time ------------------------------------------------------------


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._now = 0.0
        loop = self

        class Selector(selectors.SelectSelector):
            def select(
                self, timeout: float | None = None
            ) -> list[tuple[selectors.SelectorKey, int]]:
                loop._now += timeout or 0.0
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        return self._now


class Server:
    """Server with a latency that depends on the requests in flight, and errors.

    Attributes:
        sizes: requests in flight, when each was sent.
        rejected: number of requests answered with an error.
    """

    def __init__(
        self,
        latency: Callable[[int, float], float],
        rejects: Callable[[int, int], bool] = lambda _number, _in_flight: False,
    ) -> None:
        self.latency = latency
        self.rejects = rejects
        self.sizes: list[int] = []
        self.rejected = 0
        self._in_flight = 0

    async def handle(self) -> Busy | None:
        self._in_flight += 1
        self.sizes.append(self._in_flight)
        rejected = self.rejects(len(self.sizes), self._in_flight)
        self.rejected += rejected
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(0.005 if rejected else self.latency(self._in_flight, now))
        self._in_flight -= 1
        return Busy("wait", status=429) if rejected else None


def seconds_for(server: Server, requests: int, limit: AdaptiveLimit | None = None) -> float:
    """Send so many requests, each until it is accepted; return the simulated seconds."""
    limit = limit or AdaptiveLimit()

    async def one() -> None:
        loop = asyncio.get_running_loop()
        async with limit:
            error: Busy | None = Busy("not sent yet", status=429)
            while error:
                began = loop.time()
                error = await server.handle()
                limit.note(loop.time() - began, error)
                if error:
                    await asyncio.sleep(0.25)

    async def all_of_them() -> float:
        await asyncio.gather(*(one() for _ in range(requests)))
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(all_of_them())


def jitter() -> Iterator[float]:
    """Repeatable factors from 0.7 to 1.3."""
    number = 1
    while True:
        number = number * 48271 % 2147483647
        yield 0.7 + 0.6 * number / 2147483647


def test_a_server_of_fixed_latency_gets_nearly_sixteen_at_once() -> None:
    server = Server(lambda _n, _now: 0.04)
    assert seconds_for(server, 300) <= 1.3 * math.ceil(300 / 16) * 0.04
    assert max(server.sizes) == 16


def test_an_uneven_latency_keeps_it_from_nothing() -> None:
    factors = jitter()
    server = Server(lambda _n, _now: 0.04 * next(factors))
    assert seconds_for(server, 600) <= 1.4 * math.ceil(600 / 16) * 0.04


def test_a_server_that_works_on_eight_at_once_gets_hardly_more() -> None:
    server = Server(lambda n, _now: 0.04 * max(1.0, n / 8))
    assert seconds_for(server, 600) <= 1.3 * 600 / 8 * 0.04
    later = server.sizes[200:]
    assert 7 <= sum(later) / len(later) <= 12


def test_a_server_that_becomes_slower_for_all_still_gets_sixteen() -> None:
    server = Server(lambda _n, now: 0.04 if now < 0.5 else 0.12)
    seconds_for(server, 900)
    assert max(server.sizes[-100:]) == 16


def test_a_server_that_rejects_more_than_ten_at_once_is_seldom_asked_for_more() -> None:
    server = Server(lambda _n, _now: 0.04, lambda _number, in_flight: in_flight > 10)
    assert seconds_for(server, 600) <= 1.6 * 600 / 10 * 0.04
    assert server.rejected <= 30


def test_single_errors_in_between_cost_little() -> None:
    server = Server(lambda _n, _now: 0.04, lambda number, _in_flight: number % 150 == 0)
    assert seconds_for(server, 600) <= 2.2 * math.ceil(600 / 16) * 0.04


def test_responses_from_before_an_overload_do_not_raise_it_again() -> None:
    limit = AdaptiveLimit()
    answer(limit, 0.04, 9)
    limit._in_flight = 16
    limit.note(0.01, Busy("wait", status=503))
    for _ in range(15):
        limit.note(0.04, None)
    assert limit.size == 2
    assert answer(limit, 0.04, 1) == [4]
