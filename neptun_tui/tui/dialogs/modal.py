"""Base of the dialogs: key delay, and layout for small terminals."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Label

from neptun_tui.services.messages import Line
from neptun_tui.tui.input_guard import InputGuard
from neptun_tui.tui.screen import SafeCallLater
from neptun_tui.tui.widgets.bars import KeyBar
from neptun_tui.tui.widgets.layout import wrap
from neptun_tui.tui.widgets.property_list import (
    PropertyList,
    cut_facts,
    fact_lines,
    left_out,
    widest_label,
)

_TIGHT_ROWS = 18
"""On fewer rows a dialog does without its empty lines."""

_WIDEST = 84
"""Columns of a dialog, its frame included."""

_LEAST = 12
"""Cells of a line, however narrow the terminal is while it is resized."""

_FRAME_ROWS = 3
"""Rows of the frame and of the keys below it."""

_BODY_ROWS = 3
"""Rows of what is scrolled, before what is named above it gets a second row."""

_NAME_ROWS = {True: 2, False: 6}
"""The most rows of what is named, tight or not: more can be read by scrolling."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stays in view whatever is scrolled.

    Attributes:
        title: verb and object; it stands in the frame.
        warning: what must be read first.
        briefly: the same on one line of 36 cells.
        names: what it is about: kind, ID and name.
    """

    title: str
    warning: str
    briefly: str
    names: Sequence[Line]


class ModalDialog(SafeCallLater, ModalScreen[ScreenResultType]):
    """A question that nothing answers by accident, and that shows what it asks about.

    Keys count only once it has settled, and a yes only while its head is in view. One
    :class:`VerticalScroll` in it holds what else is read; that gives way when there is no room.
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        self._settling = InputGuard(self)
        self._head = head
        self._body: Sequence[Line] = ()

    def _compose_head(self) -> ComposeResult:
        yield Label(self._head.warning, classes="dialog-warning", markup=False)
        yield PropertyList(classes="dialog-names")

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-box", can_focus=False):
            yield PropertyList(classes="dialog-body")

    @property
    def _box(self) -> VerticalScroll:
        return self.query_one(".dialog-box", VerticalScroll)

    @property
    def _scrolls(self) -> Sequence[VerticalScroll]:
        """What the keys for reading on scroll, in this order."""
        return (self._box,)

    def _fit_below(self, rows: int, cells: int) -> int:
        """Lay out what stands below what is scrolled.

        Args:
            rows: the most it may take.
            cells: of each of them.

        Returns:
            The rows it takes.
        """
        raise NotImplementedError

    @property
    def _tight(self) -> bool:
        return self.has_class("-tight")

    def on_mount(self) -> None:
        """Whatever scrolls it, a wheel or a key: the frame says whether more is left to read."""
        for part in self._scrolls:
            self.watch(part, "scroll_y", self._scrolled, init=False)

    def _scrolled(self) -> None:
        self.call_after_refresh(self._tell_of_more)

    def on_screen_resume(self) -> None:
        """It is seen, or seen again: what was typed at what stood here does not count."""
        self._settling.begin()

    def on_key(self) -> None:
        """Whatever is pressed too early takes what follows it along."""
        self._settling.disturb()

    def on_resize(self) -> None:
        """Another size is another picture: what was typed ahead of it does not count."""
        self.set_class(self.size.height < _TIGHT_ROWS, "-tight")
        self._make_room()
        self._settling.begin()

    def _show(self, head: Head, body: Sequence[Line]) -> None:
        """Show another head, and other facts below it."""
        self._head, self._body = head, body
        self._make_room()

    def _make_room(self) -> None:
        """Share the rows out: first what must be in view, last what can be scrolled."""
        head, body = self._head, self._body
        cells = max(_LEAST, min(_WIDEST, self.size.width) - 4)
        labels, warning = widest_label((*head.names, *body)), head.warning
        spare = self.size.height - _FRAME_ROWS - 1 - len(head.names) - (not self._tight)
        spare -= self._fit_below(spare - 1, cells)
        spare -= (above := len(wrap(warning, cells)) - 1)
        if above and spare < _BODY_ROWS:
            warning, spare = head.briefly, spare + above
        wanted = sum(1 for _ in fact_lines(head.names, cells, labels))
        least = len(head.names)
        room = min(wanted, max(least, _NAME_ROWS[self._tight]), least + max(0, spare - _BODY_ROWS))
        names = cut_facts(head.names, cells, labels, room)
        body = [*left_out(head.names, names), *body]
        self.query_one(".dialog").border_title = Content(head.title)
        self.query_one(".dialog-warning", Label).update(warning)
        self.query_one(".dialog-names", PropertyList).show(names, labels)
        self.query_one(".dialog-body", PropertyList).show(body, labels)
        self._box.styles.max_height = max(1, spare - (room - least))
        self.call_after_refresh(self._fitted)

    def _fitted(self) -> None:
        """It has been laid out anew."""
        self._tell_of_more()

    @property
    def _in_view(self) -> bool:
        """Whether the head is on the screen, whole, and the screen on the terminal."""
        room = self.region
        heads = self.query(".dialog, .dialog-warning, .dialog-names")
        columns, rows = terminal_size(self.app) or self.size
        return (
            all(widget.region and room.contains_region(widget.region) for widget in heads)
            and columns >= self.size.width
            and rows >= self.size.height
        )

    def _tell_of_more(self) -> None:
        """Say in the frame that something below is still to be read, and by which key."""
        keys = self.query_one(KeyBar)
        keys.refresh()
        below = any(part.scroll_y < part.max_scroll_y for part in self._scrolls)
        said = Content(f"{keys.written('page_down')}: more") if below else None
        self.query_one(".dialog").border_subtitle = said

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Scrolling only where there is more."""
        if action.partition("(")[0] == "page":
            return self.is_attached and any(part.max_scroll_y > 0 for part in self._scrolls)
        return True

    def action_page(self, pages: int) -> None:
        """Read what a small terminal has no room for."""
        for part in self._scrolls[::pages]:
            there = part.scroll_y
            rows = pages * max(1, part.size.height - 1)
            part.scroll_to(y=there + rows, animate=False, immediate=True)
            if part.scroll_y != there:
                return


def terminal_size(app: App[Any]) -> tuple[int, int] | None:
    """The columns and rows of the terminal as the system knows them; None when it does not say."""
    if app.is_headless or sys.__stderr__ is None:
        return None
    try:
        size = os.get_terminal_size(sys.__stderr__.fileno())
    except (OSError, ValueError):
        return None
    return (size.columns, size.lines) if all(size) else None
