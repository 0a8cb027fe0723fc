"""Imitation of Neptun as an ASGI application.

    store = Store()
    populate(store)
    app = create_app(store)

It runs in-process through `httpx.ASGITransport`, on any event loop, or under uvicorn.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from neptun_tui.demo.cookies import THROW_AWAY_KEY, OpenedSession, Sealer, set_cookie
from neptun_tui.demo.dialect import OBSERVED, Dialect
from neptun_tui.demo.errors import Refusal, framework, id_out_of_range, page_not_found, server_error
from neptun_tui.demo.locks import Held
from neptun_tui.demo.request import Call, Outcome, RawRequest
from neptun_tui.demo.responses import Answer, answer_outcome, answer_refusal, gateway_answer
from neptun_tui.demo.routes import PROTECTED, SHARED, find_route, uses_session
from neptun_tui.demo.store import Arrival, DatabaseError, OutOfRange, Store
from neptun_tui.demo.validate import UNDEFINED

_CACHED: Final = ("cache-control", "s-maxage=1, stale-while-revalidate")


def create_app(
    store: Store,
    *,
    dialect: Dialect | str = OBSERVED,
    latency: float = 0.0,
    key: bytes = THROW_AWAY_KEY,
) -> Starlette:
    """Create the application.

    Args:
        store: The database; the caller fills it and may switch its faults at any time.
        dialect: Behaviour as observed, or as documented.
        latency: Seconds to wait before each response; the work is done before the wait.
        key: Key of the session cookies. Another key ends every session.

    Returns:
        The application, for a server or for `httpx.ASGITransport`.
    """
    neptun = Neptun(store, Dialect(dialect), latency, Sealer(key))
    return Starlette(routes=[Mount("/", app=neptun)])


@dataclass(frozen=True, slots=True)
class Neptun:
    """ASGI application without Starlette's wrapping."""

    store: Store
    dialect: Dialect
    latency: float
    sealer: Sealer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            request = await _read(Request(scope, receive))
        except ClientDisconnect:
            return
        self.store.arrivals.append(Arrival(request.method, request.path))
        held = self.store.locks.take(request.method, request.path)
        if held is None:
            answer = await self.answer(request)
        else:
            answer = await self._answer_held(request, held, receive)
        if self.latency:
            await asyncio.sleep(self.latency)
        await _response(answer, request.method)(scope, receive, send)

    async def _answer_held(self, request: RawRequest, held: Held, receive: Receive) -> Answer:
        """Wait for the end of a lock or a disconnect; the request continues in either case."""
        running = held.run(lambda: self.answer(request))
        if held.lock.answer is not None:
            return gateway_answer(held.lock.answer)
        gone = asyncio.create_task(_disconnected(receive))
        answered = asyncio.create_task(_result(running))
        try:
            await asyncio.wait([answered, gone], return_when=asyncio.FIRST_COMPLETED)
            answer = answered.result() if answered.done() else None
            return answer or gateway_answer(504)  # the client has disconnected
        finally:
            gone.cancel()
            answered.cancel()

    async def answer(self, request: RawRequest) -> Answer:
        """Execute a request, and convert every refusal to a response."""
        routed = find_route(request) is not None
        opened: OpenedSession | None = None
        try:
            guard(request)  # before the session: its refusals set no cookie (exchange 1.18)
            if uses_session(request, routed=routed):
                opened = self.sealer.open(request.headers)
            outcome = await self._carry_out(request, opened or self.sealer.open({}))
        except Refusal as refusal:
            answer = answer_refusal(refusal, request, self.dialect)
        except OutOfRange:
            answer = answer_refusal(id_out_of_range(), request, self.dialect)
        except DatabaseError:
            answer = answer_refusal(server_error(), request, self.dialect)
        else:
            answer = answer_outcome(outcome, self.dialect)
            if outcome.cookie is not None:
                return _with_cookie(answer, outcome.cookie)
        if request.path.startswith(SHARED):
            return replace(answer, headers=(*answer.headers, _CACHED))
        return self._with_anonymous_cookie(answer, opened)

    async def _carry_out(self, request: RawRequest, opened: OpenedSession) -> Outcome:
        found = find_route(request)
        call = Call(
            request=request,
            params=found[1] if found else {},
            opened=opened,
            store=self.store,
            sealer=self.sealer,
            dialect=self.dialect,
        )
        if request.path.startswith(PROTECTED):
            _ = call.user  # a missing session has priority over a missing route
        if found is None:
            raise page_not_found(request.path)
        return await found[0].handler(call)

    def _with_anonymous_cookie(self, answer: Answer, opened: OpenedSession | None) -> Answer:
        """Add an anonymous cookie to the response if the request had no valid one (contract §3)."""
        if opened is None or not opened.fresh:
            return answer
        return _with_cookie(answer, self.sealer.seal(opened.session))


async def _result(running: Future[Answer]) -> Answer | None:
    return await asyncio.wrap_future(running)


async def _disconnected(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(request: Request) -> RawRequest:
    """Read a request, with its path as sent, which Starlette has already decoded."""
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    return RawRequest(
        method=request.method,
        path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=dict(request.headers),
        body=await request.body(),
    )


def _with_cookie(answer: Answer, value: str) -> Answer:
    return replace(answer, headers=(("set-cookie", set_cookie(value)), *answer.headers))


def _response(answer: Answer, method: str) -> Response:
    """Convert a response for Starlette, without a body for HEAD."""
    body = b"" if method == "HEAD" else answer.body
    return Response(body, answer.status, headers=dict(answer.headers))


MAX_BODY: Final = 2_000_000
"""Maximum size in bytes of a filtered body."""

_HARMLESS: Final = re.compile(
    r"</?(?:abbr|article|aside|b|bdi|bdo|big|blockquote|br|center|cite|code|dd|del|div|dl|dt|em"
    r"|figcaption|figure|footer|h[1-6]|header|hr|i|ins|kbd|li|mark|nav|ol|p|pre|s|samp|section"
    r"|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var)>"
)
_FILES: Final = re.compile(r"/resources/files(/|$)")


def guard(request: RawRequest) -> None:
    """Refuse bodies that are too large or contain markup; only GET and POST are filtered (3.26).

    Files are exempt from both, because their content is code (exchanges 4.11b and 4.17).

    Raises:
        Refusal: Shape N: 413, 400, or 400 because the body is not JSON.
    """
    if _FILES.search(request.path):
        return
    if len(request.body) > MAX_BODY:
        raise framework(413, "Payload Too Large")
    if request.method == "GET":
        _refuse_markup(dict(request.query_values))
    elif request.method == "POST":
        _refuse_markup(request.json())


def _refuse_markup(value: object) -> None:
    if value is UNDEFINED:
        return
    rest = _HARMLESS.sub("", json.dumps(value, ensure_ascii=False))
    if "<" in rest or ">" in rest:
        raise framework(400, "Bad Request")


HOST: Final = "127.0.0.1"
"""Loopback address; the demo's password is public, so it serves nothing else."""


def listen(port: int = 0) -> socket.socket:
    """Return a listening socket on :data:`HOST`.

    It is created with IPPROTO_TCP, because asyncio disables Nagle's algorithm only on such
    sockets. Otherwise a response with separate writes of head and body waits for the client's
    delayed acknowledgement: 40 ms for each request on a kept-alive connection.

    Args:
        port: The port; 0 for a free one.

    Raises:
        OSError: The port is not available.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener
