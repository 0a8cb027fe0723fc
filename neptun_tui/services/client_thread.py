"""Daemon thread with the event loop on which all requests to Neptun run.

A terminal that stops reading blocks the app's event loop within seconds; a thread with its own loop
is not affected. So a deletion never waits for a screen, and a screen never waits for the network,
for decoding ten megabytes, or for the import of the HTTP client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from neptun_tui.services.daemon_executor import DaemonExecutor

if TYPE_CHECKING:
    from neptun_tui.services.ports import Neptun

T = TypeVar("T")
Work = Callable[["Neptun"], Coroutine[Any, Any, T]]
"""Coroutine function on a client: ``lambda neptun: neptun.projects(session)``."""

_CLOSE_SECONDS = 0.5


class ClientThread:
    """Daemon thread that runs coroutines on clients, with one shared client for each host."""

    def __init__(self, connect: Callable[[str], Neptun]) -> None:
        """Initialise without starting the thread.

        Args:
            connect: creates the client of a host; called on the thread, once for each host.
        """
        self._connect = connect
        self._clients: dict[str, Neptun] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def start(self, host: str, work: Work[T]) -> Future[T]:
        """Start a coroutine on the thread. It continues when the caller's screen closes."""
        return self.run(lambda: self._do(host, work))

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start a coroutine that needs no client on the thread."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(DaemonExecutor())
            self._thread = Thread(target=self._loop.run_forever, name="neptun-link", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    async def call(self, host: str, work: Work[T]) -> T:
        """Run a coroutine on the thread and wait for it; cancelling the wait cancels it too."""
        return await asyncio.wrap_future(self.start(host, work))

    async def _do(self, host: str, work: Work[T]) -> T:
        if (client := self._clients.get(host)) is None:
            client = self._clients[host] = self._connect(host)
        return await work(client)

    def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Cancel running tasks, close the connections and end the thread.

        A thread that does not end in time is a daemon and does not keep the process alive.

        Args:
            seconds: longest wait for the end of the thread.
        """
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), loop).add_done_callback(
            lambda _: loop.call_soon_threadsafe(loop.stop)
        )
        thread.join(seconds)
        if not thread.is_alive():
            loop.close()

    async def _shut(self) -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
