"""Target of the benchmark; run with ``pytest -m bench -s``."""

from __future__ import annotations

import pytest

from .command_line import measure, ratio, table


@pytest.mark.bench
def test_a_command_takes_hardly_longer_than_httpx_alone() -> None:
    timings = measure(15)
    print(f"\n{table(timings)}")
    assert ratio(timings) <= 1.3
