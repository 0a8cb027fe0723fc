"""The tables of the imitation: columns in the order in which Neptun sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Row = dict[str, Any]
"""One row, its columns in the order in which Neptun sends them."""

MAX_INTEGER: Final = 2_147_483_647
"""The largest PostgreSQL `integer`; ids above it fail in SQL, not in validation."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the store has to know of one table."""

    name: str
    columns: tuple[str, ...]
    json_columns: frozenset[str] = frozenset()
    rewritten_in_place: bool = False
    """An update leaves the row where it is in an unordered list."""


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
    project_id INTEGER NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE TABLE context_file (
    id INTEGER PRIMARY KEY, heap INTEGER NOT NULL,
    title TEXT NOT NULL, original_path TEXT NOT NULL, content TEXT NOT NULL,
    file_type TEXT NOT NULL, category TEXT, file_size INTEGER, pdf_url TEXT,
    language TEXT DEFAULT 'text', metadata TEXT, parent_path TEXT, depth INTEGER DEFAULT 0,
    created_at TEXT, updated_at TEXT,
    neptun_user_id INTEGER NOT NULL REFERENCES neptun_user ON DELETE CASCADE,
    import_id INTEGER REFERENCES project_import ON DELETE CASCADE,
    project_id INTEGER NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE INDEX project_by_user ON project (neptun_user_id, heap);
CREATE INDEX import_by_project ON project_import (project_id, heap);
CREATE INDEX import_by_user ON project_import (neptun_user_id);
CREATE INDEX file_by_project ON context_file (project_id, heap);
CREATE INDEX file_by_import ON context_file (import_id);
CREATE INDEX file_by_user ON context_file (neptun_user_id);
"""
