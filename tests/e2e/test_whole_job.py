"""Whole job on a real terminal and socket: sign in, browse, delete, read the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS

RESOURCES = "/api/users/1/projects/1/resources"
OFF_AT_THE_END = ("1049", "1000", "1002", "1003", "1006", "1015", "1004", "2004", "2026", "2048")
"""Alternate screen, mouse, focus, bracketed paste, synchronised output, resize reports."""


def assert_restored(app: Any) -> None:
    """The terminal is as it was before the app took it."""
    assert app.modes["1049"] is False, "the alternate screen was never left"
    assert app.modes["25"] is True, "the cursor stays hidden"
    left_on = [mode for mode in OFF_AT_THE_END if app.modes.get(mode)]
    assert left_on == []
    assert app.modes.get("7", True), "lines no longer wrap"
    assert app.kitty_depth == 0, "the keyboard protocol stays on"
    assert app.after == app.before, "the line stays raw"


def test_a_file_signed_in_for_found_by_id_and_deleted_is_one_delete_and_a_clean_exit(
    terminal: Callable[..., Any], server: Any
) -> None:
    app = terminal("--host", server.url)
    app.wait_for("Sign in to Neptun", server.url, "Your session will be kept in: memory")
    app.type(f"{DEMO_EMAIL}\t")
    app.settle(0.1)
    app.type(f"{DEMO_PASSWORD}\r")
    app.wait_for("Storefront", "Billing API", "Strange names")
    assert DEMO_PASSWORD not in app.raw.decode()
    assert app.lines[0].startswith(f" neptun  {DEMO_EMAIL} on {server.url[7:]}")
    app.send("\r")
    app.wait_for("4 imports · 99 files")
    app.send(":")
    app.wait_for("esc cancel")
    app.type("102\r")
    app.wait_for("An import and a file have this ID: i102 or f102?")
    app.send("\x1b")
    app.wait_gone("esc cancel")
    app.go_to("f102", "▌       102")
    app.ask("Delete file 102?")
    for said in (
        "PERMANENT",
        "Neptun cannot undo this",
        "ci.yml",
        DEMO_EMAIL,
        "in project 1  Storefront",
    ):
        assert said in app.text
    assert server.deletes == []
    app.send("y")
    app.wait_for("Done  1 deleted", "✓ deleted", "ci.yml")
    app.send("\x1b")
    app.wait_for("4 imports · 98 files")
    app.wait_gone("ci.yml")
    assert app.quit() == 0
    assert server.deletes == [f"{RESOURCES}/files/102"]
    assert server.store.select(FILES, id=102) == []
    assert server.store.select(IMPORTS, id=102) != []
    assert_restored(app)


def test_an_import_deleted_by_typing_its_id_is_one_delete_and_takes_its_files(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask("Delete import 102?")
    for said in ("demo-org/storefront-ui", "58 files", "GitHub installation demo-org"):
        assert said in app.text
    app.type("102")
    app.wait_for("Type 102 to delete 102")
    assert server.deletes == []
    app.send("\r")
    app.wait_for("Done  59 deleted")
    app.send("\x1b")
    app.wait_for("3 imports · 41 files")
    assert app.quit() == 0
    assert server.deletes == [f"{RESOURCES}/imports/102"]
    assert server.store.select(FILES, import_id=102) == []
    assert server.store.select(FILES, id=102) != []
    assert_restored(app)


def test_marked_files_confirmed_by_their_number_are_deleted_and_nothing_else(
    signed_in: Callable[..., Any], server: Any
) -> None:
    orphans = [
        row["id"]
        for row in server.store.select(FILES, project_id=1)
        if row["title"] in ("orphan.env", "vat.md")
    ]
    assert len(orphans) == 2
    app = signed_in()
    for orphan in orphans:
        app.go_to(str(orphan), f"▌      {orphan}")
        app.send(" ")
        app.wait_for(f"✓     {orphan}")
    app.wait_for("2 marked")
    app.ask("Delete 2 items?")
    for orphan in orphans:
        assert str(orphan) in app.text
    app.type("2\r")
    app.wait_for("Done  2 deleted")
    app.send("\x1b")
    app.wait_for("4 imports · 97 files")
    assert app.quit() == 0
    assert sorted(server.deletes) == sorted(f"{RESOURCES}/files/{orphan}" for orphan in orphans)


@pytest.mark.parametrize("key", ["\x03", "\x11"], ids=["ctrl+c", "ctrl+q"])
def test_who_leaves_in_the_middle_of_a_job_is_told_how_to_check_its_results(
    signed_in: Callable[..., Any], server: Any, key: str
) -> None:
    server.answered = 1
    app = signed_in().delete_found("compose", 2)
    app.wait_until(lambda: len(server.deletes) == 2, "the requests")
    app.send(key)
    app.wait_for("Stopping what is under way first.")
    assert app.quit(key) == 0
    assert_restored(app)
    said = app.raw.decode().rpartition("\x1b[?1049l")[2]
    assert "A deletion was interrupted. To check its results: neptun-tui settle" in said


def test_what_the_server_refuses_is_reported_as_kept(
    at_file: Callable[..., Any], server: Any
) -> None:
    app = at_file()
    server.store.faults.delete_fails = True
    app.ask("Delete file 102?")
    app.send("y")
    app.wait_for("Done  1 kept", "✗ kept")
    assert "deleted" not in app.lines[1]
    assert app.lines[-1].endswith("q quit ")
    assert app.quit() == 0
    assert set(server.deletes) == {f"{RESOURCES}/files/102"}
    assert server.store.select(FILES, id=102) != []
