"""New or empty private folder, in which each file is written once, mode 0600."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Final, Self

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InputError, StorageError
from neptun_tui.storage.files import name_of, reason

_AT: Final = os.name == "posix"
"""True if names can be resolved from an open folder, even if its path is replaced meanwhile."""

_LOOK: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class NewFolder:
    """Context manager of a new or empty folder, to write files into.

    All its entries are created here and readable by this user only, so nothing is overwritten and
    no symbolic link is followed. The parent folder must exist.

    Args:
        path: the folder.

    Raises:
        InputError: it is not a folder, is a symbolic link, belongs to another user, or is not
            empty.
        StorageError: it cannot be created or listed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: set[PurePosixPath] = {PurePosixPath()}
        self._shown = safe_text.clean(str(path), 200)
        self._descriptor: int | None = None
        try:
            self._take()
        except InputError:  # a subclass of ValueError
            self.__exit__()
            raise
        except (OSError, ValueError) as error:
            self.__exit__()
            why = reason(error) if isinstance(error, OSError) else "not a path"
            if isinstance(error, (FileNotFoundError, NotADirectoryError, ValueError)):
                raise InputError(f"The folder {self._shown} cannot be made: {why}.") from None
            raise StorageError(f"The folder {self._shown} cannot be used: {why}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _trace: TracebackType | None = None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self) -> None:
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            kind = stat.S_IFMT(self.path.lstat().st_mode)
            if kind != stat.S_IFDIR:
                what = "a symbolic link" if kind == stat.S_IFLNK else "no folder"
                raise InputError(f"{self._shown} is {what}. Name a new folder.") from None
        if _AT:
            self._descriptor = os.open(self.path, _LOOK | _BINARY)
            if (owner := os.fstat(self._descriptor).st_uid) != os.geteuid():
                raise InputError(f"{self._shown} belongs to {name_of(owner)}. Name a new folder.")
        with os.scandir(self.path if self._descriptor is None else self._descriptor) as found:
            is_empty = next(found, None) is None
        if not is_empty:
            raise InputError(f"{self._shown} is not empty. Name a new folder.")
        if self._descriptor is not None:
            os.fchmod(self._descriptor, 0o700)

    def write(self, name: PurePosixPath, content: bytes) -> None:
        """Write a file and create its parent folders.

        Args:
            name: new relative path without ``..``.
            content: its complete content.

        Raises:
            OSError: it cannot be written, or exists already.
        """
        if name.is_absolute() or ".." in name.parts:
            raise ValueError(f"{name} leads out of the folder")
        for above in reversed(name.parents):
            if above not in self._made:
                os.mkdir(self._place(above), 0o700, **self._at)  # noqa: PTH102 - from a descriptor
                self._made.add(above)
        descriptor = os.open(self._place(name), _WRITE | _BINARY, 0o600, **self._at)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)

    def _place(self, name: PurePosixPath) -> str:
        return str(name if self._descriptor is not None else self.path / name)

    @property
    def _at(self) -> dict[str, Any]:
        return {} if self._descriptor is None else {"dir_fd": self._descriptor}
