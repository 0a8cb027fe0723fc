"""Projects pane of the browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from textual import work
from textual.message import Message
from textual.worker import Worker

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InvalidId, ServiceError
from neptun_tui.domain.resources import Project, parse_id
from neptun_tui.services.account_session import AccountSession
from neptun_tui.tui.screen import REDRAW_SECONDS
from neptun_tui.tui.widgets.layout import Field
from neptun_tui.tui.widgets.table import ColumnList, Span


class ProjectList(ColumnList):
    """List of all projects of the account, by ID."""

    FIELDS = (
        Field("ID", 5, right=True),
        Field("Name", 0),
        Field("Kind", 11, leaves=2),
        Field("Language", 10, leaves=3),
        Field("Description", 30, leaves=1),
        Field("Updated", 10, right=True, leaves=4),
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.projects: tuple[Project, ...] = ()
        self._now = datetime.now(UTC)

    def show(self, projects: tuple[Project, ...]) -> None:
        """Show these projects; the cursor stays on its project if that still exists."""
        here = self.current.id if self.current else None
        self.projects = projects
        self._now = datetime.now(UTC)
        places = {project.id: index for index, project in enumerate(projects)}
        self.set_rows(len(projects), places.get(here, 0) if here else 0)

    @property
    def current(self) -> Project | None:
        """Project under the cursor."""
        return self.projects[self.cursor] if self.projects else None

    def find(self, text: str) -> str:
        """Move the cursor to the project with a typed ID.

        Returns:
            The error, in words; empty when the cursor is there.
        """
        try:
            wanted = parse_id(text)
        except InvalidId as error:
            return str(error)
        for index, project in enumerate(self.projects):
            if project.id == wanted:
                self.move_to(index)
                return ""
        return f"No project {wanted}."

    def cell(self, index: int, field: Field) -> Span:
        """Return a cell of one project."""
        project = self.projects[index]
        match field.title:
            case "ID":
                return str(project.id), "accent"
            case "Name":
                return safe_text.clean_name(project.name, 400), ""
            case "Kind":
                return safe_text.clean(project.type or "–", 40), "dim"
            case "Language":
                return safe_text.clean(project.main_language or "–", 40), "dim"
            case "Description":
                return safe_text.clean(project.description or "", 200), "dim"
            case _:
                return safe_text.age(project.updated_at or project.created_at, self._now), "dim"


class ProjectsPane(ProjectList):
    """Projects pane; its projects stay until a newer list is complete."""

    @dataclass
    class LoadChanged(Message):
        """Start or end of a load."""

        loading: bool

    class Loaded(Message):
        """End of a successful load."""

    def __init__(self, account_session: AccountSession) -> None:
        super().__init__(id="projects")
        self._account_session = account_session
        self._fetching: Worker[None] | None = None

    @property
    def is_loading(self) -> bool:
        """Tell whether a load is running."""
        return self._fetching is not None

    def load(self) -> None:
        """Load the projects, restarting a running load."""
        self._set(self._fetch())

    def _set(self, fetching: Worker[None] | None) -> None:
        self._fetching = fetching
        self.post_message(self.LoadChanged(fetching is not None))

    def stop_loading(self) -> None:
        """Cancel the running load, if any."""
        if self._fetching:
            self._fetching.cancel()
            self._fail(ServiceError("You stopped the load."))

    @work(exclusive=True)
    async def _fetch(self) -> None:
        received = 0

        def count(so_far: int, _expected: int | None) -> None:
            nonlocal received
            received = so_far

        def tell() -> None:
            if not self.count:
                self.say(f"Loading projects… {safe_text.size(received) if received else ''}")

        tell()
        ticking = self.set_interval(REDRAW_SECONDS, tell)
        try:
            projects = await self._account_session.projects(count)
        except ServiceError as error:
            self._fail(error)
            return
        finally:
            ticking.stop()
        self._set(None)
        self.say("This account has no projects.")
        self.show(projects)
        self.post_message(self.Loaded())

    def _fail(self, error: ServiceError) -> None:
        self._set(None)
        if self.count:
            said = f"Not reloaded: these are the projects as they were. {error}"
            self.notify(said, severity="warning", markup=False)
        else:
            self.say("The projects could not be loaded.", f"{error}", "", "Reload to retry.")
