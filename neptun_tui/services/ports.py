"""Protocol of the Neptun client, as the services use it; tests pass in fakes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from neptun_tui.api.progress import Progress
from neptun_tui.domain.account import Secret, Session
from neptun_tui.domain.resources import File, Import, Installation, Project, StoredContext


class Neptun(Protocol):
    """Client of one Neptun server. Failures are :class:`~neptun_tui.domain.errors.ServiceError`."""

    async def greet(self) -> datetime | None:
        """Check that the server is a Neptun; return the time of its clock."""

    async def sign_in(self, email: str, password: Secret) -> Session:
        """Sign in with a password."""

    async def session_from_cookie(self, cookie: Secret) -> Session:
        """Return the session of a cookie, with its account."""

    async def sign_out(self, session: Session) -> None:
        """Sign out at the server; it revokes nothing (contract §3)."""

    async def projects(self, session: Session, progress: Progress | None = None) -> list[Project]:
        """List all projects."""

    async def imports(
        self, session: Session, project_id: int, progress: Progress | None = None
    ) -> list[Import]:
        """List the imports of every source type."""

    async def files(
        self, session: Session, project_id: int, progress: Progress | None = None
    ) -> list[File]:
        """List all files, with their contents."""

    async def installations(self, session: Session, project_id: int) -> list[Installation]:
        """List the GitHub installations that are connected to a project."""

    async def project(self, session: Session, project_id: int) -> Project:
        """Get one project, with the fingerprints of its stored context."""

    async def renew_context(self, session: Session, project_id: int) -> StoredContext:
        """Renew the stored context of a project; success means accepted, not stored."""

    async def live_context(self, session: Session, project_id: int) -> StoredContext:
        """Get the fingerprints of a context that the server builds now."""

    async def prompt(self, session: Session, project_id: int) -> dict[str, Any]:
        """Get the context of a project for a prompt, as JSON."""

    async def prompt_markdown(self, session: Session, project_id: int) -> str:
        """Get the context of a project for a prompt, as Markdown."""

    async def delete_import(self, session: Session, project_id: int, import_id: int) -> None:
        """Delete an import; success means accepted, not done."""

    async def delete_file(self, session: Session, project_id: int, file_id: int) -> None:
        """Delete a file; success means accepted, not done."""

    async def create_import(self, session: Session, project_id: int, item: Import) -> Import:
        """Create an import; return it with its new ID."""

    async def create_file(
        self, session: Session, project_id: int, file: File, import_id: int | None
    ) -> File:
        """Create a file in an import; return it with its new ID."""

    async def change_import(
        self, session: Session, project_id: int, import_id: int, changes: Mapping[str, Any]
    ) -> None:
        """Change fields of an import, named as in the JSON of the API."""

    async def create_project(self, session: Session, project: Project) -> Project:
        """Create a project; return it with its new ID."""

    async def change_project(
        self, session: Session, project_id: int, changes: Mapping[str, Any]
    ) -> None:
        """Change fields of a project, named as in the JSON of the API."""

    async def aclose(self) -> None:
        """Close all connections."""


T = TypeVar("T")
Call = Callable[[Neptun, Session], Coroutine[Any, Any, T]]
"""Request with a session: ``lambda neptun, session: neptun.projects(session)``."""
