"""Projects, imports and files."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer

from neptun_tui.domain.deletion import DeletionPlan
from neptun_tui.domain.errors import ReadOnly, ServiceError
from neptun_tui.domain.listing import Listing, Orphans
from neptun_tui.domain.resources import File, Import, Project
from neptun_tui.services.catalog import load_listing, load_projects
from neptun_tui.services.conversation import ActiveRun, Conversation
from neptun_tui.tui.keys import Where, bindings
from neptun_tui.tui.screens.confirm import ConfirmScreen
from neptun_tui.tui.screens.run import RunScreen
from neptun_tui.tui.state import ProjectView
from neptun_tui.tui.status import crumb, title, trouble
from neptun_tui.tui.widgets.bar import Bar, KeyBar
from neptun_tui.tui.widgets.detail import DetailPane
from neptun_tui.tui.widgets.projects import ProjectList
from neptun_tui.tui.widgets.prompt import Prompt
from neptun_tui.tui.widgets.resources import ResourceList
from neptun_tui.tui.widgets.virtual_list import VirtualList

Pane = Literal["projects", "resources", "detail"]

DETAIL_SECONDS = 0.15
"""The detail pane waits until the cursor rests: a held key sends two lines, not a pane, a step."""

PROGRESS_SECONDS = 0.5


class BrowserScreen(Screen[str]):
    """The main screen: one pane at a time when it is narrow, side by side when it is wide.

    It ends with the sentence that the sign-in should open with.
    """

    PLACES: ClassVar = (Where.BROWSER, Where.RESOURCES)

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.BROWSER),
        *bindings(Where.RESOURCES),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - so declared
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012 - so declared

    def __init__(self, conversation: Conversation, *, demo: bool = False) -> None:
        """Prepare the browser.

        Args:
            conversation: the account whose projects are shown.
            demo: whether the server is the embedded one, which the title then says.
        """
        super().__init__()
        self._conversation = conversation
        self._demo = demo
        self._views: dict[int, ProjectView] = {}
        self._view: ProjectView | None = None
        self._pane: Pane = "projects"
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, projects, the open project, the detail, the prompt and the footer."""
        yield Bar(id="title")
        with Horizontal(id="panes"):
            yield ProjectList(id="projects")
            with Vertical(id="right"):
                yield Bar(id="crumb")
                yield Bar(id="trouble")
                yield ResourceList(id="resources")
                yield DetailPane(id="detail")
        yield Prompt(id="prompt")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Load the projects."""
        self.query_one(ResourceList).placeholder = ("  Choose a project and press enter.",)
        self._go("projects")
        self.show_title()
        self._load_projects()

    # What is where ---------------------------------------------------------------------------

    @property
    def _projects(self) -> ProjectList:
        return self.query_one(ProjectList)

    @property
    def _resources(self) -> ResourceList:
        return self.query_one(ResourceList)

    @property
    def _detail(self) -> DetailPane:
        return self.query_one(DetailPane)

    @property
    def _wide(self) -> bool:
        return self.has_class("-wide")

    def _go(self, pane: Pane) -> None:
        """Put the focus into a pane; in a narrow terminal it is the one that is shown."""
        self._pane = pane
        for name in ("projects", "resources", "detail"):
            self.set_class(name == pane, f"at-{name}")
        self.query_one(f"#{pane}").focus()
        self._show_keys()
        self._show_status()

    def _show_keys(self) -> None:
        places = [Where.LIST, Where.BROWSER]
        if self._pane != "projects":
            places.append(Where.RESOURCES)
        self.query_one("#keys", KeyBar).show(*places)

    def on_descendant_focus(self) -> None:
        """A click changes the pane, too."""
        focused = self.focused
        if (
            focused
            and focused.id in ("projects", "resources", "detail")
            and (focused.id != self._pane)
        ):
            self._go(focused.id)  # type: ignore[arg-type]

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """What is done to imports and files is not done from the list of projects."""
        about_resources = {"mark", "mark_all", "delete", "filter", "sort", "reverse", "flat"}
        return not (action in about_resources and self._pane == "projects")

    # What the bars say -----------------------------------------------------------------------

    def show_title(self) -> None:
        """Say who is signed in where, where the session is kept, and in what mode."""
        keeping = self._conversation.signed_in.keeping
        left, right = title(
            self._conversation.account, keeping, demo=self._demo,
            read_only=self._conversation.read_only,
        )  # fmt: skip
        self.query_one("#title", Bar).set(left, right)

    def _show_status(self) -> None:
        view = self._view
        self.query_one("#crumb", Bar).set(*crumb(view, wide=self._wide))
        said = trouble(view)
        line = self.query_one("#trouble", Bar)
        line.set([(f" {said}", "problem")] if said else [])
        line.display = bool(said)

    # Loading ---------------------------------------------------------------------------------

    @work(exclusive=True, group="projects")
    async def _load_projects(self) -> None:
        projects = self._projects
        if not projects.count:
            projects.placeholder = ("  Loading projects…",)
            projects.refresh()
        try:
            loaded = await self._conversation.ask(load_projects)
        except ServiceError as error:
            self._projects_failed(error)
            return
        projects.placeholder = ("  This account has no projects.",)
        projects.show(loaded)

    def _projects_failed(self, error: ServiceError) -> None:
        if self._projects.count:
            self.notify(f"The projects could not be reloaded. {error}", markup=False)
        else:
            self._projects.placeholder = (
                "  The projects could not be loaded.", f"  {error}", "", "  r  try again",
            )  # fmt: skip
            self._projects.refresh()

    def _open(self, project: Project) -> None:
        """Show a project; load it if that has not been done."""
        if self._view and self._view.project.id != project.id:
            self._view.scroll = round(self._resources.scroll_y)
        self._view = self._views.setdefault(project.id, ProjectView(project))
        self._draw(keep_scroll=True)
        if self._view.listing is None and not self._view.loading:
            self._load(self._view)
        self._go("resources")

    def _load(self, view: ProjectView) -> None:
        if not view.loading:
            view.loading, view.received = True, 0
            self._fetch(view)

    @work(group="listing")
    async def _fetch(self, view: ProjectView) -> None:
        ticking = self.set_interval(PROGRESS_SECONDS, self._show_status)
        self._draw(keep_scroll=True)

        def count(received: int, _expected: int | None) -> None:
            view.received = received

        try:
            listing = await self._conversation.ask(
                lambda neptun, session: load_listing(neptun, session, view.project, count)
            )
        except ServiceError as error:
            view.failure, view.loading = error, False
        else:
            self._keep_place(view)
            view.take(listing)
        finally:
            ticking.stop()
            view.loading = False
        self._draw_if_open(view)

    def _keep_place(self, view: ProjectView) -> None:
        if view is self._view:
            view.scroll = round(self._resources.scroll_y)

    def _draw_if_open(self, view: ProjectView) -> None:
        if view is self._view:
            self._draw(keep_scroll=True)

    def _draw(self, *, keep_scroll: bool = False) -> None:
        """Draw the open project as its view says."""
        if self._view:
            self._resources.placeholder = self._view.placeholder
            self._resources.show(self._view, keep_scroll=keep_scroll)
        self._show_status()

    # The detail pane -------------------------------------------------------------------------

    @on(VirtualList.Moved, "#projects")
    @on(VirtualList.Moved, "#resources")
    def _moved(self) -> None:
        if self._resting:
            self._resting.stop()
        if self._detail.display:
            self._resting = self.set_timer(DETAIL_SECONDS, self._show_detail)

    def _show_detail(self) -> None:
        row = self._view.current if self._view and self._pane != "projects" else None
        if self._view and self._view.listing and row:
            self._detail.show_row(row, self._view.listing)
        elif self._projects.current:
            self._detail.show_project(self._projects.current)

    # Keys ------------------------------------------------------------------------------------

    @on(VirtualList.Opened, "#projects")
    def _project_opened(self) -> None:
        if project := self._projects.current:
            self._open(project)

    @on(VirtualList.Opened, "#resources")
    def _resource_opened(self) -> None:
        row = self._view.current if self._view else None
        match row:
            case Import() | Orphans():
                self._toggle(row.id if isinstance(row, Import) else None)
            case File():
                self.action_preview()

    def _toggle(self, parent: int | None) -> None:
        if self._view and not self._view.how.flat:
            self._view.toggle_open(parent)
            self._redraw()

    def _redraw(self) -> None:
        if self._view:
            self._view.scroll = round(self._resources.scroll_y)
            self._draw(keep_scroll=True)

    def action_back(self) -> None:
        """One step back: the detail, a filter, an open import, the project."""
        view = self._view
        if self._pane == "detail":
            self._go("resources" if view else "projects")
        elif self._pane == "resources" and view:
            if view.step_back():
                self._redraw()
            else:
                self._go("projects")

    def action_next_pane(self) -> None:
        """To the next pane."""
        panes: list[Pane] = ["projects", "resources", "detail"]
        if self._view is None:
            panes.remove("resources")
        self._go(panes[(panes.index(self._pane) + 1) % len(panes)])
        if self._pane == "detail":
            self._show_detail()

    def action_preview(self) -> None:
        """Show the details and the content of the row of the cursor."""
        if self._pane == "detail":
            self.action_back()
            return
        self._show_detail()
        self._go("detail")

    def action_mark(self) -> None:
        """Mark or unmark the row of the cursor and go on to the next."""
        view = self._view
        if view and view.key:
            view.marks ^= {view.key}
            self._resources.refresh_row(view.cursor)
            self._resources.move_to(view.cursor + 1)
            self._show_status()

    def action_mark_all(self) -> None:
        """Mark all rows shown, or unmark them."""
        if self._view:
            self._view.mark_shown()
            self._resources.refresh()
            self._show_status()

    def action_sort(self) -> None:
        """Sort by the next column."""
        if self._view:
            self._view.sort(self._resources.columns)
            self._draw()

    def action_reverse(self) -> None:
        """Turn the order round."""
        if self._view:
            self._view.arrange(replace(self._view.how, reverse=not self._view.how.reverse))
            self._draw()

    def action_flat(self) -> None:
        """Files below their import, or all in one list."""
        if self._view:
            self._view.arrange(replace(self._view.how, flat=not self._view.how.flat))
            self._draw()

    def action_reload(self) -> None:
        """Ask Neptun again."""
        if self._view and self._pane != "projects":
            self._load(self._view)
        else:
            self._load_projects()

    def action_copy_id(self) -> None:
        """Copy the ID, and say it: not every terminal lets a program write its clipboard."""
        if self._pane == "projects":
            found = self._projects.current.id if self._projects.current else None
        else:
            found = self._view.key.id if self._view and self._view.key else None
        if found is not None:
            self.app.copy_to_clipboard(str(found))
            self.notify(f"ID {found}  (copied, if your terminal allows it)", markup=False)

    # The prompt ------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Show only rows that hold a text."""
        if self._view:
            if self._pane == "detail":
                self._go("resources")
            self.query_one(Prompt).ask("filter", "filter", self._view.how.needle)

    def action_go_to(self) -> None:
        """Go to an ID."""
        what = "project ID" if self._pane == "projects" else "ID  (i102 import, f102 file)"
        self.query_one(Prompt).ask("go-to", what)

    @on(Prompt.Changed)
    def _prompt_changed(self, event: Prompt.Changed) -> None:
        if event.purpose == "filter" and self._view:
            self._view.arrange(replace(self._view.how, needle=event.text.strip()))
            self._draw()

    @on(Prompt.Cancelled)
    def _prompt_cancelled(self, event: Prompt.Cancelled) -> None:
        if event.purpose == "filter" and self._view:
            self._view.arrange(replace(self._view.how, needle=""))
            self._draw()
        self._close_prompt()

    @on(Prompt.Answered)
    def _prompt_answered(self, event: Prompt.Answered) -> None:
        hint = self._go_to(event.text) if event.purpose == "go-to" else ""
        if hint:
            self.query_one(Prompt).hint(hint)
        else:
            self._close_prompt()

    def _close_prompt(self) -> None:
        self.query_one(Prompt).close()
        self._go(self._pane)

    def _go_to(self, text: str) -> str:
        """Go to what was typed; what is wrong with it, if it cannot be."""
        if self._pane == "projects":
            return self._projects.find(text)
        if self._view is None:
            return ""
        hint = self._view.find(text)
        if not hint:
            self._pane = "resources"
            self._draw()
        return hint

    # Deleting --------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Delete what is marked, or the row of the cursor, after asking."""
        view = self._view
        if self._conversation.busy:
            self._watch(self._conversation.active)
        elif self._conversation.read_only:
            self.notify("Read-only: nothing can be deleted.", severity="warning", markup=False)
        elif view and view.listing and view.chosen:
            plan = view.plan(self._conversation.account)
            self._confirm(view, plan)

    @work(group="deletion", exclusive=True)
    async def _confirm(self, view: ProjectView, plan: DeletionPlan) -> None:
        """Ask, delete, report; and once more with what is left, if that is wanted."""
        wanted: DeletionPlan | None = plan
        while wanted is not None:
            confirmed = await self.app.push_screen_wait(
                ConfirmScreen(wanted, lambda: self._relist(view), view.hidden_keys)
            )
            if confirmed is None:
                return
            try:
                active = self._conversation.start(confirmed)
            except ReadOnly as error:
                self.notify(str(error), severity="warning", markup=False)
                return
            self._after(active, view)
            wanted = await self.app.push_screen_wait(RunScreen(active))

    async def _relist(self, view: ProjectView) -> Listing:
        return await self._conversation.ask(
            lambda neptun, session: load_listing(neptun, session, view.project)
        )

    @work(group="runs")
    async def _after(self, active: ActiveRun, view: ProjectView) -> None:
        """When a run is over, show what is there now."""
        await active.finished()
        self._load(view)

    def _watch(self, active: ActiveRun | None) -> None:
        if active:
            self.app.push_screen(RunScreen(active))
