"""Signals and TTY: end on a signal or a lost terminal, and restore the TTY. POSIX only.

Textual alone dies of a signal on the spot, with the terminal as it stands, and goes on for ever
when its terminal closes without one. Its event loop cannot be relied upon either: it is blocked
while a terminal does not read. So a thread waits for the end, asks the app to leave, makes room for
what the app still draws, and ends the process when that takes too long. Nothing is lost by it: each
line of the journal is on disk once written, and what a run leaves open the next start settles.
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
    """The name of a signal; those for real-time use have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


LIMIT_SECONDS: Final = 0.7
"""From the first sign of the end until the process is ended by force."""

_GLANCE_SECONDS: Final = 0.02
"""Between two looks at whether the terminal holds somebody up."""

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
"""All whose default is to end the process, and would leave the terminal as it stands."""

_Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None

_NOTHING: Final = 0
"""In the place of a signal's number: the app has ended by itself."""


class SignalGuard:
    """Listens, as a context manager around the app's run, for whatever ends it from outside.

    Args:
        leave: asks the app to end; called on another thread.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave
        self._terminal = TtyGuard()
        self._number: int = _NOTHING
        self._before: dict[int, _Handler] = {}
        self._hears, self._says = os.pipe()
        self._decided = threading.Event()

    def __enter__(self) -> SignalGuard:
        """Begin to listen; what was ignored so far, as ``nohup`` has it, stays ignored."""
        os.set_blocking(self._says, False)
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._told)
        threading.Thread(target=self._listen, name="neptun-hangup", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, unless it is the end: then :meth:`finish` is due."""
        self._told(_NOTHING)
        self._decided.wait()
        if self._number:
            return
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._hears)
        os.close(self._says)

    def finish(self) -> None:
        """End the process, if it was told to, now that everything has been closed."""
        if self._number:
            self._end(left_by_the_app=True)

    def _told(self, number: int, _frame: FrameType | None = None) -> None:
        with contextlib.suppress(BlockingIOError):  # said so often that nobody can have missed it
            os.write(self._says, bytes([number]))

    def _listen(self) -> None:
        self._number = self._wait()
        self._decided.set()
        if self._number:
            self._see_out()

    def _wait(self) -> int:
        """Wait for the end; the number of its signal, or of none if the app has ended itself."""
        poll = select.poll()
        poll.register(self._hears, select.POLLIN)
        self._terminal.watch_with(poll)
        found = {fd for fd, _ in poll.poll()}
        said = os.read(self._hears, 64) if self._hears in found else b""
        gone = signal.SIGHUP if found - {self._hears} else _NOTHING
        return next(filter(None, said), gone)

    def _see_out(self) -> None:
        """Ask the app to leave, and see to it that it does."""
        self._leave()
        until = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < until:
            self._terminal.make_room()
            time.sleep(_GLANCE_SECONDS)
        self._end(left_by_the_app=False)

    def _end(self, *, left_by_the_app: bool) -> NoReturn:
        """End here and now: Python would first wait for threads, and write to what has gone."""
        self._terminal.put_right(left_by_the_app=left_by_the_app)
        os._exit(128 + self._number)


_TRIES: Final = 20
_PAUSE: Final = 0.01
"""How often, and every how many seconds, what puts the terminal right is tried."""

_AS_USUAL: Final = (
    b"\x18"  # gives up a sequence that was cut in half
    b"\x1b[?2026l"  # draws at once again
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # reports of paste, focus and size
    b"\x1b[<u"  # the keyboard protocol; the alternate screen has its own
    b"\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"  # colours, line wrap, screen, cursor
)


class TtyGuard:
    """The terminal this process reads keys from and draws on, as it was before it was taken."""

    def __init__(self) -> None:
        """Remember how it is now.

        Raises:
            termios.error: standard input is no terminal.
        """
        self._input, self._output = sys.stdin.fileno(), sys.stderr.fileno()
        self._line = termios.tcgetattr(self._input)
        self._made_room = False

    def watch_with(self, poll: select.poll) -> None:
        """Have a poll report when it closes; not where the system cannot poll a terminal."""
        trial = select.poll()
        trial.register(self._input, 0)
        if not trial.poll(0):
            poll.register(self._input, 0)

    def make_room(self) -> None:
        """If it does not read, throw away what was to be drawn, so that nobody waits for it.

        Throwing away alone wakes no writer that sleeps. SIGTERM does: :class:`SignalGuard` handles
        it, and has been told to end already.
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
            return True  # it has gone: nobody waits for it

    def put_right(self, *, left_by_the_app: bool) -> None:
        """Make it what it was before, if it is still there and ours. Waits for nobody.

        Args:
            left_by_the_app: the app has done so itself; that is lost if room was made.
        """
        if (left_by_the_app and not self._made_room) or not in_foreground(self._input):
            return
        with contextlib.suppress(OSError, termios.error):
            self._write_at_once(_AS_USUAL)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._input, termios.TCSANOW, self._line)

    def _write_at_once(self, data: bytes) -> None:
        """Write by a description of our own: ours and the shell's is shared, and must wait."""
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
