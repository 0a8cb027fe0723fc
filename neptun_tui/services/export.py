"""Export of a backup: its contents as files, and a manifest that maps files to items."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.resources import MAX_ID, File
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.backup_format import Backup
from neptun_tui.storage.files import reason
from neptun_tui.storage.new_folder import NewFolder

MANIFEST: Final = "manifest.json"

_MOST_BYTES: Final = 150
"""Maximum size in bytes of a name in UTF-8: file systems allow 255, some of decomposed names."""

_MOST_IN_PATH: Final = 800
"""Maximum size in bytes of a path below the folder; a longer one is reduced to its last name."""

_FORBIDDEN: Final = frozenset('<>:"|?*')
_NO_CHARACTERS: Final = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in "0123456789"}
)
"""Device names of Windows, with any extension; ``com¹`` is one too, and folds to ``com1``."""


_Original = Annotated[str, Meta(description="As Neptun has it")]
_OriginalOrNull = Annotated[str | None, Meta(description="As Neptun has it")]
_Moment = Annotated[str | None, Meta(description="ISO 8601, UTC")]
_ProjectId = Annotated[int, Meta(description="The ID of its own project")]
_ImportId = Annotated[int, Meta(description="The import's ID")]


class ExportedImport(Struct, forbid_unknown_fields=True):
    """One import that exported files belong to."""

    id: _ImportId
    project_id: _ProjectId
    source_type: _Original
    source_path: _Original
    source_ref: _OriginalOrNull
    title: _OriginalOrNull
    description: _OriginalOrNull


class ExportedFile(Struct, forbid_unknown_fields=True):
    """One exported file."""

    id: Annotated[int, Meta(description="The file's ID")]
    project_id: _ProjectId
    path: Annotated[str, Meta(description="Where its content is, below DIR")]
    title: _Original
    original_path: _Original
    import_id: _ImportId | None
    file_type: _OriginalOrNull
    created_at: _Moment
    updated_at: _Moment


class Manifest(Struct, forbid_unknown_fields=True):
    """Contents of an export, the same as in DIR/manifest.json."""

    version: Annotated[
        Literal[1],
        Meta(description="Goes up when a document changes so that a script could break; new names "
                         "alone do not count"),
    ]  # fmt: skip
    run: Annotated[str, Meta(description="The run's ID, as history and restore know it")]
    at: Annotated[
        str,
        Meta(description="When the backup was made: ISO 8601, UTC",
             extra_json_schema={"format": "date-time"}),
    ]  # fmt: skip
    host: Annotated[str, Meta(description="The server's origin")]
    account: Annotated[str, Meta(description="The e-mail address of the account")]
    project: Annotated[int, Meta(ge=1, le=MAX_ID, description="The project's ID")]
    project_name: Annotated[str, Meta(description="The project's name")]
    damaged: Annotated[int, Meta(ge=0, description="Items of the backup that cannot be read")]
    imports: Annotated[
        list[ExportedImport], Meta(description="The imports that the files stand under")
    ]
    files: list[ExportedFile]


@dataclass(frozen=True, slots=True)
class Exported:
    """Result of a finished export.

    Attributes:
        manifest: content of ``manifest.json``.
    """

    folder: Path
    files: int
    damaged: int
    manifest: Manifest


def exported(done: Exported) -> str:
    """Return sentences with the folder of an export, and the number of missing items."""
    said = (
        f"Wrote {safe_text.count(done.files, 'file')} to {safe_text.clean(str(done.folder), 200)}."
    )
    if done.damaged:
        said += f" {safe_text.count(done.damaged, 'item')} of the backup cannot be read."
    return said


async def export(records: RunStore, run_id: str, folder: Path) -> Exported:
    """Write the contents of a backup to files, without a request and without removing the backup.

    Args:
        records: the backups.
        run_id: the run.
        folder: a new or empty folder.

    Raises:
        InputError: the folder cannot be used; nothing was written.
        StorageError: the backup cannot be read, or a file cannot be written.
    """
    backup = await records.load_backup(run_id)
    return await asyncio.to_thread(_write, backup, folder)


def _write(backup: Backup, folder: Path) -> Exported:
    paths = export_paths(backup.files)
    manifest = _manifest(backup, paths)
    written = 0
    with NewFolder(folder) as target:
        try:
            for file, path in zip(backup.files, paths, strict=True):
                target.write(path, file.content.encode("utf-8", "surrogatepass"))
                written += 1
            target.write(PurePosixPath(MANIFEST), _encode(manifest))
        except OSError as error:
            said = f"The export stopped after {written:,} of {len(paths):,} files"
            raise StorageError(f"{said}: {reason(error)}.") from error
    return Exported(folder, written, backup.damaged, manifest)


def _encode(manifest: Manifest) -> bytes:
    """Return it as ASCII: a name of a file system need not be Unicode."""
    return json.dumps(msgspec.to_builtins(manifest), indent=2).encode()


def _manifest(backup: Backup, paths: Iterable[PurePosixPath]) -> Manifest:
    imports = {item.id: item for item in (*backup.parents, *backup.imports)}
    return Manifest(
        version=1,
        run=backup.run_id,
        at=safe_text.timestamp(backup.at),
        host=backup.account.host,
        account=backup.account.email,
        project=backup.project.id,
        project_name=backup.project.name,
        damaged=backup.damaged,
        imports=[
            ExportedImport(
                id=item.id,
                project_id=item.project_id,
                source_type=item.source_type,
                source_path=item.source_path,
                source_ref=item.source_ref,
                title=item.title,
                description=item.description,
            )
            for item in imports.values()
        ],
        files=[
            ExportedFile(
                id=file.id,
                project_id=file.project_id,
                path=str(path),
                title=file.title,
                original_path=file.original_path,
                import_id=file.import_id,
                file_type=file.file_type,
                created_at=safe_text.timestamp(file.created_at),
                updated_at=safe_text.timestamp(file.updated_at),
            )
            for file, path in zip(backup.files, paths, strict=True)
        ],
    )


# Paths -------------------------------------------------------------------------------------------


def export_paths(files: Iterable[File]) -> list[PurePosixPath]:
    """Map files to relative paths that are unique and safe on every system.

    A path is ``import-ID`` and the file's own path in it. Characters that file systems reject, and
    ``..``, become ``_``. Names that differ only in case, and a file and a folder of one name, get
    a number: ``a.txt``, ``a-2.txt``.

    Returns:
        A path for each file, in their order.
    """
    root = _Folder()
    return [_path(root, file) for file in files]


class _Folder:
    """Names in one folder, compared as the least strict file system does."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, _Folder | None]] = {}
        self._next: dict[str, int] = {}

    def folder(self, name: str) -> tuple[str, _Folder]:
        """Return a subfolder in its first spelling, created if it is new."""
        for each in self._numbered(name, "", remember=False):
            spelling, found = self._names.setdefault(_folded(each), (each, _Folder()))
            if found is not None:
                return spelling, found
        raise AssertionError("numbers do not end")

    def file(self, name: str) -> str:
        """Return a unique name for a file."""
        stem, dot, ending = name.rpartition(".")
        if not stem or len(ending.encode()) > 20:
            stem, dot, ending = name, "", ""
        for each in self._numbered(stem, f"{dot}{ending}", remember=True):
            if _folded(each) not in self._names:
                self._names[_folded(each)] = (each, None)
                return each
        raise AssertionError("numbers do not end")

    def _numbered(self, stem: str, ending: str, *, remember: bool) -> Iterator[str]:
        """Yield a name, then numbered names; remembering the number keeps many names linear."""
        yield f"{stem}{ending}"
        key = _folded(f"{stem}{ending}")
        number = self._next.get(key, 2) if remember else 2
        while True:
            if remember:
                self._next[key] = number + 1
            yield f"{stem}-{number}{ending}"
            number += 1


def _path(root: _Folder, file: File) -> PurePosixPath:
    wanted = file.original_path or file.title
    names = [name for name in wanted.replace("\\", "/").split("/") if name not in ("", ".")]
    *above, last = [_cleaned(name) for name in names] or [f"file-{file.id}"]
    if sum(len(name.encode()) + 1 for name in above) > _MOST_IN_PATH:
        above = []
    folder, parts = root, []
    top = f"import-{file.import_id}" if file.import_id is not None else "no-import"
    for name in (top, *above):
        spelling, folder = folder.folder(name)
        parts.append(spelling)
    return PurePosixPath(*parts, folder.file(last))


def _cleaned(name: str) -> str:
    """Return one name of a path, valid on every file system."""
    kept = (
        "_" if c in _FORBIDDEN or unicodedata.category(c) in _NO_CHARACTERS else c
        for c in unicodedata.normalize("NFC", name)
    )
    shown = _shortened("".join(kept).strip().rstrip(". "))
    if _folded(shown.partition(".")[0].rstrip()) in _RESERVED:
        shown = f"_{shown}"
    return shown or "_"


def _shortened(name: str) -> str:
    """Shorten a name that is too long, but keep its extension."""
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    cut = stem.encode()[: _MOST_BYTES - len(f"{dot}{ending}".encode())].decode(errors="ignore")
    return f"{cut}{dot}{ending}".rstrip(". ")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
