"""Resources pane of the browser: imports and files of the open project, and their detail."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.timer import Timer
from textual.widgets import Label
from textual.worker import Worker

from neptun_tui.domain.errors import ReadOnly, RunUnderWay, ServiceError
from neptun_tui.domain.listing import Listing, Orphans
from neptun_tui.domain.plan import DeletionPlan
from neptun_tui.domain.resources import File, Import, Project
from neptun_tui.domain.results import Report, Verdict
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services import messages
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.delete import DeletionRun, RunningDelete
from neptun_tui.services.loading import load_listing
from neptun_tui.tui.bindings import KeyContext, bindings, first_key
from neptun_tui.tui.dialogs.job import JobScreen
from neptun_tui.tui.flows.delete import DeleteFlow
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.project_state import ProjectView
from neptun_tui.tui.screen import REDRAW_SECONDS
from neptun_tui.tui.widgets.bars import StatusBar, set_text
from neptun_tui.tui.widgets.detail import DetailPane
from neptun_tui.tui.widgets.header import crumb, listing_problem
from neptun_tui.tui.widgets.resource_table import ResourceList
from neptun_tui.tui.widgets.table import VirtualList

DETAIL_SECONDS = 0.15
"""Delay until the cursor rests: a held key then redraws two lines a step, not the detail pane."""


class ResourcesPane(Vertical):
    """Pane of the open project; the state of the others is kept."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.RESOURCES)

    @dataclass
    class Preview(Message):
        """Request to show the detail of the current row."""

    @dataclass
    class FilterWanted(Message):
        """Request to type a filter, with the current one."""

        needle: str

    @dataclass
    class LeftOpen(Message):
        """End of a run with unknown results."""

    def __init__(self, account_session: AccountSession) -> None:
        super().__init__(id="right")
        self._account_session = account_session
        self._views: dict[int, ProjectView] = {}
        self._wanted: dict[int, Worker[None]] = {}
        self._resting: Timer | None = None
        self._deleting = DeleteFlow(
            self, account_session, self._views, self._settle_later, self._context_renewed
        )
        self.view: ProjectView | None = None

    def compose(self) -> ComposeResult:
        """Compose the crumb, the error line, the list and the detail."""
        yield StatusBar(id="crumb")
        yield Label(id="listing-problem", markup=False)
        yield ResourceList(id="resources")
        yield DetailPane(id="detail")

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Disable "sort" while a job is running, which its key stops."""
        return action != "sort" or not self._account_session.working

    def on_mount(self) -> None:
        """Show a hint, since no project is open yet."""
        if not self.query(ResourceList):
            return  # the account was closed meanwhile
        self.resources.placeholder = ("Choose a project and press enter.",)
        self.show_status()

    @property
    def resources(self) -> ResourceList:
        """List of the pane."""
        return self.query_one(ResourceList)

    @property
    def detail(self) -> DetailPane:
        """Detail of one row."""
        return self.query_one(DetailPane)

    def show_status(self) -> None:
        """Show the open project and its problems."""
        view = self.view
        self.query_one("#crumb", StatusBar).set(*crumb(view, self.screen.size.width))
        said = listing_problem(view)
        line = self.query_one("#listing-problem", Label)
        set_text(line, said)
        line.display = bool(said)

    # Opening and loading ---------------------------------------------------------------------

    def open(self, project: Project) -> None:
        """Show a project; load it the first time."""
        self._keep_place()
        self.view = self._views.setdefault(project.id, ProjectView(project))
        self.draw()
        if self.view.listing is None:
            self.load(self.view)

    def load(self, view: ProjectView, *, anew: bool = False) -> None:
        """Load a project, unless that is being done already.

        Args:
            view: the project.
            anew: restart a running load, whose response is then ignored: something changed.
        """
        if anew or not view.loading:
            view.loading, view.received, view.asked = True, 0, view.asked + 1
            self._wanted.pop(view.project.id, None)
            fetching = self._fetch(view, view.asked)
            if not anew:
                self._wanted[view.project.id] = fetching

    def stop_loading(self) -> bool:
        """Cancel a load that the user asked for; return whether an older listing is shown.

        A load after a change is not cancelled.
        """
        view = self.view
        if view is None or not view.loading or view.project.id not in self._wanted:
            return False
        self._wanted.pop(view.project.id).cancel()
        view.asked += 1
        self._take(view, ServiceError("You stopped the load."))
        return view.listing is not None

    @work(group="listing")
    async def _fetch(self, view: ProjectView, asked: int) -> None:
        ticking = self.set_interval(REDRAW_SECONDS, self.show_status)
        self._redraw()

        def count(received: int, _expected: int | None) -> None:
            view.received = received

        answer: Listing | ServiceError
        try:
            answer = await self._account_session.ask(
                lambda neptun, session: load_listing(neptun, session, view.project, count)
            )
        except ServiceError as error:
            answer = error
        finally:
            ticking.stop()
        if asked == view.asked:
            self._take(view, answer)

    def _take(self, view: ProjectView, answer: Listing | ServiceError) -> None:
        view.loading = False
        if view is self.view:
            self._keep_place()
        if isinstance(answer, Listing):
            view.take(answer)
        else:
            view.failure = answer
        if view is self.view:
            self.draw()
        if isinstance(answer, Listing) and not answer.problem:
            self._check_context(view, answer)

    @work(group="context")
    async def _check_context(self, view: ProjectView, listing: Listing) -> None:
        """Show in the header when the stored context holds items that no longer exist."""
        known = view.project
        try:
            project, found = await self._account_session.check_context(known, listing)
        except ServiceError:
            return  # not requested by the user; the next load tries again
        if view.listing is listing and view.project is known:  # else a newer check follows
            view.project = project
            view.context = found.sentence if found else ""
            self.show_status()

    def action_renew_context(self) -> None:
        """Renew the stored context of the open project."""
        if self.view:
            self._renew_context(self.view)

    @work(group="context")
    async def _renew_context(self, view: ProjectView) -> None:
        try:
            result = await self._account_session.renew_context(view.project)
        except (ServiceError, ReadOnly, RunUnderWay) as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        said = result.sentence
        severity: SeverityLevel = "warning" if result.failed else "information"
        self.notify(f"{said[0].upper()}{said[1:]}.", severity=severity, markup=False)
        self._context_renewed(view, result)

    def _context_renewed(self, view: ProjectView, result: ContextResult) -> None:
        """Update the header after a renewal."""
        view.project = result.project or view.project
        if view.listing:
            self._check_context(view, view.listing)

    def _keep_place(self) -> None:
        if self.view:
            self.view.scroll = round(self.resources.scroll_y)

    def draw(self) -> None:
        """Draw the open project from its view, at its scroll position."""
        if self.view:
            self.resources.placeholder = self.view.placeholder
            self.resources.show(self.view)
        self.show_status()

    def _redraw(self) -> None:
        self._keep_place()
        self.draw()

    def rearrange(self, *, needle: str | None = None, **how: bool) -> None:
        """Apply other view options."""
        if self.view:
            changes = how if needle is None else {"needle": needle.strip()}
            self.view.arrange(replace(self.view.how, **changes))
            self.draw()

    def find(self, text: str) -> str:
        """Go to a typed ID; return the error, if any."""
        hint = self.view.find(text) if self.view else "No project is open."
        if not hint:
            self.draw()
        return hint

    def step_back(self) -> bool:
        """Clear the filter, or go up in the tree; return whether there was one."""
        if self.view and self.view.step_back():
            self._redraw()
            return True
        return False

    # The detail ------------------------------------------------------------------------------

    @on(VirtualList.Moved, "#resources")
    def _moved(self) -> None:
        if self._resting:
            self._resting.stop()
        if self.detail.display:
            self._resting = self.set_timer(DETAIL_SECONDS, self.show_detail)

    def refresh_detail(self) -> None:
        """Update the detail if it is shown."""
        if self.detail.display:
            self.show_detail()

    def show_detail(self) -> None:
        """Show the detail of the current row."""
        view = self.view
        if view and view.listing and (row := view.current):
            self.detail.show_row(row, view.listing)
        elif view:
            self.detail.show_project(view.project)

    @on(VirtualList.Opened, "#resources")
    def _opened(self) -> None:
        row = self.view.current if self.view else None
        match row:
            case Import() | Orphans() if self.view and not self.view.how.flat:
                self.view.toggle_open(row.id if isinstance(row, Import) else None)
                self._redraw()
            case Import() | File():
                self.post_message(self.Preview())

    # Keys ------------------------------------------------------------------------------------

    def action_preview(self) -> None:
        """Show the details and the content of the current row."""
        self.post_message(self.Preview())

    def action_mark(self) -> None:
        """Toggle the mark of the current row and go to the next."""
        view = self.view
        if view and view.key:
            for place in view.toggle_mark():
                self.resources.refresh_row(place)
            self.resources.move_to(view.cursor + 1)
            self.show_status()

    def action_mark_all(self) -> None:
        """Mark all rows shown, or unmark them."""
        if self.view:
            self.view.mark_shown()
            self.resources.refresh()
            self.show_status()

    def action_unmark_all(self) -> None:
        """Unmark everything, hidden rows included."""
        if self.view:
            self.view.unmark_all()
            self.resources.refresh()
            self.show_status()

    def action_sort(self) -> None:
        """Sort by the next column."""
        if self.view:
            self.view.sort(self.resources.columns)
            self.draw()

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        if self.view:
            self.rearrange(reverse=not self.view.how.reverse)

    def action_flat(self) -> None:
        """Toggle between the tree and a flat list."""
        if self.view:
            self.rearrange(flat=not self.view.how.flat)

    def action_filter(self) -> None:
        """Ask for a filter."""
        if self.view:
            self.post_message(self.FilterWanted(self.view.how.needle))

    def reload(self) -> None:
        """Reload the open project."""
        if self.view:
            self.load(self.view)

    def reload_project(self, project_id: int) -> None:
        """Reload a project that a job has changed, if it has been opened."""
        if view := self._views.get(project_id):
            self.load(view, anew=True)

    # Deleting --------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Delete the selection, or the current row, after confirmation."""
        view = self.view
        if self._account_session.busy:
            self.watch_run()
        elif self._account_session.read_only:
            self.notify(messages.READ_ONLY_DELETE, severity="warning", markup=False)
        elif view and view.listing and view.chosen:
            self._delete(view.plan(self._account_session.account))

    @work(group="deletion", exclusive=True)
    async def _delete(self, plan: DeletionPlan) -> None:
        await self._deleting.delete(plan)

    @work(group="deletion", exclusive=True)
    async def watch_run(self) -> None:
        """Show the running deletion, or the last report."""
        await self._deleting.watch()

    async def _show_after(self, run: DeletionRun, report: Report) -> None:
        """Show the state after a run: its own project by the listing that verified it."""
        for number, result in report.contexts.items():
            if result.project and (view := self._views.get(number)):
                view.project = result.project
        home = self._views.get(run.plan.project.id)
        listing = await asyncio.to_thread(run.take_listing)
        if home and listing and not home.loading and listing.is_newer_than(home.listing):
            self._take(home, listing)
        elif home:
            self.load(home, anew=True)
        for number in run.plan.other_ids:
            self.reload_project(number)

    @work(group="runs")
    async def _settle_later(self, active: RunningDelete) -> None:
        """After a run, show the new state; notify if its screen is closed."""
        report = await active.finished()
        if report.signed_out:  # a user who declined to sign in is not asked again
            await asyncio.to_thread(active.run.take_listing)  # frees it
        else:
            await self._show_after(active.run, report)
        if report.count(Verdict.UNKNOWN):
            self.post_message(self.LeftOpen())
        if self.screen.is_active and not self.screen.query("Prompt.asking"):
            self.watch_run()
        elif not (isinstance(self.app.screen, JobScreen) and self.app.screen.is_of(active)):
            key = first_key("report", KeyContext.BROWSER, keymap_of(self.app))
            said = f"The deletion is over: {messages.summary(report)}. {key} shows its report."
            self.notify(said, markup=False, timeout=15)
