"""Imports and files of a project, by the contract (docs/neptun-api.md) §1, §5, §6."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from neptun_tui.demo.access import FILE, IMPORT, LINKED, Kind, own_project, own_resource
from neptun_tui.demo.dialect import observed_body
from neptun_tui.demo.errors import Issue, failed, invalid
from neptun_tui.demo.request import Call, Handler, Outcome, Verb
from neptun_tui.demo.schema import IMPORTS, INSTALLATIONS, LINKS
from neptun_tui.demo.store import DatabaseError, Store
from neptun_tui.demo.validate import (
    UNDEFINED,
    Field,
    Where,
    checked_body,
    checked_filter,
    enum_issue,
)

SOURCE_TYPES: Final = (
    *("local_folder", "github_repository_installation", "public_github_repository_url"),
)
FILE_TYPES: Final = ("markdown", "pdf", "text")
CATEGORIES: Final = (
    *("bundler", "build_tool", "server", "package_manager", "runtime"),
    *("documentation", "test_tool", "unknown"),
)
_IMPORT_FIELDS: Final = (
    Field("source_type", "enum", required=True, options=SOURCE_TYPES),
    Field("source_path", "string", required=True),
    Field("source_ref", "string"),
    Field("import_status", "string", nullable=False),
    Field("error_message", "string"),
    Field("file_tree", "json"),
    Field("neptun_user_id", "integer", required=True),
)
_FILE_FIELDS: Final = (
    Field("title", "string", required=True),
    Field("original_path", "string", required=True),
    Field("content", "string", required=True),
    Field("file_type", "enum", required=True, options=FILE_TYPES),
    Field("category", "enum", options=CATEGORIES),
    Field("file_size", "integer"),
    Field("pdf_url", "string"),
    Field("language", "string"),
    Field("metadata", "json"),
    Field("parent_path", "string"),
    Field("depth", "integer"),
    Field("neptun_user_id", "integer", required=True),
    Field("import_id", "integer", required=True),
)
_FIELDS: Final = {IMPORT: _IMPORT_FIELDS, FILE: _FILE_FIELDS}
_MOVES: Final = (Field("project_id", "integer"),)


async def list_imports(call: Call) -> Outcome:
    """GET …/imports: only local folders without a filter; documented without filters."""
    project_id = own_project(call, "import")
    where: dict[str, Any] = {}
    if not call.documented:
        query = call.request.query_values
        chosen = checked_filter(query, "import_source_type", SOURCE_TYPES)
        where["source_type"] = chosen or "local_folder"
    return _listed(call, IMPORT, project_id, where)


async def list_files(call: Call) -> Outcome:
    """GET …/files: one filter alone silently sets the other (contract §6)."""
    project_id = own_project(call, "file")
    query = call.request.query_values
    category = checked_filter(query, "context_file_category", CATEGORIES)
    file_type = checked_filter(query, "context_file_type", FILE_TYPES)
    where = {}
    if category or file_type:
        where = {"category": category or "unknown", "file_type": file_type or "text"}
    return _listed(call, FILE, project_id, where)


def create(kind: Kind) -> Handler:
    """POST …/imports or …/files: owner and project are those of the path, not of the body."""

    async def handler(call: Call) -> Outcome:
        project_id = own_project(call, kind.noun)
        values = checked_body(_body(call, kind), _body_fields(call, kind))
        owner = {"neptun_user_id": call.user.id, "project_id": project_id}
        try:
            row = call.store.add(kind.table, {**values, **owner})
        except DatabaseError as error:
            raise failed(500, "Internal Server Error.") from error
        return Outcome(Verb.CREATED, kind.noun, row)

    return handler


def change(kind: Kind) -> Handler:
    """PUT …/imports/{id} or …/files/{id}: another `project_id` moves it (exchange 3.25)."""

    async def handler(call: Call) -> Outcome:
        row_id = own_resource(call, kind)
        fields = (*_body_fields(call, kind), *_MOVES)
        values = checked_body(_body(call, kind), fields, partial=True)
        if call.documented:
            values.pop("neptun_user_id", None)  # the translation of the dialect has set it
        if not values:
            raise failed(500, "Internal Server Error.", data={})
        try:
            row = call.store.change(kind.table, row_id, values)
        except DatabaseError as error:
            raise failed(404, "Not Found.") from error
        return Outcome(Verb.CHANGED, kind.noun, row)

    return handler


def delete(kind: Kind) -> Handler:
    """DELETE …/imports/{id} or …/files/{id}: observed 404 means failed, and still there."""

    async def handler(call: Call) -> Outcome:
        row_id = own_resource(call, kind)
        # The check and the statement are two round trips to PostgreSQL. Two concurrent deletes of
        # one row both pass the check, and both get 200 (exchange 3.36).
        await asyncio.sleep(0)
        try:
            if call.documented and kind is IMPORT:
                _disconnect_github(call.store, row_id)
            call.store.remove(kind.table, row_id)
        except DatabaseError as error:
            raise failed(404, "Not Found.") from error
        return Outcome(Verb.DELETED, kind.noun)

    return handler


async def confused(call: Call) -> Outcome:
    """GET or DELETE of …/imports/… without its own route, handled by the linked resources.

    Their parameters are missing, so the issues have names that the client did not send (exchanges
    3.19c and 3.30v).
    """
    _ = call.user
    issues: list[Issue] = [
        enum_issue("resource_type", UNDEFINED, tuple(LINKED)),
        {
            "code": "invalid_type",
            "expected": "number",
            "received": "nan",
            "path": ["resource_id"],
            "message": "Expected number, received nan",
        },
    ]
    raise invalid(issues, status_message=Where.REQUEST_LINE.value)


def _disconnect_github(store: Store, import_id: int) -> None:
    """Unlink the installation of a GitHub import, as documented; the observed server keeps it."""
    found = store.get(IMPORTS, import_id)
    if found["source_type"] != "github_repository_installation":
        return
    account = str(found["source_path"]).partition("/")[0]
    for row in store.select(INSTALLATIONS, github_account_name=account):
        store.remove_all(LINKS, project_id=found["project_id"], github_installation_id=row["id"])


def _listed(call: Call, kind: Kind, project_id: int, where: Mapping[str, Any]) -> Outcome:
    try:
        rows = call.store.list_resources(kind.table, project_id=project_id, **where)
    except DatabaseError as error:
        raise failed(404, "Not Found.") from error
    return Outcome(Verb.LISTED, kind.noun, rows)


def _body(call: Call, kind: Kind) -> object:
    body = call.request.json()
    return observed_body(kind.noun, body, call.user.id) if call.documented else body


def _body_fields(call: Call, kind: Kind) -> tuple[Field, ...]:
    """Return the fields of a body; in the reference a file needs no import."""
    fields = _FIELDS[kind]
    if not call.documented:
        return fields
    return tuple(replace(f, required=False) if f.name == "import_id" else f for f in fields)
