"""JSON lines files that several processes append to at once."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from neptun_tui.storage.files import make_private_folder, open_own, open_to_read, sync_name
from neptun_tui.storage.locks import lock

T = TypeVar("T")

_HOW: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT
_MOST: Final = 1 << 30
"""Maximum size in bytes of a file that is read: several hundred thousand runs."""

_LONGEST: Final = 1 << 26
"""Maximum size in bytes of a line: a plan of 100,000 items has about 10 million."""

_PATIENCE: Final = 10.0
"""Seconds to wait for other instances, each of which takes the time of one disk sync."""


def encode(value: object) -> bytes:
    """Encode a value as one line of UTF-8, with its newline.

    A lone surrogate, which UTF-8 cannot represent, is written as three bytes: as escapes, two
    adjacent surrogates would be read back as one character.

    Raises:
        RecursionError: it is nested too deeply.
    """
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass") + b"\n"


def decode(line: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode one line that :func:`encode` wrote.

    Raises:
        ValueError: it is torn, not JSON, or not of the decoder's type.
    """
    try:
        try:
            return decoder.decode(line)
        except UnicodeDecodeError:
            plain = json.loads(line.decode("utf-8", "surrogatepass"))
            return msgspec.convert(plain, decoder.type)
    except RecursionError:
        raise ValueError("nested too deeply") from None


class LinesFile:
    """Private append-only file of lines (0600, its folder 0700).

    It is opened for each use, so that threads exclude each other as processes do, and a file that
    was removed meanwhile is not written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: bytes) -> None:
        """Append a line in one write; it is on disk when this returns.

        Args:
            line: the line with its newline. A torn line before it is ended first.

        Raises:
            OSError: it is not on disk. Any part of it in the file is truncated away if possible;
                otherwise it remains, torn or complete.
        """
        make_private_folder(self.path.parent)
        descriptor = open_own(self.path, _HOW)
        try:
            self._append(descriptor, line, locked=lock(descriptor, patience=_PATIENCE))
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, line: bytes, *, locked: bool) -> None:
        before = os.fstat(descriptor)
        try:
            _write(descriptor, line if _ends_whole(descriptor, before.st_size) else b"\n" + line)
            os.fsync(descriptor)
            if not before.st_size:
                sync_name(self.path)
        except OSError:
            if locked:  # otherwise another process may have written the last bytes
                with suppress(OSError):
                    os.ftruncate(descriptor, before.st_size)
            raise

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the current lines; none without a file.

        Yields:
            Each line with its number, from 1. Only the last line can lack its newline, and the
            parts of a line above the maximum size.

        Raises:
            OSError: it cannot be read.
        """
        try:
            left = _settled_size(self.path)
            file = open_to_read(self.path, _MOST)
        except FileNotFoundError:
            return
        with file:
            number = 1
            while left > 0 and (line := file.readline(min(left, _LONGEST))):
                left -= len(line)
                yield number, line
                number += line.endswith(b"\n")

    def lines_with(self, words: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield the current lines that contain one of some words, in order, with their numbers.

        Searching 20 MB takes milliseconds; splitting and decoding its lines takes seconds.

        Raises:
            OSError: it cannot be read.
        """
        text = self._bytes()
        lines: dict[int, bytes] = {}
        for word in words:
            number, end = 1, 0
            while (found := text.find(word, end)) >= 0:
                start = text.rfind(b"\n", 0, found) + 1
                number += text.count(b"\n", end, start)
                end = text.find(b"\n", found) + 1 or len(text)
                lines[number] = text[start:end]
                number += 1
        yield from sorted(lines.items())

    def backwards(self) -> Iterator[bytes]:
        """Yield the current lines, the last one first.

        Raises:
            OSError: it cannot be read.
        """
        text = self._bytes()
        end = len(text)
        while end > 0:
            start = text.rfind(b"\n", 0, end - 1) + 1
            yield text[start:end]
            end = start

    def _bytes(self) -> bytes:
        try:
            size = _settled_size(self.path)
            with open_to_read(self.path, _MOST) as file:
                return file.read(size)
        except FileNotFoundError:
            return b""


def _ends_whole(descriptor: int, size: int) -> bool:
    if not size:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def _write(descriptor: int, line: bytes) -> None:
    """Write the complete line. A short first write is repeated, to get the error number.

    Raises:
        OSError: it was not written, or not completely.
    """
    rest = line[os.write(descriptor, line) :]
    if rest and os.write(descriptor, rest) != len(rest):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _settled_size(path: Path) -> int:
    """Return the size of the file while no process writes a line: up to there it never changes."""
    descriptor = open_own(path, os.O_RDONLY)
    try:
        lock(descriptor, shared=True, patience=_PATIENCE)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
