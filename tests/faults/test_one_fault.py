"""Every fault of a single request: its result, and the server's state."""

from __future__ import annotations

from collections import deque

import pytest

from neptun_tui.domain.results import Verdict

from .proxy import Fault, Proxy, Turn
from .rig import Rig
from .stage import Stage

pytestmark = pytest.mark.usefixtures("at_once")

ONCE = {
    Fault.PASS: (Verdict.DELETED, 1),
    Fault.RESET_BEFORE: (Verdict.DELETED, 2),
    Fault.RESET_AFTER: (Verdict.DELETED, 1),
    Fault.CUT_HEAD: (Verdict.DELETED, 1),
    Fault.CUT_BODY: (Verdict.DELETED, 1),
    Fault.LATE_ANSWER: (Verdict.DELETED, 1),
    Fault.LATE_REQUEST: (Verdict.DELETED, 2),
    Fault.HELD: (Verdict.DELETED, 2),
    Fault.SESSION: (Verdict.NOT_SENT, 1),
    Fault.ACCESS: (Verdict.KEPT, 1),
    Fault.WORDLESS: (Verdict.KEPT, 1),
    Fault.MISSING: (Verdict.KEPT, 1),
    Fault.FAILED: (Verdict.DELETED, 2),
    Fault.REFUSED: (Verdict.KEPT, 1),
    Fault.BUSY: (Verdict.DELETED, 2),
    Fault.BUSY_NOW: (Verdict.DELETED, 2),
    Fault.ERROR: (Verdict.DELETED, 2),
    Fault.GATEWAY: (Verdict.DELETED, 2),
    Fault.GATEWAY_DONE: (Verdict.DELETED, 1),
    Fault.GATEWAY_LATER: (Verdict.DELETED, 2),
    Fault.UNAVAILABLE: (Verdict.DELETED, 2),
    Fault.EMPTY_PROMISE: (Verdict.UNKNOWN, 1),
}
"""Result after one such response, and the number of DELETEs sent."""

ALWAYS = {
    Fault.RESET_BEFORE: Verdict.UNKNOWN,
    Fault.LATE_REQUEST: Verdict.UNKNOWN,
    Fault.HELD: Verdict.UNKNOWN,
    Fault.FAILED: Verdict.KEPT,
    Fault.BUSY: Verdict.NOT_SENT,
    Fault.BUSY_NOW: Verdict.NOT_SENT,
    Fault.ERROR: Verdict.KEPT,
    Fault.GATEWAY: Verdict.UNKNOWN,
    Fault.UNAVAILABLE: Verdict.UNKNOWN,
}


@pytest.mark.parametrize("fault", ONCE)
def test_one_fault_and_then_a_good_line(fault: Fault, rig: Rig, stage: Stage, line: Proxy) -> None:
    parent = stage.add_import()
    child, other = stage.add_file(parent.id), stage.add_file()
    line.script[f"DELETE imports/{parent.id}"] = deque([Turn(fault)])
    report = rig.delete(parent)
    verdict, sent = ONCE[fault]
    assert [o.verdict for o in report.outcomes] == [verdict, verdict]
    assert [p.label for p in line.log].count(f"DELETE imports/{parent.id}") == sent
    gone = verdict is Verdict.DELETED
    assert set(stage.rows(1)) == ({other} if gone else {parent, child, other})
    assert report.signed_out is (fault is Fault.SESSION)


@pytest.mark.parametrize("fault", ALWAYS)
def test_a_fault_that_stays(fault: Fault, rig: Rig, stage: Stage, line: Proxy) -> None:
    file = stage.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(fault)] * 9)
    (outcome,) = rig.delete(file).outcomes
    assert outcome.verdict is ALWAYS[fault]
    assert outcome.reason
    assert file in stage.rows(1)
    assert bool(stage.deletes) is (fault is Fault.HELD)


LISTS = [
    *(Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.CUT_HEAD, Fault.CUT_BODY, Fault.LATE_ANSWER),
    *(Fault.SESSION, Fault.ACCESS, Fault.MISSING, Fault.FAILED, Fault.REFUSED, Fault.BUSY),
    *(Fault.ERROR, Fault.GATEWAY, Fault.UNAVAILABLE),
    *(Fault.TRUNCATED, Fault.LOGIN_WALL, Fault.NOTHING, Fault.NULL),
]


@pytest.mark.parametrize("fault", LISTS)
def test_a_listing_that_fails_decides_nothing(
    fault: Fault, rig: Rig, stage: Stage, line: Proxy
) -> None:
    gone, stays = stage.add_file(), stage.add_file()
    listing = rig.listing()
    line.script["GET files"] = deque([Turn(fault)] * 9)
    line.script[f"DELETE files/{stays.id}"] = deque([Turn(Fault.ERROR)])
    report = rig.finish(rig.begin(rig.plan(listing, {gone, stays}), listing))
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert set(stage.rows(1)) == {stays}
    line.script.clear()
    (settled,) = rig.do(rig.account_session.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.DELETED, Verdict.KEPT]


def test_a_server_that_is_not_there_gets_nothing(rig: Rig, stage: Stage, line: Proxy) -> None:
    parent, file = stage.add_import(), stage.add_file()
    listing = rig.listing()
    plan = rig.plan(listing, {parent, file})
    line.down()
    report = rig.finish(rig.begin(plan, listing))
    assert [o.verdict for o in report.outcomes] == [Verdict.NOT_SENT] * 2
    assert stage.deletes == []
