"""Access checks of the demo: one database query each, separate from the statement itself."""

from __future__ import annotations

from dataclasses import dataclass

from neptun_tui.demo.errors import no_access
from neptun_tui.demo.request import Call
from neptun_tui.demo.schema import (
    CHATS,
    COLLECTIONS,
    FILES,
    IMPORTS,
    INSTALLATIONS,
    LINKS,
    PROJECTS,
    TEMPLATES,
    USER_FILES,
    Row,
    Table,
)
from neptun_tui.demo.store import Store
from neptun_tui.demo.validate import checked_ids


@dataclass(frozen=True, slots=True)
class Kind:
    """Kind of resource, with its table and the name of its id in paths and links."""

    noun: str
    plural: str
    table: Table
    id_name: str


IMPORT = Kind("import", "imports", IMPORTS, "import_id")
FILE = Kind("file", "files", FILES, "context_file_id")
USER_FILE = Kind("user file", "user-files", USER_FILES, "user_file_id")
COLLECTION = Kind("collection", "template-collections", COLLECTIONS, "template_collection_id")
TEMPLATE = Kind("template", "templates", TEMPLATES, "template_id")
INSTALLATION = Kind("installation", "github-installations", INSTALLATIONS, "github_installation_id")
CHAT = Kind("chat", "chat-conversations", CHATS, "chat_conversation_id")
LINKED = {kind.plural: kind for kind in (USER_FILE, COLLECTION, INSTALLATION, CHAT)}
"""Resources of an account that can be linked to its projects, by their name in a path."""


def own_user(call: Call) -> int:
    """Return the user id of the path, which has to be the caller's own.

    Raises:
        Refusal: Shape V or A.
    """
    ids = checked_ids(call.params)
    _refuse_other_user(call, ids, "project")
    return ids["user_id"]


def own_project(call: Call, noun: str = "project") -> int:
    """Return the project id of the path, which has to be one of the caller's projects.

    Raises:
        Refusal: Shape V or A.
        DatabaseError: The check itself failed; that is a shape N, 500.
    """
    ids = checked_ids(call.params)
    _refuse_other_user(call, ids, noun)
    _refuse_other_project(call, ids)
    return ids["project_id"]


def own_resource(call: Call, kind: Kind) -> int:
    """Return the id of the import or file of the path, which has to be in the caller's project.

    Raises:
        Refusal: Shape V or A.
        DatabaseError: The check itself failed; that is a shape N, 500.
    """
    project_id = own_project(call, kind.noun)
    row_id = checked_ids(call.params)[kind.id_name]
    if not call.store.has(kind.table, id=row_id, project_id=project_id):
        raise no_access(kind.noun)
    return row_id


def own_thing(call: Call, kind: Kind, name: str = "") -> int:
    """Return the id of the account's resource in the path; the project in the path is not checked.

    Args:
        call: The request.
        kind: Kind of the resource.
        name: Parameter of the path with its id, if not the kind's own.

    Raises:
        Refusal: Shape V or A.
        DatabaseError: The check itself failed; that is a shape N, 500.
    """
    ids = checked_ids(call.params)
    _refuse_other_user(call, ids, kind.noun)
    row_id = ids[name or kind.id_name]
    if not call.store.has(kind.table, id=row_id, neptun_user_id=call.user.id):
        raise no_access(kind.noun, foreign=call.store.has(kind.table, id=row_id))
    return row_id


def linked_rows(store: Store, kind: Kind, project_id: int) -> list[Row]:
    """Return the linked resources of a kind, each as often as it is linked to the project."""
    ids = [row[kind.id_name] for row in store.select(LINKS, project_id=project_id)]
    return [row for row in store.select(kind.table) for _ in range(ids.count(row["id"]))]


def _refuse_other_user(call: Call, ids: dict[str, int], noun: str) -> None:
    if ids["user_id"] != call.user.id:
        raise no_access(noun, foreign=True)


def _refuse_other_project(call: Call, ids: dict[str, int]) -> None:
    project_id = ids["project_id"]
    if not call.store.has(PROJECTS, id=project_id, neptun_user_id=call.user.id):
        raise no_access("project", foreign=call.store.has(PROJECTS, id=project_id))
