"""Loading of all imports and files of a project."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from neptun_tui.api.progress import Progress, ProgressSum
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import ServiceError, SessionExpired
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import Elsewhere, ResourceRef
from neptun_tui.domain.resources import File, Import, Installations, Kind, Project
from neptun_tui.services.ports import Neptun

FRESH_SECONDS = 10.0
"""Maximum age in seconds of a listing that may confirm a plan."""

T = TypeVar("T")
_GLANCE_SECONDS = 3.0
"""Seconds that a plan waits for the list of connected GitHub installations."""

_Item = TypeVar("_Item", Import, File)


async def load_listing(
    neptun: Neptun,
    session: Session,
    project: Project,
    progress: Progress | None = None,
    *,
    chosen: Collection[ResourceRef] = (),
    elsewhere: Elsewhere | None = None,
) -> Listing:
    """List the imports and files of a project concurrently.

    Args:
        neptun: the server.
        session: the account's session.
        project: the project to list.
        progress: called with the number of bytes received, for both lists together.
        chosen: items of a plan. If they include an import of a GitHub installation, the connected
            installations are listed too.
        elsewhere: files of other projects in the cascade of a plan, as found before.

    Returns:
        The indexed listing. If one of the lists failed, it contains the other one, and the reason
        in ``problem``.

    Raises:
        SessionExpired: the session is not valid.
        ServiceError: both lists failed.
    """
    shares = ProgressSum(progress, 2)
    imports, files = await asyncio.gather(
        _attempt(neptun.imports, session, project.id, shares.share(0)),
        _attempt(neptun.files, session, project.id, shares.share(1)),
    )
    problems = [half for half in (imports, files) if isinstance(half, ServiceError)]
    expired = next((error for error in problems if isinstance(error, SessionExpired)), None)
    if expired or len(problems) == 2:
        raise expired or problems[0]
    missing = Kind.IMPORT if isinstance(imports, ServiceError) else Kind.FILE
    loaded_at = datetime.now(UTC)
    installations = None
    if any(i.takes_connection and ResourceRef(Kind.IMPORT, i.id) in chosen for i in by_id(imports)):
        installations = await load_installations(neptun, session, project.id)
    return Listing(
        project,
        by_id(imports),
        by_id(files),
        loaded_at,
        problems[0] if problems else None,
        missing if problems else None,
        installations,
        elsewhere,
    ).indexed()


async def load_installations(
    neptun: Neptun, session: Session, project_id: int, seconds: float = _GLANCE_SECONDS
) -> Installations:
    """List the connected GitHub installations; None if the request failed or timed out."""
    try:
        async with asyncio.timeout(seconds):
            return tuple(await neptun.installations(session, project_id))
    except (ServiceError, TimeoutError):
        return None


async def _attempt(
    ask: Callable[[Session, int, Progress | None], Awaitable[list[T]]],
    session: Session,
    project_id: int,
    progress: Progress | None,
) -> list[T] | ServiceError:
    try:
        return await ask(session, project_id, progress)
    except ServiceError as error:
        return error


def by_id(half: Sequence[_Item] | ServiceError) -> tuple[_Item, ...]:
    """Return listed items sorted by ID; none for a list that failed."""
    return () if isinstance(half, ServiceError) else tuple(sorted(half, key=lambda item: item.id))
