"""Signals and TTY: end on a signal or a lost terminal, and restore the TTY. POSIX only.

Textual alone dies of a signal without restoring the terminal, and never ends when its terminal
closes without a signal. Its event loop does not help either: it blocks while a terminal does not
read. So a thread waits for the end, asks the app to exit, drains its output, and ends the process
when that takes too long. Nothing is lost: each line of the journal is on disk once written, and
the next start settles a run left open.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, NoReturn

from neptun_tui.tui.suspend import in_foreground


def _name_of(number: int) -> str:
    """Return the name of a signal; real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


LIMIT_SECONDS: Final = 0.7
"""Time from the first sign of the end until the process is ended by force."""

_GLANCE_SECONDS: Final = 0.02
"""Interval of the checks whether the terminal blocks a writer."""

_LEFT_ALONE: Final = (
    {"SIGKILL", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT"}  # the shell's
    | {"SIGCHLD", "SIGCLD", "SIGURG", "SIGWINCH", "SIGINFO"}  # end nothing
    | {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGIOT", "SIGTRAP", "SIGSYS", "SIGEMT"}
    | {"SIGPIPE", "SIGXFSZ"}  # ignored by Python, which raises instead
)
"""Signals that end nothing, belong to the shell, or follow a fault after which nothing is safe."""

_SIGNALS: Final = tuple(
    number for number in signal.valid_signals() if _name_of(number) not in _LEFT_ALONE
)
"""Signals whose default action ends the process, without restoring the terminal."""

_Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None

_NOTHING: Final = 0
"""Placeholder for a signal number: the app has exited by itself."""


class SignalGuard:
    """Context manager around the app's run that ends it on a signal or a lost terminal.

    Args:
        leave: asks the app to exit; called on another thread.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave
        self._terminal = TtyGuard()
        self._number: int = _NOTHING
        self._before: dict[int, _Handler] = {}
        self._hears, self._says = os.pipe()
        self._decided = threading.Event()

    def __enter__(self) -> SignalGuard:
        """Install the handlers; signals ignored so far, as under ``nohup``, stay ignored."""
        os.set_blocking(self._says, False)
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._told)
        threading.Thread(target=self._listen, name="neptun-hangup", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the handlers, unless the app is ending: then :meth:`finish` is due."""
        self._told(_NOTHING)
        self._decided.wait()
        if self._number:
            return
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._hears)
        os.close(self._says)

    def finish(self) -> None:
        """End the process if a signal arrived, now that everything has been closed."""
        if self._number:
            self._end(left_by_the_app=True)

    def _told(self, number: int, _frame: FrameType | None = None) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of signals already
            os.write(self._says, bytes([number]))

    def _listen(self) -> None:
        self._number = self._wait()
        self._decided.set()
        if self._number:
            self._see_out()

    def _wait(self) -> int:
        """Wait for the end; return its signal number, or 0 if the app has exited."""
        poll = select.poll()
        poll.register(self._hears, select.POLLIN)
        self._terminal.watch_with(poll)
        found = {fd for fd, _ in poll.poll()}
        said = os.read(self._hears, 64) if self._hears in found else b""
        gone = signal.SIGHUP if found - {self._hears} else _NOTHING
        return next(filter(None, said), gone)

    def _see_out(self) -> None:
        """Ask the app to exit, draining its output until the limit."""
        self._leave()
        until = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < until:
            self._terminal.make_room()
            time.sleep(_GLANCE_SECONDS)
        self._end(left_by_the_app=False)

    def _end(self, *, left_by_the_app: bool) -> NoReturn:
        """End the process at once: Python would wait for threads, and write to a lost terminal."""
        self._terminal.put_right(left_by_the_app=left_by_the_app)
        os._exit(128 + self._number)


_TRIES: Final = 20
_PAUSE: Final = 0.01
"""Number and interval of the attempts to restore the terminal."""

_AS_USUAL: Final = (
    b"\x18"  # cancels a sequence that was cut in half
    b"\x1b[?2026l"  # draws at once again
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # reports of paste, focus and size
    b"\x1b[<u"  # the keyboard protocol; the alternate screen has its own
    b"\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"  # colours, line wrap, screen, cursor
)


class TtyGuard:
    """TTY of this process, and its state before the app started."""

    def __init__(self) -> None:
        """Save the current state.

        Raises:
            termios.error: standard input is not a terminal.
        """
        self._input, self._output = sys.stdin.fileno(), sys.stderr.fileno()
        self._line = termios.tcgetattr(self._input)
        self._made_room = False

    def watch_with(self, poll: select.poll) -> None:
        """Register the TTY with a poll, to see it close; not where the system cannot poll it."""
        trial = select.poll()
        trial.register(self._input, 0)
        if not trial.poll(0):
            poll.register(self._input, 0)

    def make_room(self) -> None:
        """Discard pending output if the terminal does not read, so that no writer blocks.

        Flushing alone does not wake a blocked writer. SIGTERM does: :class:`SignalGuard` handles
        it, and is ending the app already.
        """
        if self._takes_more or not in_foreground(self._output):
            return
        self._made_room = True
        with contextlib.suppress(termios.error):
            termios.tcflush(self._output, termios.TCOFLUSH)
        for thread in threading.enumerate():
            if thread.ident and thread is not threading.current_thread():
                with contextlib.suppress(ProcessLookupError):
                    signal.pthread_kill(thread.ident, signal.SIGTERM)

    @property
    def _takes_more(self) -> bool:
        try:
            return bool(select.select([], [self._output], [], 0)[1])
        except (OSError, ValueError):
            return True  # the terminal has gone: no writer blocks

    def put_right(self, *, left_by_the_app: bool) -> None:
        """Restore the saved state, if the TTY still exists and is in our foreground. Never blocks.

        Args:
            left_by_the_app: the app has restored it; that is lost if output was discarded.
        """
        if (left_by_the_app and not self._made_room) or not in_foreground(self._input):
            return
        with contextlib.suppress(OSError, termios.error):
            self._write_at_once(_AS_USUAL)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._input, termios.TCSANOW, self._line)

    def _write_at_once(self, data: bytes) -> None:
        """Write through a separate, non-blocking file description: the shell shares ours."""
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
        own = os.open(os.ttyname(self._output), flags)
        try:
            for _ in range(_TRIES):
                try:
                    data = data[os.write(own, data) :]
                except BlockingIOError:
                    self.make_room()
                if not data:
                    return
                time.sleep(_PAUSE)
        finally:
            os.close(own)
