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
from neptun_tui.tui.widgets.property_list import fact_lines

_ABOUT = (
    "Deleting is permanent: Neptun cannot undo it. Before a deletion, a dialog names the items, "
    "checks them with Neptun and asks you to confirm. The results in the report are verified "
    "against Neptun's listing."
)

_AROUND = 7
"""Cells beside the text of a key: its indent, the padding of the box and the scroll bar."""

_KEY_CELLS = 12
"""Cells of the column of keys; more where a key takes more."""


class HelpScreen(ModalScreen[None]):
    """Help screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(KeyContext.HELP),
        Binding("question_mark,f1", "close", "close", id="help", show=False),
        Binding("ctrl+q", "app.quit", "quit", show=False),
    ]

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Compose a block of keys for each context."""
        with VerticalScroll(id="help-box"):
            yield Static(id="help-text", markup=False)
        yield StatusBar(id="help-bar")

    def on_mount(self) -> None:
        """Show the keys of this screen."""
        close = first_key("close", KeyContext.HELP, self._keymap)
        self.query_one("#help-bar", StatusBar).set(
            [(f" {close}", "key"), (" close ", "dim"), (" ↑ ↓", "key"), (" scroll ", "dim")]
        )
        self.set_focus(self.query_one("#help-box"))

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss(None)

    def on_resize(self) -> None:
        """Wrap the lines; the rest of a key's text is indented to its column."""
        cells = self.size.width - _AROUND
        blocks = [self._block(context, cells) for context in KeyContext]
        text = Content("\n\n").join([Content("neptun-tui"), Content(_ABOUT), *blocks])
        self.query_one("#help-text", Static).update(text)

    def _block(self, context: KeyContext, cells: int) -> Content:
        palette = first_key("command_palette", KeyContext.EVERYWHERE, self._keymap)
        keys = [
            (key.written(self._keymap) or f"({palette})", key.help)
            for key in KEYS
            if key.context is context
        ]
        lines = [Content.styled(context.value, "bold $primary")]
        for (label, _), (text, _) in fact_lines(keys, cells, _KEY_CELLS):
            lines.append(Content.assemble("  ", (label, "bold"), text))
        return Content("\n").join(lines)
