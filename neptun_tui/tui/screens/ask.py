"""A question that is answered with yes or no, and not by accident."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Label

from neptun_tui.services.questions import Question
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.screens.dialog import Dialog
from neptun_tui.tui.widgets.bar import KeyBar
from neptun_tui.tui.widgets.choice import Choice
from neptun_tui.tui.widgets.facts import Facts


class AskScreen(Dialog[bool]):
    """Says what will be done; no is the first answer, and the one that has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.ASK, Where.EVERYWHERE)

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Title, warning, facts, buttons."""
        question = self._question
        with Vertical(id="ask", classes="grave" if question.grave else ""):
            with VerticalScroll(id="ask-box", can_focus=False):
                yield Label(question.title, id="ask-title", markup=False)
                yield Label(question.warning, id="ask-warning", markup=False)
                yield Facts(id="ask-facts")
            with Horizontal(id="ask-buttons"):
                yield Choice(question.no, id="no")
                yield Choice(question.yes, id="yes")
        yield KeyBar(Where.ASK, id="keys")

    def on_mount(self) -> None:
        """Put the focus where a hurried key does no harm."""
        self.query_one(Facts).show(self._question.facts)
        self.set_focus(self.query_one("#no"))

    @property
    def _rows_around(self) -> int:
        return 4 if self._tight else 6

    @on(Button.Pressed, "#no")
    def _no_pressed(self) -> None:
        self.action_decline()

    @on(Button.Pressed, "#yes")
    def _yes_pressed(self) -> None:
        self.action_agree()

    def action_agree(self) -> None:
        """Do it."""
        if self._settling.over and self.is_active:
            self.dismiss(True)

    def action_decline(self) -> None:
        """Leave everything as it is."""
        self.dismiss(False)
