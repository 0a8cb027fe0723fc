"""Projects, by the contract (docs/neptun-api.md) §4."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from neptun_tui.demo.access import own_project, own_user
from neptun_tui.demo.context import renew_context
from neptun_tui.demo.dialect import observed_body
from neptun_tui.demo.errors import failed
from neptun_tui.demo.request import Call, Outcome, Verb
from neptun_tui.demo.schema import PROJECTS
from neptun_tui.demo.store import DatabaseError, StatementFailed
from neptun_tui.demo.validate import Field, checked_body, checked_filter

TYPES: Final = ("web-site", "web-service", "web-app")
LANGUAGES: Final = (
    *("typescript", "javascript", "php", "go", "python", "java", "kotlin", "ruby", "elixir"),
)
_FIELDS: Final = (
    Field("name", "string", required=True),
    Field("description", "string"),
    Field("type", "enum", required=True, options=TYPES),
    Field("main_language", "enum", required=True, options=LANGUAGES),
)


async def list_projects(call: Call) -> Outcome:
    """GET …/projects: 404, not an empty list, when the database is down."""
    user_id = own_user(call)
    where = _filters(call)
    try:
        found = call.store.select(PROJECTS, neptun_user_id=user_id, **where)
    except DatabaseError as error:
        raise failed(404, "Not Found. Projects not found.") from error
    return Outcome(Verb.LISTED, "project", found)


async def create_project(call: Call) -> Outcome:
    """POST …/projects: responds before the context is written, with null."""
    user_id = own_user(call)
    values = checked_body(_body(call), _FIELDS)
    try:
        row = call.store.add(PROJECTS, {**values, "neptun_user_id": user_id})
        renew_context(call.store, row["id"])
    except DatabaseError as error:
        raise failed(500, "Internal Server Error. Failed to create project.") from error
    return Outcome(Verb.CREATED, "project", row)


async def get_project(call: Call) -> Outcome:
    """GET …/projects/{project_id}."""
    return Outcome(Verb.FOUND, "project", call.store.get(PROJECTS, own_project(call)))


async def change_project(call: Call) -> Outcome:
    """PATCH …/projects/{project_id}: responds before the context is written (exchange 2.40)."""
    project_id = own_project(call)
    values = checked_body(_body(call), _FIELDS, partial=True)
    try:
        row = call.store.change(PROJECTS, project_id, values)
        renew_context(call.store, project_id)
    except DatabaseError as error:
        raise failed(500, "Internal Server Error. Failed to update project.") from error
    return Outcome(Verb.CHANGED, "project", row)


async def delete_project(call: Call) -> Outcome:
    """DELETE …/projects/{project_id}: 200 `false` when the statement failed (exchange 7.03)."""
    project_id = own_project(call)
    await asyncio.sleep(0)  # the check and the statement are two steps; see `resources.delete`
    try:
        call.store.remove(PROJECTS, project_id)
    except StatementFailed as error:
        if call.documented:
            raise failed(500, "Internal Server Error.") from error
        return Outcome(Verb.PLAIN, payload=False)
    return Outcome(Verb.DELETED, "project")


def _filters(call: Call) -> dict[str, Any]:
    query = call.request.query_values
    wanted = {
        "type": checked_filter(query, "project_type", TYPES),
        "main_language": checked_filter(query, "programming_language", LANGUAGES),
    }
    return {column: value for column, value in wanted.items() if value is not None}


def _body(call: Call) -> object:
    body = call.request.json()
    return observed_body("project", body, call.user.id) if call.documented else body
