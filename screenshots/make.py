"""Make every screenshot from the embedded demo: ``python screenshots/make.py``.

The test beside it draws the same screens again and compares what they say with these files.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from textual.pilot import Pilot

from neptun_tui.cli.args import parse
from neptun_tui.cli.bootstrap import demo_context
from neptun_tui.storage.config import Loaded, Settings
from neptun_tui.tui.app import NeptunApp
from neptun_tui.tui.input_guard import SETTLE_SECONDS
from neptun_tui.tui.theme import FULL

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (120, 40))

_OPEN = ("enter", "~Storefront", "enter", "~orphan.env")
SHOTS: dict[str, tuple[str, ...]] = {
    "sign-in": ("~until you quit",),
    "browser": (*_OPEN, "enter", "~.gitkeep", "down", "down", "space", "space", "~2 marked"),
    "detail": (*_OPEN, ":", *"f1219", "enter", "v", "~services:"),
    "confirm-file": (*_OPEN, ":", *"f1219", "enter", "d", "~Checked with Neptun"),
    "confirm-import": (*_OPEN, "down", "d", "~Checked with Neptun"),
    "confirm-many": (*_OPEN, "down", "space", "space", "space", "space", "space", "d", "~Checked"),
    "report": (*_OPEN, "down", "down", "d", "~Checked with", "…", *"103", "enter", "~deleted"),
    "help": (*_OPEN, "?", "~Deleting is permanent"),
}
"""For each picture the keys that lead to it; ``~text`` waits until the screen says so,
``…`` until a dialog takes keys."""

_DATES = re.compile(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d")


async def draw(keys: Iterable[str], size: tuple[int, int]) -> str:
    """Draw one screen of the demo.

    Args:
        keys: what to press, and what to wait for.
        size: columns and rows.

    Returns:
        The picture, as SVG.
    """
    with tempfile.TemporaryDirectory() as folder:
        return await _draw_in(Path(folder), keys, size)


async def _draw_in(folder: Path, keys: Iterable[str], size: tuple[int, int]) -> str:
    loaded = Loaded(Settings(theme=FULL.name))
    app_context = demo_context(parse(["--demo"]), loaded, folder)
    app = NeptunApp(app_context, crash_folder=folder)
    try:
        async with app.run_test(size=size) as pilot:
            for key in keys:
                if key.startswith("~"):
                    await _until(pilot, key[1:])
                elif key == "…":
                    await pilot.pause(SETTLE_SECONDS)
                else:
                    await pilot.press(_NAMES.get(key, key))
            await _settle(pilot)
            return app.export_screenshot(title="neptun-tui")
    finally:
        app_context.link.close()


_NAMES = {":": "colon", "?": "question_mark"}


async def _until(pilot: Pilot[object], text: str) -> None:
    for _ in range(200):
        await pilot.pause(0.05)
        if text in "\n".join(said(pilot.app.export_screenshot())):
            return
    raise TimeoutError(f"the screen never said {text!r}")


async def _settle(pilot: Pilot[object]) -> None:
    """Wait until two pictures in a row are the same, the dialog's first moment included."""
    before = ""
    for _ in range(50):
        await pilot.pause(0.25)
        now = pilot.app.export_screenshot()
        if said(now) == said(before):
            return
        before = now


def said(svg: str) -> list[str]:
    """What a picture says, line by line, dates left out: they move with the day it is made."""
    if not svg:
        return []
    lines: dict[float, list[tuple[float, str]]] = {}
    for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if element.text and (y := element.get("y")):
            lines.setdefault(float(y), []).append((float(element.get("x", 0)), element.text))
    texts = ("".join(text for _, text in sorted(lines[y])) for y in sorted(lines))
    return [_DATES.sub("‹date›", text.replace("\xa0", " ").strip()) for text in texts]


def path_of(name: str, size: tuple[int, int]) -> Path:
    """Where a picture is kept."""
    return FOLDER / f"{name}-{size[0]}x{size[1]}.svg"


async def main() -> None:
    """Make them all."""
    for size in SIZES:
        for name, keys in SHOTS.items():
            path_of(name, size).write_text(await draw(keys, size), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
