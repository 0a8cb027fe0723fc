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
    """Tell whether a terminal has no room for the screens."""
    return size.width < COLUMNS or size.height < ROWS


class TooSmallScreen(ModalScreen[None]):
    """Screen on top of all others until there is room again; they keep their state."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        KeyContext.EVERYWHERE, only=("quit", "suspend_process")
    )

    def compose(self) -> ComposeResult:
        """Compose the sentence."""
        yield Static(f"Too small: {COLUMNS}×{ROWS} needed. ctrl+q quits.", markup=False)

    def on_screen_resume(self) -> None:
        """Close if there is room by now."""
        if self.is_active and not is_too_small(self.app.size):
            self.dismiss(None)
