"""The list of projects."""

from __future__ import annotations

from datetime import UTC, datetime

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InvalidId
from neptun_tui.domain.resources import Project, parse_id
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field
from neptun_tui.tui.widgets.virtual_list import Span


class ProjectList(ColumnList):
    """All projects of the account, by ID."""

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
        """Draw these projects; the cursor stays on its project if that is still there."""
        here = self.current.id if self.current else None
        self.projects = projects
        self._now = datetime.now(UTC)
        places = {project.id: index for index, project in enumerate(projects)}
        self.set_rows(len(projects), places.get(here, 0) if here else 0)

    @property
    def current(self) -> Project | None:
        """The project of the cursor."""
        return self.projects[self.cursor] if self.projects else None

    def find(self, text: str) -> str:
        """Put the cursor on the project with the ID that was typed.

        Returns:
            What is wrong with it, in words; empty when the cursor is there.
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
        """What is known of one project."""
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
