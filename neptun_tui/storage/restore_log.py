"""Log of restored items, so that restoring a backup again makes no duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from neptun_tui.domain.plan import ResourceRef
from neptun_tui.storage.backup_format import wrap_os_errors
from neptun_tui.storage.jsonl import LinesFile, decode, encode
from neptun_tui.storage.run_ids import boot_id, uptime


class _BeforeLine(msgspec.Struct, tag="before", tag_field="record"):
    keys: list[ResourceRef]
    project: int = 0


class _RestoredLine(msgspec.Struct, tag="restored", tag_field="record"):
    old: ResourceRef
    new: int


class _PostingLine(msgspec.Struct, tag="posting", tag_field="record"):
    """A post may leave from now on; of the project when there is no key."""

    old: ResourceRef | None
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    boot: str
    uptime: float
    under: int | None = None
    others: list[int] = []


class _AnsweredLine(msgspec.Struct, tag="answered", tag_field="record"):
    """A post made nothing, by its answer, and will make nothing later."""

    old: ResourceRef | None


class _ProjectLine(msgspec.Struct, tag="project", tag_field="record"):
    """A project was made in place of the backup's own."""

    new: int


_Line = _BeforeLine | _RestoredLine | _PostingLine | _AnsweredLine | _ProjectLine
_LINE: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


@dataclass(frozen=True, slots=True)
class OpenPost:
    """A post of an earlier restore whose answer was never noted: it may be carried out yet.

    Attributes:
        age: seconds since it may have left, as far as this machine can know.
        under: the import that a file was posted under.
        others: for a project, the projects that were there before.
    """

    age: float
    under: int | None = None
    others: tuple[int, ...] = ()


def resolve_ids(notes: Iterable[Mapping[ResourceRef, int]]) -> dict[ResourceRef, int]:
    """What each item of a project has become, whichever copies it was posted back from.

    An item that was deleted, restored and deleted again stands in two copies under two IDs; it
    is one item all the same. Neptun counts its IDs upwards, so the largest is the latest.

    Args:
        notes: of each copy, old keys and new IDs.

    Returns:
        Every key that an item has had, with the ID it got last; those that have it are left out.
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
    """A file beside a copy that is only ever added to, each note on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: tuple[str, ...] = ()
        """A sentence for each line that could not be read, when the notes were read last."""
        self._file = LinesFile(path)

    def note_before(self, keys: Iterable[ResourceRef], project: int = 0) -> None:
        """Note what was listed before anything was posted back.

        Args:
            keys: what was listed.
            project: where, if that is not the backup's own project.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        self._add(_BeforeLine(list(keys), project))

    def note_posting(
        self, old: ResourceRef | None, under: int | None = None, others: Iterable[int] = ()
    ) -> None:
        """Note that a post may leave. Call it before the first byte of it does.

        Args:
            old: the item's key in the backup; None for the project itself.
            under: the import that a file is posted under.
            others: for the project, the projects that are there.

        Raises:
            CopyUnavailable: it is not on disk, so the post must not be sent.
        """
        now, boot = datetime.now(UTC), boot_id()
        since = uptime().total_seconds() if boot else 0.0
        self._add(_PostingLine(old, now, boot, since, under, list(others)))

    def note_answered(self, old: ResourceRef | None) -> None:
        """Note that a post made nothing and never will.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        self._add(_AnsweredLine(old))

    def note_project(self, new_id: int) -> None:
        """Note that a project was made in place of the backup's own.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        self._add(_ProjectLine(new_id))

    def note_restored(self, old: ResourceRef, new_id: int) -> None:
        """Note that an item was posted back.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        self._add(_RestoredLine(old, new_id))

    def before(self, project: int = 0) -> frozenset[ResourceRef] | None:
        """Return what was listed before the first post into a project; None if never noted.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
        """
        lines = (line for line in self._read() if isinstance(line, _BeforeLine))
        first = next((line for line in lines if line.project == project), None)
        return None if first is None else frozenset(first.keys)

    def open_posts(self) -> dict[ResourceRef | None, list[OpenPost]]:
        """Return the posts that no answer is noted of; under None those of the project.

        Of several posts of one item, an answer is counted as the first one's: what remains open is
        then the younger one.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
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
        """Return the projects that were made in place of the backup's own.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
        """
        return tuple(line.new for line in self._read() if isinstance(line, _ProjectLine))

    def restored(self) -> dict[ResourceRef, int]:
        """The old keys of the items that were posted back, and their new IDs.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
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
    """Return the seconds since a post was noted, by a clock that nobody can set where there is one.

    After another start of the machine it is at least the time since that start.
    """
    if line.boot and line.boot == boot_id():
        return max(0.0, uptime().total_seconds() - line.uptime)
    by_clock = max(0.0, (datetime.now(UTC) - line.at).total_seconds())
    return max(by_clock, uptime().total_seconds()) if boot_id() else by_clock
