"""Textual driver for POSIX with fixes for Textual 8.2.8, each with its reason.

* Its parser types again what it does not understand, inside a paste too, and raises on wrong
  sequences: :mod:`~neptun_tui.tui.input_parser` stands in its place.
* It believes any report of a size (``CSI 48 ; … t``), however large: here the kernel is asked.
* It decodes strictly, so that one byte that is no UTF-8 ends the app.
* When its input thread breaks, it shows a traceback with local variables, and leaves with status 0.
* It does not ask for alternate keys, so that no shortcut works on a Cyrillic layout.
"""

from __future__ import annotations

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
"""Between two looks at whether the input is to end."""

_READ_BYTES: Final = 65536


class TerminalDriver(LinuxDriver):
    """Reads keys and pastes by our own parser."""

    def run_input_thread(self) -> None:
        """Read until the end; say what has come, and when nothing more does."""
        encoding = getattr(self._file, "encoding", None) or "utf-8"
        decode = codecs.getincrementaldecoder(encoding)("replace").decode
        parser = InputParser(constants.ESCAPE_DELAY)
        since = time.monotonic()
        while not self.exit_event.is_set():
            due = since + (parser.patience or 0) - time.monotonic()
            wait = _GLANCE_SECONDS if parser.patience is None else min(_GLANCE_SECONDS, due)
            if select.select([self.fileno], [], [], max(0.0, wait))[0]:
                data = self._read()
                if not data:  # it has gone: whoever waits for that ends the app
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
        """Read; if that breaks, the app ends as it does whenever it breaks."""
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            self._app.call_later(self._app._handle_exception, error)  # noqa: SLF001

    def _query_in_band_window_resize(self) -> None:
        """Ask for no reports of the size: the kernel knows it, and sends SIGWINCH."""

    def _enable_bracketed_paste(self) -> None:
        """Ask for marks around what is pasted, and for the keys of other layouts."""
        super()._enable_bracketed_paste()
        if not constants.DISABLE_KITTY_KEY:
            self.write(ALTERNATE_KEYS)
