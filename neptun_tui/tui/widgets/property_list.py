"""Property list: labels and wrapped texts in two columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from neptun_tui.domain.safe_text import TIE, untied
from neptun_tui.services.messages import Line
from neptun_tui.tui.style_rules import StillComponents
from neptun_tui.tui.widgets.layout import wrap
from neptun_tui.tui.widgets.table import Span

_HANGING = "  "

_LEAST = 12
"""Minimum cells of a text, however narrow the place is."""


_Spans = tuple[Span, Span]
"""One rendered line: a piece of a label, and a piece of a text."""


def fact_lines(facts: Iterable[Line], cells: int, label_cells: int = 0) -> Iterator[_Spans]:
    """Lay out facts in a number of cells: in two columns, or each label before its text.

    Args:
        facts: labels and texts.
        cells: the width of a line.
        label_cells: the width of the widest label of adjacent facts, to keep one column.
    """
    every = list(facts)
    label_cells = max(label_cells, widest_label(every)) + 2
    for fact in every:
        yield from _fact(fact, cells, label_cells)


def widest_label(facts: Iterable[Line]) -> int:
    """Return the width of the widest label."""
    return max((cell_len(label) for label, _ in facts), default=0)


def cut_facts(facts: Sequence[Line], cells: int, label_cells: int, rows: int) -> Sequence[Line]:
    """Cut texts, the longest first, until all facts fit into some rows.

    A list of items is cut between two of them, so that no ID loses digits; a name in its middle.

    Each keeps one row, also where there are fewer.
    """
    label_cells = max(label_cells, widest_label(facts)) + 2

    def taken(fact: Line) -> int:
        return sum(1 for _ in _fact(fact, cells, label_cells))

    heights = [taken(fact) for fact in facts]
    while sum(heights) > max(rows, len(facts)):
        heights[heights.index(max(heights))] -= 1
    return [
        fact if taken(fact) <= height else _cut_fact(fact, taken, height)
        for fact, height in zip(facts, heights, strict=True)
    ]


def left_out(whole: Sequence[Line], cut: Sequence[Line]) -> list[Line]:
    """Return the text that :func:`cut_facts` removed: the items not named, or a full name."""
    lines: list[Line] = []
    for fact, shown in zip(whole, cut, strict=True):
        if fact == shown:
            continue
        items, more = _items(fact[1])
        named = 0
        if len(items) > 1:
            named = next(
                (n for n in range(len(items), 0, -1) if shown[1] == _first(n, items, more)), 0
            )
        lines.append(("", f"{', '.join(items[named:])}{_more(more)}"))
    return lines


def _items(text: str) -> tuple[list[str], int]:
    """Split a list into its items, each an ID tied to a name, and the number of unnamed ones."""
    if TIE not in text:
        return [text], 0
    named, _, more = text.rpartition(" … and ")
    if not (named and (found := _UNNAMED.fullmatch(more))):
        return _BETWEEN.split(text), 0
    return _BETWEEN.split(named), int(found[1].replace(",", ""))


_BETWEEN = re.compile(rf", (?=\d+{TIE})")
_UNNAMED = re.compile(r"([\d,]+) more")


def _first(count: int, items: Sequence[str], more: int) -> str:
    return f"{', '.join(items[:count])}{_more(len(items) - count + more)}"


def _more(count: int) -> str:
    return f" … and {count:,} more" if count else ""


def _cut_items(fact: Line, taken: Callable[[Line], int], height: int) -> Line:
    """Keep as many items as fit; of the first one, at least the ID."""
    label, text = fact
    items, more = _items(text)
    for count in range(len(items) - 1, 0, -1):
        tried = label, _first(count, items, more)
        if taken(tried) <= height:
            return tried
    first, rest = items[0], _more(len(items) - 1 + more)
    number = first.partition(TIE)[0]
    for end in range(len(first) - 1, len(number), -1):
        tried = label, f"{first[:end]}{rest or '…'}"
        if taken(tried) <= height:
            return tried
    return label, f"{number}{rest or '…'}"


def _cut_fact(fact: Line, taken: Callable[[Line], int], height: int) -> Line:
    """Keep as much of both ends of a text as fits; of a list, its first items."""
    label, text = fact
    if TIE in text:
        return _cut_items(fact, taken, height)
    best, low, high = (label, "…"), 0, len(text)
    while low <= high:
        middle = (low + high) // 2
        tried = label, f"{text[: middle - middle // 2]}…{text[len(text) - middle // 2 :]}"
        if taken(tried) <= height:
            best, low = tried, middle + 1
        else:
            high = middle - 1
    return best


def _fact(fact: Line, cells: int, label_cells: int) -> Iterator[_Spans]:
    label, text = fact
    if label_cells * 3 > cells:  # a column of labels would take the texts' room
        yield from _hanging(label, text, cells)
        return
    for number, piece in enumerate(wrap(text, max(_LEAST, cells - label_cells))):
        yield (f"{'' if number else label:<{label_cells}}", "dim"), (piece, "")


def _hanging(label: str, text: str, cells: int) -> Iterator[_Spans]:
    """Yield a label and its text, with the rest on indented lines below."""
    before = f"{label} " if label else ""
    for number, piece in enumerate(wrap(before + text, max(_LEAST, cells - len(_HANGING)))):
        if number or not label:
            yield (_HANGING, ""), (piece, "")
        else:
            yield (before, "dim"), (piece[len(before) :], "")


class PropertyList(StillComponents, Widget):
    """Block of facts."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"facts--dim"}
    DEFAULT_CSS = """
    PropertyList {
        width: 100%;
        height: auto;
        & > .facts--dim { color: $muted; }
    }
    """

    def __init__(self, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._facts: Sequence[Line] = ()
        self._label_cells = 0

    def show(self, facts: Sequence[Line], label_cells: int = 0) -> None:
        """Show these facts, with a label column of at least this width."""
        if (facts, label_cells) != (self._facts, self._label_cells):
            self._facts, self._label_cells = facts, label_cells
            self.refresh(layout=True)

    @property
    def text(self) -> str:
        """Text of the list, unwrapped."""
        return "\n".join(untied(f"{label} {text}".strip()) for label, text in self._facts)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines of the facts at this width."""
        return sum(1 for _ in fact_lines(self._facts, width, self._label_cells))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        lines = list(fact_lines(self._facts, width, self._label_cells))
        plain = self.rich_style
        if y >= len(lines):
            return Strip.blank(width, plain)
        (label, _), (text, _) = lines[y]
        dim = plain + self.get_component_rich_style("facts--dim", partial=True)
        return Strip([Segment(label, dim), Segment(text, plain)]).adjust_cell_length(width, plain)
