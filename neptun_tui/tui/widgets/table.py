"""Virtual list: draws only the visible lines, whatever its length.

A stock table took 15 s to load 100,000 rows; this takes none, since a row is asked for its text
when it is drawn. A cursor move redraws two lines. When the cursor leaves the view the list
jumps by half a page: over a slow link that sends a fifth of the bytes of scrolling line by line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.style_rules import StillComponents
from neptun_tui.tui.widgets.layout import GAP, Field, fit_columns, merge_segments, truncate, wrap

Span = tuple[str, str]
"""Piece of a line: its text, already safe for a terminal, and the name of its style."""


class VirtualList(StillComponents, ScrollView, can_focus=True):
    """Base of every list. A subclass provides the number and the content of the rows."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.LIST)

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "list--plain", "list--header", "list--dim", "list--accent", "list--mark", "list--problem",
        "list--good", "list--strong", "list--cursor", "list--cursor-blurred",
    }  # fmt: skip

    DEFAULT_CSS = """
    VirtualList {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        & > .list--header { color: $muted; }
        & > .list--dim { color: $muted; }
        & > .list--accent { color: $primary; }
        & > .list--mark { color: $warning; text-style: bold; }
        & > .list--problem { color: $error; }
        & > .list--good { color: $success; }
        & > .list--strong { text-style: bold; }
        & > .list--cursor { background: $block-cursor-background; text-style: bold; }
        & > .list--cursor-blurred { background: $block-cursor-blurred-background; }
        &:ansi > .list--header { text-style: underline; }
        &:ansi > .list--cursor { text-style: bold reverse; background: ansi_default; }
        &:ansi > .list--cursor-blurred { text-style: underline; background: ansi_default; }
    }
    """

    has_cursor = True
    """Whether one row is highlighted; without it only the header shows the focus."""

    @dataclass
    class Moved(Message):
        """Move of the cursor to another row, or to the same row of other data."""

        list: VirtualList

        @property
        def control(self) -> VirtualList:
            """List that sent it."""
            return self.list

        def can_replace(self, message: Message) -> bool:
            """Let a later move replace an earlier one."""
            return isinstance(message, VirtualList.Moved) and message.list is self.list

    @dataclass
    class Opened(Message):
        """Enter, the right arrow or a click on the current row."""

        list: VirtualList

        @property
        def control(self) -> VirtualList:
            """List that sent it."""
            return self.list

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._count = 0
        self._cursor = 0
        self._styles: dict[str, Style] = {}
        self.placeholder: tuple[str, ...] = ()
        """Lines shown when there are no rows: loading, empty and failed each say so in words."""

    def header(self, width: int) -> str:
        """Return the line above the rows, exactly ``width`` cells; the list owns the first one."""
        raise NotImplementedError

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """Return one row, exactly ``width`` cells; the first one is for the cursor."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """Number of rows."""
        return self._count

    @property
    def cursor(self) -> int:
        """Index of the current row; 0 when there are no rows."""
        return self._cursor

    def say(self, *lines: str) -> None:
        """Set the lines shown while there are no rows."""
        self.placeholder = lines
        if not self._count:
            self.refresh()

    def set_rows(self, count: int, cursor: int, scroll: int | None = None) -> None:
        """Replace the rows.

        Args:
            count: the number of rows.
            cursor: the index of the current row.
            scroll: the first row to show, to keep the scroll position; by default the cursor
                is brought into view.
        """
        self._count = count
        self._cursor = max(0, min(cursor, count - 1))
        self.virtual_size = Size(0, count + 1)
        if scroll is not None:
            self.scroll_to(y=scroll, animate=False, force=True)
        self._bring_into_view()
        self.refresh()
        self.call_after_refresh(self._place_scrollbar)
        self.post_message(self.Moved(self))

    def _place_scrollbar(self) -> None:
        """Set the position of a scrollbar that has just appeared."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = self.scroll_y

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def _bring_into_view(self) -> None:
        top = round(self.scroll_y)
        if not self.has_cursor or top <= self._cursor < top + self._page:
            return
        half = self._page // 2
        wanted = self._cursor - half if self._cursor >= top else self._cursor - self._page + half
        self.scroll_to(y=max(0, min(wanted, self._count - self._page)), animate=False, force=True)

    def move_to(self, index: int) -> None:
        """Move the cursor to a row, or the nearest one."""
        index = max(0, min(index, self._count - 1))
        if index == self._cursor or not self._count:
            return
        old, self._cursor = self._cursor, index
        for row in (old, index):
            self.refresh_row(row)
        self._bring_into_view()
        self.post_message(self.Moved(self))

    def refresh_row(self, index: int) -> None:
        """Redraw one row."""
        line = index + 1 - round(self.scroll_y)
        self.refresh(Region(0, line, self.scrollable_content_region.width, 1))

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.move_to(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by some pages."""
        self.move_to(self._cursor + pages * self._page)

    def action_jump(self, end: str) -> None:
        """Move the cursor to the ``top`` or the ``bottom``."""
        self.move_to(0 if end == "top" else self._count - 1)

    def action_open(self) -> None:
        """Open the current row."""
        if self._count:
            self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor on a click; open on a double click."""
        row = round(self.scroll_y) + event.y - 1
        if event.y > 0 and row < self._count:
            if row == self._cursor and event.chain > 1:
                self.action_open()
            self.move_to(row)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._bring_into_view()

    def on_focus(self) -> None:
        """Redraw the one line that shows the focus."""
        self._refresh_focus()

    def on_blur(self) -> None:
        """Redraw the one line that showed the focus."""
        self._refresh_focus()

    def _refresh_focus(self) -> None:
        if self.has_cursor:
            self.refresh_row(self._cursor)
        self.refresh(Region(0, 0, self.size.width, 1))

    def notify_style_update(self) -> None:
        """Drop the cached styles of the former theme."""
        self._styles.clear()
        super().notify_style_update()

    def _style(self, name: str) -> Style:
        if (style := self._styles.get(name)) is None:
            style = self.get_component_rich_style(f"list--{name}", partial=name != "plain")
            self._styles[name] = style
        return style

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view: the header, a row, or nothing."""
        width = self.scrollable_content_region.width
        plain = self._style("plain")
        if not self._count:
            return self._placeholder_line(y, width, plain)
        if y == 0:
            bar = Segment("▌" if self.has_focus else " ", plain + self._style("accent"))
            title = Segment(self.header(width - 1), plain + self._style("header"))
            return Strip([bar, title], width)
        index = round(self.scroll_y) + y - 1
        if index >= self._count:
            return Strip.blank(width, plain)
        return self._row(index, width, plain)

    def _placeholder_line(self, y: int, width: int, plain: Style) -> Strip:
        """Return a line of the placeholder: wrapped, indented by two cells, two lines down."""
        lines = [piece for line in self.placeholder for piece in wrap(line, max(1, width - 4))]
        text = f"  {lines[y - 2]}" if 0 <= y - 2 < len(lines) else ""
        return Strip([Segment(text, plain)]).adjust_cell_length(width, plain)

    def _row(self, index: int, width: int, plain: Style) -> Strip:
        here = self.has_cursor and index == self._cursor
        coloured = True
        if here:
            cursor = self._style("cursor" if self.has_focus else "cursor-blurred")
            plain += cursor
            coloured = not cursor.reverse  # reversed colours would look patchy
        bar = "▌" if here and self.has_focus else " "
        pieces = ((bar, "accent"), *self.spans(index, width - 1))
        styled = (
            (text, plain + self._style(name) if name and coloured else plain)
            for text, name in pieces
        )
        return Strip(merge_segments(styled)).adjust_cell_length(width, plain)


class ColumnList(VirtualList):
    """List with columns. A subclass provides the columns and the cells."""

    FIELDS: ClassVar[tuple[Field, ...]] = ()
    """Columns from left to right; exactly one has width 0."""

    LEAST: ClassVar[int] = 18
    """Minimum cells of the column that takes the rest; others are dropped before it gets fewer."""

    LEAD: ClassVar[int] = 1
    """Number of cells before the first column."""

    def cell(self, index: int, field: Field) -> Span:
        """Return the text of a cell, already safe for a terminal, and the name of its style."""
        raise NotImplementedError

    def lead(self, index: int) -> Iterable[Span]:
        """Return the pieces before the first column, exactly ``LEAD`` cells."""
        yield " " * self.LEAD, ""

    def heading(self, field: Field) -> str:
        """Return the heading of a column."""
        return field.title

    def fitted(self, index: int, field: Field, cells: int) -> Span:
        """Return a cell at an exact width."""
        text, style = self.cell(index, field)
        return truncate(text, cells, right=field.right, path=field.path), style

    def columns_in(self, width: int) -> dict[Field, int]:
        """Return the columns that fit into a line, and their widths."""
        return fit_columns(self.FIELDS, width - self.LEAD, self.LEAST)

    def header(self, width: int) -> str:
        """Return the column titles."""
        columns = self.columns_in(width).items()
        titles = (
            truncate(self.heading(field), cells, right=field.right) for field, cells in columns
        )
        return truncate(" " * self.LEAD + (" " * GAP).join(titles), width)

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """Return one row."""
        yield from self.lead(index)
        for number, (field, cells) in enumerate(self.columns_in(width).items()):
            yield " " * GAP if number else "", ""
            yield self.fitted(index, field, cells)
