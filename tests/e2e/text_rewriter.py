"""Neptun that replaces every text it sends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Words = Callable[[str, str], str]
"""Makes another text: of the place in the answer where it stands, and of what stood there."""

EXPIRED = {
    "error": True,
    "url": "/",
    "statusCode": 401,
    "statusMessage": "Server Error",
    "message": "Unauthorized",
}
"""Shape S (contract §2): the only words that must be right, for the session to be over."""

_LOOSE = ("metadata", "file_tree")
"""Below these any JSON may stand, so the names in it are texts of the server, too."""


class TextRewriter:
    """ASGI middleware that replaces every text, in fields added later as well.

    Attributes:
        words: makes the texts; None lets them be.
        instead: answers every request, when there is one: status, content type, body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.words: Words | None = None
        self.instead: tuple[int, str, bytes] | None = None
        self.said: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.instead:
            status, kind, body = self.instead
            await Response(body, status, {"content-type": kind})(scope, receive, send)
            return
        start: Message = {}
        pieces: list[bytes] = []

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                body = self._said_otherwise(b"".join(pieces))
                kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
                length = (b"content-length", str(len(body)).encode())
                await send({**start, "headers": [*kept, length] if body else start["headers"]})
                await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, hold)

    def _said_otherwise(self, body: bytes) -> bytes:
        if self.words is None or not body:
            return body
        answer = json.loads(body)
        return json.dumps(self._replaced(answer, "", loose=False)).encode()

    def _replaced(self, value: Any, place: str, *, loose: bool) -> Any:
        match value:
            case str():
                self.said.add(place)
                assert self.words
                return self.words(place, value)
            case list():
                return [self._replaced(item, place, loose=loose) for item in value]
            case dict():
                number = value.get("id", "")
                return {
                    self._name(key, place, loose=loose): self._replaced(
                        item, f"{place}/{number}/{key}", loose=loose or key in _LOOSE
                    )
                    for key, item in value.items()
                }
            case _:
                return value

    def _name(self, key: str, place: str, *, loose: bool) -> str:
        assert self.words
        return self.words(place, key) if loose else key
