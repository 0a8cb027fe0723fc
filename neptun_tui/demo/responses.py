"""Encoding of responses and errors as bytes, in either dialect."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from neptun_tui.demo.dialect import Dialect, documented_row
from neptun_tui.demo.errors import Refusal
from neptun_tui.demo.request import Outcome, RawRequest, Verb
from neptun_tui.demo.validate import UNDEFINED

_HTML_SIZE: Final = 150_000
"""Size in bytes of the real server's error page, which contains its style sheet."""
_NO_CACHE: Final = ("cache-control", "no-cache")
_JSON: Final = ("content-type", "application/json")
_HTML: Final = ("content-type", "text/html;charset=utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """Response: status, headers and body. ASGI does not allow to set the reason phrase."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer_outcome(outcome: Outcome, dialect: Dialect) -> Answer:
    """Return the response to a request that was not refused."""
    status, payload = _worded(outcome, dialect)
    if payload is UNDEFINED:
        return Answer(status, (), b"")
    if outcome.content_type != _JSON[1]:
        return Answer(status, (("content-type", outcome.content_type),), payload.encode())
    # msgspec encodes a list of 100,000 files in a twentieth of the standard library's time
    return Answer(status, (_JSON,), msgspec.json.encode(payload))


def answer_refusal(refusal: Refusal, request: RawRequest, dialect: Dialect) -> Answer:
    """Return the response to a refused request."""
    if dialect is Dialect.DOCUMENTED:
        documented = refusal.documented
        return Answer(documented.status, (_JSON,), _indented(documented.body()))
    if refusal.framework_message is None:
        return Answer(refusal.status, (_JSON,), _indented(refusal.observed_body(request.url)))
    if _wants_html(request):
        return Answer(refusal.status, (_NO_CACHE, _HTML), _page(refusal))
    body = _indented(refusal.observed_body(request.url))
    return Answer(refusal.status, (_JSON, _NO_CACHE), body)


def gateway_answer(status: int) -> Answer:
    """Return the response of a proxy in front after a time-out."""
    return Answer(status, (_HTML,), b"<!DOCTYPE html><title>Gateway error</title>")


def _worded(outcome: Outcome, dialect: Dialect) -> tuple[int, Any]:
    """Return status and payload in a dialect."""
    if dialect is Dialect.DOCUMENTED and outcome.verb is not Verb.PLAIN:
        return _documented(outcome)
    if outcome.verb is Verb.DELETED:
        return 200, []
    return outcome.status, outcome.payload


def _documented(outcome: Outcome) -> tuple[int, Any]:
    noun, payload = outcome.noun, outcome.payload
    if outcome.verb is Verb.LISTED:
        return 200, {f"{noun}s": [documented_row(noun, row) for row in payload]}
    if outcome.verb is Verb.DELETED:
        return (200, True) if noun == "project" else (204, UNDEFINED)
    status = 201 if outcome.verb is Verb.CREATED else 200
    return status, {noun: documented_row(noun, payload)}


def _indented(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def _wants_html(request: RawRequest) -> bool:
    """Tell whether shapes S and N are HTML, by the framework's rule (section 6.10 to 6.13)."""
    accept = request.headers.get("accept", "")
    if "text/html" in accept:
        return True
    return "application/json" not in accept and not request.path.startswith("/api/")


def _page(refusal: Refusal) -> bytes:
    title = f"{refusal.status} - {refusal.status_message}".replace("<", "&lt;")
    style = ".page{margin:0 auto;max-width:60rem;font-family:system-ui}\n" * (_HTML_SIZE // 60)
    head = f'<head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>'
    return f"<!DOCTYPE html><html>{head}<body><h1>{title}</h1></body></html>".encode()
