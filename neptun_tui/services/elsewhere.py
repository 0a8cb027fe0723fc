"""Looking for items that are not where they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from neptun_tui.domain.account import Session
from neptun_tui.domain.deletion import Key
from neptun_tui.domain.resources import Kind
from neptun_tui.services.ports import Neptun

_MOST_PROJECTS = 50
"""Projects that are looked through: each costs up to four lists."""


async def find_elsewhere(
    neptun: Neptun, session: Session, keys: Collection[Key], not_in: int
) -> Mapping[Key, int]:
    """Find items in the account's other projects.

    An import that was moved answers its old path as one that is gone does (recorded exchanges 3.25
    and 3.30q), so only the other projects' lists can tell the two apart.

    Args:
        neptun: the server.
        session: whose projects.
        keys: what to look for; nothing is asked when there is none.
        not_in: the project that has been looked through already.

    Returns:
        The ID of the project in which each was found; those that were not found are left out.

    Raises:
        ServiceError: a list could not be had.
    """
    found: dict[Key, int] = {}
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
) -> set[Key]:
    keys: set[Key] = set()
    if Kind.IMPORT in kinds:
        imports = await neptun.imports(session, project_id)
        keys |= {Key(Kind.IMPORT, item.id) for item in imports}
    if Kind.FILE in kinds:
        keys |= {Key(Kind.FILE, file.id) for file in await neptun.files(session, project_id)}
    return keys
