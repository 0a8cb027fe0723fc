"""Kill of the program at every step of a run: the next start reports the server's true state.

``kill -9`` leaves no time for anything: no line is finished, no lock let go of, no request undone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

import neptun_tui
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.results import Verdict
from neptun_tui.domain.stored_context import ContextState
from neptun_tui.services.recovery import RecoveredRun

from .harness import LATER, Harness
from .proxy import Fault, Proxy, Turn
from .scenarios import label
from .server import FaultServer

SCRIPT = Path(__file__).with_name("subprocess_app.py")
ROOT = Path(neptun_tui.__file__).parents[1]

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def instance(server: FaultServer, line: Proxy, harness: Harness) -> Iterator[Start]:
    """Start other instances on the state of this one; kill those still running at the end."""
    started: list[subprocess.Popen[str]] = []
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}

    def start(*arguments: object) -> subprocess.Popen[str]:
        words = [
            sys.executable,
            "-W",
            "error",
            SCRIPT,
            harness.state.parent,
            line.origin,
            *arguments,
        ]
        process = subprocess.Popen(
            [str(word) for word in words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=surroundings,
        )
        started.append(process)
        assert process.stdin
        print(server.cookie(), file=process.stdin, flush=True)
        return process

    yield start
    for process in started:
        kill(process)


@pytest.fixture
def gate() -> Iterator[Event]:
    """Events that the proxy can wait for."""
    gate = Event()
    yield gate
    gate.set()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def hold(came: Event, gate: Event) -> Callable[[], None]:
    """Say that a request has come, and keep it where it is until the gate is opened."""

    def wait() -> None:
        came.set()
        gate.wait(30)

    return wait


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def named(*keys: ResourceRef) -> list[str]:
    return [f"{key.kind}:{key.id}" for key in keys]


@pytest.fixture
def tree(server: FaultServer) -> tuple[ResourceRef, ResourceRef, ResourceRef, ResourceRef]:
    """Create an import with a file, a file alone, and one that is not to be deleted."""
    server.add_file(server.add_import(project=2).id, project=2)
    parent = server.add_import()
    return parent, server.add_file(parent.id), server.add_file(), server.add_file()


def settle(harness: Harness) -> tuple[RecoveredRun, ...]:
    harness.start_program()
    return harness.do(harness.account_session.settle_interrupted())


def verdicts(settled: tuple[RecoveredRun, ...]) -> list[Verdict]:
    (each,) = settled
    return [outcome.verdict for outcome in each.outcomes]


def settle_later(harness: Harness) -> tuple[RecoveredRun, ...]:
    """Settle when nothing that was sent can still be on its way."""
    harness.clock += timedelta(minutes=20)
    return settle(harness)


def check_told(harness: Harness) -> None:
    """Check that no run is open, and that every result of the last one is correct."""
    assert harness.do(harness.records.open_runs()) == ()
    record = harness.do(harness.records.runs())[0].record
    assert record.ended
    rows = harness.server.rows(1)
    for item in record.items:
        assert (item.verdict is Verdict.DELETED) == (item.key not in rows), item
    assert settle(harness) == ()


STEPS = {
    "after the plan": (Verdict.NOT_SENT, 0),
    "between intent and send": (Verdict.UNKNOWN, 0),
    "after the answers": (Verdict.DELETED, 2),
}
"""Moment of the kill, with the result of all items and the number of DELETEs."""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_of_the_journal(
    step: str, instance: Start, harness: Harness, server: FaultServer, tree: tuple[ResourceRef, ...]
) -> None:
    process = instance("delete", step, 1, *named(tree[0], tree[2]))
    assert said(process) == step
    assert harness.do(harness.records.open_runs()) == (), "it is alive"
    kill(process)
    verdict, arrived = STEPS[step]
    assert len(server.deletes) == arrived
    assert verdicts(settle(harness)) == [verdict] * 3
    if verdict is Verdict.UNKNOWN:
        assert verdicts(settle_later(harness)) == [Verdict.KEPT] * 3
    check_told(harness)
    assert tree[3] in server.rows(1)


@pytest.mark.parametrize("step", STEPS)
def test_killed_run_with_a_file_of_another_project(
    step: str, instance: Start, harness: Harness, server: FaultServer
) -> None:
    parent = server.add_import()
    keys = [parent, server.add_file(parent.id), server.add_file(parent.id, project=2)]
    beside = server.add_file(project=2)
    process = instance("delete", step, 1, *named(parent))
    assert said(process) == step
    kill(process)
    verdict, _ = STEPS[step]
    (each,) = settle(harness)
    assert [(o.target.key, o.verdict) for o in each.outcomes] == [(key, verdict) for key in keys]
    assert [outcome.target.project_id for outcome in each.outcomes] == [1, 1, 2]
    states = {number: result.state for number, result in each.contexts.items()}
    deleted = verdict is Verdict.DELETED
    assert states == (dict.fromkeys((1, 2), ContextState.RENEWED) if deleted else {})
    if verdict is Verdict.UNKNOWN:
        assert verdicts(settle_later(harness)) == [Verdict.KEPT] * 3
    assert harness.do(harness.records.open_runs()) == ()
    assert set(server.rows()) == ({beside} if deleted else {*keys, beside})


def test_killed_run_whose_other_project_is_gone(
    instance: Start, harness: Harness, server: FaultServer
) -> None:
    parent = server.add_import()
    server.add_file(parent.id, project=2)
    process = instance("delete", "after the answers", 1, *named(parent))
    assert said(process) == "after the answers"
    kill(process)
    server.remove_project(2)
    (each,) = settle(harness)
    assert [outcome.verdict for outcome in each.outcomes] == [Verdict.DELETED] * 2
    states = {number: result.state for number, result in each.contexts.items()}
    assert states == {1: ContextState.RENEWED, 2: ContextState.ABSENT}
    assert harness.do(harness.records.open_runs()) == ()


def test_killed_before_the_journal_nothing_was_sent(
    instance: Start, harness: Harness, server: FaultServer, tree: tuple[ResourceRef, ...]
) -> None:
    process = instance("delete", "before the journal", 1, *named(*tree[:3]))
    assert said(process) == "before the journal"
    kill(process)
    assert server.deletes == []
    assert settle(harness) == ()
    assert [past for past in harness.do(harness.records.runs()) if past.record.journaled] == []
    assert set(tree) <= set(server.rows(1))


def test_killed_before_the_end_the_verdicts_hold(
    instance: Start, harness: Harness, tree: tuple[ResourceRef, ...]
) -> None:
    process = instance("delete", "before the end", 1, *named(tree[0], tree[2]))
    assert said(process) == "before the end"
    kill(process)
    (each,) = settle(harness)
    assert each.outcomes == (), "every item had its verdict"
    assert each.summary == "3 deleted"
    check_told(harness)


def test_killed_with_the_request_on_its_way_that_never_arrives(
    instance: Start, harness: Harness, line: Proxy, gate: Event, tree: tuple[ResourceRef, ...]
) -> None:
    file, came = tree[2], Event()
    wait = Turn(Fault.RESET_BEFORE, before=hold(came, gate))
    line.script[label(file)] = deque([wait])
    process = instance("delete", "none", 1, *named(file))
    assert came.wait(20)
    kill(process)
    gate.set()
    line.rest()
    (each,) = settle(harness)
    assert [o.verdict for o in each.outcomes] == [Verdict.UNKNOWN]
    assert LATER in each.outcomes[0].reason
    assert verdicts(settle_later(harness)) == [Verdict.KEPT]
    check_told(harness)


@pytest.mark.parametrize("when", ["before the next start", "after the next start"])
def test_killed_with_the_request_on_its_way_that_arrives(
    when: str,
    instance: Start,
    harness: Harness,
    line: Proxy,
    gate: Event,
    tree: tuple[ResourceRef, ...],
) -> None:
    parent, came = tree[0], Event()
    wait = Turn(before=hold(came, gate))
    line.script[label(parent)] = deque([wait])
    process = instance("delete", "none", 1, *named(parent))
    assert came.wait(20)
    kill(process)
    if when == "before the next start":
        gate.set()
        line.rest()
        assert verdicts(settle(harness)) == [Verdict.DELETED] * 2
        check_told(harness)
    else:
        (each,) = settle(harness)
        gate.set()
        line.rest()
        assert parent not in harness.server.rows(1)
        assert [o.verdict for o in each.outcomes] == [Verdict.UNKNOWN] * 2
        assert all(LATER in o.reason for o in each.outcomes)
        assert verdicts(settle(harness)) == [Verdict.DELETED] * 2
        check_told(harness)


def test_killed_with_the_answer_on_its_way(
    instance: Start, harness: Harness, line: Proxy, gate: Event, tree: tuple[ResourceRef, ...]
) -> None:
    came = Event()
    wait = Turn(after=hold(came, gate))
    line.script[label(tree[0])] = deque([wait])
    process = instance("delete", "none", 1, *named(tree[0], tree[2]))
    assert came.wait(20)
    kill(process)
    gate.set()
    line.rest()
    there = harness.server.rows(1)
    expected = [Verdict.UNKNOWN if key in there else Verdict.DELETED for key in tree[:3]]
    assert expected[:2] == [Verdict.DELETED] * 2
    assert verdicts(settle(harness)) == expected
    settle_later(harness)
    check_told(harness)


def test_killed_with_many_in_flight(
    instance: Start, harness: Harness, server: FaultServer, line: Proxy, gate: Event
) -> None:
    files = [server.add_file() for _ in range(40)]
    came = Event()
    wait = Turn(Fault.RESET_AFTER, after=hold(came, gate))
    line.script[label(files[17])] = deque([wait])
    process = instance("delete", "none", 1, *named(*files))
    assert came.wait(20)
    kill(process)
    gate.set()
    line.rest()
    settled = verdicts(settle(harness))
    there = server.rows(1)
    assert [verdict is Verdict.DELETED for verdict in settled] == [f not in there for f in files]
    assert settled[17] is Verdict.DELETED
    sent = {path.rpartition("/")[2] for path in server.deletes}
    (run,) = harness.do(harness.records.runs())
    journaled = {str(item.key.id) for item in run.record.items if item.sent}
    assert sent <= journaled


def test_a_live_run_is_left_alone_by_another_instance(
    instance: Start,
    harness: Harness,
    server: FaultServer,
    line: Proxy,
    gate: Event,
    tree: tuple[ResourceRef, ...],
) -> None:
    parent, _, file, other = tree
    came = Event()
    line.script[label(parent)] = deque([Turn(after=hold(came, gate))])
    first = instance("delete", "none", 1, *named(parent))
    assert came.wait(20)
    assert json.loads(said(instance("settle"))) == {}
    second = instance("delete", "none", 1, *named(file))
    assert json.loads(said(second))["verdicts"] == {f"file:{file.id}": "deleted"}
    dead = instance("delete", "after the plan", 1, *named(other))
    assert said(dead) == "after the plan"
    kill(dead)
    told = json.loads(said(instance("settle")))
    assert list(told.values()) == [["not sent"]]
    gate.set()
    assert set(json.loads(said(first))["verdicts"].values()) == {"deleted"}
    runs = {run.record.run_id: run.record for run in harness.do(harness.records.runs())}
    assert len(runs) == 3
    assert all(run.ended and not run.unsettled for run in runs.values())
    assert settle(harness) == ()
    assert set(server.rows(1)) == {other}


def test_two_instances_settle_a_dead_run_once(
    instance: Start, harness: Harness, tree: tuple[ResourceRef, ...]
) -> None:
    dead = instance("delete", "after the answers", 1, *named(*tree[:3]))
    assert said(dead) == "after the answers"
    kill(dead)
    both = [instance("settle"), instance("settle")]
    told = [json.loads(said(process)) for process in both]
    assert sorted(map(len, told)) == [0, 1]
    check_told(harness)
