"""Builders shared by tests of several folders."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from neptun_tui.demo.data import populate
from neptun_tui.demo.store import Store

_FRESH = timedelta(minutes=1)
_templates: list[tuple[datetime, Store]] = []


def populated_store() -> Store:
    """Return a store with the sample data, copied from one that was filled a minute ago at most.

    Filling a store takes about 80 ms, copying it 1 ms. The dates in it count back from when it was
    filled, so an old template is filled again.
    """
    now = datetime.now(UTC)
    if not _templates or now - _templates[-1][0] > _FRESH:
        store = Store()
        populate(store, now=now)
        for _, old in _templates:
            old.close()
        _templates[:] = [(now, store)]
    return _templates[-1][1].copy()


def examples(number: int, least: int = 25) -> int:
    """Return how many examples of a property to try: all in a `ci` run, a quarter elsewhere."""
    return number if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else max(least, number // 4)
