"""Second instance of the program, to kill or race with. Arguments: MODE FOLDER ..."""

import sys
import time
from pathlib import Path

from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Outcome, Verdict
from neptun_tui.storage.journal import Journal


def target(kind, number, name="x"):
    return PlanItem(ResourceRef(kind, number), 1, name, size=10)


def plan(name="x"):
    """Import 102 with the files 1301 and 1302, and file 1204 on its own."""
    taken = (target(Kind.FILE, 1301, name), target(Kind.FILE, 1302, name))
    steps = (
        PlanStep(target(Kind.IMPORT, 102, name), taken),
        PlanStep(target(Kind.FILE, 1204, name)),
    )
    return DeletionPlan(Account("https://a.test", 7, "p@a.test"), Project(1, "Shop"), steps)


def outcomes():
    return [Outcome(each, Verdict.DELETED) for each in plan().targets]


def say(*words):
    print(*words, flush=True)


def wait():
    assert sys.stdin.readline()


def die(folder, step):
    """Go as far as a step, say so, and wait to be killed."""
    log = Journal(folder).begin(plan(), backup=None)
    if step != "plan":
        log.intent(ResourceRef(Kind.IMPORT, 102))
    if step == "one verdict":
        log.verdict(outcomes()[1])
    if step in ("all verdicts", "end"):
        log.verdicts(outcomes())
    if step == "end":
        log.end(stopped=False, signed_out=False)
    say(log.run_id)
    wait()


def write(folder, mark):
    """Write huge lines without a pause, until killed."""
    journal = Journal(folder)
    huge = plan(mark * 1_000_000)
    say("ready")
    while True:
        journal.begin(huge, backup=None).close()


def crowd(folder, mark, runs):
    """Run many runs to their end, with others at it too."""
    journal = Journal(folder)
    say("ready")
    wait()
    for _ in range(int(runs)):
        log = journal.begin(plan(mark * 3000), backup=None)
        log.intents([ResourceRef(Kind.IMPORT, 102), ResourceRef(Kind.FILE, 1204)])
        log.verdicts(outcomes())
        log.end(stopped=False, signed_out=False)
    say("done")


def adopt(folder):
    """Take over every dead run, and say which."""
    journal = Journal(folder)
    say("ready")
    wait()
    for run in journal.open_runs():
        log = journal.take_over(run)
        if log:
            say(run.run_id)
            time.sleep(0.01)
            log.verdicts(outcomes())
            log.end(stopped=False, signed_out=False)
    say("done")


if __name__ == "__main__":
    mode, where, *rest = sys.argv[1:]
    {"die": die, "write": write, "crowd": crowd, "adopt": adopt}[mode](Path(where), *rest)
