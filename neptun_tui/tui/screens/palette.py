"""The list of commands."""

from __future__ import annotations

from textual.command import CommandPalette
from textual.widgets import Input


class QuietPalette(CommandPalette):
    """Textual's own, but its cursor does not blink: an idle screen sends no bytes."""

    def on_mount(self) -> None:
        """Let the cursor stand."""
        self.query_one(Input).cursor_blink = False
