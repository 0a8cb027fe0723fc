"""Snapshot of a project taken after the deletes, to verify them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from neptun_tui.api.retry import retry
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    OutcomeUnknown,
    ServerFailed,
    ServiceError,
    SessionExpired,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.plan import PlanItem
from neptun_tui.domain.resources import Kind
from neptun_tui.services.ports import Neptun
from neptun_tui.storage.process import exhausted

_TRIES = 3
_PASSING = (Unreachable, OutcomeUnknown, Busy, ServerFailed, UnusableAnswer)
"""Failures of a listing that may be over in a moment; a lost session is not among them."""

Parents = Mapping[int, int | None]
"""Each file's ID with the ID of its import."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was there at one moment; None where nobody could say.

    Attributes:
        imports: with their own ID as the value.
        files: with the ID of their import.
        signed_out: the server did not know the session.
        trouble: why something could not be listed that may be listed in a moment.
        taken: for each kind, a moment before its listing was made: it shows no older state.
        elsewhere: the files of other projects, by their ID.
    """

    imports: Parents | None = None
    files: Parents | None = None
    signed_out: bool = False
    trouble: ServiceError | None = None
    taken: Mapping[Kind, datetime] = field(default_factory=dict)
    elsewhere: Mapping[int, Sight] = field(default_factory=dict)

    def of(self, kind: Kind) -> Parents | None:
        """All that is there of one kind."""
        return self.imports if kind is Kind.IMPORT else self.files

    def has(self, target: PlanItem) -> bool | None:
        """Whether an item is in its own project."""
        there = self._around(target).of(target.key.kind)
        return None if there is None else target.key.id in there

    def taken_of(self, target: PlanItem) -> datetime | None:
        """Return a moment before the listing that shows whether an item is there."""
        return self._around(target).taken.get(target.key.kind)

    def _around(self, target: PlanItem) -> Sight:
        return self.elsewhere.get(target.project_id, self)

    def below(self, import_id: int) -> frozenset[int]:
        """The IDs of the files under an import, as far as they could be listed."""
        return frozenset(f for f, parent in (self.files or {}).items() if parent == import_id)

    def or_else(self, older: Sight) -> Sight:
        """This, with what an older look has had of a kind that could not be listed now."""
        return Sight(
            older.imports if self.imports is None else self.imports,
            older.files if self.files is None else self.files,
            self.signed_out,
            self.trouble,
            {**older.taken, **self.taken},
            {
                number: self.elsewhere.get(number, Sight()).or_else(sight)
                for number, sight in older.elsewhere.items()
            },
        )


async def look(
    neptun: Neptun,
    session: Session,
    project_id: int,
    kinds: Collection[Kind],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    others: Collection[int] = (),
) -> Sight:
    """List some kinds of a project, each on its own: one that fails takes nothing from the other.

    Args:
        neptun: the server.
        session: who asks.
        project_id: the project.
        kinds: what to list; of the others nothing is known afterwards.
        now: the time, in UTC.
        others: other projects whose files are listed too, one after the other.
    """
    sight = await _look_at(neptun, session, project_id, kinds, now)
    found = {n: await _look_at(neptun, session, n, {Kind.FILE}, now) for n in others}
    every = (sight, *found.values())
    trouble = next((each.trouble for each in every if each.trouble), None)
    expired = any(each.signed_out for each in every)
    return replace(sight, signed_out=expired, trouble=trouble, elsewhere=found)


async def _look_at(
    neptun: Neptun,
    session: Session,
    project_id: int,
    kinds: Collection[Kind],
    now: Callable[[], datetime],
) -> Sight:
    moment = now()

    async def imports() -> Parents:
        return {item.id: item.id for item in await neptun.imports(session, project_id)}

    async def files() -> Parents:
        return {file.id: file.import_id for file in await neptun.files(session, project_id)}

    asked = {Kind.IMPORT: imports, Kind.FILE: files}
    wanted = [kind for kind in Kind if kind in kinds]
    answers = await asyncio.gather(
        *(retry(asked[kind], tries=_TRIES, errors=_PASSING) for kind in wanted),
        return_exceptions=True,
    )
    got: dict[Kind, Parents] = {}
    for kind, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, BaseException):
            # What this machine has too little memory to read could not be listed either.
            if not isinstance(answer, ServiceError) and not exhausted(answer):
                raise answer
        else:
            got[kind] = answer
    if any(isinstance(a, AccessDenied) for a in answers) and await _is_gone(
        neptun, session, project_id
    ):
        return Sight({}, {}, taken=dict.fromkeys(Kind, moment))
    expired = any(isinstance(answer, SessionExpired) for answer in answers)
    trouble = next((answer for answer in answers if isinstance(answer, _PASSING)), None)
    taken = dict.fromkeys(got, moment)
    return Sight(got.get(Kind.IMPORT), got.get(Kind.FILE), expired, trouble, taken)


async def _is_gone(neptun: Neptun, session: Session, project_id: int) -> bool:
    """Whether the account's list of projects has this one no more, and so nothing in it.

    The list of an account that was deleted is empty (recorded exchange 9.03).
    """
    try:
        projects = await retry(lambda: neptun.projects(session), tries=_TRIES, errors=_PASSING)
    except ServiceError:
        return False
    return all(project.id != project_id for project in projects)
