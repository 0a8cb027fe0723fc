"""The terminal as the system sees it, for when the app can no longer look after it. POSIX only."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
import time
from typing import Final

from neptun_tui.tui.standstill import in_foreground

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


class Terminal:
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

        Throwing away alone wakes no writer that sleeps. SIGTERM does: :class:`Hangup` handles it,
        and has been told to end already.
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
