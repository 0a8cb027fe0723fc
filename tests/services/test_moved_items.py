"""Bounds of the search for files of other projects, and its report."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from neptun_tui.domain.errors import ServerFailed
from neptun_tui.domain.resources import File, Project
from neptun_tui.services.moved_items import find_files_elsewhere

NEVER, FAILS = "never", "fails"


class Lists:
    """Projects 1 to n, with one file below import 7 in each; some lists fail or never end."""

    def __init__(self, count: int, **how: int) -> None:
        self.count, self.how = count, {number: name for name, number in how.items()}
        self.asked: list[int] = []

    async def projects(self, _session: Any) -> list[Project]:
        return [Project(number, f"p{number}") for number in range(1, self.count + 1)]

    async def files(self, _session: Any, number: int) -> list[File]:
        self.asked.append(number)
        if self.how.get(number) == FAILS:
            raise ServerFailed("No list.", status=404)
        if self.how.get(number) == NEVER:
            await asyncio.Event().wait()
        return [File(number, number, 7, "a", "a", "x", "text")]


@pytest.mark.parametrize(
    ("lists", "seconds", "unsearched", "found"),
    [
        (Lists(4), 20.0, 0, [2, 3, 4]),
        (Lists(4, fails=3), 20.0, 1, [2, 4]),
        (Lists(4, never=2), 0.5, 1, [3, 4]),
        (Lists(61), 20.0, 10, [*range(2, 52)]),
    ],
)
async def test_what_was_not_searched_is_counted(
    lists: Any, seconds: float, unsearched: int, found: list[int]
) -> None:
    answer = await find_files_elsewhere(lists, None, 1, {7}, seconds)  # type: ignore[arg-type]
    assert (answer.unsearched, [file.project_id for file in answer.files]) == (unsearched, found)
    assert [project.id for project in answer.projects] == found
    assert 1 not in lists.asked
