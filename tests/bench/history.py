"""Time of a start and of a delete with many ended runs in the history, against none.

    python -m tests.bench.history [--runs 20000] [--repeat 9]

Both homes are signed in to the same demo, and take turns. A **start** is the app until it shows the
projects, and its recovery of interrupted runs, as ``neptun-tui settle`` does it alone; a **delete**
is ``neptun-tui delete file`` of one file. Each time is that of a whole new process.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from neptun_tui.demo.data import MANY_FILES_PROJECT
from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Outcome, Verdict
from neptun_tui.storage.journal import Journal

from .background import demo
from .command_line import environment, sign_in
from .screen import Result
from .watched import APP, watched

AIM: Final = 1.2
_ITEMS: Final = 4
_FIRST_RUN: Final = datetime(2025, 1, 1, tzinfo=UTC)


def fill(folder: Path, runs: int) -> None:
    """Write a history of ended runs: one by the program, the others as copies with other IDs."""
    files = [PlanItem(ResourceRef(Kind.FILE, n), 1, f"src/file-{n}.ts") for n in range(_ITEMS)]
    steps = tuple(PlanStep(file) for file in files)
    plan = DeletionPlan(Account("https://a.test", 7, "p@a.test"), Project(1, "Shop"), steps)
    log = Journal(folder).begin(plan, backup=None)
    log.intents(file.key for file in files)
    log.verdicts(Outcome(file, Verdict.DELETED) for file in files)
    log.end(stopped=False, signed_out=False)
    (path,) = folder.glob("*.jsonl")
    lines = path.read_bytes()
    with path.open("ab") as file:
        for number in range(runs - 1):
            began = _FIRST_RUN + timedelta(minutes=number)
            run_id = f"{began:%Y%m%d-%H%M%S}000-{number:06x}"
            file.write(lines.replace(log.run_id.encode(), run_id.encode()))
    found = Journal(folder).runs()
    assert len(found) == runs, "the history is not as long as it should be"
    assert all(run.ended for run in found)


def timed(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Seconds from the start of a command to its end."""
    began = time.perf_counter()
    subprocess.run(command, env=dict(env), check=True, capture_output=True, timeout=120)
    return time.perf_counter() - began


def first_row(env: Mapping[str, str]) -> float:
    """Seconds until the app shows the projects."""
    with watched(APP, env) as program:
        return program.moment_of("Storefront")


def ids_to_delete(env: Mapping[str, str]) -> Iterator[str]:
    """IDs of files that the demo has; each is deleted once."""
    url = f"{env['URL']}/{MANY_FILES_PROJECT}/resources/files"
    found = httpx.get(url, headers={"Cookie": env["COOKIE"]}, timeout=60).json()
    return iter([str(file["id"]) for file in found])


def measure(runs: int, repeat: int) -> list[Result]:
    """Measure both homes in turn, after one of each that warms the caches."""
    command = (sys.executable, "-m", "neptun_tui")
    with tempfile.TemporaryDirectory(prefix="bench-") as place, demo("--files", "200") as origin:
        homes = []
        for number in (runs, 0):
            home = Path(place) / str(number)
            state = home / "state" / "neptun-tui"
            session = asyncio.run(sign_in(origin, state))
            homes.append(environment(home, session) | {"TERM": "xterm-256color"})
            if number:
                fill(state, number)
        ids = ids_to_delete(homes[0])

        def delete(env: Mapping[str, str]) -> float:
            what = ("delete", "file", str(MANY_FILES_PROJECT), next(ids), "--yes")
            return timed((*command, *what), env)

        def settle(env: Mapping[str, str]) -> float:
            return timed((*command, "settle"), env)

        ways: dict[str, Callable[[Mapping[str, str]], float]] = {
            "start: the app, until it shows the projects": first_row,
            "start: the recovery of interrupted runs": settle,
            "delete of a file": delete,
        }
        return [
            _compare(f"{what}, {runs:,} runs", how, homes, repeat) for what, how in ways.items()
        ]


def _compare(
    name: str,
    how: Callable[[Mapping[str, str]], float],
    homes: list[dict[str, str]],
    repeat: int,
) -> Result:
    for env in homes:
        how(env)
    pairs = [[how(env) for env in homes] for _ in range(repeat)]
    many, none = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    return Result(name, many, none, AIM, "ms")


def table(results: list[Result]) -> str:
    """The results as Markdown."""
    head = "| | many | none | ratio | aim | met |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(str, results)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    print(table(measure(options.runs, options.repeat)))


if __name__ == "__main__":
    main()
