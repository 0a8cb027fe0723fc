"""The question before anything is deleted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from neptun_tui.domain import wording
from neptun_tui.domain.deletion import Change, DeletionPlan, Key, corrections, make_plan
from neptun_tui.domain.errors import ServiceError, StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.services.records import Kept
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.widgets.bar import KeyBar
from neptun_tui.tui.widgets.facts import Facts
from neptun_tui.tui.widgets.prompt import QuietInput

SETTLE_SECONDS = 0.4
"""Keys pressed before the dialog has stood this long were meant for something else."""

FRESH_SECONDS = 10.0
"""The oldest listing that may confirm a plan."""


Keep = Callable[[DeletionPlan, Listing, bool], Awaitable[Kept | None]]
"""Makes the local copy, or none; raises StorageError."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Exactly what was confirmed, and the run that has been prepared for it."""

    plan: DeletionPlan
    kept: Kept | None


class PhraseInput(QuietInput):
    """Takes digits typed by hand, once the dialog has settled. Pasted text never confirms."""

    def __init__(self, *, is_settled: Callable[[], bool]) -> None:
        super().__init__(id="confirm-phrase")
        self._is_settled = is_settled
        self.letters_for_the_dialog: frozenset[str] = frozenset()
        """Keys that are no part of a number, and mean something to the dialog."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave the dialog its letters."""
        return key not in self.letters_for_the_dialog and super().check_consume_key(key, character)

    async def _on_key(self, event: events.Key) -> None:
        if not self._is_settled() and event.key != "escape":
            event.stop()
            event.prevent_default()
        elif event.key in self.letters_for_the_dialog:
            event.prevent_default()
        else:
            await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()

    def action_paste(self) -> None:
        """Nothing: not from the app's own clipboard either."""


class ConfirmScreen(ModalScreen[Confirmed | None]):
    """Shows one frozen plan and gives it back only when exactly that was confirmed.

    Its local copy is on disk by then. If that cannot be had, nothing is given back: the person is
    asked again, and may choose to delete without one.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.CONFIRM, Where.EVERYWHERE)

    def __init__(
        self,
        plan: DeletionPlan,
        relist: Callable[[], Awaitable[Listing]],
        hidden: frozenset[Key] = frozenset(),
        *,
        keep: Keep | None = None,
        promise: str = "",
    ) -> None:
        """Prepare the question.

        Args:
            plan: what was chosen, as the screen knew it.
            relist: asks Neptun again; may raise ServiceError.
            hidden: keys of the plan that a filter keeps off the screen.
            keep: makes the local copy; None where none is kept.
            promise: says where a copy is kept, and for how long.
        """
        super().__init__()
        self._plan = plan
        self._relist = relist
        self._hidden = hidden
        self._keep, self._promise = keep, promise
        self._with_copy = keep is not None
        self._listing: Listing | None = None
        self._chosen = frozenset(step.target.key for step in plan.steps)
        self._settles_at = float("inf")
        self._listed_at: float | None = None
        self._wanted: DeletionPlan | None = None

    def compose(self) -> ComposeResult:
        """Title, what goes, the state of the check, the field, the buttons."""
        with Vertical(id="confirm"):
            with VerticalScroll(id="confirm-box", can_focus=False):
                yield Label(wording.title(self._plan), id="confirm-title", markup=False)
                yield Label(wording.PERMANENT, id="confirm-permanent", markup=False)
                yield Facts(id="confirm-lines")
            yield Static(id="confirm-check")
            with Horizontal(id="confirm-typing"):
                yield Label(id="confirm-ask", markup=False)
                yield PhraseInput(is_settled=lambda: self.settled)
            with Horizontal(id="confirm-buttons"):
                yield Button("Keep", id="keep", compact=True)
                yield Button("", id="delete", compact=True, disabled=True)
        yield KeyBar(Where.CONFIRM, typing=self._plan.phrase is not None, id="keys")

    def on_mount(self) -> None:
        """Put the focus where a hurried key does no harm, and ask Neptun."""
        letters = getattr(self.app, "chosen_keys", {}).get("no_copy", "b").split(",")
        self.query_one(PhraseInput).letters_for_the_dialog = frozenset(letters)
        self._draw()
        self._focus_first()
        self._settle()
        self._check()

    def _focus_first(self) -> None:
        self.set_focus(self.query_one("#confirm-phrase" if self._plan.phrase else "#keep"))

    def on_resize(self) -> None:
        """Another size is another picture: what was typed ahead of it does not count."""
        self.set_class(self.size.height < 18, "-tight")
        self.call_after_refresh(self._make_room)
        self._settle()

    def _make_room(self) -> None:
        """Leave what is typed and pressed on the screen: what goes is scrolled instead."""
        if not self.is_attached:
            return
        check_lines = max(1, self.query_one("#confirm-check").size.height)
        chrome = (6 if self.has_class("-tight") else 9) + check_lines - 1
        self.query_one("#confirm-box").styles.max_height = max(3, self.size.height - chrome)

    def _settle(self) -> None:
        self._settles_at = float("inf")
        self.call_after_refresh(self._start_clock)

    def _start_clock(self) -> None:
        self._settles_at = time.monotonic() + SETTLE_SECONDS

    @property
    def settled(self) -> bool:
        """Whether the dialog has been on the screen long enough for a key to be meant for it."""
        return time.monotonic() >= self._settles_at

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """The one-key confirmation exists only for one file; scrolling where there is more."""
        if action == "scroll" or action.startswith("scroll("):
            return self.is_attached and self.query_one("#confirm-box").max_scroll_y > 0
        if action == "no_copy":
            return self._keep is not None
        return action != "confirm" or self._plan.phrase is None

    @property
    def _fresh(self) -> bool:
        return self._listed_at is not None and time.monotonic() - self._listed_at <= FRESH_SECONDS

    @work(exclusive=True)
    async def _check(self) -> None:
        """Hold the plan against a fresh listing; show what is different before anything else."""
        self._listed_at = None
        self._say("checking…  Neptun is asked what is there now.")
        try:
            listing = await self._relist()
        except ServiceError as error:
            self._wanted = None
            self._say(f"Not checked, so nothing can be deleted. {error}", problem=True)
            return
        self._take(listing)

    def _take(self, listing: Listing) -> None:
        if listing.problem:
            self._say(f"Not checked, so nothing can be deleted. {listing.problem}", problem=True)
            return
        plan = make_plan(
            self._plan.account, listing.project, listing.imports, listing.files,
            self._chosen, self._hidden,
        )  # fmt: skip
        changes = corrections(self._plan, plan)
        self._listed_at, self._listing = time.monotonic(), listing
        if not plan.steps:
            self._nothing_left()
            return
        self._plan = plan
        self._say_checked(changes)
        wanted, self._wanted = self._wanted, None
        self._enable()
        if wanted is not None and not changes and self._matches:
            self._leave()

    def _nothing_left(self) -> None:
        self._listed_at = None
        self._say("Nothing of it is there any more.", problem=True)

    def _say_checked(self, changes: tuple[Change, ...]) -> None:
        if changes:
            self._settle()
            self.query_one(PhraseInput).value = ""
            said = "\n".join(wording.change_lines(changes))
            self._say(f"Changed since it was on your screen:\n{said}", problem=True)
            self.call_after_refresh(self._focus_first)
        else:
            self._say("Checked with Neptun a moment ago.")
        self._draw()

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = self.query_one("#confirm-check", Static)
        line.update(Content(text))
        line.set_class(problem, "problem")
        self.call_after_refresh(self._make_room)
        self._enable()

    def _draw(self) -> None:
        lines = wording.plan_lines(self._plan, datetime.now(UTC))
        if self._keep:
            lines.append(("copy", self._about_copy))
        self.query_one("#confirm-title", Label).update(wording.title(self._plan))
        self.query_one(Facts).show(lines)
        self.query_one("#confirm-typing").display = self._plan.phrase is not None
        self.query_one("#confirm-ask", Label).update(f"Type {self._plan.phrase} to delete")
        self.query_one("#delete", Button).label = Content(wording.button(self._plan))
        self._enable()

    @property
    def _about_copy(self) -> str:
        key = self.query_one(KeyBar).written("no_copy")
        if self._with_copy:
            return f"{self._promise} ({key}: none)"
        return f"No local copy is kept: nothing of this can be restored ({key}: keep one)"

    def action_no_copy(self) -> None:
        """Delete without a local copy, or with one again."""
        if self.settled:
            self._with_copy = not self._with_copy
            self._draw()

    @property
    def _matches(self) -> bool:
        typed = self.query_one(PhraseInput).value.strip()
        return self._plan.phrase in (None, typed)

    def _enable(self) -> None:
        checked = self._listed_at is not None and self._wanted is None
        self.query_one("#delete", Button).disabled = not (checked and self._matches)
        bar = self.query_one(KeyBar)
        bar.show(Where.CONFIRM, typing=self._plan.phrase is not None)
        bar.refresh()

    def _confirm(self) -> None:
        """Give the plan back, if it is confirmed by a listing that is fresh enough."""
        if not self.settled or self._listed_at is None or not self._matches:
            return
        if self._fresh:
            self._leave()
            return
        self._wanted = self._plan
        self._check()

    @work(exclusive=True, group="leaving")
    async def _leave(self) -> None:
        """Give the confirmed plan back, once its copy is on disk."""
        if self._keep is None or self._listing is None:
            self.dismiss(Confirmed(self._plan, None))
            return
        plan = self._plan
        try:
            kept = await self._keep(plan, self._listing, self._with_copy)
        except StorageError as error:
            self._settle()
            self._say(f"Nothing has been deleted. {error} b deletes without one.", problem=True)
        else:
            self.dismiss(Confirmed(plan, kept))

    @on(Input.Changed, "#confirm-phrase")
    def _typed(self) -> None:
        self._wanted = None  # what is typed now is no longer what was confirmed
        self._enable()

    @on(Input.Submitted, "#confirm-phrase")
    def _entered(self) -> None:
        self._confirm()

    @on(Button.Pressed, "#delete")
    def _delete_pressed(self) -> None:
        self._confirm()

    @on(Button.Pressed, "#keep")
    def _keep_pressed(self) -> None:
        self.action_keep()

    def action_scroll(self, pages: int) -> None:
        """Read what a small terminal has no room for."""
        box = self.query_one("#confirm-box")
        box.scroll_to(y=box.scroll_y + pages * max(1, box.size.height - 1), animate=False)

    def action_confirm(self) -> None:
        """Delete the one file the dialog names."""
        self._confirm()

    def action_keep(self) -> None:
        """Keep everything."""
        self.dismiss(None)
