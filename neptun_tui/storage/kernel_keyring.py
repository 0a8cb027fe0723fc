"""Session backend in the Linux kernel keyring of the user.

A key is kept in kernel memory, never on disk or in swap; it survives logging out, and is lost at a
restart or when it expires. Other users, root included, cannot read it; any process of the same user
can. Measured with 4 KB: 0.1 ms to add, 0.06 ms to read. Quota: 20,000 bytes and 200 keys for each
user.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Final

from neptun_tui.storage.session_backends import BackendKind, BackendUnavailable, SessionKey

TIME_LIMIT_DAYS: Final = 30
"""Days without use after which the kernel drops a key."""

_NUMBERS: Final = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "loongarch64": (217, 219),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
}
"""Numbers of the system calls add_key and keyctl, by processor; libc has no functions for them."""

_PROCESS_RING: Final = -2
_USER_RING: Final = -4
_SETPERM, _DESCRIBE, _LINK, _SEARCH, _READ, _SET_TIMEOUT, _INVALIDATE = 5, 6, 8, 10, 11, 15, 21
_OWN_ONLY: Final = 0x3F010000
"""Permissions of a key: all for its possessor, view for the user, none for others."""
_MISSING: Final = (
    (errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED) if sys.platform == "linux" else ()
)
_MOST_KEYS: Final = 4_096
"""Maximum number of keys read from a keyring; a user may have 200."""

_LONGEST_NAME: Final = 4_096 + 256
"""Maximum size in bytes of a key's description: its name and the fields before it."""

_LARGEST: Final = 32_767
"""Maximum size in bytes of a key of type "user"."""

SystemCall = Callable[..., int]


class KernelKeyring:
    """Backend with one key of type "user" for each session in the keyring ``@u``, with expiry.

    Args:
        call: ``syscall(2)``, raising OSError; tests pass a kernel that refuses.
        machine: the processor's name, as ``os.uname`` gives it.
    """

    kind = BackendKind.KERNEL
    lasts = f"until this machine restarts, or {TIME_LIMIT_DAYS} days without use"

    def __init__(self, call: SystemCall | None = None, machine: str | None = None) -> None:
        self._call = call or _system_call
        self._machine = machine or os.uname().machine

    def probe(self) -> None:
        """Check that the user's keyring is available."""
        self._join()

    def store(self, session_key: SessionKey, value: str) -> None:
        """Add or update the key; an update clears the expiry, so it is set each time."""
        self._join()
        payload = value.encode("ascii")
        key = self._add(
            b"user", _name(session_key), payload, ctypes.c_size_t(len(payload)), _USER_RING
        )
        try:
            self._keyctl(_SETPERM, key, _OWN_ONLY)
            self._renew(key)
        except OSError:
            self._keyctl(_INVALIDATE, key)
            raise

    def load(self, session_key: SessionKey) -> str | None:
        """Read the key, and renew its expiry."""
        key = self._search(session_key)
        if key is None:
            return None
        buffer = ctypes.create_string_buffer(_LARGEST)
        size = self._keyctl(_READ, key, buffer, ctypes.c_size_t(_LARGEST))
        self._renew(key)
        return buffer.raw[:size].decode("ascii")

    def delete(self, session_key: SessionKey) -> bool:
        """Invalidate the key, at once and for every process."""
        key = self._search(session_key)
        if key is None:
            return False
        self._keyctl(_INVALIDATE, key)
        return True

    def session_keys(self) -> list[SessionKey]:
        """Return the session keys of all kernel keys of this program in the user's keyring."""
        self._join()
        buffer = (ctypes.c_int32 * _MOST_KEYS)()
        size = self._keyctl(_READ, _USER_RING, buffer, ctypes.c_size_t(ctypes.sizeof(buffer)))
        keys = buffer[: min(size // ctypes.sizeof(ctypes.c_int32), _MOST_KEYS)]
        return [session_key for key in keys if (session_key := self._session_key_of(key))]

    def _session_key_of(self, key: int) -> SessionKey | None:
        """Return the session key of a kernel key; None if it is another program's or deleted."""
        buffer = ctypes.create_string_buffer(_LONGEST_NAME)
        try:
            size = self._keyctl(_DESCRIBE, key, buffer, ctypes.c_size_t(_LONGEST_NAME))
        except OSError as error:
            if error.errno in (*_MISSING, errno.EACCES):
                return None
            raise
        # "user;uid;gid;permissions;name", terminated by a zero byte
        kind, *_, name = buffer.raw[: size - 1].decode(errors="replace").split(";", 4)
        service, _, user = name.rpartition(":")
        return SessionKey.named(service, user) if kind == "user" else None

    def explain(self, error: Exception) -> BackendUnavailable:
        """Convert an error number of the kernel to a reason."""
        match getattr(error, "errno", None):
            case errno.EPERM | errno.EACCES:
                return BackendUnavailable(
                    "The kernel keyring is not permitted here, as in most containers.",
                    "Let the container use add_key and keyctl, or start outside of it.",
                    absent=True,
                )
            case errno.ENOSYS:
                return BackendUnavailable("This kernel has no keyring.", absent=True)
            case errno.EDQUOT:
                return BackendUnavailable(
                    "The kernel keyring is full.", "The file /proc/keys shows what fills it."
                )
        return BackendUnavailable(f"The kernel keyring failed ({_number(error)}).")

    def _search(self, session_key: SessionKey) -> int | None:
        self._join()
        try:
            return self._keyctl(_SEARCH, _USER_RING, b"user", _name(session_key), 0)
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise

    def _join(self) -> None:
        """Link the user's keyring into the process keyring, to possess it.

        Without this, a tmux that outlived its login gets EACCES. The process keyring belongs to
        the thread that created it, so this is done before every use; it takes microseconds.
        """
        self._keyctl(_LINK, _USER_RING, _PROCESS_RING)

    def _renew(self, key: int) -> None:
        self._keyctl(_SET_TIMEOUT, key, TIME_LIMIT_DAYS * 24 * 60 * 60)

    def _add(self, *arguments: object) -> int:
        return self._call(self._numbers()[0], *arguments)

    def _keyctl(self, *arguments: object) -> int:
        return self._call(self._numbers()[1], *arguments)

    def _numbers(self) -> tuple[int, int]:
        # A 32-bit Python on a 64-bit kernel uses other numbers under the same machine name.
        if self._machine not in _NUMBERS or sys.maxsize < 2**32:
            raise BackendUnavailable("This processor's kernel keyring is not known.", absent=True)
        return _NUMBERS[self._machine]


def _name(session_key: SessionKey) -> bytes:
    return f"{session_key.service}:{session_key.user}".encode()


def _number(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return errno.errorcode.get(number, "?") if number is not None else type(error).__name__


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _system_call(number: int, *arguments: object) -> int:
    """Call ``syscall(2)``: variadic, so every integer must be as wide as a register.

    Raises:
        OSError: the call failed.
    """
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = _libc().syscall(ctypes.c_long(number), *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
