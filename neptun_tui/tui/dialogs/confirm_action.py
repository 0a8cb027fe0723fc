"""Dialog that asks a yes-or-no question."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from neptun_tui.services.messages import Question
from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.dialogs.modal import Head, ModalDialog
from neptun_tui.tui.widgets.bars import KeyBar
from neptun_tui.tui.widgets.inputs import CompactButton


class ConfirmActionScreen(ModalDialog[bool]):
    """Dialog that explains an action; "no" comes first and has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.ASK, KeyContext.EVERYWHERE)

    def __init__(self, question: Question) -> None:
        super().__init__(Head(question.title, question.warning, question.briefly, question.names))
        self._question = question

    def compose(self) -> ComposeResult:
        """Compose the title, warning, facts and buttons."""
        question = self._question
        with Vertical(id="ask", classes="dialog grave" if question.grave else "dialog"):
            yield from self._compose_head()
            yield from self._compose_body()
            with Horizontal(id="ask-buttons"):
                yield CompactButton(question.no, id="no")
                yield CompactButton(question.yes, id="yes")
        yield KeyBar(KeyContext.ASK, id="keys")

    def on_mount(self) -> None:
        """Focus the harmless button."""
        self._show(self._head, self._question.facts)
        self.set_focus(self.query_one("#no"))

    def _fit_below(self, _rows: int, _cells: int) -> int:
        return 1 if self._tight else 2

    def _fitted(self) -> None:
        super()._fitted()
        self.query_one("#yes", CompactButton).disabled = not self._in_view

    @on(Button.Pressed, "#no")
    def _no_pressed(self) -> None:
        self.action_cancel()

    @on(Button.Pressed, "#yes")
    def _yes_pressed(self) -> None:
        self.action_confirm()

    def action_confirm(self) -> None:
        """Confirm the action."""
        if self._settling.over and self.is_active and self._in_view:
            self.dismiss(True)

    def action_cancel(self) -> None:
        """Cancel the action."""
        self.dismiss(False)
