"""Tracer of five journeys through the code: which functions and files hold an ID or a secret.

    .venv/bin/python tools/trace_journeys.py [--files]

Each journey runs against the demo in this process. A profile function looks at every call of the
program's own code and counts it if an argument holds what is followed: the value itself, a text
that contains it, or a small value object or collection with it inside. A collection of more than
20 items and a text of more than 1,000 characters do not count, because a whole listing holds every
ID. The demo server is left out.

The first four journeys are followed at run time. The last one is a setting: an integer says nothing
at run time, so the files that mention its name are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from neptun_tui.storage.session_store import SessionStore

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "neptun_tui"
_DEMO: Final = str(PACKAGE / "demo")

FILE_ID: Final = 1219
SETTING: Final = "in_flight"

_DEPTH: Final = 4
_LARGEST: Final = 20
_LONGEST: Final = 1_000
_POLL_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Journey:
    """Result of one journey.

    Attributes:
        name: the journey, as a row of the table names it.
        most: maximum number of files.
        functions: number of different functions.
        files: the files, in the order in which the journey enters them.
        changes: number of calls that are in another file than the call before.
        requests: requests to Neptun, such as ``GET files``.
    """

    name: str
    most: int
    functions: int
    files: tuple[str, ...]
    changes: int
    requests: tuple[str, ...] = ()

    @property
    def row(self) -> str:
        """Row of the table, as Markdown."""
        deletes = sum(request.startswith("DELETE") for request in self.requests)
        contents = self.requests.count("GET files")
        others = len(self.requests) - deletes
        http = f"{deletes} DELETE, {others} others, contents {contents} ×" if deletes else "–"
        figures = (self.functions or "–", len(self.files), self.most, self.changes or "–", http)
        return f"| {self.name} | {' | '.join(map(str, figures))} |"


HEAD: Final = """\
| journey | functions | files | at most | changes of file | requests |
|---|---|---|---|---|---|"""


class Tracer:
    """Profile function that records the calls whose arguments hold something.

    Args:
        pattern: what is followed, as a pattern of text; an integer is followed as its digits.
        last: function whose call ends the journey; empty for none.
    """

    def __init__(self, pattern: str, last: str = "") -> None:
        self._last = last
        self._pattern = re.compile(pattern)
        self._recording = False
        self._calls: list[tuple[str, str]] = []
        self._frames: dict[int, FrameType] = {}
        self._requests: list[str] = []

    def journey(self, name: str, most: int) -> Journey:
        """Return what was recorded."""
        files = tuple(dict.fromkeys(file for file, _ in self._calls))
        pairs = zip(self._calls, self._calls[1:], strict=False)
        changes = sum(before[0] != after[0] for before, after in pairs)
        functions = len(set(self._calls))
        return Journey(name, most, functions, files, changes, tuple(self._requests))

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record what happens on the threads that the tracer watches."""
        self._recording = True
        try:
            yield
        finally:
            self._recording = False

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch this thread and those that start meanwhile."""
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """Handle one event of the interpreter."""
        code = frame.f_code
        if not self._recording or event != "call" or not code.co_filename.startswith(str(PACKAGE)):
            return
        if code.co_filename.startswith(_DEMO) or id(frame) in self._frames:
            return  # a coroutine that goes on is no new call
        file = str(Path(code.co_filename).relative_to(PACKAGE))
        if (file, code.co_qualname) == ("api/http.py", "Connection.send"):
            self._note_request(frame)
        if any(self._holds(value, _DEPTH) for value in _arguments(frame)):
            self._frames[id(frame)] = frame  # kept, so that its id is not used again
            self._calls.append((file, code.co_qualname))
            if code.co_qualname == self._last:
                self._recording = False

    def _note_request(self, frame: FrameType) -> None:
        if id(frame) not in self._frames:
            self._frames[id(frame)] = frame
            request = frame.f_locals["ask"]
            name = next((p for p in reversed(request.path.split("/")) if not p.isdigit()), "")
            self._requests.append(f"{request.method} {name}")

    def _holds(self, value: object, depth: int) -> bool:
        match value:
            case bool() | None:
                return False
            case int():
                return self._pattern.fullmatch(str(value)) is not None
            case str() if len(value) <= _LONGEST:
                return self._pattern.search(value) is not None
            case bytes() if len(value) <= _LONGEST:
                return self._pattern.search(value.decode("latin-1")) is not None
            case str() | bytes():
                return False
        if depth == 0:
            return False
        return any(self._holds(each, depth - 1) for each in _inside(value))


def _arguments(frame: FrameType) -> Iterator[object]:
    """Yield the arguments of a call, and what a function within a function has of the outer one."""
    code = frame.f_code
    number = code.co_argcount + code.co_kwonlyargcount
    number += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    for name in code.co_varnames[:number]:
        if name in frame.f_locals:
            yield frame.f_locals[name]


def _inside(value: object) -> Iterator[object]:
    """Yield the parts of a value object or of a small collection."""
    if isinstance(value, (list, tuple, set, frozenset)):
        yield from value if len(value) <= _LARGEST else ()
    elif isinstance(value, dict):
        for pair in value.items() if len(value) <= _LARGEST else ():
            yield from pair
    elif is_dataclass(type(value)) or type(value).__name__ == "Secret":
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in names:  # a value without slots has state of its own, as a screen has
            yield getattr(value, name, None)


# The journeys ---------------------------------------------------------------------------------


def delete_in_app() -> Journey:
    """Follow a file's ID from ``d`` on its row to the report and the reloaded list."""
    tracer = Tracer(rf"(?<!\d){FILE_ID}(?!\d)")

    async def drive(ui: Ui) -> None:
        await ui.press("enter")  # the password is filled in
        await ui.until(lambda: "Storefront" in ui.text)
        await ui.press("enter")
        await ui.until(lambda: "Import 101" in ui.text)
        await ui.press("colon", *f"f{FILE_ID}", "enter")
        await ui.until(lambda: f"File {FILE_ID}" in ui.text)
        with tracer.recording():
            await ui.press("d")
            await ui.until(lambda: "Checked with" in ui.text)
            await asyncio.sleep(0.6)  # keys do not count before
            await ui.press("y")
            await ui.until(lambda: "Done  1 deleted" in ui.text)
            await ui.press("escape")
            await ui.until(lambda: "98 files" in ui.text and "loading" not in ui.text)

    with tracer.watching():
        asyncio.run(_with_app(drive))
    return tracer.journey("`d` → dialog → `y` → result, in the app", 14)


def delete_by_command() -> Journey:
    """Follow a file's ID through ``delete file``."""
    from neptun_tui.cli.main import run

    tracer = Tracer(rf"(?<!\d){FILE_ID}(?!\d)")
    nowhere = io.TextIOWrapper(io.BytesIO())
    with (
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        tracer.watching(),
        tracer.recording(),
    ):
        run(["delete", "file", "1", f"{FILE_ID}", "--yes", "--demo"])
    return tracer.journey(f"`delete file 1 {FILE_ID} --yes`", 12)


def sign_in_and_read() -> tuple[Journey, Journey]:
    """Follow the password and the cookie into the keyring, and from there into a request."""
    from neptun_tui.demo.sample_projects import DEMO_PASSWORD
    from neptun_tui.storage.os_keyring import OsKeyring
    from neptun_tui.storage.session_backends import Memory
    from neptun_tui.storage.session_store import SessionStore

    secret = rf"{re.escape(DEMO_PASSWORD)}|Fe26\.2\*\*"
    into, out = Tracer(secret, "OsKeyring.store"), Tracer(secret, "_request")
    keyring = _Keyring()
    store = SessionStore([OsKeyring("linux", keyring), Memory()], None)

    async def sign_in(ui: Ui) -> None:
        with into.recording():
            await ui.press("enter")
            await ui.until(lambda: bool(keyring.items))

    async def resume(ui: Ui) -> None:
        await ui.until(lambda: "Storefront" in ui.text)

    with into.watching():
        asyncio.run(_with_app(sign_in, store))
    with out.watching(), out.recording():
        asyncio.run(_with_app(resume, store, signed_in=True))
    store.close()
    return into.journey("password → keyring", 7), out.journey("keyring → Cookie header", 6)


def setting() -> Journey:
    """Count the functions and files that mention a setting."""
    files = []
    mentions = 0
    for path in sorted(PACKAGE.rglob("*.py")):
        if found := len(re.findall(rf"\b{SETTING}\b", path.read_text(encoding="utf-8"))):
            files.append(str(path.relative_to(PACKAGE)))
            mentions += found
    name = f"`{SETTING}`: config.toml → semaphore ({mentions} mentions)"
    return Journey(name, 4, 0, tuple(files), 0)


# The app --------------------------------------------------------------------------------------


class _Keyring:
    """OS keyring in memory."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, user: str) -> str | None:
        """Return the value of an item."""
        return self.items.get((service, user))

    def set_password(self, service: str, user: str, value: str) -> None:
        """Store an item."""
        self.items[service, user] = value

    def delete_password(self, service: str, user: str) -> None:
        """Delete an item."""
        del self.items[service, user]


class Ui(NamedTuple):
    """The app, as a person has it."""

    app: Any
    press: Callable[..., Any]

    @property
    def text(self) -> str:
        """The screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something.

        Raises:
            TimeoutError: it did not come.
        """
        until = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > until:
                raise TimeoutError(self.text)
            await asyncio.sleep(_POLL_SECONDS)


async def _with_app(
    drive: Callable[[Ui], Any], store: SessionStore | None = None, *, signed_in: bool = False
) -> None:
    """Run the app over a fresh demo, with this session store or one in memory."""
    from neptun_tui.api.client import client_of
    from neptun_tui.demo.data import populate
    from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
    from neptun_tui.demo.server import create_app
    from neptun_tui.demo.store import Store
    from neptun_tui.domain.account import Secret
    from neptun_tui.services.auth import SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.context import AppContext
    from neptun_tui.services.projects import Startup
    from neptun_tui.services.run_store import RunStore
    from neptun_tui.storage.session_store import memory_session_store
    from neptun_tui.tui.app import NeptunApp

    demo = Store()
    populate(demo)
    sessions = store or memory_session_store()
    link = ClientThread(lambda host: client_of(create_app(demo), host))
    sign_in = SignIn(link, lambda: sessions)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app_context = AppContext(
            link,
            sign_in,
            "http://localhost",
            email="" if signed_in else DEMO_EMAIL,
            password=Secret(DEMO_PASSWORD),
            open_records=lambda: RunStore(folder, folder / "backups"),
            startup=Startup(link, sign_in, None, None) if signed_in else None,
        )
        app = NeptunApp(app_context, crash_folder=folder)
        async with app.run_test(size=(120, 40)) as pilot:
            await drive(Ui(app, pilot.press))
        link.close()
        demo.close()


def main() -> None:
    """Trace every journey and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", action="store_true", help="list the files of each journey too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = f"{name}/{kind.lower()}"
        journeys = (delete_in_app(), delete_by_command(), *sign_in_and_read(), setting())
    print(HEAD, *(journey.row for journey in journeys), sep="\n")
    if options.files:
        for journey in journeys:
            print(f"\n{journey.name}:", *journey.files, sep="\n  ")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
