"""Settling of open runs by the next start, when its own listing fails."""

from __future__ import annotations

import contextlib
from collections import deque

import pytest

from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.results import Verdict

from .proxy import Fault, Proxy, Turn
from .rig import Rig
from .stage import Stage

pytestmark = pytest.mark.usefixtures("at_once")


def left_open(rig: Rig, stage: Stage, line: Proxy, project: int) -> ResourceRef:
    """Leave a run without a listing: carried out, with unknown results."""
    file = stage.add_file(project=project)
    listing = rig.listing(project)
    line.script["GET files"] = deque([Turn(Fault.ERROR)] * 3)
    report = rig.finish(rig.begin(rig.plan(listing, {file}), listing))
    assert report.count(Verdict.UNKNOWN) == 1
    return file


@pytest.mark.parametrize("fails", [1, 2])
def test_a_run_is_not_closed_without_being_told_of(
    fails: int, rig: Rig, stage: Stage, line: Proxy
) -> None:
    left_open(rig, stage, line, 1)
    left_open(rig, stage, line, 2)
    rig.start_program()
    line.script["GET files"] = deque([*[Turn()] * (fails - 1), Turn(Fault.ERROR)])
    told = set()
    for _ in range(3):
        try:
            told |= {each.run.run_id for each in rig.do(rig.account_session.settle_interrupted())}
        except ServiceError:
            continue
    assert told == {run.record.run_id for run in rig.do(rig.records.runs())}


def test_one_project_that_cannot_be_listed_holds_up_no_other(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    left_open(rig, stage, line, 1)
    left_open(rig, stage, line, 2)
    rig.start_program()
    line.script["GET files"] = deque([Turn(Fault.ERROR)])
    (told,) = rig.do(rig.account_session.settle_interrupted())
    assert [o.verdict for o in told.outcomes] == [Verdict.DELETED]


def test_a_project_that_is_gone_took_its_items_along(rig: Rig, stage: Stage, line: Proxy) -> None:
    left_open(rig, stage, line, 2)
    stage.remove_project(2)
    rig.start_program()
    (told,) = rig.do(rig.account_session.settle_interrupted())
    assert [o.verdict for o in told.outcomes] == [Verdict.DELETED]


def test_a_run_without_its_journal_does_not_start(rig: Rig, stage: Stage) -> None:
    file = stage.add_file()
    plan = rig.plan(rig.listing(), {file})
    with contextlib.suppress(ValueError, TypeError, RuntimeError):
        rig.finish(rig.account_session.start(plan, None))
    assert stage.deletes == []
