"""Requests that the server carries out after every client gave up on them (contract §1).

The listing cannot know of it. What is still there is unknown, and looked at again, until nothing
of it can still be on its way.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import Verdict
from neptun_tui.services.restore_models import RestoreStatus

from .harness import LATER, Harness
from .proxy import Fault, Proxy, Turn
from .server import FaultServer

pytestmark = pytest.mark.usefixtures("at_once")

AFTERWARDS = [
    *(Fault.LATE_REQUEST, Fault.RESET_BEFORE, Fault.FAILED, Fault.ERROR, Fault.GATEWAY),
    *(Fault.UNAVAILABLE, Fault.BUSY, Fault.ACCESS, Fault.REFUSED, Fault.SESSION),
]


@pytest.mark.parametrize("first", [Fault.LATE_REQUEST, Fault.HELD])
@pytest.mark.parametrize("second", AFTERWARDS)
def test_it_is_said_whatever_the_second_try_ended_in(
    first: Fault, second: Fault, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    parent = server.add_import()
    child = server.add_file(parent.id)
    turns = [Turn(first), *[Turn(second)] * 5]
    line.script[f"DELETE imports/{parent.id}"] = deque(turns)
    report = harness.delete(parent)
    assert set(server.rows(1)) == {parent, child}
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN] * 2
    line.release()
    assert set(server.rows(1)) == set()
    assert all(LATER in o.reason for o in report.outcomes), report.outcomes[0].reason


def test_held_delete_is_carried_out_after_the_session_has_ended(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    held = Turn(Fault.HELD, after=server.end_sessions)
    line.script[f"DELETE files/{file.id}"] = deque([held, Turn(Fault.GATEWAY)])
    (outcome,) = harness.delete(file).outcomes
    assert file in server.rows(1)
    assert outcome.verdict is Verdict.UNKNOWN
    line.release()
    assert server.rows(1) == {}


def test_delete_that_the_server_refuses_is_not_held(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    gone = Turn(Fault.HELD, before=lambda: server.remove(file))
    line.script[f"DELETE files/{file.id}"] = deque([gone])
    (outcome,) = harness.delete(file).outcomes
    assert outcome.verdict is Verdict.ALREADY_GONE
    assert line.held == 0


def test_it_is_said_of_a_gateway_that_gave_up_first(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.GATEWAY_LATER)] * 2)
    (outcome,) = harness.delete(file).outcomes
    assert outcome.verdict is Verdict.UNKNOWN
    line.release()
    assert set(server.rows(1)) == set()
    assert LATER in outcome.reason, outcome.reason


def test_it_is_said_by_the_next_start_too(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    listing = harness.listing()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    line.script["GET files"] = deque([Turn(Fault.NULL)] * 9)
    report = harness.finish(harness.begin(harness.plan(listing, {file}), listing))
    assert [o.verdict for o in report.outcomes] == [Verdict.UNKNOWN]
    line.script.clear()
    harness.start_program()
    (settled,) = harness.do(harness.account_session.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.UNKNOWN]
    assert LATER in settled.outcomes[0].reason, settled.outcomes[0].reason
    line.release()
    assert set(server.rows(1)) == set()
    (settled,) = harness.do(harness.account_session.settle_interrupted())
    assert [o.verdict for o in settled.outcomes] == [Verdict.DELETED]
    assert harness.do(harness.account_session.settle_interrupted()) == ()


@pytest.mark.parametrize("fault", [Fault.LATE_REQUEST, Fault.EMPTY_PROMISE])
def test_kept_is_said_fifteen_minutes_after_the_last_byte_and_not_before(
    fault: Fault, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(fault)] * 2)
    (outcome,) = harness.delete(file).outcomes
    assert outcome.verdict is Verdict.UNKNOWN
    for minutes, verdict in ((0, Verdict.UNKNOWN), (14, Verdict.UNKNOWN), (16, Verdict.KEPT)):
        harness.clock = timedelta(minutes=minutes)
        harness.start_program()
        (settled,) = harness.do(harness.account_session.settle_interrupted())
        assert [o.verdict for o in settled.outcomes] == [verdict], minutes
    assert harness.do(harness.account_session.settle_interrupted()) == ()
    assert file in server.rows(1)
    assert "Still listed 15 minutes later" in settled.outcomes[0].reason


def test_a_look_that_finds_nothing_new_makes_the_journal_no_longer(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    harness.delete(file)
    journal = harness.state / "deletions.jsonl"
    size = journal.stat().st_size
    for _ in range(3):
        assert harness.do(harness.account_session.settle_interrupted())[0].news == ()
    assert journal.stat().st_size == size


def test_a_clock_that_was_ahead_keeps_no_run_open_for_a_year(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    harness.clock = timedelta(days=365)
    harness.delete(file)
    for minutes, still in ((0, 1), (14, 1), (16, 0)):
        harness.clock = timedelta(minutes=minutes)
        (settled,) = harness.do(harness.account_session.settle_interrupted())
        assert settled.open == still


def test_a_refusal_that_came_before_it_is_not_the_last_word(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    turns = [Turn(Fault.UNAVAILABLE), Turn(Fault.LATE_REQUEST), Turn(Fault.ERROR)]
    line.script[f"DELETE files/{file.id}"] = deque(turns)
    (outcome,) = harness.delete(file).outcomes
    assert outcome.verdict is Verdict.UNKNOWN
    assert LATER in outcome.reason, outcome.reason


def test_what_the_second_try_took_is_not_reported_from_the_first_look(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    parent, file = server.add_import(), server.add_file()
    listing = harness.listing()
    move = Turn(before=lambda: server.move(file, under=parent.id))
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.BUSY)] * 6)
    line.script[f"DELETE imports/{parent.id}"] = deque([Turn(Fault.ERROR), move])
    report = harness.finish(harness.begin(harness.plan(listing, {parent, file}), listing))
    assert set(server.rows(1)) == set()
    verdicts = {o.target.key: o.verdict for o in report.outcomes}
    assert verdicts[parent] is Verdict.DELETED
    assert verdicts[file] in (Verdict.DELETED, Verdict.ALREADY_GONE), verdicts[file]


def restored(harness: Harness, run_id: str) -> dict[ResourceRef, tuple[RestoreStatus, str]]:
    """Preview and restore a run; both say the same."""
    copy = harness.do(harness.records.load_backup(run_id))
    expected = harness.do(harness.account_session.preview(copy))
    active = harness.do(harness.account_session.restore(copy))
    report = active.report.result(300)
    assert [(o.key, o.result) for o in expected.outcomes] == [
        (o.key, o.result) for o in report.outcomes
    ]
    return {o.key: (o.result, o.reason) for o in report.outcomes}


def posts(server: FaultServer) -> list[str]:
    arrived = list(server.store.arrivals)
    return [a.path for a in arrived if a.method == "POST" and "/resources/" in a.path]


@pytest.mark.parametrize("with_import", [False, True])
def test_a_restore_does_not_say_still_there_of_what_may_yet_be_deleted(
    with_import: bool, harness: Harness, server: FaultServer, line: Proxy
) -> None:
    parent = server.add_import()
    file = server.add_file(parent.id)
    target = parent if with_import else file
    items = {parent, file} if with_import else {file}
    line.script[f"DELETE {target.kind.value}s/{target.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    assert {o.verdict for o in harness.delete(target).outcomes} == {Verdict.UNKNOWN}
    run_id = harness.account_session.active.run.run_id  # type: ignore[union-attr]
    told = restored(harness, run_id)
    assert {key: result for key, (result, _) in told.items()} == dict.fromkeys(
        items, RestoreStatus.UNKNOWN
    )
    assert all("may still be deleted" in reason for _, reason in told.values())
    assert posts(server) == []
    line.release()
    assert not items & set(server.rows(1))
    told = restored(harness, run_id)
    assert {key: result for key, (result, _) in told.items()} == dict.fromkeys(
        items, RestoreStatus.RESTORED
    )
    assert len(posts(server)) >= len(items)


def test_what_is_listed_when_nothing_can_be_on_its_way_is_still_there(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file()
    line.script[f"DELETE files/{file.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    harness.delete(file)
    run_id = harness.account_session.active.run.run_id  # type: ignore[union-attr]
    for minutes, result in ((14, RestoreStatus.UNKNOWN), (16, RestoreStatus.STILL_THERE)):
        harness.clock = timedelta(minutes=minutes)
        assert restored(harness, run_id)[file][0] is result, minutes
    assert posts(server) == []


def test_a_run_that_was_killed_may_yet_delete_what_is_listed(
    harness: Harness, server: FaultServer
) -> None:
    sent, unsent = server.add_file(), server.add_file()
    listing = harness.listing()
    plan = harness.plan(listing, {sent, unsent})
    kept = harness.do(harness.records.keep(plan, listing))
    log = harness.do(harness.records.begin(plan, kept))
    log.intents([sent])
    log.close()
    told = restored(harness, kept.run_id)
    assert {key: result for key, (result, _) in told.items()} == {
        sent: RestoreStatus.UNKNOWN,
        unsent: RestoreStatus.STILL_THERE,
    }


def test_nothing_is_restored_below_an_import_that_may_yet_be_deleted(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    parent = server.add_import()
    file = server.add_file(parent.id)
    harness.delete(file)
    run_id = harness.account_session.active.run.run_id  # type: ignore[union-attr]
    line.script[f"DELETE imports/{parent.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    harness.delete(parent)
    result, reason = restored(harness, run_id)[file]
    assert (result, posts(server)) == (RestoreStatus.NOT_SENT, [])
    assert f"Import {parent.id} is listed and may still be deleted" in reason
    line.release()
    assert restored(harness, run_id)[file][0] is RestoreStatus.RESTORED


def test_what_a_restore_made_may_yet_be_deleted_by_another_run(
    harness: Harness, server: FaultServer, line: Proxy
) -> None:
    file = server.add_file(server.add_import().id)
    harness.delete(file)
    run_id = harness.account_session.active.run.run_id  # type: ignore[union-attr]
    assert restored(harness, run_id)[file][0] is RestoreStatus.RESTORED
    (again,) = (key for key in server.rows(1) if key.kind is Kind.FILE)
    line.script[f"DELETE files/{again.id}"] = deque([Turn(Fault.LATE_REQUEST)] * 2)
    harness.delete(again)
    assert restored(harness, run_id)[file][0] is RestoreStatus.UNKNOWN
