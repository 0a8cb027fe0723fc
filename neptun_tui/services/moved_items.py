"""Find items that were moved to another project, and files of other projects in a cascade."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import ServiceError, SessionExpired
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import Elsewhere, ResourceRef
from neptun_tui.domain.resources import File, Kind, Project
from neptun_tui.services.loading import load_listing
from neptun_tui.services.ports import Neptun

_MOST_PROJECTS = 50
"""Maximum number of projects to search: each costs up to four lists."""


async def find_moved_items(
    neptun: Neptun, session: Session, keys: Collection[ResourceRef], not_in: int
) -> Mapping[ResourceRef, int]:
    """Find items in the account's other projects.

    The old path of a moved import has the same response as that of a deleted one (recorded
    exchanges 3.25 and 3.30q), so only the other projects' lists can distinguish them.

    Args:
        neptun: the server.
        session: the account's session.
        keys: refs of the items to find; without any, no request is sent.
        not_in: ID of the project that was searched already.

    Returns:
        The ID of the project for each item that was found.

    Raises:
        ServiceError: a list failed.
    """
    found: dict[ResourceRef, int] = {}
    if not keys:
        return found
    others = [p.id for p in await neptun.projects(session) if p.id != not_in]
    for project_id in others[:_MOST_PROJECTS]:
        missing = set(keys) - set(found)
        if not missing:
            break
        here = await _keys_in(neptun, session, project_id, {key.kind for key in missing})
        found.update(dict.fromkeys(missing & here, project_id))
    return found


async def _keys_in(
    neptun: Neptun, session: Session, project_id: int, kinds: Collection[Kind]
) -> set[ResourceRef]:
    keys: set[ResourceRef] = set()
    if Kind.IMPORT in kinds:
        imports = await neptun.imports(session, project_id)
        keys |= {ResourceRef(Kind.IMPORT, item.id) for item in imports}
    if Kind.FILE in kinds:
        keys |= {
            ResourceRef(Kind.FILE, file.id) for file in await neptun.files(session, project_id)
        }
    return keys


_AT_ONCE = 3
"""Concurrent lists: each contains all contents of its project."""

_SEARCH_SECONDS = 20.0


async def find_files_elsewhere(
    neptun: Neptun,
    session: Session,
    project_id: int,
    imports: Collection[int],
    seconds: float = _SEARCH_SECONDS,
) -> Elsewhere:
    """Find the files of other projects in the cascade of some imports (contract §6).

    It may take long, so call it before the listing of the project itself.

    Args:
        neptun: the server.
        session: the account's session.
        project_id: ID of the imports' project.
        imports: their IDs; without any, no request is sent.
        seconds: time-out of all lists together.

    Returns:
        The files with their projects, and the number of projects that were not searched.

    Raises:
        SessionExpired: the session is not valid.
        ServiceError: the list of projects failed.
    """
    if not imports:
        return Elsewhere()
    others = [p for p in await neptun.projects(session) if p.id != project_id]
    slots = asyncio.Semaphore(_AT_ONCE)
    found: dict[int, list[File]] = {}

    async def search(project: Project) -> None:
        async with slots:
            try:
                files = await neptun.files(session, project.id)
            except SessionExpired:
                raise
            except ServiceError:
                return
        found[project.id] = [file for file in files if file.import_id in imports]

    searches = [asyncio.create_task(search(project)) for project in others[:_MOST_PROJECTS]]
    try:
        if searches:
            done, _ = await asyncio.wait(
                searches, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            for each in done:
                each.result()
    finally:
        for each in searches:
            each.cancel()
        await asyncio.gather(*searches, return_exceptions=True)
    with_files = sorted((p for p in others if found.get(p.id)), key=lambda project: project.id)
    files = tuple(file for project in with_files for file in found[project.id])
    return Elsewhere(tuple(with_files), files, len(others) - len(found))


async def load_for_plan(
    neptun: Neptun, session: Session, project: Project, chosen: Collection[ResourceRef]
) -> Listing:
    """List a project, and the files of other projects in the cascade of the chosen imports.

    The search comes first, because it may take long and the listing has to be fresh.

    Raises:
        SessionExpired: the session is not valid.
        ServiceError: the listing, or the list of projects, failed.
    """
    imports = {key.id for key in chosen if key.kind is Kind.IMPORT}
    found = await find_files_elsewhere(neptun, session, project.id, imports)
    return await load_listing(neptun, session, project, chosen=chosen, elsewhere=found)
