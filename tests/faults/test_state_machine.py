"""State machine: a short profile in every run, a long one by ``pytest -m soak -s``.

With ``FAULTS_SHRINK=1`` in the environment a failure is made as small as it can be, which takes
minutes; without it the first one found is shown.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ..builders import examples
from .proxy import Proxy
from .server import FaultServer
from .state_machine import Deletions

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

Batch = Callable[[int, int], Counter[str]]


@pytest.fixture
def batch(
    server: FaultServer, line: Proxy, at_once: list[Callable[[], None]], no_sync: None
) -> Batch:
    """Run some examples from a seed, and count what was run."""
    counts: Counter[str] = Counter()

    class Machine(Deletions):
        pass

    Machine.server, Machine.line, Machine.hooks, Machine.counts = server, line, at_once, counts

    shrinking = [Phase.shrink] if os.environ.get("FAULTS_SHRINK") else []

    def run(number: int, examples: int) -> Counter[str]:
        how = settings(
            max_examples=examples,
            stateful_step_count=10,
            deadline=None,
            database=None,
            phases=[Phase.generate, *shrinking],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(seed(number)(Machine), settings=how)
        return counts

    return run


def test_no_run_says_anything_untrue(batch: Batch) -> None:
    number = examples(25, least=8)
    counts = batch(20_250_614, number)
    print(dict(counts))
    assert counts["runs"] >= 4 * number


@pytest.mark.soak
def test_no_run_of_ten_thousand_says_anything_untrue(batch: Batch) -> None:
    """``FAULTS_RUNS`` and ``FAULTS_SEED`` in the environment choose how many, and which."""
    wanted = int(os.environ.get("FAULTS_RUNS", "10000"))
    start = int(os.environ.get("FAULTS_SEED", "0")) or random.randrange(1, 10**9)
    print(f"\nFAULTS_SEED={start}")
    began, number = time.monotonic(), start
    while (counts := batch(number, 100))["runs"] < wanted:
        number += 1
        print(f"{time.monotonic() - began:7.0f} s  {dict(counts)}", flush=True)
    print(f"{time.monotonic() - began:7.0f} s  {dict(counts)}", flush=True)
