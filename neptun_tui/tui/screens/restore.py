"""A restore while it goes on, and its report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.timer import Timer

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import NeptunTuiError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.services.messages import (
    end_of_restore,
    fates,
    progress_of_restore,
    ref_label,
    restored_sentence,
)
from neptun_tui.services.restore_models import (
    RestoreOutcome,
    RestorePhase,
    RestoreReport,
    RestoreStatus,
)
from neptun_tui.services.running_job import RunningRestore
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.screens.run import REDRAW_SECONDS
from neptun_tui.tui.screens.sized import SizedScreen
from neptun_tui.tui.widgets.bar import Bar, KeyBar
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field
from neptun_tui.tui.widgets.note import Note
from neptun_tui.tui.widgets.virtual_list import Span, VirtualList

_SIGNS = {
    RestoreStatus.REFUSED: ("✗", "problem"),
    RestoreStatus.INCOMPLETE: ("!", "problem"),
    RestoreStatus.UNKNOWN: ("?", "mark"),
    RestoreStatus.NOT_SENT: ("–", "mark"),
    RestoreStatus.STILL_THERE: ("·", "dim"),
    RestoreStatus.ALREADY_RESTORED: ("·", "dim"),
    RestoreStatus.RESTORED: ("✓", "good"),
}
"""What needs a person comes first."""

_ORDER = {fate: place for place, fate in enumerate(_SIGNS)}


class RestoredList(ColumnList):
    """Every item of a restore with its fate, and its ID then and now."""

    FIELDS = (
        Field("Result", 16, leaves=2),
        Field("Item", 13),
        Field("ID now", 9),
        Field("Path or title", 0, path=True),
        Field("Why", 40, leaves=1),
    )
    LEAST = 10
    LEAD = 3

    def __init__(self) -> None:
        super().__init__(id="restored-list")
        self._outcomes: list[RestoreOutcome] = []

    def show(self, report: RestoreReport) -> None:
        """Draw a report, what Neptun refused first."""
        order = sorted(report.outcomes, key=lambda o: (_ORDER[o.fate], not o.reason))
        self._outcomes = order
        self.set_rows(len(order), 0)

    @property
    def current(self) -> RestoreOutcome | None:
        """The outcome of the cursor."""
        return self._outcomes[self.cursor] if self._outcomes else None

    def lead(self, index: int) -> Iterable[Span]:
        """The sign of the fate."""
        sign, style = _SIGNS[self._outcomes[index].fate]
        yield f" {sign} ", style

    def cell(self, index: int, field: Field) -> Span:
        """What became of one item."""
        outcome = self._outcomes[index]
        match field.title:
            case "Result":
                return str(outcome.fate), _SIGNS[outcome.fate][1]
            case "Item":
                return ref_label(outcome.key), "accent"
            case "ID now":
                return f"→ {outcome.new_id}" if outcome.new_id else "", "good"
            case "Path or title":
                return safe_text.clean_name(outcome.name, 400), ""
            case _:
                return safe_text.clean(outcome.reason), "dim"


class RestoreScreen(SizedScreen[frozenset[ResourceRef] | None]):
    """Progress, then the report. Closing it ends nothing; it gives back what to restore again."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.RESTORE)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    places = (Where.LIST, Where.RESTORE)

    def __init__(self, active: RunningRestore) -> None:
        super().__init__()
        self._active = active
        self._report: RestoreReport | None = None
        self._ended = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, bar, list, the reason of the item under the cursor, footer."""
        with Vertical(id="restore-box"):
            yield Bar(id="restore-title")
            yield Note(4, low=2, id="restore-note")
            yield RestoredList()
            yield Note(4, id="restore-why")
        yield KeyBar(Where.RESTORE)

    def on_mount(self) -> None:
        """Look at the restore until it is over."""
        self.query_one(RestoredList).placeholder = ("",)
        self.set_focus(self.query_one(RestoredList))
        self._tick()
        self._timer = self.set_interval(REDRAW_SECONDS, self._tick)
        self._wait()

    @work
    async def _wait(self) -> None:
        try:
            self._show(await self._active.finished())
        except NeptunTuiError as error:
            self._end()
            self.query_one("#restore-title", Bar).set([(" Nothing was restored", "strong")])
            self.query_one("#restore-note", Note).say(str(error))

    def _end(self) -> None:
        self._ended = True
        if self._timer:
            self._timer.stop()
        self.query_one(KeyBar).refresh()

    def _tick(self) -> None:
        progress = self._active.run.progress
        if self._ended or progress.phase is RestorePhase.DONE:
            return
        verb = "Stopping" if progress.stopping else progress.phase.value
        self.query_one("#restore-title", Bar).set(
            [(f" {verb}  ", "strong"), (safe_text.count(progress.total, "item"), "")]
        )
        self.query_one("#restore-note", Note).say(progress_of_restore(progress))

    def _show(self, report: RestoreReport) -> None:
        self._report = report
        self._end()
        head = "Stopped" if report.stopped else "Done"
        if report.signed_out:
            head = "Your session has ended"
        self.query_one("#restore-title", Bar).set([(f" {head}  ", "strong"), (fates(report), "")])
        self.query_one("#restore-note", Note).say(end_of_restore(report))
        self.query_one(RestoredList).show(report)

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        if outcome := self.query_one(RestoredList).current:
            self.query_one("#restore-why", Note).say(restored_sentence(outcome))

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Stop while it runs; again when something is not back."""
        if action == "halt":
            return not self._ended
        if action == "again":
            return self._report is not None and bool(self._report.rest)
        return True

    def action_halt(self) -> None:
        """Send no more."""
        self._active.run.stop()
        self._tick()

    def action_again(self) -> None:
        """Give back what is not back, to be asked about once more."""
        if self._report and self._report.rest:
            self.dismiss(self._report.rest)

    def action_shut(self) -> None:
        """Close the screen; a restore goes on."""
        self.dismiss(None)
