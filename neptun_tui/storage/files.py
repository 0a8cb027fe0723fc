"""Private files: owned, regular, bounded, replaced atomically, and synced to disk.

Whatever stands at a path of ours may have been put there by somebody else: a symbolic link to
another file or to a device, a pipe that nobody writes to, a file that ``sudo`` left to root. So
every file is opened here, without following a link and without waiting, and is used only when it is
a regular file of the user that this process runs as. Modes are changed through the descriptor.
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
"""How the name of a file ends that is still being written; it begins with a dot."""

SMALL: Final = 1024 * 1024
"""Bytes in a file that a person or a few dozen sessions fill, at the most."""

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
"""What file systems answer that have no such thing as a folder on disk."""


class NotUsable(OSError):
    """Something stands at a path of ours that is not used; ``strerror`` ends a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EINVAL, why)


def reason(error: OSError) -> str:
    """Say what an error of the file system means, as the end of a sentence without its stop."""
    return _WHY.get(error.errno or 0) or error.strerror or type(error).__name__


# Whose it is -------------------------------------------------------------------------------------


def _me() -> int | None:
    return os.geteuid() if os.name == "posix" else None


def name_of(uid: int) -> str:
    """The user's name, or the number where there is no name."""
    with suppress(ImportError, KeyError):
        import pwd

        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def owner_of_home() -> tuple[Path, str] | None:
    """The home folder and its owner's name, when that is not the user this process runs as."""
    home = os.environ.get("HOME", "")
    if (me := _me()) is None or not home:
        return None
    try:
        uid = os.stat(home).st_uid  # noqa: PTH116 - HOME is compared as it is
    except OSError:
        return None
    return None if uid == me else (Path(home), name_of(uid))


def _foreign(path: Path, uid: int) -> NotUsable:
    """The error for what another user owns; it names the way out."""
    me, owner = _me() or 0, name_of(uid)
    if me == 0:
        return NotUsable(f"it belongs to {owner}: run this as {owner}, without sudo")
    me_named = name_of(me).removeprefix("user ")
    return NotUsable(f"it belongs to {owner}: sudo chown -R {me_named} {shlex.quote(str(path))}")


def _explained(path: Path, error: OSError) -> OSError:
    """The error of a call, or, where another user owns a folder on the way, whose that is.

    Only what is below the home folder, or is this program's own by its name, is ever to be given
    away: nobody is told to ``chown`` a folder of the system.
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
    """Refuse what is no regular file, or another user's.

    Raises:
        NotUsable: it is not used.
    """
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "no regular file")
        raise NotUsable(f"it is {kind}")
    if (me := _me()) is not None and found.st_uid != me:
        raise _foreign(path, found.st_uid)


# Opening -----------------------------------------------------------------------------------------


def open_own(path: Path, flags: int, *, tighten: bool = True) -> int:
    """Open a file of ours without following a link and without waiting.

    Args:
        path: the file.
        flags: as ``os.open`` takes them; a file made by ``O_CREAT`` is private.
        tighten: take the file from everyone but its owner.

    Returns:
        A descriptor of a regular file of this user.

    Raises:
        NotUsable: something else stands there; it was not opened for more than a look.
        OSError: it cannot be opened.
    """
    try:
        stands_there = path.lstat()
    except OSError:
        stands_there = None  # opening it says more
    if stands_there:
        _check(path, stands_there)  # a device may do something when it is only opened
    try:
        descriptor = os.open(path, flags | _FLAGS, 0o600)
    except OSError as error:
        raise _explained(path, error) from None
    try:
        found = os.fstat(descriptor)
        _check(path, found)  # once more: what was looked at before may have been replaced
        if tighten and os.name == "posix" and found.st_mode & _OTHERS:
            # What is only read may be on a disk where nothing can be changed.
            with suppress(OSError) if flags & os.O_ACCMODE == os.O_RDONLY else nullcontext():
                os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_to_read(path: Path, most: int) -> BinaryIO:
    """Open a file of ours to be read.

    Args:
        path: the file.
        most: bytes it may have.

    Raises:
        NotUsable: it is larger, or is none of ours.
        OSError: it cannot be opened.
    """
    descriptor = open_own(path, os.O_RDONLY)
    if os.fstat(descriptor).st_size > most:
        os.close(descriptor)
        raise NotUsable(f"it is larger than {most // (1024 * 1024):,} MB")
    return open(descriptor, "rb")  # noqa: PTH123 - a descriptor


def read_own(path: Path, most: int = SMALL) -> bytes | None:
    """Read a file of ours whole, and take it from everyone else; None when it is not there.

    Raises:
        OSError: it cannot be read, or must not be.
    """
    try:
        with open_to_read(path, most) as file:
            return file.read(most)
    except FileNotFoundError:
        return None


def read_config(path: Path, most: int = SMALL) -> bytes:
    """Read a file that a person wrote, and that a link may name.

    Dotfile managers put a symbolic link in its place, some of them to a file of root's in a store,
    so a link is followed, and root may own what it leads to. Its mode is left alone.

    Raises:
        FileNotFoundError: it is not there.
        OSError: it cannot be read, or is no regular file of at most so many bytes.
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
            raise NotUsable("it is no regular file")
        if (me := _me()) not in (None, 0) and found.st_uid not in (me, 0):
            raise _foreign(real, found.st_uid)
        if found.st_size > most:
            raise NotUsable(f"it is larger than {most // (1024 * 1024):,} MB")
        return file.read(most)


def read_private(path: Path) -> str | None:
    """Read a file that :func:`write_private` wrote and that holds a secret.

    Returns:
        Its text, or None when there is no such file.

    Raises:
        PermissionError: others may read it, so that it is not private; or nobody may.
        OSError: it cannot be read, or must not be.
        ValueError: it is no UTF-8.
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
    """Make a folder with its parents, and take it from everyone but its owner.

    So are the folders above it that are this program's own, by its name.

    Raises:
        NotUsable: it is another user's, or no folder.
        OSError: it cannot be made.
    """
    try:
        _make(folder)
        if os.name == "posix":
            for each in (folder, *_own_folders_above(folder)):
                _tighten_folder(each)
    except PermissionError as error:
        raise _explained(folder, error) from None


def _make(folder: Path) -> None:
    """Make a folder and what is missing above it, all of it 0700, as XDG asks."""
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
    """A link to a folder is followed: people move these to a larger disk."""
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
    """Find out whether files can be made in a folder, by making one and removing it.

    Raises:
        OSError: they cannot.
    """
    make_private_folder(folder)
    descriptor, name = _partial(folder / "check")
    os.close(descriptor)
    Path(name).unlink()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk: a new file whose name is lost is lost.

    Raises:
        OSError: the disk would not.
    """
    if os.name != "posix":
        return  # elsewhere a folder cannot be opened
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_name(path: Path) -> None:
    """Have the name of a new file on disk, and, where it may be asked for, its folder's name.

    Raises:
        OSError: the disk would not.
    """
    sync_folder(path.parent)
    with suppress(OSError):  # one may be forbidden to open what is above one's own folder
        sync_folder(path.parent.parent)


# Writing -----------------------------------------------------------------------------------------


@contextmanager
def private_stream(path: Path) -> Iterator[BinaryIO]:
    """Write a file piece by piece, 0600 in a 0700 folder: afterwards it is whole, or not there.

    Args:
        path: what it will be called once all of it is on disk; an older one is replaced, and a
            link in its place too, not what that leads to.

    Yields:
        Where to write.

    Raises:
        OSError: it could not be written. Nothing is left of it; an older one stands, or, when it
            had been replaced by then, the new one in its place.
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
    """Make a file to be written first; mkstemp makes it 0600, so that nobody else ever reads it."""
    try:
        return tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=PARTIAL)
    except PermissionError as error:
        raise _explained(path.parent, error) from None


def write_private(path: Path, text: str) -> None:
    """Replace a file with this text: a reader sees the old file or the new one, never half of one.

    Args:
        path: the file; its folder is made private too.
        text: written as UTF-8, and on disk (fsync) before the old file goes.

    Raises:
        OSError: it could not be written; the old file stands.
    """
    with private_stream(path) as file:
        file.write(text.encode("utf-8"))


def partials_of(path: Path) -> list[Path]:
    """What crashes left of writing a file."""
    with suppress(OSError):
        return [each for each in path.parent.iterdir() if _is_partial(each.name, path)]
    return []


def _is_partial(name: str, path: Path) -> bool:
    return name.startswith(f".{path.stem}.") and name.endswith(PARTIAL)
