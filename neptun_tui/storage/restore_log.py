"""Log of restored items, so that restoring a backup again makes no duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from neptun_tui.domain.plan import ResourceRef
from neptun_tui.storage.backup_format import boot_id, uptime, wrap_os_errors
from neptun_tui.storage.jsonl import LinesFile, decode, encode


class _BeforeLine(msgspec.Struct, tag="before", tag_field="record"):
    keys: list[ResourceRef]
    project: int = 0


class _RestoredLine(msgspec.Struct, tag="restored", tag_field="record"):
    old: ResourceRef
    new: int


class _PostingLine(msgspec.Struct, tag="posting", tag_field="record"):
    """Line before a POST for an item; without a key, for the project."""

    old: ResourceRef | None
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    boot: str
    uptime: float
    under: int | None = None
    others: list[int] = []


class _AnsweredLine(msgspec.Struct, tag="answered", tag_field="record"):
    """Line after a POST that, by its response, created nothing and will create nothing."""

    old: ResourceRef | None


class _ProjectLine(msgspec.Struct, tag="project", tag_field="record"):
    """Line after a project was created in place of the backup's own."""

    new: int


_Line = _BeforeLine | _RestoredLine | _PostingLine | _AnsweredLine | _ProjectLine
_LINE: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


@dataclass(frozen=True, slots=True)
class OpenPost:
    """POST of an earlier restore without a recorded response: the server may still execute it.

    Attributes:
        age: seconds since it may have been sent, as far as this machine can know.
        under: import that the file was posted to.
        others: for a project, the IDs of the projects that existed before.
    """

    age: float
    under: int | None = None
    others: tuple[int, ...] = ()


def resolve_ids(notes: Iterable[Mapping[ResourceRef, int]]) -> dict[ResourceRef, int]:
    """Return the current ID of each restored item of a project, across all backups.

    An item that was deleted, restored and deleted again is in two backups under two IDs; it is
    still one item. Neptun assigns increasing IDs, so the largest is the latest.

    Args:
        notes: for each backup, the old refs and the new IDs.

    Returns:
        Every earlier ref of an item, with the item's latest ID.
    """
    links = sorted({(new, old) for each in notes for old, new in each.items()})
    first: dict[ResourceRef, ResourceRef] = {}
    newest: dict[ResourceRef, int] = {}
    for new, old in links:
        origin = first.setdefault(old, old)
        first[ResourceRef(old.kind, new)] = origin
        newest[origin] = new
    return {key: newest[origin] for key, origin in first.items() if newest[origin] != key.id}


class RestoreLog:
    """Append-only log beside a backup; each entry is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: tuple[str, ...] = ()
        """One sentence for each line that the last read could not decode."""
        self._file = LinesFile(path)

    def note_before(self, keys: Iterable[ResourceRef], project: int = 0) -> None:
        """Record the items that were listed before the first POST.

        Args:
            keys: the listed items.
            project: ID of the listed project; 0 for the backup's own project.

        Raises:
            BackupUnavailable: it is not on disk.
        """
        self._add(_BeforeLine(list(keys), project))

    def note_posting(
        self, old: ResourceRef | None, under: int | None = None, others: Iterable[int] = ()
    ) -> None:
        """Record that a POST may be sent. Call it before the first byte is sent.

        Args:
            old: the item's ref in the backup; None for the project itself.
            under: import that a file is posted to.
            others: for the project, the IDs of the existing projects.

        Raises:
            BackupUnavailable: it is not on disk, so the POST must not be sent.
        """
        now, boot = datetime.now(UTC), boot_id()
        since = uptime().total_seconds() if boot else 0.0
        self._add(_PostingLine(old, now, boot, since, under, list(others)))

    def note_answered(self, old: ResourceRef | None) -> None:
        """Record that a POST created nothing and never will.

        Raises:
            BackupUnavailable: it is not on disk.
        """
        self._add(_AnsweredLine(old))

    def note_project(self, new_id: int) -> None:
        """Record that a project was created in place of the backup's own.

        Raises:
            BackupUnavailable: it is not on disk.
        """
        self._add(_ProjectLine(new_id))

    def note_restored(self, old: ResourceRef, new_id: int) -> None:
        """Record that an item was restored.

        Raises:
            BackupUnavailable: it is not on disk.
        """
        self._add(_RestoredLine(old, new_id))

    def before(self, project: int = 0) -> frozenset[ResourceRef] | None:
        """Return the items listed before the first POST to a project; None if not recorded.

        Raises:
            BackupUnavailable: the log exists and cannot be read.
        """
        lines = (line for line in self._read() if isinstance(line, _BeforeLine))
        first = next((line for line in lines if line.project == project), None)
        return None if first is None else frozenset(first.keys)

    def open_posts(self) -> dict[ResourceRef | None, list[OpenPost]]:
        """Return the POSTs without a recorded response; those of the project under None.

        With several POSTs of one item, a response counts for the first one, so that the later one
        remains open.

        Raises:
            BackupUnavailable: the log exists and cannot be read.
        """
        found: dict[ResourceRef | None, list[OpenPost]] = {}
        for line in self._read():
            match line:
                case _PostingLine():
                    post = OpenPost(_age(line), line.under, tuple(line.others))
                    found.setdefault(line.old, []).append(post)
                case _RestoredLine() | _AnsweredLine():
                    del found.get(line.old, [])[:1]
                case _ProjectLine():
                    del found.get(None, [])[:1]
                case _:
                    pass
        return {old: posts for old, posts in found.items() if posts}

    def projects(self) -> tuple[int, ...]:
        """Return the projects that were created in place of the backup's own.

        Raises:
            BackupUnavailable: the log exists and cannot be read.
        """
        return tuple(line.new for line in self._read() if isinstance(line, _ProjectLine))

    def restored(self) -> dict[ResourceRef, int]:
        """Return the old refs of the restored items, with their new IDs.

        Raises:
            BackupUnavailable: the log exists and cannot be read.
        """
        return {line.old: line.new for line in self._read() if isinstance(line, _RestoredLine)}

    def _add(self, line: _Line) -> None:
        with wrap_os_errors(self.path, "written"):
            self._file.append(encode(line))

    def _read(self) -> list[_Line]:
        self.problems = ()
        found: list[_Line] = []
        with wrap_os_errors(self.path, "read"):
            for number, text in self._file.lines():
                try:
                    found.append(decode(text, _LINE))
                except ValueError:
                    self.problems += (f"Line {number} of {self.path} is torn, and was skipped.",)
        return found


def _age(line: _PostingLine) -> float:
    """Return the seconds since a POST was recorded, by the monotonic clock where possible.

    After a restart of the machine it is at least the time since that restart.
    """
    if line.boot and line.boot == boot_id():
        return max(0.0, uptime().total_seconds() - line.uptime)
    by_clock = max(0.0, (datetime.now(UTC) - line.at).total_seconds())
    return max(by_clock, uptime().total_seconds()) if boot_id() else by_clock
