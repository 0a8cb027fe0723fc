"""Helpers for the domain tests: owner and short constructors of items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from neptun_tui.domain.account import Account
from neptun_tui.domain.resources import File, Import, Project

# Of session scope throughout: Hypothesis runs one test many times and resets no fixture between.


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2025, 6, 14, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def account() -> Account:
    return Account("https://neptun.example", 7, "demo@example.com")


@pytest.fixture(scope="session")
def project() -> Project:
    return Project(1, "Storefront")


@pytest.fixture(scope="session")
def make_import() -> Callable[..., Import]:
    def make(number: int, path: str = "/srv/app", **options: Any) -> Import:
        return Import(number, 1, **{"source_type": "local_folder", "source_path": path, **options})

    return make


@pytest.fixture(scope="session")
def make_file() -> Callable[..., File]:
    def make(number: int, under: int | None = None, **options: Any) -> File:
        return File(number, 1, under, **{"title": f"file-{number}.txt", "size": 10, **options})

    return make
