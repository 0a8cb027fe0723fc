"""Terminal input is parsed exactly or dropped: only the keys to quit end the app."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL

from .terminal import SETTLES

FILE, IMPORT = "Delete file 102?", "Delete import 102?"

WRONG = (
    "\x1b[97;1:3u", "\x1b[1079::112;5:3u", "\x1b[3;5:3~", "\x1b[1;1:3A", "\x1b[1114112u",
    "\x1b[55296u",
    "\x1b[97;;1114112u", "\x1b[97;;13u", "\x1b[121;1:3;121u", "\x1b[;;121u", "\x1b[0;;u",
    "\x1b[57441u",
    "\x1b[99999999999999999999u", "\x1b[97;99999999999u", "\x1b[200;1~", "\x1b[201~", "\x1b[1:3A",
    "\x1b[24;80R", "\x1b[<0;9999999999;1M", "\x1b[<-1;-1;-1m", "\x1b[48;5000;5000;1;1t",
    "\x1b[48;1;1;1;1t", "\x1b[48;0;0;0;0t", "\x1b[?2048;2$y", "\x1b[?99999999;9$y", "\x1b[M yy",
    "\x1b]52;c;eQ==\x07", "\x1bPy\x1b\\", "\x1b_y\x1b\\", "\x9b97;1:3u", "\x9dy\x9c", "\x80\ufffd",
)  # fmt: skip
"""Sequences that are not keys."""

UNDERSTOOD = ("\x1b[97;1:1u", "\x1b[1;1:1A", "\x1b[3;5:1~", "\x1b[57400u", "\x1b[65;2u")
"""Sequences that once crashed the app, and are keys without an action here."""


def test_no_sequence_ends_the_app_or_presses_a_key(
    at_import: Callable[..., Any], server: Any
) -> None:
    app = at_import()
    app.ask(IMPORT)
    app.type("1")
    app.settle(0.3)
    before = app.text
    for wrong in WRONG:
        app.send(wrong)
        for byte in wrong.encode():
            app.send(bytes([byte]))
        app.pump(0)
    app.settle(0.3)
    assert app.text == before
    for known in UNDERSTOOD:
        app.send(known)
    app.settle(0.3)
    app.send("\x1b")
    app.wait_gone(IMPORT)
    assert app.quit() == 0
    assert server.deletes == []


def test_only_the_kernel_is_believed_about_the_size(signed_in: Callable[..., Any]) -> None:
    app = signed_in()
    app.settle(0.2)
    before = app.text
    app.send("\x1b[48;5000;5000;1;1t\x1b[48;10;40;1;1t\x1b[48;1;1;1;1t")
    app.settle(0.2)
    assert app.text == before
    app.resize(100, 20)
    app.send("\x1b[48;20;100;1;1t")
    app.wait_until(lambda: app.lines[-1].rstrip().endswith("q quit"), "the new size")
    assert app.quit() == 0


@pytest.mark.parametrize("quits", ["\x11", "\x1b[113;5u", "\x1b[1081::113;5u"])
def test_quit_overtakes_a_dialog_that_has_just_opened(
    at_import: Callable[..., Any], server: Any, quits: str
) -> None:
    app = at_import()
    assert app.quit(f"d102\r{quits}") == 0
    assert server.deletes == []


def test_quit_overtakes_thousands_of_characters(signed_in: Callable[..., Any]) -> None:
    app = signed_in()
    app.send("/")
    app.wait_for("esc cancel")
    for _ in range(15):
        app.send("x" * 1000)
        app.pump(0.01)
    assert app.quit("\x11") == 0, "more than can be handled in the time that is waited"


def test_commands_work_on_a_cyrillic_layout(signed_in: Callable[..., Any]) -> None:
    app = signed_in()
    app.send("\x1b[1088::104;;1088u")  # р, where h is
    app.wait_for("History")
    app.send("\x1b[27u")
    app.wait_for("Orphaned files")
    app.send("\x1b[47;;47u\x1b[1088::104;;1088u")  # in a field it is what was typed
    app.wait_for("filter: р")
    app.send("\x1b[27u")
    app.wait_gone("esc cancel")
    assert app.quit("\x1b[1081::113;;1081u") == 0


BREAKS = {
    "the input breaks": "InputParser.feed = lambda *_: 1 / 0",
    "the app panics": "NeptunApp.action_help = NeptunApp.panic",
    "an action breaks": "NeptunApp.action_help = lambda _: 1 / 0",
}


@pytest.mark.parametrize("how", BREAKS)
def test_an_unexpected_end_is_said_and_has_a_status(terminal: Callable[..., Any], how: str) -> None:
    program = (
        "from neptun_tui.tui.app import NeptunApp\n"
        "from neptun_tui.tui.input_parser import InputParser\n"
        f"{BREAKS[how]}\n"
        "from neptun_tui.__main__ import main\n"
        "main()\n"
    )
    app = terminal("--demo", command=(sys.executable, "-c", program))
    app.wait_for("Your session will be kept in")
    app.send("\x1bOP")
    assert app.wait_exit() == 1
    assert "neptun-tui broke" in app.raw.decode(errors="replace")
    assert "Traceback" not in app.text
    assert app.after == app.before, "the line stays raw"
    assert app.modes["1049"] is False


# Fuzz ----------------------------------------------------------------------------------------

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
ANY = [chr(n) for n in range(0x100)] + [
    "日",
    "😀",
    "\u202e",
    "\ufffd",
    "\x1b[",
    "\x1b",
    "y",
    "\r",
    "d",
]
ENDS, CANCELS = ("\x1b\\", "\x07", "\x18"), ("\x18", "\x1a")
NO_KEY_FINALS = "GIJKLNOTUVWXY\\]_`efghijklmno{|}"


def numbers(dice: random.Random) -> str:
    """Parameters, or what looks like some."""
    return "".join(dice.choices("0123456789:;", k=dice.randrange(12)))


def no_key(dice: random.Random) -> str:  # noqa: C901 - one case a kind of sequence
    """A sequence that no key sends, by its grammar, complete, cut or wrong."""
    n = dice.randrange
    match n(14):
        case 0:
            body = "".join(dice.choices(ANY, k=n(60))).replace("\x1b[201~", "")
            return f"\x1b[200~{body.removesuffix(chr(27))}.\x1b[201~"
        case 1:
            body = "".join(dice.choices(PRINTABLE, k=n(40)))
            return f"\x1b{dice.choice('P]X^_')}{body}{dice.choice(ENDS)}"
        case 2:
            return f"\x1b[{dice.choice('<=>?')}{numbers(dice)}{dice.choice('ABCDHFu~Mmcnhly')}"
        case 3:
            return f"\x1b[{numbers(dice)}{dice.choice(' !#%&')}{dice.choice('pqrstuvwxyz~ABC')}"
        case 4:
            return f"\x1b[{n(200)};{n(300)}{dice.choice(NO_KEY_FINALS)}"
        case 5:
            return f"\x1b[{dice.choice([121, 13, 100, 27, 57414, n(1200)])};{1 + n(256)}:3u"
        case 6:
            return (
                f"\x1b[{dice.choice([0x110000 + n(9**6), 0xD800 + n(0x800), n(9), 128 + n(32)])}u"
            )
        case 7:
            return f"\x1b[{97 + n(26)};{dice.choice([0, 257 + n(700)])}u"
        case 8:
            return f"\x1b[{97 + n(26)};1;{dice.choice([n(32), 127 + n(33), 0xD800 + n(9)])}u"
        case 9:
            return f"\x1b[1;{1 + n(256)}:{dice.choice([0, 3, 4 + n(6)])}{dice.choice('ABCDFHPQS')}"
        case 10:
            return f"\x1b[{numbers(dice)}{dice.choice(CANCELS)}"
        case 11:
            return f"\x1b[48;{n(10**6)};{n(10**6)};{n(99)};{n(99)}t"
        case 12:
            return f"\x1b[M{''.join(dice.choices(PRINTABLE, k=3))}"
        case _:
            return dice.choice(["\x80", "\x85", "\x9c", "\ufffd", "\u200b", "\u202e", "\x1b[I"])


def batches(dice: random.Random, total: int, size: int) -> Iterator[str]:
    for _ in range(total // size):
        yield "".join(no_key(dice) for _ in range(size))


def fuzz(app: Any, dice: random.Random, total: int, size: int) -> int:
    """Send so many sequences, in chunks of any size; return the bytes sent."""
    sent = 0
    for batch in batches(dice, total, size):
        data = batch.encode()
        sent += len(data)
        at = 0
        while at < len(data):
            step = dice.choice([1, 2, 3, 7, 60, 500, 2000])
            app.send(data[at : at + step])
            at += step
            app.pump(0)
    return sent


def run_fuzz(app: Any, server: Any, total: int, seed: int) -> int:
    """Fuzz the list, a dialog with a field and one without; nothing changes on any of them."""
    dice = random.Random(seed)  # so that what is found can be found again
    sent = 0

    def unchanged() -> None:
        nonlocal sent
        app.settle(0.5)
        before = app.text
        sent += fuzz(app, dice, total // 3, 50)
        app.pump(total * 0.0002)  # every paste has its turn, and thousands take their time
        app.settle(0.5)
        assert app.text == before

    unchanged()
    app.ask(IMPORT)
    app.type("1")
    unchanged()
    app.send("\x1b")
    app.wait_gone(IMPORT)
    app.go_to("f102", "▌       102")
    app.ask(FILE)
    app.pump(SETTLES)
    unchanged()
    app.send("\x1b")
    app.wait_gone(FILE)
    assert app.quit() == 0
    assert server.deletes == []
    return sent


def test_two_thousand_sequences_press_nothing(at_import: Callable[..., Any], server: Any) -> None:
    assert run_fuzz(at_import(environ={"ESCDELAY": "2000"}), server, 2_100, 9) > 20_000


@pytest.mark.soak
def test_two_hundred_thousand_sequences_press_nothing(
    at_import: Callable[..., Any], server: Any
) -> None:
    sent = run_fuzz(at_import(environ={"ESCDELAY": "2000"}), server, 200_100, 11)
    print(f"{sent} bytes")
    assert sent > 2_000_000


def test_random_bytes_do_not_end_the_app(terminal: Callable[..., Any], server: Any) -> None:
    """They press keys, so that nothing is said but that it goes on; quitting is left out."""
    app = terminal("--host", server.url, "--account", DEMO_EMAIL, "--read-only")
    app.wait_for("Your session will be kept")
    dice = random.Random(5)
    for _ in range(300):
        data = bytes(b for b in dice.randbytes(40) if b not in b"\x11\x1aqQ")
        app.send(data)
        app.pump(0.002)
    app.pump(1.0)
    assert app.process.poll() is None, "it has ended"
    assert app.quit("\x11") == 0
    assert server.deletes == []
