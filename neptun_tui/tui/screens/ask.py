"""A question that is answered with yes or no, and not by accident."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from neptun_tui.services.questions import Question
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.settling import Settling
from neptun_tui.tui.widgets.bar import KeyBar
from neptun_tui.tui.widgets.facts import Facts


class AskScreen(ModalScreen[bool]):
    """Says what will be done; no is the first answer, and the one that has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.ASK, Where.EVERYWHERE)

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._settling = Settling(self)

    def compose(self) -> ComposeResult:
        """Title, warning, facts, buttons."""
        question = self._question
        with Vertical(id="ask", classes="grave" if question.grave else ""):
            with VerticalScroll(id="ask-box", can_focus=False):
                yield Label(question.title, id="ask-title", markup=False)
                yield Label(question.warning, id="ask-warning", markup=False)
                yield Facts(id="ask-facts")
            with Horizontal(id="ask-buttons"):
                yield Button(Content(question.no), id="no", compact=True)
                yield Button(Content(question.yes), id="yes", compact=True)
        yield KeyBar(Where.ASK, id="keys")

    def on_mount(self) -> None:
        """Put the focus where a hurried key does no harm."""
        self.query_one(Facts).show(self._question.facts)
        self.set_focus(self.query_one("#no"))

    def on_screen_resume(self) -> None:
        """It is seen, or seen again."""
        self._settling.begin()

    def on_key(self) -> None:
        """Whatever is pressed too early takes what follows it along."""
        self._settling.disturb()

    def on_resize(self) -> None:
        """Another size is another picture: what was typed ahead of it does not count."""
        self.set_class(self.size.height < 18, "-tight")
        self.call_after_refresh(self._make_room)
        self._settling.begin()

    def _make_room(self) -> None:
        """Leave the buttons on the screen: what is above them is scrolled instead."""
        if self.is_attached:
            chrome = 4 if self.has_class("-tight") else 6
            self.query_one("#ask-box").styles.max_height = max(3, self.size.height - chrome)
            self.call_after_refresh(self.query_one(KeyBar).refresh)

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Scrolling only where there is more."""
        if action == "read" or action.startswith("read("):
            return self.is_attached and self.query_one("#ask-box").max_scroll_y > 0
        return True

    @on(Button.Pressed, "#no")
    def _no_pressed(self) -> None:
        self.action_decline()

    @on(Button.Pressed, "#yes")
    def _yes_pressed(self) -> None:
        self.action_agree()

    def action_read(self, pages: int) -> None:
        """Read what a small terminal has no room for."""
        box = self.query_one("#ask-box")
        box.scroll_to(y=box.scroll_y + pages * max(1, box.size.height - 1), animate=False)

    def action_agree(self) -> None:
        """Do it."""
        if self._settling.over and self.is_current:
            self.dismiss(True)

    def action_decline(self) -> None:
        """Leave everything as it is."""
        self.dismiss(False)
