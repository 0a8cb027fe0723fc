"""Recovery of interrupted runs: which runs are checked, and what a listing says of their items."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import Verdict
from neptun_tui.services.recovery import settle_open_runs
from neptun_tui.services.run_store import PreparedRun, RunStore
from neptun_tui.storage.journal import new_run_id

IMPORT, FILE, OTHER = (
    *(ResourceRef(Kind.IMPORT, 101), ResourceRef(Kind.FILE, 1), ResourceRef(Kind.FILE, 2)),
)


async def interrupt(neptun: Any, records: RunStore, account: Account, *chosen: ResourceRef) -> None:
    """Journal a run that was killed with its DELETEs on their way."""
    plan = neptun.plan(*chosen, account=account)
    log = await records.begin(plan, PreparedRun(new_run_id(), None))
    log.intents([step.target.key for step in plan.steps])
    log.close()


@pytest.mark.parametrize(
    "other", [{"user_id": 8, "email": "other@example.com"}, {"host": "https://other.example"}]
)
async def test_interrupted_run_of_another_account_is_not_checked(
    fake: type[Any], session: Session, tmp_path: Path, other: dict[str, Any]
) -> None:
    neptun = fake([101], {1: 101, 2: None})
    records = RunStore(tmp_path / "state", tmp_path / "backups")
    await interrupt(neptun, records, replace(session.account, **other), OTHER)
    neptun.remove(OTHER)
    assert await settle_open_runs(neptun, session, records) == ()
    assert (neptun.log, neptun.context_log) == ([], [])
    (run,) = await records.open_runs()
    assert [item.verdict for item in run.items] == [None]
    await interrupt(neptun, records, session.account, IMPORT)
    (settled,) = await settle_open_runs(neptun, session, records)
    assert settled.run.account.is_same(session.account)
    still_open = {each.run_id for each in await records.open_runs()}
    assert still_open == {run.run_id, settled.run.run_id}


async def test_file_missing_below_an_import_that_is_still_listed_was_not_deleted_by_the_run(
    fake: type[Any], session: Session, tmp_path: Path
) -> None:
    neptun = fake([101], {1: 101, 2: 101})
    records = RunStore(tmp_path / "state", tmp_path / "backups")
    await interrupt(neptun, records, session.account, IMPORT)
    neptun.remove(FILE)
    (settled,) = await settle_open_runs(neptun, session, records)
    found = {outcome.target.key: outcome.verdict for outcome in settled.outcomes}
    assert found == {
        IMPORT: Verdict.UNKNOWN,
        FILE: Verdict.ALREADY_GONE,
        OTHER: Verdict.UNKNOWN,
    }
