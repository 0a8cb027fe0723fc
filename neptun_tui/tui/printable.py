"""The last net before the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


class PrintableFilter(LineFilter):
    """Drops every character that is not printable from what is about to be drawn.

    Server text is cleaned where it enters a widget; this holds even if one forgot to. Textual
    itself lets escape characters in text through to the terminal.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Keep the segments; change only those that hold something unprintable."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment("".join(c for c in segment.text if c.isprintable()), segment.style)
            for segment in segments
        ]
