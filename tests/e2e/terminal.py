"""A program in a real pseudo-terminal, with an emulator behind it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte
import pytest

from .fork_server import Fork, ForkServer

PATIENCE = 60.0
"""Seconds anything may take on a busy machine; nothing waits that long when all is well."""

SETTLES = 0.5
"""Seconds after which a dialog listens: it discards what was typed ahead of it."""

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
_UNKNOWN_TO_PYTE = re.compile(r"\x1b\[[>=][\d;]*u|\x1b\[<\d*u|\x1b\[\?\d+\$p")
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
        forks: ForkServer | None = None,
    ) -> None:
        """Start a program.

        Args:
            command: the program and its arguments; the arguments alone if it is to be forked.
            env: its environment.
            cwd: its working directory.
            size: columns and rows.
            controlling: whether the terminal controls the program's session.
            forks: what to fork it from; None starts it.
        """
        self.columns, self.rows = size
        self.raw = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._shown: list[str] | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._half = ""
        self._master, self._slave = pty.openpty()
        self._open = True
        self._set_size()
        self.before = termios.tcgetattr(self._slave)
        self.process: subprocess.Popen[bytes] | Fork
        if forks is not None:
            self.process = forks.start(
                command,
                env=env,
                cwd=cwd,
                streams=(self._slave, self._slave, self._slave),
                session=True,
                controlling=controlling,
            )
            return
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

    # Content of the screen -------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, top to bottom, each as wide as the screen."""
        self.pump(0)
        if self._shown is None:
            self._shown = list(self._screen.display)
        return list(self._shown)

    @property
    def text(self) -> str:
        """The screen as one text, without the blanks at the ends of its rows."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def cells(self) -> list[list[str]]:
        """Return the text of each cell of each row; the second one of a wide character is empty."""
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
        """Number of keyboard protocols switched on and never off again."""
        return sum(1 if letter == b">" else -1 for letter in _KITTY.findall(self.raw))

    # Input -----------------------------------------------------------------------------------

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
        self._shown = None
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
            self._shown = None
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
        """Wait until a text has left the screen."""
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
