"""The list of past deletions."""

from __future__ import annotations

from datetime import UTC, datetime

from neptun_tui.domain import display
from neptun_tui.domain.account import Account
from neptun_tui.services.past import History, copy_word, ending, project_of, what, who
from neptun_tui.services.records import PastRun
from neptun_tui.storage.journal import RunRecord
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field
from neptun_tui.tui.widgets.virtual_list import Span


class PastRunList(ColumnList):
    """Every run that the journal knows, the newest first."""

    FIELDS = (
        Field("When", 10),
        Field("Date", 18, leaves=1),
        Field("Project", 0),
        Field("What", 20, leaves=3),
        Field("Result", 34, leaves=2),
        Field("Copy", 10, right=True),
    )
    LEAST = 12

    def __init__(self, account: Account) -> None:
        """Prepare the list.

        Args:
            account: who is signed in; runs of others say whose they are.
        """
        super().__init__(id="past-runs")
        self._account = account
        self._now = datetime.now(UTC)
        self._said: dict[str, tuple[str, str]] = {}
        self.history = History()

    def show(self, history: History) -> None:
        """Draw these runs; the cursor stays on its run."""
        here = self.current.record.run_id if self.current else ""
        self.history, self._said = history, {}
        self._now = datetime.now(UTC)
        places = {past.record.run_id: index for index, past in enumerate(history.runs)}
        self.set_rows(len(history.runs), places.get(here, 0))

    @property
    def current(self) -> PastRun | None:
        """The run of the cursor."""
        return self.history.runs[self.cursor] if self.history.runs else None

    def words(self, run: RunRecord) -> tuple[str, str]:
        """What it was to delete, and how it ended; counted once, for a run can be long."""
        if run.run_id not in self._said:
            self._said[run.run_id] = what(run), ending(run)
        return self._said[run.run_id]

    def cell(self, index: int, field: Field) -> Span:
        """What is known of one run."""
        past = self.history.runs[index]
        run = past.record
        match field.title:
            case "When":
                return display.age(run.at, self._now), ""
            case "Date":
                return display.date(run.at), "dim"
            case "Project":
                mine = run.account.is_same(self._account)
                return project_of(run) + ("" if mine else f", {who(run.account)}"), ""
            case "What":
                return self.words(run)[0], "dim"
            case "Result":
                return self.words(run)[1], ""
            case _:
                return copy_word(past, self.history.unreadable), "accent" if past.copy else "dim"
