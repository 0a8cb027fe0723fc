"""Command palette."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.command import CommandPalette, SearchIcon
from textual.widgets import Input

from neptun_tui.tui.bindings import KeyContext, bindings


class SteadyPalette(CommandPalette):
    """Command palette without a blinking cursor or an emoji.

    An idle screen sends no bytes. Many fonts lack the emoji, and terminals disagree on its width.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.EVERYWHERE)

    def on_mount(self) -> None:
        """Switch off the blinking, and put a plain sign before the field."""
        self.query_one(Input).cursor_blink = False
        self.query_one(SearchIcon).icon = "›"
