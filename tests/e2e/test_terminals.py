"""`--demo`, as a new user tries it, in terminals of every size and kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

PROJECTS = {1: "Storefront", 2: "Billing API", 3: "Landing page", 5: "Cluster", 8: "Strange names"}
WIDE = 110
"""From here on the projects stand beside the rest, 31 columns wide and a line."""


def assert_whole(app: Any) -> None:
    """Title above, footer below, every row as wide as the window, nothing drawn over."""
    lines = app.lines
    assert len(lines) == app.rows
    assert all(len(line) == app.columns for line in lines), "a row was wrapped or shifted"
    assert lines[0].lstrip().removeprefix("neptun").lstrip().startswith("demo@example.com on ")
    assert lines[0].rstrip().endswith("DEMO")
    assert lines[-1].startswith(" enter → open")
    assert lines[-1].endswith("? help  q quit ")
    assert not any(sign in line for line in lines for sign in ("▄▄", "\\u")), "a sideways scrollbar"


def assert_projects_listed(app: Any) -> None:
    """Each project on a row of its own, in order, its ID under the title of the column."""
    pane = [line[:31] for line in app.lines] if app.columns >= WIDE else app.lines
    end = pane[1].index("ID") + 2
    rows = [line for line in pane[2:] if line[:end].strip(" ▌").isdecimal()]
    assert [int(row[:end].strip(" ▌")) for row in rows] == list(PROJECTS)
    for row, name in zip(rows, PROJECTS.values(), strict=True):
        assert row[end:].startswith(f"  {name} ")
    if app.columns >= WIDE:
        assert {line[31] for line in app.lines[1:-1]} == {"│"}


@pytest.mark.parametrize(
    ("size", "environ"),
    [
        ((80, 24), {}),
        ((120, 40), {}),
        ((40, 12), {}),
        ((200, 60), {}),
        ((80, 24), {"TERM": "xterm"}),
        ((80, 24), {"TERM": "screen"}),
        ((80, 24), {"TERM": "tmux-256color"}),
        ((80, 24), {"TERM": "linux"}),
        ((80, 24), {"TERM": "vt100"}),
        ((80, 24), {"NO_COLOR": "1"}),
        ((80, 24), {"LANG": "C"}),
        ((80, 24), {"LC_ALL": "C"}),
        ((80, 24), {"LC_ALL": "POSIX"}),
    ],
    ids=lambda value: "×".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_the_demo_opens_with_one_enter_and_its_picture_is_whole(
    terminal: Callable[..., Any], size: tuple[int, int], environ: dict[str, str]
) -> None:
    app = terminal("--demo", size=size, environ=environ)
    app.wait_for("Sign in", "demo@example.com", "Your session will be kept in", "quit")
    app.settle(0.1)
    assert app.lines[0].startswith(" neptun-tui ")
    assert app.lines[-1].rstrip().endswith("ctrl+q quit")
    assert "Use a session cookie" in app.text
    app.send("\r")
    app.wait_for(*PROJECTS.values())
    app.settle(0.1)
    assert_whole(app)
    assert_projects_listed(app)
    before = app.text

    app.send("?")
    app.wait_for("Deleting is permanent", "esc close")
    app.send("\x1b")
    app.wait_gone("Deleting is permanent")
    app.settle(0.1)
    assert app.text == before

    app.send("\r")
    app.wait_for("Storefront  4 imports · 99", "Orphaned files", "101", "110")
    app.settle(0.1)
    assert_whole(app)
    assert app.quit() == 0
    assert app.modes["1049"] is False
    assert app.modes["25"] is True
    if environ.get("TERM") in ("xterm", "screen", "linux", "vt100"):
        assert b"38;5;" not in app.raw, "more than sixteen colours"


def test_an_idle_screen_sends_nothing(terminal: Callable[..., Any]) -> None:
    app = terminal("--demo")
    app.wait_for("Your session will be kept in")
    app.send("\r")
    app.wait_for("Storefront")
    app.settle(0.3)
    length = len(app.raw)
    app.pump(1.5)
    assert len(app.raw) == length
    app.send("\x10")
    app.wait_for("Search for commands")
    app.settle(0.3)
    length = len(app.raw)
    app.pump(1.5)
    assert len(app.raw) == length, "the cursor of the commands blinks"
    app.send("\x1b")
    app.wait_gone("Search for commands")
    assert app.quit() == 0


def sent_styles(raw: bytes) -> set[int]:
    """Every number that was sent to style text."""
    found = re.findall(rb"\x1b\[([\d;:]*)m", raw)
    return {int(number) for each in found for number in re.split(rb"[;:]", each) if number}


def cells_with(app: Any, text: str, attribute: str) -> str:
    """Return the parts drawn with an attribute, in the rows that hold a text."""
    rows = [number for number, line in enumerate(app.lines) if text in line]
    cells = [app._screen.buffer[row][x] for row in rows for x in range(app.columns)]
    return "".join(cell.data for cell in cells if getattr(cell, attribute))


def wait_for_drawn(app: Any, text: str, attribute: str, row: str = "") -> None:
    """Wait until a text is drawn with an attribute, in a row with another text."""
    app.wait_until(lambda: text in cells_with(app, row or text, attribute), f"{attribute} {text!r}")


def test_an_empty_no_color_is_none(terminal: Callable[..., Any]) -> None:
    app = terminal("--demo", environ={"NO_COLOR": "", "TERM": "xterm-256color"})
    app.wait_for("Your session will be kept in")
    app.wait_until(lambda: b"\x1b[38;5;" in app.raw or b";38;5;" in app.raw, "a colour")


@pytest.mark.parametrize("term", ["xterm", "xterm-256color", "vt100"])
def test_with_no_color_no_colour_is_sent_and_what_counts_is_seen_all_the_same(
    terminal: Callable[..., Any], term: str
) -> None:
    app = terminal("--demo", environ={"NO_COLOR": "1", "TERM": term, "COLORTERM": "truecolor"})
    app.wait_for("Your session will be kept in")
    wait_for_drawn(app, "Sign in", "reverse", row="Use a session cookie")
    app.send("\x1b[Z")
    wait_for_drawn(app, " ", "reverse", row="Password")
    app.send("\r")
    app.wait_for("Strange names")
    wait_for_drawn(app, "Storefront", "reverse")
    app.send("\r")
    app.wait_for("Orphaned files")
    app.go_to("f102", "▌       102").send(" ")
    app.wait_for("✓      102", "1 marked")
    app.send("d")
    app.wait_for("Delete file 102?", "Checked with Neptun a moment ago.")
    wait_for_drawn(app, "PERMANENT", "bold")
    wait_for_drawn(app, "Keep", "reverse")
    app.settle()
    app.pump(0.5)
    app.send("y")
    app.wait_for("Done  1 deleted", "✓ deleted")
    app.send("\x1b")
    app.wait_gone("✓ deleted")
    assert app.quit() == 0
    colours = {*range(30, 50), *range(90, 108)}
    assert sent_styles(app.raw) & colours == set()


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ascii"])
def test_a_terminal_without_utf_8_gets_only_signs_that_it_knows(
    terminal: Callable[..., Any], encoding: str
) -> None:
    app = terminal("--demo", environ={"PYTHONIOENCODING": encoding})
    app.wait_for("Your session will be kept in")
    app.send("\r")
    app.wait_for("Landing page")
    app.send("\r")
    app.wait_for("Projects > Storefront", "enter > open")
    app.settle()
    assert all(len(line) == 80 for line in app.lines)
    assert "\\u" not in app.text
    app.send(" d")
    app.wait_for("Delete import 101?", "+----")
    app.send("\x1b")
    app.wait_gone("Delete import 101?")
    assert app.quit() == 0
    beyond = {byte for byte in app.raw if byte > 126}
    assert beyond <= {0xB7}, "the middle dot is all that Latin-1 has of ours"
    assert encoding != "ascii" or not beyond


def test_bytes_that_are_no_text_end_nothing(terminal: Callable[..., Any]) -> None:
    app = terminal("--host", "http://127.0.0.1:9")
    app.wait_for("Your session will be kept in")
    app.send(b"\xfc\xffme\xc3\xa9\xf8")
    app.wait_for("E-mail     meé")
    assert app.quit("\x11") == 0


def test_the_mouse_is_left_to_the_terminal(terminal: Callable[..., Any]) -> None:
    app = terminal("--demo")
    app.wait_for("Your session will be kept in")
    assert {"1000", "1002", "1003", "1006", "1015"} & {
        mode for mode, is_on in app.modes.items() if is_on
    } == set()
    assert app.quit("\x11") == 0


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_a_terminal_that_cannot_place_text_is_told_in_one_sentence(
    terminal: Callable[..., Any], term: str
) -> None:
    app = terminal("--demo", environ={"TERM": term})
    assert app.wait_exit() == 2
    (sentence,) = app.raw.decode().splitlines()
    assert "TERM" in sentence
    assert sentence.isprintable()
