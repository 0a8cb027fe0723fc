"""Screen for terminals that are too small: one sentence."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from neptun_tui.tui.bindings import KeyContext, bindings

COLUMNS = 40
ROWS = 10


def is_too_small(size: Size) -> bool:
    """Whether a terminal has no room for the screens."""
    return size.width < COLUMNS or size.height < ROWS


class TooSmallScreen(ModalScreen[None]):
    """Stands over everything until there is room again; nothing below it is lost."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        KeyContext.EVERYWHERE, only=("quit", "suspend_process")
    )

    def compose(self) -> ComposeResult:
        """The sentence."""
        yield Static(f"Too small: {COLUMNS}×{ROWS} needed. ctrl+q quits.", markup=False)

    def on_screen_resume(self) -> None:
        """What stood above it has gone; perhaps there is room by now."""
        if self.is_active and not is_too_small(self.app.size):
            self.dismiss(None)
