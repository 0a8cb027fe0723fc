"""One daemon thread for each tier: a call that never returns freezes nothing and outlives nobody.

Measured with a D-Bus that never answers: ``asyncio.to_thread`` and every other pool let the app run
but never exit, since pools are joined at exit; a daemon thread with a queue lets it exit at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

from neptun_tui.storage.tier import TierUnavailable

T = TypeVar("T")


class Worker:
    """Runs one tier's calls one after the other, each within a time limit.

    After a call that took too long the tier is dead for the rest of the process: its thread hangs,
    and nothing is gained by asking again.

    Args:
        label: the tier's name, for the thread and for sentences.
        explain: says in words what an exception of a call means.
        timeout: seconds one call may take, from being asked for to its answer.
    """

    def __init__(
        self, label: str, explain: Callable[[Exception], TierUnavailable], timeout: float
    ) -> None:
        self._label = label
        self._explain = explain
        self._timeout = timeout
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._start = Lock()
        self._over: TierUnavailable | None = None

    async def run(self, job: Callable[[], T]) -> T:
        """Have the thread do a job, and wait for it on the running event loop.

        Raises:
            TierUnavailable: the job failed, took too long, or another did before. The exception is
                new: nothing of the thread's frames hangs on it.
        """
        if self._over is not None:
            raise self._over.fresh()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put(lambda: self._do(job, loop, answer))
        self._wake()
        try:
            return await asyncio.wait_for(answer, self._timeout)
        except TimeoutError:
            self._over = self._hung()
        raise TierUnavailable(self._over.reason, self._over.hint, uncertain=True)

    def close(self) -> None:
        """Let the thread end when it is idle. Waits for nothing."""
        self._over = self._over or TierUnavailable("The vault is closed.")
        self._jobs.put(None)

    def _hung(self) -> TierUnavailable:
        return TierUnavailable(
            f"The {self._label} did not answer within {self._timeout:g} seconds.",
            "It is asked again at the next start.",
        )

    def _wake(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = Thread(
                    target=self._serve, name=f"neptun-vault-{self._label}", daemon=True
                )
                self._thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(
        self, job: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T]
    ) -> None:
        if answer.cancelled():
            return  # nobody waits any more: a late store would keep what was refused
        try:
            outcome: T | TierUnavailable = job()
        except TierUnavailable as error:
            outcome = error.fresh()
        except Exception as error:  # noqa: BLE001 - a keyring raises what it likes; the door is here
            outcome = self._explain(error)
        with suppress(RuntimeError):  # the loop has ended since
            loop.call_soon_threadsafe(_settle, answer, outcome)


def _settle(answer: asyncio.Future[T], outcome: T | TierUnavailable) -> None:
    if answer.done():
        return
    if isinstance(outcome, TierUnavailable):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
