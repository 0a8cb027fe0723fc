"""A request that the server carries out after everybody has stopped waiting for it (contract §1).

The listing cannot know of it. What is still there is unknown, and looked at again, until nothing
of it can be on its way any more.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from neptun_tui.domain.verdicts import Verdict

from .proxy import Fault, Proxy, Turn
from .rig import LATER, Rig
from .stage import Stage

pytestmark = pytest.mark.usefixtures("at_once")

AFTERWARDS = [
    *(Fault.LATE_REQUEST, Fault.RESET_BEFORE, Fault.FAILED, Fault.ERROR, Fault.GATEWAY),
    *(Fault.UNAVAILABLE, Fault.BUSY, Fault.ACCESS, Fault.REFUSED, Fault.SESSION),
]


@pytest.mark.parametrize("second", AFTERWARDS)
def test_it_is_said_whatever_the_second_try_ended_in(
    second: Fault, rig: Rig, stage: Stage, line: Proxy
) -> None:
    parent = stage.add_import()
    child = stage.add_file(parent.id)
    turns = [Turn(Fault.LATE_REQUEST), *[Turn(second)] * 5]
    line.script[f"DELETE imports/{parent.id}"] = deque(turns)
    report = rig.delete(parent)
    assert set(stage.rows(1)) == {parent, child}
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN] * 2
    line.release()
    assert set(stage.rows(1)) == set()
    assert all(LATER in o.reason for o in report.outcomes), report.outcomes[0].reason


def test_it_is_said_of_a_gateway_that_gave_up_first(rig: Rig, stage: Stage, line: Proxy) -> None:
    file = stage.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.GATEWAY_LATER)] * 2)
    (outcome,) = rig.delete(file).outcomes
    assert outcome.verdict is Verdict.UNKNOWN
    line.release()
    assert set(stage.rows(1)) == set()
    assert LATER in outcome.reason, outcome.reason


def test_it_is_said_by_the_next_start_too(rig: Rig, stage: Stage, line: Proxy) -> None:
    file = stage.add_file()
    listing = rig.listing()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    line.script["GET files"] = deque([Turn(Fault.NULL)] * 9)
    report = rig.finish(rig.begin(rig.plan(listing, {file}), listing))
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN]
    line.script.clear()
    rig.start_program()
    (settled,) = rig.do(rig.conversation.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.UNKNOWN]
    assert LATER in settled.outcomes[0].reason, settled.outcomes[0].reason
    line.release()
    assert set(stage.rows(1)) == set()
    (settled,) = rig.do(rig.conversation.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.DELETED]
    assert rig.do(rig.conversation.settle_interrupted()) == ()


@pytest.mark.parametrize("fault", [Fault.LATE_REQUEST, Fault.EMPTY_PROMISE])
def test_kept_is_said_fifteen_minutes_after_the_last_byte_and_not_before(
    fault: Fault, rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(fault)] * 2)
    (outcome,) = rig.delete(file).outcomes
    assert outcome.verdict is Verdict.UNKNOWN
    for minutes, verdict in ((0, Verdict.UNKNOWN), (14, Verdict.UNKNOWN), (16, Verdict.KEPT)):
        rig.clock = timedelta(minutes=minutes)
        rig.start_program()
        (settled,) = rig.do(rig.conversation.settle_interrupted())
        assert [o.verdict for o in settled.outcomes] == [verdict], minutes
    assert rig.do(rig.conversation.settle_interrupted()) == ()
    assert file in stage.rows(1)
    assert "Still listed 15 minutes later" in settled.outcomes[0].reason


def test_a_look_that_finds_nothing_new_makes_the_journal_no_longer(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    rig.delete(file)
    journal = rig.state / "deletions.jsonl"
    size = journal.stat().st_size
    for _ in range(3):
        assert rig.do(rig.conversation.settle_interrupted())[0].news == ()
    assert journal.stat().st_size == size


def test_a_clock_that_was_ahead_keeps_no_run_open_for_a_year(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    rig.clock = timedelta(days=365)
    rig.delete(file)
    for minutes, still in ((0, 1), (14, 1), (16, 0)):
        rig.clock = timedelta(minutes=minutes)
        (settled,) = rig.do(rig.conversation.settle_interrupted())
        assert settled.open == still


def test_a_refusal_that_came_before_it_is_not_the_last_word(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file()
    turns = [Turn(Fault.UNAVAILABLE), Turn(Fault.LATE_REQUEST), Turn(Fault.ERROR)]
    line.script[f"DELETE files/{file.id}"] = deque(turns)
    (outcome,) = rig.delete(file).outcomes
    assert outcome.verdict is Verdict.UNKNOWN
    assert LATER in outcome.reason, outcome.reason


def test_what_the_second_try_took_is_not_reported_from_the_first_look(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    parent, file = stage.add_import(), stage.add_file()
    listing = rig.listing()
    move = Turn(before=lambda: stage.move(file, under=parent.id))
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.BUSY)] * 6)
    line.script[f"DELETE imports/{parent.id}"] = deque([Turn(Fault.ERROR), move])
    report = rig.finish(rig.begin(rig.plan(listing, {parent, file}), listing))
    assert set(stage.rows(1)) == set()
    verdicts = {o.target.key: o.verdict for o in report.outcomes}
    assert verdicts[parent] is Verdict.DELETED
    assert verdicts[file] in (Verdict.DELETED, Verdict.ALREADY_GONE), verdicts[file]
