"""Requests that the server carries out after every client gave up on them (contract §1).

The listing cannot know of it. What is still there is unknown, and looked at again, until nothing
of it can be on its way any more.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import Verdict
from neptun_tui.services.restore_models import RestoreStatus

from .proxy import Fault, Proxy, Turn
from .rig import LATER, Rig
from .stage import Stage

pytestmark = pytest.mark.usefixtures("at_once")

AFTERWARDS = [
    *(Fault.LATE_REQUEST, Fault.RESET_BEFORE, Fault.FAILED, Fault.ERROR, Fault.GATEWAY),
    *(Fault.UNAVAILABLE, Fault.BUSY, Fault.ACCESS, Fault.REFUSED, Fault.SESSION),
]


@pytest.mark.parametrize("first", [Fault.LATE_REQUEST, Fault.HELD])
@pytest.mark.parametrize("second", AFTERWARDS)
def test_it_is_said_whatever_the_second_try_ended_in(
    first: Fault, second: Fault, rig: Rig, stage: Stage, line: Proxy
) -> None:
    parent = stage.add_import()
    child = stage.add_file(parent.id)
    turns = [Turn(first), *[Turn(second)] * 5]
    line.script[f"DELETE imports/{parent.id}"] = deque(turns)
    report = rig.delete(parent)
    assert set(stage.rows(1)) == {parent, child}
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN] * 2
    line.release()
    assert set(stage.rows(1)) == set()
    assert all(LATER in o.reason for o in report.outcomes), report.outcomes[0].reason


def test_held_delete_is_carried_out_after_the_session_has_ended(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file()
    held = Turn(Fault.HELD, after=stage.end_sessions)
    line.script[f"DELETE files/{file.id}"] = deque([held, Turn(Fault.GATEWAY)])
    (outcome,) = rig.delete(file).outcomes
    assert file in stage.rows(1)
    assert outcome.verdict is Verdict.UNKNOWN
    line.release()
    assert stage.rows(1) == {}


def test_delete_that_the_server_refuses_is_not_held(rig: Rig, stage: Stage, line: Proxy) -> None:
    file = stage.add_file()
    gone = Turn(Fault.HELD, before=lambda: stage.remove(file))
    line.script[f"DELETE files/{file.id}"] = deque([gone])
    (outcome,) = rig.delete(file).outcomes
    assert outcome.verdict is Verdict.ALREADY_GONE
    assert line.held == 0


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
    (settled,) = rig.do(rig.account_session.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.UNKNOWN]
    assert LATER in settled.outcomes[0].reason, settled.outcomes[0].reason
    line.release()
    assert set(stage.rows(1)) == set()
    (settled,) = rig.do(rig.account_session.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.DELETED]
    assert rig.do(rig.account_session.settle_interrupted()) == ()


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
        (settled,) = rig.do(rig.account_session.settle_interrupted())
        assert [o.verdict for o in settled.outcomes] == [verdict], minutes
    assert rig.do(rig.account_session.settle_interrupted()) == ()
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
        assert rig.do(rig.account_session.settle_interrupted())[0].news == ()
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
        (settled,) = rig.do(rig.account_session.settle_interrupted())
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


def restored(rig: Rig, run_id: str) -> dict[ResourceRef, tuple[RestoreStatus, str]]:
    """Preview and restore a run; both say the same."""
    copy = rig.do(rig.records.copy(run_id))
    expected = rig.do(rig.account_session.preview(copy))
    active = rig.do(rig.account_session.restore(copy))
    report = active.report.result(300)
    assert [(o.key, o.fate) for o in expected.outcomes] == [
        (o.key, o.fate) for o in report.outcomes
    ]
    return {o.key: (o.fate, o.reason) for o in report.outcomes}


def posts(stage: Stage) -> list[str]:
    arrived = list(stage.store.arrivals)
    return [a.path for a in arrived if a.method == "POST" and "/resources/" in a.path]


@pytest.mark.parametrize("with_import", [False, True])
def test_a_restore_does_not_say_still_there_of_what_may_yet_be_deleted(
    with_import: bool, rig: Rig, stage: Stage, line: Proxy
) -> None:
    parent = stage.add_import()
    file = stage.add_file(parent.id)
    target = parent if with_import else file
    items = {parent, file} if with_import else {file}
    line.script[f"DELETE {target.kind.value}s/{target.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    assert {o.verdict for o in rig.delete(target).outcomes} == {Verdict.UNKNOWN}
    run_id = rig.account_session.active.run.run_id  # type: ignore[union-attr]
    told = restored(rig, run_id)
    assert {key: fate for key, (fate, _) in told.items()} == dict.fromkeys(
        items, RestoreStatus.UNKNOWN
    )
    assert all("may still be deleted" in reason for _, reason in told.values())
    assert posts(stage) == []
    line.release()
    assert not items & set(stage.rows(1))
    told = restored(rig, run_id)
    assert {key: fate for key, (fate, _) in told.items()} == dict.fromkeys(
        items, RestoreStatus.RESTORED
    )
    assert len(posts(stage)) >= len(items)


def test_what_is_listed_when_nothing_can_be_on_its_way_is_still_there(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    rig.delete(file)
    run_id = rig.account_session.active.run.run_id  # type: ignore[union-attr]
    for minutes, fate in ((14, RestoreStatus.UNKNOWN), (16, RestoreStatus.STILL_THERE)):
        rig.clock = timedelta(minutes=minutes)
        assert restored(rig, run_id)[file][0] is fate, minutes
    assert posts(stage) == []


def test_a_run_that_was_killed_may_yet_delete_what_is_listed(rig: Rig, stage: Stage) -> None:
    sent, unsent = stage.add_file(), stage.add_file()
    listing = rig.listing()
    plan = rig.plan(listing, {sent, unsent})
    kept = rig.do(rig.records.keep(plan, listing))
    log = rig.do(rig.records.begin(plan, kept))
    log.intents([sent])
    log.close()
    told = restored(rig, kept.run_id)
    assert {key: fate for key, (fate, _) in told.items()} == {
        sent: RestoreStatus.UNKNOWN,
        unsent: RestoreStatus.STILL_THERE,
    }


def test_nothing_is_restored_below_an_import_that_may_yet_be_deleted(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    parent = stage.add_import()
    file = stage.add_file(parent.id)
    rig.delete(file)
    run_id = rig.account_session.active.run.run_id  # type: ignore[union-attr]
    line.script[f"DELETE imports/{parent.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    rig.delete(parent)
    fate, reason = restored(rig, run_id)[file]
    assert (fate, posts(stage)) == (RestoreStatus.NOT_SENT, [])
    assert f"Import {parent.id} is listed and may still be deleted" in reason
    line.release()
    assert restored(rig, run_id)[file][0] is RestoreStatus.RESTORED


def test_what_a_restore_made_may_yet_be_deleted_by_another_run(
    rig: Rig, stage: Stage, line: Proxy
) -> None:
    file = stage.add_file(stage.add_import().id)
    rig.delete(file)
    run_id = rig.account_session.active.run.run_id  # type: ignore[union-attr]
    assert restored(rig, run_id)[file][0] is RestoreStatus.RESTORED
    (again,) = (key for key in stage.rows(1) if key.kind is Kind.FILE)
    line.script[f"DELETE files/{again.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    rig.delete(again)
    assert restored(rig, run_id)[file][0] is RestoreStatus.UNKNOWN
