"""Layout of texts in the available cells."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from neptun_tui.domain.safe_text import TIE
from neptun_tui.tui.widgets.layout import truncate, wrap


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("src/app/main.py", 15, "src/app/main.py"),
        ("src/app/main.py", 10, "…p/main.py"),
        ("src/app/main.py", 1, "…"),
        ("src/app/main.py", 0, ""),
        ("a.py", 6, "a.py  "),
        ("A title of many words", 10, "A title o…"),
        ("src/漢字/文書.md", 10, "… /文書.md"),
        ("src/漢字/文書.md", 9, "…/文書.md"),
    ],
)
def test_a_path_keeps_its_end_and_a_title_its_beginning(text: str, cells: int, shown: str) -> None:
    assert truncate(text, cells, path=True) == shown
    assert cell_len(shown) == cells


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"1{TIE}a.py, 22{TIE}b.py", ["1 a.py,", "22 b.py"]),
        (f"1{TIE}a.py, 22{TIE}a_much_longer.py", ["1 a.py, 22", "a_much_longe", "r.py"]),
        ("one two three four", ["one two", "three four"]),
    ],
)
def test_what_is_tied_stays_on_one_line_if_it_fits_there(text: str, lines: list[str]) -> None:
    assert list(wrap(text, 12)) == lines
