"""Local copies of what was deleted, content included, so that it can be posted back.

One file a run: a line that says what is in it, then a line for each import and each file. What is
listed of the copies is read from first lines alone. Nothing a server sent is part of a file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from neptun_tui.domain.account import Account
from neptun_tui.domain.deletion import DeletionPlan, Key
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.storage.durable import PARTIAL, private_stream, reason, sync_folder
from neptun_tui.storage.json_lines import LinesFile, decode, encode
from neptun_tui.storage.run_ids import PATTERN, time_of

VERSION: Final = 1

_COPY: Final = ".jsonl"
_RESTORED: Final = ".restored.jsonl"
_NAME = re.compile(rf"\.?(?P<run>{PATTERN})\..+", re.ASCII)
_WRITTEN_BY_NOW: Final = timedelta(hours=1)
"""An unfinished file that is older than this belongs to a process that died."""


class CopyUnavailable(StorageError):
    """A local copy could not be written, read or removed; the text says why."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What one run was to destroy, as it was listed.

    Attributes:
        at: when the copy was made, in UTC.
        damaged: how many items it held once that can no longer be read.
    """

    run_id: str
    at: datetime
    account: Account
    project: Project
    imports: tuple[Import, ...]
    files: tuple[File, ...]
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class CopyInfo:
    """What is known of a copy without reading it whole.

    Attributes:
        path: where it is.
        at: when it was made, in UTC.
        size: bytes on disk.
        imports: how many imports are in it.
        files: how many files are in it.
    """

    run_id: str
    path: Path
    at: datetime
    size: int
    imports: int
    files: int
    project: Project
    account: Account


class _Header(msgspec.Struct):
    v: int
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    imports: int
    files: int
    account: Account
    project: Project


class _ImportLine(msgspec.Struct, tag="import", tag_field="kind"):
    item: Import


class _FileLine(msgspec.Struct, tag="file", tag_field="kind"):
    item: File


class _RestoredLine(msgspec.Struct):
    old: Key
    new: int


_HEADER = msgspec.json.Decoder(_Header)
_ITEM: msgspec.json.Decoder[_ImportLine | _FileLine] = msgspec.json.Decoder(_ImportLine | _FileLine)
_RESTORED_LINE = msgspec.json.Decoder(_RestoredLine)


class Copies:
    """The local copies in one folder (0700, its files 0600).

    Every method may block: call them on a thread that may wait.

    Args:
        folder: where they are; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: tuple[str, ...] = ()
        """Sentences about what the last call could not read or remove, and went on without."""

    def write(self, run_id: str, plan: DeletionPlan, listing: Listing) -> Path:
        """Write down everything that a plan will destroy. It is whole and on disk, or not there.

        Args:
            run_id: the ID the run will have (:func:`~neptun_tui.storage.run_ids.new_run_id`).
            plan: what will be deleted.
            listing: where that, with its content, is taken from. Files that stand under an import
                of the plan are taken even if the plan does not know them: the cascade will.

        Returns:
            The copy's file.

        Raises:
            CopyUnavailable: it could not be written, or the listing lacks something of the plan.
        """
        path = self._path(run_id)
        imports, files = _doomed(plan, listing)
        now = datetime.now(UTC)
        header = _Header(VERSION, now, len(imports), len(files), plan.account, listing.project)
        try:
            with _explained(path, "written"), private_stream(path) as stream:
                stream.write(encode(header))
                stream.writelines(encode(_ImportLine(item)) for item in imports)
                stream.writelines(encode(_FileLine(item)) for item in files)
        except RecursionError:
            raise CopyUnavailable(
                "The local copy cannot be written: the metadata of an item is nested too deeply."
            ) from None
        return path

    def infos(self) -> tuple[CopyInfo, ...]:
        """Tell of the copies, the newest first, without reading their contents.

        One whose first line cannot be read is left out, and said in ``problems``.
        """
        self.problems = ()
        found = [info for run_id in self._ids() if (info := self._info(run_id))]
        return tuple(sorted(found, key=lambda info: (info.at, info.run_id), reverse=True))

    def read(self, run_id: str) -> Copy:
        """Read a copy whole.

        Returns:
            The copy. Lines that are damaged are left out and counted in it: the server has none of
            this any more, so that what can be had is worth having.

        Raises:
            CopyUnavailable: there is none, it cannot be read, or a newer version wrote it.
        """
        path = self._path(run_id)
        imports: list[Import] = []
        files: list[File] = []
        with _explained(path, "read"), path.open("rb") as lines:
            header = _read_header(path, lines.readline())
            for line in lines:
                match _item(line):
                    case Import() as item:
                        imports.append(item)
                    case File() as item:
                        files.append(item)
        lost = max(0, header.imports + header.files - len(imports) - len(files))
        return Copy(
            run_id, header.at, header.account, header.project, tuple(imports), tuple(files), lost
        )

    def purge(self, run_id: str) -> None:
        """Remove a copy, what is noted of its restoring, and what a crash left of writing it.

        Raises:
            CopyUnavailable: it cannot be removed.
        """
        path = self._path(run_id)
        unfinished = self._folder.glob(f".{run_id}.*{PARTIAL}")
        with _explained(path, "removed"):
            for each in (path, self._restored(run_id).path, *unfinished):
                each.unlink(missing_ok=True)
            if self._folder.exists():
                sync_folder(self._folder)

    def prune(self, older_than_days: int, now: datetime) -> int:
        """Remove the copies of runs that were begun long ago, by the time in their names.

        Args:
            older_than_days: a copy of at least this age goes; with 0 every one made until now.
            now: with a time zone.

        Returns:
            How many copies were removed. What could not be is said in ``problems``.
        """
        self.problems = ()
        border = now - timedelta(days=older_than_days)
        removed = 0
        for run_id, began in self._ids().items():
            whole = self._path(run_id).exists()
            if began <= (border if whole else now - _WRITTEN_BY_NOW):
                removed += self._try_to_purge(run_id) and whole
        return removed

    def note_restored(self, run_id: str, old: Key, new_id: int) -> None:
        """Note on disk that an item was posted back, so that it is not posted back again.

        Args:
            run_id: whose copy it is in.
            old: its key in the copy.
            new_id: the ID that Neptun gave it now.

        Raises:
            CopyUnavailable: it is not on disk.
        """
        file = self._restored(run_id)
        with _explained(file.path, "written"):
            file.append(encode(_RestoredLine(old, new_id)))

    def restored(self, run_id: str) -> dict[Key, int]:
        """Which items of a copy were posted back, and the IDs they have now.

        A line that cannot be read is left out, and said in ``problems``.

        Raises:
            CopyUnavailable: the notes are there and cannot be read.
        """
        self.problems = ()
        file = self._restored(run_id)
        found: dict[Key, int] = {}
        with _explained(file.path, "read"):
            for number, text in file.lines():
                try:
                    line = decode(text, _RESTORED_LINE)
                except ValueError:
                    self.problems += (f"Line {number} of {file.path} is torn, and was skipped.",)
                else:
                    found[line.old] = line.new
        return found

    def _path(self, run_id: str) -> Path:
        if time_of(run_id) is None:
            raise CopyUnavailable("That is not the ID of a run; they are in the history.")
        return self._folder / f"{run_id}{_COPY}"

    def _restored(self, run_id: str) -> LinesFile:
        return LinesFile(self._path(run_id).with_suffix(_RESTORED))

    def _ids(self) -> dict[str, datetime]:
        """The runs that anything in the folder belongs to, and when they began."""
        try:
            names = [
                match["run"]
                for path in self._folder.iterdir()
                if (match := _NAME.fullmatch(path.name))
            ]
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.problems += (
                f"The local copies in {self._folder} cannot be listed: {reason(error)}.",
            )
            return {}
        return {name: began for name in sorted(names) if (began := time_of(name))}

    def _info(self, run_id: str) -> CopyInfo | None:
        path = self._path(run_id)
        try:
            with _explained(path, "read"), path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                header = _read_header(path, file.readline())
        except CopyUnavailable as error:
            if path.exists():
                self.problems += (str(error),)
            return None
        return CopyInfo(
            run_id,
            path,
            header.at,
            size,
            header.imports,
            header.files,
            header.project,
            header.account,
        )

    def _try_to_purge(self, run_id: str) -> bool:
        try:
            self.purge(run_id)
        except CopyUnavailable as error:
            self.problems += (str(error),)
            return False
        return True


def _doomed(plan: DeletionPlan, listing: Listing) -> tuple[tuple[Import, ...], tuple[File, ...]]:
    """All that goes with a plan, as listed.

    Raises:
        CopyUnavailable: something of the plan is not listed.
    """
    keys = {target.key for target in plan.targets}
    imports = tuple(item for item in listing.imports if Key(Kind.IMPORT, item.id) in keys)
    taken = {item.id for item in imports}
    files = tuple(
        file for file in listing.files if Key(Kind.FILE, file.id) in keys or file.import_id in taken
    )
    keys -= {Key(Kind.IMPORT, number) for number in taken}
    keys -= {Key(Kind.FILE, file.id) for file in files}
    if keys or listing.project.id != plan.project.id:
        raise CopyUnavailable(
            "The local copy would not be whole: the listing lacks something of the plan."
        )
    return imports, files


def _read_header(path: Path, line: bytes) -> _Header:
    try:
        header = decode(line, _HEADER)
    except ValueError:
        header = None
    if header is None or header.v != VERSION:
        raise CopyUnavailable(
            f"The local copy {path} cannot be read: it is damaged, or of another version."
        )
    return header


def _item(line: bytes) -> Import | File | None:
    try:
        return decode(line, _ITEM).item
    except ValueError:
        return None


@contextmanager
def _explained(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CopyUnavailable(
            f"The local copy {path} cannot be {what}: {reason(error)}."
        ) from error
