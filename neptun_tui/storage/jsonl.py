"""JSON lines files that several processes append to at once."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from neptun_tui.storage.files import make_private_folder, open_own, open_to_read, sync_name
from neptun_tui.storage.locks import lock

T = TypeVar("T")

_HOW: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT
_MOST: Final = 1 << 30
"""Bytes in a file of lines that are read: some hundred thousand runs, far more than anyone has."""

_LONGEST: Final = 1 << 26
"""Bytes in a line that is understood: a plan of 100,000 items has some 10 million."""

_PATIENCE: Final = 10.0
"""Seconds to wait for other instances, each of which is done in the time of one wait for disk."""


def encode(value: object) -> bytes:
    """Write a value as one line of UTF-8, its end included.

    A half of a surrogate pair, which UTF-8 does not know, is written in three bytes as if it did:
    escaped, two halves that happen to meet would come back as one character.

    Raises:
        RecursionError: it is nested too deeply.
    """
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass") + b"\n"


def decode(line: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read one line that :func:`encode` wrote.

    Raises:
        ValueError: it is torn, is no JSON, or is something else than the decoder expects.
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
    """A private file of lines (0600, its folder 0700) that is only ever added to.

    It is opened anew for each use, so that threads exclude each other as processes do, and a file
    that was removed meanwhile is not written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: bytes) -> None:
        """Add a line in one write; it is on disk when this returns.

        Args:
            line: with its end. A torn line before it is ended first, so that it spoils no other.

        Raises:
            OSError: it is not on disk. What was written of it is taken back, if that can be done;
                else it is left, torn or whole.
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
            if locked:  # else the last bytes may be another's
                with suppress(OSError):
                    os.ftruncate(descriptor, before.st_size)
            raise

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Read the lines that are there now.

        Yields:
            Each line with its number, from 1. Only the last can lack its end, and one that is too
            long to be ours, which comes in pieces. None if there is no such file.

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
            while left > 0 and (line := file.readline(min(left, _LONGEST))):  # the rest came since
                left -= len(line)
                yield number, line
                number += line.endswith(b"\n")


def _ends_whole(descriptor: int, size: int) -> bool:
    if not size:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def _write(descriptor: int, line: bytes) -> None:
    """Write all of it. A first write that falls short is tried once more, to learn what is wrong.

    Raises:
        OSError: it was not written, or not whole.
    """
    rest = line[os.write(descriptor, line) :]
    if rest and os.write(descriptor, rest) != len(rest):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _settled_size(path: Path) -> int:
    """The size of the file when nobody is in the middle of a line: up to there nothing changes."""
    descriptor = open_own(path, os.O_RDONLY)
    try:
        lock(descriptor, shared=True, patience=_PATIENCE)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
