"""Frames and bytes, against a bare Textual app with the stock DataTable in the same run.

    python -m tests.bench.screen [--repeat 15] [--idle 30] [--files 100000]

Everything is seen from outside, through a pseudo-terminal of 80×24: when a frame is on the screen
of an emulator behind it, and how many bytes came. The two apps take turns. Absolute times are those
of this machine in this minute; only the ratios mean something.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from neptun_tui.demo.data import MANY_FILES_PROJECT
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD

from .background import demo, started
from .command_line import sign_in
from .watched import APP, BARE, Watched, home, watched

DOWN: Final = "\x1b[B"
FAKE_KEYRING: Final = Path(__file__).parents[1] / "storage" / "fake_secret_service.py"
_BUS: Final = ("dbus-daemon", "--session", "--nofork", "--print-address")
_FEW: Final = 100


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table: a figure, what it is held against, and the aim for their ratio."""

    name: str
    ours: float
    other: float
    aim: float
    unit: str

    @property
    def ratio(self) -> float:
        return self.ours / self.other if self.other else self.ours

    @property
    def met(self) -> bool:
        return self.ratio <= self.aim

    def __str__(self) -> str:
        ours, other = (f"{value:,.0f} {self.unit}" for value in (self.ours, self.other))
        verdict = "yes" if self.met else "**no**"
        return f"| {self.name} | {ours} | {other} | {self.ratio:.2f} | {self.aim:g} | {verdict} |"


# The first frame ------------------------------------------------------------------------------


@contextlib.contextmanager
def keyring(mode: str) -> Iterator[dict[str, str]]:
    """A machine whose keyring answers (``unlocked``), or takes a minute each time (``slow:60``)."""
    with home("auto") as env, started(*_BUS, env=env, says="unix:") as address:
        env |= {"DBUS_SESSION_BUS_ADDRESS": address.strip()}
        with started(sys.executable, str(FAKE_KEYRING), mode, env=env, says="ready"):
            yield env


def first_frame(repeat: int) -> list[Result]:
    """From the start of the process until the table has a row, or the form its fields."""
    results = []
    for mode, name in (("unlocked", "an unlocked keyring"), ("slow:60", "a hanging keyring")):
        with keyring(mode) as env:
            _form(env), _row(env)  # so that everything is compiled, and read once
            pairs = [(_form(env), _row(env)) for _ in range(repeat)]
        ours, bare = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
        results.append(Result(f"first frame, {name}", ours, bare, 1.15, "ms"))
    return results


def first_row(repeat: int) -> list[Result]:
    """From the start of the process until the first project, or the table's first row, is shown.

    The user is signed in, with the session in a file, and the server is on loopback.
    """
    with home("file") as env, demo(env=env) as origin:
        asyncio.run(sign_in(origin, Path(env["XDG_STATE_HOME"]) / "neptun-tui"))
        _project(env), _row(env)
        pairs = [(_project(env), _row(env)) for _ in range(repeat)]
    ours, bare = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    return [Result("first project row, a session in a file", ours, bare, 1.4, "ms")]


def _project(env: Mapping[str, str]) -> float:
    with watched(APP, env) as app:
        return app.moment_of("Storefront")


def _form(env: Mapping[str, str]) -> float:
    with watched((*APP, "--host", "http://127.0.0.1:9"), env) as app:
        return app.moment_of("Server", "E-mail", "Password", "Sign in", "quit")


def _row(env: Mapping[str, str]) -> float:
    with watched((*BARE, f"{_FEW}"), env) as app:
        return app.moment_of("file1.py")


# Bytes ----------------------------------------------------------------------------------------


def bytes_sent() -> list[Result]:
    """Bytes sent for one key: a move of the cursor, and a move that may scroll."""
    with home() as env, watched((*BARE, f"{_FEW}"), env) as bare:
        bare.moment_of("file1.py")
        other = _per_key(bare)
    with home() as env, _demo(env) as ours:
        mine = _per_key(ours)
    names = ("one move of the cursor", "one move of the cursor down a long list")
    return [
        Result(name, *pair, 1.0, "bytes") for name, *pair in zip(names, mine, other, strict=True)
    ]


def _per_key(app: Watched, within: int = 12, beyond: int = 60) -> tuple[float, float]:
    app.settle()
    moves = sum(app.cost(DOWN, 0.15) for _ in range(within)) / within
    return moves, sum(app.cost(DOWN, 0.1) for _ in range(beyond)) / beyond


@contextlib.contextmanager
def _demo(env: Mapping[str, str]) -> Iterator[Watched]:
    """The demo's first project, all its files in one list."""
    with watched((*APP, "--demo"), env) as app:
        _to(app, ("will be kept",))
        _to(app, ("Landing page",), "\r")
        _to(app, ("Orphaned files",), "\r")
        _to(app, ("1219",), "f")
        yield app


def _to(app: Watched, texts: tuple[str, ...], keys: str = "") -> None:
    app.send(keys)
    app.wait_for(*texts)


# Idle -----------------------------------------------------------------------------------------

_IN: Final = (("\r", "Landing page"), ("\r", "Orphaned files"))
_RUN: Final = (*_IN, (":", "esc cancel"), ("i103\r", "▌  ▸    103"), ("d", "Checked with"))
_DONE: Final = (*_RUN, ("", "Checked with"), ("103", "Type 103"), ("\r", "Done  1 deleted"))
_PAST: Final = (*_DONE, ("\x1b", "Orphaned files"), ("h", "1 past deletion"))
SCREENS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "sign-in": (("\t", "Sign in"),),
    "projects": _IN[:1],
    "imports and files": _IN,
    "the line at the bottom": (*_IN, ("/", "esc cancel")),
    "detail": (*_IN, ("v", "Import 101")),
    "dialog": _RUN,
    "report": _DONE,
    "history": _PAST,
    "past run": (*_PAST, ("\r", "import 103: deleted")),
    "help": (*_IN, ("?", "Deleting is permanent")),
    "commands": (*_IN, ("\x10", "Search")),
}
"""The way to each screen of the demo: keys, and what is on the screen then."""


def idle(seconds: float) -> list[Result]:
    """Bytes sent while idle, in every screen; all of them at the same time."""
    with contextlib.ExitStack() as stack:
        apps = {}
        for name, way in SCREENS.items():
            env = stack.enter_context(home())
            apps[name] = stack.enter_context(watched((*APP, "--demo"), env))
            _to(apps[name], ("will be kept",))
            for keys, text in way:
                _to(apps[name], (text,), keys)
        before = {name: app.sent for name, app in apps.items()}
        time.sleep(seconds)
        for app in apps.values():
            while app.read(0):
                pass
        sent = {name: app.sent - before[name] for name, app in apps.items()}
    return [
        Result(f"idle {seconds:g} s: {name}", count, 0, 0, "bytes") for name, count in sent.items()
    ]


# Many files -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Large:
    """The app in front of a project of so many files.

    Attributes:
        open: seconds from Enter on the project to its rows, when it has been loaded before.
        filter: seconds from a key of the filter's text to the last byte it sets off.
        move: seconds from a key to the first byte of the moved cursor.
        payload: bytes of the list of files.
        memory: the most that the app has had at once.
    """

    open: float
    filter: float
    move: float
    payload: int
    memory: int


def large(files: int) -> list[Result]:
    """Many files against few."""
    few, many = with_files(_FEW), with_files(files)
    times = [
        Result(f"{files:,} files against {_FEW}: {name}", mine * 1000, other * 1000, 1.5, "ms")
        for name, mine, other in (
            ("open", many.open, few.open),
            ("a key of the filter", many.filter, few.filter),
            ("a move of the cursor", many.move, few.move),
        )
    ]
    name = f"{files:,} files: memory beyond that of {_FEW}, against the payload"
    more, payload = (many.memory - few.memory) / 1e6, many.payload / 1e6
    return [*times, Result(name, more, payload, 2.5, "MB")]


def with_files(files: int, repeat: int = 9) -> Large:
    """Measure one size."""
    with home() as env, demo("--files", str(files), env=env) as origin:
        with watched((*APP, "--host", origin, "--account", DEMO_EMAIL), env) as app:
            _to(app, ("will be kept",))
            _to(app, ("Many files",), f"{DEMO_PASSWORD}\r")
            _to(app, ("▌    21",), f":{MANY_FILES_PROJECT}\r")
            _to(app, ("Service0.java",), "\r")
            memory = app.peak_memory
            opened = _median(repeat, lambda: _reopen(app))
            filtered = _median(repeat, lambda: _filter(app))
            moved = _median(repeat * 2, lambda: _react(app, DOWN)[0])
        return Large(opened, filtered, moved, _payload(origin), memory)


def _median(repeat: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(repeat))


def _reopen(app: Watched) -> float:
    _to(app, ("Landing page",), "\t\t")
    moment = app.send("\r")
    took = app.moment_of("Service0.java", since=moment)
    app.settle()
    return took


def _filter(app: Watched) -> float:
    """The fourth character of a text that few rows hold; then everything as before."""
    _to(app, ("esc cancel",), "/")
    for key in "fac":
        _react(app, key)
    took = _react(app, "t")[1]
    _to(app, ("Service0.java",), "\x1b")
    return took


def _react(app: Watched, key: str) -> tuple[float, float]:
    """Seconds from a key to the first and to the last byte that it sets off."""
    before = len(app.pieces)
    moment = app.send(key)
    while len(app.pieces) == before:
        app.read(1)
    app.settle()
    return app.pieces[before][0] - moment, app.pieces[-1][0] - moment


def _payload(origin: str) -> int:
    with httpx.Client(base_url=origin, timeout=120) as client:
        login = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
        answer = client.post("/api/auth/login", json=login)
        user = answer.json()["user"]["id"]
        headers = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        path = f"/api/users/{user}/projects/{MANY_FILES_PROJECT}/resources/files"
        return len(client.get(path, headers=headers).raise_for_status().content)


# The table ------------------------------------------------------------------------------------


HEAD: Final = "| | ours | against | ratio | aim | met |\n|---|---|---|---|---|---|"


def table(results: list[Result]) -> str:
    """Some of it, as Markdown."""
    return "\n".join([HEAD, *map(str, results)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--idle", type=float, default=30, metavar="SECONDS")
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(HEAD)
    for measure in (
        lambda: first_frame(options.repeat),
        lambda: first_row(options.repeat),
        bytes_sent,
        lambda: large(options.files),
        lambda: idle(options.idle),
    ):
        print(*measure(), sep="\n", flush=True)
    print(f"\nLoad of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after.")


if __name__ == "__main__":
    main()
