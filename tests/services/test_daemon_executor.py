"""Threads that do not keep a process alive."""

from __future__ import annotations

import asyncio
import threading

import pytest

from neptun_tui.services.daemon_executor import DaemonExecutor


async def test_a_loop_does_its_blocking_work_there_and_gets_results_and_errors() -> None:
    asyncio.get_running_loop().set_default_executor(DaemonExecutor())
    thread = await asyncio.to_thread(threading.current_thread)
    assert thread.daemon
    assert thread is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(divmod, 1, 0)


def test_work_that_hangs_holds_up_neither_other_work_nor_the_end() -> None:
    released = threading.Event()
    pool = DaemonExecutor()
    hangs = [pool.submit(released.wait, 20) for _ in range(20)]
    assert pool.submit(sum, [1, 2]).result(20) == 3
    pool.shutdown()
    assert not any(future.done() for future in hangs)
    released.set()
    assert all(future.result(20) for future in hangs)
