"""Several runs and instances of the program on one folder of records."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.schema import FILES
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import ReadOnly, RunUnderWay, StorageError
from neptun_tui.domain.plan import ResourceRef, make_plan
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.loading import load_listing
from neptun_tui.services.restore_models import RestoreReport, RestoreStatus
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.restore_log import RestoreLog

PROJECT = Project(1, "Storefront")


async def no_sign_in(account: Account) -> SignedIn | None:
    return None


@dataclass
class Window:
    """Start of the program: its own records and account session, in a shared folder."""

    demo: Any
    records: RunStore
    account_session: AccountSession

    async def delete(self, *chosen: ResourceRef) -> str:
        ask = self.account_session.ask
        listing = await ask(lambda neptun, session: load_listing(neptun, session, PROJECT))
        who = self.account_session.account
        plan = make_plan(who, PROJECT, listing.imports, listing.files, chosen)
        kept = await self.account_session.keep(plan, listing, True)
        assert kept
        await self.account_session.start(plan, kept, listing).finished()
        return kept.run_id

    async def restore(self, run_id: str) -> RestoreReport:
        copy = await self.records.load_backup(run_id)
        return await (await self.account_session.restore(copy)).finished()

    def contents(self) -> list[str]:
        """The content of every file of the project; a double would stand in it twice."""
        return sorted(row["content"] for row in self.demo.store.select(FILES, project_id=1))


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


def i(number: int) -> ResourceRef:
    return ResourceRef(Kind.IMPORT, number)


@pytest.fixture
async def windows(
    real: Callable[..., Awaitable[tuple[Any, ...]]], tmp_path: Path
) -> Callable[[], Window]:
    demo, link, sign_in, session = await real()
    keeping = await sign_in.keeping()

    def open_one(**options: Any) -> Window:
        records = RunStore(tmp_path / "state", tmp_path / "copies", **options)
        signed_in = SignedIn(session, keeping)
        return Window(
            demo, records, AccountSession(link, sign_in, signed_in, no_sign_in, records=records)
        )

    return open_one


def results(report: RestoreReport) -> set[RestoreStatus]:
    return {outcome.result for outcome in report.outcomes}


async def test_what_two_runs_have_copied_comes_back_once(windows, monkeypatch):
    """A run that was stopped, and the run of the rest: both copies hold the rest."""
    window = windows()
    before = window.contents()
    gone = [row["id"] for row in window.demo.store.select(FILES, project_id=1)[:3]]
    attempt, one_at_a_time = DeletionRun._attempt, asyncio.Lock()

    async def stop_after(run: DeletionRun, *what: Any) -> None:
        async with one_at_a_time:
            if not run.progress.stopping:
                await attempt(run, *what)
                run.stop()

    with monkeypatch.context() as patch:
        patch.setattr(DeletionRun, "_attempt", stop_after)
        first = await window.delete(*map(f, gone))
    assert len(window.contents()) == len(before) - 1
    second = await window.delete(*map(f, gone))
    assert len(window.contents()) == len(before) - 3
    assert results(await window.restore(first)) == {RestoreStatus.RESTORED}
    assert results(await window.restore(second)) == {RestoreStatus.ALREADY_RESTORED}
    assert window.contents() == before
    assert set(window.records.restored(second)) >= set(map(f, gone))


async def test_what_went_twice_comes_back_once_from_either_copy(windows):
    window = windows()
    before = window.contents()
    number = window.demo.store.select(FILES, project_id=1)[0]["id"]
    first = await window.delete(f(number))
    (outcome,) = (await window.restore(first)).outcomes
    second = await window.delete(f(outcome.new_id))
    (outcome,) = (await window.restore(second)).outcomes
    assert outcome.result is RestoreStatus.RESTORED
    (again,) = (await window.restore(first)).outcomes
    assert (again.result, again.new_id) == (RestoreStatus.ALREADY_RESTORED, outcome.new_id)
    assert window.contents() == before


async def test_a_file_goes_back_under_what_its_import_has_become_in_another_run(windows):
    """First a file is deleted, then its import: the file's copy does not hold the import."""
    window = windows()
    rows = window.demo.store.select(FILES, project_id=1, import_id=102)
    first = await window.delete(f(rows[0]["id"]))
    second = await window.delete(i(102))
    report = await window.restore(second)
    new_import = report.new_ids[i(102)]
    (outcome,) = (await window.restore(first)).outcomes
    assert outcome.result is RestoreStatus.RESTORED
    (row,) = window.demo.store.select(FILES, id=outcome.new_id)
    assert row["import_id"] == new_import


async def test_two_windows_restore_the_same_copy_one_at_a_time(windows, monkeypatch):
    one, other = windows(), windows()
    before = one.contents()
    run_id = await one.delete(f(one.demo.store.select(FILES, project_id=1)[0]["id"]))
    copy = await one.records.load_backup(run_id)
    posted, go_on = threading.Event(), threading.Event()
    note = RestoreLog.note_restored

    def slow(*what: Any) -> None:
        posted.set()
        go_on.wait(10)
        note(*what)

    monkeypatch.setattr(RestoreLog, "note_restored", slow)
    active = await one.account_session.restore(copy)
    assert await asyncio.to_thread(posted.wait, 10)
    with pytest.raises(StorageError, match="Another window"):
        await other.account_session.restore(copy)
    with pytest.raises(StorageError, match="Another window"):
        await other.records.purge(run_id)
    go_on.set()
    assert results(await active.finished()) == {RestoreStatus.RESTORED}
    assert results(await other.restore(run_id)) == {RestoreStatus.ALREADY_RESTORED}
    assert one.contents() == before
    await other.records.purge(run_id)


async def test_the_copy_of_a_run_that_is_alive_elsewhere_is_left_alone(windows):
    one, other = windows(), windows(keep_days=0)
    listing = await one.account_session.ask(
        lambda neptun, session: load_listing(neptun, session, PROJECT)
    )
    chosen = [f(listing.files[0].id)]
    plan = make_plan(one.account_session.account, PROJECT, listing.imports, listing.files, chosen)
    kept = await one.records.keep(plan, listing)
    assert await other.records.prune() == ()  # it is about to begin
    log = await one.records.begin(plan, kept)
    copy = await other.records.load_backup(kept.run_id)
    with pytest.raises(StorageError, match="still under way"):
        await other.account_session.restore(copy)
    with pytest.raises(StorageError, match="still under way"):
        await other.records.purge(kept.run_id)
    assert await windows(keep_days=0).records.prune() == ()
    log.close()
    assert await windows(keep_days=0).records.prune() == ()  # its results are unknown yet
    (adopted,) = await other.records.open_runs()
    log = await other.records.take_over(adopted)
    log.end(stopped=False, signed_out=False)
    assert await windows(keep_days=0).records.prune() == (kept.run_id,)


async def test_a_restore_that_is_forbidden_while_it_gets_ready_sends_nothing(windows, monkeypatch):
    window = windows()
    run_id = await window.delete(f(window.demo.store.select(FILES, project_id=1)[0]["id"]))
    copy = await window.records.load_backup(run_id)
    restored = window.records.restored

    def forbid(*what: Any) -> Any:
        window.account_session.read_only = True
        return restored(*what)

    monkeypatch.setattr(window.records, "restored", forbid)
    with pytest.raises(ReadOnly):
        await window.account_session.restore(copy)
    window.account_session.read_only = False
    monkeypatch.setattr(window.records, "restored", restored)
    window.account_session.close()
    with pytest.raises(RunUnderWay):
        await window.account_session.restore(copy)
    assert not [a for a in window.demo.store.arrivals if a.method == "POST" and "files" in a.path]


async def test_a_copy_of_another_account_or_server_is_not_posted_here(windows, tmp_path):
    """A backup names its account, even if the journal says otherwise of a run of that name."""
    window = windows()
    run_id = await window.delete(f(window.demo.store.select(FILES, project_id=1)[0]["id"]))
    path = tmp_path / "copies" / f"{run_id}.jsonl"
    text = path.read_text()
    assert '"user_id":1,' in text
    path.write_text(text.replace('"user_id":1,', '"user_id":2,', 1))
    with pytest.raises(StorageError, match="another account"):
        await window.restore(run_id)


async def test_copies_go_at_a_start_and_not_at_every_look(windows):
    window = windows(keep_days=0)
    assert await window.account_session.prune() == ""
    run_id = await window.delete(f(window.demo.store.select(FILES, project_id=1)[0]["id"]))
    assert await window.account_session.prune() == ""
    assert (await window.records.load_backup(run_id)).files
    other = windows(keep_days=0)
    await other.account_session.settle_interrupted()  # which a restore does, too
    assert (await window.records.load_backup(run_id)).files
    said = await other.account_session.prune()
    assert said == f"Removed 1 backup past the time to keep: {run_id}."
    with pytest.raises(StorageError):
        await window.records.load_backup(run_id)
