"""Terminals without colours, and without UTF-8."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color

from neptun_tui.tui import filters
from neptun_tui.tui.filters import MonochromeFilter, TranscodeFilter, speaks_utf8
from neptun_tui.tui.screen import ResponsiveScreen
from neptun_tui.tui.widgets.layout import merge_segments

BLACK = Color(0, 0, 0)


def test_no_colour_is_left_and_every_attribute_is() -> None:
    style = Style.parse("bold underline reverse dim red on #123456") + Style.from_meta({"a": 1})
    (segment,) = MonochromeFilter().apply([Segment("text", style)], BLACK)
    assert segment.text == "text"
    assert segment.style.without_color == Style.parse("bold underline reverse dim")
    assert (segment.style.color, segment.style.bgcolor) == (None, None)
    assert segment.style.meta == {"a": 1}


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "iso-8859-15", "koi8-r"])
def test_what_an_encoding_does_not_have_is_written_in_as_many_cells(encoding: str) -> None:
    text = "✓ ▸ Größe… 日本 é €5 – Ω " + "".join(filters._ALIKE)
    (segment,) = TranscodeFilter(encoding).apply([Segment(text)], BLACK)
    segment.text.encode(encoding)
    assert cell_len(segment.text) == cell_len(text)
    assert segment.text.startswith("* > Gr")


def test_what_an_encoding_has_is_left_alone() -> None:
    (segment,) = TranscodeFilter("iso-8859-1").apply([Segment("Größe × 2 · é")], BLACK)
    assert segment.text == "Größe × 2 · é"


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf_8", "U8"])
def test_utf_8_is_known_under_all_its_names(name: str) -> None:
    assert speaks_utf8(name)
    assert not speaks_utf8("iso-8859-1")


def test_a_blank_joins_what_stands_before_it_but_where_it_would_be_seen() -> None:
    red, green, on_blue = (Style.parse(name) for name in ("red", "green", "red on blue"))
    line = Style.parse("green underline")
    pieces = [("a", red), ("  ", green), ("b", red), (" ", on_blue), ("c", red), (" ", line)]
    assert [(s.text, s.style) for s in merge_segments(pieces)] == [
        ("a  b", red), (" ", on_blue), ("c", red), (" ", line),
    ]  # fmt: skip
    assert merge_segments([]) == []


class Slim(ResponsiveScreen[None]):
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (60, "-roomy")]  # noqa: RUF012 - so declared
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-high")]  # noqa: RUF012 - so declared

    def on_mount(self) -> None:
        self.at_first = set(self.classes)


@pytest.mark.parametrize(
    ("size", "classes"), [((40, 12), {"-slim", "-low"}), ((60, 16), {"-roomy", "-high"})]
)
async def test_a_screen_is_styled_for_its_size_before_it_is_laid_out(size, classes) -> None:
    app = App[None]()
    async with app.run_test(size=size) as pilot:
        screen = Slim()
        await app.push_screen(screen)
        await pilot.pause()
        assert screen.at_first == classes
        assert screen.classes == classes
