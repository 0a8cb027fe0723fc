"""`--demo`, as a new user tries it, in terminals of every size and kind."""

from __future__ import annotations

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
    assert lines[0].startswith(" neptun  demo@e")
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
    app.wait_for("Storefront  4 imports · 99", "No visible import", "101", "110")
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
    assert app.quit() == 0
