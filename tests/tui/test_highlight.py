"""Syntax highlighting: in a separate process, bounded, and never blocking the app."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import pytest

from neptun_tui.tui.widgets import highlight as module
from neptun_tui.tui.widgets.highlight import (
    MOST_CHARACTERS,
    can_highlight,
    highlight,
    highlight_apart,
)

CODE = ["def f(x):", "    return 'é' + 1  # why", ""]
SLOW = ["a"] * 4000
"""Java's rules look at each line from each line before it."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return processes


async def test_a_process_colours_as_the_rules_say() -> None:
    assert await highlight_apart(CODE, "x.py") == highlight(CODE, "x.py")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["a"] * (MOST_CHARACTERS // 2 + 1), "x.java"),  # line ends count
        (["a"] * 1001, "x.java"),
        (["a" * 401], "x.java"),
        (["a"], "x.unknown"),
        (["a"], "x"),
    ],
)
def test_what_is_large_or_unknown_stays_plain(lines: list[str], name: str) -> None:
    assert not can_highlight(lines, name)


async def test_rules_that_take_for_ever_hold_nothing_up(
    started: list[subprocess.Popen[bytes]],
) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    coloured = await highlight_apart(SLOW, "x.java")
    ticking.cancel()
    assert coloured is None
    assert ticks > 5
    assert started[0].returncode is not None
    assert started[0].returncode < 0  # ended from outside


async def test_a_process_ends_with_the_call_that_started_it(
    started: list[subprocess.Popen[bytes]],
) -> None:
    colouring = asyncio.create_task(highlight_apart(SLOW, "x.java"))
    while not started:
        await asyncio.sleep(0.01)
    colouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await colouring
    assert await asyncio.to_thread(started[0].wait, 60) < 0


@pytest.mark.parametrize("answer", [b"", b"null", b'[["a"]]', b'[[["x", ""]]]', b"[", b"[[1]]"])
async def test_an_answer_that_says_something_else_is_dropped(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = module._exchange
    monkeypatch.setattr(module, "_exchange", lambda *how: exchange(*how) and answer)
    assert await highlight_apart(["a"], "x.py") is None


async def test_without_a_process_a_content_stays_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError("no process is to be had")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert await highlight_apart(["a"], "x.py") is None
