"""Layout of columns and texts in the available cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style

from neptun_tui.domain.safe_text import untied

GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class Field:
    """Column of a list.

    Attributes:
        title: its heading.
        width: its cells; 0 for the one column that takes the rest.
        right: whether it is right-aligned, as numbers are.
        leaves: the order in which columns are dropped when room is short; 0 for those that stay.
        path: whether it holds paths, which are cut at the start because their ends differ.
    """

    title: str
    width: int
    right: bool = False
    leaves: int = 0
    path: bool = False


def fit_columns(fields: Sequence[Field], cells: int, least: int) -> dict[Field, int]:
    """Choose the columns that fit, and their widths.

    Args:
        fields: the columns, from left to right; exactly one of them has width 0.
        cells: the cells available.
        least: the minimum cells of the column that takes the rest.

    Returns:
        The columns that stay, in order, with their widths.
    """
    kept = list(fields)
    for field in sorted((f for f in fields if f.leaves), key=lambda f: f.leaves):
        if _rest(kept, cells) >= least:
            break
        kept.remove(field)
    return {field: field.width or max(1, _rest(kept, cells)) for field in kept}


def _rest(fields: Sequence[Field], cells: int) -> int:
    return cells - sum(field.width for field in fields) - GAP * (len(fields) - 1)


def truncate(text: str, cells: int, *, right: bool = False, path: bool = False) -> str:
    """Cut or pad a cleaned text to an exact width.

    A longer one ends in ``…``; a path begins with it, and keeps its end.
    """
    length = len(text) if text.isascii() else cell_len(text)
    if length > cells and path and "/" in text:
        return "…"[:cells] + _end_of(text, max(cells - 1, 0))
    if length > cells:
        return set_cell_size(text, max(cells - 1, 0)) + "…"[:cells]
    return " " * (cells - length) + text if right else text + " " * (cells - length)


def _end_of(text: str, cells: int) -> str:
    """Return the end of a cleaned text, padded to an exact width."""
    start, room = len(text), cells
    while room and (width := cell_len(text[start - 1])) <= room:
        start, room = start - 1, room - width
    return " " * room + text[start:]


@lru_cache(maxsize=512)  # a widget is asked line by line, and each line is one of all
def wrap(text: str, cells: int) -> tuple[str, ...]:
    """Wrap a text between words, and a word that is too long anywhere."""
    lines = [""]
    for word in _words(text, cells):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= cells:
            lines[-1] = joined
            continue
        pieces = chop_cells(word, cells)
        lines[-1:] = [*([lines[-1]] if lines[-1] else []), *pieces]
    return tuple(lines)


def _words(text: str, cells: int) -> Iterator[str]:
    """Yield the unbreakable parts; tied words count as one if they fit on a line."""
    for word in text.split(" "):
        shown = untied(word)
        yield from (shown,) if cell_len(shown) <= cells else shown.split(" ")


def merge_segments(pieces: Iterable[tuple[str, Style]]) -> list[Segment]:
    """Merge pieces of a line to minimize style changes, each of which costs some twenty bytes.

    A blank shows only its background, so it takes the style of the piece before it.
    """
    segments: list[Segment] = []
    run: list[str] = []
    last: Style | None = None
    for text, style in pieces:
        if last is not None and style != last and not (text.isspace() and _alike(last, style)):
            segments.append(Segment("".join(run), last))
            run, last = [], None
        run.append(text)
        last = style if last is None else last
    if last is not None:
        segments.append(Segment("".join(run), last))
    return segments


def _alike(one: Style, other: Style) -> bool:
    """Tell whether a blank looks the same in both styles."""
    plain = not any(s.underline or s.reverse or s.strike for s in (one, other))
    return plain and one.bgcolor == other.bgcolor
