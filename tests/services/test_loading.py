"""Loading: complete, or the missing part is reported; a failed half never looks empty."""

from __future__ import annotations

import asyncio
from itertools import repeat
from typing import Any

import pytest

from neptun_tui.api.progress import Progress
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    AccessDenied,
    OutcomeUnknown,
    ServerFailed,
    SessionExpired,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.services.loading import load_listing
from neptun_tui.services.projects import load_projects

PROJECT = Project(1, "Storefront")
FAILURES = [
    *(Unreachable("no"), OutcomeUnknown("no"), ServerFailed("no", status=404)),
    *(UnusableAnswer("no"), AccessDenied("no", status=401)),
]


async def test_projects_come_by_id_whatever_the_servers_order(
    fake: type[Any], session: Session
) -> None:
    neptun = fake()
    neptun.projects_ = [Project(n, "") for n in (3, 1, 21, 2)]
    assert [p.id for p in await load_projects(neptun, session)] == [1, 2, 3, 21]


async def test_imports_and_files_come_by_id_whatever_the_servers_order(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([103, 101, 102], {9: 101, 1: 103, 5: None})
    listing = await load_listing(neptun, session, PROJECT)
    assert [item.id for item in listing.imports] == [101, 102, 103]
    assert [file.id for file in listing.files] == [1, 5, 9]
    assert (listing.project, listing.problem, listing.missing) == (PROJECT, None, None)
    assert listing.find(ResourceRef(Kind.FILE, 9)) is listing.files[2]


async def test_an_empty_project_is_empty_without_a_problem(
    fake: type[Any], session: Session
) -> None:
    listing = await load_listing(fake(), session, PROJECT)
    assert (listing.imports, listing.files, listing.problem) == ((), (), None)


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
async def test_half_a_listing_is_shown_as_half_and_says_why(
    fake: type[Any], session: Session, failure: Exception
) -> None:
    neptun = fake([101], {1: 101, 2: None})
    neptun.import_lists = repeat(failure)
    listing = await load_listing(neptun, session, PROJECT)
    assert (listing.problem, listing.missing) == (failure, Kind.IMPORT)
    assert ([*listing.imports], [file.id for file in listing.files]) == ([], [1, 2])

    neptun.import_lists, neptun.file_lists = repeat(None), repeat(failure)
    listing = await load_listing(neptun, session, PROJECT)
    assert (listing.problem, listing.missing) == (failure, Kind.FILE)
    assert ([item.id for item in listing.imports], [*listing.files]) == ([101], [])


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
async def test_when_neither_half_can_be_had_there_is_an_error_and_no_listing(
    fake: type[Any], session: Session, failure: Exception
) -> None:
    neptun = fake([101], {1: 101})
    neptun.import_lists = neptun.file_lists = repeat(failure)
    with pytest.raises(type(failure)):
        await load_listing(neptun, session, PROJECT)


@pytest.mark.parametrize("half", ["import_lists", "file_lists"])
@pytest.mark.parametrize("other", [None, *FAILURES], ids=repr)
async def test_a_lost_session_is_told_before_any_other_problem(
    fake: type[Any], session: Session, half: str, other: Exception | None
) -> None:
    neptun = fake([101], {1: 101})
    neptun.import_lists = neptun.file_lists = repeat(other)
    setattr(neptun, half, repeat(SessionExpired("Sign in again.", status=401)))
    with pytest.raises(SessionExpired):
        await load_listing(neptun, session, PROJECT)


async def test_a_list_of_projects_that_fails_is_an_error_and_not_empty(
    fake: type[Any], session: Session
) -> None:
    neptun = fake()
    neptun.alive = {"another cookie": 1}
    with pytest.raises(SessionExpired):
        await load_projects(neptun, session)


class Metered:
    """Lists in pieces, with both calls under way at the same time."""

    def __init__(self, imports: list[tuple[int, int | None]], files: list[tuple[int, int | None]]):
        self.pieces = {Kind.IMPORT: imports, Kind.FILE: files}
        self.together = asyncio.Barrier(2)

    async def imports(self, session: Session, number: int, progress: Progress) -> list[Import]:
        return await self._tell(Kind.IMPORT, progress)

    async def files(self, session: Session, number: int, progress: Progress) -> list[File]:
        return await self._tell(Kind.FILE, progress)

    async def _tell(self, kind: Kind, progress: Progress) -> list[Any]:
        async with asyncio.timeout(5):
            await self.together.wait()  # one after the other would never get past this
        for got, expected in self.pieces[kind]:
            progress(got, expected)
            await asyncio.sleep(0)
        return []


async def test_the_progress_of_both_lists_adds_up(session: Session) -> None:
    neptun: Any = Metered([(10, 30), (30, 30)], [(100, 1000), (1000, 1000)])
    told: list[tuple[int, int | None]] = []
    await load_listing(neptun, session, PROJECT, lambda *step: told.append(step))
    assert told[0][1] is None  # one list alone does not say how much is to come
    assert told[-1] == (1030, 1030)
    assert [got for got, _ in told] == sorted(got for got, _ in told)


async def test_how_much_is_to_come_is_not_guessed(session: Session) -> None:
    neptun: Any = Metered([(10, 30), (30, 30)], [(100, None), (1000, None)])
    told: list[tuple[int, int | None]] = []
    await load_listing(neptun, session, PROJECT, lambda *step: told.append(step))
    assert told[-1] == (1030, None)
    assert {whole for _, whole in told} == {None}
