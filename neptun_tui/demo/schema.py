"""Tables of the demo: columns in the order in which Neptun sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Row = dict[str, Any]
"""Row, with its columns in the order in which Neptun sends them."""

MAX_INTEGER: Final = 2_147_483_647
"""Largest PostgreSQL `integer`; ids above it fail in SQL, not in validation."""


@dataclass(frozen=True, slots=True)
class Table:
    """Table as the store needs it."""

    name: str
    columns: tuple[str, ...]
    json_columns: frozenset[str] = frozenset()
    rewritten_in_place: bool = False
    """True if an update keeps the row's position in an unordered list."""


USERS: Final = Table(
    "neptun_user",
    ("id", "primary_email", "password_hash", "created_at", "updated_at"),
)
PROJECTS: Final = Table(
    "project",
    (
        *("id", "name", "description", "type", "main_language", "prompt_context"),
        *("created_at", "updated_at", "neptun_user_id"),
    ),
    frozenset({"prompt_context"}),
    rewritten_in_place=True,  # recorded so: the list of exchange 2.45
)
IMPORTS: Final = Table(
    "project_import",
    (
        *("id", "source_type", "source_path", "source_ref", "import_status", "error_message"),
        *("file_tree", "created_at", "updated_at", "neptun_user_id", "project_id"),
    ),
    frozenset({"file_tree"}),
)
FILES: Final = Table(
    "context_file",
    (
        *("id", "title", "original_path", "content", "file_type", "category", "file_size"),
        *("pdf_url", "language", "metadata", "parent_path", "depth", "created_at"),
        *("updated_at", "neptun_user_id", "import_id", "project_id"),
    ),
    frozenset({"metadata"}),
)
USER_FILES: Final = Table(
    "user_file",
    (
        *("id", "title", "text", "language", "extension"),
        *("created_at", "updated_at", "neptun_user_id"),
    ),
)
COLLECTIONS: Final = Table(
    "template_collection",
    (
        *("id", "name", "description", "is_shared", "share_uuid"),
        *("created_at", "updated_at", "neptun_user_id"),
    ),
    frozenset({"is_shared"}),
)
TEMPLATES: Final = Table(
    "template",
    (
        *("id", "description", "file_name", "created_at", "updated_at"),
        *("neptun_user_id", "template_collection_id", "user_file_id"),
    ),
)
CHATS: Final = Table(
    "chat_conversation",
    ("id", "name", "model", "created_at", "updated_at", "neptun_user_id"),
)
INSTALLATIONS: Final = Table(
    "github_installation",
    (
        *("id", "github_account_type", "github_account_avatar_url", "github_account_id"),
        *("github_account_name", "created_at", "updated_at", "neptun_user_id"),
    ),
)
REPOSITORIES: Final = Table(
    "github_repository",
    (
        *("id", "github_repository_id", "github_repository_name"),
        *("github_repository_description", "github_repository_size"),
        *("github_repository_language", "github_repository_license", "github_repository_url"),
        *("github_repository_website_url", "github_repository_default_branch"),
        *("github_repository_is_private", "github_repository_is_fork"),
        *("github_repository_is_template", "github_repository_is_archived"),
        *("created_at", "updated_at", "github_app_installation_id"),
    ),
    frozenset(
        f"github_repository_is_{name}" for name in ("private", "fork", "template", "archived")
    ),
)
LINKS: Final = Table(
    "project_link",
    (
        *("id", "project_id", "user_file_id", "template_collection_id"),
        *("github_installation_id", "chat_conversation_id", "created_at", "updated_at"),
    ),
)
"""Links of projects: one of the four columns is set. A resource may be linked twice."""

SCHEMA: Final = """
PRAGMA foreign_keys = ON;
CREATE TABLE neptun_user (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    primary_email TEXT NOT NULL UNIQUE, password_hash TEXT, created_at TEXT, updated_at TEXT);
CREATE TABLE project (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    name TEXT NOT NULL, description TEXT, type TEXT, main_language TEXT,
    prompt_context TEXT, created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE);
CREATE TABLE project_import (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    source_type TEXT NOT NULL, source_path TEXT NOT NULL, source_ref TEXT,
    import_status TEXT NOT NULL DEFAULT 'pending', error_message TEXT, file_tree TEXT,
    created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE,
    project_id INTEGER REFERENCES project ON DELETE CASCADE);
CREATE TABLE context_file (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    title TEXT NOT NULL, original_path TEXT NOT NULL, content TEXT NOT NULL,
    file_type TEXT NOT NULL, category TEXT, file_size INTEGER, pdf_url TEXT,
    language TEXT DEFAULT 'text', metadata TEXT, parent_path TEXT, depth INTEGER DEFAULT 0,
    created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE,
    import_id INTEGER REFERENCES project_import ON DELETE CASCADE,
    project_id INTEGER REFERENCES project ON DELETE CASCADE);
CREATE TABLE user_file (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    title TEXT, text TEXT NOT NULL, language TEXT, extension TEXT,
    created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE);
CREATE TABLE template_collection (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    name TEXT NOT NULL, description TEXT, is_shared TEXT NOT NULL DEFAULT 'false',
    share_uuid TEXT NOT NULL, created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE);
CREATE TABLE template (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    description TEXT, file_name TEXT NOT NULL, created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE,
    template_collection_id INTEGER NOT NULL REFERENCES template_collection ON DELETE CASCADE,
    user_file_id INTEGER NOT NULL REFERENCES user_file ON DELETE CASCADE);
CREATE TABLE chat_conversation (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    name TEXT NOT NULL, model TEXT NOT NULL, created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE);
CREATE TABLE github_installation (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    github_account_type TEXT, github_account_avatar_url TEXT, github_account_id INTEGER,
    github_account_name TEXT, created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE);
CREATE TABLE github_repository (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    github_repository_id INTEGER, github_repository_name TEXT,
    github_repository_description TEXT, github_repository_size INTEGER,
    github_repository_language TEXT, github_repository_license TEXT,
    github_repository_url TEXT, github_repository_website_url TEXT,
    github_repository_default_branch TEXT, github_repository_is_private TEXT DEFAULT 'true',
    github_repository_is_fork TEXT DEFAULT 'false',
    github_repository_is_template TEXT DEFAULT 'false',
    github_repository_is_archived TEXT DEFAULT 'false',
    created_at TEXT, updated_at TEXT,
    github_app_installation_id INTEGER NOT NULL
        REFERENCES github_installation ON DELETE CASCADE);
CREATE TABLE project_link (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    project_id INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
    user_file_id INTEGER REFERENCES user_file ON DELETE CASCADE,
    template_collection_id INTEGER REFERENCES template_collection ON DELETE CASCADE,
    github_installation_id INTEGER REFERENCES github_installation ON DELETE CASCADE,
    chat_conversation_id INTEGER REFERENCES chat_conversation ON DELETE CASCADE,
    created_at TEXT, updated_at TEXT);
CREATE INDEX project_by_user ON project (neptun_user_id, heap);
CREATE INDEX import_by_project ON project_import (project_id, heap);
CREATE INDEX import_by_user ON project_import (neptun_user_id);
CREATE INDEX file_by_project ON context_file (project_id, heap);
CREATE INDEX file_by_import ON context_file (import_id);
CREATE INDEX file_by_user ON context_file (neptun_user_id);
"""
