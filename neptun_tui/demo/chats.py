"""Chats of an account and of a project, by the contract (docs/neptun-api.md) §11."""

from __future__ import annotations

import re
from typing import Final

from neptun_tui.demo.access import CHAT, linked_rows, own_project, own_thing, own_user
from neptun_tui.demo.errors import invalid, no_access
from neptun_tui.demo.linked import link_thing
from neptun_tui.demo.request import Call, Outcome, Verb
from neptun_tui.demo.schema import CHATS, LINKS, Row
from neptun_tui.demo.store import DatabaseError
from neptun_tui.demo.validate import Field, Where, checked_body, checked_ids

_MODELS: Final = (
    *("qwen/Qwen2.5-72B-Instruct", "qwen/Qwen2.5-Coder-32B-Instruct"),
    *("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "mistralai/Mistral-Nemo-Instruct-2407"),
    *("mistralai/Mistral-7B-Instruct-v0.3", "google/gemma-2-27b-it"),
    *("microsoft/Phi-3-mini-4k-instruct", "cloudflare/llama-3.3-70b-instruct-fp8-fast"),
    *("openrouter/gemini-2.0-pro-exp-02-05", "openrouter/deepseek-chat"),
    *("openrouter/llama-3.3-70b-instruct", "ollama/rwkv-6-world"),
)
_NAME: Final = Field("name", "string", required=True, min_length=3)
_FIELDS: Final = (Field("model", "enum", required=True, options=_MODELS), _NAME)
_IDS: Final = (Field("chat_ids", "array", required=True),)
_ORDER: Final = re.compile(r"\w+:(asc|desc)(,\w+:(asc|desc))*")


async def list_chats(call: Call) -> Outcome:
    """GET /api/users/{user_id}/chats: null when the database is down (exchange 7.10)."""
    user_id = own_user(call)
    try:
        rows = call.store.select(CHATS, neptun_user_id=user_id)
    except DatabaseError:
        return Outcome(Verb.PLAIN, payload={"chats": None})
    return Outcome(Verb.PLAIN, payload={"chats": _ordered(call, rows)})


async def create_chat(call: Call) -> Outcome:
    """POST /api/users/{user_id}/chats."""
    own_user(call)
    return Outcome(Verb.PLAIN, payload={"chat": _create(call)})


async def rename_chat(call: Call) -> Outcome:
    """PATCH /api/users/{user_id}/chats/{id}."""
    row_id = own_thing(call, CHAT)
    body = call.request.json()
    values = checked_body(body, [_NAME], status_message="Bad Request. Invalid body(name).")
    return Outcome(Verb.PLAIN, payload={"chat": call.store.change(CHATS, row_id, values)})


async def delete_chat(call: Call) -> Outcome:
    """DELETE /api/users/{user_id}/chats/{id}."""
    call.store.remove(CHATS, own_thing(call, CHAT))
    return Outcome(Verb.PLAIN, payload=True)


async def delete_chats(call: Call) -> Outcome:
    """DELETE /api/users/{user_id}/chats: the owner is not checked (exchange 27.54)."""
    own_user(call)
    return _delete_listed(call)


async def list_project_chats(call: Call) -> Outcome:
    """GET …/projects/{project_id}/chats."""
    rows = linked_rows(call.store, CHAT, own_project(call))
    return Outcome(Verb.PLAIN, payload={"chats": _ordered(call, rows)})


async def create_project_chat(call: Call) -> Outcome:
    """POST …/projects/{project_id}/chats: creates a chat and links it."""
    project_id = own_project(call)
    chat = _create(call)
    link_thing(call.store, CHAT, project_id, chat["id"])
    return Outcome(Verb.PLAIN, payload={"chat": chat})


async def delete_project_chat(call: Call) -> Outcome:
    """DELETE …/projects/{project_id}/chats/{id}: the chat itself, if it is linked."""
    project_id = own_project(call)
    row_id = checked_ids(call.params)[CHAT.id_name]
    if not call.store.has(LINKS, project_id=project_id, chat_conversation_id=row_id):
        raise no_access(CHAT.noun)
    call.store.remove(CHATS, row_id)
    return Outcome(Verb.PLAIN, payload=True)


async def delete_project_chats(call: Call) -> Outcome:
    """DELETE …/projects/{project_id}/chats."""
    own_project(call)
    return _delete_listed(call)


def _create(call: Call) -> Row:
    words = "Bad Request. Invalid body(model, name)."
    values = checked_body(call.request.json(), _FIELDS, status_message=words)
    return call.store.add(CHATS, {**values, "neptun_user_id": call.user.id})


def _delete_listed(call: Call) -> Outcome:
    words = "Bad Request. Invalid body(chat_ids)."
    body = checked_body(call.request.json(), _IDS, status_message=words)
    for row_id in body["chat_ids"]:
        call.store.remove(CHATS, row_id)
    return Outcome(Verb.PLAIN, payload=True)


def _ordered(call: Call, rows: list[Row]) -> list[Row]:
    """Sort by the query's order; by default the last changed first."""
    [order] = call.request.query_values.get("order_by", [""])
    if order and not _ORDER.fullmatch(order):
        message = "order_by must be a comma-separated list of 'column:direction' pairs"
        issue = {"code": "custom", "message": message, "path": ["order_by"]}
        raise invalid([issue], status_message=Where.REQUEST_LINE.value)
    ordered = rows[::-1]  # the table's own order is that of the last change
    for pair in reversed(order.split(",") if order else []):
        column, _, direction = pair.partition(":")
        ordered.sort(key=lambda row: str(row.get(column)), reverse=direction == "desc")
    return ordered
