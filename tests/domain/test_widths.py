"""Widths of all permitted characters in every terminal that can be queried.

Textual believes Rich, the emulator of the tests believes wcwidth, tmux, screen and xterm believe
their C library. A name for which they disagree would push the columns beside it, and at the right
edge the whole screen.
"""

from __future__ import annotations

import ctypes
import locale
import sys
import unicodedata
from collections.abc import Iterator

import pytest
import wcwidth
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from neptun_tui.domain import safe_text
from neptun_tui.domain.safe_text import NO_NAME, clean, clean_name
from neptun_tui.domain.unicode_14 import is_assigned

from ..builders import examples

SINCE = ("14.0.0", "15.1.0", "17.0.0")
"""Versions of Unicode that terminals in use have: that of Python 3.11, and those after it."""


@pytest.fixture(scope="module")
def passed() -> str:
    """Every character of Unicode that comes through unchanged after a letter."""
    every = filter(str.isprintable, map(chr, range(0x20, sys.maxunicode + 1)))
    return "".join(char for char in every if clean(f"a{char}") == f"a{char}")


@pytest.fixture(scope="module")
def c_library() -> Iterator[ctypes.CDLL]:
    """The C library, measuring as in a UTF-8 locale."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "wcwidth"):
        pytest.skip("the C library has no wcwidth")
    library.wcwidth.argtypes = [ctypes.c_uint32]
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        pytest.skip("no locale C.UTF-8")
    yield library
    locale.setlocale(locale.LC_CTYPE, before)


def test_most_of_what_people_write_comes_through(passed: str) -> None:
    assert set("aé漢カ한שع🙂→█│✓ไทย").issubset(passed)
    assert len(passed) > 120_000


@pytest.mark.parametrize("version", SINCE)
def test_rich_measures_alike_whatever_unicode_the_terminal_has(passed: str, version: str) -> None:
    other = [c for c in passed if get_character_cell_size(c, version) != cell_len(c)]
    assert list(map(hex, map(ord, other))) == []


def test_rich_and_wcwidth_agree(passed: str) -> None:
    other = [char for char in passed if wcwidth.wcwidth(char) != cell_len(char)]
    assert list(map(hex, map(ord, other))) == []


def test_rich_and_the_c_library_agree(passed: str, c_library: ctypes.CDLL) -> None:
    measured = ((char, c_library.wcwidth(ord(char))) for char in passed)
    other = [char for char, cells in measured if cells not in (cell_len(char), -1)]
    assert list(map(hex, map(ord, other))) == []


def test_characters_newer_than_unicode_14_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.12 and newer call them printable; a terminal may not know them."""
    monkeypatch.setattr(safe_text, "_OLDEST", False)
    safe_text._is_known.cache_clear()
    newer = "\U0001fae8\U0001f6dc\U00011f00\u0cf3\U0002ebf0\U0001fae9\u1c89"  # 15.0 to 16.0
    assert clean(f"a{newer}é漢🙂") == "a" + "\ufffd" * len(newer) + "é漢🙂"
    safe_text._is_known.cache_clear()


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="Python with Unicode 14.0")
def test_the_table_of_unicode_14_is_that_of_python_3_11() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    other = [c for c in every if is_assigned(c) != (unicodedata.category(c) != "Cn")]
    assert other == []


@settings(deadline=None, max_examples=examples(200))
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_the_cells_of_a_text_are_those_of_its_characters(text: str) -> None:
    cleaned = clean(text)
    assert cell_len(cleaned) == sum(map(cell_len, cleaned)) == wcwidth.wcswidth(cleaned)


def test_all_that_takes_no_cell_is_a_mark_and_no_pile_of_it_is_endless(passed: str) -> None:
    nothing = [char for char in passed if cell_len(char) == 0]
    assert {unicodedata.category(char) for char in nothing} == {"Mn", "Me"}
    for char in nothing:
        assert len(clean("a" + char * 500)) <= 4, hex(ord(char))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u1112\u1161\u11ab\u1100\u1173\u11af.txt", "한글.txt"),  # as macOS writes it
        ("re\u0301sume\u0301.md", "résumé.md"),
        ("\u0915\u093e", "क\ufffd"),  # a vowel sign: a cell of its own, or none
        ("a" + "\u0903" * 3, "a\ufffd\ufffd\ufffd"),
        ("\u4dc0\u2630", "\ufffd\ufffd"),  # wide since Unicode 16
        ("\u1161\u11a8", "\ufffd\ufffd"),  # half a syllable
        ("a\U000e0100b\u180bc", "abc"),
    ],
)
def test_what_terminals_measure_differently_is_composed_or_replaced(text: str, shown: str) -> None:
    assert clean(text) == shown
    assert clean(shown) == shown


@pytest.mark.parametrize("char", ["\u3164", "\u115f", "\u1160", "\uffa0", "\u034f", "\u17b4"])
def test_an_invisible_letter_is_made_visible(char: str) -> None:
    assert clean(f"a{char}b") == "a\ufffdb"


@pytest.mark.parametrize("text", ["\u2800", "\u2800 \u2800", "\U0001f3fb", "\u2003"])
def test_a_name_that_would_be_drawn_as_nothing_says_so(text: str) -> None:
    assert clean_name(text) == NO_NAME
