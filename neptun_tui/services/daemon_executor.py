"""Executor of daemon threads, and event loops that never wait for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonExecutor(ThreadPoolExecutor):
    """Does each piece of work on a daemon thread of its own.

    For an event loop's default executor, which looks up the addresses of servers, among others.
    Python waits at exit for the threads of every other pool: half a minute for a name server that
    does not answer, and without end for a journal on a network disk that has gone.

    Where the system starts no more threads (``ulimit -u``) the work is done on the spot, so that a
    run of deletions goes on, and its results are written down.
    """

    def __init__(self) -> None:
        super().__init__(1)
        self._at_work: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin some work."""
        future: Future[T] = Future()
        self._at_work.add(future)
        future.add_done_callback(self._at_work.discard)
        work = (future, fn, args, kwargs)
        try:
            Thread(target=_do, args=work, name="neptun-work", daemon=True).start()
        except RuntimeError:
            _do(*work)
        return future

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._at_work

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nobody."""


_LEAVING_SECONDS: Final = 1.0
"""How long the end of :func:`run` waits for what is being written."""


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function to its end, like ``asyncio.run``, on an event loop of its own.

    What its threads still write is waited for, but only for a moment. The coroutine is made after
    the loop: a loop that cannot be made (``ulimit -n``) leaves none behind that nobody awaited.
    """
    threads = DaemonExecutor()

    async def leave() -> None:
        until = time.monotonic() + _LEAVING_SECONDS
        while not threads.is_idle and time.monotonic() < until:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.01)

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(threads)
        # asyncio's own starts a thread to wait for the others, without end.
        loop.shutdown_default_executor = leave  # type: ignore[method-assign]
        return loop

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.get_loop()
        return runner.run(main())


def _do(
    future: Future[T], fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
        future.set_exception(error)
    else:
        future.set_result(result)
