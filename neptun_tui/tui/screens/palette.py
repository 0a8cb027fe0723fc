"""Command palette."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.command import CommandPalette
from textual.widgets import Input

from neptun_tui.tui.bindings import KeyContext, bindings


class SteadyPalette(CommandPalette):
    """Textual's own, but its cursor does not blink: an idle screen sends no bytes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.EVERYWHERE)

    def on_mount(self) -> None:
        """Let the cursor stand."""
        self.query_one(Input).cursor_blink = False
