"""Predict which items Neptun will reject, before sending anything.

The preview and the restore itself use the same functions, so that their results agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from neptun_tui.api.encoding import encode, file_form, has_markup, import_form
from neptun_tui.domain.errors import Rejected
from neptun_tui.domain.resources import File, Import

LARGEST_IMPORT: Final = 2_000_000
"""Maximum size in bytes of a request for an import (contract §5); for files no limit was found."""

NO_TREE: Final = "Restored without its file tree: it is over 2 MB, and Neptun takes no more."

_TOO_LARGE: Final = "It is too large."
_FIELDS: Final = {
    "source_path": "source_path",
    "source_ref": "source_ref",
    "status": "import_status",
    "error_message": "error_message",
    "title": "title",
    "description": "description",
    "file_tree": "file_tree",
}
"""Fields of an import that a PUT can change, with their names in the API's JSON."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Requests to create an import: one POST, or a POST with a placeholder and a PUT.

    Attributes:
        posted: import as sent by the POST.
        final: import in its final state.
        changes: fields of the PUT, named as in the API's JSON; empty without a PUT.
        lost: sentence about the parts that cannot be restored, or empty.
        refused: reason why Neptun will reject it, or empty.
    """

    posted: Import
    final: Import
    changes: Mapping[str, Any] = field(default_factory=dict)
    lost: str = ""
    refused: str = ""


def placeholder(run_id: str, number: int) -> str:
    """Return the unique path of an import between its POST and its PUT."""
    return f"/neptun-tui-restore/{run_id}/{number}"


def steps_of(item: Import, run_id: str) -> Steps:
    """Plan the requests for an import. Scans all texts, so call it on a thread.

    POST rejects < and > in texts and bodies over 2 MB; PUT accepts the markup (contract §10).
    """
    try:
        whole = len(encode(import_form(item, 1)))
    except Rejected as error:
        return Steps(item, item, refused=str(error))
    late = {name for name in _FIELDS if has_markup(getattr(item, name))}
    final, lost = item, ""
    if whole > LARGEST_IMPORT:
        late.add("file_tree")
        if len(encode(_changes(item, late))) > LARGEST_IMPORT:
            final, lost = replace(item, file_tree=None), NO_TREE
            late.remove("file_tree")
    if not late:
        too_large = len(encode(import_form(final, 1))) > LARGEST_IMPORT
        return Steps(final, final, {}, lost, _TOO_LARGE if too_large else "")
    changes = _changes(final, late)
    emptied: dict[str, Any] = dict.fromkeys(late)
    posted = replace(final, **emptied | {"source_path": placeholder(run_id, item.id)})
    too_large = max(len(encode(changes)), len(encode(import_form(posted, 1)))) > LARGEST_IMPORT
    return Steps(posted, final, changes, lost, _TOO_LARGE if too_large else "")


def _changes(item: Import, late: set[str]) -> dict[str, Any]:
    return {
        _FIELDS[name]: getattr(item, name) for name in _FIELDS if name in late | {"source_path"}
    }


def refusal(file: File) -> str:
    """Return the reason why Neptun will reject a file, or empty. Call it on a thread."""
    try:
        encode(file_form(file, file.import_id, 1, documented=False))
    except Rejected as error:
        return str(error)
    return ""
