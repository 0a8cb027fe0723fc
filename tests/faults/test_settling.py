"""Settling of open runs by the next start, when its own listing fails."""

from __future__ import annotations

import contextlib
from collections import deque

import pytest

from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.results import Verdict

from .harness import Harness
from .proxy import Fault, Proxy, Turn
from .server import FaultServer

pytestmark = pytest.mark.usefixtures("at_once")


def left_open(harness: Harness, server: FaultServer, line: Proxy, project: int) -> ResourceRef:
    """Leave a run without a listing: carried out, with unknown results."""
    file = server.add_file(project=project)
    listing = harness.listing(project)
    line.script["GET files"] = deque([Turn(Fault.ERROR)] * 3)
    report = harness.finish(harness.begin(harness.plan(listing, {file}), listing))
    assert report.count(Verdict.UNKNOWN) == 1
    return file


@pytest.mark.parametrize("fails", [1, 2])
def test_a_run_is_not_closed_without_being_told_of(
    fails: int, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    left_open(harness, server, line, 1)
    left_open(harness, server, line, 2)
    harness.start_program()
    line.script["GET files"] = deque([*[Turn()] * (fails - 1), Turn(Fault.ERROR)])
    told = set()
    for _ in range(3):
        try:
            told |= {
                each.run.run_id for each in harness.do(harness.account_session.settle_interrupted())
            }
        except ServiceError:
            continue
    assert told == {run.record.run_id for run in harness.do(harness.records.runs())}


def test_one_project_that_cannot_be_listed_holds_up_no_other(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    left_open(harness, server, line, 1)
    left_open(harness, server, line, 2)
    harness.start_program()
    line.script["GET files"] = deque([Turn(Fault.ERROR)])
    (told,) = harness.do(harness.account_session.settle_interrupted())
    assert [o.verdict for o in told.outcomes] == [Verdict.DELETED]


def test_a_project_that_is_gone_took_its_items_along(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    left_open(harness, server, line, 2)
    server.remove_project(2)
    harness.start_program()
    (told,) = harness.do(harness.account_session.settle_interrupted())
    assert [o.verdict for o in told.outcomes] == [Verdict.DELETED]


def test_a_run_without_its_journal_does_not_start(harness: Harness, server: FaultServer) -> None:
    file = server.add_file()
    plan = harness.plan(harness.listing(), {file})
    with contextlib.suppress(ValueError, TypeError, RuntimeError):
        harness.finish(harness.account_session.start(plan, None))
    assert server.deletes == []
