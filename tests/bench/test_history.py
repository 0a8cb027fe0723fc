"""Target of the benchmark; run with ``pytest -m bench -s``."""

from __future__ import annotations

import pytest

from .history import measure, table


@pytest.mark.bench
def test_20_000_ended_runs_delay_neither_a_start_nor_a_delete() -> None:
    results = measure(20_000, 9)
    print(f"\n{table(results)}")
    missed = [str(result) for result in results if not result.met]
    assert missed == []
