"""Bars: one line with a left and a right part, and the message line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from neptun_tui.tui.bindings import Key, KeyContext, keys_of
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.widgets.layout import merge_segments, truncate, wrap
from neptun_tui.tui.widgets.table import Span

_LEAVING = ("extra", "brand")
"""Styles of pieces that a line can do without; those at the right leave first, and the last."""


class StatusBar(Widget):
    """A line. The right side stays whole as long as it fits; the left side is cut with a sign.

    Pieces of the styles in ``_LEAVING`` leave whole before anything is cut.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "bar--strong", "bar--dim", "bar--key", "bar--alert", "bar--problem", "bar--extra",
        "bar--brand",
    }  # fmt: skip

    DEFAULT_CSS = """
    StatusBar {
        height: 1;
        width: 1fr;
        & > .bar--strong { text-style: bold; }
        & > .bar--brand { text-style: bold; }
        & > .bar--dim { color: $muted; }
        & > .bar--extra { color: $muted; }
        & > .bar--key { color: $primary; text-style: bold; }
        & > .bar--alert { color: $warning; text-style: bold; }
        & > .bar--problem { color: $error; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._left: tuple[Span, ...] = ()
        self._right: tuple[Span, ...] = ()

    def set(self, left: Iterable[Span], right: Iterable[Span] = ()) -> None:
        """Show these pieces; the line is drawn again only when they differ from what it shows."""
        pieces = tuple(left), tuple(right)
        if pieces != (self._left, self._right):
            self._left, self._right = pieces
            self.refresh()

    @property
    def text(self) -> str:
        """What the line says, uncut."""
        return "".join(text for text, _ in (*self._left, *self._right))

    def layout_of(self, width: int) -> tuple[Sequence[Span], Sequence[Span]]:
        """The pieces for a line of some width."""
        left, right = list(self._left), list(self._right)
        for side in (right, left):
            for place in reversed(range(len(side))):
                if side[place][1] in _LEAVING and _length((*left, *right)) > width:
                    side.pop(place)
        while right and _length(right) > width:
            right.pop(0)  # what stands last, at the edge, matters most
        return left, right

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.size.width
        plain = self.rich_style
        if y:
            return Strip.blank(width, plain)
        left, right = self.layout_of(width)
        pieces: list[tuple[str, Style]] = []
        room = width - _length(right)
        for text, name in left:
            piece = text if cell_len(text) <= room else truncate(text, room)
            room -= cell_len(piece)
            pieces.append((piece, self._styled(name)))
        pieces.append((" " * room, plain))
        pieces += [(text, self._styled(name)) for text, name in right]
        return Strip(merge_segments(pieces)).adjust_cell_length(width, plain)

    def _styled(self, name: str) -> Style:
        style = self.get_component_rich_style(f"bar--{name}", partial=True) if name else None
        return self.rich_style + style if style else self.rich_style


def _length(spans: Iterable[Span]) -> int:
    return sum(cell_len(text) for text, _ in spans)


class KeyBar(StatusBar):
    """The footer: as many keys as there is room for, the most useful first, help and quit always.

    Drawn from the table of keys, and only with those that do something right now.
    """

    def __init__(
        self,
        *places: KeyContext,
        typing: bool = False,
        left: Collection[str] = (),
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        """Prepare the footer.

        Args:
            places: whose keys it shows.
            typing: whether a text field takes keys, so that a single character is none.
            left: actions, by name, whose keys that field leaves to the screen.
            id: Textual's.
        """
        super().__init__(id=id)
        self._places = places
        self._typing = typing
        self._left_to_screen = left
        self._locked = False

    def put_out_of_use(self, locked: bool) -> None:
        """Draw the keys that change something at Neptun as what they are then: out of use."""
        if locked is not self._locked:
            self._locked = locked
            self.refresh()

    def show(self, *places: KeyContext, typing: bool = False) -> None:
        """Show the keys of other places."""
        if (places, typing) != (self._places, self._typing):
            self._places, self._typing = places, typing
            self.refresh()

    @property
    def _keymap(self) -> Mapping[str, str]:
        return keymap_of(self.app)

    def keys(self) -> list[Key]:
        """The keys of these places that do something now, as they stand in the footer."""
        able = self.screen.check_action
        ranked = (
            key
            for key in keys_of(*self._places, KeyContext.EVERYWHERE)
            if key.priority and able(key.action, ()) is not False
        )
        return sorted(ranked, key=lambda key: key.priority)

    def layout_of(self, width: int) -> tuple[Sequence[Span], Sequence[Span]]:
        """Keys by priority while they fit; those that work everywhere at the right."""
        fixed = [key for key in self.keys() if key.where is KeyContext.EVERYWHERE]
        right = [span for key in fixed for span in self._spans(key)]
        left: list[Span] = []
        for key in self.keys():
            spans = self._spans(key)
            if key.where is KeyContext.EVERYWHERE or not spans:
                continue
            if _length((*left, *spans, *right)) > width:
                break
            left += spans
        return left, right

    def written(self, name: str) -> str:
        """How the keys of an action are written, by its name."""
        found = next(key for key in keys_of(*self._places) if key.name == name)
        return found.written(self._keymap)

    def _spans(self, key: Key) -> list[Span]:
        typing = self._typing and key.name not in self._left_to_screen
        written = key.written(self._keymap, typing=typing)
        if not written:
            return []
        if key.mutating and self._locked:
            return [(f" ({written}", "dim"), (f" {key.label}) ", "dim")]
        return [(f" {written}", "key"), (f" {key.label} ", "dim")]


_HIGH = 16
"""Lines of a screen from which a note may take all of its own."""


class MessageLine(Widget):
    """A note takes no room while it is empty; one that is too long for its lines ends in ``…``."""

    DEFAULT_CSS = """
    MessageLine {
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
        return [*lines[: most - 1], truncate(" ".join(lines[most - 1 : most + 1]), width)]

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
