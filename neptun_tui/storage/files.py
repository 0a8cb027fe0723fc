"""Private files: owned, regular, bounded, replaced atomically, and synced to disk.

Another user or program may have put anything at a path of this program: a symbolic link to another
file or a device, a pipe without a writer, a file of root left by ``sudo``. So every file is opened
here, without following a link and without blocking, and is used only if it is a regular file of the
user that this process runs as. Modes are changed through the descriptor.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, Final

from neptun_tui.storage.paths import NAME

PARTIAL: Final = ".part"
"""Suffix of a file that is still being written; its name begins with a dot."""

SMALL: Final = 1024 * 1024
"""Maximum size in bytes of a file that a person writes, or that lists a few dozen sessions."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_FLAGS: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_WHY: Final = {
    errno.ENOENT: "it is not there",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "that is not permitted",
    errno.EPERM: "that is not permitted",
    errno.EAGAIN: "another window of this program is using it",
    errno.EMFILE: "this process may open no more files (ulimit -n)",
    errno.ENFILE: "this machine can open no more files",
}
_KINDS: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_NO_FOLDER_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)
"""Error numbers of file systems that cannot sync a folder."""


class NotUsable(OSError):
    """A path holds something that must not be used; ``strerror`` ends a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EINVAL, why)


def reason(error: OSError) -> str:
    """Return the meaning of a file system error, as the end of a sentence without a full stop."""
    return _WHY.get(error.errno or 0) or error.strerror or type(error).__name__


# Ownership ---------------------------------------------------------------------------------------


def _me() -> int | None:
    return os.geteuid() if os.name == "posix" else None


def name_of(uid: int) -> str:
    """Return the user's name, or the number of a user without a name."""
    with suppress(ImportError, KeyError):
        import pwd

        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def owner_of_home() -> tuple[Path, str] | None:
    """Return the home folder and its owner's name, if this process runs as another user."""
    home = os.environ.get("HOME", "")
    if (me := _me()) is None or not home:
        return None
    try:
        uid = os.stat(home).st_uid  # noqa: PTH116 - HOME is compared as it is
    except OSError:
        return None
    return None if uid == me else (Path(home), name_of(uid))


def _foreign(path: Path, uid: int) -> NotUsable:
    """Return the error for a path of another user; it names the remedy."""
    me, owner = _me() or 0, name_of(uid)
    if me == 0:
        return NotUsable(f"it belongs to {owner}: run this as {owner}, without sudo")
    me_named = name_of(me).removeprefix("user ")
    return NotUsable(f"it belongs to {owner}: sudo chown -R {me_named} {shlex.quote(str(path))}")


def _explained(path: Path, error: OSError) -> OSError:
    """Return the error of a call, or name the other owner of a folder on the path.

    The remedy ``chown`` is suggested only for paths below the home folder and for folders with
    this program's name, never for a folder of the system.
    """
    me = _me()
    if me in (None, 0) or error.errno not in (errno.EACCES, errno.EPERM):
        return error
    home = Path(os.environ.get("HOME") or "/")
    for place in (path, *path.parents):
        ours = NAME in place.parts or (home in place.parents and home != Path("/"))
        if not ours:
            break
        with suppress(OSError):
            owner = place.lstat().st_uid
            return _foreign(place, owner) if owner != me else error
    return error


def _check(path: Path, found: os.stat_result) -> None:
    """Refuse anything but a regular file of this user.

    Raises:
        NotUsable: it must not be used.
    """
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no regular file")
        raise NotUsable(f"it is {kind}")
    if (me := _me()) is not None and found.st_uid != me:
        raise _foreign(path, found.st_uid)


# Opening -----------------------------------------------------------------------------------------


def open_own(path: Path, flags: int, *, tighten: bool = True) -> int:
    """Open a file of this program without following a link and without blocking.

    Args:
        path: the file.
        flags: flags of ``os.open``; a file created by ``O_CREAT`` is private.
        tighten: remove the permissions of everyone but the owner.

    Returns:
        A descriptor of a regular file of this user.

    Raises:
        NotUsable: the path holds something else.
        OSError: it cannot be opened.
    """
    try:
        existing = path.lstat()
    except OSError:
        existing = None  # os.open gives the more precise error
    if existing:
        _check(path, existing)  # opening a device may already have an effect
    try:
        descriptor = os.open(path, flags | _FLAGS, 0o600)
    except OSError as error:
        raise _explained(path, error) from None
    try:
        found = os.fstat(descriptor)
        _check(path, found)  # again: the path may have been replaced since lstat
        if tighten and os.name == "posix" and found.st_mode & _OTHERS:
            # A file that is only read may be on a read-only disk.
            with suppress(OSError) if flags & os.O_ACCMODE == os.O_RDONLY else nullcontext():
                os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_to_read(path: Path, most: int) -> BinaryIO:
    """Open a file of this program for reading.

    Args:
        path: the file.
        most: maximum size in bytes.

    Raises:
        NotUsable: it is larger, or is not a regular file of this user.
        OSError: it cannot be opened.
    """
    descriptor = open_own(path, os.O_RDONLY)
    if os.fstat(descriptor).st_size > most:
        os.close(descriptor)
        raise NotUsable(f"it is larger than {most // (1024 * 1024):,} MB")
    return open(descriptor, "rb")  # noqa: PTH123 - a descriptor


def read_own(path: Path, most: int = SMALL) -> bytes | None:
    """Read a file of this program and make it private; None when it does not exist.

    Raises:
        OSError: it cannot or must not be read.
    """
    try:
        with open_to_read(path, most) as file:
            return file.read(most)
    except FileNotFoundError:
        return None


def read_config(path: Path, most: int = SMALL) -> bytes:
    """Read a file that a person wrote; a symbolic link is followed.

    Dotfile managers put a symbolic link in its place, some of them to a store that root owns, so
    root may own the target. The mode is not changed.

    Raises:
        FileNotFoundError: it does not exist.
        OSError: it cannot be read, is not a regular file, or is too large.
    """
    real = Path(os.path.realpath(path))
    with suppress(FileNotFoundError, NotADirectoryError):
        if not stat.S_ISREG((found := real.lstat()).st_mode):
            kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no regular file")
            raise NotUsable(f"it is {kind}")
    descriptor = os.open(real, os.O_RDONLY | _FLAGS)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotUsable("it is not a regular file")
        if (me := _me()) not in (None, 0) and found.st_uid not in (me, 0):
            raise _foreign(real, found.st_uid)
        if found.st_size > most:
            raise NotUsable(f"it is larger than {most // (1024 * 1024):,} MB")
        return file.read(most)


def read_private(path: Path) -> str | None:
    """Read a file with a secret that :func:`write_private` wrote.

    Returns:
        Its text, or None when it does not exist.

    Raises:
        PermissionError: other users can read it, or this user cannot.
        OSError: it cannot or must not be read.
        ValueError: it is not UTF-8.
    """
    try:
        descriptor = open_own(path, os.O_RDONLY, tighten=False)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        found = os.fstat(descriptor)
        if os.name == "posix" and found.st_mode & _OTHERS:
            raise PermissionError
        if found.st_size > SMALL:
            raise NotUsable("it is too large for a session")
        return file.read(SMALL).decode("utf-8")


# Folders -----------------------------------------------------------------------------------------


def make_private_folder(folder: Path) -> None:
    """Create a folder and its parents, and remove the permissions of everyone but the owner.

    The parent folders that belong to this program, by name, are made private too.

    Raises:
        NotUsable: it belongs to another user.
        OSError: it cannot be created, or is not a folder.
    """
    try:
        _make(folder)
        if os.name == "posix":
            for each in (folder, *_own_folders_above(folder)):
                _tighten_folder(each)
    except PermissionError as error:
        raise _explained(folder, error) from None


def _make(folder: Path) -> None:
    """Create a folder and its missing parents, all with mode 0700 as XDG requires."""
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        if not folder.is_dir():
            raise


def _own_folders_above(folder: Path) -> list[Path]:
    above = list(folder.parents)
    names = [each.name for each in above]
    return above[: names.index(NAME) + 1] if NAME in names and folder.name != NAME else []


def _tighten_folder(folder: Path) -> None:
    """Make a folder private. A link is followed: people move these folders to a larger disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != _me():
            raise _foreign(folder, found.st_uid)
        if found.st_mode & _OTHERS:
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def check_writable(folder: Path) -> None:
    """Check that files can be created in a folder, by creating one and removing it.

    Raises:
        OSError: no file can be created.
    """
    make_private_folder(folder)
    descriptor, name = _partial(folder / "check")
    os.close(descriptor)
    Path(name).unlink()


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk: a new file without its entry is lost after a crash.

    Raises:
        OSError: the sync failed.
    """
    if os.name != "posix":
        return  # Windows cannot open a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_name(path: Path) -> None:
    """Sync the entry of a new file to disk, and that of its folder where permitted.

    Raises:
        OSError: the sync failed.
    """
    sync_folder(path.parent)
    with suppress(OSError):  # opening the parent of the own folder may be forbidden
        sync_folder(path.parent.parent)


# Writing -----------------------------------------------------------------------------------------


@contextmanager
def private_stream(path: Path) -> Iterator[BinaryIO]:
    """Write a file in parts, 0600 in a 0700 folder: afterwards it is complete, or absent.

    Args:
        path: its name once it is complete and on disk. An older file is replaced; so is a link
            itself, not its target.

    Yields:
        The stream to write to.

    Raises:
        OSError: it could not be written. No partial file is left; the older file remains, or the
            new one if it had replaced the older one already.
    """
    make_private_folder(path.parent)
    descriptor, name = _partial(path)
    written = Path(name)
    had_one = os.path.lexists(path)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            yield file
            file.flush()
            os.fsync(file.fileno())
        written = written.replace(path)
        sync_name(path)
    except BaseException:
        if written != path or not had_one:
            with suppress(OSError):
                written.unlink()
        raise


def _partial(path: Path) -> tuple[int, str]:
    """Create the partial file; mkstemp creates it 0600, so no other user can ever read it."""
    try:
        return tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=PARTIAL)
    except PermissionError as error:
        raise _explained(path.parent, error) from None


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically: a reader sees the old text or the new text, never a mixture.

    Args:
        path: the file; its folder is made private too.
        text: written as UTF-8, and on disk (fsync) before the old file is replaced.

    Raises:
        OSError: it could not be written; the old file remains.
    """
    with private_stream(path) as file:
        file.write(text.encode("utf-8"))


def partials_of(path: Path) -> list[Path]:
    """Return the partial files that crashes left while a file was written."""
    with suppress(OSError):
        return [each for each in path.parent.iterdir() if _is_partial(each.name, path)]
    return []


def _is_partial(name: str, path: Path) -> bool:
    return name.startswith(f".{path.stem}.") and name.endswith(PARTIAL)
