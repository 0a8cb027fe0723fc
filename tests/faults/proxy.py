"""Proxy to the demo that fails as scripted: request by request, and at a given moment.

It reads one request, looks up its turn in the script, and either passes it on to the real server,
keeps it, answers in the server's place, or resets the connection before or after the server had it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from neptun_tui.demo.locks import Lock
from neptun_tui.demo.server import listen

T = TypeVar("T")
Deed = Callable[[], None]


class Fault(StrEnum):
    """Treatment of one request and its response."""

    PASS = "pass"
    RESET_BEFORE = "reset before the server has it"
    RESET_AFTER = "reset after the server has handled it"
    CUT_HEAD = "answer cut in the middle of its headers"
    CUT_BODY = "answer cut before its last byte"
    LATE_ANSWER = "handled, and answered after the time-out"
    LATE_REQUEST = "held past the time-out, for the server to get it later"
    HELD = "held by a lock of the server, after its access check, past the time-out"
    SESSION = "401 S"
    ACCESS = "401 A"
    WORDLESS = "401 without a body"
    MISSING = "404 as documented"
    FAILED = "404 as observed"
    REFUSED = "400"
    BUSY = "429"
    BUSY_NOW = "429 with Retry-After: 0"
    ERROR = "500"
    GATEWAY = "502 with HTML"
    GATEWAY_DONE = "502 with HTML after the server has handled it"
    GATEWAY_LATER = "504 with HTML, and the server gets it later"
    UNAVAILABLE = "503"
    EMPTY_PROMISE = "200, and nothing was done"
    TRUNCATED = "200 with half of the JSON"
    LOGIN_WALL = "200 with HTML"
    NOTHING = "204"
    NULL = "200 with null"


HANDLED: Final = frozenset(
    {
        *(Fault.PASS, Fault.RESET_AFTER, Fault.CUT_HEAD, Fault.CUT_BODY),
        *(Fault.LATE_ANSWER, Fault.GATEWAY_DONE, Fault.TRUNCATED),
    }
)
"""The server has the request before the fault strikes."""

IN_DOUBT: Final = frozenset(
    {
        *(Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.CUT_HEAD, Fault.CUT_BODY),
        *(Fault.LATE_ANSWER, Fault.LATE_REQUEST, Fault.HELD, Fault.UNAVAILABLE),
        *(Fault.GATEWAY, Fault.GATEWAY_DONE, Fault.GATEWAY_LATER),
        *(Fault.EMPTY_PROMISE, Fault.LOGIN_WALL, Fault.NOTHING, Fault.NULL, Fault.TRUNCATED),
    }
)
"""For a DELETE whose item is still listed: it may yet be carried out."""

OF_LISTS: Final = frozenset({Fault.TRUNCATED, Fault.LOGIN_WALL, Fault.NOTHING, Fault.NULL})
"""For a DELETE these would be just another way to say 2xx."""

_HTML: Final = b"<!doctype html><title>Bad gateway</title><h1>502</h1>"
_LONGEST: Final = 5.0
"""Seconds to wait at most for a client to give up."""


def _json(status: int, body: object, *headers: str) -> bytes:
    return _answer(status, json.dumps(body).encode(), "application/json", *headers)


def _answer(status: int, body: bytes, kind: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", f"content-type: {kind}", *headers]
    if status != 204:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _session_shape(status: int, message: str) -> bytes:
    said = {
        "error": True,
        "url": "http://x/",
        "statusCode": status,
        "statusMessage": "Server Error",
    }
    return _json(status, {**said, "message": message})


_SCRIPTED: Final = {
    Fault.SESSION: _session_shape(401, "Unauthorized"),
    Fault.ACCESS: _json(401, {"statusCode": 401, "statusMessage": "Unauthorized.", "stack": []}),
    Fault.WORDLESS: _answer(401, b"", "application/json"),
    Fault.MISSING: _json(404, {"statusCode": 404, "message": "Import not found"}),
    Fault.FAILED: _json(404, {"statusCode": 404, "statusMessage": "Not Found.", "stack": []}),
    Fault.REFUSED: _json(400, {"statusCode": 400, "statusMessage": "Bad Request.", "stack": []}),
    Fault.BUSY: _json(429, {"statusCode": 429, "message": "Too many"}),
    Fault.BUSY_NOW: _json(429, {"statusCode": 429, "message": "Too many"}, "Retry-After: 0"),
    Fault.ERROR: _session_shape(500, "Server Error"),
    Fault.GATEWAY: _answer(502, _HTML, "text/html"),
    Fault.GATEWAY_DONE: _answer(502, _HTML, "text/html"),
    Fault.GATEWAY_LATER: _answer(504, _HTML, "text/html"),
    Fault.UNAVAILABLE: _answer(503, b"", "text/plain"),
    Fault.EMPTY_PROMISE: _answer(200, b"[]", "application/json"),
    Fault.LOGIN_WALL: _answer(200, _HTML, "text/html"),
    Fault.NOTHING: _answer(204, b"", "application/json"),
    Fault.NULL: _answer(200, b"null", "application/json"),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One entry of the script.

    Attributes:
        before: done before the server gets the request.
        after: done when the server has answered, before the answer goes on.
    """

    fault: Fault = Fault.PASS
    before: Deed | None = None
    after: Deed | None = None


@dataclass(slots=True)
class Passed:
    """One request that came by. ``whole``: the client had a good answer, in full and in time."""

    label: str
    fault: Fault
    reached: bool = False
    whole: bool = False


@dataclass(slots=True, eq=False)
class Client:
    """One connection of the program's."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def reset(self) -> None:
        """End it as a router does that has forgotten it."""
        sock = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait for it to hang up."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LONGEST):
                await self.reader.read(1)


@dataclass
class Proxy:
    """The line. Everything public may be used from any thread but the line's own.

    Attributes:
        hold: lock what a path ends with at the server, for one DELETE. ``HELD`` needs it.
        script: the turns still to come of each request, by its label: ``DELETE files/7``,
            ``GET imports local_folder``, ``GET files``. When there are none left it is passed on.
        log: every request that came by, in order.
        witness: called with the label of every DELETE before anything else happens to it.
        patience: seconds after which an answer is not counted as given in time.
    """

    upstream: int
    hold: Callable[[str], Lock] | None = None
    patience: float = 0.15
    script: dict[str, deque[Turn]] = field(default_factory=lambda: defaultdict(deque))
    log: list[Passed] = field(default_factory=list)
    witness: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        self._held: list[bytes | Lock] = []
        self._gate = asyncio.Lock()
        self._errors: list[Exception] = []
        self._under_way = 0
        self._clients: set[Client] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.port = 0
        self.up()

    @property
    def origin(self) -> str:
        """Address for the program."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def held(self) -> int:
        """Number of requests that wait for :meth:`release`."""
        return len(self._held)

    def up(self) -> None:
        """Listen, on the same port as before."""
        self._do(self._up())

    def down(self) -> None:
        """Break every connection and refuse new ones; what the server has got it goes on with."""
        self._do(self._down())

    def release(self) -> None:
        """Let the server carry out, now, what was held, in the order of arrival."""
        held, self._held = self._held, []
        for each in held:
            if isinstance(each, Lock):
                each.release()
            else:
                self._do(self._pass_on_late(each))

    def rest(self) -> None:
        """Wait until no request is in progress, abandoned ones included.

        Raises:
            Exception: what the line or a deed has failed with meanwhile.
        """
        self._do(self._rest())

    def forget(self) -> None:
        """Clear the script, the log and what is held; the server carries out none of it."""
        self.script.clear()
        self.log = []
        held, self._held = self._held, []
        for each in held:
            if isinstance(each, Lock):
                each.drop()

    def close(self) -> None:
        """End it."""
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _up(self) -> None:
        if self._listener is None:
            self._listener = listen(self.port)
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
            self._loop.add_reader(self._listener, self._accept)

    async def _down(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            self._loop.remove_reader(listener)
            listener.close()
        for client in self._clients:
            client.reset()

    def _accept(self) -> None:
        """Done by hand: asyncio's own server leaks what it accepts in the moment it is closed."""
        assert self._listener
        with contextlib.suppress(BlockingIOError):
            sock, _ = self._listener.accept()
            task = self._loop.create_task(self._serve(sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _rest(self) -> None:
        for _ in range(5_000):
            if self._errors:
                raise self._errors.pop()
            if not self._under_way:
                return
            await asyncio.sleep(0.002)
        raise AssertionError("a request never ends")

    async def _shut(self) -> None:
        await self._down()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, sock: socket.socket) -> None:
        client = Client(*await asyncio.open_connection(sock=sock))
        self._clients.add(client)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._exchange(client):
                    pass
        except Exception as error:  # noqa: BLE001 - reported by rest(), where a test sees it
            self._errors.append(error)
        finally:
            self._clients.discard(client)
            client.writer.transport.abort()

    async def _exchange(self, client: Client) -> bool:
        """Wait for a request and see to it; whether the connection goes on."""
        request = await _read(client.reader)
        self._under_way += 1
        try:
            return await self._take(client, request)
        finally:
            self._under_way -= 1

    async def _take(self, client: Client, request: bytes) -> bool:
        began = time.monotonic()
        label = label_of(request)
        if self.witness and label.startswith("DELETE "):
            await asyncio.to_thread(self.witness, label)
        turns = self.script.get(label)
        turn = turns.popleft() if turns else Turn()
        passed = Passed(label, turn.fault)
        self.log.append(passed)
        if turn.before:
            await asyncio.to_thread(turn.before)
        answer = b""
        if turn.fault in HANDLED:
            passed.reached = True
            answer = await self._pass_on(request)
        elif turn.fault is Fault.HELD and label.startswith("DELETE "):
            passed.reached = True
            answer = await self._hold(request, label)
            if answer:  # refused before it would have written: nothing is held
                passed.fault = Fault.PASS
        if turn.after:
            await asyncio.to_thread(turn.after)
        goes_on = await self._answer(client, passed.fault, request, answer)
        in_time = time.monotonic() - began < self.patience
        good = answer.startswith(b"HTTP/1.1 2") and passed.fault is Fault.PASS
        passed.whole = goes_on and good and in_time and not client.writer.is_closing()
        return goes_on

    async def _answer(self, client: Client, fault: Fault, request: bytes, answer: bytes) -> bool:
        match fault:
            case Fault.RESET_BEFORE | Fault.RESET_AFTER:
                client.reset()
                return False
            case Fault.LATE_ANSWER | Fault.LATE_REQUEST | Fault.HELD:
                await client.gone()
                if fault is Fault.LATE_REQUEST and request.startswith(b"DELETE"):
                    self._held.append(request)
                return False
            case Fault.CUT_HEAD | Fault.CUT_BODY:
                client.writer.write(answer[: len(answer) // 3 if fault is Fault.CUT_HEAD else -1])
                client.writer.close()
                return False
            case Fault.TRUNCATED:
                head, _, body = answer.partition(b"\r\n\r\n")
                half = body[: len(body) // 2]
                head = re.sub(rb"(?i)content-length: \d+", b"content-length: %d" % len(half), head)
                client.writer.write(head + b"\r\n\r\n" + half)
            case Fault.PASS:
                client.writer.write(answer)
            case _:
                if fault is Fault.GATEWAY_LATER:
                    self._held.append(request)
                client.writer.write(_SCRIPTED[fault])
        await client.writer.drain()
        return True

    async def _hold(self, request: bytes, label: str) -> bytes:
        """Pass a DELETE on to a lock; return the answer if the server refuses it before that."""
        assert self.hold
        async with self._gate:
            lock = self.hold(label.removeprefix("DELETE "))
            passing = asyncio.create_task(self._pass_on(request))
            while not passing.done() and not lock.waiting:
                await asyncio.sleep(0.002)
            if lock.waiting:
                self._held.append(lock)
                passing.cancel()  # the server goes on without a client (contract §12)
                await asyncio.gather(passing, return_exceptions=True)
                return b""
        await asyncio.to_thread(lock.drop)
        return await passing

    async def _pass_on_late(self, request: bytes) -> None:
        """Pass a request on, but not into a lock that was taken for another one."""
        async with self._gate:
            await self._pass_on(request)

    async def _pass_on(self, request: bytes) -> bytes:
        """The server's whole answer, made to look as if its connection went on."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            head, _, body = request.partition(b"\r\n\r\n")
            head = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head)
            writer.write(head + b"\r\nConnection: close\r\n\r\n" + body)
            answer = await reader.read(-1)
        finally:
            writer.close()
        return re.sub(rb"(?i)\r\nconnection: close", b"", answer, count=1)


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def label_of(request: bytes) -> str:
    """Return the script's name of a request."""
    method, target, _ = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    path, _, query = target.partition("?")
    source = re.search(r"import_source_type=(\w+)", query)
    tail = path.partition("/resources/")[2] or path.rpartition("/")[2]
    return f"{method} {tail} {source[1]}" if source else f"{method} {tail}"
