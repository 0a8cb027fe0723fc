"""Past deletions: what became of them, and what is left to restore."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from neptun_tui.domain import safe_text
from neptun_tui.services.history import History, load_history
from neptun_tui.services.messages import account_label, copy_sentence, project_of
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.screens.header import HeaderScreen
from neptun_tui.tui.screens.past_run import PastRunScreen
from neptun_tui.tui.status import Pieces
from neptun_tui.tui.way_back import WayBack
from neptun_tui.tui.widgets.bar import Bar, KeyBar
from neptun_tui.tui.widgets.export_prompt import ExportPrompt
from neptun_tui.tui.widgets.note import Note
from neptun_tui.tui.widgets.past_runs import PastRunList
from neptun_tui.tui.widgets.virtual_list import VirtualList

NOTHING_KEPT = (
    "This start of the program keeps no history:",
    "what is deleted is neither written down nor copied.",
)
NOTHING_YET = (
    "Nothing has been deleted from this machine yet.",
    "What is deleted will be listed here, with what became of it and the way back.",
)


class HistoryScreen(HeaderScreen[None]):
    """The runs, the newest first; those of other accounts say whose they are."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.HISTORY, Where.JOB)

    places = (Where.LIST, Where.HISTORY, Where.JOB)

    def __init__(self, way_back: WayBack, heading: Callable[[], Pieces]) -> None:
        """Prepare the history.

        Args:
            way_back: restores and removes.
            heading: what the header says now.
        """
        super().__init__(way_back.conversation, heading)
        self._way_back = way_back

    def compose(self) -> ComposeResult:
        """Title, what could not be read, the runs, more about one of them, footer."""
        yield Bar(id="title")
        yield Bar(id="history-crumb")
        yield Note(2, id="history-problem")
        yield PastRunList(self._way_back.conversation.account)
        yield Note(4, low=3, id="history-about")
        yield ExportPrompt(*self.places)
        yield KeyBar(*self.places, id="keys")

    def on_mount(self) -> None:
        """The journal is read when the screen shows, now and each time it shows again."""
        self._runs.say("Reading the history…")
        self.set_focus(self._runs)
        self._draw(History())

    def on_screen_resume(self) -> None:
        """Something may have ended, or been removed."""
        self._read()

    @property
    def _runs(self) -> PastRunList:
        return self.query_one(PastRunList)

    @work(exclusive=True, group="history")
    async def _read(self) -> None:
        if (records := self._way_back.records) is None:
            self._runs.say(*NOTHING_KEPT)
            return
        history = await load_history(records)
        failed = ("The history could not be read.", *map(safe_text.clean, history.problems))
        self._runs.say(*(failed if history.problems else NOTHING_YET))
        self._draw(history)

    def _draw(self, history: History) -> None:
        runs = history.runs
        counted = safe_text.count(len(runs), "past deletion") if runs else ""
        self.query_one("#history-crumb", Bar).set([(" History", "strong"), (f"  {counted}", "dim")])
        problems = " ".join(map(safe_text.clean, history.problems)) if runs else ""
        self.query_one("#history-problem", Note).say(problems)
        self._runs.show(history)
        self._tell()

    @on(VirtualList.Moved)
    def _tell(self) -> None:
        """Say all about the run of the cursor: a narrow list has no room for it."""
        past, said = self._runs.current, ""
        if past:
            run = past.record
            about, ended = self._runs.words(run)
            said = f"{safe_text.date(run.at)}, {project_of(run)}: {about}; {ended}. "
            said += copy_sentence(past, self._runs.history.unreadable)
            if self._way_back.refusal(past) and past.copy:
                said = f"{self._way_back.refusal(past)} {said}"
            else:
                said += f" Deleted by {account_label(run.account)}."
        self.query_one("#history-about", Note).say(said)
        self.query_one(KeyBar).refresh()

    def on_descendant_focus(self) -> None:
        """A click into the list leaves the line at the bottom."""
        self.query_one(ExportPrompt).leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Restoring needs a copy, and so does removing it."""
        past = self._runs.current if self.is_attached else None
        match action:
            case "open":
                return past is not None
            case "restore" | "export":
                return past is not None and past.copy is not None
            case "purge":
                return past is not None and self._is_there
            case "last_restore":
                return self._way_back.last is not None
            case "refresh":
                return self._way_back.records is not None
            case _:
                return super().check_action(action, parameters)

    @property
    def _is_there(self) -> bool:
        """Whether the run of the cursor has a copy, readable or not."""
        past = self._runs.current
        return past is not None and (
            past.copy is not None or past.record.run_id in self._runs.history.unreadable
        )

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        if past := self._runs.current:
            unreadable = self._runs.history.unreadable
            self.app.push_screen(PastRunScreen(self._way_back, past, self._heading, unreadable))

    @work(exclusive=True, group="way-back")
    async def action_restore(self) -> None:
        """Restore all of the copy, after asking."""
        if past := self._runs.current:
            await self._way_back.restore(past)

    @work(exclusive=True, group="way-back")
    async def action_purge(self) -> None:
        """Remove the copy, after asking."""
        past = self._runs.current
        if past and self._is_there and await self._way_back.remove(past):
            self._read()

    def action_export(self) -> None:
        """Ask for a folder, and write the backup's contents to it."""
        past, records = self._runs.current, self._way_back.records
        if past and past.copy and records:
            self.query_one(ExportPrompt).ask_for(records, past.record.run_id)

    @work(exclusive=True, group="way-back")
    async def action_last_restore(self) -> None:
        """Show the last restore, or the one under way."""
        await self._way_back.watch()

    def action_refresh(self) -> None:
        """Read the history again."""
        self._read()

    def action_leave(self) -> None:
        """Back to the projects."""
        self.dismiss(None)
