"""Builders shared by tests of several folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

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


def objects_of(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that a JSON Schema describes by its properties."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and "type" in node:
            yield node
        for each in node.values():
            yield from objects_of(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects_of(each)


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that forbids unknown names: published ones are open, our output is exact."""
    copied = deepcopy(schema)
    for each in objects_of(copied):
        each["additionalProperties"] = False
    return copied
