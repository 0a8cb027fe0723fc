"""The last net before the terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


class PrintableFilter(LineFilter):
    """Drops every character that is not printable from what is about to be drawn.

    Server text is cleaned where it enters a widget; this holds even if one forgot to, and for what
    a person pastes. Textual itself lets escape characters in text through to the terminal.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Keep the segments; change only those that hold something unprintable."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(_printable(segment.text), segment.style)
            for segment in segments
        ]


def _printable(text: str) -> str:
    """What is left takes the cells of the whole: the line was laid out with them."""
    return set_cell_size("".join(filter(str.isprintable, text)), cell_len(text))
