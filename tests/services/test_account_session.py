"""Account sessions: one renewal in place, for the same account; and the read-only gate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    OutcomeUnknown,
    ReadOnly,
    Rejected,
    RunUnderWay,
    ServerFailed,
    ServiceError,
    SessionExpired,
    SignInRefused,
    Unreachable,
    UnusableAnswer,
    WrongAccount,
)
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.services.account_session import AccountSession, Renew
from neptun_tui.services.auth import SignedIn, SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.loading import load_listing
from neptun_tui.services.projects import load_projects
from neptun_tui.storage.backup_format import Backup
from neptun_tui.storage.session_store import SessionStore

HOST = "https://neptun.example"
DEMO = Account(HOST, 7, "demo@example.com")
OTHER_EMAIL = "other@example.com"
PASSWORD = "Thr0w-away!"


@pytest.fixture
def neptun(fake: type[Any]) -> Any:
    neptun = fake([101], {1: 101, 2: None})
    neptun.passwords = {DEMO.email: (7, PASSWORD), OTHER_EMAIL: (8, PASSWORD)}
    return neptun


@pytest.fixture
def sign_in(
    neptun: Any, link_to: Callable[..., ClientThread], session_store: SessionStore
) -> SignIn:
    return SignIn(link_to(neptun), lambda: session_store)


class Person:
    """Sign-in prompt that responds as scripted."""

    def __init__(self, sign_in: SignIn, email: str | None = DEMO.email) -> None:
        self.sign_in = sign_in
        self.email = email
        self.asked: list[Account] = []

    async def __call__(self, account: Account) -> SignedIn | None:
        self.asked.append(account)
        await asyncio.sleep(0.01)
        if self.email is None:
            return None
        return await self.sign_in.with_password(HOST, self.email, Secret(PASSWORD), account)


@pytest.fixture
def person(sign_in: SignIn) -> Person:
    return Person(sign_in)


@pytest.fixture
async def open_session(sign_in: SignIn) -> Callable[..., Any]:
    signed_in = await sign_in.with_password(HOST, DEMO.email, Secret(PASSWORD))

    def make(renew: Renew, **options: Any) -> AccountSession:
        return AccountSession(sign_in._link, sign_in, signed_in, renew, **options)

    return make


def end_all_sessions(neptun: Any) -> None:
    neptun.alive = {"the cookie of another user": 9}


async def kept(session_store: SessionStore) -> set[int]:
    return {known.user_id for known in await session_store.accounts()}


async def test_asking_in_a_living_session_does_not_ask_to_sign_in(
    open_session: Callable[..., AccountSession], person: Person
) -> None:
    account_session = open_session(person)
    assert [p.id for p in await account_session.ask(load_projects)] == [1]
    assert account_session.account == DEMO
    assert person.asked == []


async def test_an_ended_session_is_renewed_and_the_question_asked_once_more(
    open_session: Callable[..., AccountSession],
    person: Person,
    neptun: Any,
    session_store: SessionStore,
) -> None:
    account_session = open_session(person)
    ended = account_session.signed_in.session
    end_all_sessions(neptun)
    assert [p.id for p in await account_session.ask(load_projects)] == [1]
    assert person.asked == [DEMO]
    assert account_session.signed_in.session.cookie != ended.cookie
    assert account_session.account == DEMO
    assert await kept(session_store) == {7}


async def test_however_much_is_asked_at_once_a_person_is_asked_once(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    account_session = open_session(person)
    end_all_sessions(neptun)
    answers = await asyncio.gather(*(account_session.ask(load_projects) for _ in range(8)))
    assert all([p.id for p in answer] == [1] for answer in answers)
    assert len(person.asked) == 1


async def test_giving_up_is_told_as_an_ended_session_and_the_session_is_forgotten(
    open_session: Callable[..., AccountSession],
    person: Person,
    neptun: Any,
    session_store: SessionStore,
) -> None:
    person.email = None
    account_session = open_session(person)
    end_all_sessions(neptun)
    with pytest.raises(SessionExpired):
        await account_session.ask(load_projects)
    assert len(person.asked) == 1
    assert await kept(session_store) == set()


async def test_giving_up_ends_every_question_that_waits_and_a_later_one_asks_again(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    person.email = None
    account_session = open_session(person)
    end_all_sessions(neptun)
    waiting = (account_session.ask(load_projects) for _ in range(3))
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [SessionExpired] * 3
    person.email = DEMO.email
    assert [p.id for p in await account_session.ask(load_projects)] == [1]


async def test_a_person_who_gives_up_is_not_asked_again_by_what_already_waited(
    open_session: Callable[..., AccountSession], neptun: Any
) -> None:
    asked: list[Account] = []

    async def give_up(account: Account) -> None:
        asked.append(account)
        for _ in range(500):
            if neptun.turned_away >= 3:
                break
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)  # until all three have seen the session expire

    account_session = open_session(give_up)
    end_all_sessions(neptun)
    waiting = (account_session.ask(load_projects) for _ in range(3))
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [SessionExpired] * 3
    assert len(asked) == 1


async def test_another_account_takes_nothing_over_and_is_not_kept(
    open_session: Callable[..., AccountSession],
    person: Person,
    neptun: Any,
    session_store: SessionStore,
) -> None:
    person.email = OTHER_EMAIL
    account_session = open_session(person)
    end_all_sessions(neptun)
    with pytest.raises(WrongAccount):
        await account_session.ask(load_projects)
    assert account_session.account == DEMO
    assert await kept(session_store) == set()


async def test_a_new_session_that_is_turned_away_too_is_an_error_and_no_loop(
    open_session: Callable[..., AccountSession], person: Person
) -> None:
    account_session = open_session(person)
    tried: list[Session] = []

    async def never(neptun: Any, session: Session) -> None:
        tried.append(session)
        raise SessionExpired("Sign in again.", status=401)

    with pytest.raises(SessionExpired):
        await account_session.ask(never)
    assert (len(tried), len(person.asked)) == (2, 1)


@pytest.mark.parametrize(
    "failure",
    [
        AccessDenied("no", status=401),
        AccessDenied("no", status=403),
        SignInRefused("no", status=401),
        UnusableAnswer("no", status=401),
        Rejected("no", status=400),
        ServerFailed("no", status=500),
        Busy("no", status=503),
        OutcomeUnknown("no"),
        Unreachable("no"),
    ],
    ids=repr,
)
async def test_only_an_unknown_session_signs_anyone_out(
    open_session: Callable[..., AccountSession],
    person: Person,
    session_store: SessionStore,
    failure: ServiceError,
) -> None:
    account_session = open_session(person)

    async def fail(neptun: Any, session: Session) -> None:
        raise failure

    with pytest.raises(type(failure)):
        await account_session.ask(fail)
    assert person.asked == []
    assert await kept(session_store) == {7}


async def test_signing_out_forgets_the_session(
    open_session: Callable[..., AccountSession],
    person: Person,
    neptun: Any,
    session_store: SessionStore,
) -> None:
    account_session = open_session(person)
    cookie = account_session.signed_in.session.cookie.reveal()
    assert await account_session.sign_out() == ()
    assert await kept(session_store) == set()
    async with asyncio.timeout(5):
        while neptun.signed_out != [cookie]:
            await asyncio.sleep(0.01)


# --- the gate


async def test_read_only_sends_nothing(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    account_session = open_session(person, read_only=True)
    with pytest.raises(ReadOnly):
        account_session.start(neptun.plan(account=DEMO))
    assert (account_session.active, account_session.busy) == (None, False)
    await account_session.ask(load_projects)  # anything started would be done by now
    assert neptun.sent == []
    assert len(neptun.left) == 3


async def test_a_run_goes_on_without_a_waiter(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    account_session = open_session(person)
    released = threading.Event()

    neptun.before_delete = lambda key: asyncio.to_thread(released.wait, 5)
    active = account_session.start(neptun.plan(account=DEMO))
    assert account_session.busy
    screen = asyncio.ensure_future(active.finished())
    await asyncio.sleep(0.01)
    screen.cancel()
    with pytest.raises(asyncio.CancelledError):
        await screen
    released.set()
    report = await active.finished()
    assert report.all_gone
    assert report.plan is active.run.plan
    assert not account_session.busy
    assert neptun.left == set()


async def test_one_deletion_runs_at_a_time(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    account_session = open_session(person)
    released = threading.Event()
    neptun.before_delete = lambda key: asyncio.to_thread(released.wait, 5)
    file, other = ResourceRef(Kind.FILE, 2), ResourceRef(Kind.IMPORT, 101)
    first = account_session.start(neptun.plan(file, account=DEMO))
    with pytest.raises(RunUnderWay, match="Another deletion is under way"):
        account_session.start(neptun.plan(other, account=DEMO))
    assert account_session.active is first
    released.set()
    assert (await first.finished()).all_gone
    assert neptun.sent == [file]
    assert (await account_session.start(neptun.plan(other, account=DEMO)).finished()).all_gone
    assert neptun.sent == [file, other]


async def test_a_run_sends_what_is_planned_with_the_setting_for_how_much_at_once(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    neptun.files_ = dict(type(neptun)(files=dict.fromkeys(range(1, 30))).files_)
    plan = neptun.plan(account=DEMO)
    report = await open_session(person, in_flight=2).start(plan).finished()
    assert report.all_gone
    assert neptun.most_in_flight == 2
    assert sorted(neptun.sent) == sorted(step.target.key for step in plan.steps)


async def test_stopping_without_a_run_does_no_harm_and_with_one_sends_no_more(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    account_session = open_session(person, in_flight=1)
    account_session.stop()

    stopped = threading.Event()
    neptun.before_delete = lambda key: asyncio.to_thread(stopped.wait, 5)
    active = account_session.start(neptun.plan(account=DEMO))
    account_session.stop()
    stopped.set()
    report = await active.finished()
    assert report.stopped
    assert len(neptun.sent) <= 1
    assert len(neptun.left) >= 1


async def test_an_unfinished_listing_of_an_ended_session_is_loaded_whole_after_the_renewal(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    account_session = open_session(person)
    end_all_sessions(neptun)
    project = neptun.projects_[0]
    listing = await account_session.ask(lambda n, session: load_listing(n, session, project))
    assert (len(listing.imports), len(listing.files), listing.problem) == (1, 2, None)
    assert len(person.asked) == 1


async def test_an_account_that_was_left_does_not_ask_to_sign_in(
    open_session: Callable[..., AccountSession],
    person: Person,
    neptun: Any,
    session_store: SessionStore,
) -> None:
    account_session = open_session(person)
    end_all_sessions(neptun)
    asking = asyncio.ensure_future(account_session.ask(load_projects))
    while account_session._renewal is None:
        await asyncio.sleep(0)
    account_session.close()
    with pytest.raises(SessionExpired):
        await asking
    assert person.asked == []
    assert await kept(session_store) == set()


class SlowDisk:
    """Records whose notes of earlier restores are read only when a test lets them."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()

    def restored(self, run_id: str) -> dict[Any, Any]:
        self.asked.set()
        assert self.answers.wait(5)
        return {}

    def notes(self, run_id: str) -> SlowDisk:
        return self

    def before(self, project: int) -> None:
        return None

    def open_posts(self) -> dict[Any, Any]:
        return {}

    def late_deletes(self, *_: object) -> dict[Any, Any]:
        return {}

    def replacements(self, run_id: str) -> tuple[int, ...]:
        return ()

    def hold(self, run_id: str) -> SlowDisk:
        return self

    def release(self) -> None:
        self.released = True


async def test_a_restore_that_was_being_prepared_when_the_account_was_left_posts_nothing(
    open_session: Callable[..., AccountSession], person: Person
) -> None:
    disk: Any = SlowDisk()
    account_session = open_session(person, records=disk)
    copy = Backup("run", datetime.now(UTC), DEMO, Project(1, "Storefront"), (), ())
    restoring = asyncio.ensure_future(account_session.restore(copy))
    assert await asyncio.to_thread(disk.asked.wait, 5)
    account_session.close()
    disk.answers.set()
    with pytest.raises(RunUnderWay, match="no longer the one that is open"):
        await restoring
    assert account_session.restoring is None
    assert disk.released


async def test_read_only_that_begins_during_a_sign_in_renews_no_stored_context(
    open_session: Callable[..., AccountSession], person: Person, neptun: Any
) -> None:
    async def sign_in_and_forbid(account: Account) -> SignedIn | None:
        account_session.forbid()
        return await person(account)

    account_session = open_session(sign_in_and_forbid)
    end_all_sessions(neptun)
    with pytest.raises(ReadOnly):
        await account_session.renew_context(Project(1, "Storefront"))
    assert len(person.asked) == 1


class OpenRuns:
    """Journal with one open run, which can be checked only at the third check."""

    def __init__(self, account: Account = DEMO) -> None:
        self.checks = 0
        self.account = account

    async def open_runs(self) -> tuple[Any, ...]:
        return () if self.checks > 2 else (SimpleNamespace(account=self.account, run_id="run"),)


async def test_it_checks_again_while_an_open_run_cannot_be_checked(
    open_session: Callable[..., AccountSession], person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = OpenRuns()

    async def settle(*_: object, **__: object) -> tuple[Any, ...]:
        records.checks += 1
        return ()

    monkeypatch.setattr("neptun_tui.services.recovery.settle_open_runs", settle)
    monkeypatch.setattr("neptun_tui.services.recovery.LOOKS", (0.0,))
    account_session = open_session(person, records=records)
    assert [settled async for settled in account_session.look_again()] == [(), (), ()]


async def test_open_runs_of_other_accounts_are_none_of_this_one(
    open_session: Callable[..., AccountSession], person: Person
) -> None:
    settled = [SimpleNamespace(open=0, run=SimpleNamespace(run_id="another"))]
    for account, has in ((DEMO, True), (Account(HOST, 8, OTHER_EMAIL), False)):
        account_session = open_session(person, records=OpenRuns(account))
        assert await account_session.has_open_results(settled) is has
