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
    """Executor with a new daemon thread for each call.

    It is the default executor of event loops, which resolve host names on it, among others. Python
    waits at exit for the threads of every other pool: half a minute for a name server that does
    not respond, and without a time-out for a journal on a lost network disk.

    If the system starts no more threads (``ulimit -u``), the call runs on the current thread, so
    that a deletion can continue and record its results.
    """

    def __init__(self) -> None:
        super().__init__(1)
        self._at_work: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start a call."""
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
        """True if no call is running."""
        return not self._at_work

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Return at once; daemon threads die with the process."""


_LEAVING_SECONDS: Final = 1.0
"""Seconds that :func:`run` waits at its end for calls that write to disk."""


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function on a new event loop, like ``asyncio.run``.

    It waits for its threads to finish writing, but not longer than a second. The coroutine is
    created after the loop: if that fails (``ulimit -n``), no coroutine is left without an await.
    """
    threads = DaemonExecutor()

    async def leave() -> None:
        until = time.monotonic() + _LEAVING_SECONDS
        while not threads.is_idle and time.monotonic() < until:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.01)

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(threads)
        # asyncio's own method starts a thread that waits for the others without a time-out.
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
    except BaseException as error:  # noqa: BLE001 - the future raises it in the waiting task
        future.set_exception(error)
    else:
        future.set_result(result)
