"""Labels and texts in two columns, wrapped so that the second one keeps its edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from neptun_tui.domain.display import untied
from neptun_tui.domain.wording import Line
from neptun_tui.tui.widgets.columns import wrap
from neptun_tui.tui.widgets.virtual_list import Span

_HANGING = "  "

_LEAST = 12
"""Cells of a text, however narrow the place is."""


def fact_lines(facts: Iterable[Line], cells: int) -> Iterator[tuple[Span, Span]]:
    """Lay facts out in so many cells: in two columns, or each label before its text."""
    every = list(facts)
    label_cells = max((cell_len(label) for label, _ in every), default=0) + 2
    if label_cells * 3 > cells:  # a column of labels would take the room of what it labels
        for label, text in every:
            yield from _hanging(label, text, cells)
        return
    for label, text in every:
        for number, piece in enumerate(wrap(text, max(_LEAST, cells - label_cells))):
            yield (f"{'' if number else label:<{label_cells}}", "dim"), (piece, "")


def _hanging(label: str, text: str, cells: int) -> Iterator[tuple[Span, Span]]:
    """A label and its text, with what does not fit on lines that hang below."""
    before = f"{label} " if label else ""
    for number, piece in enumerate(wrap(before + text, max(_LEAST, cells - len(_HANGING)))):
        if number or not label:
            yield (_HANGING, ""), (piece, "")
        else:
            yield (before, "dim"), (piece.removeprefix(before), "")


class Facts(Widget):
    """Facts as a block of lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"facts--dim"}
    DEFAULT_CSS = """
    Facts {
        width: 100%;
        height: auto;
        & > .facts--dim { color: $muted; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._facts: Sequence[Line] = ()

    def show(self, facts: Sequence[Line]) -> None:
        """Show these facts."""
        if facts != self._facts:
            self._facts = facts
            self.refresh(layout=True)

    @property
    def text(self) -> str:
        """What it says, unwrapped."""
        return "\n".join(untied(f"{label} {text}".strip()) for label, text in self._facts)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the facts take at this width."""
        return sum(1 for _ in fact_lines(self._facts, width))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        lines = list(fact_lines(self._facts, width))
        plain = self.rich_style
        if y >= len(lines):
            return Strip.blank(width, plain)
        (label, _), (text, _) = lines[y]
        dim = plain + self.get_component_rich_style("facts--dim", partial=True)
        return Strip([Segment(label, dim), Segment(text, plain)]).adjust_cell_length(width, plain)
