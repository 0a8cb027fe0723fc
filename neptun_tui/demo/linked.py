"""Links of a project, and GitHub installations, by the contract §7 and §11."""

from __future__ import annotations

from dataclasses import replace

from neptun_tui.demo.access import (
    INSTALLATION,
    LINKED,
    Kind,
    linked_rows,
    own_project,
    own_thing,
    own_user,
)
from neptun_tui.demo.context import renew_context
from neptun_tui.demo.errors import failed, invalid
from neptun_tui.demo.request import Call, Outcome, Verb
from neptun_tui.demo.schema import INSTALLATIONS, LINKS, PROJECTS, REPOSITORIES, Row
from neptun_tui.demo.store import DatabaseError, Store
from neptun_tui.demo.validate import UNDEFINED, Field, Where, checked_body, checked_ids, enum_issue

_INSTALLATION_COLUMNS = (
    *("id", "github_account_name", "github_account_type", "github_account_avatar_url"),
    *("created_at", "updated_at"),
)


async def list_linked(call: Call) -> Outcome:
    """GET …/resources/{type}: an empty list also when the query failed (exchange 7.07)."""
    kind, call = _kind(call)
    project_id = own_project(call)
    if call.store.faults.sql_fails or call.store.faults.list_fails:
        return Outcome(Verb.PLAIN, payload=[])
    rows = linked_rows(call.store, kind, project_id)
    return Outcome(Verb.PLAIN, payload=[_shown(kind, row) for row in rows])


async def show_linked(call: Call) -> Outcome:
    """GET …/resources/{type}/{id}."""
    kind, call = _kind(call)
    project_id = own_project(call)
    row_id = checked_ids(call.params)["resource_id"]
    if not call.store.has(LINKS, project_id=project_id, **{kind.id_name: row_id}):
        raise failed(404, "Not Found.")
    return Outcome(Verb.PLAIN, payload=_shown(kind, call.store.get(kind.table, row_id)))


async def link(call: Call) -> Outcome:
    """POST …/resources/{type}: neither the owner nor an existing link is checked."""
    kind, call = _kind(call)
    project_id = own_project(call)
    values = checked_body(call.request.json(), [Field(kind.id_name, "integer", required=True)])
    if not values[kind.id_name]:
        raise failed(400, "Bad Request")
    try:
        link_thing(call.store, kind, project_id, values[kind.id_name])
    except DatabaseError as error:
        raise failed(500, "Internal Server Error. Failed to create resource.") from error
    row = call.store.get(kind.table, values[kind.id_name])
    if kind is INSTALLATION:  # other key order than in the list (exchanges 28.04 and 28.05)
        row = {"id": row["id"], "github_installation_id": row["id"], **row}
    return Outcome(Verb.PLAIN, payload=row)


async def unlink(call: Call) -> Outcome:
    """DELETE …/resources/{type}/{id}: only the owner is checked (exchange 5.24)."""
    kind, call = _kind(call)
    row_id = own_thing(call, kind, "resource_id")
    project_id = checked_ids(call.params)["project_id"]
    try:
        call.store.remove_all(LINKS, project_id=project_id, **{kind.id_name: row_id})
    except DatabaseError as error:
        raise failed(404, "Not Found.") from error
    if call.store.has(PROJECTS, id=project_id):
        renew_context(call.store, project_id)
    if call.documented:
        return Outcome(Verb.PLAIN, payload=UNDEFINED, status=204)
    return Outcome(Verb.PLAIN, payload=True)


async def list_installations(call: Call) -> Outcome:
    """GET /api/users/{user_id}/installations: 204 when the database is down (exchange 7.10)."""
    user_id = own_user(call)
    try:
        rows = call.store.select(INSTALLATIONS, neptun_user_id=user_id)
    except DatabaseError:
        return Outcome(Verb.PLAIN, payload=UNDEFINED, status=204)
    shown = [{name: row[name] for name in _INSTALLATION_COLUMNS} for row in rows]
    return Outcome(Verb.PLAIN, payload=shown)


async def list_repositories(call: Call) -> Outcome:
    """GET /api/users/{user_id}/installations/{id}/imports."""
    row_id = own_thing(call, INSTALLATION)
    rows = call.store.select(REPOSITORIES, github_app_installation_id=row_id)
    return Outcome(Verb.PLAIN, payload=rows)


async def delete_installation(call: Call) -> Outcome:
    """DELETE /api/users/{user_id}/installations/{id}: with its repositories and links."""
    call.store.remove(INSTALLATIONS, own_thing(call, INSTALLATION))
    return Outcome(Verb.PLAIN, payload=[])


async def list_project_repositories(call: Call) -> Outcome:
    """GET …/resources/github-repositories: those of the installations linked to the project."""
    installations = linked_rows(call.store, INSTALLATION, own_project(call))
    if not installations:
        raise failed(404, "No GitHub installation found for this project")
    repositories = [
        row | {name: found[name] for name in ("github_account_id", "github_account_name")}
        for found in installations
        for row in call.store.select(REPOSITORIES, github_app_installation_id=found["id"])
    ]
    return Outcome(Verb.PLAIN, payload={"repositories": repositories})


def link_thing(store: Store, kind: Kind, project_id: int, row_id: int) -> None:
    """Link a resource to a project, and renew the stored context."""
    store.add(LINKS, {"project_id": project_id, kind.id_name: row_id})
    renew_context(store, project_id)


def _kind(call: Call) -> tuple[Kind, Call]:
    """Return the kind in the path, and the call without it among its ids."""
    params = dict(call.params)
    name = params.pop("resource_type")
    if name not in LINKED:
        issue = enum_issue("resource_type", name, tuple(LINKED))
        raise invalid([issue], status_message=Where.REQUEST_LINE.value)
    return LINKED[name], replace(call, params=params)


def _shown(kind: Kind, row: Row) -> Row:
    return row | {"github_installation_id": row["id"]} if kind is INSTALLATION else row
