"""Deletion flow: confirm, delete, show the report, and retry what was not deleted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import methodcaller

from textual.widget import Widget

from neptun_tui.domain.errors import CannotPlan, ReadOnly, RunUnderWay
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import Change, DeletionPlan, ResourceRef, diff_plans, make_plan
from neptun_tui.domain.results import Report
from neptun_tui.domain.stored_context import ContextResult
from neptun_tui.services import messages
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.delete import RunningDelete
from neptun_tui.services.loading import FRESH_SECONDS
from neptun_tui.services.messages import Question
from neptun_tui.services.moved_items import load_for_plan
from neptun_tui.services.run_store import PreparedRun
from neptun_tui.tui.dialogs.confirm import Confirmation, ConfirmScreen
from neptun_tui.tui.dialogs.job import JobScreen, place_of_deletion, view_deletion
from neptun_tui.tui.project_state import ProjectView

Started = Callable[[RunningDelete], object]
"""Called with each run as it starts, to follow it while no screen shows it."""
Renewed = Callable[[ProjectView, ContextResult], object]
"""Called with each project whose stored context was renewed from a report, and the result."""


Keep = Callable[[DeletionPlan, Listing, bool], Awaitable[PreparedRun | None]]
"""Makes the backup, or none; raises StorageError."""
Drop = Callable[[PreparedRun | None], Awaitable[None]]
"""Removes a backup that is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Confirmed plan, and the run prepared for it."""

    plan: DeletionPlan
    kept: PreparedRun | None
    listing: Listing | None = None


class PlanConfirmation(Confirmation[Confirmed]):
    """Confirmation of a plan: checked with a fresh listing, with its backup on disk at the end.

    Args:
        plan: the plan from the listing on the screen.
        relist: loads a fresh listing; may raise ServiceError.
        hidden: refs of the plan that a filter hides.
        keep: makes the backup; None where none is made.
        drop: removes it if the confirmed plan is not carried out.
        promise: a sentence on where a backup is kept, and for how long.
        keep_context: whether the stored context is left as it is.
    """

    needs_check = True

    def __init__(
        self,
        plan: DeletionPlan,
        relist: Callable[[], Awaitable[Listing]],
        hidden: frozenset[ResourceRef] = frozenset(),
        *,
        keep: Keep | None = None,
        drop: Drop | None = None,
        promise: str = "",
        keep_context: bool = False,
    ) -> None:
        self._plan = plan
        self._relist = relist
        self._hidden = hidden
        self._keep, self._drop, self._promise = keep, drop, promise
        self._keep_context = keep_context
        self._chosen = frozenset(step.target.key for step in plan.steps)
        self._with_backup = self.has_backup = keep is not None
        self._listing: Listing | None = None
        self._listed_at: float | None = None

    def question(self, written: Callable[[str], str]) -> Question:
        """Return the texts about the plan as it is now."""
        backup, key = "", written("no_backup")
        if self.has_backup:
            backup = f"No backup is kept: nothing of this can be restored ({key}: keep one)"
        if self._with_backup:
            backup = f"{self._promise} ({key}: none)"
        return messages.about_deleting(
            self._plan,
            datetime.now(UTC),
            backup,
            with_backup=self._with_backup,
            keep_context=self._keep_context,
        )

    @property
    def fresh(self) -> bool:
        """Tell whether the listing is recent enough to confirm."""
        return self._listed_at is not None and time.monotonic() - self._listed_at <= FRESH_SECONDS

    async def check(self) -> Sequence[str]:
        """Plan the same selection from a fresh listing; return what changed, every file compared.

        Raises:
            CannotPlan: nothing of it is left.
            ServiceError: the listing failed, or is incomplete.
        """
        self._listed_at = None
        listing = await self._relist()
        if listing.problem:
            raise listing.problem
        listed_at = time.monotonic()
        plan, changes = await asyncio.to_thread(self._planned_anew, listing)
        if not plan.steps:
            raise CannotPlan("None of these items exist any more.")
        self._plan, self._listing, self._listed_at = plan, listing, listed_at
        return messages.change_lines(changes)

    def _planned_anew(self, listing: Listing) -> tuple[DeletionPlan, tuple[Change, ...]]:
        plan = make_plan(
            self._plan.account, listing.project, listing.imports, listing.files,
            self._chosen, self._hidden, targets=listing.targets,
            installations=listing.installations, elsewhere=listing.elsewhere,
        )  # fmt: skip
        return plan, diff_plans(self._plan, plan)

    def toggle_backup(self) -> None:
        """Choose no backup, or a backup again."""
        self._with_backup = not self._with_backup

    @property
    def preparing(self) -> str:
        """Text that the dialog shows while the backup is written."""
        return "Writing the backup…" if self._with_backup else ""

    async def prepare(self) -> Confirmed:
        """Write the backup, and return the plan that was confirmed.

        Raises:
            StorageError: the backup could not be written.
        """
        plan, listing, kept = self._plan, self._listing, None
        if self._keep and listing:
            kept = await self._keep(plan, listing, self._with_backup)
        return Confirmed(plan, kept, listing)

    async def release(self, result: Confirmed) -> None:
        """Remove the backup of a plan that is not carried out."""
        if self._drop:
            await self._drop(result.kept)


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
        confirmed = await self._pane.app.push_screen_wait(ConfirmScreen(self._question(plan)))
        if confirmed is None:
            return None
        try:
            return self._account_session.start(confirmed.plan, confirmed.kept, confirmed.listing)
        except (ReadOnly, RunUnderWay) as error:
            self._pane.notify(str(error), severity="warning", markup=False)
            await self._account_session.drop(confirmed.kept)
            return None

    def _question(self, plan: DeletionPlan) -> PlanConfirmation:
        view = self._views[plan.project.id]
        records = self._account_session.records
        chosen = frozenset(step.target.key for step in plan.steps)

        async def relist() -> Listing:
            return await self._account_session.ask(
                lambda neptun, session: load_for_plan(neptun, session, view.project, chosen)
            )

        return PlanConfirmation(
            plan,
            relist,
            view.hidden_keys,
            keep=self._account_session.keep if records else None,
            drop=self._account_session.drop,
            promise=records.promise if records else "",
            keep_context=self._account_session.keep_context,
        )
