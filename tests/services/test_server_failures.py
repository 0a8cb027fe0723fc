"""Runs whose project vanishes, session expires, or server fails or is unreachable."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.domain.account import Secret, Session
from neptun_tui.domain.errors import AccessDenied, OutcomeUnknown, ServerFailed, Unreachable
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Import, Kind
from neptun_tui.domain.results import Verdict
from neptun_tui.services.brake import FAILURES
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.job import Phase
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.journal import RunLog

NETWORK = Unreachable("No way to the server.")
DENIED = AccessDenied("Not yours, or not there.", status=401)
FAILED = ServerFailed("The server failed.", status=500)
BROKEN_OFF = OutcomeUnknown("The connection broke off.")


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


def many(fake: type[Any], count: int) -> Any:
    return fake([], dict.fromkeys(range(1, count + 1)))


# --- the project is gone


@pytest.mark.parametrize("gone", [True, False])
async def test_a_project_that_vanishes_is_settled_by_the_list_of_projects(
    fake: type[Any], session: Session, gone: bool
) -> None:
    neptun = many(fake, 4)
    plan = neptun.plan()
    neptun.replies = {f(1): [(None, True)], f(2): [(BROKEN_OFF, True)], f(3): [(DENIED, True)]}
    neptun.replies[f(4)] = [(DENIED, True)]
    neptun.file_lists = repeat(DENIED)
    if gone:
        neptun.projects_ = []
    report = await DeletionRun(session, plan).run(neptun)
    told = [outcome.verdict for outcome in report.outcomes]
    if gone:
        assert told == [Verdict.DELETED] * 2 + [Verdict.ALREADY_GONE] * 2
        assert report.checked
    else:
        assert told == [Verdict.UNKNOWN] * 4


# --- the session ends


@pytest.mark.parametrize("lost_after", range(1, 9))
async def test_a_run_goes_on_after_a_new_sign_in(
    fake: type[Any], session: Session, lost_after: int
) -> None:
    neptun = many(fake, 8)
    renewed = Session(session.account, Secret("a-new-cookie"))
    asked: list[Session] = []
    seen = 0

    async def lose(_: ResourceRef) -> None:
        nonlocal seen
        seen += 1
        if seen == lost_after:
            neptun.alive = {"a-new-cookie": 7}

    async def renew(ended: Session) -> Session:
        asked.append(ended)
        return renewed

    neptun.before_delete = lose
    report = await DeletionRun(session, neptun.plan(), renew=renew).run(neptun)
    assert report.all_gone
    assert asked == [session]
    assert not report.signed_out
    assert neptun.left == set()
    assert all(neptun.sent.count(key) <= 2 for key in set(neptun.sent))


async def test_a_run_whose_person_does_not_sign_in_again_ends(
    fake: type[Any], session: Session
) -> None:
    neptun = many(fake, 3)
    neptun.alive = {"another": 9}

    asked: list[Session] = []

    async def renew(ended: Session) -> None:
        asked.append(ended)

    report = await DeletionRun(session, neptun.plan(), renew=renew).run(neptun)
    assert report.signed_out
    assert asked == [session]  # and not again for the listing
    assert {outcome.reason for outcome in report.outcomes} <= {
        *("Sign in again.", "Not sent: the session had ended."),
    }
    assert {outcome.verdict for outcome in report.outcomes} == {Verdict.NOT_SENT}


async def test_a_listing_that_met_the_end_of_the_session_is_made_again(
    fake: type[Any], session: Session
) -> None:
    neptun = many(fake, 2)
    renewed = Session(session.account, Secret("a-new-cookie"))

    async def renew(_: Session) -> Session:
        return renewed

    async def lose(key: ResourceRef) -> None:
        if key == f(2):
            neptun.alive = {"throw-away-cookie": 7, "a-new-cookie": 7}

    lists = neptun._list

    def end_before_the_list(*what: Any) -> None:
        neptun.alive.pop("throw-away-cookie", None)
        lists(*what)

    neptun.before_delete = lose
    neptun._list = end_before_the_list
    report = await DeletionRun(session, neptun.plan(), renew=renew).run(neptun)
    assert report.all_gone
    assert report.checked


# --- the server fails, or is out of reach


@pytest.mark.parametrize("error", [FAILED, BROKEN_OFF])
async def test_a_server_that_fails_ten_times_in_a_row_is_not_asked_a_thousand_times(
    fake: type[Any], session: Session, waits: list[float], error: Any
) -> None:
    neptun = many(fake, 1_000)
    plan = neptun.plan()
    neptun.replies = {step.target.key: [(error, False)] * 9 for step in plan.steps}
    run = DeletionRun(session, plan)
    report = await run.run(neptun)
    assert FAILURES <= len(neptun.sent) <= FAILURES + 6 + 6
    assert "in a row failed" in report.halted
    assert report.count(Verdict.NOT_SENT) == 1_000 - len(neptun.sent)
    untried = {o.reason for o in report.outcomes if o.verdict is Verdict.NOT_SENT}
    assert untried == {report.halted}
    assert sum(waits) >= 600
    assert report.rest()


async def test_a_server_that_recovers_during_the_pause_gets_the_rest(
    fake: type[Any], session: Session
) -> None:
    neptun = many(fake, 200)
    plan = neptun.plan()
    failing = [step.target.key for step in plan.steps][: FAILURES + 2]
    neptun.replies = {key: [(FAILED, False)] for key in failing}
    phases: set[Phase] = set()
    run = DeletionRun(session, plan, in_flight=2)
    wait = run._wait

    async def look(seconds: float) -> None:
        phases.add(run.progress.phase)
        assert run.progress.paused
        assert "in a row" in run.progress.why
        await wait(seconds)

    run._wait = look  # type: ignore[method-assign]
    report = await run.run(neptun)
    assert report.all_gone
    assert phases == {Phase.PAUSED}


async def test_a_stop_ends_a_pause(fake: type[Any], session: Session) -> None:
    neptun = many(fake, 100)
    plan = neptun.plan()
    neptun.replies = {step.target.key: [(FAILED, False)] * 9 for step in plan.steps}
    run = DeletionRun(session, plan, in_flight=1)

    async def stop(_: float) -> None:
        run.stop()

    run._wait = stop  # type: ignore[method-assign]
    report = await run.run(neptun)
    assert report.stopped
    assert len(neptun.sent) == FAILURES


@pytest.mark.parametrize("fails", [1, 7, 30])
async def test_an_outage_is_waited_for(
    fake: type[Any], session: Session, waits: list[float], fails: int
) -> None:
    neptun = many(fake, 50)
    plan = neptun.plan()
    left = fails

    async def be_away(_: ResourceRef) -> None:
        nonlocal left
        if left:
            left -= 1
            raise NETWORK

    neptun.before_delete = be_away
    report = await DeletionRun(session, plan, outage_seconds=60).run(neptun)
    assert report.all_gone, report.halted
    assert not report.halted
    assert sum(waits) < 120


async def test_an_outage_that_lasts_longer_ends_the_run_and_sends_nothing(
    fake: type[Any], session: Session
) -> None:
    neptun = many(fake, 1_000)
    plan = neptun.plan()
    neptun.replies = {step.target.key: [(NETWORK, False)] * 99 for step in plan.steps}
    report = await DeletionRun(session, plan, outage_seconds=60).run(neptun)
    assert report.count(Verdict.NOT_SENT) == 1_000
    assert len(neptun.sent) < 100
    assert str(NETWORK) in report.halted


async def test_a_listing_waits_for_the_end_of_an_outage(fake: type[Any], session: Session) -> None:
    neptun = many(fake, 2)
    neptun.file_lists = chain([NETWORK] * 12, repeat(None))
    report = await DeletionRun(session, neptun.plan(), outage_seconds=60).run(neptun)
    assert report.all_gone


# --- this machine gives out after the last DELETE

SPENT = [MemoryError(), RuntimeError("can't start new thread"), OSError(errno.EMFILE, "no files")]
AFTER = ["renew_context", "project", "live_context", "projects", "installations"]


@pytest.mark.parametrize("error", SPENT, ids=repr)
@pytest.mark.parametrize("call", AFTER)
async def test_a_machine_that_gives_out_after_the_deletes_still_gives_the_report(
    fake: type[Any], session: Session, call: str, error: Exception
) -> None:
    neptun = many(fake, 4)
    neptun.replies = {f(1): [(None, True)], f(2): [(DENIED, True)]}
    asked: list[str] = []

    async def give_out(*_: object) -> Any:
        asked.append(call)
        raise error

    setattr(neptun, call, give_out)
    if call == "live_context":
        neptun.renewals = repeat((None, False))
    plan = neptun.plan(f(1), f(2), f(3))
    if call == "installations":
        neptun.imports_[9] = Import(9, 1, "github_repository_installation", "a/b")
        plan = replace(
            neptun.plan(f(1), f(2), f(3), ResourceRef(Kind.IMPORT, 9)), installations=None
        )
    report = await DeletionRun(session, plan).run(neptun)
    assert asked
    told = {outcome.target.key.id: outcome.verdict for outcome in report.outcomes}
    assert told.pop(2) is Verdict.ALREADY_GONE
    assert set(told.values()) == {Verdict.DELETED}
    assert report.context
    assert report.context_failed == (call != "installations")
    assert "This " in f"{report.journal_error}{report.context.reason}"


@pytest.mark.parametrize("error", SPENT, ids=repr)
@pytest.mark.parametrize("method", ["verdicts", "renewing", "context", "end"])
async def test_a_journal_that_this_machine_has_no_means_for_is_settled_later(
    fake: type[Any],
    session: Session,
    tmp_path: Path,
    method: str,
    error: Exception,
    monkeypatch: Any,
) -> None:
    neptun = many(fake, 3)
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    plan = neptun.plan()
    kept = await records.keep(plan, Listing(plan.project, (), (), datetime.now(UTC)), backup=False)

    def give_out(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(RunLog, method, give_out)
        report = await DeletionRun(session, plan, records=records, kept=kept).run(neptun)
    assert report.all_gone
    assert report.journal_error or report.context_failed
    if method in ("verdicts", "end"):
        (run,) = await records.open_runs()
        assert run.run_id == kept.run_id
