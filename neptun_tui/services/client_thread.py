"""Daemon thread with the event loop on which all requests to Neptun run.

A terminal that stops reading freezes the loop that draws on it within seconds; a thread with its
own loop goes on. So a run of deletions never waits for a screen, and a screen never for the
network, for decoding ten megabytes, or for the import of the HTTP client.
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
"""Something to be done with a server: ``lambda neptun: neptun.projects(session)``."""

_CLOSE_SECONDS = 0.5


class ClientThread:
    """Runs work against servers in one daemon thread, with one shared client for each server."""

    def __init__(self, connect: Callable[[str], Neptun]) -> None:
        """Prepare, but start nothing.

        Args:
            connect: makes the client of a host; called in the thread, once for each host.
        """
        self._connect = connect
        self._clients: dict[str, Neptun] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def start(self, host: str, work: Work[T]) -> Future[T]:
        """Begin some work. Nobody needs to wait for it: it goes on when a screen closes."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(DaemonExecutor())
            self._thread = Thread(target=self._loop.run_forever, name="neptun-link", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._do(host, work), self._loop)

    async def call(self, host: str, work: Work[T]) -> T:
        """Do some work and wait for it here; cancelling the wait cancels the work."""
        return await asyncio.wrap_future(self.start(host, work))

    async def _do(self, host: str, work: Work[T]) -> T:
        if (client := self._clients.get(host)) is None:
            client = self._clients[host] = self._connect(host)
        return await work(client)

    def close(self) -> None:
        """Cancel what still runs, close the connections and end the thread; at most half a second.

        The thread is a daemon: one that does not end in time keeps no process alive.
        """
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), loop).add_done_callback(
            lambda _: loop.call_soon_threadsafe(loop.stop)
        )
        thread.join(_CLOSE_SECONDS)
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
