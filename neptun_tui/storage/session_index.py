"""Index of the kept sessions: which backend keeps which. No secret and no e-mail is in it."""

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
    TimeoutWorker,
)

VERSION: Final = 1
LIST_NAME: Final = "sessions.json"

AccountKey = tuple[SessionKey, BackendKind]


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One session in one tier.

    Attributes:
        slot: the server's origin and the user's number.
        tier: where it is kept.
        kept_at: when it was stored, in UTC. Using it changes nothing.
        forgotten: signed out while the tier could not be asked: never used again, and deleted as
            soon as the tier answers.
    """

    slot: SessionKey
    tier: BackendKind
    kept_at: datetime
    forgotten: bool = False

    @classmethod
    def now(cls, slot: SessionKey, tier: BackendKind, *, forgotten: bool = False) -> SessionEntry:
        """A record of this moment."""
        return cls(slot, tier, datetime.now(UTC), forgotten)

    @property
    def key(self) -> AccountKey:
        """What makes it this record and no other."""
        return (self.slot, self.tier)

    def known(self, *, email: str = "", trouble: str = "") -> KnownAccount:
        """This record for people: what the list says of it, and what its tier has said."""
        slot = self.slot
        return KnownAccount(slot.origin, slot.user_id, self.tier, self.kept_at, email, trouble)


@dataclass(frozen=True, slots=True)
class Default:
    """The account that commands use when none is named.

    Attributes:
        slot: the account. Its session may have ended: another one never takes its place by itself.
        chosen: a person has chosen it among several. One that is not chosen was the first to sign
            in, which is enough to read and not enough to delete.
    """

    slot: SessionKey
    chosen: bool = False


class SessionIndexFile:
    """Reads and writes the state file, and remembers what it does not or could not hold.

    Every method may block: call them on one thread.

    Args:
        path: the file, or None to keep the list in memory alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._own: dict[AccountKey, SessionEntry] = {}
        self._gone: set[AccountKey] = set()
        self._unread: OSError | None = None
        self._default: Default | None = None
        self.problem = ""
        """One sentence when the file was there and could not be read; it then counts as empty."""

    def records(self) -> tuple[SessionEntry, ...]:
        """All records, the newest first. A torn or unreadable file is said in ``problem``."""
        merged = {record.key: record for record in _records(self._document())} | self._own
        kept = (record for key, record in merged.items() if key not in self._gone)
        return tuple(sorted(kept, key=lambda record: record.kept_at, reverse=True))

    def default(self) -> Default | None:
        """The account that commands use when none is named."""
        return self._default or _default(self._document())

    def change(
        self,
        note: Iterable[SessionEntry] = (),
        drop: Iterable[AccountKey] = (),
        default: Default | None = None,
    ) -> None:
        """Note records, each in place of the one of its key, and drop others.

        Args:
            note: what to note.
            drop: what to drop.
            default: the new default; None leaves it as it is. It goes with the last session.

        Raises:
            OSError: the file cannot be written. This process remembers the change all the same.
        """
        for record in note:
            self._own[record.key] = record
            self._gone.discard(record.key)
        for key in drop:
            self._own.pop(key, None)
            self._gone.add(key)
        self._default = default or self._default
        if self._path is not None:
            document = self._document()
            if self._unread is not None:
                raise self._unread  # who writes over what cannot be read loses what is in it
            text = _written(self.records(), self.default())
            if text != _written(_records(document), _default(document)):
                write_private(self._path, text)
            self._default = None
            # The file knows now. Another process may change it, and must not be overruled by us.
            self._own = {
                key: own for key, own in self._own.items() if own.tier is BackendKind.MEMORY
            }
            self._gone.clear()

    def enter(self, record: SessionEntry) -> None:
        """Note a record, or leave everything as it was.

        Raises:
            OSError: the file cannot be written.
        """
        own, gone = dict(self._own), set(self._gone)
        try:
            self.change([record])
        except OSError:
            self._own, self._gone = own, gone
            raise

    def check(self) -> None:
        """See that the file can be read, and written in its folder.

        Raises:
            OSError: it cannot.
        """
        if self._path is not None:
            self._document()
            if self._unread is not None:
                raise self._unread
            check_writable(self._path.parent)

    def explain(self, error: Exception) -> BackendUnavailable:
        """Say what an error of the file system means."""
        why = reason(error) if isinstance(error, OSError) else "not usable"
        return BackendUnavailable(f"The list of kept sessions cannot be written ({why}).")

    def _document(self) -> dict[str, object]:
        """The file's content; empty when there is none that can be read."""
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
            pass  # said below: torn, or of another version
        self.problem = f"The list of kept sessions ({self._path}) cannot be read: sign in again."
        return {}


def _written(records: Iterable[SessionEntry], default: Default | None) -> str:
    rows = [
        {
            "origin": record.slot.origin,
            "uid": record.slot.user_id,
            "tier": record.tier.value,
            "kept_at": record.kept_at.isoformat(timespec="microseconds"),
        }
        | ({"forgotten": True} if record.forgotten else {})
        for record in records
        if record.tier is not BackendKind.MEMORY  # gone with this process
    ]
    document: dict[str, object] = {"v": VERSION, "sessions": rows}
    if default and any("forgotten" not in row for row in rows):
        slot = default.slot
        document["default"] = {"origin": slot.origin, "uid": slot.user_id, "chosen": default.chosen}
    return json.dumps(document, indent=2) + "\n"


def _records(document: dict[str, object]) -> list[SessionEntry]:
    rows = document.get("sessions")
    found = map(_record, rows if isinstance(rows, list) else ())
    return [record for record in found if record]


def _default(document: dict[str, object]) -> Default | None:
    """Read the default; a strange one counts as none."""
    match document.get("default"):
        case {"origin": str(origin), "uid": int(uid), **more}:
            return Default(SessionKey(origin, uid), more.get("chosen") is True)
    return None


def _record(row: object) -> SessionEntry | None:
    """Read one row; a row that is no record is left out, and the others count."""
    match row:
        case {
            "origin": str(origin),
            "uid": int(uid),
            "tier": str(tier),
            "kept_at": str(when),
            **more,
        }:
            try:
                kept_at = datetime.fromisoformat(when)
                kept_in = BackendKind(tier)
            except ValueError:
                return None
            aware = kept_at if kept_at.tzinfo else kept_at.replace(tzinfo=UTC)
            return SessionEntry(
                SessionKey(origin, uid), kept_in, aware, more.get("forgotten") is True
            )
    return None


class SessionIndex:
    """Reads and writes the list as coroutines that end in time and raise nothing.

    Args:
        state: the state file, or None to keep the list in memory alone.
        timeout: seconds one call may take.
    """

    def __init__(self, state: Path | None, timeout: float) -> None:
        self._roster = SessionIndexFile(state)
        self._worker = TimeoutWorker("list of kept sessions", self._roster.explain, timeout)
        self.troubles: tuple[str, ...] = ()
        """Sentences about what could not be asked, read or written, each once."""

    async def records(self) -> tuple[SessionEntry, ...]:
        """All records, the newest first; none when the list cannot be read."""
        try:
            records = await self._worker.run(self._roster.records)
        except BackendUnavailable as error:
            self.note(error.reason)
            return ()
        self.note(self._roster.problem)
        return records

    async def check(self) -> None:
        """See that the list can be written: a session that is not listed is never found again.

        Raises:
            TierUnavailable: it cannot.
        """
        await self._worker.run(self._roster.check)

    async def enter(self, record: SessionEntry) -> None:
        """Note a session that is about to be kept.

        Raises:
            TierUnavailable: that could not be written down, so it must not be kept.
        """
        await self._worker.run(lambda: self._roster.enter(record))

    async def default(self) -> Default | None:
        """The account that commands use when none is named; None when the list cannot be read."""
        try:
            return await self._worker.run(self._roster.default)
        except BackendUnavailable as error:
            self.note(error.reason)
            return None

    async def change(
        self,
        note: Sequence[SessionEntry] = (),
        drop: Sequence[AccountKey] = (),
        default: Default | None = None,
    ) -> bool:
        """Note and drop records, set the default; whether that could be written down."""
        try:
            await self._worker.run(lambda: self._roster.change(note, drop, default))
        except BackendUnavailable as error:
            self.note(error.reason)
            return False
        return True

    def note(self, sentence: str) -> None:
        """Add a sentence to the troubles."""
        if sentence and sentence not in self.troubles:
            self.troubles = (*self.troubles, sentence)

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()
