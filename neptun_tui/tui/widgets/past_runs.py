"""The list of past deletions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from rich.cells import cell_len

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.domain.results import SEVERITY_ORDER, Verdict
from neptun_tui.services.history import History
from neptun_tui.services.messages import (
    account_label,
    copy_word,
    project_of,
    run_contents,
    run_result,
)
from neptun_tui.services.run_store import RunSummary
from neptun_tui.storage.journal_format import RunRecord
from neptun_tui.tui.signs import SIGNS, STYLES
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field, fit
from neptun_tui.tui.widgets.virtual_list import Span

_MEASURED = 100
"""Runs that the widths of columns are taken from: a history can be long."""


class PastRunList(ColumnList):
    """Every run that the journal knows, the newest first."""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("When", 10),
        Field("Date", 18, leaves=1),
        Field("Project", 0),
        Field("What", 20, leaves=2),
        Field("Result", 34, leaves=4),
        Field("Copy", 10, right=True, leaves=3),
    )
    LEAD = 3
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
        self._worst: dict[str, Verdict | None] = {}
        self._fields = self.FIELDS
        self.history = History()

    def show(self, history: History) -> None:
        """Draw these runs; the cursor stays on its run."""
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
        """The columns that fit, each no wider than its content."""
        return fit(self._fields, width - self.LEAD, self.LEAST)

    def lead(self, index: int) -> Iterable[Span]:
        """The sign of the worst result: it stays where there is no room for the words."""
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
        """The run of the cursor."""
        return self.history.runs[self.cursor] if self.history.runs else None

    def words(self, run: RunRecord) -> tuple[str, str]:
        """What it was to delete, and how it ended; counted once, for a run can be long."""
        if run.run_id not in self._said:
            self._said[run.run_id] = run_contents(run), run_result(run)
        return self._said[run.run_id]

    def cell(self, index: int, field: Field) -> Span:
        """What is known of one run."""
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
                return copy_word(past, self.history.unreadable), "accent" if past.copy else "dim"
