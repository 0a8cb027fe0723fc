"""Dialog that confirms an action: a deletion, a restore, or the removal of a backup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from neptun_tui.domain.errors import CannotPlan, ServiceError, StorageError
from neptun_tui.services.messages import Question
from neptun_tui.tui.bindings import WHILE_TYPING, KeyContext, bindings, keys_for
from neptun_tui.tui.dialogs.modal import ModalDialog
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.widgets.bars import KeyBar, set_text
from neptun_tui.tui.widgets.inputs import CompactButton, ConfirmationInput
from neptun_tui.tui.widgets.layout import wrap

CHECKING = "checking…  Neptun is asked what is there now."
CHECKED = "Checked with Neptun a moment ago."
NOT_CHECKED = "Could not verify with Neptun, so delete is disabled."

_MOST_SAID = 6
"""Maximum rows of the check's result; the rest is scrolled."""

T = TypeVar("T")


class Confirmation(Generic[T]):
    """Action that a dialog asks about, and the result of its confirmation.

    This one is a plain question. A subclass may need a check first, and prepare the result.

    Args:
        question: the texts.
        result: what the dialog returns when it is confirmed.
    """

    needs_check: ClassVar[bool] = False
    """Whether the dialog calls :meth:`check` before it can be confirmed."""

    has_backup: bool = False
    """Whether the user can choose between a backup and none."""

    def __init__(self, question: Question, result: T) -> None:
        self._question = question
        self._result = result

    def question(self, written: Callable[[str], str]) -> Question:
        """Return the texts as they are now.

        Args:
            written: returns the keys of an action, by its name.
        """
        del written  # a plain question names no key
        return self._question

    @property
    def fresh(self) -> bool:
        """Tell whether the check is recent enough to confirm."""
        return True

    async def check(self) -> Sequence[str]:
        """Compare the question with the server; return what changed since, one sentence each.

        Raises:
            CannotPlan: nothing is left to confirm.
            ServiceError: it could not be checked.
        """
        return ()

    def toggle_backup(self) -> None:
        """Choose no backup, or a backup again."""

    @property
    def preparing(self) -> str:
        """Text that the dialog shows while it prepares the result."""
        return ""

    async def prepare(self) -> T:
        """Return the result of the confirmed action.

        Raises:
            StorageError: the backup could not be written.
        """
        return self._result

    async def release(self, result: T) -> None:
        """Undo :meth:`prepare`: the confirmation does not count."""


class ConfirmScreen(ModalDialog[T | None]):
    """Dialog that explains an action; "no" comes first. Returns the result, or None if declined.

    A single key confirms, or a typed text if the question has one. What needs a check can be
    confirmed only as it was checked; its backup is on disk by then. If that cannot be made,
    nothing is returned: the user is asked again, and may choose to go on without one.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.CONFIRM, KeyContext.EVERYWHERE)

    def __init__(self, confirmation: Confirmation[T]) -> None:
        super().__init__(confirmation.question(str))  # drawn again with the keys, once mounted
        self._confirmation = confirmation
        self._checked = not confirmation.needs_check
        self._checking = False
        self._agreed = False
        """Confirmed, but the check was too old and is made again."""
        self._leaving = False
        self._said = CHECKING if confirmation.needs_check else ""

    def compose(self) -> ComposeResult:
        """Compose the title, the text, the state of the check, the field and the buttons."""
        with Vertical(id="confirm", classes="dialog grave" if self._question.grave else "dialog"):
            yield from self._compose_head()
            yield from self._compose_body()
            with VerticalScroll(id="confirm-said", can_focus=False):
                yield Static(id="confirm-check")
            with Horizontal(id="confirm-typing"):
                yield Label(id="confirm-ask", markup=False)
                yield ConfirmationInput(self._settling, id="confirm-phrase")
            with Horizontal(id="confirm-buttons"):
                yield CompactButton(self._question.no, id="no")
                yield CompactButton(self._question.yes, id="yes", disabled=True)
        yield KeyBar(KeyContext.CONFIRM, typing=self._types, left=WHILE_TYPING, id="keys")

    def on_mount(self) -> None:
        """Focus the harmless widget, and check the action if it needs that."""
        field = self.query_one(ConfirmationInput)
        field.dialog_keys, field.default_keys = (
            [key for name in WHILE_TYPING for key in keys_for(name, KeyContext.CONFIRM, keymap)]
            for keymap in (keymap_of(self.app), {})
        )
        self._draw()
        self._focus_first()
        if self._confirmation.needs_check:
            self._check()

    @property
    def _types(self) -> bool:
        """Tell whether a text must be typed to confirm."""
        return self._question.phrase is not None

    def _focus_first(self) -> None:
        self.set_focus(self.query_one("#confirm-phrase" if self._types else "#no"))

    @property
    def _scrolls(self) -> Sequence[VerticalScroll]:
        return (self._box, self.query_one("#confirm-said", VerticalScroll))

    def _fit_below(self, rows: int, cells: int) -> int:
        """Give the check's message the rows left by the field, the buttons and their margins."""
        message = self.query_one("#confirm-said")
        message.display = bool(self._said)
        parts = 2 if self._types else 1
        around = parts if self._tight else 2 * parts
        if not self._said:
            return around
        around += not self._tight
        wanted = sum(len(wrap(line, cells)) for line in self._said.split("\n"))
        said = max(1, min(wanted, _MOST_SAID, rows - around))
        message.styles.height = said
        return around + said

    def _fitted(self) -> None:
        super()._fitted()
        self._enable()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable each key where it has an effect."""
        match action.partition("(")[0]:
            case "no_backup":
                return self._confirmation.has_backup
            case "retry":
                return not self._checked and not self._checking
            case "confirm":
                return not self._types and self._ready
            case _:
                return super().check_action(action, parameters)

    @property
    def _ready(self) -> bool:
        """Tell whether the action is checked, the text is typed, and everything is in view.

        Everything: the items by kind, ID and name, and the warning.
        """
        return self._checked and not self._checking and self._matches and self._in_view

    @work(exclusive=True)
    async def _check(self) -> None:
        """Check the action; show differences before anything else."""
        self._checked, self._checking = False, True
        self._say(CHECKING)
        try:
            changes = await self._confirmation.check()
        except CannotPlan as error:
            self._refuse(str(error))
        except ServiceError as error:
            key = self.query_one(KeyBar).written("retry")
            self._refuse(f"{NOT_CHECKED} Press {key} to retry. {error}")
        else:
            self._take(changes)

    def action_retry(self) -> None:
        """Check the action again."""
        self._check()

    def _refuse(self, said: str) -> None:
        self._agreed = self._checking = False
        self._say(said, problem=True)

    def _take(self, changes: Sequence[str]) -> None:
        """Show the action as it was checked; confirm it if it was agreed to, and is unchanged."""
        self._checked, self._checking = True, False
        agreed, self._agreed = self._agreed, False
        if changes:
            self._settling.begin()
            self.query_one(ConfirmationInput).value = ""
            said = "\n".join(changes)
            self._say(f"Changed since you opened this:\n{said}", problem=True)
            self.call_after_refresh(self._focus_first)
        else:
            self._say(CHECKED)
        self._draw()
        if agreed and not changes and self._matches:
            self._leave()

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = self.query_one("#confirm-check", Static)
        line.update(Content(text))
        line.set_class(problem, "problem")
        self._said = text
        self._make_room()
        self._enable()

    def _draw(self) -> None:
        question = self._confirmation.question(self.query_one(KeyBar).written)
        self._show(question)
        self.query_one("#confirm-typing").display = self._types
        set_text(self.query_one("#confirm-ask", Label), f"Type {question.phrase} to delete")
        self.query_one("#yes", CompactButton).label = question.yes
        self._enable()

    def action_no_backup(self) -> None:
        """Toggle the backup."""
        if self._settling.over:
            self._take_back()
            self._confirmation.toggle_backup()
            self._draw()

    @property
    def _matches(self) -> bool:
        if self._question.phrase is None:
            return True  # also before the field exists, when an early key is checked
        return self.query_one(ConfirmationInput).value.strip() == self._question.phrase

    def _enable(self) -> None:
        self.query_one("#yes", CompactButton).disabled = not self._ready
        bar, question = self.query_one(KeyBar), self._question
        labels = {"confirm": question.verb, "cancel": question.no.lower()}
        bar.show(KeyContext.CONFIRM, typing=self._types, labels=labels)
        bar.refresh()

    def action_confirm(self) -> None:
        """Confirm the action, if a fresh check allows it."""
        if self._leaving or not self._settling.over or not self._ready:
            return
        if self._confirmation.fresh:
            self._leave()
            return
        self._agreed = True
        self._check()

    @work(exclusive=True, group="leaving")
    async def _leave(self) -> None:
        """Return the result, once it is prepared.

        A confirmation counts only while the dialog is on top, not behind another screen.
        """
        self._leaving = True
        try:
            if said := self._confirmation.preparing:
                self._say(said)
            result = await self._confirmation.prepare()
        except StorageError as error:
            self._leaving = False
            self._settling.begin()
            key = self.query_one(KeyBar).written("no_backup")
            said = f"Nothing has been deleted. {error} {key} deletes without one."
            self._say(said, problem=True)
            return
        if self.is_active:
            self.dismiss(result)
        else:
            self._leaving = False
            self._say("Nothing was done: this dialog was covered. Confirm again.")
            await self._confirmation.release(result)

    def _take_back(self) -> None:
        """Revoke the confirmation."""
        self._agreed = False
        self.workers.cancel_group(self, "leaving")
        if self._leaving:
            self._leaving = False
            self._say(CHECKED)

    @on(Input.Changed, "#confirm-phrase")
    def _typed(self) -> None:
        self._take_back()
        self._enable()

    @on(Input.Submitted, "#confirm-phrase")
    def _entered(self) -> None:
        if self._settling.over and not self._matches:
            self._say(
                f"That does not match {self._question.phrase}. Nothing was deleted.", problem=True
            )
        self.action_confirm()

    @on(Button.Pressed, "#yes")
    def _yes_pressed(self) -> None:
        self.action_confirm()

    @on(Button.Pressed, "#no")
    def _no_pressed(self) -> None:
        self.action_cancel()

    def action_cancel(self) -> None:
        """Cancel; nothing is done."""
        self._take_back()
        if self.is_active:
            self.dismiss(None)
