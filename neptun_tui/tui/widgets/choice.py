"""A button on one line."""

from __future__ import annotations

from textual.content import Content, ContentText
from textual.widgets import Button


class Choice(Button, inherit_css=False):
    """A verb; the focused one stands out without colour, too. Its label is never markup.

    It inherits no looks: reading Textual's own takes 2 % of the time until the first frame.
    """

    DEFAULT_CSS = """
    Choice {
        width: auto;
        height: 1;
        min-width: 8;
        margin: 0 1 0 0;
        padding: 0 2;
        line-pad: 1;
        text-align: center;
        content-align: center middle;
        color: $foreground;
        background: $panel;
        &:focus { color: $background; background: $primary; text-style: bold; }
        &:disabled { color: $muted; text-style: dim; }
        &:ansi:focus { color: ansi_default; background: ansi_default; text-style: bold reverse; }
    }
    """

    def __init__(self, label: str, *, id: str, disabled: bool = False) -> None:  # noqa: A002
        super().__init__(Content(label), id=id, disabled=disabled)

    def validate_label(self, label: ContentText) -> Content:
        """Take a text as it is."""
        return Content.from_text(label, markup=False)
