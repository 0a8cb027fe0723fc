"""Interrupts of a run without a terminal: ctrl+C and other signals."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from .conftest import Scripted, files_of, finished, heard, lines_of, wait_until

Start = Callable[..., subprocess.Popen[str]]

IN_FLIGHT = 6


@pytest.fixture
def twenty(server: Scripted) -> list[str]:
    """The first files of the project, more than are sent at the same time."""
    return [str(number) for number in files_of(server)[:20]]


@pytest.fixture
def another(server: Scripted) -> str:
    """One file more."""
    return str(files_of(server)[20])


def verdicts_of(out: str) -> dict[int, str]:
    return {line["id"]: line["result"] for line in lines_of(out)[:-1]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_once_stops_cleanly_and_tells_of_every_item(
    started: Start, server: Scripted, twenty: list[str], number: signal.Signals
) -> None:
    gate = server.hold("^DELETE ")
    process = started("delete", "file", "1", *twenty, "--yes", "--json")
    wait_until(lambda: gate.waiting >= IN_FLIGHT, "the first requests")
    process.send_signal(number)
    wait_until(lambda: heard(process), "the signal to be heard")
    gate.open()
    code, out, err = finished(process)
    verdicts = verdicts_of(out)
    assert code == 130
    assert list(verdicts) == [int(each) for each in twenty]
    sent = [int(path.rpartition("/")[2]) for path in server.deletes]
    assert sorted(n for n, verdict in verdicts.items() if verdict == "deleted") == sorted(sent)
    assert len(sent) == IN_FLIGHT
    assert {v for n, v in verdicts.items() if n not in sent} == {"not sent"}
    assert lines_of(out)[-1]["stopped"] is True
    assert "Stopped: 6 deleted" in err


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_twice_leaves_at_once_and_the_next_start_settles(
    started: Start, server: Scripted, twenty: list[str], another: str, first: signal.Signals
) -> None:
    gate = server.hold("^DELETE ")
    process = started("delete", "file", "1", *twenty, "--yes", "--json")
    wait_until(lambda: gate.waiting >= IN_FLIGHT, "the first requests")
    process.send_signal(first)
    wait_until(lambda: heard(process), "the signal to be heard")
    process.send_signal(signal.SIGINT)
    code, out, err = finished(process)
    assert (code, out) == (130, "")
    assert "Traceback" not in err
    assert len(server.deletes) == IN_FLIGHT
    gate.open()
    code, _, err = finished(started("delete", "file", "1", another, "--yes"))
    assert code == 0
    assert "has 2 open results: 6 deleted, 2 unknown, 12 not sent" in err


def test_a_killed_run_is_settled_and_told_by_the_next_start(
    started: Start, server: Scripted, twenty: list[str], another: str
) -> None:
    gate = server.hold("^DELETE ")
    process = started("delete", "file", "1", *twenty, "--yes")
    wait_until(lambda: gate.waiting >= IN_FLIGHT, "the first requests")
    process.kill()
    process.wait()
    gate.open()
    code, _, err = finished(started("delete", "file", "1", another, "--yes"))
    assert code == 0
    assert "A deletion in Storefront has 2 open results: 6 deleted, 2 unknown, 12 not sent" in err


def test_before_the_run_it_ends_at_once_and_nothing_is_sent(
    started: Start, server: Scripted, twenty: list[str]
) -> None:
    gate = server.hold("/resources/files$")
    process = started("delete", "file", "1", *twenty, "--yes")
    wait_until(lambda: gate.waiting >= 1, "the listing")
    process.send_signal(signal.SIGINT)
    code, out, _ = finished(process)
    assert (code, out, server.deletes) == (130, "", [])


def test_a_signal_that_was_to_be_ignored_stays_ignored(
    started: Start, server: Scripted, twenty: list[str]
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        gate = server.hold("^DELETE ")
        process = started("delete", "file", "1", *twenty, "--yes", "--json")
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_until(lambda: gate.waiting >= IN_FLIGHT, "the first requests")
    os.kill(process.pid, signal.SIGHUP)
    gate.open()
    code, out, _ = finished(process)
    assert (code, set(verdicts_of(out).values())) == (0, {"deleted"})
