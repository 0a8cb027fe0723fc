"""A real pseudo-terminal with an emulator behind it, and a Neptun on a real socket."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import sysconfig
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyte
import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import neptun_tui
from neptun_tui.demo.data import DEMO_EMAIL, DEMO_PASSWORD, populate
from neptun_tui.demo.listening import listen
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

PATIENCE = 20.0
"""Seconds anything may take on a busy machine; nothing waits that long when all is well."""

SETTLES = 0.5
"""Seconds after which a dialog listens: it discards what was typed ahead of it."""

APP = (sys.executable, "-m", "neptun_tui")

_TAKE_TERMINAL = (
    "import fcntl, os, signal, sys, termios\n"
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    "fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)\n"
    "os.close(int(sys.argv[1]))\n"
    "os.execvp(sys.argv[2], sys.argv[2:])"
)
"""Makes the pseudo-terminal the controlling one, then becomes the program.

`pty.fork` would do it too, but a process with threads, such as a server's, must not fork.
"""

_FRAMES_THAT_STALL = 50
"""Frames drawn in vain: Textual queues 30 before its event loop waits."""

_FRAME_SECONDS = 0.02

_PRIVATE_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_KITTY = re.compile(rb"\x1b\[([><])\d*u")
_UNKNOWN_TO_PYTE = re.compile(r"\x1b\[>[\d;]*u|\x1b\[<\d*u|\x1b\[\?\d+\$p")
_HALF_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*)?$")


class Terminal:
    """One program in a pseudo-terminal of its own, and what it has drawn there."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        size: tuple[int, int],
        *,
        controlling: bool = True,
    ) -> None:
        self.columns, self.rows = size
        self.raw = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._half = ""
        self._master, self._slave = pty.openpty()
        self._open = True
        self._set_size()
        self.before = termios.tcgetattr(self._slave)
        launch = [sys.executable, "-I", "-S", "-c", _TAKE_TERMINAL, str(self._slave)]
        self.process = subprocess.Popen(
            [*launch, *command] if controlling else command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            pass_fds=[self._slave],
            start_new_session=True,
            env=dict(env),
            cwd=cwd,
        )

    # What it shows ---------------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, top to bottom, each as wide as the screen."""
        self.pump(0)
        return list(self._screen.display)

    @property
    def text(self) -> str:
        """The screen as one text, without the blanks at the ends of its rows."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def cells(self) -> list[list[str]]:
        """What stands in each cell of each row; the second one of a wide character is empty."""
        self.pump(0)
        rows = (self._screen.buffer[y] for y in range(self.rows))
        return [[row[x].data for x in range(self.columns)] for row in rows]

    @property
    def after(self) -> list[object]:
        """The settings of the terminal's line as they are now; compare with `before`."""
        return termios.tcgetattr(self._slave)

    @property
    def modes(self) -> dict[str, bool]:
        """The private modes the program has touched, as it has left them."""
        found: dict[str, bool] = {}
        for numbers, letter in _PRIVATE_MODE.findall(self.raw):
            found.update((number, letter == b"h") for number in numbers.decode().split(";"))
        return found

    @property
    def kitty_depth(self) -> int:
        """How many keyboard protocols were switched on and never off again."""
        return sum(1 if letter == b">" else -1 for letter in _KITTY.findall(self.raw))

    # What is done to it ----------------------------------------------------------------------

    def send(self, keys: str | bytes) -> None:
        """Type these keys, all in one write."""
        data = keys.encode() if isinstance(keys, str) else keys
        assert os.write(self._master, data) == len(data)

    def type(self, keys: str) -> None:
        """Type these keys one after another, as a hand does."""
        for key in keys:
            self.send(key)
            self.pump(0.01)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size and let the program know, as a window does."""
        self.pump(0)
        self.columns, self.rows = columns, rows
        self._screen.resize(rows, columns)
        self._set_size()
        os.killpg(self.process.pid, signal.SIGWINCH)

    def _set_size(self) -> None:
        size = struct.pack("HHHH", self.rows, self.columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)

    def go_to(self, typed: str, row: str) -> Terminal:
        """Go to an ID by the line at the bottom; `row` is how its row then begins."""
        self.send(":")
        self.wait_for("esc cancel")
        self.settle(0.1)
        self.type(f"{typed}\r")
        self.wait_gone("esc cancel")
        self.wait_for(row)
        return self

    def ask(self, title: str, keys: str = "d") -> Terminal:
        """Open the delete dialog and wait until it may be answered."""
        self.send(keys)
        self.wait_for(title, "Checked with Neptun a moment ago.")
        self.settle(0.1)
        self.pump(SETTLES)
        return self

    def delete_found(self, needle: str, number: int) -> Terminal:
        """Have a run begin that deletes all that a filter finds: so many files."""
        self.send("/")
        self.wait_for("esc cancel")
        self.type(f"{needle}\r")
        self.wait_for(f"filter: {needle} ({number} of")
        self.settle(0.1)
        self.send("\x01")
        self.wait_for(f"{number} marked")
        self.ask(f"Delete {number} items?")
        self.type(f"{number}\r")
        self.wait_for("Deleting")
        return self

    def quit(self, keys: str = "q") -> int:
        """Leave the app; its exit status."""
        self.send(keys)
        return self.wait_exit()

    # Waiting ---------------------------------------------------------------------------------

    def pump(self, seconds: float) -> None:
        """Take in what the program draws, for so long."""
        until = time.monotonic() + seconds
        while select.select([self._master], [], [], max(0.0, until - time.monotonic()))[0]:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            self.raw += chunk
            text = self._half + self._decode(chunk)
            half = _HALF_SEQUENCE.search(text)
            self._half = half[0] if half else ""
            self._stream.feed(_UNKNOWN_TO_PYTE.sub("", text.removesuffix(self._half)))

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something to become true; show the screen if it does not."""
        until = time.monotonic() + PATIENCE
        while not holds():
            if self.process.poll() is not None:
                self.pump(0.05)
                if holds():
                    return
                last = self.raw[-300:].decode(errors="replace")
                pytest.fail(f"ended with {self.process.returncode} before {what}: {last!r}")
            if time.monotonic() > until:
                pytest.fail(f"waited in vain for {what}:\n{self.text}")
            self.pump(0.02)

    def wait_for(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        for text in texts:
            self.wait_until(lambda text=text: text in self.text, repr(text))

    def wait_gone(self, text: str) -> None:
        """Wait until something is no longer on the screen."""
        self.wait_until(lambda: text not in self.text, f"{text!r} to go")

    def settle(self, quiet: float = 0.2) -> None:
        """Wait until nothing has been drawn for a moment."""
        until = time.monotonic() + PATIENCE
        length = -1
        while length != len(self.raw):
            assert time.monotonic() < until, f"never comes to rest:\n{self.text}"
            length = len(self.raw)
            self.pump(quiet)

    def wait_exit(self) -> int:
        """Wait for the program to end; its exit status."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, f"does not end:\n{self.text}"
            self.pump(0.02)
        self.pump(0.05)
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost connection does."""
        os.close(self._slave)
        os.close(self._master)
        self._open = False

    def stall(self) -> None:
        """Stop reading, and have the program draw until its event loop waits for us."""
        until = time.monotonic() + PATIENCE
        frames = 0
        while frames < _FRAMES_THAT_STALL:
            assert time.monotonic() < until, "it never stalls"
            self.columns ^= 1
            self._set_size()
            os.killpg(self.process.pid, signal.SIGWINCH)
            time.sleep(_FRAME_SECONDS)
            full = not select.select([], [self._slave], [], 0)[1]
            frames = frames + 1 if full else 0

    def close(self) -> None:
        """End the program, if it has not ended, and the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._open:
            os.close(self._master)
            os.close(self._slave)


class Server:
    """A Neptun with the sample data on a real socket, which remembers what arrived."""

    url: str

    def __init__(self, store: Store) -> None:
        self.store = store
        self.answered: float = float("inf")
        """How many DELETEs are answered; those that come later are carried out, and wait."""
        self._app = create_app(store)
        self._came = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        place = 0
        if scope["method"] == "DELETE":
            self._came = place = self._came + 1

        async def send_in_time(message: Message) -> None:
            while place > self.answered:
                await asyncio.sleep(0.01)
            await send(message)

        await self._app(scope, receive, send_in_time)

    @property
    def deletes(self) -> list[str]:
        """The paths of the DELETEs that arrived, in their order."""
        return [a.path for a in list(self.store.arrivals) if a.method == "DELETE"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of its own, whose settings keep every session in memory."""
    home = tmp_path / "home"
    config = home / "config" / "neptun-tui"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('session_storage = "memory"\n')
    (home / "work").mkdir()
    (home / "run").mkdir(mode=0o700)
    return home


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    """An environment with nothing of this machine in it but where its programs are."""
    made = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/run/no-bus",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "TMPDIR": str(home / "run"),
        **{f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in ("config", "cache", "data")},
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_RUNTIME_DIR": str(home / "run"),
    }
    source = Path(neptun_tui.__file__).parents[1]
    if source not in {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}:
        made["PYTHONPATH"] = str(source)  # not installed: the program is where we got it from
    return made


@pytest.fixture
def terminal(env: dict[str, str], home: Path) -> Iterator[Callable[..., Terminal]]:
    """Start the app, or another command, in a pseudo-terminal; ended when the test ends."""
    with contextlib.ExitStack() as stack:

        def start(
            *arguments: str,
            size: tuple[int, int] = (80, 24),
            command: Sequence[str] = APP,
            environ: Mapping[str, str | None] | None = None,
            controlling: bool = True,
        ) -> Terminal:
            whole = {**env, **(environ or {})}
            given = {name: value for name, value in whole.items() if value is not None}
            every = [*command, *arguments]
            made = Terminal(every, given, home / "work", size, controlling=controlling)
            stack.callback(made.close)
            return made

        yield start


@pytest.fixture
def run(env: dict[str, str], home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the app without any terminal."""

    def start(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*APP, *arguments],
            env={**env, **environ},
            cwd=home / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return start


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """An ASGI app on loopback; its origin."""
    listener = listen()
    options = uvicorn.Config(app, log_config=None, lifespan="off", interface="asgi3")
    options.timeout_graceful_shutdown = 1
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture
def server() -> Iterator[Server]:
    """A Neptun on loopback."""
    store = Store()
    populate(store)
    made = Server(store)
    try:
        with serving(made) as made.url:
            yield made
            made.answered = float("inf")
    finally:
        store.close()


@pytest.fixture
def signed_in(terminal: Callable[..., Terminal], server: Server) -> Callable[..., Terminal]:
    """The app with the demo account's first project open, its data on a real socket."""

    def start(**options: object) -> Terminal:
        app = terminal("--host", server.url, "--account", DEMO_EMAIL, **options)
        app.wait_for("Your session will be kept")
        app.send(f"{DEMO_PASSWORD}\r")
        app.wait_for("Storefront", "Strange names")
        app.send("\r")
        app.wait_for("No visible import")
        return app

    return start


@pytest.fixture
def at_file(signed_in: Callable[..., Terminal]) -> Callable[..., Terminal]:
    """The app with the cursor on file 102, which shares its number with an import."""
    return lambda **options: signed_in(**options).go_to("f102", "▌       102")


@pytest.fixture
def at_import(signed_in: Callable[..., Terminal]) -> Callable[..., Terminal]:
    """The app with the cursor on import 102."""
    return lambda **options: signed_in(**options).go_to("i102", "▌  ▸    102")
