"""Backup of a run that does not start after all."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from neptun_tui.domain.listing import Listing
from neptun_tui.domain.resources import Project
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.backups import Backups

PATIENCE = 60.0


def slowed(monkeypatch: Any) -> tuple[threading.Event, threading.Event]:
    """Block writing: one event reports its start, another lets it go on."""
    begun, may_go_on = threading.Event(), threading.Event()
    write = Backups.write

    def slow(*what: Any) -> Path:
        begun.set()
        assert may_go_on.wait(PATIENCE)
        return write(*what)

    monkeypatch.setattr(Backups, "write", slow)
    return begun, may_go_on


def what_to_keep(fake: Any) -> tuple[Any, Listing]:
    neptun = fake(files={1: None})
    files = tuple(neptun.files_.values())
    return neptun.plan(), Listing(Project(1, "Storefront"), (), files, datetime.now(UTC))


def test_a_program_that_ends_while_it_writes_a_copy_leaves_none(
    fake, monkeypatch, tmp_path, caplog
):
    """As after ctrl+C twice: every task is cancelled, and then the threads are waited for."""
    plan, listing = what_to_keep(fake)
    records = RunStore(tmp_path, tmp_path / "copies")
    begun, may_go_on = slowed(monkeypatch)

    async def let_it_go_on() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        may_go_on.set()

    async def program() -> None:
        tasks = [
            asyncio.create_task(records.keep(plan, listing)),
            asyncio.create_task(let_it_go_on()),
        ]
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        assert not any(task.done() for task in tasks)

    asyncio.run(program())
    assert list((tmp_path / "copies").glob("*.jsonl")) == []
    assert caplog.records == []
