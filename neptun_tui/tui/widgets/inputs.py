"""Inputs: prompt line, confirmation input, and compact button."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content, ContentText
from textual.message import Message
from textual.widgets import Button, Input, Label

from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.input_guard import InputGuard
from neptun_tui.tui.style_rules import StillComponents
from neptun_tui.tui.widgets.bars import set_text


class SteadyInput(StillComponents, Input):
    """One-line input with a steady cursor: an idle screen sends no bytes."""

    def __init__(
        self, value: str = "", *, placeholder: str = "", password: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:  # fmt: skip
        super().__init__(
            value, placeholder=placeholder, password=password, id=id, compact=True,
            select_on_focus=False,
        )  # fmt: skip
        self.cursor_blink = False

    def action_copy(self) -> None:
        """Copy the selected text, but never a secret: it would go through the terminal."""
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        """Cut the selected text, but never a secret."""
        if not self.password:
            super().action_cut()


class Prompt(Vertical):
    """Label and input, with room for a hint above. Hidden while unused."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.PROMPT)

    DEFAULT_CSS = """
    Prompt {
        height: auto;
        display: none;
        background: $surface;
        &.asking { display: block; }
        & #prompt-hint { color: $warning; width: 100%; height: auto; padding: 0 1; display: none; }
        & Horizontal { height: 1; }
        & #prompt-label { width: auto; color: $primary; text-style: bold; padding: 0 1; }
        & Input { width: 1fr; }
    }
    """

    @dataclass
    class Changed(Message):
        """Change of the text."""

        purpose: str
        text: str

    @dataclass
    class Answered(Message):
        """Submission with enter."""

        purpose: str
        text: str

    @dataclass
    class Cancelled(Message):
        """Cancellation with escape."""

        purpose: str

    purpose = ""

    def compose(self) -> ComposeResult:
        """Compose the hint, and below it the label and the input."""
        yield Label("", id="prompt-hint", markup=False)
        with Horizontal():
            yield Label("", id="prompt-label", markup=False)
            yield SteadyInput(id="prompt-input")

    def ask(self, purpose: str, label: str, text: str = "", example: str = "") -> None:
        """Show the prompt and focus it."""
        self.purpose = purpose
        set_text(self.query_one("#prompt-label", Label), label)
        self.hint("")
        field = self.query_one(SteadyInput)
        with self.prevent(Input.Changed):
            field.value = text
        field.placeholder = example
        field.cursor_position = len(text)
        self.add_class("asking")
        self.screen.set_focus(field)

    def hint(self, text: str) -> None:
        """Show an error of the input; the prompt stays open."""
        label = self.query_one("#prompt-hint", Label)
        set_text(label, text)
        label.display = bool(text)
        if text:
            self.query_one(SteadyInput).select_all()

    def close(self) -> None:
        """Hide the prompt."""
        self.remove_class("asking")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.hint("")
        self.post_message(self.Changed(self.purpose, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Submit the text."""
        self.post_message(self.Answered(self.purpose, self.query_one(SteadyInput).value))

    def action_cancel(self) -> None:
        """Cancel the prompt."""
        self.post_message(self.Cancelled(self.purpose))


class ConfirmationInput(SteadyInput):
    """Input for a typed confirmation, after the dialog's delay. Pasted text never confirms."""

    def __init__(self, settling: InputGuard, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._settling = settling
        self.dialog_keys: Collection[str] = ()
        """Keys that are not part of a number, and have an action in the dialog."""
        self.default_keys: Collection[str] = ()
        """Default keys of the same actions. Textual (8.2) drops the binding of a key that a field
        consumes before it applies the keymap, and the chosen key with it."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave the dialog's keys to it."""
        left = key in self.dialog_keys or key in self.default_keys
        return not left and super().check_consume_key(key, character)

    async def _on_key(self, event: events.Key) -> None:
        if not self._settling.over and event.key != "escape":
            self._settling.disturb()
            event.stop()
            event.prevent_default()
        elif event.key in self.dialog_keys:
            event.prevent_default()
        else:
            await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()

    def action_paste(self) -> None:
        """Do nothing, not even with the app's own clipboard."""


class CompactButton(Button, inherit_css=False):
    """Button with a verb; the focus shows without colour, too. Its label is never markup.

    It inherits no CSS: parsing Textual's own takes 2 % of the time until the first frame.
    """

    DEFAULT_CSS = """
    CompactButton {
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
        """Return the label as plain text."""
        return Content.from_text(label, markup=False)
