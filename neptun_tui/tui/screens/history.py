"""History screen: past deletions, and what is left to restore."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, account_label
from neptun_tui.domain.results import SEVERITY_ORDER, Verdict
from neptun_tui.services.history import History, load_history
from neptun_tui.services.messages import (
    backup_sentence,
    backup_word,
    project_of,
    run_contents,
    run_result,
)
from neptun_tui.services.run_store import RunSummary
from neptun_tui.storage.journal import RunRecord
from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.flows.restore import RestoreFlow
from neptun_tui.tui.icons import SIGNS, STYLES
from neptun_tui.tui.screens.header import HeaderScreen
from neptun_tui.tui.screens.history_detail import HistoryDetailScreen
from neptun_tui.tui.widgets.bars import KeyBar, MessageLine, StatusBar
from neptun_tui.tui.widgets.export_prompt import ExportPrompt
from neptun_tui.tui.widgets.header import Pieces
from neptun_tui.tui.widgets.layout import Field, fit_columns
from neptun_tui.tui.widgets.table import ColumnList, Span, VirtualList

NOTHING_KEPT = (
    "This start of the program keeps no history:",
    "what is deleted is neither written down nor copied.",
)
NOTHING_YET = (
    "Nothing has been deleted from this machine yet.",
    "What is deleted will be listed here, with what became of it and the way back.",
)


class HistoryScreen(HeaderScreen[None]):
    """Runs, the newest first; those of other accounts name their account."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.HISTORY, KeyContext.JOB)

    places = (KeyContext.LIST, KeyContext.HISTORY, KeyContext.JOB)

    def __init__(self, flow: RestoreFlow, heading: Callable[[], Pieces]) -> None:
        """Prepare the history.

        Args:
            flow: the flow that restores a run or removes its backup.
            heading: returns the header's content.
        """
        super().__init__(flow.account_session, heading)
        self._flow = flow

    def compose(self) -> ComposeResult:
        """Compose the title, read errors, the runs, details of one, and the footer."""
        yield StatusBar(id="title")
        yield StatusBar(id="history-crumb")
        yield MessageLine(2, id="history-problem")
        yield PastRunList(self._flow.account_session.account)
        yield MessageLine(4, low=3, id="history-about")
        yield ExportPrompt(*self.places)
        yield KeyBar(*self.places, id="keys")

    def on_mount(self) -> None:
        """Show an empty list; the journal is read whenever the screen is shown."""
        self._runs.say("Reading the history…")
        self.set_focus(self._runs)
        self._draw(History())

    def on_screen_resume(self) -> None:
        """Read the journal again: a run may have ended, or a backup been removed."""
        self._read()

    @property
    def _runs(self) -> PastRunList:
        return self.query_one(PastRunList)

    @work(exclusive=True, group="history")
    async def _read(self) -> None:
        if (records := self._flow.records) is None:
            self._runs.say(*NOTHING_KEPT)
            return
        history = await load_history(records)
        failed = ("The history could not be read.", *map(safe_text.clean, history.problems))
        self._runs.say(*(failed if history.problems else NOTHING_YET))
        self._draw(history)

    def _draw(self, history: History) -> None:
        runs = history.runs
        counted = safe_text.count(len(runs), "past deletion") if runs else ""
        self.query_one("#history-crumb", StatusBar).set(
            [(" History", "strong"), (f"  {counted}", "dim")]
        )
        problems = " ".join(map(safe_text.clean, history.problems)) if runs else ""
        self.query_one("#history-problem", MessageLine).say(problems)
        self._runs.show(history)
        self._tell()

    @on(VirtualList.Moved)
    def _tell(self) -> None:
        """Show the details of the current run: a narrow list has no room for them."""
        past, said = self._runs.current, ""
        if past:
            run = past.record
            about, ended = self._runs.words(run)
            said = f"{safe_text.date(run.at)}, {project_of(run)}: {about}; {ended}. "
            said += backup_sentence(past, self._runs.history.unreadable)
            if self._flow.refusal(past) and past.backup:
                said = f"{self._flow.refusal(past)} {said}"
            else:
                said += f" Run by {account_label(run.account)}."
        self.query_one("#history-about", MessageLine).say(said)
        self.query_one(KeyBar).refresh()

    def on_descendant_focus(self) -> None:
        """Close the prompt on a click into the list."""
        self.query_one(ExportPrompt).leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable restoring and removing where there is a backup."""
        past = self._runs.current if self.is_attached else None
        match action:
            case "open":
                return past is not None
            case "restore" | "export":
                return past is not None and past.backup is not None
            case "remove_backup":
                return past is not None and self._is_there
            case "last_restore":
                return self._flow.last is not None
            case "reload":
                return self._flow.records is not None
            case _:
                return super().check_action(action, parameters)

    @property
    def _is_there(self) -> bool:
        """Tell whether the current run has a backup, readable or not."""
        past = self._runs.current
        return past is not None and (
            past.backup is not None or past.record.run_id in self._runs.history.unreadable
        )

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        if past := self._runs.current:
            unreadable = self._runs.history.unreadable
            self.app.push_screen(HistoryDetailScreen(self._flow, past, self._heading, unreadable))

    @work(exclusive=True, group="way-back")
    async def action_restore(self) -> None:
        """Restore the whole backup, after confirmation."""
        if past := self._runs.current:
            await self._flow.restore(past)

    @work(exclusive=True, group="way-back")
    async def action_remove_backup(self) -> None:
        """Remove the backup, after confirmation."""
        past = self._runs.current
        if past and self._is_there and await self._flow.remove(past):
            self._read()

    def action_export(self) -> None:
        """Ask for a folder, and write the backup's contents to it."""
        past, records = self._runs.current, self._flow.records
        if past and past.backup and records:
            self.query_one(ExportPrompt).ask_for(records, past.record.run_id)

    @work(exclusive=True, group="way-back")
    async def action_last_restore(self) -> None:
        """Show the running restore, or the last one."""
        await self._flow.watch()

    def action_reload(self) -> None:
        """Read the history again."""
        self._read()

    def action_back(self) -> None:
        """Return to the projects."""
        self.dismiss(None)


_MEASURED = 100
"""Number of runs measured for column widths: a history can be long."""


class PastRunList(ColumnList):
    """List of every run in the journal, the newest first."""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("When", 10),
        Field("Date", 18, leaves=1),
        Field("Project", 0),
        Field("What", 20, leaves=2),
        Field("Result", 34, leaves=4),
        Field("Backup", 10, right=True, leaves=3),
    )
    LEAD = 3
    LEAST = 12

    def __init__(self, account: Account) -> None:
        """Prepare the list.

        Args:
            account: the signed-in account; runs of others name theirs.
        """
        super().__init__(id="past-runs")
        self._account = account
        self._now = datetime.now(UTC)
        self._said: dict[str, tuple[str, str]] = {}
        self._worst: dict[str, Verdict | None] = {}
        self._fields = self.FIELDS
        self.history = History()

    def show(self, history: History) -> None:
        """Show these runs; the cursor stays on its run."""
        here = self.current.record.run_id if self.current else ""
        self.history, self._said, self._worst = history, {}, {}
        self._now = datetime.now(UTC)
        places = {past.record.run_id: index for index, past in enumerate(history.runs)}
        self._fields = tuple(map(self._narrowed, self.FIELDS))
        self.set_rows(len(history.runs), places.get(here, 0))

    def _narrowed(self, field: Field) -> Field:
        """Return a column as wide as its first cells need, and at most as wide as it was."""
        if not field.width:
            return field
        rows = range(min(len(self.history.runs), _MEASURED))
        needed = max((cell_len(self.cell(row, field)[0]) for row in rows), default=field.width)
        return replace(field, width=min(field.width, max(needed, len(field.title))))

    def columns_in(self, width: int) -> dict[Field, int]:
        """Return the columns that fit, each no wider than its content."""
        return fit_columns(self._fields, width - self.LEAD, self.LEAST)

    def lead(self, index: int) -> Iterable[Span]:
        """Return the sign of the worst result, shown even without room for the words."""
        run = self.history.runs[index].record
        if not run.items:
            yield "   ", ""
            return
        if run.run_id not in self._worst:
            verdicts = {item.verdict for item in run.items}
            self._worst[run.run_id] = min(verdicts, key=SEVERITY_ORDER.index)
        worst = self._worst[run.run_id]
        yield f" {SIGNS[worst]} ", STYLES[worst]

    @property
    def current(self) -> RunSummary | None:
        """Run under the cursor."""
        return self.history.runs[self.cursor] if self.history.runs else None

    def words(self, run: RunRecord) -> tuple[str, str]:
        """Return the contents and the result of a run; cached, for a run can be long."""
        if run.run_id not in self._said:
            self._said[run.run_id] = run_contents(run), run_result(run)
        return self._said[run.run_id]

    def cell(self, index: int, field: Field) -> Span:
        """Return a cell of one run."""
        past = self.history.runs[index]
        run = past.record
        match field.title:
            case "When":
                return safe_text.age(run.at, self._now), ""
            case "Date":
                return safe_text.date(run.at), "dim"
            case "Project":
                mine = run.account.is_same(self._account)
                return project_of(run) + ("" if mine else f", {account_label(run.account)}"), ""
            case "What":
                return self.words(run)[0], "dim"
            case "Result":
                return self.words(run)[1], ""
            case _:
                return backup_word(
                    past, self.history.unreadable
                ), "accent" if past.backup else "dim"
