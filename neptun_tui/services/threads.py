"""Threads that keep no process alive."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreads(ThreadPoolExecutor):
    """Does each piece of work on a daemon thread of its own.

    For an event loop's default executor, which looks up the addresses of servers, among others.
    Python waits at exit for the threads of every other pool, and a name server that does not answer
    holds one up for half a minute.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin some work."""
        future: Future[T] = Future()
        work = (future, fn, args, kwargs)
        Thread(target=_do, args=work, name="neptun-work", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for nobody."""


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
