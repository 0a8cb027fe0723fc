"""Screenshots of the README: they equal what the app draws today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "screenshots"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_screenshots", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _load()


@pytest.mark.parametrize("size", make.SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", make.SHOTS)
async def test_the_app_draws_what_a_committed_screenshot_shows(
    name: str, size: tuple[int, int]
) -> None:
    committed = make.path_of(name, size).read_text(encoding="utf-8")
    drawn = await make.draw(make.SHOTS[name], size)
    assert words(drawn) == words(committed), "run: python screenshots/make.py"


def words(picture: str) -> list[str]:
    """The lines, without the spaces: colours, which a busy machine adds late, divide them."""
    return [" ".join(line.split()) for line in make.said(picture)]
