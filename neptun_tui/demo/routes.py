"""Routes, matched as Neptun matches them (section 6 of the recorded exchanges)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from neptun_tui.demo import accounts, chats, context, library, linked, projects, resources
from neptun_tui.demo.access import FILE, IMPORT
from neptun_tui.demo.request import Call, Handler, Outcome, RawRequest, Verb
from neptun_tui.demo.store import timestamp

PROTECTED: Final = "/api/users/"
"""Prefix of paths that need a session, even if the route does not exist."""
SHARED: Final = "/api/shared/collections"
"""Public path; its responses may be cached for a second."""
_WITH_SESSION: Final = (PROTECTED, "/api/auth/", "/api/_auth/")

_USER: Final = "/api/users/{user_id}"
_PROJECTS: Final = "/api/users/{user_id}/projects"
_PROJECT: Final = _PROJECTS + "/{project_id}"
_CHAT: Final = "/chats/{chat_conversation_id}"
_COLLECTIONS: Final = _USER + "/collections"
_COLLECTION: Final = _COLLECTIONS + "/{template_collection_id}"
_TEMPLATE: Final = _COLLECTION + "/templates/{template_id}"
_INSTALLATION: Final = _USER + "/installations/{github_installation_id}"
_RESOURCES: Final = _PROJECT + "/resources"
_IMPORT: Final = _RESOURCES + "/imports/{import_id}"
_LINKED: Final = _RESOURCES + "/{resource_type}"
_FILE: Final = _RESOURCES + "/files/{context_file_id}"


@dataclass(frozen=True, slots=True)
class Route:
    """Route from a method and a path to a handler."""

    method: str
    path: re.Pattern[str]
    handler: Handler


def find_route(request: RawRequest) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a request, and its percent-encoded parameters (exchange 2.34h)."""
    for route in ROUTES:
        match = route.path.fullmatch(request.path)
        if match and route.method == request.method:
            return route, match.groupdict()
    return None


def uses_session(request: RawRequest, *, routed: bool) -> bool:
    """Tell whether the session is read, so that an anonymous cookie may be set."""
    if request.path.startswith(PROTECTED):
        return True
    return routed and request.path.startswith(_WITH_SESSION)


async def show_health(_: Call) -> Outcome:
    """GET and HEAD /health."""
    payload = {"status": "healthy", "timestamp": timestamp(), "uptime": time.monotonic()}
    return Outcome(Verb.PLAIN, payload=payload)


def _route(method: str, path: str, handler: Handler) -> Route:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(method, re.compile(f"{pattern}/?"), handler)


ROUTES: Final[Sequence[Route]] = (
    _route("POST", "/api/auth/sign-up", accounts.sign_up),
    _route("POST", "/api/auth/login", accounts.login),
    _route("POST", "/api/auth/logout", accounts.logout),
    _route("HEAD", "/api/auth/check", accounts.check),
    _route("GET", "/api/_auth/session", accounts.show_session),
    _route("DELETE", "/api/_auth/session", accounts.end_session),
    _route("GET", "/api/users/{user_id}/cli", accounts.cli),
    _route("PATCH", _USER, accounts.change_user),
    _route("GET", _USER + "/files", library.list_user_files),
    _route("GET", _COLLECTIONS, library.list_collections),
    _route("POST", _COLLECTIONS, library.create_collection),
    _route("PATCH", _COLLECTION, library.change_collection),
    _route("DELETE", _COLLECTION, library.delete_collection),
    _route("POST", _COLLECTION + "/templates", library.create_template),
    _route("GET", _TEMPLATE, library.show_template),
    _route("PATCH", _TEMPLATE, library.change_template),
    _route("DELETE", _TEMPLATE, library.delete_template),
    _route("GET", SHARED, library.list_shared_collections),
    _route("GET", SHARED + "/{share_uuid}", library.show_shared_collection),
    _route("GET", _USER + "/chats", chats.list_chats),
    _route("POST", _USER + "/chats", chats.create_chat),
    _route("DELETE", _USER + "/chats", chats.delete_chats),
    _route("PATCH", _USER + _CHAT, chats.rename_chat),
    _route("DELETE", _USER + _CHAT, chats.delete_chat),
    _route("GET", _PROJECT + "/chats", chats.list_project_chats),
    _route("POST", _PROJECT + "/chats", chats.create_project_chat),
    _route("DELETE", _PROJECT + "/chats", chats.delete_project_chats),
    _route("DELETE", _PROJECT + _CHAT, chats.delete_project_chat),
    _route("GET", _USER + "/installations", linked.list_installations),
    _route("DELETE", _INSTALLATION, linked.delete_installation),
    _route("GET", _INSTALLATION + "/imports", linked.list_repositories),
    _route("GET", _PROJECTS, projects.list_projects),
    _route("POST", _PROJECTS, projects.create_project),
    _route("GET", _PROJECT, projects.get_project),
    _route("PATCH", _PROJECT, projects.change_project),
    _route("DELETE", _PROJECT, projects.delete_project),
    _route("GET", _PROJECT + "/context", context.show_context),
    _route("POST", _PROJECT + "/context", context.store_context),
    _route("GET", _PROJECT + "/context/markdown", context.show_markdown),
    _route("GET", _RESOURCES + "/imports", resources.list_imports),
    _route("POST", _RESOURCES + "/imports", resources.create(IMPORT)),
    _route("PUT", _IMPORT, resources.change(IMPORT)),
    _route("DELETE", _IMPORT, resources.delete(IMPORT)),
    _route("GET", _RESOURCES + "/files", resources.list_files),
    _route("POST", _RESOURCES + "/files", resources.create(FILE)),
    _route("PUT", _FILE, resources.change(FILE)),
    _route("DELETE", _FILE, resources.delete(FILE)),
    _route("GET", _RESOURCES + "/(?:imports|files)/[^/]+", resources.confused),
    _route("DELETE", _RESOURCES + "/(?:imports|files)", resources.confused),
    _route("GET", _RESOURCES + "/github-repositories", linked.list_project_repositories),
    _route("GET", _LINKED, linked.list_linked),
    _route("POST", _LINKED, linked.link),
    _route("GET", _LINKED + "/{resource_id}", linked.show_linked),
    _route("DELETE", _LINKED + "/{resource_id}", linked.unlink),
    _route("GET", "/health", show_health),
    _route("HEAD", "/health", show_health),
)
"""All routes. Another method on one of these paths is a 404: Neptun has no 405."""
