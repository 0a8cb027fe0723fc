"""What was posted back of one local copy, so that restoring it again makes no doubles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from neptun_tui.domain.deletion import Key
from neptun_tui.storage.copy_lines import explained
from neptun_tui.storage.json_lines import LinesFile, decode, encode


class _BeforeLine(msgspec.Struct, tag="before", tag_field="record"):
    keys: list[Key]


class _RestoredLine(msgspec.Struct, tag="restored", tag_field="record"):
    old: Key
    new: int


_Line = _BeforeLine | _RestoredLine
_LINE: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


def latest(notes: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    """What each item of a project has become, whichever copies it was posted back from.

    An item that was deleted, restored and deleted again stands in two copies under two IDs; it
    is one item all the same. Neptun counts its IDs upwards, so the largest is the latest.

    Args:
        notes: of each copy, old keys and new IDs.

    Returns:
        Every key that an item has had, with the ID it got last; those that have it are left out.
    """
    links = sorted({(new, old) for each in notes for old, new in each.items()})
    first: dict[Key, Key] = {}
    newest: dict[Key, int] = {}
    for new, old in links:
        origin = first.setdefault(old, old)
        first[Key(old.kind, new)] = origin
        newest[origin] = new
    return {key: newest[origin] for key, origin in first.items() if newest[origin] != key.id}


class RestoredNotes:
    """A file beside a copy that is only ever added to, each note on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: tuple[str, ...] = ()
        """A sentence for each line that could not be read, when the notes were read last."""
        self._file = LinesFile(path)

    def note_before(self, keys: Iterable[Key]) -> None:
        """Note what was listed before anything was posted back.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        self._add(_BeforeLine(list(keys)))

    def note_restored(self, old: Key, new_id: int) -> None:
        """Note that an item was posted back.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        self._add(_RestoredLine(old, new_id))

    def before(self) -> frozenset[Key] | None:
        """What was listed before the first item was posted back; None if that was never noted.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
        """
        lines = (line for line in self._read() if isinstance(line, _BeforeLine))
        first = next(lines, None)
        return None if first is None else frozenset(first.keys)

    def restored(self) -> dict[Key, int]:
        """The old keys of the items that were posted back, and their new IDs.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
        """
        return {line.old: line.new for line in self._read() if isinstance(line, _RestoredLine)}

    def _add(self, line: _Line) -> None:
        with explained(self.path, "written"):
            self._file.append(encode(line))

    def _read(self) -> list[_Line]:
        self.problems = ()
        found: list[_Line] = []
        with explained(self.path, "read"):
            for number, text in self._file.lines():
                try:
                    found.append(decode(text, _LINE))
                except ValueError:
                    self.problems += (f"Line {number} of {self.path} is torn, and was skipped.",)
        return found
