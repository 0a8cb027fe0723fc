"""One line of the screen with something at its left and something at its right."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from neptun_tui.tui.key_order import keymap_of
from neptun_tui.tui.keys import KEYS, Key, Where, keys_of
from neptun_tui.tui.widgets.columns import cut, joined
from neptun_tui.tui.widgets.virtual_list import Span

_LEAVING = ("extra", "brand")
"""Styles of pieces that a line can do without; those at the right leave first, and the last."""


class Bar(Widget):
    """A line. The right side stays whole as long as it fits; the left side is cut with a sign.

    Pieces of the styles in ``_LEAVING`` leave whole before anything is cut.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "bar--strong", "bar--dim", "bar--key", "bar--alert", "bar--problem", "bar--extra",
        "bar--brand",
    }  # fmt: skip

    DEFAULT_CSS = """
    Bar {
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
            piece = text if cell_len(text) <= room else cut(text, room)
            room -= cell_len(piece)
            pieces.append((piece, self._styled(name)))
        pieces.append((" " * room, plain))
        pieces += [(text, self._styled(name)) for text, name in right]
        return Strip(joined(pieces)).adjust_cell_length(width, plain)

    def _styled(self, name: str) -> Style:
        style = self.get_component_rich_style(f"bar--{name}", partial=True) if name else None
        return self.rich_style + style if style else self.rich_style


def _length(spans: Iterable[Span]) -> int:
    return sum(cell_len(text) for text, _ in spans)


class KeyBar(Bar):
    """The footer: as many keys as there is room for, the most useful first, help and quit always.

    Drawn from the table of keys, and only with those that do something right now.
    """

    def __init__(
        self,
        *places: Where,
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

    def show(self, *places: Where, typing: bool = False) -> None:
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
            for key in keys_of(*self._places, Where.EVERYWHERE)
            if key.rank and able(key.action, ()) is not False
        )
        return sorted(ranked, key=lambda key: key.rank)

    def layout_of(self, width: int) -> tuple[Sequence[Span], Sequence[Span]]:
        """Keys by rank while they fit; those that work everywhere at the right."""
        fixed = [key for key in self.keys() if key.where is Where.EVERYWHERE]
        right = [span for key in fixed for span in self._spans(key)]
        left: list[Span] = []
        for key in self.keys():
            spans = self._spans(key)
            if key.where is Where.EVERYWHERE or not spans:
                continue
            if _length((*left, *spans, *right)) > width:
                break
            left += spans
        return left, right

    def written(self, name: str) -> str:
        """How the keys of an action are written, by its name."""
        found = next(key for key in KEYS if key.name == name)
        return found.written(self._keymap)

    def _spans(self, key: Key) -> list[Span]:
        typing = self._typing and key.name not in self._left_to_screen
        written = key.written(self._keymap, typing=typing)
        if not written:
            return []
        if key.mutating and self._locked:
            return [(f" ({written}", "dim"), (f" {key.label}) ", "dim")]
        return [(f" {written}", "key"), (f" {key.label} ", "dim")]
