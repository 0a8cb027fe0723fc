"""Textual driver for Windows that reads the console with the app's own parser.

Textual 8.2.8 parses there as it does on POSIX, with the same faults; see
:mod:`~neptun_tui.tui.textual_fixes`. Besides, it stops reading without a word when a pair of
surrogates comes in two pieces.
"""

from __future__ import annotations

import codecs
import ctypes
import time
from collections.abc import Iterable, Sequence
from ctypes import wintypes
from typing import Any, Final

from textual import constants
from textual.drivers import win32
from textual.drivers.windows_driver import WindowsDriver

from neptun_tui.tui.input_parser import InputParser, Token
from neptun_tui.tui.key_queue import ALTERNATE_KEYS, message_of

_GLANCE_MILLISECONDS: Final = 50
"""Interval of the checks whether the input is to end, or a sequence was cut."""

_MOST_RECORDS: Final = 1024
_KEY_RECORD: Final = 0x0001
_SIZE_RECORD: Final = 0x0004


class ConsoleDriver(WindowsDriver):
    """Driver that reads keys and pastes with the app's own parser."""

    def start_application_mode(self) -> None:
        """Start with the app's own reader; Textual has no other hook for it."""
        win32.EventMonitor = ConsoleReader  # type: ignore[misc]
        super().start_application_mode()

    def _enable_bracketed_paste(self) -> None:
        """Request marks around pastes, and alternate keys."""
        super()._enable_bracketed_paste()
        if not constants.DISABLE_KITTY_KEY:
            self.write(ALTERNATE_KEYS)


class ConsoleReader(win32.EventMonitor):
    """Thread that turns console records into messages."""

    def run(self) -> None:
        """Read input; an exception ends the app like any other."""
        try:
            self._read_until_exit()
        except Exception as error:  # noqa: BLE001 - it would be lost in this thread
            self.app.call_later(self.app._handle_exception, error)  # noqa: SLF001

    def _read_until_exit(self) -> None:
        handle = win32.GetStdHandle(win32.STD_INPUT_HANDLE)
        records = (win32.INPUT_RECORD * _MOST_RECORDS)()
        count = wintypes.DWORD(0)
        decode = codecs.getincrementaldecoder("utf-16-le")("replace").decode
        parser = InputParser(constants.ESCAPE_DELAY)
        since = time.monotonic()
        while not self.exit_event.is_set():
            if win32.wait_for_handles([handle], _GLANCE_MILLISECONDS) is None:
                if parser.patience is not None and time.monotonic() >= since + parser.patience:
                    since = time.monotonic()
                    self._hand_over(parser.quiet())
                continue
            if not win32.KERNEL32.ReadConsoleInputW(
                handle, ctypes.byref(records), _MOST_RECORDS, ctypes.byref(count)
            ):
                raise OSError("The console cannot be read.")
            read = records[: count.value]
            units = _typed(read)
            if units:
                since = time.monotonic()
                self._hand_over(parser.feed(decode(units.encode("utf-16-le", "surrogatepass"))))
            sizes = [each for each in read if each.EventType == _SIZE_RECORD]
            if sizes:  # reported by the console, so that no text can forge it
                size = sizes[-1].Event.WindowBufferSizeEvent.dwSize
                self.on_size_change(size.X, size.Y)

    def _hand_over(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            if (message := message_of(token)) is not None:
                self.process_event(message)  # type: ignore[arg-type] # it takes any message


def _typed(records: Sequence[Any]) -> str:
    """Return the UTF-16 units of pressed keys; a bare modifier is a record without one."""
    keys = [each.Event.KeyEvent for each in records if each.EventType == _KEY_RECORD]
    return "".join(
        key.uChar.UnicodeChar for key in keys if key.bKeyDown and key.uChar.UnicodeChar != "\0"
    )
