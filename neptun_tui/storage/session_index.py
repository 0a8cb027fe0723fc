"""Index of the stored sessions and their backends, without secrets and e-mails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from neptun_tui.storage.files import check_writable, read_own, reason, write_private
from neptun_tui.storage.session_backends import (
    BackendKind,
    BackendUnavailable,
    KnownAccount,
    SessionKey,
)
from neptun_tui.storage.timed_backend import TimeoutWorker

VERSION: Final = 1

EntryKey = tuple[SessionKey, BackendKind]


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """Entry of one session in one backend.

    Attributes:
        session_key: the server's origin and the user ID.
        backend: kind of its backend.
        kept_at: time at which it was stored, in UTC; using the session does not change it.
        forgotten: signed out while the backend was unavailable: never used again, and deleted as
            soon as the backend is available.
    """

    session_key: SessionKey
    backend: BackendKind
    kept_at: datetime
    forgotten: bool = False

    @classmethod
    def now(
        cls, session_key: SessionKey, backend: BackendKind, *, forgotten: bool = False
    ) -> SessionEntry:
        """Return an entry with the current time."""
        return cls(session_key, backend, datetime.now(UTC), forgotten)

    @property
    def key(self) -> EntryKey:
        """Unique key of the entry."""
        return (self.session_key, self.backend)

    def known(self, *, email: str = "", error: str = "") -> KnownAccount:
        """Return the entry as a known account, with the e-mail or the error of its backend."""
        session_key = self.session_key
        return KnownAccount(
            session_key.origin, session_key.user_id, self.backend, self.kept_at, email, error
        )


@dataclass(frozen=True, slots=True)
class Default:
    """Account that commands use when none is named.

    Attributes:
        session_key: the account. Its session may have ended; no other account replaces it
            automatically.
        chosen: the user has chosen it among several. Otherwise it was the first to sign in, which
            is enough to read and not enough to delete.
    """

    session_key: SessionKey
    chosen: bool = False


class SessionIndexFile:
    """File of the index, together with the entries that it could not or does not hold.

    Every method may block: call all of them on one thread.

    Args:
        path: the file, or None to keep the index in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._own: dict[EntryKey, SessionEntry] = {}
        self._gone: set[EntryKey] = set()
        self._unread: OSError | None = None
        self._default: Default | None = None
        self.problem = ""
        """One sentence when the file exists and could not be read; it then counts as empty."""

    def entries(self) -> tuple[SessionEntry, ...]:
        """Return all entries, newest first. An unreadable file is reported in ``problem``."""
        merged = {entry.key: entry for entry in _entries(self._document())} | self._own
        kept = (entry for key, entry in merged.items() if key not in self._gone)
        return tuple(sorted(kept, key=lambda entry: entry.kept_at, reverse=True))

    def default(self) -> Default | None:
        """Return the account that commands use when none is named."""
        return self._default or _default(self._document())

    def change(
        self,
        note: Iterable[SessionEntry] = (),
        drop: Iterable[EntryKey] = (),
        default: Default | None = None,
    ) -> None:
        """Add or replace entries by their keys, and remove others.

        Args:
            note: entries to add.
            drop: keys of entries to remove.
            default: new default; None leaves it unchanged. It is removed with the last session.

        Raises:
            OSError: the file cannot be written. This process keeps the change in memory.
        """
        for entry in note:
            self._own[entry.key] = entry
            self._gone.discard(entry.key)
        for key in drop:
            self._own.pop(key, None)
            self._gone.add(key)
        self._default = default or self._default
        if self._path is not None:
            document = self._document()
            if self._unread is not None:
                raise self._unread  # overwriting a file that cannot be read would lose its entries
            text = _written(self.entries(), self.default())
            if text != _written(_entries(document), _default(document)):
                write_private(self._path, text)
            self._default = None
            # The file holds the entries now; another process may change it, and its change counts.
            self._own = {
                key: own for key, own in self._own.items() if own.backend is BackendKind.MEMORY
            }
            self._gone.clear()

    def enter(self, entry: SessionEntry) -> None:
        """Add an entry, or leave the index unchanged.

        Raises:
            OSError: the file cannot be written.
        """
        own, gone = dict(self._own), set(self._gone)
        try:
            self.change([entry])
        except OSError:
            self._own, self._gone = own, gone
            raise

    def check(self) -> None:
        """Check that the file can be read and written.

        Raises:
            OSError: it cannot be read or written.
        """
        if self._path is not None:
            self._document()
            if self._unread is not None:
                raise self._unread
            check_writable(self._path.parent)

    def explain(self, error: Exception) -> BackendUnavailable:
        """Convert an error of the file system to a reason."""
        why = reason(error) if isinstance(error, OSError) else "not usable"
        return BackendUnavailable(f"The list of kept sessions cannot be written ({why}).")

    def _document(self) -> dict[str, object]:
        """Return the file's content; empty when it does not exist or cannot be read."""
        self.problem, self._unread = "", None
        try:
            text = read_own(self._path) if self._path else None
            if text is None:
                return {}
            document = json.loads(text)
            if document["v"] == VERSION and isinstance(document["sessions"], list):
                return dict(document)
        except OSError as error:
            self._unread = error
            why = reason(error)
            self.problem = f"The list of kept sessions ({self._path}) cannot be read: {why}."
            return {}
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # torn, or of another version: reported below
        self.problem = f"The list of kept sessions ({self._path}) cannot be read: sign in again."
        return {}


def _written(entries: Iterable[SessionEntry], default: Default | None) -> str:
    rows = [
        {
            "origin": entry.session_key.origin,
            "uid": entry.session_key.user_id,
            "backend": entry.backend.value,
            "kept_at": entry.kept_at.isoformat(timespec="microseconds"),
        }
        | ({"forgotten": True} if entry.forgotten else {})
        for entry in entries
        if entry.backend is not BackendKind.MEMORY  # ends with this process
    ]
    document: dict[str, object] = {"v": VERSION, "sessions": rows}
    if default and any("forgotten" not in row for row in rows):
        session_key = default.session_key
        document["default"] = {
            "origin": session_key.origin,
            "uid": session_key.user_id,
            "chosen": default.chosen,
        }
    return json.dumps(document, indent=2) + "\n"


def _entries(document: dict[str, object]) -> list[SessionEntry]:
    rows = document.get("sessions")
    found = map(_entry, rows if isinstance(rows, list) else ())
    return [entry for entry in found if entry]


def _default(document: dict[str, object]) -> Default | None:
    """Decode the default; an invalid one counts as none."""
    match document.get("default"):
        case {"origin": str(origin), "uid": int(uid), **more}:
            return Default(SessionKey(origin, uid), more.get("chosen") is True)
    return None


def _entry(row: object) -> SessionEntry | None:
    """Decode one row; None if it is invalid."""
    match row:
        case {
            "origin": str(origin),
            "uid": int(uid),
            "backend": str(backend),
            "kept_at": str(when),
            **more,
        }:
            try:
                kept_at = datetime.fromisoformat(when)
                kept_in = BackendKind(backend)
            except ValueError:
                return None
            aware = kept_at if kept_at.tzinfo else kept_at.replace(tzinfo=UTC)
            return SessionEntry(
                SessionKey(origin, uid), kept_in, aware, more.get("forgotten") is True
            )
    return None


class SessionIndex:
    """Index as coroutines, each with a time-out.

    Args:
        state: file of the index, or None to keep it in memory only.
        timeout: seconds for one call.
    """

    def __init__(self, state: Path | None, timeout: float) -> None:
        self._file = SessionIndexFile(state)
        self._worker = TimeoutWorker("list of kept sessions", self._file.explain, timeout)
        self.problems: tuple[str, ...] = ()
        """Sentences about failed calls, reads and writes, each once."""

    async def entries(self) -> tuple[SessionEntry, ...]:
        """Return all entries, newest first; none when the index cannot be read."""
        try:
            entries = await self._worker.run(self._file.entries)
        except BackendUnavailable as error:
            self.note(error.reason)
            return ()
        self.note(self._file.problem)
        return entries

    async def check(self) -> None:
        """Check that the index can be written: a session without an entry is never found again.

        Raises:
            BackendUnavailable: it cannot be written.
        """
        await self._worker.run(self._file.check)

    async def enter(self, entry: SessionEntry) -> None:
        """Add the entry of a session that is about to be stored.

        Raises:
            BackendUnavailable: it was not written, so the session must not be stored.
        """
        await self._worker.run(lambda: self._file.enter(entry))

    async def default(self) -> Default | None:
        """Return the default account; None when there is none or the index cannot be read."""
        try:
            return await self._worker.run(self._file.default)
        except BackendUnavailable as error:
            self.note(error.reason)
            return None

    async def change(
        self,
        note: Sequence[SessionEntry] = (),
        drop: Sequence[EntryKey] = (),
        default: Default | None = None,
    ) -> bool:
        """Add and remove entries, and set the default; return True if it was written."""
        try:
            await self._worker.run(lambda: self._file.change(note, drop, default))
        except BackendUnavailable as error:
            self.note(error.reason)
            return False
        return True

    def note(self, sentence: str) -> None:
        """Add a sentence to the problems."""
        if sentence and sentence not in self.problems:
            self.problems = (*self.problems, sentence)

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()
