"""Locks on rows and tables, which delay the execution of writing requests (contract §12).

A PostgreSQL statement waits while another transaction holds its row or table. Neptun has no
time-out and does not stop when the client disconnects, so the request is executed when the lock
ends, minutes later; an earlier listing shows the old state.

    with store.locks.hold("DELETE", "*/resources/files/102") as lock:
        ...                                   # send the DELETE; give up, or get killed
        lock.wait_for_requests()              # it has arrived; in a coroutine:
        await asyncio.to_thread(lock.wait_for_requests)
        ...                                   # a listing has file 102
    ...                                       # the lock has ended: a listing has no file 102

`lock.release()` ends it earlier, and `lock.drop()` ends it without executing the requests. Both
return afterwards, so the next listing shows the new state. All calls are allowed from any thread,
on an event loop or not, while the application runs in-process or under uvicorn.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import ContextVar
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Final, Self, TypeVar

PATIENCE: Final = 60.0
"""Time-out in seconds of a test that waits for a request."""

T = TypeVar("T")

_held: ContextVar[Held | None] = ContextVar("held", default=None)


class LockDropped(Exception):
    """The lock ended without the statement: the server was restarted."""


class Locks:
    """Locks of one database, available as `store.locks`."""

    def __init__(self) -> None:
        self._locks: list[Lock] = []

    def hold(
        self, method: str, path: str, *, times: int | None = None, answer: int | None = None
    ) -> Lock:
        """Hold requests from now on: access is checked, but nothing is written.

        Args:
            method: The method, such as "DELETE"; "*" for any that writes.
            path: The path as sent, with the wildcards `*` and `?`: "*/resources/files/*".
            times: Number of requests to hold; later ones pass. None for all.
            answer: Status to send at once, like a gateway that times out (502, 504), while the
                request stays held. None to let the client wait for the end of the lock.
        """
        lock = Lock(method, path, times, answer)
        self._locks.append(lock)
        return lock

    def take(self, method: str, path: str) -> Held | None:
        """Return the held request if a lock matches it, or None."""
        places = (lock.admit(method, path) for lock in list(self._locks))
        return next((place for place in places if place is not None), None)

    def close(self) -> None:
        """Drop all locks, at the end of the database."""
        for lock in list(self._locks):
            lock.drop()


class Lock:
    """Lock, a context manager that ends with `release`."""

    def __init__(self, method: str, path: str, times: int | None, answer: int | None) -> None:
        self.answer = answer
        self._method = method
        self._path = path
        self._left = times
        self._ended = False
        self._places: list[Held] = []
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def waiting(self) -> list[str]:
        """Waiting requests, in the order of arrival: "DELETE /api/users/1/…"."""
        with self._changed:
            return [place.request for place in self._places if place.waits]

    def wait_for_requests(self, count: int = 1) -> None:
        """Block until this number of requests waits.

        Raises:
            TimeoutError: They did not arrive within a minute.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.waiting) >= count, PATIENCE):
                raise TimeoutError(f"{len(self.waiting)} of {count} requests wait")

    def release(self) -> None:
        """End the lock, and execute the waiting requests one by one in the order of arrival."""
        self._end(carry_out=True)

    def drop(self) -> None:
        """End the lock like a restart of the server, without executing the waiting requests."""
        self._end(carry_out=False)

    def admit(self, method: str, path: str) -> Held | None:
        """Return the held request if it matches this lock, or None."""
        matches = fnmatchcase(method, self._method) and fnmatchcase(path, self._path)
        with self._changed:
            if self._ended or self._left == 0 or not matches or method in {"GET", "HEAD"}:
                return None
            if self._left is not None:
                self._left -= 1
            place = Held(self, f"{method} {path}")
            self._places.append(place)
            return place

    def announce(self, place: Held, *, waits: bool) -> None:
        """Record that a request begins or ceases to wait."""
        with self._changed:
            place.waits = waits
            self._changed.notify_all()

    def _end(self, *, carry_out: bool) -> None:
        with self._changed:
            self._ended = True
            places, self._places = self._places, []
        for place in places:
            place.let_go(carry_out=carry_out)


class Held:
    """Request held by a lock. It runs on its own thread, which continues without its client."""

    def __init__(self, lock: Lock, request: str) -> None:
        self.lock = lock
        self.request = request
        self.waits = False
        self._open = threading.Event()
        self._done = threading.Event()
        self._dropped = False

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run the work on a thread; its first write waits for the end of the lock."""
        result: Future[T] = Future()
        result.set_running_or_notify_cancel()  # from now on it cannot be cancelled

        def carry_out() -> None:
            _held.set(self)
            try:
                result.set_result(asyncio.run(work()))
            except Exception as error:  # noqa: BLE001 - the future raises it
                result.set_exception(error)
            finally:
                self.lock.announce(self, waits=False)
                self._done.set()

        threading.Thread(target=carry_out, daemon=True, name=self.request).start()
        return result

    def wait(self) -> None:
        """Block until the lock has ended.

        Raises:
            LockDropped: It ended without executing the requests.
        """
        self.lock.announce(self, waits=True)
        self._open.wait()
        if self._dropped:
            raise LockDropped(self.request)

    def let_go(self, *, carry_out: bool) -> None:
        """Let the request continue, and block until it is finished."""
        self._dropped = not carry_out
        self._open.set()
        if not self._done.wait(PATIENCE):
            raise TimeoutError(f"{self.request} did not end")


def wait_for_lock() -> None:
    """Block while the request of this thread is held."""
    place = _held.get()
    if place is not None:
        place.wait()
