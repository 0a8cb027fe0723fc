"""Textual driver for POSIX with fixes for Textual 8.2.8, each with its reason.

* Its parser re-issues as keys what it does not understand, inside a paste too, and raises on
  invalid sequences: :mod:`~neptun_tui.tui.input_parser` replaces it.
* It trusts any report of a size (``CSI 48 ; … t``), however large: here the kernel is asked.
* It decodes strictly, so that one invalid UTF-8 byte ends the app.
* When its input thread breaks, it shows a traceback with local variables, and leaves with status 0.
* Its signal handler can be interrupted by the next resize between reading a size and sending it,
  so that the app gets the older size last.
* It does not ask for alternate keys, so that no shortcut works on a Cyrillic layout.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import select
import signal
import time
from collections.abc import Iterable
from typing import Final

from textual import constants
from textual.drivers.linux_driver import LinuxDriver

from neptun_tui.tui.input_parser import InputParser, SizeReport, Token
from neptun_tui.tui.key_queue import ALTERNATE_KEYS, message_of

_GLANCE_SECONDS: Final = 0.1
"""Interval of the checks whether the input is to end."""

_READ_BYTES: Final = 65536


class TerminalDriver(LinuxDriver):
    """Driver that reads keys and pastes with the app's own parser."""

    def start_application_mode(self) -> None:
        """Set up the terminal; read its size on the event loop, where no signal comes between."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        loop, send_size = asyncio.get_running_loop(), signal.getsignal(signal.SIGWINCH)
        if callable(send_size):
            signal.signal(
                signal.SIGWINCH,
                lambda number, _frame: loop.call_soon_threadsafe(send_size, number, None),
            )

    def run_input_thread(self) -> None:
        """Read until the end; report input, and silence."""
        encoding = getattr(self._file, "encoding", None) or "utf-8"
        decode = codecs.getincrementaldecoder(encoding)("replace").decode
        parser = InputParser(constants.ESCAPE_DELAY)
        since = time.monotonic()
        while not self.exit_event.is_set():
            due = since + (parser.patience or 0) - time.monotonic()
            wait = _GLANCE_SECONDS if parser.patience is None else min(_GLANCE_SECONDS, due)
            if select.select([self.fileno], [], [], max(0.0, wait))[0]:
                data = self._read()
                if not data:  # end of input: the signal guard ends the app
                    self.exit_event.wait(_GLANCE_SECONDS)
                since = time.monotonic()
                self._hand_over(parser.feed(decode(data)))
            elif parser.patience is not None and time.monotonic() >= since + parser.patience:
                since = time.monotonic()
                self._hand_over(parser.quiet())

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""

    def _hand_over(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            if isinstance(token, SizeReport):
                os.kill(os.getpid(), signal.SIGWINCH)
            elif (message := message_of(token)) is not None:
                self.process_message(message)

    def _run_input_thread(self) -> None:
        """Read input; an exception ends the app like any other."""
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - it would be lost in this thread
            self._app.call_later(self._app._handle_exception, error)  # noqa: SLF001

    def _query_in_band_window_resize(self) -> None:
        """Request no size reports: the kernel knows the size, and sends SIGWINCH."""

    def _enable_bracketed_paste(self) -> None:
        """Request marks around pastes, and alternate keys."""
        super()._enable_bracketed_paste()
        if not constants.DISABLE_KITTY_KEY:
            self.write(ALTERNATE_KEYS)
