"""A sentence or two in as many lines as they take, up to a limit."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from neptun_tui.tui.widgets.columns import cut, wrap

_HIGH = 16
"""Lines of a screen from which a note may take all of its own."""


class Note(Widget):
    """A note takes no room while it is empty; one that is too long for its lines ends in ``…``."""

    DEFAULT_CSS = """
    Note {
        width: 100%;
        height: auto;
        padding: 0 1;
        color: $muted;
        &.-empty { display: none; }
    }
    """

    def __init__(self, most: int, *, low: int = 0, id: str | None = None) -> None:  # noqa: A002
        """Prepare an empty note.

        Args:
            most: the lines it may take.
            low: the lines it may take on a low screen, if they are fewer.
            id: Textual's own.
        """
        super().__init__(id=id, classes="-empty")
        self._limits = (low or most, most)
        self.text = ""

    def say(self, text: str) -> None:
        """Show a text that is safe for a terminal."""
        if text != self.text:
            self.text = text
            self.set_class(not text, "-empty")
            self.refresh(layout=True)

    def _lines(self, width: int) -> list[str]:
        """Wrapped; the last line takes in so much of the rest that it is cut, with the sign."""
        lines = wrap(self.text, max(1, width))
        most = self._limits[self.screen.size.height >= _HIGH]
        if len(lines) <= most:
            return lines
        return [*lines[: most - 1], cut(" ".join(lines[most - 1 : most + 1]), width)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the text takes at this width."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        lines = self._lines(self.size.width)
        text = lines[y] if y < len(lines) else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(
            self.size.width, self.rich_style
        )
