"""Format of a backup: a header line, then one line for each item."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.storage.files import open_to_read, reason
from neptun_tui.storage.jsonl import decode, encode

VERSION: Final = 1

_MOST: Final = 1 << 34
"""Maximum size in bytes of a backup that is read."""

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_LONGEST_HEADER: Final = 64 * 1024 * 1024
"""Maximum size in bytes of a header line: far above Neptun's limit for a description."""


class BackupUnavailable(StorageError):
    """A backup could not be written, read or removed; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Items that one run was about to delete, as they were listed.

    Attributes:
        at: time at which the backup was made, in UTC.
        damaged: number of its items that can no longer be read.
        parents: imports outside the plan that contain files of the backup; a restore may need them.
        others: other projects that some of its files belong to.
    """

    run_id: str
    at: datetime
    account: Account
    project: Project
    imports: tuple[Import, ...]
    files: tuple[File, ...]
    damaged: int = 0
    parents: tuple[Import, ...] = ()
    others: tuple[Project, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """Summary of a backup, known without reading all of it.

    Attributes:
        path: its file.
        at: time at which it was made, in UTC.
        size: bytes on disk.
        imports: number of imports in it.
        files: number of files in it.
        restored: number of its items that were restored.
    """

    run_id: str
    path: Path
    at: datetime
    size: int
    imports: int
    files: int
    project: Project
    account: Account
    restored: int = 0


def boot_id() -> str:
    """Return the ID of this start of the machine; empty where the system has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def uptime() -> timedelta:
    """Return the time since the start of the machine, including suspended time.

    Called only where :func:`boot_id` is not empty, which is on Linux.
    """
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


class Header(msgspec.Struct):
    """Header line of a backup.

    Attributes:
        v: version of the format.
        boot: :func:`boot_id` at the time it was made.
        others: other projects that some of the files belong to.
    """

    v: int
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    imports: int
    files: int
    account: Account
    project: Project
    boot: str = ""
    others: tuple[Project, ...] = ()

    @property
    def place(self) -> tuple[str, int, int]:
        """Host, user ID and project ID of the run."""
        return self.account.host, self.account.user_id, self.project.id

    @property
    def places(self) -> frozenset[tuple[str, int, int]]:
        """Host, user ID and project ID of every project with an item in the backup."""
        where = (self.account.host, self.account.user_id)
        return frozenset({self.place, *((*where, project.id) for project in self.others)})


class _ImportLine(msgspec.Struct, tag="import", tag_field="kind"):
    item: Import


class _FileLine(msgspec.Struct, tag="file", tag_field="kind"):
    item: File


class ParentLine(msgspec.Struct, tag="parent", tag_field="kind"):
    """Line of an import that was not deleted and contains files of the backup."""

    item: Import


ItemLine = _ImportLine | _FileLine | ParentLine

_HEADER = msgspec.json.Decoder(Header)
_ITEM: msgspec.json.Decoder[ItemLine] = msgspec.json.Decoder(ItemLine)


def select_items(
    plan: DeletionPlan, listing: Listing
) -> tuple[tuple[Import, ...], tuple[File, ...], tuple[Import, ...]]:
    """Return the imports and files that a plan deletes, and the other imports that contain them.

    Every file of an import in the plan is included, in other projects too and even if the plan
    does not name it: the server's cascade deletes it.

    Raises:
        BackupUnavailable: an item of the plan is not listed, so the backup would be incomplete.
    """
    keys = {target.key for target in plan.targets}
    imports = tuple(item for item in listing.imports if ResourceRef(Kind.IMPORT, item.id) in keys)
    taken = {item.id for item in imports}
    strangers = listing.elsewhere.files if listing.elsewhere else ()
    files = tuple(
        file
        for file in (*listing.files, *strangers)
        if ResourceRef(Kind.FILE, file.id) in keys or file.import_id in taken
    )
    found = {ResourceRef(Kind.IMPORT, number) for number in taken}
    found.update(ResourceRef(Kind.FILE, file.id) for file in files)
    if keys - found or listing.project.id != plan.project.id:
        raise BackupUnavailable(
            "The backup would not be whole: the listing lacks something of the plan."
        )
    above = {file.import_id for file in files} - taken
    return imports, files, tuple(item for item in listing.imports if item.id in above)


def item_lines(
    imports: tuple[Import, ...], files: tuple[File, ...], parents: tuple[Import, ...]
) -> Iterator[bytes]:
    """Yield the line of each item, one at a time, so that a large backup is never in memory twice.

    Raises:
        BackupUnavailable: the metadata of an item is nested too deeply.
    """
    try:
        yield from (encode(ParentLine(item)) for item in parents)
        yield from (encode(_ImportLine(item)) for item in imports)
        yield from (encode(_FileLine(item)) for item in files)
    except RecursionError:
        raise BackupUnavailable(
            "The backup cannot be written: the metadata of an item is nested too deeply."
        ) from None


def open_backup(path: Path) -> BinaryIO:
    """Open a backup for reading.

    Raises:
        OSError: it does not exist, is not a regular file of this user, or cannot be read.
    """
    return open_to_read(path, _MOST)


def read_header(path: Path, lines: BinaryIO) -> Header:
    """Read the header line of a backup.

    Raises:
        BackupUnavailable: it is damaged, or has another format version.
        OSError: it cannot be read.
    """
    try:
        header = decode(lines.readline(_LONGEST_HEADER), _HEADER)
    except ValueError:
        header = None
    if header is None or header.v != VERSION:
        raise BackupUnavailable(
            f"The backup {path} cannot be read: it is damaged, or of another version."
        )
    return header


def read_items(lines: BinaryIO) -> Iterator[ItemLine]:
    """Yield the items after the header line, without the damaged ones.

    Raises:
        OSError: the file cannot be read.
    """
    for line in lines:
        try:
            yield decode(line, _ITEM)
        except ValueError:
            continue


@contextmanager
def wrap_os_errors(path: Path, what: str) -> Iterator[None]:
    """Convert errors of the file system to :class:`BackupUnavailable`.

    Args:
        path: the file.
        what: the operation that failed, as a participle: "written".

    Raises:
        BackupUnavailable: in place of every ``OSError``.
    """
    try:
        yield
    except OSError as error:
        why = reason(error)
        raise BackupUnavailable(f"The backup {path} cannot be {what}: {why}.") from error
