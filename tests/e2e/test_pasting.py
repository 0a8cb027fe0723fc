"""Pasted text is data for a field, or dropped: it never presses a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.tui.input_parser import LONGEST_PASTE, STALLED_SECONDS

from .terminal import SETTLES

FILE, IMPORT = "Delete file 102?", "Delete import 102?"
START, END = "\x1b[200~", "\x1b[201~"

LOG_LINE = "\x1b[31mERROR\x1b[0m deploy failed: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r"

POISON = (
    f"\x1b{'y' * 40}",
    f"\x1b{chr(127) * 25}102\r\r\r\r\r\r",
    LOG_LINE * 2,
    "d\x1b[31my\x1b[0myyyy\r102\rq\x11\x03",
    "".join(f"{chr(c0)}y" for c0 in range(32)),
    "".join(f"\x1b{chr(code)}dy\r" for code in range(0x20, 0x7F)),
    "".join(f"\x1b[{chr(code)}dy\r" for code in range(0x40, 0x7F)),
    "".join(f"\x1bO{chr(code)}dy\r" for code in range(0x40, 0x7F)),
    "".join(f"\x1b[1;{mods}{end}y\x1b[{mods}~d" for mods in range(1, 9) for end in "ABCDFHPQRS"),
    "\x1b[121u\x1b[121;1:1u\x1b[100;;100u\x1b[13u\x1b[113;5u\x1b[27;5;113~\x1b[3~\x1b[3;5:1~",
    "\x1b]0;y\x07y\x1b]52;c;eQ==\x1b\\y\x1bPy\x1b\\y\x1b_y\x1b\\y\x1b^y\x1b\\y\x1bXy\x1b\\y",
    "\x1b[I\x1b[O\x1b[48;5000;5000;1;1ty\x1b[?2026;2$yy\x1b[<0;9;9My\x1b[M yyy\x1b[1;1Ry",
    "\x1b[200~y\x1b[200~y\x1b[201y\x1b[0201~y\x1b[201;1~y\x9b201~y\x1b[201\x1b[20",
)  # fmt: skip


def pasted(poison: str) -> bytes:
    return f"{START}{poison}{END}".encode()


def paste(app: Any, poison: str, size: int) -> None:
    """Paste a text in chunks of so many bytes; what is drawn meanwhile is taken in."""
    data = pasted(poison)
    for at in range(0, len(data), size or len(data)):
        app.send(data[at : at + (size or len(data))])
        app.pump(0)


SIZES = cycle((0, 1, 33, 7, 3, 1000))
"""Bytes of a chunk, one size after another; 0 is the whole paste."""


def assert_nothing_pressed(app: Any) -> None:
    """Nothing on the screen changes, for any pasted text and any split of it."""
    app.settle(0.5)
    before = app.text
    for poison in POISON:
        paste(app, poison, next(SIZES))
    app.settle(0.1)
    assert app.text == before


def writes(server: Any) -> list[str]:
    """The requests that have changed something."""
    return [a.path for a in list(server.store.arrivals) if a.method != "GET"]


def ways(app: Any) -> Iterator[str]:
    """Lead the app through its screens; one file is deleted on the way, by a key."""
    yield "list"
    app.send("?")
    app.wait_for("Lists")
    yield "help"
    app.send("\x1b")
    app.wait_for("? help")
    app.send("v")
    app.wait_for("▌ File 102")
    yield "detail"
    app.send("\x1b")
    app.wait_gone("▌ File 102")
    app.go_to("i102", "▌  ▸    102")
    app.ask(IMPORT)
    yield "dialog with a field"
    app.send("\x1b")
    app.wait_gone(IMPORT)
    app.go_to("f102", "▌       102")
    app.ask(FILE)
    yield "dialog"
    app.pump(SETTLES)
    app.send("y")
    app.wait_for("Done  1 deleted")
    yield "report"
    app.send("\x1b")
    app.wait_gone("Done  1 deleted")
    app.send("h")
    app.wait_for("1 past deletion")
    yield "history"
    app.send("P")
    app.wait_for("Remove the backup?")
    app.pump(SETTLES)
    yield "remove the backup?"
    app.send("\x1b")
    app.wait_gone("Remove the backup?")
    app.send("\r")
    app.wait_for("1 deleted", "? help")
    yield "past run"
    app.send("R")
    app.wait_for("Restore ")
    app.pump(SETTLES)
    yield "restore?"
    app.send("\x1b")
    app.wait_for("? help")
    app.send("\x1b")
    app.wait_for("1 past deletion")
    app.send("\x1b")
    app.wait_for("4 imports · 98 files")
    for _ in range(3):  # back from the import, and to the projects
        app.send("\x1b[D")
        app.settle(0.1)
    app.wait_for("Strange names")
    yield "projects"


def test_a_paste_presses_no_key_on_any_screen(at_file: Callable[..., Any], server: Any) -> None:
    app = at_file()
    for name in ways(app):
        before = writes(server)
        assert_nothing_pressed(app)
        assert writes(server) == before, name
    assert app.quit() == 0
    assert server.deletes == ["/api/users/1/projects/1/resources/files/102"]


def test_a_paste_opens_no_dialog_and_confirms_none_in_two_packets(
    at_file: Callable[..., Any], server: Any
) -> None:
    """Two coloured log lines: their first packet opened the dialog, the second confirmed it."""
    app = at_file()
    app.settle(0.2)
    before = app.text
    data = pasted(f"\x1b[33md\x1b[0md{'y' * 60}\r" * 2)
    for at in range(1, len(data), 9):
        app.send(data[:at])
        app.pump(0.6 if at == len(data) // 2 // 9 * 9 + 1 else 0.0)
        app.send(data[at:])
    app.settle(0.2)
    assert app.text == before
    assert app.quit() == 0
    assert server.deletes == []


def test_a_paste_into_a_field_is_data_and_nothing_else(
    signed_in: Callable[..., Any], server: Any
) -> None:
    app = signed_in()
    before = writes(server)
    for poison in POISON:
        app.send("/")
        app.wait_for("esc cancel")
        app.settle(0.05)
        paste(app, f"compose{poison}", next(SIZES))
        app.wait_for("compose", "esc cancel")
        app.send("\x1b")
        app.wait_gone("esc cancel")
    assert writes(server) == before
    assert app.quit() == 0
    assert server.deletes == []


def test_a_paste_at_the_sign_in_sends_nothing(terminal: Callable[..., Any], server: Any) -> None:
    app = terminal("--host", server.url)
    app.wait_for("Your session will be kept")
    for poison in POISON:
        paste(app, f"{DEMO_EMAIL}{poison}", next(SIZES))
        app.wait_until(lambda: app.lines[5].split()[1:] != [], f"the paste of {poison!a}")
        app.send("\x15")
        app.wait_until(lambda: app.lines[5].split() == ["E-mail"], "an empty field")
    app.send("\t")
    for poison in POISON:
        paste(app, f"{DEMO_PASSWORD}{poison}", next(SIZES))
    app.settle(0.1)
    assert "Sign in to Neptun" in app.text
    assert [a for a in server.store.arrivals if a.method == "POST"] == []
    assert app.quit("\x11") == 0


def assert_confirms_nothing(app: Any, title: str, typed: str) -> None:
    """A pasted text that holds an end mark, and then the keys that confirm, does not confirm."""
    for text in ("", "text", "\x1b"):
        app.pump(2 * SETTLES)
        app.send(pasted(f"{text}{END}{typed}"))
        app.settle(0.3)
        assert title in app.text, ascii(text)


def test_an_end_mark_inside_a_paste_confirms_nothing(
    at_file: Callable[..., Any], server: Any
) -> None:
    """tmux's ``paste-buffer -p`` passes it on; other terminals remove it."""
    app = at_file().ask(FILE)
    assert_confirms_nothing(app, FILE, "y")
    assert_confirms_nothing(app, FILE, "y" * 50)
    app.send("\x1b")
    app.wait_gone(FILE)
    app.go_to("i102", "▌  ▸    102").ask(IMPORT)
    assert_confirms_nothing(app, IMPORT, "102\r")
    assert "Type 102 to delete 1" not in app.text
    assert server.deletes == []
    app.send("\x1b")
    app.wait_gone(IMPORT)
    app.go_to("f102", "▌       102").ask(FILE)
    app.send("y")
    app.wait_for("Done  1 deleted")
    app.send("\x1b")
    app.wait_gone("Done  1 deleted")
    app.send("h")
    app.wait_for("1 past deletion")
    before = writes(server)
    for key, title in (("P", "Remove the backup?"), ("R", "Restore file 102?")):
        app.send(key)
        app.wait_for(title)
        assert_confirms_nothing(app, title, "y")
        app.send("\x1b")
        app.wait_gone(title)
    assert writes(server) == before
    assert app.quit() == 0


def test_a_paste_that_never_ends_does_nothing_and_quit_still_works(
    at_file: Callable[..., Any], server: Any
) -> None:
    app = at_file()
    app.settle(0.2)
    before = app.text
    app.send(f"{START}dy\r\x1b[31m{'y' * 50}")
    app.pump(0.3)
    app.send("dyyy\x11")
    app.pump(STALLED_SECONDS + 0.5)
    assert app.text == before
    assert app.quit("\x11") == 0
    assert server.deletes == []


def test_a_paste_that_is_too_long_is_dropped_and_said(
    at_file: Callable[..., Any], server: Any
) -> None:
    app = at_file()
    app.send("/")
    app.wait_for("esc cancel")
    app.settle(0.1)
    app.send(START)
    block = "compose " * 500
    for _ in range(LONGEST_PASTE // len(block) + 1):
        app.send(block)
        app.pump(0)
    app.send(END)
    app.wait_for("The pasted text is too long. Nothing was inserted.")
    app.type("spec")
    app.wait_for("filter: spec")
    app.send("\x1b")
    app.wait_gone("esc cancel")
    assert app.quit() == 0
    assert server.deletes == []


def test_keys_and_pastes_keep_their_order(terminal: Callable[..., Any], server: Any) -> None:
    """As an input method sends them: what was typed before a paste is before it."""
    app = terminal("--host", server.url)
    app.wait_for("Your session will be kept")
    app.send(f"{DEMO_EMAIL}\t{START}{DEMO_PASSWORD}{END}\r")
    app.wait_for("Storefront", "Strange names")
    assert DEMO_PASSWORD.encode() not in app.raw
    app.send("\r")
    app.wait_for("Orphaned files")
    app.send(f":{START}i110{END}\r")
    app.wait_for("▌  ▸    110")
    app.send(f":i{START}1{END}0{START}2{END}\r")
    app.wait_for("▌  ▸    102")
    app.send(f"/a{START}日{END}b{START}本語{END}c")
    app.wait_for("a日b本語c")
    app.send("\x1b")
    app.wait_gone("esc cancel")
    assert app.quit() == 0
    assert server.deletes == []
