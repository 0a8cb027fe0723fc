"""Help screen: all keys, drawn from their table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from neptun_tui.tui.bindings import KEYS, KeyContext, bindings, first_key
from neptun_tui.tui.widgets.bars import StatusBar

_ABOUT = (
    "Deleting is permanent: Neptun has no way back. Nothing is deleted before a "
    "dialog has named it, checked it against Neptun's own listing and had your yes. What the "
    "report says afterwards comes from that listing, not from a status code."
)


class HelpScreen(ModalScreen[None]):
    """The help screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(KeyContext.HELP),
        Binding("question_mark,f1", "close", "close", id="help", show=False),
        Binding("ctrl+q", "app.quit", "quit", show=False),
    ]

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """One block of keys a place."""
        with VerticalScroll(id="help-box"):
            yield Static(self._text(), id="help-text", markup=False)
        yield StatusBar(id="help-bar")

    def on_mount(self) -> None:
        """Say how to leave."""
        close = first_key("close", KeyContext.HELP, self._keymap)
        self.query_one("#help-bar", StatusBar).set(
            [(f" {close}", "key"), (" close ", "dim"), (" ↑ ↓", "key"), (" scroll ", "dim")]
        )
        self.set_focus(self.query_one("#help-box"))

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss(None)

    def _text(self) -> Content:
        blocks = [self._block(where) for where in KeyContext]
        return Content("\n\n").join([Content("neptun-tui"), Content(_ABOUT), *blocks])

    def _block(self, where: KeyContext) -> Content:
        palette = first_key("command_palette", KeyContext.EVERYWHERE, self._keymap)
        lines = [Content.styled(where.value, "bold $primary")]
        for key in KEYS:
            if key.where is where:
                written = key.written(self._keymap) or f"({palette})"
                lines.append(Content.assemble((f"  {written:<14}", "bold"), key.help))
        return Content("\n").join(lines)
