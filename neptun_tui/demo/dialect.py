"""Dialects of the server: the observed one, and the one that the reference documents.

The contract (docs/neptun-api.md) lists the differences. Handlers use the observed names;
this module translates the reference's names in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final

from neptun_tui.demo.schema import Row


class Dialect(StrEnum):
    """Dialect of the imitation."""

    OBSERVED = "observed"
    DOCUMENTED = "documented"


OBSERVED: Final = Dialect.OBSERVED
"""Behaviour of the server as observed."""
DOCUMENTED: Final = Dialect.DOCUMENTED
"""Behaviour of the server as its reference describes it."""

_RENAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "project": {"type": "project_type", "main_language": "programming_language"},
    "import": {},
    "file": {
        "content": "text",
        "file_type": "context_file_type",
        "category": "context_file_category",
    },
}
"""Documented names by observed names, for each kind of resource."""

_FILE_TYPES: Final = frozenset({"markdown", "pdf", "text"})
_CATEGORIES: Final = frozenset(
    {
        *("bundler", "build_tool", "server", "package_manager", "runtime"),
        *("documentation", "test_tool", "unknown"),
    }
)


def documented_row(noun: str, row: Row) -> Row:
    """Return a row with the documented names."""
    names = _RENAMED[noun]
    renamed = {names.get(name, name): value for name, value in row.items()}
    if noun == "import":
        return _documented_import(renamed)
    if noun == "file":
        renamed["extension"] = PurePosixPath(row["original_path"]).suffix.removeprefix(".")
    return renamed


def observed_body(noun: str, sent: object, user_id: int) -> object:
    """Return a body with the observed names in place of documented ones."""
    if not isinstance(sent, dict):
        return sent
    body: dict[str, Any] = sent
    names = {documented: observed for observed, documented in _RENAMED[noun].items()}
    renamed = {names.get(name, name): value for name, value in body.items()}
    if noun == "import" and renamed.get("source_type") == "github":
        renamed["source_type"] = _github_type(renamed.get("source_path"))
    if noun == "file":
        _settle_file_words(renamed)
    return {"neptun_user_id": user_id, **renamed}


def _documented_import(row: Row) -> Row:
    local = row["source_type"] == "local_folder"
    path = str(row["source_path"]).rstrip("/")
    return {
        **row,
        "source_type": row["source_type"] if local else "github",
        "title": path.rpartition("/")[2] or row["source_path"],
        "description": None,
    }


def _github_type(path: object) -> str:
    url = isinstance(path, str) and "://" in path
    return "public_github_repository_url" if url else "github_repository_installation"


def _settle_file_words(file: dict[str, Any]) -> None:
    """Replace types and categories of the reference that the database does not have."""
    if file.get("file_type", "text") not in _FILE_TYPES:
        file["file_type"] = "text"
    if file.get("category") is not None and file["category"] not in _CATEGORIES:
        file["category"] = "unknown"
