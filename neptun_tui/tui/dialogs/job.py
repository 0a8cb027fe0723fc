"""Screens of a running job and its report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from operator import methodcaller
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import NeptunTuiError, ReadOnly, RunUnderWay, ServiceError
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import Project
from neptun_tui.domain.results import SEVERITY_ORDER, Outcome, Report, Verdict
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services import messages
from neptun_tui.services.delete import RunningDelete
from neptun_tui.services.job import Phase
from neptun_tui.services.messages import (
    about_connections,
    about_context,
    end_of_restore,
    end_of_run,
    fates,
    progress_line,
    ref_label,
    restored_sentence,
)
from neptun_tui.services.restore import RunningRestore
from neptun_tui.services.restore_models import (
    RestoreOutcome,
    RestoreReport,
    RestoreStatus,
)
from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.icons import SIGNS, STYLES
from neptun_tui.tui.screen import ResponsiveScreen
from neptun_tui.tui.widgets.bars import KeyBar, MessageLine, StatusBar
from neptun_tui.tui.widgets.layout import Field
from neptun_tui.tui.widgets.table import ColumnList, Span, VirtualList

REDRAW_SECONDS = 0.5
"""Time between two drawings of a running bar, which cost 0.65 kB a second on the line."""


class ReportList(ColumnList):
    """List of every item of a plan with its result."""

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
        self._home = 0

    def show(self, report: Report) -> None:
        """Draw a report, unwanted results first; the cursor stays on its item."""
        key = self.current.target.key if self.current else None
        self._home = report.plan.project.id
        self._outcomes = sorted(report.outcomes, key=lambda o: SEVERITY_ORDER.index(o.verdict))
        keys = [outcome.target.key for outcome in self._outcomes]
        self.set_rows(len(keys), keys.index(key) if key in keys else 0)

    @property
    def current(self) -> Outcome | None:
        """Outcome under the cursor."""
        return self._outcomes[self.cursor] if self._outcomes else None

    def lead(self, index: int) -> Iterable[Span]:
        """Return the sign of the result, which a narrow terminal shows without the word."""
        verdict = self._outcomes[index].verdict
        yield f" {SIGNS[verdict]} ", STYLES[verdict]

    def cell(self, index: int, field: Field) -> Span:
        """Return the result of one item."""
        outcome = self._outcomes[index]
        match field.title:
            case "Result":
                return str(outcome.verdict), STYLES[outcome.verdict]
            case "Item":
                return messages.item_label(outcome.target), "accent"
            case "Path or title":
                return safe_text.clean_name(outcome.target.name, 400), ""
            case _:
                return messages.result_reason(outcome, self._home), "dim"


class RunScreen(ModalScreen[DeletionPlan | None]):
    """Progress, then report of a deletion. Closing it never stops it; returns the plan to retry."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.RUN, KeyContext.EVERYWHERE)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    def __init__(
        self, active: RunningDelete, renew: Callable[[Project], Awaitable[ContextResult]]
    ) -> None:
        """Prepare the screen.

        Args:
            active: the running deletion.
            renew: renews the stored context of a project again.
        """
        super().__init__()
        self._active = active
        self._renew = renew
        self._renewing = False
        self._report: Report | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the title, the bar, the list, the reason of the current item, and the footer."""
        with Vertical(id="run-box"):
            yield StatusBar(id="run-title")
            yield StatusBar(id="run-place")
            yield MessageLine(8, low=3, id="run-note")
            yield ReportList()
            yield MessageLine(most=4, id="run-why")
        yield KeyBar(KeyContext.RUN)

    def on_mount(self) -> None:
        """Follow the run until it ends."""
        plan = self._active.run.plan
        said = messages.place(plan.project.id, plan.project.name, plan.account)
        self.query_one("#run-place", StatusBar).set([(f" {said}", "dim")])
        self.query_one(ReportList).placeholder = ("",)
        self._tick()
        self._timer = self.set_interval(REDRAW_SECONDS, self._tick)
        self._wait()

    @work
    async def _wait(self) -> None:
        await self._active.finished()
        self._show(self._active.latest)

    def _tick(self) -> None:
        progress = self._active.run.progress
        total = self._active.run.plan.total
        verb = "Stopping" if progress.stopping else progress.label
        if progress.phase is not Phase.DONE:
            self.query_one("#run-title", StatusBar).set(
                [(f" {verb}  ", "strong"), (safe_text.count(total, "item"), "")]
            )
            self.query_one("#run-note", MessageLine).say(progress_line(progress))

    def _show(self, report: Report) -> None:
        if self._timer:
            self._timer.stop()
        self._report = report
        head = "Stopped" if report.stopped else "Done"
        if report.signed_out:
            head = "Your session has ended"
        self.query_one("#run-title", StatusBar).set(
            [(f" {head}  ", "strong"), (messages.summary(report), "")]
        )
        parts = (end_of_run(report), about_context(report), about_connections(report))
        said = " ".join(filter(None, parts))
        if report.count(Verdict.UNKNOWN):
            said += " The app looks again by itself, for 15 minutes."
        self.query_one("#run-note", MessageLine).say(said)
        reports = self.query_one(ReportList)
        reports.show(report)
        self.set_focus(reports)
        self.query_one(KeyBar).refresh()

    def follow(self, run_id: str) -> bool:
        """Show the results of a later check of a run; return whether it is this one."""
        if run_id != self._active.run.run_id or self._report is None:
            return False
        self._show(self._active.latest)
        return True

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        outcome = self.query_one(ReportList).current
        if outcome and self._report:
            said = f"{messages.item_name(outcome.target)}: {outcome.verdict}."
            reason = messages.result_reason(outcome, self._report.plan.project.id)
            self.query_one("#run-why", MessageLine).say(f"{said} {reason}")

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable "stop" while it runs, and "retry" when something is left."""
        if action == "stop":
            return self._report is None
        if action == "retry":
            report = self._report
            if report is None or self._renewing:
                return False
            return report.rest() is not None or report.context_failed
        return True

    def action_stop(self) -> None:
        """Stop after the requests in progress."""
        self._active.run.stop()
        self._tick()

    def action_retry(self) -> None:
        """Return what was not deleted, to plan and confirm it again; else renew the context."""
        if self._report and (rest := self._report.rest()):
            self.dismiss(rest)
        elif self._report and self._report.context_failed and not self._renewing:
            self._renew_again(self._report)

    @work
    async def _renew_again(self, report: Report) -> None:
        self._renewing = True
        self.query_one(KeyBar).refresh()
        self.query_one("#run-note", MessageLine).say(f"{Phase.RENEWING.value}…")
        try:
            plan = report.plan
            for project in (plan.project, *plan.others):
                result = report.contexts.get(project.id)
                if result and result.failed:
                    renewed = await self._renew(project)
                    self._active.amend(methodcaller("with_context", project.id, renewed))
        except (ServiceError, ReadOnly, RunUnderWay) as error:
            self.notify(str(error), severity="warning", markup=False)
        finally:
            self._renewing = False
        self._show(self._active.latest)

    def action_close(self) -> None:
        """Close the screen; the deletion continues."""
        self.dismiss(None)


_SIGNS = {
    RestoreStatus.REFUSED: ("✗", "problem"),
    RestoreStatus.INCOMPLETE: ("!", "problem"),
    RestoreStatus.UNKNOWN: ("?", "mark"),
    RestoreStatus.NOT_SENT: ("–", "mark"),
    RestoreStatus.STILL_THERE: ("·", "dim"),
    RestoreStatus.ALREADY_RESTORED: ("·", "dim"),
    RestoreStatus.RESTORED: ("✓", "good"),
}
"""Order of the results: those that need attention first."""

_ORDER = {fate: place for place, fate in enumerate(_SIGNS)}


class RestoredList(ColumnList):
    """List of every item of a restore with its result, and its ID then and now."""

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
        """Draw a report, rejected items first."""
        order = sorted(report.outcomes, key=lambda o: (_ORDER[o.fate], not o.reason))
        self._outcomes = order
        self.set_rows(len(order), 0)

    @property
    def current(self) -> RestoreOutcome | None:
        """Outcome under the cursor."""
        return self._outcomes[self.cursor] if self._outcomes else None

    def lead(self, index: int) -> Iterable[Span]:
        """Return the sign of the result."""
        sign, style = _SIGNS[self._outcomes[index].fate]
        yield f" {sign} ", style

    def cell(self, index: int, field: Field) -> Span:
        """Return the result of one item."""
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
                return safe_text.clean(messages.restore_reason(outcome)), "dim"


class RestoreScreen(ResponsiveScreen[frozenset[ResourceRef] | None]):
    """Progress, then report of a restore. Closing it never stops it; returns the items to retry."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.RESTORE)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    places = (KeyContext.LIST, KeyContext.RESTORE)

    def __init__(self, active: RunningRestore, account: Account) -> None:
        """Prepare the screen.

        Args:
            active: the restore.
            account: the account that restores.
        """
        super().__init__()
        self._active = active
        self._account = account
        self._report: RestoreReport | None = None
        self._ended = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the title, the bar, the list, the reason of the current item, and the footer."""
        with Vertical(id="restore-box"):
            yield StatusBar(id="restore-title")
            yield StatusBar(id="restore-place")
            yield MessageLine(4, low=2, id="restore-note")
            yield RestoredList()
            yield MessageLine(4, id="restore-why")
        yield KeyBar(KeyContext.RESTORE)

    def on_mount(self) -> None:
        """Follow the restore until it ends."""
        self.query_one(RestoredList).placeholder = ("",)
        self._show_place(self._active.run.saved.project_id)
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
            self.query_one("#restore-title", StatusBar).set([(" Nothing was restored", "strong")])
            self.query_one("#restore-note", MessageLine).say(str(error))

    def _show_place(self, project_id: int) -> None:
        """Name the project, which may be one that was made again, the account and the host."""
        project = self._active.run.saved.project
        said = messages.place(project_id, project.name if project else "", self._account)
        self.query_one("#restore-place", StatusBar).set([(f" {said}", "dim")])

    def _end(self) -> None:
        self._ended = True
        if self._timer:
            self._timer.stop()
        self.query_one(KeyBar).refresh()

    def _tick(self) -> None:
        progress = self._active.run.progress
        if self._ended or progress.phase is Phase.DONE:
            return
        verb = "Stopping" if progress.stopping else progress.label
        self.query_one("#restore-title", StatusBar).set(
            [(f" {verb}  ", "strong"), (safe_text.count(progress.total, "item"), "")]
        )
        self.query_one("#restore-note", MessageLine).say(progress_line(progress))

    def _show(self, report: RestoreReport) -> None:
        self._report = report
        self._end()
        self._show_place(report.project_id or self._active.run.saved.project_id)
        head = "Stopped" if report.stopped else "Done"
        if report.signed_out:
            head = "Your session has ended"
        self.query_one("#restore-title", StatusBar).set(
            [(f" {head}  ", "strong"), (fates(report), "")]
        )
        self.query_one("#restore-note", MessageLine).say(end_of_restore(report))
        self.query_one(RestoredList).show(report)

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        if outcome := self.query_one(RestoredList).current:
            self.query_one("#restore-why", MessageLine).say(restored_sentence(outcome))

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable "stop" while it runs, and "retry" when something is not restored."""
        if action == "stop":
            return not self._ended
        if action == "retry":
            return self._report is not None and bool(self._report.rest)
        return True

    def action_stop(self) -> None:
        """Stop after the requests in progress."""
        self._active.run.stop()
        self._tick()

    def action_retry(self) -> None:
        """Return what was not restored, to confirm it again."""
        if self._report and self._report.rest:
            self.dismiss(self._report.rest)

    def action_close(self) -> None:
        """Close the screen; the restore continues."""
        self.dismiss(None)
