"""A run while it goes on, and its report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Label

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import ReadOnly, RunUnderWay, ServiceError
from neptun_tui.domain.plan import DeletionPlan
from neptun_tui.domain.resources import Project
from neptun_tui.domain.results import SEVERITY_ORDER, Outcome, Report, Verdict
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services import messages
from neptun_tui.services.delete import Phase
from neptun_tui.services.messages import (
    about_connections,
    about_context,
    end_of_run,
    progress_of_run,
)
from neptun_tui.services.running_job import RunningDelete
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.signs import SIGNS, STYLES
from neptun_tui.tui.widgets.bar import Bar, KeyBar
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field
from neptun_tui.tui.widgets.note import Note
from neptun_tui.tui.widgets.virtual_list import Span, VirtualList

REDRAW_SECONDS = 0.5
"""A running bar is drawn at most twice a second: 0.65 kB a second on the line."""


class ReportList(ColumnList):
    """Every item of a plan with its verdict."""

    FIELDS = (
        Field("Result", 12, leaves=2),
        Field("Item", 13),
        Field("Path or title", 0, path=True),
        Field("Why", 40, leaves=1),
    )
    LEAD = 3

    def __init__(self) -> None:
        super().__init__(id="report-list")
        self._outcomes: list[Outcome] = []

    def show(self, report: Report) -> None:
        """Draw a report, what went otherwise than wanted first; the cursor stays on its item."""
        key = self.current.target.key if self.current else None
        self._outcomes = sorted(report.outcomes, key=lambda o: SEVERITY_ORDER.index(o.verdict))
        keys = [outcome.target.key for outcome in self._outcomes]
        self.set_rows(len(keys), keys.index(key) if key in keys else 0)

    @property
    def current(self) -> Outcome | None:
        """The outcome of the cursor."""
        return self._outcomes[self.cursor] if self._outcomes else None

    def lead(self, index: int) -> Iterable[Span]:
        """The sign of the verdict: it stays where a narrow terminal has no room for its word."""
        verdict = self._outcomes[index].verdict
        yield f" {SIGNS[verdict]} ", STYLES[verdict]

    def cell(self, index: int, field: Field) -> Span:
        """What became of one item."""
        outcome = self._outcomes[index]
        match field.title:
            case "Result":
                return str(outcome.verdict), STYLES[outcome.verdict]
            case "Item":
                return messages.item_label(outcome.target), "accent"
            case "Path or title":
                return safe_text.clean_name(outcome.target.name, 400), ""
            case _:
                return outcome.reason, "dim"


class RunScreen(ModalScreen[DeletionPlan | None]):
    """Progress, then the report. Closing it never ends a run; it gives back what to plan again."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.RUN, Where.EVERYWHERE)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    def __init__(
        self, active: RunningDelete, renew: Callable[[Project], Awaitable[ContextResult]]
    ) -> None:
        """Prepare the screen.

        Args:
            active: the run.
            renew: renews the stored context of a project once more.
        """
        super().__init__()
        self._active = active
        self._renew = renew
        self._renewing = False
        self._report: Report | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, bar, list, the reason of the item under the cursor, footer."""
        with Vertical(id="run-box"):
            yield Bar(id="run-title")
            yield Label(id="run-note", markup=False)
            yield ReportList()
            yield Note(most=4, id="run-why")
        yield KeyBar(Where.RUN)

    def on_mount(self) -> None:
        """Look at the run until it is over."""
        self.query_one(ReportList).placeholder = ("",)
        self._tick()
        self._timer = self.set_interval(REDRAW_SECONDS, self._tick)
        self._wait()

    @work
    async def _wait(self) -> None:
        report = await self._active.finished()
        self._show(self._active.amended or report)

    def _tick(self) -> None:
        progress = self._active.run.progress
        total = self._active.run.plan.total
        verb = "Stopping" if progress.stopping else progress.phase.value
        if progress.phase is not Phase.DONE:
            self.query_one("#run-title", Bar).set(
                [(f" {verb}  ", "strong"), (safe_text.count(total, "item"), "")]
            )
            self.query_one("#run-note", Label).update(progress_of_run(progress))

    def _show(self, report: Report) -> None:
        if self._timer:
            self._timer.stop()
        self._report = report
        head = "Stopped" if report.stopped else "Done"
        if report.signed_out:
            head = "Your session has ended"
        self.query_one("#run-title", Bar).set(
            [(f" {head}  ", "strong"), (messages.summary(report), "")]
        )
        parts = (end_of_run(report), about_context(report), about_connections(report))
        said = " ".join(filter(None, parts))
        if report.count(Verdict.UNKNOWN):
            said += " The app looks again by itself, for 15 minutes."
        self.query_one("#run-note", Label).update(said)
        reports = self.query_one(ReportList)
        reports.show(report)
        self.set_focus(reports)
        self.query_one(KeyBar).refresh()

    def follow(self, active: RunningDelete) -> bool:
        """Show what a later look has found out; whether this screen shows that run."""
        if active.run is not self._active.run or self._report is None:
            return False
        self._active = active
        self._show(active.report.result())
        return True

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        outcome = self.query_one(ReportList).current
        if outcome:
            said = f"{messages.item_name(outcome.target)}: {outcome.verdict}."
            self.query_one("#run-why", Note).say(f"{said} {outcome.reason}")

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Stop while it runs; retry when something is left."""
        if action == "stop":
            return self._report is None
        if action == "retry":
            report = self._report
            if report is None or self._renewing:
                return False
            return report.rest() is not None or report.context_failed
        return True

    def action_stop(self) -> None:
        """Send no more."""
        self._active.run.stop()
        self._tick()

    def action_retry(self) -> None:
        """Give back what is not gone, to be planned and asked about; else renew the context."""
        if self._report and (rest := self._report.rest()):
            self.dismiss(rest)
        elif self._report and self._report.context_failed and not self._renewing:
            self._renew_again(self._report)

    @work
    async def _renew_again(self, report: Report) -> None:
        self._renewing = True
        self.query_one(KeyBar).refresh()
        self.query_one("#run-note", Label).update(f"{Phase.RENEWING.value}…")
        try:
            plan = report.plan
            for project in (plan.project, *plan.others):
                result = report.contexts.get(project.id)
                if result and result.failed:
                    report = report.with_context(project.id, await self._renew(project))
        except (ServiceError, ReadOnly, RunUnderWay) as error:
            self.notify(str(error), severity="warning", markup=False)
        finally:
            self._renewing = False
        self._active.amended = report
        self._show(report)

    def action_close(self) -> None:
        """Close the screen; a run goes on."""
        self.dismiss(None)
