"""What Neptun is known to refuse of a restore, found out before anything is posted.

The rules are those of the posting itself, so that the dialog and the report say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from neptun_tui.domain.errors import Rejected
from neptun_tui.domain.resources import File, Import
from neptun_tui.neptun.writing import Form, encode, explain, file_form, import_form
from neptun_tui.services.restored import Item

_LARGEST_IMPORT: Final = 2_000_000
"""Bytes of an import that Neptun takes (contract §5); of files it took all that were tried."""


def refusals(items: Sequence[Item]) -> list[tuple[Item, str]]:
    """The items that will be refused, each with the reason. It looks at every text: on a thread.

    Args:
        items: what is to be restored. Files of an import that is refused are not told of again.
    """
    return [(item, reason) for item in items if (reason := _refusal(item))]


def lost_with(refused: Iterable[tuple[Item, str]], items: Sequence[Item]) -> int:
    """How many files will not be posted because their import is refused."""
    gone = {item.id for item, _ in refused if isinstance(item, Import)}
    return sum(isinstance(item, File) and item.import_id in gone for item in items)


def _refusal(item: Item) -> str:
    form = _form(item)
    try:
        length = len(encode(form))
    except Rejected as error:
        return str(error)
    if isinstance(item, Import):
        said = str(explain(Rejected("", status=400), form))
        return said or ("It is too large." if length > _LARGEST_IMPORT else "")
    return "" if item.import_id else "Neptun may not take a file without an import."


def _form(item: Item) -> Form:
    if isinstance(item, Import):
        return import_form(item, 1)
    return file_form(item, item.import_id, 1, documented=False)
