"""Loading of the projects of an account, and of all imports and files of a project."""

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
"""The oldest listing that may confirm a plan."""

T = TypeVar("T")
_GLANCE_SECONDS = 3.0
"""How long a plan waits to know which GitHub installations are connected."""

_Item = TypeVar("_Item", Import, File)


async def load_projects(
    neptun: Neptun, session: Session, progress: Progress | None = None
) -> tuple[Project, ...]:
    """List the projects by ID: the server keeps no order (contract §4).

    Raises:
        ServiceError: the list could not be had. It is never empty instead.
    """
    projects = await neptun.projects(session, progress)
    return tuple(sorted(projects, key=lambda project: project.id))


async def load_listing(
    neptun: Neptun,
    session: Session,
    project: Project,
    progress: Progress | None = None,
    *,
    chosen: Collection[ResourceRef] = (),
    elsewhere: Elsewhere | None = None,
) -> Listing:
    """List one project's imports and files, both at the same time.

    Args:
        neptun: the server.
        session: who asks.
        project: what to list.
        progress: told of the bytes received, both lists together.
        chosen: what a plan names. If an import of a GitHub installation is among it, the
            installations that are connected are listed too.
        elsewhere: files of other projects that go with a plan, as searched before.

    Returns:
        The listing, indexed. When only one of the lists could be had it holds that one, and the
        reason for the other in ``problem``: half is shown as half.

    Raises:
        SessionExpired: the server does not know the session.
        ServiceError: neither list could be had.
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
    if any(
        i.takes_connection and ResourceRef(Kind.IMPORT, i.id) in chosen for i in _by_id(imports)
    ):
        installations = await load_installations(neptun, session, project.id)
    return Listing(
        project,
        _by_id(imports),
        _by_id(files),
        loaded_at,
        problems[0] if problems else None,
        missing if problems else None,
        installations,
        elsewhere,
    ).indexed()


async def load_installations(
    neptun: Neptun, session: Session, project_id: int, seconds: float = _GLANCE_SECONDS
) -> Installations:
    """List the GitHub installations that are connected; None when nobody could say in time."""
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


def _by_id(half: Sequence[_Item] | ServiceError) -> tuple[_Item, ...]:
    return () if isinstance(half, ServiceError) else tuple(sorted(half, key=lambda item: item.id))
