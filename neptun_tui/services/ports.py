"""Protocols of what the services need from the layers below; tests pass in their own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from neptun_tui.api.progress import Progress
from neptun_tui.domain.account import Secret, Session
from neptun_tui.domain.resources import File, Import, Installation, Project, StoredContext


class Neptun(Protocol):
    """One Neptun server. Every call raises :class:`~neptun_tui.domain.errors.ServiceError`."""

    async def greet(self) -> datetime | None:
        """Find out whether this is a Neptun; the time by its clock."""

    async def sign_in(self, email: str, password: Secret) -> Session:
        """Sign in with a password."""

    async def session_from_cookie(self, cookie: Secret) -> Session:
        """Find out whose session a cookie is."""

    async def sign_out(self, session: Session) -> None:
        """Tell the server; it revokes nothing (contract §3)."""

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
        """Have the stored context of a project made anew; returning means accepted, not stored."""

    async def live_context(self, session: Session, project_id: int) -> StoredContext:
        """Get the fingerprints of a context made just now."""

    async def prompt(self, session: Session, project_id: int) -> dict[str, Any]:
        """Get what a prompt would be given of a project."""

    async def prompt_markdown(self, session: Session, project_id: int) -> str:
        """Get the same as Markdown."""

    async def delete_import(self, session: Session, project_id: int, import_id: int) -> None:
        """Ask for an import to be deleted; returning means accepted, not done."""

    async def delete_file(self, session: Session, project_id: int, file_id: int) -> None:
        """Ask for a file to be deleted; returning means accepted, not done."""

    async def create_import(self, session: Session, project_id: int, item: Import) -> Import:
        """Post an import; it comes back with its new ID."""

    async def create_file(
        self, session: Session, project_id: int, file: File, import_id: int | None
    ) -> File:
        """Post a file under an import; it comes back with its new ID."""

    async def change_import(
        self, session: Session, project_id: int, import_id: int, changes: Mapping[str, Any]
    ) -> None:
        """Change fields of an import, by their names on the wire."""

    async def create_project(self, session: Session, project: Project) -> Project:
        """Post a project; it comes back with its new ID."""

    async def change_project(
        self, session: Session, project_id: int, changes: Mapping[str, Any]
    ) -> None:
        """Change fields of a project, by their names on the wire."""

    async def aclose(self) -> None:
        """Close all connections."""


T = TypeVar("T")
Call = Callable[[Neptun, Session], Coroutine[Any, Any, T]]
"""What is asked in somebody's name: ``lambda neptun, session: neptun.projects(session)``."""
