"""Predict which items Neptun will reject, before sending anything.

The preview and the restore itself both go by this, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from neptun_tui.api.encoding import encode, file_form, has_markup, import_form
from neptun_tui.domain.errors import Rejected
from neptun_tui.domain.resources import File, Import

LARGEST_IMPORT: Final = 2_000_000
"""Bytes of a request about an import that Neptun takes (contract §5); of files it took any."""

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
"""What a PUT can change of an import, with the names on the wire."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How an import is made: by one POST, or by one with a placeholder and a PUT after it.

    Attributes:
        posted: what the POST sends.
        final: what it is to be in the end.
        changes: what the PUT sends, by the names on the wire; empty when there is none.
        lost: what cannot be brought back of it, as a sentence; else empty.
        refused: why Neptun will not take it at all; else empty.
    """

    posted: Import
    final: Import
    changes: Mapping[str, Any] = field(default_factory=dict)
    lost: str = ""
    refused: str = ""


def placeholder(run_id: str, number: int) -> str:
    """Return the path that an import has between its POST and its PUT. No other has it."""
    return f"/neptun-tui-restore/{run_id}/{number}"


def steps_of(item: Import, run_id: str) -> Steps:
    """Plan how to post an import. It looks at every text: call it on a thread.

    POST refuses < and > in every text and more than 2 MB; PUT takes the markup (contract §10).
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
    """Return why Neptun will not take a file; empty when it may. Call it on a thread."""
    try:
        encode(file_form(file, file.import_id, 1, documented=False))
    except Rejected as error:
        return str(error)
    return ""
