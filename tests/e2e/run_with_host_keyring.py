"""App on a simulated machine; otherwise as `python -m neptun_tui` starts it.

SESSION_STORE_LIMIT: seconds for one call of the session store, instead of its own time-out.
KERNEL_SAYS: what the keyring's system calls answer: "fine", or the name of an error for all of
them, or, after "add_key:", for storing alone.
"""

import ctypes
import errno
import os
import sys
from functools import partial

from neptun_tui.__main__ import main
from neptun_tui.storage import kernel_keyring, session_store

ADD_KEY, KEYCTL = 248, 250
DESCRIBE, SEARCH, READ, INVALIDATE = 6, 10, 11, 21
USER_RING, KEY = -4, 7


class Kernel:
    """The system calls add_key and keyctl, for one process, as far as the app uses them."""

    def __init__(self, says):
        self.keys = {}
        self.name, _, self.refusal = says.rpartition(":")

    def __call__(self, number, *arguments):
        if self.refusal != "fine" and self.name in ("", "add_key" if number == ADD_KEY else ""):
            code = getattr(errno, self.refusal)
            raise OSError(code, os.strerror(code))
        if number == ADD_KEY:
            _, name, payload, _, _ = arguments
            self.keys[name] = payload
            return 7
        return self.keyctl(*arguments)

    def keyctl(self, operation, *arguments):
        if operation == SEARCH and arguments[2] not in self.keys:
            raise OSError(errno.ENOKEY, os.strerror(errno.ENOKEY))
        if operation == READ and arguments[0] == USER_RING:
            serials = (ctypes.c_int32 * len(self.keys))(*[KEY for _ in self.keys])
            ctypes.memmove(arguments[1], serials, ctypes.sizeof(serials))
            return ctypes.sizeof(serials)
        if operation == DESCRIBE:
            described = b"".join(b"user;0;0;3f010000;%s\0" % name for name in self.keys)
            ctypes.memmove(arguments[1], described, len(described))
            return len(described)
        if operation == READ:
            (payload,) = self.keys.values()
            ctypes.memmove(arguments[1], payload, len(payload))
            return len(payload)
        if operation == INVALIDATE:
            self.keys.clear()
        return 7


if limit := os.environ.get("SESSION_STORE_LIMIT"):
    session_store.open_session_store = partial(
        session_store.open_session_store, timeout=float(limit)
    )
if says := os.environ.get("KERNEL_SAYS"):
    kernel_keyring.KernelKeyring = session_store.KernelKeyring = partial(
        kernel_keyring.KernelKeyring, Kernel(says), "x86_64"
    )
sys.exit(main())
