"""Deletion flow: confirm, delete, show the report, and retry what was not deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import methodcaller

from textual.widget import Widget

from neptun_tui.domain.errors import ReadOnly, RunUnderWay
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan
from neptun_tui.domain.results import Report
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.delete import RunningDelete
from neptun_tui.services.moved_items import load_for_plan
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.dialogs.job import JobScreen, place_of_deletion, view_deletion
from neptun_tui.tui.project_state import ProjectView

Started = Callable[[RunningDelete], object]
"""Called with each run as it starts, to follow it while no screen shows it."""
Renewed = Callable[[ProjectView, ContextResult], object]
"""Called with each project whose stored context was renewed from a report, and the result."""


class DeleteFlow:
    """Deletions of one account, one at a time. The account session owns them: no screen ends one.

    Args:
        pane: the pane with the selection.
        account_session: the account.
        views: the state of each opened project, by its ID.
        started: called with each run.
        renewed: called after each renewal of a stored context.
    """

    def __init__(
        self,
        pane: Widget,
        account_session: AccountSession,
        views: Mapping[int, ProjectView],
        started: Started,
        renewed: Renewed,
    ) -> None:
        self._pane = pane
        self._account_session = account_session
        self._views = views
        self._started = started
        self._renewed = renewed

    async def delete(self, plan: DeletionPlan) -> None:
        """Confirm a plan, carry it out and report; repeat with a plan to retry."""
        wanted: DeletionPlan | None = plan
        while wanted is not None and (active := await self._confirmed(wanted)) is not None:
            self._started(active)
            wanted = await self._watched(active)

    async def _watched(self, active: RunningDelete) -> DeletionPlan | None:
        """Show a run and its report; return the plan to retry, if any.

        Pushes at once, unlike ``push_screen_wait``: else a sign-in that the run needs meanwhile
        would be placed below its report (Textual 8.2.8).
        """
        report = self._report_of(active)
        return await self._pane.app.push_screen(report, wait_for_dismiss=True)

    async def watch(self) -> None:
        """Show the running deletion or the last report; confirm again when it is retried."""
        active = self._account_session.active
        if active is None:
            self._pane.notify("Nothing has been deleted yet.", markup=False)
            return
        wanted = await self._watched(active)
        if wanted is not None:
            await self.delete(wanted)

    def _report_of(self, active: RunningDelete) -> JobScreen[DeletionPlan]:
        plan = active.run.plan

        async def renew(report: Report) -> None:
            for project in (plan.project, *plan.others):
                result = report.contexts.get(project.id)
                if result and result.failed:
                    renewed = await self._account_session.renew_context(project)
                    if view := self._views.get(project.id):
                        self._renewed(view, renewed)
                    active.amend(methodcaller("with_context", project.id, renewed))

        return JobScreen(active, place_of_deletion(plan), view_deletion, renew)

    async def _confirmed(self, plan: DeletionPlan) -> RunningDelete | None:
        """Start the confirmed plan; None when it was declined or is no longer allowed."""
        confirmed = await self._pane.app.push_screen_wait(self._question(plan))
        if confirmed is None:
            return None
        try:
            return self._account_session.start(confirmed.plan, confirmed.kept, confirmed.listing)
        except (ReadOnly, RunUnderWay) as error:
            self._pane.notify(str(error), severity="warning", markup=False)
            await self._account_session.drop(confirmed.kept)
            return None

    def _question(self, plan: DeletionPlan) -> ConfirmScreen:
        view = self._views[plan.project.id]
        records = self._account_session.records
        chosen = frozenset(step.target.key for step in plan.steps)

        async def relist() -> Listing:
            return await self._account_session.ask(
                lambda neptun, session: load_for_plan(neptun, session, view.project, chosen)
            )

        return ConfirmScreen(
            plan,
            relist,
            view.hidden_keys,
            keep=self._account_session.keep if records else None,
            drop=self._account_session.drop,
            promise=records.promise if records else "",
            keep_context=self._account_session.keep_context,
        )
