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
from textual.widgets import Static

from neptun_tui.tui.bindings import Key, KeyContext, keys_of
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.style_rules import StillComponents
from neptun_tui.tui.widgets.layout import merge_segments, truncate, wrap
from neptun_tui.tui.widgets.table import Span

_LEAVING = ("extra", "brand")
"""Styles of optional pieces; those on the right are dropped first, and the last one first."""


class StatusBar(StillComponents, Widget):
    """One line: the right side stays whole while it fits, the left side is cut.

    Pieces of the styles in ``_LEAVING`` are dropped before anything is cut.
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
        """Show these pieces; redraw only when they changed."""
        pieces = tuple(left), tuple(right)
        if pieces != (self._left, self._right):
            self._left, self._right = pieces
            self.refresh()

    @property
    def text(self) -> str:
        """Text of the line, uncut."""
        return "".join(text for text, _ in (*self._left, *self._right))

    def layout_of(self, width: int) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return the pieces for a line of some width."""
        left, right = list(self._left), list(self._right)
        for side in (right, left):
            for place in reversed(range(len(side))):
                if side[place][1] in _LEAVING and _length((*left, *right)) > width:
                    side.pop(place)
        while right and _length(right) > width:
            right.pop(0)  # the last one, at the edge, matters most
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


def set_text(line: Static, text: str) -> None:
    """Show a text in a line that never reads markup; lay out the screen only when it changed."""
    if line.content != text:
        line.update(text)


class KeyBar(StatusBar):
    """Footer with as many keys as there is room for, the most useful first; help and quit always.

    It lists only keys of the table that have an effect now.
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
            places: the contexts whose keys it shows.
            typing: whether a text field has the focus, so that single characters are not keys.
            left: the actions, by name, whose keys that field leaves to the screen.
            id: Textual's.
        """
        super().__init__(id=id)
        self._places = places
        self._typing = typing
        self._left_to_screen = left
        self._labels: Mapping[str, str] = {}
        self._locked = False

    def put_out_of_use(self, locked: bool) -> None:
        """Show the keys of mutating actions as disabled in read-only mode."""
        if locked is not self._locked:
            self._locked = locked
            self.refresh()

    def show(
        self, *places: KeyContext, typing: bool = False, labels: Mapping[str, str] | None = None
    ) -> None:
        """Show the keys of other contexts.

        Args:
            places: the contexts.
            typing: whether a text field has the focus.
            labels: labels by the names of the actions, instead of the usual ones.
        """
        shown = (places, typing, labels or {})
        if shown != (self._places, self._typing, self._labels):
            self._places, self._typing, self._labels = shown
            self.refresh()

    @property
    def _keymap(self) -> Mapping[str, str]:
        return keymap_of(self.app)

    def keys(self) -> list[Key]:
        """Return the keys that have an effect now, in the footer's order."""
        able = self.screen.check_action
        ranked = (
            key
            for key in keys_of(*self._places, KeyContext.EVERYWHERE)
            if key.priority and able(key.action, ()) is not False
        )
        return sorted(ranked, key=lambda key: key.priority)

    def layout_of(self, width: int) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return the keys by priority while they fit; global ones on the right."""
        keys = self.keys()
        fixed = [key for key in keys if key.context is KeyContext.EVERYWHERE]
        right = [span for key in fixed for span in self._spans(key)]
        left: list[Span] = []
        for key in keys:
            spans = self._spans(key)
            if key.context is KeyContext.EVERYWHERE or not spans:
                continue
            if _length((*left, *spans, *right)) > width:
                break
            left += spans
        return left, right

    def written(self, name: str) -> str:
        """Return the keys of an action as people read them."""
        found = next(key for key in keys_of(*self._places) if key.name == name)
        return found.written(self._keymap)

    def _spans(self, key: Key) -> list[Span]:
        typing = self._typing and key.name not in self._left_to_screen
        written = key.written(self._keymap, typing=typing)
        if not written:
            return []
        label = self._labels.get(key.name, key.label)
        if key.mutating and self._locked:
            return [(f" ({written}", "dim"), (f" {label}) ", "dim")]
        return [(f" {written}", "key"), (f" {label} ", "dim")]


_HIGH = 16
"""Minimum screen height for a note of full length."""


class MessageLine(Widget):
    """Note that takes no room while empty; one too long for its lines ends in ``…``."""

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
            most: the maximum number of lines.
            low: the maximum on a low screen, if smaller.
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

    def _lines(self, width: int) -> Sequence[str]:
        """Return the wrapped lines; the last one takes enough of the rest to be cut with a sign."""
        lines = wrap(self.text, max(1, width))
        most = self._limits[self.screen.size.height >= _HIGH]
        if len(lines) <= most:
            return lines
        return [*lines[: most - 1], truncate(" ".join(lines[most - 1 : most + 1]), width)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines of the text at this width."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        lines = self._lines(self.size.width)
        text = lines[y] if y < len(lines) else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(
            self.size.width, self.rich_style
        )
