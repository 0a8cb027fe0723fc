"""Read-only mode: no key changes data on the server."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from neptun_tui.api.client import NeptunClient
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.bindings import KEYS
from neptun_tui.tui.screens.browser import BrowserScreen

HARMLESS = {
    "greet",
    "sign_in",
    "session_from_cookie",
    "check",
    "sign_out",
    "projects",
    "imports",
    "files",
    "project",
    "live_context",
    "prompt",
    "prompt_markdown",
    "installations",
}
"""Client methods that change no resource."""

GATES = {
    "delete_import": AccountSession.start,
    "delete_file": AccountSession.start,
    "create_project": AccountSession._require_restore,
    "change_project": AccountSession._require_restore,
    "create_import": AccountSession._require_restore,
    "change_import": AccountSession._require_restore,
    "create_file": AccountSession._require_restore,
    "renew_context": AccountSession._require_renewal,
}
"""Places that allow each mutating call."""


def changes(neptun) -> list[str]:
    """Everything that arrived and is neither a question nor a sign-in or sign-out."""
    return [
        f"{a.method} {a.path}"
        for a in neptun.arrivals
        if a.method not in ("GET", "HEAD") and "/api/auth/" not in a.path
    ]


async def delete(ui) -> None:
    await ui.point_at("f102")
    await ui.press("d")
    await ui.see("Read-only: nothing can be deleted.")
    await ui.settled()
    await ui.press("y", "enter")


async def restore(ui) -> None:
    await ui.press("h")
    await ui.see("past deletion")
    await ui.press("R")
    await ui.settled()
    await ui.press("y", "enter")


async def remove_backup(ui) -> None:
    await ui.press("h")
    await ui.see("past deletion")
    await ui.press("P")
    await ui.see("Read-only: no backup can be removed.")
    await ui.settled()
    await ui.press("y", "enter")


async def renew_context(ui) -> None:
    await ui.press("ctrl+p")
    await ui.type("renew stored")
    await ui.see("Renew stored context")
    await ui.press("enter")
    await ui.see("Read-only: the stored context cannot be renewed.")


SCENARIOS: dict[str, Callable[..., Awaitable[None]]] = {
    "delete": delete,
    "confirm": delete,  # without a dialog nothing confirms
    "retry": delete,  # nor a report to retry from
    "restore": restore,  # nor a dialog, or a report, of a restore
    "remove_backup": remove_backup,
    "renew_context": renew_context,
}


def test_every_key_that_can_change_something_is_tried_here():
    assert {key.name for key in KEYS if key.mutating} == set(SCENARIOS)


def test_every_call_that_can_change_something_has_its_gate():
    calls = {
        name
        for name, call in inspect.getmembers(NeptunClient, inspect.iscoroutinefunction)
        if not name.startswith("_") and name != "aclose"
    }
    assert calls - HARMLESS == set(GATES)
    for gate in GATES.values():
        assert "self._require_changes(" in inspect.getsource(gate)
    assert "if self.read_only:" in inspect.getsource(AccountSession._require_changes)


@pytest.fixture
def records(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state", tmp_path / "data")


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_no_key_changes_anything_when_the_start_asked_for_it(start, neptun, records, name):
    async with start(project=1, records=records) as ui:
        await ui.run("f1201")
    done = changes(neptun)
    async with start((120, 40), project=1, records=records, read_only=True) as ui:
        await ui.see("READ-ONLY")
        await SCENARIOS[name](ui)
    assert changes(neptun) == done


async def test_it_can_be_switched_on_and_not_off_again(start, neptun):
    async with start((120, 40), project=1) as ui:
        assert "READ-ONLY" not in ui.text
        ui.app.action_read_only()
        await ui.see("READ-ONLY", "(d delete)")
        ui.app.action_read_only()
        await ui.see("READ-ONLY")
        await delete(ui)
        assert isinstance(ui.app.screen, BrowserScreen)
    assert changes(neptun) == []
