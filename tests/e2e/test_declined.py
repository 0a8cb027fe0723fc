"""Every way not to delete: not one DELETE may reach the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neptun_tui.demo.schema import FILES, IMPORTS

from .terminal import SETTLES

FILE, IMPORT = "Delete file 102?", "Delete import 102?"
FIELD = "Type 102 to delete"
CLEAR = "\x15"
PASTE = "\x1b[200~{}\x1b[201~"
BLOB = PASTE.format("y\r102\r\ty\t \x04\n" * 200)


def typed(app: Any) -> str:
    """Return the text in the dialog's field."""
    line = next((line for line in app.lines if FIELD in line), None)
    assert line is not None, f"the dialog has gone:\n{app.text}"
    return line.partition(FIELD)[2].strip(" │▏")


def decline(app: Any, title: str) -> None:
    """Cancel the dialog in any state."""
    app.send("\x1b")
    app.wait_gone(title)


def assert_nothing_deleted(server: Any) -> None:
    """Nothing was even asked of the server."""
    assert server.deletes == []
    assert server.store.select(FILES, id=102) != []
    assert server.store.select(IMPORTS, id=102) != []


def test_no_key_but_a_y_after_the_dialog_has_settled_deletes_a_file(
    at_file: Callable[..., Any], server: Any
) -> None:
    app = at_file()
    app.settle(0.5)
    before = app.text
    app.send(PASTE.format("d\ry\r102\rq"))
    app.settle(0.1)
    assert app.text == before, "pasted text has pressed keys"
    app.ask(FILE, "dyyyy")  # typed ahead, in one packet with the d
    for keys in ("d", "dd", "\x7f", "\x1b[3~", "Y", " ", "102", "\x03", PASTE.format("y"), BLOB):
        app.type(keys) if len(keys) < 4 else app.send(keys)
        app.settle(0.1)
        assert FILE in app.text, ascii(keys)
        assert "Deleting" not in app.text, ascii(keys)
    decline(app, FILE)
    app.ask(FILE)
    app.send("\r")  # the button that keeps has the focus
    app.wait_gone(FILE)
    app.settle(0.1)
    assert "Done" not in app.text
    assert app.quit() == 0
    assert_nothing_deleted(server)


def test_an_import_is_deleted_by_nothing_but_its_own_id_and_enter(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask(IMPORT)
    for wrong in ("", "y", "103", "0102", "i102", "10", "1022", "1 02", "102.", "102\x7f"):
        app.type(f"{CLEAR}{wrong}\r")
        left = wrong.replace("2\x7f", "")
        app.wait_until(lambda left=left: typed(app) == left, f"{left!r}")
        app.settle(0.1)
        assert IMPORT in app.text, wrong
        assert typed(app) == left
    app.type(f"{CLEAR}102")
    app.wait_until(lambda: typed(app) == "102", "what was typed")
    decline(app, IMPORT)
    app.ask(IMPORT)
    assert typed(app) == ""
    app.type("\t\t\t\t \r")  # round the fields and buttons with nothing typed: only Keep is there
    app.settle(0.1)
    if IMPORT in app.text:
        decline(app, IMPORT)
    assert app.quit() == 0
    assert_nothing_deleted(server)


def test_an_id_typed_ahead_of_the_dialog_or_pasted_deletes_no_import(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask(IMPORT, "d102\r")
    assert typed(app) == "", "what was typed ahead has not been forgotten"
    app.send("\r")
    for pasted in (PASTE.format("102"), PASTE.format("102\r"), PASTE.format("102\n"), BLOB):
        app.send(pasted + "\r")
        app.settle(0.1)
        assert typed(app) == ""
    app.settle(3 * SETTLES)  # keys right after a paste are ignored
    app.type("10")
    app.wait_until(lambda: typed(app) == "10", "the digits")  # a paste voids keys that still wait
    app.send(PASTE.format("2") + "\r")
    app.settle(0.1)
    assert typed(app) == "10"
    assert IMPORT in app.text
    decline(app, IMPORT)
    assert app.quit() == 0
    assert_nothing_deleted(server)


def test_nothing_can_be_confirmed_while_the_listing_cannot_be_had(
    at_file: Callable[..., Any], server: Any
) -> None:
    app = at_file()
    server.store.faults.list_fails = True
    app.send("d")
    app.wait_for(FILE, "Could not verify with Neptun, so delete is disabled.")
    app.settle()
    app.pump(0.5)
    app.type("y\ty")
    app.settle(0.1)
    assert FILE in app.text
    decline(app, FILE)
    assert app.quit() == 0
    assert_nothing_deleted(server)


def test_quitting_in_front_of_the_dialog_deletes_nothing(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask(IMPORT)
    assert app.lines[-1].rstrip().endswith("ctrl+q quit")
    app.type("102")
    assert app.quit("\x11") == 0
    assert_nothing_deleted(server)


def test_being_told_to_end_in_front_of_the_dialog_deletes_nothing(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask(IMPORT)
    app.type("102")
    app.process.terminate()
    assert app.wait_exit() == 143
    assert_nothing_deleted(server)


def test_a_terminal_that_closes_in_front_of_the_dialog_ends_the_app_and_deletes_nothing(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask(IMPORT)
    app.type("102")
    app.hang_up()
    assert app.process.wait(10) == 129
    assert_nothing_deleted(server)
