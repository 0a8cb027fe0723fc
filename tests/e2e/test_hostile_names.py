"""Hostile titles and contents: only harmless text reaches the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from neptun_tui.demo.schema import FILES

from .escape_parser import parse


def assert_harmless(app: Any, *copied: str) -> None:
    """No byte sequence but the app's own, and nothing on the clipboard but this."""
    assert parse(app.raw)[1] == list(copied)
    assert app.raw.count(b"\x1b[?1049h") == 1
    assert app.modes["1049"] is False


def strange_names(terminal: Callable[..., Any], *arguments: str, **options: Any) -> Any:
    """The demo, with the project of strange names and its files open."""
    app = terminal("--demo", environ={"COLORTERM": ""}, **options)
    app.wait_for("Your session will be kept in")
    app.send("\r")
    app.wait_for("Strange names")
    app.settle(0.1)
    app.send("G")
    app.wait_for("▌     8")
    app.send("\r")
    app.wait_for("3 imports · 32 files")
    app.settle(0.1)
    app.send("\r")
    app.wait_for("▾    120")
    return app


def test_hostile_titles_are_shown_as_text_to_the_end_of_the_list(
    terminal: Callable[..., Any],
) -> None:
    app = strange_names(terminal)
    seen = app.text
    for _ in range(4):
        app.send("\x1b[6~")
        app.settle(0.15)
        seen += app.text
    assert "▌  ▸    122" in app.text
    for shown in (
        "␛[31mred␊second line",
        "␛]52;c;",
        "␛]0;owned",
        "␛[2J␛[H",
        "[/red on blue]",
        "do not click[/]",
        "[/]",
    ):
        assert shown in seen
    assert app.lines[0].startswith(" neptun  demo@example.com on localhost")
    assert app.quit() == 0
    assert_harmless(app)


def test_hostile_titles_and_contents_are_text_in_the_details(terminal: Callable[..., Any]) -> None:
    app = strange_names(terminal, size=(120, 40))
    contents = ["␛[2J␛[Hcleared", "␛]0;owned␇␛]52;c;AAAA␇", "[@click=app.quit]q[/]", "zero�width"]
    seen: set[str] = set()
    for _ in range(32):
        app.send("j")
        app.pump(0.16)  # a little longer than the details wait for the cursor to rest
        seen |= {content for content in contents if content in app.text}
        if len(seen) == len(contents):
            break
    assert seen == set(contents)
    assert app.quit() == 0
    assert_harmless(app)


def test_no_title_pushes_the_columns_beside_it(terminal: Callable[..., Any]) -> None:
    app = strange_names(terminal)
    for _ in range(3):
        cells = ["".join(c for c in line if not unicodedata.combining(c)) for line in app.lines]
        rows = [line[:79].rstrip(" ▁▂▃▄▅▆▇█") for line in cells[3:-1]]
        assert len(rows) == 20
        assert [row for row in rows if not row.endswith((" B", "KB", " –"))] == []
        app.send("\x1b[6~")
        app.settle(0.15)
    assert app.quit() == 0


def test_hostile_titles_are_text_in_the_delete_dialog_and_the_report(
    signed_in: Callable[..., Any], server: Any
) -> None:
    files = server.store.select(FILES, project_id=8)
    clipboard = next(row["id"] for row in files if "]52;" in row["title"])
    app = signed_in()
    app.send("\x1b")
    app.wait_gone("Projects ›")
    app.go_to("8", "▌     8")
    app.send("\r")
    app.wait_for("3 imports · 32 files")
    app.go_to("120", "▌  ▸    120")
    app.ask("Delete import 120?")
    assert "␛[2J␛[31mred␊second line" in app.text
    app.send("\x1b")
    app.wait_gone("Delete import 120?")
    app.go_to(str(clipboard), f"▌      {clipboard}")
    app.ask(f"Delete file {clipboard}?")
    assert "␛]52;c;cm0gLXJmIH4K␇clipboard.sh" in app.text
    app.send("y")
    app.wait_for("Done  1 deleted", "␛]52;c;")
    app.send("\x1b")
    app.wait_for("3 imports · 31 files")
    assert app.quit() == 0
    assert server.deletes == [f"/api/users/1/projects/8/resources/files/{clipboard}"]
    assert_harmless(app)


def test_an_id_is_copied_by_the_app_alone_and_on_request(terminal: Callable[..., Any]) -> None:
    app = strange_names(terminal)
    app.send("y")
    app.wait_for("ID 120")
    assert app.quit() == 0
    assert_harmless(app, "MTIw")
