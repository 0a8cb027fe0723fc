"""Dialects of the server: the observed one, and the one that the reference documents.

Where they disagree is told by the contract (tests/contract/NEPTUN_API.md). Handlers work on the
observed names; what the reference names differently is translated here, in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final

from neptun_tui.demo.schema import Row


class Dialect(StrEnum):
    """Which of the two the imitation imitates."""

    OBSERVED = "observed"
    DOCUMENTED = "documented"


OBSERVED: Final = Dialect.OBSERVED
"""The server as it was seen to behave."""
DOCUMENTED: Final = Dialect.DOCUMENTED
"""The server as its reference describes it."""

_RENAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "project": {"type": "project_type", "main_language": "programming_language"},
    "import": {},
    "file": {
        "content": "text",
        "file_type": "context_file_type",
        "category": "context_file_category",
    },
}
"""Observed name to documented name, by kind of thing."""

_FILE_TYPES: Final = frozenset({"markdown", "pdf", "text"})
_CATEGORIES: Final = frozenset(
    {
        *("bundler", "build_tool", "server", "package_manager", "runtime"),
        *("documentation", "test_tool", "unknown"),
    }
)


def documented_row(noun: str, row: Row) -> Row:
    """A row under its documented names."""
    names = _RENAMED[noun]
    renamed = {names.get(name, name): value for name, value in row.items()}
    if noun == "import":
        return _documented_import(renamed)
    if noun == "file":
        renamed["extension"] = PurePosixPath(row["original_path"]).suffix.removeprefix(".")
    return renamed


def observed_body(noun: str, sent: object, user_id: int) -> object:
    """A body that may use the documented names, under the observed ones."""
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
    """The reference knows more types and categories than the database has."""
    if file.get("file_type", "text") not in _FILE_TYPES:
        file["file_type"] = "text"
    if file.get("category") is not None and file["category"] not in _CATEGORIES:
        file["category"] = "unknown"
