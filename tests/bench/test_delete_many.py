"""Target of the benchmark; run with ``pytest -m bench -s``."""

from __future__ import annotations

import statistics

import pytest

from .delete_many import measure, table


@pytest.mark.bench
def test_deleting_300_files_is_eight_times_as_fast_and_near_the_ideal() -> None:
    timings = measure(300, 40, 3)
    print(f"\n{table(timings)}")
    assert statistics.median(t.faster for t in timings) >= 8
    assert statistics.median(t.over_ideal for t in timings) <= 1.3
