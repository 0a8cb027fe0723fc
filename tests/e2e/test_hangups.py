"""Signals, closed terminals and blocked terminals: the app exits with correct results."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.schema import FILES
from neptun_tui.domain.results import Verdict
from neptun_tui.storage.journal import Journal, RunRecord

MODES = ("1049", "1000", "1002", "1003", "1006", "1015", "1004", "2004", "2026", "2048")
"""Alternate screen, mouse, focus, bracketed paste, synchronised output, resize reports."""

SOON = 5.0
"""Seconds in which the app is gone on a busy machine; it is made to be within one."""

FOUND = "spec.ts"
ANSWERED, IN_FLIGHT = 5, 6

NOHUP = ("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "neptun_tui")


def assert_restored(app: Any) -> None:
    """The terminal is as it was before the app took it, and nothing was left to be read wrongly."""
    app.pump(0.2)
    assert app.modes["25"] is True, "the cursor stays hidden"
    assert [mode for mode in MODES if app.modes.get(mode)] == []
    assert app.modes.get("7", True), "lines no longer wrap"
    assert app.kitty_depth <= 0, "the keyboard protocol stays on"
    assert app.after == app.before, "the line stays raw"


def found(server: Any) -> dict[int, str]:
    """Return the items of the run that still exist."""
    rows = server.store.select(FILES, project_id=1)
    return {row["id"]: row["title"] for row in rows if row["title"].endswith(FOUND)}


@pytest.fixture
def runs(home: Path) -> Callable[[], tuple[RunRecord, ...]]:
    """The runs of the journal."""
    return lambda: Journal(home / "state" / "neptun-tui").runs()


@pytest.fixture
def half_way(signed_in: Callable[..., Any], server: Any) -> Callable[..., Any]:
    """The app in the middle of a run: some answers are there, some requests on their way."""

    def start(**options: object) -> Any:
        server.answered = ANSWERED
        app = signed_in(real=True, **options)
        app.delete_found(FOUND, len(found(server)))
        app.wait_until(lambda: len(server.deletes) == ANSWERED + IN_FLIGHT, "requests on their way")
        return app

    return start


def signalled(number: int) -> Callable[[Any], None]:
    return lambda app: os.kill(app.process.pid, number)


ENDS = {
    "SIGHUP": (signalled(signal.SIGHUP), 129, {}),
    "SIGTERM": (signalled(signal.SIGTERM), 143, {}),
    "SIGINT": (signalled(signal.SIGINT), 130, {}),
    "SIGQUIT": (signalled(signal.SIGQUIT), 131, {}),
    "SIGUSR1": (signalled(signal.SIGUSR1), 138, {}),
    "SIGUSR2": (signalled(signal.SIGUSR2), 140, {}),
    "SIGALRM": (signalled(signal.SIGALRM), 142, {}),
    "closed": (lambda app: app.hang_up(), 129, {}),
    "closed, not controlling": (lambda app: app.hang_up(), 129, {"controlling": False}),
    "closed, SIGHUP ignored": (lambda app: app.hang_up(), 129, {"command": NOHUP}),
}


def end(app: Any, how: str, *, reading: bool = True) -> None:
    """End the app so; nothing of it is left soon, the status says why, the terminal is restored."""
    act, status, _ = ENDS[how]
    act(app)
    until = time.monotonic() + SOON
    while app.process.poll() is None:
        assert time.monotonic() < until, "it goes on"
        if how.startswith("SIG") and reading:
            app.pump(0.02)
        else:
            time.sleep(0.02)
    assert app.process.returncode == status
    if how.startswith("SIG"):
        assert_restored(app)


@pytest.mark.parametrize("how", ENDS)
def test_told_to_end_it_ends_and_leaves_nothing_behind(
    terminal: Callable[..., Any], home: Path, how: str
) -> None:
    app = terminal("--demo", real=True, **ENDS[how][2])
    app.wait_for("Your session will be kept in")
    if how == "closed, SIGHUP ignored":
        app.process.send_signal(signal.SIGHUP)
    if how != "SIGINT":  # that one finds it at the sign-in
        app.send("\r")
        app.wait_for("Storefront")
    end(app, how)
    assert list((home / "run").iterdir()) == [], "the folder of the demo is left"


@pytest.mark.parametrize(
    ("how", "stalled"),
    [("SIGTERM", False), ("closed", False), ("SIGTERM", True), ("closed, not controlling", True)],
)
def test_ended_in_the_middle_of_a_run_the_next_start_tells_the_truth(
    how: str, stalled: bool, half_way: Callable[..., Any], signed_in: Callable[..., Any],
    server: Any, runs: Callable[[], tuple[RunRecord, ...]],
) -> None:  # fmt: skip
    planned = found(server)
    app = half_way(**ENDS[how][2])
    if stalled:
        app.stall()
    end(app, how, reading=not stalled)
    (run,) = runs()
    assert not run.ended
    assert {item.key.id for item in run.items} == set(planned)
    server.answered = float("inf")
    sent = {int(path.rpartition("/")[2]) for path in server.deletes}
    assert len(sent) == len(server.deletes) == ANSWERED + IN_FLIGHT

    intended = {item.key.id for item in run.items if item.sent}
    assert sent <= intended < set(planned)
    unknown, unsent = len(intended - sent), len(planned) - len(intended)
    again = signed_in()
    told = (
        f"A deletion in Storefront has {unknown} open results: "
        f"{len(sent)} deleted, {unknown} unknown, {unsent} not sent"
    )
    again.wait_until(lambda: told in re.sub(r"[\s▌▐]+", " ", again.text), "what became of it")
    assert again.quit() == 0
    (run,) = runs()
    verdicts = {item.key.id: item.verdict for item in run.items}
    assert {n for n, verdict in verdicts.items() if verdict is Verdict.DELETED} == sent
    assert {n for n, verdict in verdicts.items() if verdict is Verdict.UNKNOWN} == intended - sent
    assert set(verdicts) - sent == set(found(server))
    assert len(server.deletes) == len(sent), "the second start has sent something"


def test_a_terminal_that_does_not_read_stalls_no_run(
    half_way: Callable[..., Any], server: Any, runs: Callable[[], tuple[RunRecord, ...]]
) -> None:
    number = len(found(server))
    app = half_way()
    app.stall()
    assert len(server.deletes) == ANSWERED + IN_FLIGHT
    server.answered = float("inf")
    until = time.monotonic() + 20
    while not runs()[0].ended:
        assert time.monotonic() < until, "the run has stalled"
        time.sleep(0.05)
    assert len(server.deletes) == number
    assert {item.verdict for item in runs()[0].items} == {Verdict.DELETED}
    assert found(server) == {}
    app.resize(80, 24)
    app.wait_for(f"Done  {number} deleted")
    app.send("\x1b")
    app.wait_gone("Done")
    assert app.quit() == 0
