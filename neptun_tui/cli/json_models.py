"""JSON documents of the lists, as ``schemas/`` describes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from neptun_tui.cli.output import print_line
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.resources import File, Import, Project, StoredContext

if TYPE_CHECKING:
    from neptun_tui.domain.listing import Listing
    from neptun_tui.domain.stored_context import Difference
    from neptun_tui.storage.session_backends import StorageInfo

VERSION = 1
"""Goes up when a document changes so that a script could break; new names alone do not count."""


def document(account: Account, **content: object) -> dict[str, object]:
    """The frame of every document: its version, and whose data it is."""
    return {"version": VERSION, "host": account.host, "account": account.email, **content}


def name_of(account: Account) -> str:
    """An account and its server; Neptun's number where the e-mail cannot be had."""
    return f"{account.email or f'user {account.user_id}'} on {account.host}"


def moment(when: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC, to the millisecond; None when nobody knows."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_project(project: Project, check: Difference | ServiceError | None) -> dict[str, Any]:
    """One project, and how its stored context differs from what exists, where that is known."""
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "type": project.type,
        "main_language": project.main_language,
        "created_at": moment(project.created_at),
        "updated_at": moment(project.updated_at),
        "stored_context": _of_context(project.stored_context, check),
    }


def _of_context(
    stored: StoredContext | None, check: Difference | ServiceError | None
) -> dict[str, Any] | None:
    if stored is None:
        return None
    found = None if isinstance(check, ServiceError) else check
    problem = str(check) if isinstance(check, ServiceError) else found.sentence if found else ""
    return {
        "items": len(stored.items),
        "written_at": moment(stored.written_at),
        "no_longer_exist": found.gone.total() if found else None,
        "old_contents": found.changed if found else None,
        "missing": found.missing if found else None,
        "problem": problem,
    }


def of_import(item: Import, listing: Listing) -> dict[str, Any]:
    """One import, with the number of its files and their bytes."""
    return {
        "id": item.id,
        "source_type": item.source_type,
        "source_path": item.source_path,
        "source_ref": item.source_ref,
        "status": item.status,
        "error_message": item.error_message,
        "title": item.title,
        "description": item.description,
        "files": listing.count_below(item),
        "bytes": listing.sizes[item.id],
        "created_at": moment(item.created_at),
        "updated_at": moment(item.updated_at),
    }


def of_file(file: File, listing: Listing, *, content: bool) -> dict[str, Any]:
    """One file; its content only when that was asked for."""
    made = {
        "id": file.id,
        "import_id": file.import_id,
        "import_visible": listing.parent_of(file) is not None,
        "title": file.title,
        "original_path": file.original_path,
        "file_type": file.file_type,
        "category": file.category,
        "language": file.language,
        "bytes": file.size,
        "created_at": moment(file.created_at),
        "updated_at": moment(file.updated_at),
    }
    return made | {"content": file.content} if content else made


def of_keeping(keeping: StorageInfo) -> dict[str, str]:
    """Where a session is or would be kept."""
    return {
        "tier": keeping.tier.value,
        "label": keeping.label,
        "lasts": keeping.lasts,
        "reason": keeping.reason,
        "hint": keeping.hint,
    }


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document.

    It is plain ASCII: whatever a title holds, no byte of it can be an order to a terminal, and no
    locale can keep it from being written.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=True)
    print_line(text.replace("\x7f", "\\u007f"))
