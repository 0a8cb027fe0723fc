"""Browser screen: the projects, and the open project beside or after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from neptun_tui import services
from neptun_tui.domain.errors import ServiceError
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn
from neptun_tui.tui import dialogs, flows, screens
from neptun_tui.tui.bindings import KeyContext, bindings, first_key
from neptun_tui.tui.key_queue import keymap_of
from neptun_tui.tui.screens.header import HeaderScreen
from neptun_tui.tui.screens.projects_pane import ProjectsPane
from neptun_tui.tui.widgets.bars import KeyBar, StatusBar
from neptun_tui.tui.widgets.header import WIDE, Pieces, job, title
from neptun_tui.tui.widgets.inputs import Prompt
from neptun_tui.tui.widgets.table import VirtualList

if TYPE_CHECKING:
    from neptun_tui.services.recovery import RecoveredRun
    from neptun_tui.services.restore import RunningRestore
    from neptun_tui.tui.flows.restore import RestoreFlow
    from neptun_tui.tui.project_state import ProjectView
    from neptun_tui.tui.screens.resources_pane import ResourcesPane

Pane = Literal["projects", "resources", "detail"]
PANES: tuple[Pane, ...] = ("projects", "resources", "detail")


class BrowserScreen(HeaderScreen[SignedIn | str]):
    """Browser with one pane at a time when narrow, side by side when wide.

    It returns the account to open next, or the sentence for the sign-in to show.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(KeyContext.BROWSER, KeyContext.JOB)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - so declared
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012 - so declared

    def __init__(self, account_session: AccountSession, *, demo: bool = False) -> None:
        """Prepare the browser.

        Args:
            account_session: the account whose projects are shown.
            demo: whether the server is the embedded one, shown in the title.
        """

        def heading() -> Pieces:
            stop = first_key("stop", KeyContext.JOB, keymap_of(self.app))
            return title(
                account_session.account,
                account_session.signed_in.keeping,
                demo=demo,
                read_only=account_session.read_only,
                job=job(account_session.jobs, stop),
            )

        super().__init__(account_session, heading)
        self._pane: Pane = "projects"
        self._completing = asyncio.Lock()
        self._whole = False

    def compose(self) -> ComposeResult:
        """Compose the title, panes, prompt and footer."""
        yield StatusBar(id="title")
        with Horizontal(id="panes"):
            yield ProjectsPane(self._account_session)  # _complete adds the other panes
        yield Prompt(id="prompt")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Load the projects."""
        self._go("projects")
        self._projects.load()

    @property
    def _projects(self) -> ProjectsPane:
        return self.query_one(ProjectsPane)

    @property
    def _project(self) -> ResourcesPane:
        return self.query_one(screens.ResourcesPane)

    @property
    def _view(self) -> ProjectView | None:
        """State of the open project, if any."""
        return self._project.view if self._whole else None

    @cached_property
    def _flow(self) -> RestoreFlow:
        return flows.RestoreFlow(self, self._account_session, self._look_after)

    async def _complete(self) -> None:
        """Mount the pane of the open project; the first row does not wait for its modules."""
        async with self._completing:
            if not self._whole:
                pane = await asyncio.to_thread(lambda: screens.ResourcesPane)
                if not self.is_attached:
                    return  # the account was closed meanwhile
                await self.query_one("#panes").mount(pane(self._account_session))
                self._whole = True

    # Panes -----------------------------------------------------------------------------------

    def _go(self, pane: Pane) -> None:
        """Focus a pane; on a narrow terminal, show it."""
        self._pane = pane
        self.query_one(Prompt).close()
        self.update_classes({f"at-{name}": name == pane for name in PANES})
        self.set_focus(self.query_one(f"#{pane}"))
        self.query_one("#keys", KeyBar).show(*self.places)
        if self._whole:
            self._project.show_status()

    @property
    def places(self) -> tuple[KeyContext, ...]:
        """Return the contexts of the keys that work now."""
        match self._pane:
            case "projects":
                return KeyContext.LIST, KeyContext.BROWSER, KeyContext.JOB
            case "resources":
                return KeyContext.LIST, KeyContext.BROWSER, KeyContext.RESOURCES, KeyContext.JOB
            case "detail":
                return KeyContext.BROWSER, KeyContext.RESOURCES, KeyContext.JOB

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable "back" where it has an effect, and "sort" while no job uses its key."""
        if action == "stop":
            return super().check_action(action, parameters)
        if action == "sort":
            return not self._account_session.working
        return action != "back" or self._pane != "projects" or self._projects.is_loading

    def on_descendant_focus(self) -> None:
        """Change the pane on a click, too."""
        name = self.focused.id if self.focused else None
        if name in PANES and name != self._pane:
            self._go(name)

    def on_resize(self) -> None:
        """Adapt the heading and the detail to the new size."""
        if self._whole:
            self.call_after_refresh(self._project.show_status)
            self.call_after_refresh(self._project.refresh_detail)

    def action_back(self) -> None:
        """Go one step back: from the detail, a filter, an open import, a load, the project."""
        if self._pane == "projects":
            self._projects.stop_loading()
        elif self._pane == "detail":
            self._go("resources" if self._project.view else "projects")
        elif not (self._project.step_back() or self._project.stop_loading()):
            self._go("projects")

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        panes = PANES if self._view else ("projects",)
        self._go(panes[(panes.index(self._pane) + 1) % len(panes)])
        if self._pane == "detail":
            self._project.show_detail()

    def on_resources_pane_preview(self) -> None:
        """Go to the detail of the current row, or back."""
        if self._pane == "detail":
            self._go("resources")
        else:
            self._project.show_detail()
            self._go("detail")

    # Projects --------------------------------------------------------------------------------

    @on(ProjectsPane.LoadChanged)
    def _load_changed(self, event: ProjectsPane.LoadChanged) -> None:
        """Refresh the footer, which offers to stop a running load."""
        self.query_one("#keys", KeyBar).refresh()
        if not event.loading:
            self.call_after_refresh(self._complete)

    @on(ProjectsPane.Loaded)
    @work(exclusive=True, group="interrupted")
    async def _settle_interrupted(self) -> None:
        """Report the results of interrupted deletions."""
        if removed := await self._account_session.prune():
            self.notify(removed, markup=False, timeout=15)
        try:
            settled = await self._account_session.settle_interrupted()
        except ServiceError as error:
            said = f"An earlier deletion has open results. {error}"
            self.notify(said, severity="warning", markup=False, timeout=30)
        else:
            for each in settled:
                self._tell_of(each)
            if not await self._account_session.has_open_results(settled):
                return
        await self._keep_looking()

    @work(exclusive=True, group="interrupted")
    async def on_resources_pane_left_open(self) -> None:
        """Check the open results of a run that has ended."""
        await self._keep_looking()

    async def _keep_looking(self) -> None:
        """Check open results periodically, and update the screen."""
        async for settled in self._account_session.look_again(at_once=False):
            for each in settled:
                if each.news:
                    self._tell_of(each)

    def _tell_of(self, settled: RecoveredRun) -> None:
        """Show the news on the open report, else in a notice; reload the project."""
        if not self._follow(settled.run.run_id):
            said = services.messages.recovered(settled)
            self.notify(said, severity="warning", markup=False, timeout=30)
        if self._whole and settled.has_deleted:
            for number in (settled.run.project.id, *settled.run.other_ids):
                self._project.reload_project(number)

    def _follow(self, run_id: str) -> bool:
        """Show the news of a run on its open report; return whether there is one."""
        active = self._account_session.active
        if active is None or active.run.run_id != run_id:
            return False
        stack = self.app.screen_stack
        reports = [screen for screen in stack if isinstance(screen, dialogs.JobScreen)]
        return any(screen.follow() for screen in reports if screen.is_of(active))

    @on(VirtualList.Opened, "#projects")
    async def _project_opened(self) -> None:
        await self._complete()
        if project := self._projects.current:
            self._project.open(project)
            self._go("resources")

    def action_reload(self) -> None:
        """Reload the projects, or the open project."""
        if self._pane == "projects":
            self._projects.load()
        else:
            self._project.reload()

    def commands(self) -> dict[str, Callable[[], object]]:
        """Return extra commands of the command palette, by name."""
        return {"renew_context": self._project.action_renew_context} if self._view else {}

    async def action_report(self) -> None:
        """Show the last report again."""
        await self._complete()
        self._project.watch_run()

    def action_copy_id(self) -> None:
        """Copy the ID and show it: not every terminal lets a program write its clipboard."""
        view = self._view
        if self._pane == "projects":
            found = self._projects.current.id if self._projects.current else None
        else:
            found = view.key.id if view and view.key else None
        if found is not None:
            self.app.copy_to_clipboard(str(found))
            self.notify(f"ID {found}  (copied, if your terminal allows it)", markup=False)

    # The history -----------------------------------------------------------------------------

    def action_history(self) -> None:
        """Show the history."""
        self.app.push_screen(screens.HistoryScreen(self._flow, self._heading))

    @work(group="restores")
    async def _look_after(self, active: RunningRestore) -> None:
        """After a restore, reload its projects, and show or announce its report."""
        report = await self._flow.over(active)
        if report is None:
            return
        if (
            self._whole and not report.signed_out
        ):  # a user who declined to sign in is not asked again
            for number in (active.run.saved.project_id, *active.run.saved.other_ids):
                self._project.reload_project(number)
        if self.is_active and not self.query("Prompt.asking"):
            await self._flow.watch()
        elif not (isinstance(self.app.screen, dialogs.JobScreen) and self.app.screen.is_of(active)):
            said = services.messages.restore_counts(report)
            said = f"The restore is over: {said}. The history shows its report."
            self.notify(said, markup=False, timeout=15)

    # The prompt ------------------------------------------------------------------------------

    def on_resources_pane_filter_wanted(self, event: ResourcesPane.FilterWanted) -> None:
        """Ask for a filter."""
        if self._pane == "detail":
            self._go("resources")
        self._ask("filter", "filter", event.needle)

    def action_go_to(self) -> None:
        """Go to an ID."""
        in_projects = self._pane == "projects"
        example = "" if in_projects else "102, i102 for an import, f102 for a file"
        self._ask("go-to", "project ID" if in_projects else "ID", example=example)

    def _ask(self, purpose: str, label: str, text: str = "", example: str = "") -> None:
        self.query_one(Prompt).ask(purpose, label, text, example)
        self.query_one("#keys", KeyBar).show(KeyContext.PROMPT, typing=True)

    @on(Prompt.Changed)
    def _prompt_changed(self, event: Prompt.Changed) -> None:
        if event.purpose == "filter":
            self._project.rearrange(needle=event.text)

    @on(Prompt.Cancelled)
    def _prompt_cancelled(self, event: Prompt.Cancelled) -> None:
        if event.purpose == "filter":
            self._project.rearrange(needle="")
        self._close_prompt()

    @on(Prompt.Answered)
    def _prompt_answered(self, event: Prompt.Answered) -> None:
        hint = ""
        if event.purpose == "go-to":
            place = self._projects if self._pane == "projects" else self._project
            hint = place.find(event.text)
        if hint:
            self.query_one(Prompt).hint(hint)
        else:
            self._close_prompt()

    def _close_prompt(self) -> None:
        self._go(self._pane)
