"""A line at the bottom of the screen in which something is typed: a filter, an ID."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label

from neptun_tui.tui.keys import Where, bindings


class QuietInput(Input):
    """An input on one line whose cursor does not blink: an idle screen sends no bytes."""

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
        """Copy the selection, but no secret: it would go through the terminal."""
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        """Cut the selection, but no secret."""
        if not self.password:
            super().action_cut()


class Prompt(Vertical):
    """A label, an input and room for a hint above them. Hidden while nothing is asked."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PROMPT)

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
        """Another character was typed, or taken away."""

        purpose: str
        text: str

    @dataclass
    class Answered(Message):
        """Enter was pressed."""

        purpose: str
        text: str

    @dataclass
    class Cancelled(Message):
        """Escape was pressed."""

        purpose: str

    purpose = ""

    def compose(self) -> ComposeResult:
        """The hint, and below it the label and the input."""
        yield Label("", id="prompt-hint", markup=False)
        with Horizontal():
            yield Label("", id="prompt-label", markup=False)
            yield QuietInput(id="prompt-input")

    def ask(self, purpose: str, label: str, text: str = "", example: str = "") -> None:
        """Show the line and put the focus into it."""
        self.purpose = purpose
        self.query_one("#prompt-label", Label).update(label)
        self.hint("")
        field = self.query_one(QuietInput)
        with self.prevent(Input.Changed):
            field.value = text
        field.placeholder = example
        field.cursor_position = len(text)
        self.add_class("asking")
        self.screen.set_focus(field)

    def hint(self, text: str) -> None:
        """Say what is wrong with what was typed; the line stays open."""
        label = self.query_one("#prompt-hint", Label)
        label.update(text)
        label.display = bool(text)
        if text:
            self.query_one(QuietInput).select_all()

    def close(self) -> None:
        """Hide the line."""
        self.remove_class("asking")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.hint("")
        self.post_message(self.Changed(self.purpose, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_answer()

    def action_answer(self) -> None:
        """Take what was typed."""
        self.post_message(self.Answered(self.purpose, self.query_one(QuietInput).value))

    def action_cancel(self) -> None:
        """Give up what was asked."""
        self.post_message(self.Cancelled(self.purpose))
