"""Every fault of a single request: its result, and the server's state."""

from __future__ import annotations

from collections import deque

import pytest

from neptun_tui.domain.results import Verdict

from .harness import Harness
from .proxy import Fault, Proxy, Turn
from .server import FaultServer

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
def test_one_fault_and_then_a_good_line(
    fault: Fault, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    parent = server.add_import()
    child, other = server.add_file(parent.id), server.add_file()
    line.script[f"DELETE imports/{parent.id}"] = deque([Turn(fault)])
    report = harness.delete(parent)
    verdict, sent = ONCE[fault]
    assert [o.verdict for o in report.outcomes] == [verdict, verdict]
    assert [p.label for p in line.log].count(f"DELETE imports/{parent.id}") == sent
    gone = verdict is Verdict.DELETED
    assert set(server.rows(1)) == ({other} if gone else {parent, child, other})
    assert report.signed_out is (fault is Fault.SESSION)


@pytest.mark.parametrize("fault", ALWAYS)
def test_a_fault_that_stays(
    fault: Fault, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(fault)] * 9)
    (outcome,) = harness.delete(file).outcomes
    assert outcome.verdict is ALWAYS[fault]
    assert outcome.reason
    assert file in server.rows(1)
    assert bool(server.deletes) is (fault is Fault.HELD)


LISTS = [
    *(Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.CUT_HEAD, Fault.CUT_BODY, Fault.LATE_ANSWER),
    *(Fault.SESSION, Fault.ACCESS, Fault.MISSING, Fault.FAILED, Fault.REFUSED, Fault.BUSY),
    *(Fault.ERROR, Fault.GATEWAY, Fault.UNAVAILABLE),
    *(Fault.TRUNCATED, Fault.LOGIN_WALL, Fault.NOTHING, Fault.NULL),
]


@pytest.mark.parametrize("fault", LISTS)
def test_a_listing_that_fails_decides_nothing(
    fault: Fault, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    gone, stays = server.add_file(), server.add_file()
    listing = harness.listing()
    line.script["GET files"] = deque([Turn(fault)] * 9)
    line.script[f"DELETE files/{stays.id}"] = deque([Turn(Fault.ERROR)])
    report = harness.finish(harness.begin(harness.plan(listing, {gone, stays}), listing))
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert set(server.rows(1)) == {stays}
    line.script.clear()
    (settled,) = harness.do(harness.account_session.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.DELETED, Verdict.KEPT]


def test_a_server_that_is_not_there_gets_nothing(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    parent, file = server.add_import(), server.add_file()
    listing = harness.listing()
    plan = harness.plan(listing, {parent, file})
    line.down()
    report = harness.finish(harness.begin(plan, listing))
    assert [o.verdict for o in report.outcomes] == [Verdict.NOT_SENT] * 2
    assert server.deletes == []
