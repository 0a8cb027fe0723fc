"""Screen of a running job and its report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.timer import Timer

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import NeptunTuiError
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.results import SEVERITY_ORDER, Outcome, Report
from neptun_tui.services import messages
from neptun_tui.services.job import Phase, RunningJob
from neptun_tui.services.restore_models import RestoreOutcome, RestoreReport
from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.icons import RESTORE_ICONS, SIGNS, STYLES
from neptun_tui.tui.screen import REDRAW_SECONDS, ResponsiveScreen
from neptun_tui.tui.widgets.bars import KeyBar, MessageLine, StatusBar
from neptun_tui.tui.widgets.layout import Field, fit_columns
from neptun_tui.tui.widgets.table import ColumnList, Span, VirtualList

R = TypeVar("R")

_DELETED: Final = (
    Field("Result", 12, leaves=2),
    Field("Item", 13),
    Field("Path or title", 0, path=True),
    Field("Why", 40, leaves=1),
)
_RESTORED: Final = (
    Field("Result", 16, leaves=2),
    Field("Item", 13),
    Field("ID now", 9),
    Field("Path or title", 0, path=True),
    Field("Why", 40, leaves=1),
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One item of a report, as text that is safe for a terminal.

    Attributes:
        icon: sign and style of the result; a narrow terminal shows the sign alone.
        cells: the text of each column, by its title.
        about: sentences about the item.
    """

    icon: Span
    cells: dict[str, str]
    about: str


@dataclass(frozen=True, slots=True)
class ReportView(Generic[R]):
    """Report of a job, as the screen shows it.

    Attributes:
        place: the project, the account and the host.
        counts: number of items by result.
        note: how the results were verified, and what to do.
        outcomes: the items, those that need attention first.
        row: describes one of them; called for the visible ones only.
        rest: what is left to retry; None when nothing is.
        renewable: whether the stored context can be renewed again.
        fields: columns of the list.
        least: minimum cells of the column that takes the rest.
    """

    place: str
    counts: str
    note: str
    outcomes: Sequence[Outcome | RestoreOutcome]
    row: Callable[[Any], ReportRow]
    rest: R | None
    renewable: bool
    fields: tuple[Field, ...]
    least: int


def view_deletion(report: Report) -> ReportView[DeletionPlan]:
    """Return the view of a deletion's report."""
    plan = report.plan
    outcomes = sorted(report.outcomes, key=lambda o: SEVERITY_ORDER.index(o.verdict))
    said = [
        messages.end_of_run(report),
        messages.about_context(report),
        messages.about_connections(report),
    ]
    if report.unknown:
        said.append("The app looks again by itself, for 15 minutes.")

    def row(outcome: Outcome) -> ReportRow:
        target, verdict = outcome.target, outcome.verdict
        why = messages.result_reason(outcome, plan.project.id)
        cells = {
            "Result": str(verdict),
            "Item": messages.item_label(target),
            "Path or title": safe_text.clean_name(target.name, 400),
            "Why": why,
        }
        about = f"{messages.item_name(target)}: {verdict}. {why}"
        return ReportRow((SIGNS[verdict], STYLES[verdict]), cells, about)

    return ReportView(
        place_of_deletion(plan),
        messages.summary(report),
        " ".join(filter(None, said)),
        outcomes,
        row,
        report.rest(),
        report.context_failed,
        _DELETED,
        least=18,
    )


def place_of_deletion(plan: DeletionPlan) -> str:
    """Return the project, the account and the host of a deletion."""
    return messages.place(plan.project.id, plan.project.name, plan.account)


_RESTORE_ORDER: Final = {status: place for place, status in enumerate(RESTORE_ICONS)}


def view_restore(
    report: RestoreReport, project_id: int, project_name: str, account: Account
) -> ReportView[frozenset[ResourceRef]]:
    """Return the view of a restore's report; its project may be one that was made again."""
    outcomes = sorted(report.outcomes, key=lambda o: (_RESTORE_ORDER[o.result], not o.reason))

    def row(outcome: RestoreOutcome) -> ReportRow:
        cells = {
            "Result": str(outcome.result),
            "Item": messages.ref_label(outcome.key),
            "ID now": f"→ {outcome.new_id}" if outcome.new_id else "",
            "Path or title": safe_text.clean_name(outcome.name, 400),
            "Why": safe_text.clean(messages.restore_reason(outcome)),
        }
        about = messages.restored_sentence(outcome)
        return ReportRow(RESTORE_ICONS[outcome.result], cells, about)

    return ReportView(
        messages.place(report.project_id or project_id, project_name, account),
        messages.restore_counts(report),
        messages.end_of_restore(report),
        outcomes,
        row,
        report.rest or None,
        False,
        _RESTORED,
        least=10,
    )


class ReportList(ColumnList):
    """List of every item of a job with its result."""

    LEAD = 3

    _STYLES: ClassVar = {"Item": "accent", "ID now": "good", "Path or title": "", "Why": "dim"}

    def __init__(self) -> None:
        super().__init__(id="job-list")
        self._view: ReportView[Any] | None = None
        self._row_at: Callable[[int], ReportRow]
        """Returns one row; its cells are drawn one after the other."""

    def show(self, view: ReportView[Any]) -> None:
        """Draw a report; the cursor stays on its item."""
        here = self.current.key if self.current else None
        self._view, self._row_at = view, lru_cache(maxsize=1)(lambda n: view.row(view.outcomes[n]))
        keys = [outcome.key for outcome in view.outcomes]
        self.set_rows(len(keys), keys.index(here) if here in keys else 0)

    @property
    def current(self) -> Outcome | RestoreOutcome | None:
        """Outcome under the cursor."""
        return self._view.outcomes[self.cursor] if self._view and self._view.outcomes else None

    def columns_in(self, width: int) -> dict[Field, int]:
        """Return the columns that fit into a line, and their widths."""
        if self._view is None:
            return {}
        return fit_columns(self._view.fields, width - self.LEAD, self._view.least)

    def lead(self, index: int) -> Iterable[Span]:
        """Return the sign of the result, which a narrow terminal shows without the word."""
        sign, style = self._row_at(index).icon
        yield f" {sign} ", style

    def cell(self, index: int, field: Field) -> Span:
        """Return the text of a cell."""
        row = self._row_at(index)
        return row.cells[field.title], self._STYLES.get(field.title, row.icon[1])


class JobScreen(ResponsiveScreen[R | None]):
    """Progress, then report of a job. Closing it never stops the job; returns what to retry."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.REPORT)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    def __init__(
        self,
        active: RunningJob[Any, Any],
        place: str,
        view: Callable[[Any], ReportView[R]],
        renew: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        """Prepare the screen.

        Args:
            active: the running job.
            place: its project, account and host; the report may have another project.
            view: returns the view of its report.
            renew: renews the stored contexts that failed, and amends the report.
        """
        super().__init__()
        self._active = active
        self._place = place
        self._make_view = view
        self._renew = renew
        self._renewing = False
        self._ended = False
        self._report: Any = None
        self._view: ReportView[R] | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the title, the bar, the list, the reason of the current item, and the footer."""
        with Vertical(id="job-box"):
            yield StatusBar(id="job-title")
            yield StatusBar(id="job-place")
            yield MessageLine(8, low=3, id="job-note")
            yield ReportList()
            yield MessageLine(4, id="job-why")
        yield KeyBar(KeyContext.REPORT)

    def on_mount(self) -> None:
        """Follow the job until it ends."""
        reports = self.query_one(ReportList)
        reports.placeholder = ("",)
        self.set_focus(reports)
        self._say_place(self._place)
        self._tick()
        self._timer = self.set_interval(REDRAW_SECONDS, self._tick)
        self._wait()

    def is_of(self, active: RunningJob[Any, Any]) -> bool:
        """Tell whether this is the screen of a job."""
        return self._active is active

    def follow(self) -> bool:
        """Show the results of a later check; return whether the report is shown at all."""
        if self._report is None:
            return False
        self._show(self._active.latest)
        return True

    @work
    async def _wait(self) -> None:
        try:
            await self._active.finished()
        except NeptunTuiError as error:
            self._end()
            self._say_title("Nothing was sent")
            self._say_note(str(error))
        else:
            self._show(self._active.latest)

    def _tick(self) -> None:
        progress = self._active.run.progress
        if self._ended or progress.phase is Phase.DONE:
            return
        verb = "Stopping" if progress.stopping else progress.label
        self._say_title(verb, safe_text.count(progress.items, "item"))
        self._say_note(messages.progress_line(progress))

    def _end(self) -> None:
        self._ended = True
        if self._timer:
            self._timer.stop()
        self.query_one(KeyBar).refresh()

    def _show(self, report: Any) -> None:
        view = self._make_view(report)
        self._report, self._view = report, view
        self._end()
        head = "Stopped" if report.stopped else "Done"
        self._say_title("Your session has ended" if report.signed_out else head, view.counts)
        self._say_place(view.place)
        self._say_note(view.note)
        self.query_one(ReportList).show(view)

    def _say_title(self, head: str, rest: str = "") -> None:
        self.query_one("#job-title", StatusBar).set([(f" {head}  ", "strong"), (rest, "")])

    def _say_place(self, place: str) -> None:
        self.query_one("#job-place", StatusBar).set([(f" {place}", "dim")])

    def _say_note(self, text: str) -> None:
        self.query_one("#job-note", MessageLine).say(text)

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        outcome = self.query_one(ReportList).current
        if outcome and self._view:
            self.query_one("#job-why", MessageLine).say(self._view.row(outcome).about)

    @property
    def _can_renew(self) -> bool:
        """Tell whether a stored context is left to renew, with no item left to retry."""
        view = self._view
        return bool(view and self._renew and view.renewable and view.rest is None)

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Enable "stop" while it runs, and "retry" when something is left."""
        if action == "stop":
            return not self._ended
        if action == "retry":
            left = self._view is not None and self._view.rest is not None
            return not self._renewing and (left or self._can_renew)
        return True

    def action_stop(self) -> None:
        """Stop after the requests in progress."""
        self._active.run.stop()
        self._tick()

    def action_retry(self) -> None:
        """Return what was not done, to confirm it again; else renew the stored context."""
        if self._view and self._view.rest is not None:
            self.dismiss(self._view.rest)
        elif self._can_renew and not self._renewing:
            self._renew_again()

    @work
    async def _renew_again(self) -> None:
        if self._renew is None:
            return
        self._renewing = True
        self.query_one(KeyBar).refresh()
        self._say_note(f"{Phase.RENEWING.value}…")
        try:
            await self._renew(self._report)
        except NeptunTuiError as error:
            self.notify(str(error), severity="warning", markup=False)
        finally:
            self._renewing = False
        self._show(self._active.latest)

    def action_close(self) -> None:
        """Close the screen; the job continues."""
        self.dismiss(None)
