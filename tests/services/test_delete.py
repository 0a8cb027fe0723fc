"""Deletion runs: exactly the confirmed requests, and only results that a listing verifies."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.domain.account import Secret, Session
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    OutcomeUnknown,
    ReadOnly,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, make_plan
from neptun_tui.domain.resources import File, Kind, Project
from neptun_tui.domain.results import Outcome, Report, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.job import Phase
from neptun_tui.services.loading import load_listing

from ..builders import examples

D, A, K, U, N = (
    *(Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.KEPT, Verdict.UNKNOWN, Verdict.NOT_SENT),
)

NETWORK = Unreachable("No way to the server.")
BROKEN_OFF = OutcomeUnknown("The connection broke off.")
FAILED_404 = ServerFailed("The database failed.", status=404)
FAILED_500 = ServerFailed("The server failed.", status=500)
DENIED = AccessDenied("Not yours, or not there.", status=401)
REFUSED = Rejected("Refused as it is.", status=400)
GATEWAY = ServerFailed("The gateway gave up.", status=504)
NO_NEPTUN = UnusableAnswer("Not a Neptun.", status=502)
EXPIRED = SessionExpired("Sign in again.", status=401)
SLOW_DOWN = Busy("Come back later.", status=429)
UNAVAILABLE = Busy("Come back later.", status=503)

DONE, UNDONE = True, False


def i(number: int) -> ResourceRef:
    return ResourceRef(Kind.IMPORT, number)


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


def verdicts(report: Report) -> dict[ResourceRef, Verdict]:
    """Return the result of each item, after checking that each has exactly one, in plan order."""
    assert [o.target for o in report.outcomes] == list(report.plan.targets)
    return {outcome.target.key: outcome.verdict for outcome in report.outcomes}


# --- one item, each row of evidence


EVIDENCE = [
    ([(None, DONE)], None, D, 1),
    ([(None, UNDONE)], None, U, 1),
    ([(None, DONE)], FAILED_500, U, 1),
    ([(NETWORK, UNDONE)] * 9, None, N, 3),
    ([(NETWORK, UNDONE)] * 9, NETWORK, N, 3),
    ([(NETWORK, UNDONE)] * 2 + [(None, DONE)], None, D, 3),
    ([(EXPIRED, UNDONE)] * 9, None, N, 1),
    ([(NETWORK, UNDONE), (EXPIRED, UNDONE)], EXPIRED, N, 2),
    ([(DENIED, DONE)], None, A, 1),
    ([(DENIED, UNDONE)] * 9, None, K, 1),
    ([(DENIED, UNDONE)] * 9, BROKEN_OFF, U, 1),
    ([(REFUSED, UNDONE)] * 9, None, K, 1),
    ([(REFUSED, UNDONE)] * 9, FAILED_404, K, 1),
    *(
        row
        for error, still_listed in (
            *((BROKEN_OFF, U), (FAILED_404, K), (FAILED_500, K), (GATEWAY, U), (NO_NEPTUN, U)),
        )
        for row in (
            ([(error, DONE)], None, D, 1),
            ([(error, UNDONE), (None, DONE)], None, D, 2),
            ([(error, UNDONE), (error, DONE)], None, D, 2),
            ([(error, UNDONE)] * 9, None, still_listed, 2),
            ([(error, DONE)], NETWORK, U, 1),
            ([(error, UNDONE)] * 9, NO_NEPTUN, U, 1),
        )
    ),
    ([(BROKEN_OFF, UNDONE), (DENIED, DONE)], None, D, 2),
    ([(SLOW_DOWN, UNDONE)] * 9, None, N, 3),
    ([(SLOW_DOWN, UNDONE)] * 9, FAILED_500, N, 3),
    ([(SLOW_DOWN, UNDONE), (None, DONE)], None, D, 2),
    ([(UNAVAILABLE, UNDONE), (None, DONE)], None, D, 2),
    ([(UNAVAILABLE, UNDONE)] * 3, NETWORK, U, 3),
]


@pytest.mark.parametrize("key", [f(2), i(101)], ids=["a file", "an import"])
@pytest.mark.parametrize(("replies", "listing", "verdict", "sent"), EVIDENCE, ids=str)
async def test_the_answers_and_the_listing_give_the_verdict(
    fake: type[Any],
    session: Session,
    key: ResourceRef,
    replies: list[tuple[ServiceError | None, bool]],
    listing: ServiceError | None,
    verdict: Verdict,
    sent: int,
) -> None:
    neptun = fake([101], {1: 101, 2: None})
    neptun.replies[key] = list(replies)
    neptun.import_lists = neptun.file_lists = repeat(listing)
    report = await DeletionRun(session, neptun.plan(key)).run(neptun)
    assert set(verdicts(report).values()) == {verdict}
    assert neptun.sent == [key] * sent
    assert report.signed_out is any(error is EXPIRED for error, _ in replies)
    assert not report.stopped
    for outcome in report.outcomes:
        assert bool(outcome.reason) is (verdict is not D)


async def test_what_a_cascade_took_is_told_one_by_one(fake: type[Any], session: Session) -> None:
    neptun = fake([101], {1: 101, 2: 101, 3: 101})
    plan = neptun.plan(i(101))
    neptun.remove(f(2))
    neptun.replies[i(101)] = [(None, UNDONE)]
    neptun.imports_.pop(101)  # gone, and for once without all of its files
    neptun.files_.pop(1)
    report = await DeletionRun(session, plan).run(neptun)
    assert verdicts(report) == {i(101): D, f(1): D, f(2): D, f(3): U}
    assert neptun.sent == [i(101)]


async def test_file_missing_below_an_import_that_is_still_listed_was_not_deleted_by_the_run(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101, 2: 101})
    plan = neptun.plan(i(101))
    neptun.remove(f(1))
    neptun.replies[i(101)] = [(None, UNDONE)]
    report = await DeletionRun(session, plan).run(neptun)
    assert verdicts(report) == {i(101): U, f(1): A, f(2): U}


@pytest.mark.parametrize("error", [FAILED_404, BROKEN_OFF, GATEWAY], ids=str)
async def test_failed_import_with_unconfirmed_files_is_not_sent_again(
    fake: type[Any], session: Session, error: ServiceError
) -> None:
    neptun = fake([101], {1: 101})
    plan = neptun.plan(i(101))
    neptun.files_[9] = File(9, 1, 101, "late.txt")
    neptun.replies[i(101)] = [(error, UNDONE), (None, DONE)]
    report = await DeletionRun(session, plan).run(neptun)
    assert neptun.sent == [i(101)]
    assert f(9) in neptun.left
    verdict = K if error is FAILED_404 else U
    assert verdicts(report) == {i(101): verdict, f(1): verdict}
    if verdict is K:
        assert "got files that were not confirmed" in report.outcomes[0].reason


@pytest.mark.parametrize("late", [None, 101, 102])
async def test_failed_import_with_unconfirmed_files_elsewhere_is_not_sent_again(
    fake: type[Any], session: Session, late: int | None
) -> None:
    neptun = fake([101], {1: 101})
    neptun.projects_.append(Project(2, "Other"))
    plan = replace(neptun.plan(i(101)), unsearched=0)
    list_here = neptun.files
    others = [File(9, 2, late, "late.txt")]

    async def files(session: Session, project_id: int) -> list[File]:
        return others if project_id == 2 else await list_here(session, project_id)

    neptun.files = files
    neptun.replies[i(101)] = [(FAILED_404, UNDONE), (None, DONE)]
    report = await DeletionRun(session, plan).run(neptun)
    again = late != 101
    assert neptun.sent == [i(101)] * (2 if again else 1)
    assert verdicts(report) == dict.fromkeys((i(101), f(1)), D if again else K)
    if not again:
        assert "files of other projects that were not confirmed" in report.outcomes[0].reason


async def test_failed_import_is_not_sent_again_when_other_projects_cannot_be_searched(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101})
    neptun.projects_.append(Project(2, "Other"))
    plan = replace(neptun.plan(i(101)), unsearched=0)
    list_here = neptun.files

    async def files(session: Session, project_id: int) -> list[File]:
        if project_id == 2:
            raise FAILED_500
        return await list_here(session, project_id)

    neptun.files = files
    neptun.replies[i(101)] = [(FAILED_404, UNDONE), (None, DONE)]
    report = await DeletionRun(session, plan).run(neptun)
    assert neptun.sent == [i(101)]
    assert verdicts(report) == {i(101): K, f(1): K}


async def test_files_that_disappear_without_being_planned_are_reported(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101, 2: None, 3: None, 4: 101})
    plan = neptun.plan(i(101))
    bystanders = plan.unplanned(list(neptun.files_.values()))
    assert [target.key for target in bystanders] == [f(2), f(3)]

    async def lose(_: ResourceRef) -> None:
        neptun.remove(f(3))

    neptun.before_delete = lose
    report = await DeletionRun(session, plan, bystanders=bystanders).run(neptun)
    assert [target.key for target in report.also_deleted] == [f(3)]
    assert neptun.sent == [i(101)]


async def test_a_request_that_may_have_been_carried_out_is_never_repeated_before_a_listing(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None, 2: None})
    neptun.replies[f(1)] = [(BROKEN_OFF, UNDONE), (None, DONE)]
    report = await DeletionRun(session, neptun.plan()).run(neptun)
    assert neptun.log == [f(1), f(2), Kind.FILE, f(1), Kind.FILE]
    assert report.all_gone


@pytest.mark.parametrize("busy", [429, 503])
async def test_a_server_that_is_busy_is_given_the_time_it_asks_for(
    fake: type[Any], session: Session, waits: list[float], busy: int
) -> None:
    neptun = fake([], {1: None})
    neptun.replies[f(1)] = [(Busy("Later.", status=busy, retry_after=7), UNDONE)]
    assert (await DeletionRun(session, neptun.plan()).run(neptun)).all_gone
    assert len(waits) == 1
    assert 7 <= waits[0] <= 8


@pytest.mark.parametrize(
    ("failures", "asked", "verdict"),
    [
        ([], 1, D),
        ([FAILED_404], 2, D),
        ([NETWORK, BROKEN_OFF], 3, D),
        ([UNAVAILABLE, NO_NEPTUN, FAILED_500], 3, U),
        ([DENIED], 1, U),
        ([EXPIRED], 1, U),
    ],
    ids=str,
)
async def test_a_listing_that_fails_for_a_moment_is_asked_for_again(
    fake: type[Any],
    session: Session,
    failures: list[ServiceError],
    asked: int,
    verdict: Verdict,
) -> None:
    neptun = fake([], {1: None})
    neptun.file_lists = chain(failures, repeat(None))
    report = await DeletionRun(session, neptun.plan()).run(neptun)
    assert verdicts(report) == {f(1): verdict}
    assert neptun.log == [f(1), *[Kind.FILE] * asked]
    assert report.signed_out is (EXPIRED in failures)


# --- unknown only without evidence


async def test_accepted_but_not_confirmed_says_so(fake: type[Any], session: Session) -> None:
    neptun = fake([], {1: None, 2: None})
    neptun.replies[f(2)] = [(BROKEN_OFF, DONE)]
    neptun.file_lists = repeat(FAILED_500)
    accepted, broken_off = (await DeletionRun(session, neptun.plan()).run(neptun)).outcomes
    assert (accepted.verdict, broken_off.verdict) == (U, U)
    assert "accepted" in accepted.reason.lower()
    assert str(BROKEN_OFF) in broken_off.reason
    assert "listing could not be had" in broken_off.reason


async def test_a_second_listing_that_fails_takes_back_nothing_the_first_one_showed(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None, 2: None, 3: None})
    neptun.replies[f(2)] = [(FAILED_404, UNDONE), (None, DONE)]
    neptun.replies[f(3)] = [(DENIED, UNDONE)]
    neptun.file_lists = chain([None], repeat(FAILED_500))
    report = await DeletionRun(session, neptun.plan()).run(neptun)
    assert verdicts(report) == {f(1): D, f(2): U, f(3): K}


@pytest.mark.parametrize(
    ("second", "verdict"), [(FAILED_500, U), (NETWORK, U), (DENIED, U), (None, K)]
)
@pytest.mark.parametrize("passes_in", [1, 2], ids=["first listing", "second listing"])
async def test_kept_needs_a_listing_made_when_nothing_could_be_on_its_way(
    fake: type[Any],
    session: Session,
    second: ServiceError | None,
    verdict: Verdict,
    passes_in: int,
) -> None:
    neptun = fake([], {1: None, 2: None, 3: None})
    neptun.replies[f(1)] = [(None, UNDONE)]
    neptun.replies[f(2)] = [(FAILED_500, UNDONE), (DENIED, UNDONE)]
    neptun.replies[f(3)] = [(DENIED, UNDONE)]
    neptun.file_lists = chain([None], repeat(second))
    moment, lists, ask = datetime(2026, 1, 1, tzinfo=UTC), 0, neptun.files

    async def files(*what: Any) -> Any:
        nonlocal moment, lists
        lists += 1
        if lists == passes_in:
            moment += timedelta(minutes=20)  # it was asked for before, and shows no later state
        return await ask(*what)

    neptun.files = files
    report = await DeletionRun(session, neptun.plan(), now=lambda: moment).run(neptun)
    expected = verdict if passes_in == 1 else U
    assert verdicts(report) == {f(1): expected, f(2): verdict, f(3): K}


async def test_a_list_of_imports_that_cannot_be_had_leaves_no_doubt_about_files(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101, 2: None})
    neptun.import_lists = repeat(FAILED_500)
    assert verdicts(await DeletionRun(session, neptun.plan(f(1), f(2))).run(neptun)) == {
        f(1): D,
        f(2): D,
    }


async def test_a_list_of_files_that_cannot_be_had_leaves_no_doubt_about_imports(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101, 102], {1: 101})
    neptun.file_lists = repeat(FAILED_500)
    report = await DeletionRun(session, neptun.plan(i(101), i(102))).run(neptun)
    assert verdicts(report) == {i(101): D, f(1): U, i(102): D}


async def test_a_reason_never_says_who_deleted_what_an_earlier_run_may_have_deleted(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None})
    neptun.replies[f(1)] = [(BROKEN_OFF, DONE)]
    neptun.file_lists = chain([NETWORK] * 3, repeat(None))
    first = await DeletionRun(session, neptun.plan()).run(neptun)
    assert verdicts(first) == {f(1): U}
    rest = first.rest()
    assert rest
    (outcome,) = (await DeletionRun(session, rest).run(neptun)).outcomes
    assert outcome.verdict is A
    blamed = ("somebody else", "someone else", "another client", "another user")
    assert not any(words in outcome.reason.lower() for words in blamed)


# --- stopping, and a session that is lost on the way


def after(count: int, act: Callable[[], object]) -> Callable[[ResourceRef], Awaitable[None]]:
    """Do something while so many requests have begun."""
    begun: list[ResourceRef] = []

    async def hook(key: ResourceRef) -> None:
        begun.append(key)
        await asyncio.sleep(0)
        if len(begun) == count:
            act()

    return hook


@pytest.mark.parametrize("in_flight", [1, 4])
async def test_stopping_sends_no_more_and_tells_of_everything(
    fake: type[Any], session: Session, in_flight: int
) -> None:
    neptun = fake([], dict.fromkeys(range(1, 21)))
    run = DeletionRun(session, neptun.plan(), in_flight=in_flight)
    neptun.before_delete = after(8, run.stop)
    report = await run.run(neptun)
    assert report.stopped
    assert not report.signed_out
    assert len(neptun.sent) == 8
    assert verdicts(report) == {f(n): D if n <= 8 else N for n in range(1, 21)}
    assert neptun.left == {f(n) for n in range(9, 21)}
    assert all(o.reason for o in report.outcomes if o.verdict is N)
    rest = report.rest()
    assert rest
    assert {step.target.key for step in rest.steps} == neptun.left


async def test_a_run_that_is_stopped_before_it_begins_sends_nothing(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101})
    run = DeletionRun(session, neptun.plan())
    run.stop()
    report = await run.run(neptun)
    assert neptun.sent == []
    assert set(verdicts(report).values()) == {N}


async def test_what_failed_is_not_sent_once_more_after_a_stop(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None})
    neptun.replies[f(1)] = [(FAILED_500, UNDONE)]
    run = DeletionRun(session, neptun.plan())
    neptun.before_delete = after(1, run.stop)
    report = await run.run(neptun)
    assert verdicts(report) == {f(1): K}
    assert neptun.log == [f(1), Kind.FILE]


@pytest.mark.parametrize("error", [NETWORK, SLOW_DOWN, UNAVAILABLE], ids=repr)
async def test_what_waits_for_its_next_try_is_not_sent_after_a_stop(
    fake: type[Any], session: Session, monkeypatch: pytest.MonkeyPatch, error: ServiceError
) -> None:
    neptun = fake([], {1: None})
    neptun.replies[f(1)] = [(error, UNDONE)]
    run = DeletionRun(session, neptun.plan())

    async def stop_while_waiting(run: DeletionRun, seconds: float) -> None:
        run.stop()

    monkeypatch.setattr(DeletionRun, "_wait", stop_while_waiting)
    report = await run.run(neptun)
    assert neptun.sent == [f(1)]
    assert neptun.left == {f(1)}
    assert verdicts(report)[f(1)] is (U if error is UNAVAILABLE else N)


async def test_a_lost_session_stops_the_run_and_a_new_one_takes_up_the_rest(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101, **dict.fromkeys(range(2, 9))})
    lose = {"alive": {"another cookie": 9}}
    neptun.before_delete = after(4, lambda: vars(neptun).update(lose))
    report = await DeletionRun(session, neptun.plan(), in_flight=1).run(neptun)
    assert report.signed_out
    assert not report.stopped
    assert neptun.sent == [i(101), f(2), f(3), f(4)]
    told = verdicts(report)
    assert [told[key] for key in (i(101), f(1), f(2), f(3))] == [U] * 4  # no listing without one
    assert {told[f(n)] for n in range(4, 9)} == {N}
    assert neptun.left == {f(n) for n in range(4, 9)}

    rest = report.rest()
    assert rest
    neptun.before_delete, neptun.log = None, []
    renewed = Session(session.account, Secret("another cookie"))
    report = await DeletionRun(renewed, rest).run(neptun)
    assert report.all_gone
    assert neptun.left == set()
    assert neptun.sent.count(f(4)) == 1


# --- how much at once, and how far


@pytest.mark.parametrize(("in_flight", "items"), [(1, 10), (3, 10), (6, 40), (6, 2)])
async def test_no_more_requests_than_allowed_are_on_their_way_at_once(
    fake: type[Any], session: Session, in_flight: int, items: int
) -> None:
    neptun = fake([], dict.fromkeys(range(1, items + 1)))
    report = await DeletionRun(session, neptun.plan(), in_flight=in_flight).run(neptun)
    assert report.all_gone
    assert neptun.most_in_flight == min(in_flight, items)
    assert neptun.sent == [f(n) for n in range(1, items + 1)]


async def test_the_progress_tells_the_phase_and_counts_each_request_once(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None, 2: None, 3: None})
    neptun.replies[f(2)] = [(FAILED_500, UNDONE), (None, DONE)]
    run = DeletionRun(session, neptun.plan(), in_flight=1)
    seen: list[tuple[Phase, int]] = [(run.progress.phase, run.progress.done)]

    async def look(key: ResourceRef) -> None:
        seen.append((run.progress.phase, run.progress.done))

    neptun.before_delete = look
    await run.run(neptun)
    assert seen[:4] == [(Phase.SENDING, n) for n in (0, 0, 1, 2)]
    end = run.progress
    assert (end.phase, end.done, end.total, end.stopping) == (Phase.DONE, 3, 3, False)
    await asyncio.sleep(0.01)
    assert run.progress.seconds == end.seconds
    run.stop()
    assert run.progress.stopping


# --- properties


PROCESSED = st.sampled_from([None, BROKEN_OFF, FAILED_404, FAILED_500, UNAVAILABLE, DENIED])
"""Answers to a DELETE after which the item may be there, or gone."""
TURNED_AWAY = st.sampled_from([NETWORK, REFUSED, EXPIRED, SLOW_DOWN])
REPLY = st.one_of(st.tuples(PROCESSED, st.booleans()), st.tuples(TURNED_AWAY, st.just(UNDONE)))
LISTS = st.lists(st.sampled_from([None, NETWORK, FAILED_500, DENIED, EXPIRED]), max_size=4)
ITEMS = [i(101), i(102), f(3), f(4)]


@settings(deadline=None, max_examples=examples(120))
@given(
    script=st.fixed_dictionaries({key: st.lists(REPLY, max_size=4) for key in ITEMS}),
    lists=LISTS,
    in_flight=st.integers(1, 3),
)
def test_whatever_happens_nothing_untrue_is_said_of_any_item(
    fake: type[Any],
    session: Session,
    script: dict[ResourceRef, list[tuple[ServiceError | None, bool]]],
    lists: list[ServiceError | None],
    in_flight: int,
) -> None:
    neptun = fake([101, 102], {1: 101, 2: 102, 3: None, 4: 999})
    plan = neptun.plan()
    neptun.replies = {key: list(replies) for key, replies in script.items()}
    neptun.file_lists = chain(lists, repeat(None))
    report = asyncio.run(DeletionRun(session, plan, in_flight=in_flight).run(neptun))
    told = verdicts(report)
    doubtful = {None, BROKEN_OFF, UNAVAILABLE}
    in_doubt = any(error in doubtful for replies in script.values() for error, _ in replies)
    for key, verdict in told.items():
        if verdict in {D, A}:
            assert key not in neptun.left
        elif verdict in {K, N}:
            assert key in neptun.left
        else:
            assert any(lists) or in_doubt, key
    assert set(neptun.sent) <= {step.target.key for step in plan.steps}
    assert all(neptun.sent.count(key) <= 6 for key in told)


# --- the real demo, on a real socket

STOREFRONT = 1
Real = Callable[..., Awaitable[tuple[Any, ClientThread, Any, Session]]]
CHOSEN = frozenset({i(102), i(103), f(102), f(1242)})
"""A GitHub import of 58 files, one of none, a file with the number of an import, an orphan."""
PATHS = [
    *("1/resources/imports/102", "1/resources/imports/103"),
    *("1/resources/files/102", "1/resources/files/1242"),
]


async def planned(
    link: ClientThread, session: Session, chosen: frozenset[ResourceRef] = CHOSEN
) -> DeletionPlan:
    project = Project(STOREFRONT, "Storefront")
    listing = await link.call(
        session.account.host, lambda neptun: load_listing(neptun, session, project)
    )
    assert not listing.problem
    return make_plan(session.account, project, listing.imports, listing.files, chosen)


async def run_at(
    link: ClientThread, session: Session, plan: DeletionPlan, **options: Any
) -> Report:
    run = DeletionRun(session, plan, **options)
    return await asyncio.wrap_future(link.start(session.account.host, run.run))


@pytest.mark.parametrize("dialect", ["observed", "documented"])
async def test_exactly_what_was_confirmed_is_deleted_at_the_server(
    real: Real, dialect: str
) -> None:
    demo, link, _, session = await real(dialect=dialect)
    plan = await planned(link, session)
    before = demo.rows()
    report = await run_at(link, session, plan)
    assert sorted(demo.deletes) == sorted(PATHS)
    assert len(demo.deletes) == len(set(demo.deletes))
    assert before - demo.rows() == {target.key for target in plan.targets}
    assert demo.rows() <= before
    assert set(verdicts(report).values()) == {D}
    assert report.count(D) == plan.total == 4 + 58
    assert i(101) in demo.rows()


@pytest.mark.parametrize(
    ("fault", "tries", "verdict", "carried_out"),
    [
        ("delete_fails", 2, K, False),
        ("sql_fails", 1, U, False),
        ("list_fails", 1, U, True),
        ("database_down", 1, U, False),
    ],
)
async def test_an_ill_server_makes_no_verdict_untrue(
    real: Real, fault: str, tries: int, verdict: Verdict, carried_out: bool
) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session)
    before = demo.rows()
    setattr(demo.store.faults, fault, True)
    report = await run_at(link, session, plan)
    setattr(demo.store.faults, fault, False)
    assert sorted(demo.deletes) == sorted(PATHS * tries)
    gone = {target.key for target in plan.targets} if carried_out else set()
    assert before - demo.rows() == gone
    assert set(verdicts(report).values()) == {verdict}


async def test_what_is_gone_already_is_found_out_by_listing(real: Real) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session)
    demo.store.remove(IMPORTS, 102)
    demo.store.remove(FILES, 1242)
    told = verdicts(await run_at(link, session, plan))
    assert sorted(demo.deletes) == sorted(PATHS)
    assert told[i(102)] is told[f(1242)] is A
    assert told[i(103)] is told[f(102)] is D
    assert {told[t.key] for t in plan.steps[0].cascade} == {A}


def answers_500_to_deletes(app: Any) -> Any:
    """Make the gateway fail after the server has done its work."""

    async def front(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("method") != "DELETE":
            await app(scope, receive, send)
            return

        async def nowhere(message: Any) -> None:
            pass

        await app(scope, receive, nowhere)
        head = {"type": "http.response.start", "status": 500, "headers": []}
        await send(head)
        await send({"type": "http.response.body", "body": b"<html>no</html>"})

    return front


async def test_a_failure_that_comes_after_the_deletion_is_not_tried_again(real: Real) -> None:
    demo, link, _, session = await real(around=answers_500_to_deletes)
    plan = await planned(link, session)
    report = await run_at(link, session, plan)
    assert sorted(demo.deletes) == sorted(PATHS)
    assert set(verdicts(report).values()) == {D}


async def test_a_session_the_server_does_not_know_deletes_nothing(real: Real) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session)
    before = demo.rows()
    damaged = Session(session.account, Secret(session.cookie.reveal()[:-4] + "AAAA"))
    report = await run_at(link, damaged, plan, in_flight=1)
    assert report.signed_out
    assert demo.deletes == PATHS[:1]
    assert demo.rows() == before
    assert set(verdicts(report).values()) == {N}


async def test_a_server_that_is_not_there_gets_nothing_and_nothing_is_unknown(real: Real) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session)
    demo.close()
    report = await run_at(link, session, plan)
    assert set(verdicts(report).values()) == {N}


async def test_stopping_in_the_middle_leaves_the_rest_at_the_server(real: Real) -> None:
    runs: list[DeletionRun] = []

    def stops_at_the_fourth(app: Any) -> Any:
        async def front(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)
            if len(demo.deletes) == 4:
                runs[0].stop()

        return front

    demo, link, _, session = await real(around=stops_at_the_fourth)
    chosen = frozenset(f(row["id"]) for row in demo.store.select(FILES, import_id=101))
    runs.append(DeletionRun(session, await planned(link, session, chosen), in_flight=1))
    report = await asyncio.wrap_future(link.start(session.account.host, runs[0].run))
    assert report.stopped
    assert 4 <= len(demo.deletes) <= 5 < len(chosen)
    told = verdicts(report)
    for key in chosen:
        assert (f"1/resources/files/{key.id}" in demo.deletes) is (told[key] is D)
        assert (key in demo.rows()) is (told[key] is N)


async def test_read_only_sends_no_delete_to_the_server(real: Real) -> None:
    demo, link, sign_in, session = await real()
    plan = await planned(link, session)

    async def no_sign_in(account: object) -> SignedIn | None:
        raise AssertionError("no sign-in is to be asked for")

    signed_in = SignedIn(session, await sign_in.keeping())
    account_session = AccountSession(link, sign_in, signed_in, no_sign_in, read_only=True)
    before = demo.rows()
    with pytest.raises(ReadOnly):
        account_session.start(plan)
    assert (await planned(link, session)).total == plan.total
    assert demo.deletes == []
    assert demo.rows() == before


async def test_the_run_lives_on_the_links_thread_and_needs_nothing_of_the_screens(
    real: Real,
) -> None:
    demo, link, _, session = await real()
    plan = await planned(link, session, frozenset({f(1242)}))
    finished = threading.Event()
    run = DeletionRun(session, plan)
    report = link.start(session.account.host, run.run)
    report.add_done_callback(lambda _: finished.set())
    assert finished.wait(10)
    renewed = ContextResult(ContextState.RENEWED)
    assert report.result() == Report(plan, (Outcome(plan.targets[0], D),), context=renewed)
    assert demo.deletes == PATHS[-1:]


async def test_an_import_that_was_moved_is_kept_and_not_called_gone(
    real: Callable[..., Any],
) -> None:
    demo, link, _, session = await real()
    listing = await link.call(
        demo.origin, lambda neptun: load_listing(neptun, session, Project(1, "Storefront"))
    )
    plan = make_plan(session.account, listing.project, listing.imports, listing.files, {i(103)})
    demo.store.change(IMPORTS, 103, {"project_id": 2})
    report = await link.call(demo.origin, DeletionRun(session, plan).run)
    assert verdicts(report) == {i(103): K}
    assert "project 2" in report.outcomes[0].reason
    assert demo.store.has(IMPORTS, id=103)
