"""Session backends: their protocol and values, and the backends in memory and in a file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, unquote

from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.domain.errors import SessionStoreUnavailable
from neptun_tui.storage.files import (
    check_writable,
    partials_of,
    read_private,
    reason,
    write_private,
)


class BackendKind(StrEnum):
    """Kind of session backend; the first three in order of preference."""

    KEYRING = "keyring"
    KERNEL = "kernel"
    MEMORY = "memory"
    FILE = "file"

    @property
    def label(self) -> str:
        """Name for people, such as "OS keyring"."""
        match self:
            case BackendKind.KEYRING:
                return "OS keyring"
            case BackendKind.KERNEL:
                return "kernel keyring"
            case _:
                return self.value


@dataclass(frozen=True, slots=True)
class StorageInfo:
    """Backend that stores or would store a session, with texts for people.

    Attributes:
        backend: its kind.
        lasts: how long it keeps a session, as the end of a sentence: "until you quit".
        reason: one sentence why no better backend is used; empty for the best one.
        hint: one sentence how to enable a better backend; empty when there is none.
    """

    backend: BackendKind
    lasts: str
    reason: str
    hint: str = ""

    @property
    def label(self) -> str:
        """Name of the backend for people."""
        return self.backend.label

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines with the choice, its reason and the hint, without the empty ones."""
        lines = (f"{self.label}, {self.lasts}.", self.reason, self.hint)
        return tuple(line for line in lines if line)


SERVICE: Final = "neptun-tui:"
"""Prefix of the service name of every stored session."""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Key of a stored session: one for each server and account.

    It contains the user ID and not the e-mail: gnome-keyring writes the attributes of a locked
    item to disk as unsalted MD5, and an e-mail can be guessed.
    """

    origin: str
    user_id: int

    @classmethod
    def of(cls, account: Account) -> SessionKey:
        """Return the key of an account."""
        return cls(account.host, account.user_id)

    @property
    def service(self) -> str:
        """Service name, as a keyring viewer shows it."""
        return f"{SERVICE}{self.origin}"

    @property
    def user(self) -> str:
        """User name of the item: the user ID in Neptun."""
        return str(self.user_id)

    @classmethod
    def named(cls, service: str, user: str) -> SessionKey | None:
        """Return the key for a service and user name; None if another program's."""
        origin = service.removeprefix(SERVICE)
        if origin == service or not (user.isascii() and user.isdigit()):
            return None
        return cls(origin, int(user))


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Session that was stored, and its backend."""

    session: Session
    keeping: StorageInfo


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """Account with a stored session, as the session index lists it.

    Attributes:
        origin: the server.
        user_id: user ID in Neptun.
        backend: backend that stored the session last.
        kept_at: time at which it was stored, in UTC.
        email: the account's e-mail, which only the backend holds; empty when it was not read.
        error: one sentence why the backend cannot load the session now; empty when it can.
    """

    origin: str
    user_id: int
    backend: BackendKind
    kept_at: datetime
    email: str = ""
    error: str = ""

    @property
    def account(self) -> Account:
        """Account for ``SessionStore.delete``; its e-mail may be empty."""
        return Account(self.origin, self.user_id, self.email)


class BackendUnavailable(SessionStoreUnavailable):
    """A session backend cannot be used; the text is the reason, one sentence for people.

    Attributes:
        hint: one sentence how to make the backend usable, or empty.
        absent: this machine has no such backend, so it cannot hold a session either.
        uncertain: the call was interrupted, so the backend may have stored the value.
    """

    def __init__(
        self, reason: str, hint: str = "", *, absent: bool = False, uncertain: bool = False
    ) -> None:
        super().__init__(reason)
        self.hint = hint
        self.absent = absent
        self.uncertain = uncertain

    @property
    def reason(self) -> str:
        """Reason, one sentence."""
        return str(self)

    def fresh(self) -> BackendUnavailable:
        """Return a copy without traceback, cause and context, whose frames could hold a secret."""
        return BackendUnavailable(
            self.reason, self.hint, absent=self.absent, uncertain=self.uncertain
        )


class SessionBackend(Protocol):
    """Protocol of a session backend. Each method runs on its own thread, and may block or raise."""

    @property
    def kind(self) -> BackendKind:
        """Kind of this backend."""
        ...

    @property
    def lasts(self) -> str:
        """Lifetime of a session in it: "until …"."""
        ...

    def probe(self) -> None:
        """Check that a session could be stored now, without a prompt and without storing one.

        Raises:
            BackendUnavailable: it could not be stored.
        """

    def store(self, session_key: SessionKey, value: str) -> None:
        """Store or replace the value of a key."""

    def load(self, session_key: SessionKey) -> str | None:
        """Return the value of a key, or None when there is none."""

    def delete(self, session_key: SessionKey) -> bool:
        """Delete a key; return True if there was one."""

    def session_keys(self) -> list[SessionKey]:
        """Return all keys with a value, as far as the backend can be searched.

        Raises:
            BackendUnavailable: it cannot be searched now.
        """
        ...

    def explain(self, error: Exception) -> BackendUnavailable:
        """Convert an exception of the methods above to a reason, without repeating its text."""
        ...


class Memory:
    """Backend in memory, until the program ends; values are wrapped against crash reports."""

    kind = BackendKind.MEMORY
    lasts = "until you quit"

    def __init__(self) -> None:
        self._kept: dict[SessionKey, Secret] = {}

    def probe(self) -> None:
        """Do nothing: memory is always available."""

    def store(self, session_key: SessionKey, value: str) -> None:
        """Store a value."""
        self._kept[session_key] = Secret(value)

    def load(self, session_key: SessionKey) -> str | None:
        """Return the value of a key, or None."""
        kept = self._kept.get(session_key)
        return kept.reveal() if kept is not None else None

    def delete(self, session_key: SessionKey) -> bool:
        """Delete a key; return True if there was one."""
        return self._kept.pop(session_key, None) is not None

    def session_keys(self) -> list[SessionKey]:
        """Return all keys with a value."""
        return list(self._kept)

    def explain(self, error: Exception) -> BackendUnavailable:
        """Return a reason for an error, which only a bug in this program can raise."""
        return BackendUnavailable(f"Memory failed unexpectedly ({type(error).__name__}).")


_NAME: Final = re.compile(r"\.?session-(\S+)-([0-9]+)\.(?:json|\S+\.part)", re.ASCII)


class SessionFile:
    """Backend with one 0600 file for each session, in a 0700 folder.

    Args:
        folder: folder of the files.
    """

    kind = BackendKind.FILE
    lasts = "until you sign out"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, session_key: SessionKey) -> Path:
        return (
            self._folder / f"session-{quote(session_key.origin, safe='')}-{session_key.user}.json"
        )

    def probe(self) -> None:
        """Check that files can be created in the folder."""
        check_writable(self._folder)

    def store(self, session_key: SessionKey, value: str) -> None:
        """Write the file atomically."""
        write_private(self._path(session_key), value)

    def load(self, session_key: SessionKey) -> str | None:
        """Read the file; return None when there is none.

        Raises:
            BackendUnavailable: other users can read the file, so they may know the cookie.
        """
        try:
            return read_private(self._path(session_key))
        except PermissionError as error:
            if error.errno:
                raise
        raise BackendUnavailable("The session file can be read by others: sign in again.")

    def delete(self, session_key: SessionKey) -> bool:
        """Remove the file and its partial files; return True if there was any."""
        path = self._path(session_key)
        there = [each for each in (path, *partials_of(path)) if os.path.lexists(each)]
        for each in there:
            each.unlink(missing_ok=True)
        return bool(there)

    def session_keys(self) -> list[SessionKey]:
        """Return the keys of all session files in the folder, including partial ones."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        found = (_NAME.fullmatch(name) for name in names)
        return list({SessionKey(unquote(each[1]), int(each[2])) for each in found if each})

    def explain(self, error: Exception) -> BackendUnavailable:
        """Convert an error of the file system to a reason."""
        why = reason(error) if isinstance(error, OSError) else "not text"
        return BackendUnavailable(f"The session file cannot be used ({why}).")
