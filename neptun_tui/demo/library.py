"""Template collections, templates and user files of an account, by the contract §11."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from neptun_tui.demo.access import COLLECTION, TEMPLATE, own_thing, own_user
from neptun_tui.demo.errors import Refusal, failed
from neptun_tui.demo.request import Call, Outcome, Verb
from neptun_tui.demo.schema import COLLECTIONS, TEMPLATES, USER_FILES, Row
from neptun_tui.demo.store import DatabaseError, Store
from neptun_tui.demo.validate import UNDEFINED, Field, checked_body, checked_object

_COLLECTION_FIELDS: Final = (
    Field("name", "string", required=True),
    Field("description", "string"),
    Field("is_shared", "boolean", nullable=False),
    Field("neptun_user_id", "integer", required=True),
)
_PARTS: Final = {
    "template": (
        Field("description", "string"),
        Field("file_name", "string", required=True),
        Field("neptun_user_id", "integer", required=True),
    ),
    "file": (
        Field("title", "string"),
        Field("text", "string", required=True),
        Field("language", "string"),
        Field("extension", "string"),
        Field("neptun_user_id", "integer", required=True),
    ),
}
_FILE_COLUMNS: Final = ("title", "text", "language", "extension")


async def list_user_files(call: Call) -> Outcome:
    """GET /api/users/{user_id}/files: 204 when the database is down (exchange 7.10)."""
    user_id = own_user(call)
    try:
        rows = call.store.select(USER_FILES, neptun_user_id=user_id)
    except DatabaseError:
        return Outcome(Verb.PLAIN, payload=UNDEFINED, status=204)
    return Outcome(Verb.PLAIN, payload=rows)


async def list_collections(call: Call) -> Outcome:
    """GET /api/users/{user_id}/collections, with their templates."""
    user_id = own_user(call)
    try:
        rows = call.store.select(COLLECTIONS, neptun_user_id=user_id)
        return _listed(call, rows)
    except DatabaseError as error:
        raise failed(500, "Internal Server Error") from error


async def list_shared_collections(call: Call) -> Outcome:
    """GET /api/shared/collections: of all users, without a session."""
    rows = call.store.select(COLLECTIONS)
    return _listed(call, [row for row in rows if row["is_shared"]])


async def show_shared_collection(call: Call) -> Outcome:
    """GET /api/shared/collections/{uuid}."""
    rows = call.store.select(COLLECTIONS, share_uuid=call.params["share_uuid"])
    if not rows or not rows[0]["is_shared"]:
        raise failed(404, "Not Found")
    shown = _with_templates(call.store, rows[0])
    del shown["share_uuid"]
    return Outcome(Verb.PLAIN, payload={"collection": shown})


async def create_collection(call: Call) -> Outcome:
    """POST /api/users/{user_id}/collections: the owner is the user of the path."""
    user_id = own_user(call)
    values = checked_body(call.request.json(), _COLLECTION_FIELDS)
    made = {"is_shared": False, **values}
    owner = {"share_uuid": str(uuid.uuid4()), "neptun_user_id": user_id}
    row = call.store.add(COLLECTIONS, {**made, **owner})
    return Outcome(Verb.PLAIN, payload={"collection": row})


async def change_collection(call: Call) -> Outcome:
    """PATCH /api/users/{user_id}/collections/{id}: same required fields as POST (25.10)."""
    row_id = own_thing(call, COLLECTION)
    values = checked_body(call.request.json(), _COLLECTION_FIELDS)
    row = call.store.change(COLLECTIONS, row_id, {**values, "neptun_user_id": call.user.id})
    return Outcome(Verb.PLAIN, payload={"collection": row})


async def delete_collection(call: Call) -> Outcome:
    """DELETE /api/users/{user_id}/collections/{id}: keeps the files of its templates."""
    call.store.remove(COLLECTIONS, own_thing(call, COLLECTION))
    return Outcome(Verb.PLAIN, payload=True)


async def create_template(call: Call) -> Outcome:
    """POST …/collections/{id}/templates: creates a template and its user file."""
    collection_id = own_thing(call, COLLECTION)
    parts = _checked_parts(call.request.json())
    owner = {"neptun_user_id": call.user.id}
    file = call.store.add(USER_FILES, {**_unescaped(parts["file"]), **owner})
    place = {"template_collection_id": collection_id, "user_file_id": file["id"]}
    row = call.store.add(TEMPLATES, {**parts["template"], **owner, **place})
    return Outcome(Verb.PLAIN, payload={"template": _with_text(row, file)})


async def show_template(call: Call) -> Outcome:
    """GET …/collections/{id}/templates/{id}."""
    row = call.store.get(TEMPLATES, own_template(call))
    file = call.store.get(USER_FILES, row["user_file_id"])
    return Outcome(
        Verb.PLAIN, payload={"template": _with_text(row | {"neptun_user_file": file}, file)}
    )


async def change_template(call: Call) -> Outcome:
    """PATCH …/collections/{id}/templates/{id}: accepts any own collection (exchange 25.33)."""
    row_id = own_template(call)
    body = checked_object(call.request.json())
    if "file" not in body:
        raise failed(400, "Bad Request")
    values = checked_body(body, _PARTS["template"][:2], partial=True)
    text = checked_body(body["file"], _PARTS["file"][:4], partial=True)
    try:
        row = call.store.change(TEMPLATES, row_id, values)
        file = call.store.change(USER_FILES, row["user_file_id"], _unescaped(text))
    except DatabaseError as error:
        raise failed(500, "Internal Server Error", data={}) from error
    return Outcome(Verb.PLAIN, payload={"template": _with_text(row, file)})


async def delete_template(call: Call) -> Outcome:
    """DELETE …/collections/{id}/templates/{id}: keeps its user file."""
    call.store.remove(TEMPLATES, own_template(call))
    return Outcome(Verb.PLAIN, payload=True)


def own_template(call: Call) -> int:
    """Return the template id of the path; only the owner of it and of the collection is checked."""
    own_thing(call, COLLECTION)
    return own_thing(call, TEMPLATE)


def collections_in_context(store: Store, rows: Iterable[Row]) -> list[Row]:
    """Return linked collections in the format of a project's context."""
    columns = ("name", "description", "is_shared", "share_uuid")
    return [
        {name: row[name] for name in columns}
        | {
            "templates": [
                {name: template[name] for name in ("description", "file_name", *_FILE_COLUMNS)}
                for template in _templates(store, row)
            ]
        }
        for row in rows
    ]


def _listed(call: Call, rows: Iterable[Row]) -> Outcome:
    query = call.request.query_values
    shared, name = query.get("is_shared"), query.get("name", [""])[0]
    shown = [
        _with_templates(call.store, row)
        for row in rows
        if name.lower() in row["name"].lower()
        and (not shared or row["is_shared"] == (shared[0] == "true"))
    ]
    return Outcome(Verb.PLAIN, payload={"collections": shown, "total": len(shown)})


def _with_templates(store: Store, collection: Row) -> Row:
    shown = {**collection, "templates": _templates(store, collection)}
    del shown["neptun_user_id"]
    return shown


def _templates(store: Store, collection: Row) -> list[Row]:
    columns = ("id", "description", "file_name", "created_at", "updated_at")
    shown = []
    for row in store.select(TEMPLATES, template_collection_id=collection["id"]):
        file = store.get(USER_FILES, row["user_file_id"])
        template = {name: row[name] for name in columns} | {"neptun_user_file": file}
        shown.append(_with_text(template, file))
    return shown


def _with_text(template: Row, file: Row) -> Row:
    return template | {name: file[name] for name in _FILE_COLUMNS}


def _unescaped(values: Mapping[str, Any]) -> Row:
    """Return the values with `<` and `>` unescaped, which the web page escapes (25.20)."""
    return {
        name: value.replace("&lt;", "<").replace("&gt;", ">") if isinstance(value, str) else value
        for name, value in values.items()
    }


def _checked_parts(body: object) -> dict[str, dict[str, Any]]:
    """Return both parts of a new template; issues are listed by part (exchange 25.23)."""
    sent = checked_object(body)
    if any(part not in sent for part in _PARTS):
        raise failed(400, "Bad Request")
    checked: dict[str, dict[str, Any]] = {}
    wrong: dict[str, Any] = dict.fromkeys(_PARTS)
    for part, fields in _PARTS.items():
        try:
            checked[part] = checked_body(sent[part], fields)
        except Refusal as refusal:
            issues = (refusal.data or {})["issues"]
            named = {issue["path"][0]: {"_errors": [issue["message"]]} for issue in issues}
            wrong[part] = {"_errors": [], **named}
    if any(wrong.values()):
        raise failed(400, "Bad Request", data=wrong)
    return checked
