"""Stored contexts: renewed and checked after the last delete."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.api.client import NeptunClient
from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    OutcomeUnknown,
    ReadOnly,
    ServerFailed,
    SessionExpired,
    StorageError,
    Unreachable,
)
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import Outcome, Report, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.loading import load_listing
from neptun_tui.services.messages import about_context
from neptun_tui.services.recovery import settle_open_runs
from neptun_tui.services.run_store import PreparedRun, RunStore
from neptun_tui.services.stored_context import (
    check_stored_context,
    renew_stored_context,
    scope_of,
)
from neptun_tui.storage.journal import new_run_id

from .conftest import PROJECT

RENEWED, CLEAN, HOLDS, UNKNOWN, LEFT, ABSENT = ContextState
FAILED = ServerFailed("The server failed.", status=500)
BROKEN_OFF = OutcomeUnknown("The connection broke off.")
PROVED = ["POST", "GET project"]


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


async def listed(neptun: Any, session: Session) -> Listing:
    return await load_listing(neptun, session, PROJECT)


async def deleted(neptun: Any, session: Session, *keys: ResourceRef, **options: Any) -> Report:
    listing = await listed(neptun, session)
    run = DeletionRun(session, neptun.plan(*keys), listing=listing, **options)
    return await run.run(neptun)


async def test_after_the_last_delete_it_is_renewed_once_and_proved(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101, 2: 101, 3: None})
    report = await deleted(neptun, session, ResourceRef(Kind.IMPORT, 101), f(3))
    assert report.all_gone
    assert report.context == ContextResult(RENEWED)
    assert neptun.context_log == PROVED
    assert neptun.stored.items == ()


@pytest.mark.parametrize("with_listing", [True, False])
async def test_what_is_stored_decides_and_not_the_answer(
    fake: type[Any], session: Session, with_listing: bool
) -> None:
    """The server accepts, and stores nothing: the deleted contents are still there."""
    neptun = fake([], {1: None, 2: None, 3: None, 4: None})
    neptun.renewals = repeat((None, False))
    listing = await listed(neptun, session) if with_listing else None
    run = DeletionRun(session, neptun.plan(f(1), f(2), f(3)), listing=listing)
    report = await run.run(neptun)
    assert report.all_gone
    assert report.context == ContextResult(HOLDS, ((Kind.FILE, 3),))
    assert report.context.sentence == "the stored context still holds 3 deleted files"
    assert report.context_failed
    assert neptun.context_log == ["POST", "GET project", "GET context"] * 2


async def test_a_second_renewal_may_do_what_the_first_did_not(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None})
    neptun.renewals = chain([(None, False)], repeat((None, True)))
    assert (await deleted(neptun, session)).context == ContextResult(RENEWED)


@pytest.mark.parametrize(
    ("answers", "state", "posts"),
    [
        ([(BROKEN_OFF, True)] * 9, CLEAN, 3),
        ([(FAILED, False)] * 9, HOLDS, 3),
        ([(FAILED, False), (None, True)], RENEWED, 2),
        ([(Unreachable("No way."), False)] * 9, HOLDS, 3),
        ([(Busy("Later."), False), (Busy("Later."), False), (None, True)], RENEWED, 3),
    ],
)
async def test_a_renewal_that_fails_is_tried_again_and_what_is_stored_told(
    fake: type[Any], session: Session, answers: list[Any], state: ContextState, posts: int
) -> None:
    neptun = fake([], {1: None})
    neptun.renewals = iter(answers)
    report = await deleted(neptun, session)
    assert report.context is not None
    assert report.context.state is state
    assert neptun.context_log.count("POST") == posts
    if state is HOLDS:
        assert str(answers[0][0])[:-1] in report.context.sentence


async def test_nothing_deleted_means_nothing_renewed(fake: type[Any], session: Session) -> None:
    neptun = fake([], {1: None})
    neptun.replies[f(1)] = [(AccessDenied("Not yours.", status=401), False)] * 9
    report = await deleted(neptun, session)
    assert report.count(Verdict.KEPT) == 1
    assert (report.context, neptun.context_log) == (None, [])


async def test_what_may_have_been_deleted_is_reason_enough(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None})
    neptun.replies[f(1)] = [(BROKEN_OFF, True)]
    listing = await listed(neptun, session)
    neptun.file_lists = repeat(FAILED)
    report = await DeletionRun(session, neptun.plan(), listing=listing).run(neptun)
    assert report.count(Verdict.UNKNOWN) == 1
    assert report.context == ContextResult(RENEWED)


async def test_asked_to_leave_it_no_request_is_sent(fake: type[Any], session: Session) -> None:
    neptun = fake([], {1: None})
    report = await deleted(neptun, session, keep_context=True)
    assert report.context == ContextResult(LEFT)
    assert not report.context_failed
    assert neptun.context_log == []


async def test_a_stopped_run_does_not_renew_and_says_so(fake: type[Any], session: Session) -> None:
    neptun = fake([], {1: None, 2: None, 3: None})
    listing = await listed(neptun, session)
    run = DeletionRun(session, neptun.plan(), listing=listing, in_flight=1)

    async def stop(_key: ResourceRef) -> None:
        run.stop()

    neptun.before_delete = stop
    report = await run.run(neptun)
    assert report.count(Verdict.DELETED) == 1
    assert report.context == ContextResult(UNKNOWN, reason="The job was stopped.")
    assert neptun.context_log == []


async def test_a_session_that_ends_before_the_renewal_is_told(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([], {1: None})
    neptun.renewals = repeat((SessionExpired("Sign in again.", status=401), False))
    report = await deleted(neptun, session)
    assert report.all_gone
    assert report.signed_out
    assert report.context == ContextResult(UNKNOWN, reason="The session has ended.")
    assert neptun.context_log == ["POST"]


async def test_a_twin_that_exists_is_no_deleted_file(fake: type[Any], session: Session) -> None:
    """A file of another project below an import of this one is in no listing of this project."""
    neptun = fake([], {1: None, 2: None})
    twin = next(iter(neptun.existing.items))
    listing = await listed(neptun, session)
    scope = await scope_of(listing, [f(1)])
    neptun.remove(f(1))
    live = neptun.existing

    class WithTwin(type(neptun)):  # type: ignore[misc]
        existing = property(lambda _: type(live)((*live.items, twin)))

    neptun.__class__ = WithTwin
    result = await renew_stored_context(neptun, session, 1, scope)
    assert result == ContextResult(RENEWED)
    assert neptun.context_log == ["POST", "GET project", "GET context"]


async def test_a_project_that_is_gone_has_no_context(fake: type[Any], session: Session) -> None:
    neptun = fake([], {1: None})
    neptun.projects_ = []
    neptun.renewals = repeat((AccessDenied("Not there.", status=401), False))
    result = await renew_stored_context(neptun, session, 1)
    assert (result.state, result.failed) == (ABSENT, False)
    neptun.projects_ = [PROJECT]
    assert (await renew_stored_context(neptun, session, 1)).state is UNKNOWN


async def test_a_server_that_sends_no_context_has_none(fake: type[Any], session: Session) -> None:
    neptun = fake([], {1: None})
    neptun.stored = None
    neptun.renewals = repeat((FAILED, False))
    assert (await deleted(neptun, session)).context.state is ABSENT


async def test_the_check_asks_for_a_live_context_only_when_something_is_amiss(
    fake: type[Any], session: Session
) -> None:
    neptun = fake([101], {1: 101, 2: None})
    project = await neptun.project(session, 1)
    found = await check_stored_context(neptun, session, project, await listed(neptun, session))
    assert (found.sentence, neptun.context_log) == ("", ["GET project"])
    neptun.remove(ResourceRef(Kind.IMPORT, 101))
    found = await check_stored_context(neptun, session, project, await listed(neptun, session))
    assert found.gone.total() == 2
    assert neptun.context_log == ["GET project", "GET context"]
    neptun.stored = None
    assert await check_stored_context(neptun, session, await neptun.project(session, 1)) is None


# --- runs that were killed


async def killed(
    neptun: Any, session: Session, folder: Path, *, carried_out: bool = True, keep: bool = False
) -> RunStore:
    """Journal whose last run sent a DELETE and was then interrupted."""
    records = RunStore(folder / "state", folder / "backups")
    plan = neptun.plan(f(1), account=session.account)
    log = await records.begin(plan, PreparedRun(new_run_id(), None), keep_context=keep)
    log.intent(f(1))
    log.close()
    if carried_out:
        neptun.remove(f(1))
    return records


async def test_a_killed_run_is_renewed_when_it_is_settled(
    fake: type[Any], session: Session, tmp_path: Path
) -> None:
    neptun = fake([], {1: None, 2: None})
    records = await killed(neptun, session, tmp_path)
    (settled,) = await settle_open_runs(neptun, session, records)
    assert settled.context == ContextResult(RENEWED)
    assert settled.summary == "1 deleted; stored context renewed"
    assert neptun.context_log == PROVED
    (past,) = await records.runs()
    assert (past.record.ended, past.record.context) == (True, ContextResult(RENEWED))
    assert await settle_open_runs(neptun, session, records) == ()
    assert neptun.context_log == PROVED


async def test_a_killed_run_whose_context_cannot_be_renewed_says_what_it_holds(
    fake: type[Any], session: Session, tmp_path: Path
) -> None:
    neptun = fake([], {1: None, 2: None})
    neptun.renewals = repeat((FAILED, False))
    records = await killed(neptun, session, tmp_path)
    (settled,) = await settle_open_runs(neptun, session, records)
    assert settled.context is not None
    assert settled.context.held == ((Kind.FILE, 1),)


@pytest.mark.parametrize(
    ("carried_out", "keep", "renew"),
    [(False, False, True), (True, True, True), (True, False, False)],
)
async def test_a_killed_run_is_not_renewed_without_need_or_leave(
    fake: type[Any], session: Session, tmp_path: Path, carried_out: bool, keep: bool, renew: bool
) -> None:
    neptun = fake([], {1: None})
    records = await killed(neptun, session, tmp_path, carried_out=carried_out, keep=keep)
    (settled,) = await settle_open_runs(neptun, session, records, renew=renew)
    assert (settled.context, neptun.context_log) == (None, [])


async def test_what_a_read_only_look_may_not_renew_is_renewed_by_a_later_one(
    fake: type[Any], session: Session, tmp_path: Path
) -> None:
    neptun = fake([], {1: None, 2: None})
    records = await killed(neptun, session, tmp_path)
    for _ in range(2):
        (settled,) = await settle_open_runs(neptun, session, records, renew=False)
        assert (settled.context, neptun.context_log) == (None, [])
    (settled,) = await settle_open_runs(neptun, session, records)
    assert settled.context == ContextResult(RENEWED)
    assert neptun.context_log == PROVED
    assert await settle_open_runs(neptun, session, records) == ()


# --- on the demo's socket


NO_WAY = Unreachable("No way to the server.")


@pytest.mark.parametrize(
    ("answers", "unreachable"),
    [
        ([NO_WAY] * 3, True),
        ([BROKEN_OFF, NO_WAY, NO_WAY], False),  # it may have been carried out
        ([NO_WAY, BROKEN_OFF, NO_WAY], False),
        ([NO_WAY, None, None], False),
    ],
)
async def test_unreachable_is_said_only_when_nothing_was_sent(
    fake: type[Any], session: Session, answers: list[Any], unreachable: bool
) -> None:
    neptun = fake([], {1: None})

    async def project(*_: object) -> None:
        raise NO_WAY

    neptun.renewals = iter([(error, error is None) for error in answers])
    neptun.project = project
    result = await renew_stored_context(neptun, session, 1)
    assert (result.state, result.unreachable) == (ContextState.UNKNOWN, unreachable)


ENDS = {
    ContextState.LEFT: (ContextResult(ContextState.LEFT), True),
    ContextState.HOLDS: (ContextResult(ContextState.HOLDS, ((Kind.FILE, 1),)), True),
    ContextState.UNKNOWN: (ContextResult(ContextState.UNKNOWN, reason="No answer."), True),
    ContextState.CLEAN: (ContextResult(ContextState.CLEAN), False),
    ContextState.ABSENT: (ContextResult(ContextState.ABSENT), False),
    None: (None, True),
}


async def no_sign_in(_: object) -> SignedIn | None:
    return None


@pytest.mark.parametrize("renewed", [True, False])
@pytest.mark.parametrize("state", ENDS)
async def test_the_history_tells_the_newest_result(
    real: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: ContextState | None,
    renewed: bool,
) -> None:
    demo, link, sign_in, session = await real()
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    plan, listing = await planned(link, session, f(1203))
    runs = {}
    for number in (1, 2):  # the second is of another project, where nothing is renewed
        target = plan.targets[0]._replace(project_id=number)
        there = replace(plan.project, id=number)
        place = replace(plan, project=there, steps=(PlanStep(target),))
        kept = await records.keep(place, listing, backup=False)
        log = await records.begin(place, kept)
        log.verdict(Outcome(target, Verdict.DELETED))
        result, awaits = ENDS[state]
        if result:
            log.context(result)
        log.end(stopped=False, signed_out=False)
        runs[number] = kept.run_id
    if not renewed:
        demo.store.remove(FILES, 1203)

        async def fail(*_: object) -> None:
            raise FAILED

        monkeypatch.setattr(NeptunClient, "renew_context", fail)
    account_session = AccountSession(
        link, sign_in, SignedIn(session, await sign_in.keeping()), no_sign_in, records=records
    )
    told = await account_session.renew_context(plan.project)
    after = {past.record.run_id: past.record for past in await records.runs()}
    assert told.nothing_left == renewed
    changed = awaits and renewed
    assert after[runs[1]].context == (told if changed else result)
    assert after[runs[1]].context_sent == awaits
    assert (after[runs[2]].context, after[runs[2]].context_sent) == (result, False)


async def test_a_renewal_that_cannot_be_journaled_is_not_sent(
    real: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo, link, sign_in, session = await real()
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    plan, listing = await planned(link, session, f(1203))
    kept = await records.keep(plan, listing, backup=False)
    log = await records.begin(plan, kept)
    log.verdict(Outcome(plan.targets[0], Verdict.DELETED))
    log.end(stopped=False, signed_out=False)

    async def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(records, "note_context", full)
    account_session = AccountSession(
        link, sign_in, SignedIn(session, await sign_in.keeping()), no_sign_in, records=records
    )
    told = await account_session.renew_context(plan.project)
    assert (told.state, told.reason) == (ContextState.UNKNOWN, "The disk is full.")
    assert context_requests(demo) == []


async def planned(link: Any, session: Session, *keys: ResourceRef) -> tuple[Any, Listing]:
    from neptun_tui.domain.plan import make_plan

    host = session.account.host
    listing = await link.call(host, lambda neptun: load_listing(neptun, session, PROJECT))
    plan = make_plan(session.account, PROJECT, listing.imports, listing.files, keys)
    return plan, listing


def context_requests(demo: Any) -> list[str]:
    paths = [(a.method, a.path) for a in list(demo.store.arrivals)]
    return [method for method, path in paths if path == "/api/users/1/projects/1/context"]


def stored_text(demo: Any, project: int = 1) -> str:
    from neptun_tui.demo.schema import PROJECTS

    return json.dumps(demo.store.get(PROJECTS, project), ensure_ascii=False, default=str)


async def run_on_demo(
    real: Callable[..., Any], tmp_path: Any, *keys: ResourceRef, **options: Any
) -> tuple[Any, Report, RunStore, list[str]]:
    demo, link, sign_in, session = await real()
    records = RunStore(tmp_path / "state", tmp_path / "copies")

    async def no_sign_in(account: object) -> SignedIn | None:
        return None

    signed_in = SignedIn(session, await sign_in.keeping())
    account_session = AccountSession(
        link, sign_in, signed_in, no_sign_in, records=records, **options
    )
    plan, listing = await planned(link, session, *keys)
    contents = [file.content for file in listing.files if f(file.id) in keys]
    kept = await account_session.keep(plan, listing, backup=False)
    report = await account_session.start(plan, kept, listing).finished()
    return demo, report, records, contents


async def test_the_deleted_content_is_nowhere_in_the_project_afterwards(
    real: Callable[..., Any], tmp_path: Any
) -> None:
    demo, report, records, (content,) = await run_on_demo(real, tmp_path, f(1203))
    assert report.all_gone
    assert report.context == ContextResult(RENEWED)
    assert context_requests(demo) == ["POST"]
    assert json.dumps(content, ensure_ascii=False)[1:-1] not in stored_text(demo)
    (past,) = await records.runs()
    assert past.record.context == report.context
    assert past.record.context_sent
    rows = [
        json.loads(line)["record"]
        for line in (tmp_path / "state" / "deletions.jsonl").read_text().splitlines()
    ]
    assert rows == ["plan", "intent", "verdicts", "context", "context", "end"]


async def test_the_context_of_the_imports_project_keeps_a_file_of_another_project(
    real: Callable[..., Any], tmp_path: Any
) -> None:
    demo, link, sign_in, session = await real()
    elsewhere = demo.store.select(IMPORTS, project_id=2)[0]["id"]
    owner = {"project_id": 1, "neptun_user_id": 1, "import_id": elsewhere}
    row = {"title": "o", "original_path": "o", "content": "ORPHAN-CONTENT", "file_type": "text"}
    orphan = demo.store.add(FILES, {**row, **owner})["id"]
    for number in (1, 2):
        await link.call(demo.origin, lambda n, p=number: n.renew_context(session, p))
    held = [number for number in (1, 2) if "ORPHAN-CONTENT" in stored_text(demo, number)]
    assert held == [2]  # it is made of imports and the files below them
    account_session = AccountSession(
        link, sign_in, SignedIn(session, await sign_in.keeping()), no_sign_in
    )
    plan, listing = await planned(link, session, f(orphan), f(1203))
    report = await account_session.start(plan, None, listing).finished()
    assert report.all_gone
    assert "ORPHAN-CONTENT" in stored_text(demo, 2)
    assert report.outside_imports == (elsewhere,)
    assert about_context(report) == (
        f"Stored context renewed. Import {elsewhere} is not in this project: the stored context "
        "of its project may still hold deleted files."
    )
    plan, listing = await planned(link, session, f(1204))
    report = await account_session.start(plan, None, listing).finished()
    assert (report.outside_imports, about_context(report)) == ((), "Stored context renewed.")


async def test_kept_context_keeps_the_content_and_the_history_knows(
    real: Callable[..., Any], tmp_path: Any
) -> None:
    demo, report, records, (content,) = await run_on_demo(
        real, tmp_path, f(1203), keep_context=True
    )
    assert report.context == ContextResult(LEFT)
    assert context_requests(demo) == []
    assert json.dumps(content, ensure_ascii=False)[1:-1] in stored_text(demo)
    (past,) = await records.runs()
    assert (past.record.keep_context, past.record.context) == (True, report.context)


async def test_read_only_renews_nothing(real: Callable[..., Any]) -> None:
    demo, link, sign_in, session = await real()

    async def no_sign_in(account: object) -> SignedIn | None:
        return None

    signed_in = SignedIn(session, await sign_in.keeping())
    account_session = AccountSession(link, sign_in, signed_in, no_sign_in, read_only=True)
    with pytest.raises(ReadOnly):
        await account_session.renew_context(PROJECT)
    await asyncio.sleep(0)
    assert context_requests(demo) == []
