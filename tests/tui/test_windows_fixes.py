"""Reader of the Windows console, with Textual's own structures and a simulated console."""

from __future__ import annotations

import ctypes
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from textual import drivers, events
from textual.message import Message

from neptun_tui.tui.input_parser import STALLED_SECONDS
from neptun_tui.tui.key_queue import LayoutKey

Batch = list[tuple[str, bool]] | tuple[int, int] | None
"""Characters and whether their key went down, a size, or nothing for a while."""

MODULES = (
    "msvcrt",
    "textual.drivers.win32",
    "textual.drivers.windows_driver",
    "neptun_tui.tui.windows_fixes",
)


class Kernel:
    """The few calls of kernel32 that reading a console takes."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.exit = threading.Event()
        self.clock = 0.0
        self.broken = False

        def wait(*_: Any) -> int:
            if self.batches and self.batches[0] is None:
                self.batches.pop(0)
                self.clock += STALLED_SECONDS * 20
                return 0x102
            if not self.batches and not self.broken:
                self.exit.set()
                return 0x102
            return 0

        def read(_: Any, records: Any, most: int, count: Any) -> int:
            if self.broken:
                return 0
            batch = self.batches.pop(0)
            array = records._obj
            if isinstance(batch, tuple):
                array[0].EventType = 0x0004
                array[0].Event.WindowBufferSizeEvent.dwSize.X = batch[0]
                array[0].Event.WindowBufferSizeEvent.dwSize.Y = batch[1]
                count._obj.value = 1
                return 1
            assert batch is not None
            assert len(batch) <= most
            for record, (character, is_down) in zip(array, batch, strict=False):
                record.EventType = 0x0001
                record.Event.KeyEvent.bKeyDown = is_down
                record.Event.KeyEvent.uChar.UnicodeChar = character
            count._obj.value = len(batch)
            return 1

        self.GetStdHandle = lambda *_: 7
        self.WaitForMultipleObjects = wait
        self.ReadConsoleInputW = read


class FakeApp:
    """Takes what the reader says of its own end, and of sizes."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def call_later(self, _: Callable[..., Any], error: Exception) -> None:
        self.errors.append(error)

    def _handle_exception(self, error: Exception) -> None:
        raise AssertionError("called from the app's own loop only")


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def windows(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, imported as on Windows."""

    class Function:
        def __init__(self, name: str) -> None:
            self.name = name

        def __call__(self, *arguments: Any) -> Any:
            return getattr(kernel, self.name)(*arguments)

    class WinDLL:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def __getattr__(self, name: str) -> Function:
            return Function(name)

    if sys.platform == "win32":
        pytest.skip("here the console is a real one")
    monkeypatch.setattr(ctypes, "WinDLL", WinDLL, raising=False)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("win32", "windows_driver"):  # else the package hands out those of the last test
        monkeypatch.delattr(drivers, name, raising=False)
    monkeypatch.setitem(sys.modules, "msvcrt", ModuleType("msvcrt"))
    module = importlib.import_module("neptun_tui.tui.windows_fixes")
    monkeypatch.setattr(module.time, "monotonic", lambda: kernel.clock)
    yield module
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def read(
    windows: ModuleType, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Message | tuple[int, int]]]:
    """Read batches of the console as its thread does; return what the app gets."""

    def read(*batches: str | Batch) -> list[Message | tuple[int, int]]:
        kernel.batches = [
            [unit for character in batch for unit in down(character)]
            if isinstance(batch, str)
            else batch
            for batch in batches
        ]
        got: list[Message | tuple[int, int]] = []
        app = FakeApp()
        reader = windows.ConsoleReader(None, app, kernel.exit, got.append)
        monkeypatch.setattr(reader, "on_size_change", lambda *size: got.append(size))
        reader.run()
        assert app.errors == []
        return got

    return read


def down(character: str) -> list[tuple[str, bool]]:
    """Return the records of a character that was typed: each unit goes down, and up again."""
    data = character.encode("utf-16-le", "surrogatepass")
    units = [chr(int.from_bytes(data[at : at + 2], "little")) for at in range(0, len(data), 2)]
    return [(unit, is_down) for unit in units for is_down in (True, False)]


def keys(got: list[Any]) -> list[str]:
    return [each.key for each in got if isinstance(each, events.Key)]


def pastes(got: list[Any]) -> list[str]:
    return [each.text for each in got if isinstance(each, events.Paste)]


def test_keys_are_read_once_and_a_shift_alone_is_none(read: Callable[..., Any]) -> None:
    got = read("d", [("\0", True), ("Y", True), ("Y", False), ("\0", False)], "\x1b[A\r")
    assert keys(got) == ["d", "Y", "up", "enter"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 33, 500])
def test_a_paste_presses_no_key_in_any_chunks(read: Callable[..., Any], size: int) -> None:
    rubbed_out = "\x7f" * 25
    hostile = f"\x1b{'y' * 40}\r\x1b{rubbed_out}101\r\x1b[3~\x1b[1;1:1A\x1b[97;1:1uy\n"
    text = f"\x1b[200~{hostile}\x1b[201~"
    got = read(*(text[at : at + size] for at in range(0, len(text), size)))
    assert keys(got) == []
    assert len(pastes(got)) == 1


def test_a_paste_that_never_ends_is_left_by_an_urgent_key_only(read: Callable[..., Any]) -> None:
    got = read("\x1b[200~y\r", None, "y\r", None, None, "\x03", "d")
    assert keys(got) == ["ctrl+c", "d"]
    assert pastes(got) == []


def test_an_escape_alone_is_the_key_and_a_cut_sequence_none(read: Callable[..., Any]) -> None:
    assert keys(read("\x1b", None, "\x1b[3", None, "y")) == ["escape", "y"]


@pytest.mark.parametrize(
    "wrong", ["\x1b[97;1:1u", "\x1b[3;5:1~", "\x1b[1114112u", "\x1b[48;5000;5000;1;1t"]
)
def test_a_wrong_sequence_does_not_end_the_reader(read: Callable[..., Any], wrong: str) -> None:
    assert keys(read(wrong, "x"))[-1:] == ["x"]


def test_a_character_of_two_units_may_come_in_two_pieces(read: Callable[..., Any]) -> None:
    high, low = down("😀")[0], down("😀")[2]
    got = read("\x1b[200~", [high], [low], "\x1b[201~", [high], "a", [low], "b")
    assert pastes(got) == ["😀"]
    assert keys(got)[-1] == "b"


def test_the_console_itself_is_believed_about_the_size(read: Callable[..., Any]) -> None:
    assert (100, 20) in read((100, 20))


def test_a_key_of_another_layout_keeps_its_place(read: Callable[..., Any]) -> None:
    (key,) = read("\x1b[1088::104;;1088u")
    assert isinstance(key, LayoutKey)
    assert key.base == "h"


def test_a_console_that_cannot_be_read_ends_the_app(windows: ModuleType, kernel: Kernel) -> None:
    kernel.broken = True
    app = FakeApp()
    windows.ConsoleReader(None, app, kernel.exit, lambda _: None).run()
    assert [str(error) for error in app.errors] == ["The console cannot be read."]


def test_the_driver_puts_this_reader_in(
    windows: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    usual = windows.WindowsDriver
    monkeypatch.setattr(
        usual, "start_application_mode", lambda _: started.append(windows.win32.EventMonitor)
    )
    driver = windows.ConsoleDriver.__new__(windows.ConsoleDriver)
    driver.start_application_mode()
    assert started == [windows.ConsoleReader]
    assert sys.modules["textual.drivers.windows_driver"].win32.EventMonitor is started[0]
