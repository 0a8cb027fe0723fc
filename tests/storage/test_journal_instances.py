"""Several instances on one journal: kills at every step, concurrent writes, and recovery."""

import os
import random
import re
import runpy
import sys
import time
from pathlib import Path

import pytest

import neptun_tui
from neptun_tui.domain.plan import PlanItem
from neptun_tui.domain.results import Outcome, Verdict
from neptun_tui.storage.journal import Journal

OTHER = Path(__file__).with_name("journal_process.py")
ROOT = str(Path(neptun_tui.__file__).parents[1])
make_plan = runpy.run_path(str(OTHER))["plan"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def journal(folder):
    return Journal(folder)


@pytest.fixture
def other(processes, folder):
    """Start another instance; it reads a line of standard input before it goes on."""

    def start(mode, *arguments):
        process = processes(
            sys.executable, "-W", "error", str(OTHER), mode, str(folder), *arguments,
            stdin=-1, stderr=None, env=os.environ | {"PYTHONPATH": ROOT},
        )  # fmt: skip
        process.said = process.stdout.readline().strip()
        assert process.said, "it fell"
        return process

    return start


def go(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def kill(process):
    process.kill()
    process.wait()
    process.stdin.close()


def raw(folder):
    return (folder / "deletions.jsonl").read_bytes()


def lock_files(folder):
    return list((folder / "runs").glob("*"))


# --- death


STEPS = {  # what is known after a kill: sent, and verdicts, of import, child, child and file
    "plan": ([False] * 4, [None] * 4),
    "intent": ([True] * 3 + [False], [None] * 4),
    "one verdict": ([True] * 3 + [False], [None, "deleted", None, None]),
    "all verdicts": ([True] * 3 + [False], ["deleted"] * 4),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(step, journal, folder, other):
    process = other("die", step)
    assert journal.open_runs() == ()  # it lives
    assert [run.run_id for run in journal.runs()] == [process.said]
    assert journal.take_over(journal.runs()[0]) is None
    kill(process)
    (run,) = journal.open_runs()
    assert run.run_id == process.said
    assert ([i.sent for i in run.items], [i.verdict for i in run.items]) == STEPS[step]
    assert journal.problems == ()
    log = journal.take_over(run)
    assert journal.open_runs() == ()
    log.verdicts([Outcome(PlanItem(i.key, 1, i.name), Verdict.KEPT) for i in run.unsettled])
    log.end(stopped=False, signed_out=False)
    assert journal.open_runs() == ()
    assert journal.runs()[0].unsettled == ()
    assert lock_files(folder) == []


def test_killed_after_its_end(journal, folder, other):
    kill(other("die", "end"))
    assert journal.open_runs() == ()
    assert journal.runs()[0].summary == "4 deleted"


@pytest.mark.parametrize(
    ("step", "left"), [("plan", None), ("intent", "plan"), ("all verdicts", "intent")]
)
def test_killed_in_the_middle_of_a_line(step, left, journal, folder, other):
    kill(other("die", step))
    whole = raw(folder).splitlines(keepends=True)
    cut = len(whole) - 1
    torn = b"".join(whole[:cut]) + whole[cut][: len(whole[cut]) // 2]
    (folder / "deletions.jsonl").write_bytes(torn)
    runs = journal.open_runs()
    assert [[item.sent for item in run.items] for run in runs] == ([STEPS[left][0]] if left else [])
    assert re.search(rf"torn .* skipped: {cut + 1}\.", journal.problems[0])
    assert lock_files(folder) == ([] if not left else [folder / "runs" / f"{runs[0].run_id}.open"])
    journal.begin(make_plan(), backup=None).end(stopped=False, signed_out=False)
    assert raw(folder).startswith(torn + b"\n{")
    assert journal.runs()[0].ended


def test_killed_while_writing_at_any_moment(journal, folder, other):
    chance = random.Random(7)
    journal.begin(make_plan(), backup=None).end(stopped=False, signed_out=False)
    for turn in range(1, 9):
        process = other("write", "x")
        time.sleep(chance.uniform(0, 0.05))
        kill(process)
        runs = journal.open_runs()
        assert all(len(item.name) == 1_000_000 for run in runs for item in run.items)
        torn = len(raw(folder).splitlines()) - len(runs) - 2  # the lines of the run that ended
        assert 0 <= torn <= turn
        journal.runs()  # reads all; a start reads nothing while no run is open
        assert bool(torn) == bool(journal.problems)


# --- others


def test_many_at_once_tear_no_line(journal, folder, other):
    crowd = [other("crowd", mark, "40") for mark in "abc"]
    for process in crowd:
        go(process)
    while crowd[0].poll() is None:
        journal.open_runs()
        assert journal.problems == ()
        time.sleep(0.01)
    for process in crowd:
        assert process.stdout.read() == "done\n"
        process.stdin.close()
    runs = journal.runs()
    assert (len(runs), {run.summary for run in runs}) == (120, {"4 deleted"})
    assert all(len(set(run.items[0].name)) == 1 for run in runs)
    assert len(raw(folder).splitlines()) == 480
    assert lock_files(folder) == []


def test_a_dead_run_is_adopted_by_exactly_one(journal, folder, other):
    dead = [other("die", "intent") for _ in range(4)]
    for process in dead:
        kill(process)
    heirs = [other("adopt") for _ in range(4)]
    for process in heirs:
        go(process)
    taken = [run for process in heirs for run in process.stdout.read().split()[:-1]]
    for process in heirs:
        process.stdin.close()
    assert sorted(taken) == sorted(process.said for process in dead)
    assert journal.open_runs() == ()
