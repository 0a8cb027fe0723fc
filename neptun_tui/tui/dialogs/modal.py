"""Base of the dialogs: key delay, and layout for small terminals."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Label

from neptun_tui.services.messages import Question
from neptun_tui.tui.input_guard import InputGuard
from neptun_tui.tui.screen import SafeCallLater
from neptun_tui.tui.widgets.bars import KeyBar, set_text
from neptun_tui.tui.widgets.layout import wrap
from neptun_tui.tui.widgets.property_list import (
    PropertyList,
    cut_facts,
    fact_lines,
    left_out,
    widest_label,
)

_TIGHT_ROWS = 18
"""Rows below which a dialog omits its empty lines."""

_WIDEST = 84
"""Maximum width of a dialog, including its frame."""

_LEAST = 12
"""Minimum width of a line, however narrow the terminal is while it is resized."""

_FRAME_ROWS = 3
"""Rows of the frame and of the keys below it."""

_BODY_ROWS = 3
"""Minimum rows of the scrolled body, before a name in the head gets a second row."""

_NAME_ROWS = {True: 2, False: 6}
"""Maximum rows of the names, tight or not: the rest can be scrolled."""


class ModalDialog(SafeCallLater, ModalScreen[ScreenResultType]):
    """Dialog that cannot be answered by accident, and that shows the items it is about.

    Keys count only after a delay, and a confirmation only while the head is in view. One
    :class:`VerticalScroll` holds the rest of the text; it shrinks where room is short.
    """

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._settling = InputGuard(self)
        self._question = question

    def _compose_head(self) -> ComposeResult:
        yield Label(self._question.warning, classes="dialog-warning", markup=False)
        yield PropertyList(classes="dialog-names")

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-box", can_focus=False):
            yield PropertyList(classes="dialog-body")

    @property
    def _box(self) -> VerticalScroll:
        return self.query_one(".dialog-box", VerticalScroll)

    @property
    def _scrolls(self) -> Sequence[VerticalScroll]:
        """Return the parts that the paging keys scroll, in this order."""
        return (self._box,)

    def _fit_below(self, rows: int, cells: int) -> int:
        """Lay out the part below the scrolled body.

        Args:
            rows: the maximum number of rows.
            cells: the width of a row.

        Returns:
            The number of rows it takes.
        """
        raise NotImplementedError

    @property
    def _tight(self) -> bool:
        return self.app.size.height < _TIGHT_ROWS

    def on_mount(self) -> None:
        """Update the frame's hint whenever the body is scrolled."""
        for part in self._scrolls:
            self.watch(part, "scroll_y", self._scrolled, init=False)

    def _scrolled(self) -> None:
        self.call_after_refresh(self._tell_of_more)

    def on_screen_resume(self) -> None:
        """Restart the delay: earlier keys were meant for the screen before."""
        self._settling.begin()

    def on_key(self) -> None:
        """Restart the delay after an early key."""
        self._settling.disturb()

    def on_resize(self) -> None:
        """Lay out again and restart the delay."""
        self._make_room()
        self._settling.begin()

    def _show(self, question: Question) -> None:
        """Replace the texts."""
        self._question = question
        self._make_room()

    def _make_room(self) -> None:
        """Allot the rows: first to the head, last to the scrolled body.

        The app's size is that of the next layout; the screen's own is that of the last one, so
        that everything would be laid out and drawn twice.
        """
        head, body = self._question, self._question.facts
        size = self.app.size
        self.set_class(self._tight, "-tight")
        cells = max(_LEAST, min(_WIDEST, size.width) - 4)
        labels, warning = widest_label((*head.names, *body)), head.warning
        spare = size.height - _FRAME_ROWS - 1 - len(head.names) - (not self._tight)
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
        set_text(self.query_one(".dialog-warning", Label), warning)
        self.query_one(".dialog-names", PropertyList).show(names, labels)
        self.query_one(".dialog-body", PropertyList).show(body, labels)
        self._box.styles.max_height = max(1, spare - (room - least))
        self.call_after_refresh(self._fitted)

    def _fitted(self) -> None:
        """Update the hint after a new layout."""
        self._tell_of_more()

    @property
    def _in_view(self) -> bool:
        """Tell whether the whole head is on the screen, and the screen on the terminal."""
        room = self.region
        heads = self.query(".dialog, .dialog-warning, .dialog-names")
        columns, rows = terminal_size(self.app) or self.size
        return (
            bool(heads)
            and all(widget.region and room.contains_region(widget.region) for widget in heads)
            and columns >= self.size.width
            and rows >= self.size.height
        )

    def _tell_of_more(self) -> None:
        """Show in the frame that more is below, and which key scrolls."""
        keys = self.query_one(KeyBar)
        keys.refresh()
        below = any(part.scroll_y < part.max_scroll_y for part in self._scrolls)
        said = Content(f"{keys.written('page_down')}: more") if below else None
        self.query_one(".dialog").border_subtitle = said

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable paging only where there is more."""
        if action.partition("(")[0] == "page":
            return self.is_attached and any(part.max_scroll_y > 0 for part in self._scrolls)
        return True

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        for part in self._scrolls[::pages]:
            there = part.scroll_y
            rows = pages * max(1, part.size.height - 1)
            part.scroll_to(y=there + rows, animate=False, immediate=True)
            if part.scroll_y != there:
                return


def terminal_size(app: App[Any]) -> tuple[int, int] | None:
    """Return the terminal's columns and rows as the system reports them; None when unknown."""
    if app.is_headless or sys.__stderr__ is None:
        return None
    try:
        size = os.get_terminal_size(sys.__stderr__.fileno())
    except (OSError, ValueError):
        return None
    return (size.columns, size.lines) if all(size) else None
