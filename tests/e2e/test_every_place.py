"""Hostile payloads in every text of the server, on every screen of the real program.

Unknown fields are replaced as well: a new field that is drawn somewhere without being cleaned shows
in the bytes of the terminal, or in a shifted column.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
from rich.cells import cell_len

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.server import create_app
from neptun_tui.domain.safe_text import clean, clean_lines

from ..builders import populated_store
from ..hostile import CORPUS, DENSE
from .conftest import serving
from .escape_parser import parse
from .terminal import SETTLES
from .text_rewriter import EXPIRED, TextRewriter

STAND_IN = "¤"
"""Placeholder on the plain screens for each cell of a payload; the app never uses it itself."""

PATHS = ("/title", "/original_path", "/source_path", "/source_ref")
"""A name with a slash in it is cut at its beginning, another one at its end."""


class Place:
    """A Neptun with the sample data, and a machine that remembers nothing of it."""

    def __init__(self, rewriter: TextRewriter, url: str, environ: dict[str, str]) -> None:
        self.rewriter = rewriter
        self.arguments = ("--host", url, "--account", DEMO_EMAIL)
        self.environ = environ


@pytest.fixture
def places(home: Path) -> Iterator[list[Place]]:
    """Two of them, whose names take the same cells."""
    with contextlib.ExitStack() as stack:
        made = []
        for letter in "ab":
            store = populated_store()
            stack.callback(store.close)
            rewriter = TextRewriter(create_app(store))
            kept = {f"XDG_{kind}_HOME": f"{home}/{kind}-{letter}" for kind in ("STATE", "DATA")}
            url = stack.enter_context(serving(rewriter))
            made.append(Place(rewriter, url, {"TERM": "xterm", **kept}))
        yield made


def walk(app: Any, rewriter: TextRewriter) -> Iterator[str]:
    """Go through every screen; stop at each, once what it is about is there."""

    def seen(name: str, *texts: str, beside: str = "") -> str:
        app.wait_for(*texts, *([beside] if app.columns >= 110 else []))
        app.settle(0.06)
        return name

    def back(gone: str, *there: str) -> None:
        app.send("\x1b")
        app.wait_gone(gone)
        app.wait_for(*there)
        app.settle(0.06)

    def insist(keys: str, text: str) -> None:
        """Type until it counts: on a slow machine a dialog may not have settled yet."""
        for _ in range(10):
            app.type(keys)
            app.pump(1.0)
            if text in app.text:
                return
        app.wait_for(text)

    app.wait_for("Your session will be kept")
    app.send("Wrong-Password-1\r")
    yield seen("sign-in refused", "Wrong e-mail address or password.")
    app.send(f"{DEMO_PASSWORD}\r")
    yield seen("projects", "▌     1", "? help  q quit")
    app.send("\r")
    yield seen("project", "4 imports · 99 files", "Orphaned files", beside="Import 101")
    app.send("j\r")
    yield seen("import", "▌  ▾", beside="Import 102")
    app.go_to("f102", "▌       102")
    yield seen("file", beside="File 102")
    app.send("v")
    yield seen("detail", "▌ File 102")
    app.send("\x1b[6~")
    yield seen("detail, further")
    back("▌ File 102")
    app.send("/")
    app.wait_for("esc cancel")
    app.type("10")
    yield seen("filter", "filter: 10 (")
    back("esc cancel", "? help")
    app.send("f")
    yield seen("flat", "▌       10")
    app.send("f")
    app.go_to("f102", "▌       102")
    app.ask("Delete file 102?")
    yield seen("confirm file")
    back("Delete file 102?")
    app.go_to("i102", "▌  ▾    102")
    app.ask("Delete import 102?")
    yield seen("confirm import")
    insist("102", "Type 102 to delete 102")
    app.send("\r")
    yield seen("report", "Done  59 deleted")
    back("Done  59 deleted", "3 imports · 41 files")
    app.send("h")
    yield seen("history", "1 past deletion", "Run by")
    app.send("\r")
    yield seen("past run", "59 deleted")
    app.send("j\t")
    yield seen("past item", "▌ File 1301")
    app.send("\t")
    app.wait_gone("▌ File 1301")
    app.send("R")
    app.wait_for("Restore 59 items?")
    app.pump(SETTLES)
    yield seen("restore?")
    insist("y", "esc close")
    yield seen("restored", "Done  ")
    back("esc close", "History ›")
    back("History ›", "1 past deletion")
    app.send("P")
    app.wait_for("Remove the backup?")
    yield seen("remove copy?")
    back("Remove the backup?")
    back("1 past deletion", "? help")
    app.send("\x10")
    yield seen("palette", "Search for commands")
    back("Search for commands")
    for name, status, kind, body in failures():
        app.wait_gone("loading…")  # a key that asks for what is on its way does nothing
        rewriter.instead = status, kind, body
        app.settle(0.06)
        app.send("r")
        yield seen(f"failed: {name}", "Not reloaded: this is from")
        rewriter.instead = None
        app.send("r")
        app.wait_gone("Not reloaded")
    app.wait_gone("loading…")
    rewriter.instead = 401, "application/json", msgspec.json.encode(EXPIRED)
    app.send("r")
    yield seen("sign in again", "Sign in again, and go on")
    rewriter.instead = None
    back("Sign in again, and go on", "? help")
    app.send("y")
    yield seen("toast", "ID 103")
    assert app.quit() == 0


def failures() -> Iterator[tuple[str, int, str, bytes]]:
    """Answers that are no lists, all of whose words bite."""
    words = msgspec.json.encode(DENSE)
    told = b'{"statusCode":%d,"statusMessage":%b,"message":%b,"data":{"message":%b,"name":%b}}'
    yield "JSON", 400, "application/json", told % (400, words, words, words, words)
    issue = b'{"path":[%b,"title\\u001b[2J"],"message":%b,"code":%b}'
    issues = b'{"statusCode":400,"data":{"issues":[%b],"name":%b}}' % (issue, words)
    yield "complaints", 400, "application/json", issues.replace(b"%b", words)
    yield "HTML", 404, "text/html; charset=\x9b31m", f"<title>{DENSE}</title>".encode()
    yield "text", 200, "text/plain", DENSE.encode()


def stand_in(place: str, text: str) -> str:
    """A text of the same cells and blanks as what is drawn of a payload."""
    if re.search("/(metadata|file_tree)(/|$)", place):
        shown = clean(msgspec.json.encode(text).decode())[1:-1]
    else:
        shown = clean_lines(text)[0] if place.endswith("/content") else clean(text)
    kept = " /" if place.endswith(PATHS) else " "
    return "".join(c if c in kept else STAND_IN * cell_len(c) for c in shown)


def differences(plain: Any, hostile: Any) -> list[str]:
    """Return the differences of two screens outside the payloads."""
    return [
        f"row {y}, column {x}: {a!r} became {b!r}\n  {''.join(before)}\n  {''.join(after)}"
        for y, (before, after) in enumerate(zip(plain.cells, hostile.cells, strict=True))
        for x, (a, b) in enumerate(zip(before, after, strict=True))
        if a not in (b, STAND_IN) and not any({a, b} <= alike for alike in _ALIKE)
    ]


def same(plain: Any, hostile: Any) -> bool:
    """Tell whether only the payloads differ."""
    return not differences(plain, hostile)


_ALIKE = (set("0123456789abcdef"),)
"""Numbers, and the names of runs and folders."""


def assert_ours(app: Any) -> str:
    """Nothing but the app's own sequences was sent; the text."""
    text, copied = parse(app.raw)
    assert copied == ["MTAz"]  # 103, by the one press of y
    assert app.modes["1049"] is False
    return text


def test_nothing_moves_when_every_text_of_the_server_is_a_payload(
    terminal: Callable[..., Any], places: list[Place]
) -> None:
    """Two programs take the same way, one among payloads, one among texts of the same cells."""
    plain, hostile = places
    plain.rewriter.words = lambda where, _: stand_in(where, DENSE)
    hostile.rewriter.words = lambda where, _: DENSE
    apps = [terminal(*p.arguments, size=(110, 30), environ=p.environ) for p in places]
    ways = [walk(app, place.rewriter) for app, place in zip(apps, places, strict=True)]
    for name, _ in zip(*ways, strict=True):
        rests = partial(same, *apps)
        apps[1].wait_until(rests, f"{name}: {differences(*apps)[:3]}")
    assert "␛]0;o␇\ufffdJ\ufffd漢क\ufffd" in assert_ours(apps[1])


def test_no_text_of_the_server_sends_anything_but_letters(
    terminal: Callable[..., Any], places: list[Place]
) -> None:
    """Each place says another payload. A restore takes real types of source."""
    payloads = [text for _, text in CORPUS]

    def words(where: str, text: str) -> str:
        return text if where.endswith("/source_type") else payloads[crc32(where.encode()) % count]

    count, place = len(payloads), places[0]
    place.rewriter.words = words
    app = terminal(*place.arguments, environ=place.environ)
    assert len(list(walk(app, place.rewriter))) > 20
    assert len({crc32(where.encode()) % count for where in place.rewriter.said}) == count
    assert_ours(app)
