"""Resizes at any time: nothing is lost, and nothing is confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

SIZES = [(120, 40), (40, 12), (81, 25), (30, 8), (200, 60), (10, 3), (109, 20), (110, 19), (1, 1)]


def storm(app: Any, times: int = 2) -> None:
    """Many sizes, faster than anybody can draw them, some far too small."""
    for _ in range(times):
        for columns, rows in SIZES:
            app.resize(columns, rows)
            app.pump(0.01)
    app.settle(0.1)
    for columns, rows in SIZES:
        app.resize(columns, rows)
        app.pump(0.06)


def test_a_storm_of_sizes_confirms_nothing_and_ends_with_the_same_picture(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.settle()
    browser = app.text
    storm(app)
    app.resize(80, 24)
    app.wait_until(lambda: app.text == browser, "the browser of before")

    app.ask("Delete import 102?")
    app.type("102")
    app.wait_for("Type 102 to delete 102")
    app.settle(0.5)
    dialog = app.text
    storm(app)
    app.resize(80, 24)
    app.wait_until(lambda: app.text == dialog, "the dialog of before")
    assert server.deletes == []
    app.settle(0.1)
    app.send("\x1b")
    app.wait_gone("Delete import 102?")
    assert app.quit() == 0
    assert server.deletes == []


def test_a_y_right_after_a_resize_deletes_nothing(at_file: Callable[..., Any], server: Any) -> None:
    app = at_file()
    app.ask("Delete file 102?")
    tries = 0
    for columns in (100, 80, 101) * 8:
        if tries == 3:
            break
        app.settle(0.1)
        length, began = len(app.raw), time.monotonic()
        app.resize(columns, 24)
        app.wait_until(lambda length=length: len(app.raw) > length, "the new size")
        if time.monotonic() - began < 0.3:  # else a slow machine has given it time to settle
            app.send("y")
            tries += 1
    if not tries:
        pytest.skip("too busy: no picture was drawn within 0.3 s of its resize")
    app.settle()
    assert "Delete file 102?" in app.text
    app.send("\x1b")
    app.wait_gone("Delete file 102?")
    assert app.quit() == 0
    assert server.deletes == []


def test_below_the_smallest_size_one_sentence_stands_alone(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask("Delete import 102?")
    app.resize(38, 9)
    app.wait_for("Too small: 40×10 needed.")
    app.settle()
    said = [line.strip() for line in app.lines if line.strip()]
    assert said == ["Too small: 40×10 needed. ctrl+q quits."]
    assert app.quit("\x11") == 0
    assert server.deletes == []


def test_exported_columns_and_lines_do_not_hide_what_a_dialog_is_about(
    at_file: Callable[..., Any], server: Any
) -> None:
    exported = {"COLUMNS": "80", "LINES": "24"}
    app = at_file(size=(80, 12), environ=exported)
    app.ask("Delete file 102?")
    app.wait_for("file 102", "ci.yml", "PERMANENT")
    app.resize(60, 10)
    app.wait_until(lambda: "Keep" in app.text and len(app.lines) == 10, "the dialog")
    app.settle()
    for said in ("Delete file 102?", "file 102", "ci.yml", "PERMANENT"):
        assert said in app.text
    app.pump(0.5)
    app.send("y")
    app.wait_for("1 deleted")
    assert len(server.deletes) == 1
