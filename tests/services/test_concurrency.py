"""Limit of concurrent requests: it rises while the latency does not, and falls on overload."""

from __future__ import annotations

import asyncio

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
    assert min(answer(limit, 0.08, 20)) == 2
    assert answer(limit, 0.04, 2) == [4, 6]


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
