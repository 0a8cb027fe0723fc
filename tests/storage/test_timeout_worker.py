"""Daemon thread of a backend."""

import asyncio
import threading

import pytest

from neptun_tui.storage.session_backends import BackendUnavailable
from neptun_tui.storage.timed_backend import TimeoutWorker


def explain(error):
    return BackendUnavailable(f"It fell ({type(error).__name__}).")


@pytest.fixture
def worker():
    worker = TimeoutWorker("fake_backend", explain, 0.3)
    yield worker
    worker.close()


async def test_jobs_run_one_after_the_other_on_one_daemon_thread(worker):
    names = await asyncio.gather(*(worker.run(threading.current_thread) for _ in range(5)))
    assert len(set(names)) == 1
    assert names[0].daemon
    assert names[0] is not threading.current_thread()


async def test_an_error_comes_in_words_and_without_frames(worker):
    def fall():
        secret = "throw-away-cookie"
        try:
            int(secret)
        except ValueError:
            raise BackendUnavailable("It is locked.", "Unlock it.") from None

    with pytest.raises(BackendUnavailable, match="It is locked") as caught:
        await worker.run(fall)
    assert (caught.value.hint, caught.value.__context__, caught.value.__cause__) == (
        "Unlock it.",
        None,
        None,
    )

    def break_down():
        raise KeyError("throw-away-cookie")

    with pytest.raises(BackendUnavailable, match=r"It fell \(KeyError\)") as caught:
        await worker.run(break_down)
    assert caught.value.__context__ is None


async def test_after_a_time_out_it_is_never_asked_again(worker):
    release = threading.Event()
    done = []
    with pytest.raises(BackendUnavailable, match=r"within 0\.3 seconds") as caught:
        await worker.run(release.wait)
    assert caught.value.uncertain
    with pytest.raises(BackendUnavailable, match=r"within 0\.3 seconds") as caught:
        await worker.run(lambda: done.append(1))
    assert not caught.value.uncertain  # this job was not even begun
    release.set()
    assert not done


async def test_a_job_without_a_waiter_is_not_started(worker):
    release = threading.Event()
    done = []
    first = asyncio.create_task(worker.run(release.wait))
    second = asyncio.create_task(worker.run(lambda: done.append("late")))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.wait([second])
    release.set()
    assert await first
    await worker.run(lambda: None)
    assert done == []


def test_a_loop_that_ended_is_not_an_error(worker):
    release = threading.Event()

    async def leave():
        task = asyncio.create_task(worker.run(release.wait))
        await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(leave())
    release.set()
    assert asyncio.run(worker.run(lambda: "still well")) == "still well"


async def test_closing_waits_for_nothing(worker):
    release = threading.Event()
    task = asyncio.create_task(worker.run(release.wait))
    await asyncio.sleep(0.05)
    worker.close()
    assert not task.done()
    release.set()
    assert await task
    with pytest.raises(BackendUnavailable, match="closed"):
        await worker.run(lambda: None)
