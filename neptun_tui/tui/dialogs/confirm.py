"""Dialog that confirms a deletion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from neptun_tui.domain.errors import ServiceError, StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import Change, DeletionPlan, ResourceRef, diff_plans, make_plan
from neptun_tui.services import messages
from neptun_tui.services.loading import FRESH_SECONDS
from neptun_tui.services.run_store import PreparedRun
from neptun_tui.tui.bindings import WHILE_TYPING, KeyContext, bindings, keys_for
from neptun_tui.tui.dialogs.modal import Head, ModalDialog
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.widgets.bars import KeyBar, set_text
from neptun_tui.tui.widgets.inputs import CompactButton, ConfirmationInput
from neptun_tui.tui.widgets.layout import wrap

Keep = Callable[[DeletionPlan, Listing, bool], Awaitable[PreparedRun | None]]
"""Makes the backup, or none; raises StorageError."""
Drop = Callable[[PreparedRun | None], Awaitable[None]]
"""Removes a backup that is no longer wanted."""
CHECKED = "Checked with Neptun a moment ago."
NOT_CHECKED = "Could not verify with Neptun, so delete is disabled."


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Confirmed plan, and the run prepared for it."""

    plan: DeletionPlan
    kept: PreparedRun | None
    listing: Listing | None = None


_MOST_SAID = 6
"""Maximum rows of the check's result; the rest is scrolled."""


def _head(plan: DeletionPlan, *, backup: bool) -> Head:
    """Return the head of the dialog, with the warning that no backup exists."""
    said = messages.PERMANENT, messages.PERMANENT
    if not backup:
        said = messages.NO_BACKUP, messages.NO_BACKUP_BRIEFLY
    return Head(messages.title(plan), *said, messages.identity(plan))


class ConfirmScreen(ModalDialog[Confirmed | None]):
    """Dialog that shows one frozen plan and returns it only when exactly that was confirmed.

    The backup is on disk by then. If it cannot be made, nothing is returned: the user is asked
    again, and may choose to delete without one.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.CONFIRM, KeyContext.EVERYWHERE)

    def __init__(
        self,
        plan: DeletionPlan,
        relist: Callable[[], Awaitable[Listing]],
        hidden: frozenset[ResourceRef] = frozenset(),
        *,
        keep: Keep | None = None,
        drop: Drop | None = None,
        promise: str = "",
        keep_context: bool = False,
    ) -> None:
        """Prepare the dialog.

        Args:
            plan: the plan from the listing on the screen.
            relist: loads a fresh listing; may raise ServiceError.
            hidden: refs of the plan that a filter hides.
            keep: makes the backup; None where none is made.
            drop: removes it if the confirmed plan is not carried out.
            promise: a sentence on where a backup is kept, and for how long.
            keep_context: whether the stored context is left as it is.
        """
        super().__init__(_head(plan, backup=keep is not None))
        self._plan = plan
        self._relist = relist
        self._hidden = hidden
        self._keep, self._drop, self._promise = keep, drop, promise
        self._keep_context = keep_context
        self._leaving = False
        self._with_copy = keep is not None
        self._listing: Listing | None = None
        self._chosen = frozenset(step.target.key for step in plan.steps)
        self._checking = False
        self._listed_at: float | None = None
        self._wanted: DeletionPlan | None = None
        self._said = ""

    def compose(self) -> ComposeResult:
        """Compose the title, the plan, the state of the check, the field and the buttons."""
        with Vertical(id="confirm", classes="dialog grave"):
            yield from self._compose_head()
            yield from self._compose_body()
            with VerticalScroll(id="confirm-said", can_focus=False):
                yield Static(id="confirm-check")
            with Horizontal(id="confirm-typing"):
                yield Label(id="confirm-ask", markup=False)
                yield ConfirmationInput(self._settling, id="confirm-phrase")
            with Horizontal(id="confirm-buttons"):
                yield CompactButton("Keep", id="keep")
                yield CompactButton("", id="delete", disabled=True)
        typing = self._plan.phrase is not None
        yield KeyBar(KeyContext.CONFIRM, typing=typing, left=WHILE_TYPING, id="keys")

    def on_mount(self) -> None:
        """Focus the harmless widget, and check the plan with Neptun."""
        field = self.query_one(ConfirmationInput)
        field.dialog_keys, field.default_keys = (
            [key for name in WHILE_TYPING for key in keys_for(name, KeyContext.CONFIRM, keymap)]
            for keymap in (keymap_of(self.app), {})
        )
        self._draw()
        self._focus_first()
        self._check()

    def _focus_first(self) -> None:
        self.set_focus(self.query_one("#confirm-phrase" if self._plan.phrase else "#keep"))

    @property
    def _scrolls(self) -> Sequence[VerticalScroll]:
        return (self._box, self.query_one("#confirm-said", VerticalScroll))

    def _fit_below(self, rows: int, cells: int) -> int:
        """Give the check's message the rows left by the field, the buttons and their margins."""
        parts = 2 if self._plan.phrase else 1
        around = parts if self._tight else 2 * parts + 1
        wanted = sum(len(wrap(line, cells)) for line in self._said.split("\n"))
        said = max(1, min(wanted, _MOST_SAID, rows - around))
        self.query_one("#confirm-said").styles.height = said
        return around + said

    def _fitted(self) -> None:
        super()._fitted()
        self._enable()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable each key where it has an effect: a single key confirms one file only."""
        match action.partition("(")[0]:
            case "no_backup":
                return self._keep is not None
            case "retry":
                return self._listed_at is None and not self._checking
            case "confirm":
                return self._plan.phrase is None and self._ready
            case _:
                return super().check_action(action, parameters)

    @property
    def _ready(self) -> bool:
        """Tell whether the plan is verified, the number is typed, and everything is in view.

        Everything: the items by kind, ID and name, and the warning that deletion is permanent.
        """
        checked = self._listed_at is not None and not self._checking
        return checked and self._matches and self._in_view

    @property
    def _fresh(self) -> bool:
        return self._listed_at is not None and time.monotonic() - self._listed_at <= FRESH_SECONDS

    @work(exclusive=True)
    async def _check(self) -> None:
        """Compare the plan with a fresh listing; show differences before anything else."""
        self._listed_at, self._checking = None, True
        self._say("checking…  Neptun is asked what is there now.")
        try:
            answer: Listing | ServiceError = await self._relist()
        except ServiceError as error:
            answer = error
        problem = answer if isinstance(answer, ServiceError) else answer.problem
        if problem or isinstance(answer, ServiceError):
            self._wanted, self._checking = None, False
            key = self.query_one(KeyBar).written("retry")
            said = f"{NOT_CHECKED} Press {key} to retry. {problem}"
            self._say(said, problem=True)
        else:
            await self._take(answer)

    def action_retry(self) -> None:
        """Check the plan again."""
        self._check()

    async def _take(self, listing: Listing) -> None:
        listed_at = time.monotonic()
        plan, changes = await asyncio.to_thread(self._planned_anew, listing)
        self._checking, self._listed_at, self._listing = False, listed_at, listing
        if not plan.steps:
            self._nothing_left()
            return
        self._plan = plan
        self._say_checked(changes)
        wanted, self._wanted = self._wanted, None
        self._enable()
        if wanted is not None and not changes and self._matches:
            self._leave()

    def _planned_anew(self, listing: Listing) -> tuple[DeletionPlan, tuple[Change, ...]]:
        """Plan the same selection from another listing; return the changes, every file compared."""
        plan = make_plan(
            self._plan.account, listing.project, listing.imports, listing.files,
            self._chosen, self._hidden, targets=listing.targets,
            installations=listing.installations, elsewhere=listing.elsewhere,
        )  # fmt: skip
        return plan, diff_plans(self._plan, plan)

    def _nothing_left(self) -> None:
        self._listed_at = None
        self._say("None of these items exist any more.", problem=True)

    def _say_checked(self, changes: tuple[Change, ...]) -> None:
        if changes:
            self._settling.begin()
            self.query_one(ConfirmationInput).value = ""
            said = "\n".join(messages.change_lines(changes))
            self._say(f"Changed since you opened this:\n{said}", problem=True)
            self.call_after_refresh(self._focus_first)
        else:
            self._say(CHECKED)
        self._draw()

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = self.query_one("#confirm-check", Static)
        line.update(Content(text))
        line.set_class(problem, "problem")
        self._said = text
        self._make_room()
        self._enable()

    def _draw(self) -> None:
        lines = messages.details(self._plan, datetime.now(UTC))
        if self._keep:
            lines.append(("backup", self._about_copy))
        lines.append(messages.context_line(keep=self._keep_context))
        self._show(_head(self._plan, backup=self._with_copy), lines)
        self.query_one("#confirm-typing").display = self._plan.phrase is not None
        set_text(self.query_one("#confirm-ask", Label), f"Type {self._plan.phrase} to delete")
        self.query_one("#delete", CompactButton).label = messages.button(self._plan)
        self._enable()

    @property
    def _about_copy(self) -> str:
        key = self.query_one(KeyBar).written("no_backup")
        if self._with_copy:
            return f"{self._promise} ({key}: none)"
        return f"No backup is kept: nothing of this can be restored ({key}: keep one)"

    def action_no_backup(self) -> None:
        """Toggle the backup."""
        if self._settling.over:
            self._take_back()
            self._with_copy = not self._with_copy
            self._draw()

    @property
    def _matches(self) -> bool:
        typed = self.query_one(ConfirmationInput).value.strip()
        return self._plan.phrase in (None, typed)

    def _enable(self) -> None:
        self.query_one("#delete", CompactButton).disabled = not self._ready
        bar = self.query_one(KeyBar)
        bar.show(KeyContext.CONFIRM, typing=self._plan.phrase is not None)
        bar.refresh()

    def _confirm(self) -> None:
        """Return the plan, if a fresh listing verifies it."""
        if self._leaving or not self._settling.over or not self._ready:
            return
        if self._fresh:
            self._leave()
            return
        self._wanted = self._plan
        self._check()

    @work(exclusive=True, group="leaving")
    async def _leave(self) -> None:
        """Return the confirmed plan, once its backup is on disk.

        A confirmation counts only while the dialog is on top, not behind another screen.
        """
        plan, kept, self._leaving = self._plan, None, True
        try:
            if self._keep and self._listing:
                if self._with_copy:
                    self._say("Writing the backup…")
                kept = await self._keep(plan, self._listing, self._with_copy)
        except StorageError as error:
            self._leaving = False
            self._settling.begin()
            key = self.query_one(KeyBar).written("no_backup")
            said = f"Nothing has been deleted. {error} {key} deletes without one."
            self._say(said, problem=True)
            return
        if self.is_active:
            self.dismiss(Confirmed(plan, kept, self._listing))
        else:
            self._leaving = False
            self._say("Nothing has been deleted: this dialog was covered. Confirm again.")
            if self._drop:
                await self._drop(kept)

    def _take_back(self) -> None:
        """Revoke the confirmation."""
        self._wanted = None
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
            self._say(f"That is not {self._plan.phrase}: nothing was sent.", problem=True)
        self._confirm()

    @on(Button.Pressed, "#delete")
    def _delete_pressed(self) -> None:
        self._confirm()

    @on(Button.Pressed, "#keep")
    def _keep_pressed(self) -> None:
        self.action_cancel()

    def action_confirm(self) -> None:
        """Confirm the deletion of the single file."""
        self._confirm()

    def action_cancel(self) -> None:
        """Cancel; nothing is deleted."""
        self._take_back()
        if self.is_active:
            self.dismiss(None)
