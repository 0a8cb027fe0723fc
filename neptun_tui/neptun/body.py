"""A JSON body, read whole or not at all, one row at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

import msgspec

from neptun_tui.domain.errors import UnusableAnswer


class _Row(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=_Row)
T = TypeVar("T")

_BROKEN: Final = "The server's answer is broken or incomplete."
_NO_LIST: Final = "The server answered, but not with a list."


def decode(read: Callable[[bytes], T], body: bytes) -> T:
    """Decode, and once more with lone surrogates mended if that is what stood in the way.

    Args:
        read: a decoder of msgspec, alone or with what is made of its values.
        body: JSON in UTF-8.

    Raises:
        UnusableAnswer: it is not JSON, not all of it, or of another shape than is read.
    """
    try:
        return read(body)
    except msgspec.ValidationError:
        failure = _NO_LIST
    except (ValueError, RecursionError):
        failure = _BROKEN
    mended = _mend(body) if failure is _BROKEN else body
    if mended == body:
        raise UnusableAnswer(failure)
    return decode(read, mended)


_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _mend(body: bytes) -> bytes:
    r"""Write U+FFFD for every ``\uD8xx`` without its other half.

    JavaScript sends such halves, msgspec refuses the whole body for one of them, and as a Python
    string they could be neither shown nor written to a file.
    """
    if rb"\ud" not in body and rb"\uD" not in body:
        return body
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], body)


def rows(
    read: Callable[[msgspec.Raw], T], convert: Callable[[T], Row], items: list[msgspec.Raw]
) -> list[Row]:
    """Decode one row at a time: beside the body there is never more than what is kept of it.

    Args:
        read: decodes an item.
        convert: makes a row of it.
        items: all of them; empty afterwards.
    """
    items.reverse()
    return unique(convert(read(items.pop())) for _ in range(len(items)))


def unique(rows: Iterable[Row]) -> list[Row]:
    """Keep the first row of each ID, in order."""
    seen: dict[int, Row] = {}
    for row in rows:
        seen.setdefault(row.id, row)
    return list(seen.values())
