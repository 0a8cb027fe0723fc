"""Export of a backup: its contents as files, and a manifest that maps files to items."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import msgspec

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.resources import File
from neptun_tui.services.json_models import (
    Damaged,
    FileBase,
    Id,
    ImportBase,
    InProject,
    Moment,
    ProjectName,
    RunId,
    about,
    build,
    owned,
)
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


class ExportedImport(ImportBase):
    """One import that exported files belong to; its texts are as Neptun has them."""

    project_id: Annotated[Id, about("The ID of its own project")]


class ExportedFile(FileBase):
    """One exported file; its texts are as Neptun has them."""

    project_id: Annotated[Id, about("The ID of its own project")]
    path: Annotated[str, about("Where its content is, below DIR")]


class Manifest(InProject):
    """Contents of an export, the same as in DIR/manifest.json."""

    project_name: ProjectName
    run: RunId
    at: Annotated[Moment, about("When the backup was made: ISO 8601, UTC")]
    damaged: Damaged
    imports: Annotated[list[ExportedImport], about("The imports that the files belong to")]
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
    return build(
        Manifest,
        backup,
        **owned(backup.account),
        project=backup.project.id,
        project_name=backup.project.name,
        run=backup.run_id,
        imports=[build(ExportedImport, item) for item in imports.values()],
        files=[
            build(ExportedFile, file, path=str(path))
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
