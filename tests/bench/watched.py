"""Programs in a pseudo-terminal for the screen benchmarks, with every byte recorded."""

from __future__ import annotations

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
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyte

from .background import ROOT

SIZE: Final = (80, 24)
PATIENCE: Final = 120.0
"""Seconds after which a bench gives up: 100,000 files are listed on a busy machine, too."""

APP: Final = (sys.executable, "-m", "neptun_tui")
BARE: Final = (sys.executable, str(Path(__file__).with_name("bare.py")))
"""The bare Textual app; its one argument is the number of rows."""

_UNKNOWN_TO_PYTE: Final = re.compile(r"\x1b\[>[\d;]*u|\x1b\[<\d*u|\x1b\[\?\d+\$p")


class Watched:
    """One program in a pseudo-terminal, and what it has drawn, piece by piece."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = SIZE
    ) -> None:
        self.pieces: list[tuple[float, bytes]] = []
        self._fed = 0
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._half = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=dict(env)
        )
        os.close(slave)

    @property
    def sent(self) -> int:
        """Number of bytes received so far."""
        return sum(len(data) for _, data in self.pieces)

    @property
    def text(self) -> str:
        """The screen as it stands."""
        while self._fed < len(self.pieces):
            self._feed_one()
        return "\n".join(self._screen.display)

    def _feed_one(self) -> float:
        moment, data = self.pieces[self._fed]
        self._fed += 1
        text = (self._half + data).decode("utf-8", "surrogateescape")
        whole = text[: text.rfind("\x1b")] if "\x1b" in text[-12:] else text
        whole = whole.rstrip("".join(map(chr, range(0xDC80, 0xDD00))))
        self._half = text[len(whole) :].encode("utf-8", "surrogateescape")
        self._stream.feed(_UNKNOWN_TO_PYTE.sub("", whole))
        return moment

    def read(self, seconds: float) -> bool:
        """Take in one piece, if one comes within so many seconds."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            if data := os.read(self._master, 65536):
                self.pieces.append((time.perf_counter(), data))
                return True
        raise RuntimeError(f"the program ended:\n{self.text}")

    def moment_of(self, *texts: str, since: float | None = None) -> float:
        """Seconds until all of these were on the screen, since the start or another moment.

        Input is fed to the emulator only while no more arrives, with the time at which it was read:
        the emulator is slower than the program it watches.
        """
        since = self.began if since is None else since
        until = time.perf_counter() + PATIENCE
        moment = since
        while True:
            while self._fed < len(self.pieces):
                moment = self._feed_one()
                shown = "\n".join(self._screen.display)
                if all(text in shown for text in texts):
                    return moment - since
            if time.perf_counter() > until:
                raise TimeoutError(f"never showed {texts}:\n{self.text}")
            if self.read(0.5):
                while self.read(0.02):
                    pass

    def wait_for(self, *texts: str) -> None:
        """Wait until all of these are on the screen, and nothing more is drawn."""
        until = time.perf_counter() + PATIENCE
        self.settle()
        while not all(text in self.text for text in texts):
            if time.perf_counter() > until:
                raise TimeoutError(f"never showed {texts}:\n{self.text}")
            self.settle()

    def settle(self, quiet: float = 0.4) -> None:
        """Wait until nothing has been drawn for a moment."""
        while self.read(quiet):
            pass

    def send(self, keys: str) -> float:
        """Type these keys in one write; the moment of it."""
        os.write(self._master, keys.encode())
        return time.perf_counter()

    def cost(self, keys: str, quiet: float = 0.4) -> int:
        """The bytes that these keys make the program draw, until it is quiet again."""
        before = self.sent
        self.send(keys)
        self.settle(quiet)
        return self.sent - before

    @property
    def peak_memory(self) -> int:
        """The most bytes of memory that the program has had at once."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024

    def close(self) -> None:
        """End the program and its terminal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._master)


@contextlib.contextmanager
def watched(
    command: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = SIZE
) -> Iterator[Watched]:
    """Run a program in a pseudo-terminal, and end it."""
    program = Watched(command, env, size)
    try:
        yield program
    finally:
        program.close()


@contextlib.contextmanager
def home(storage: str = "memory") -> Iterator[dict[str, str]]:
    """An environment with a home folder of its own, and nothing else of this machine."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "config/neptun-tui").mkdir(parents=True)
        settings = folder / "config/neptun-tui/config.toml"
        settings.write_text(f'session_storage = "{storage}"\n', encoding="utf-8")
        yield {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "HOME": name,
            "TMPDIR": name,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={name}/no-bus",
            **{f"XDG_{kind}_HOME": f"{name}/{kind.lower()}" for kind in ("CACHE", "CONFIG")},
            **{f"XDG_{kind}_HOME": f"{name}/{kind.lower()}" for kind in ("DATA", "STATE")},
        }
