"""The state file: which sessions are kept where. No secret and no e-mail stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from neptun_tui.storage.files import read_own, reason, write_private
from neptun_tui.storage.tier import Known, Slot, Tier, TierUnavailable

VERSION: Final = 1

Key = tuple[Slot, Tier]


@dataclass(frozen=True, slots=True)
class Record:
    """One session in one tier.

    Attributes:
        slot: the server's origin and the user's number.
        tier: where it is kept.
        last_used: when it was stored, or found while another had been used last, in UTC.
        forgotten: signed out while the tier could not be asked: never used again, and deleted as
            soon as the tier answers.
    """

    slot: Slot
    tier: Tier
    last_used: datetime
    forgotten: bool = False

    @classmethod
    def now(cls, slot: Slot, tier: Tier, *, forgotten: bool = False) -> Record:
        """A record of this moment."""
        return cls(slot, tier, datetime.now(UTC), forgotten)

    @property
    def key(self) -> Key:
        """What makes it this record and no other."""
        return (self.slot, self.tier)

    def known(self, *, email: str = "", trouble: str = "") -> Known:
        """This record for people: what the list says of it, and what its tier has said."""
        slot = self.slot
        return Known(slot.origin, slot.user_id, self.tier, self.last_used, email, trouble)


class Roster:
    """Reads and writes the state file, and remembers what it does not or could not hold.

    Every method may block: call them on one thread.

    Args:
        path: the file, or None to keep the list in memory alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._own: dict[Key, Record] = {}
        self._gone: set[Key] = set()
        self._unread: OSError | None = None
        self.problem = ""
        """One sentence when the file was there and could not be read; it then counts as empty."""

    def records(self) -> tuple[Record, ...]:
        """All records, the last used first. A torn or unreadable file is said in ``problem``."""
        merged = {record.key: record for record in self._read()} | self._own
        kept = (record for key, record in merged.items() if key not in self._gone)
        return tuple(sorted(kept, key=lambda record: record.last_used, reverse=True))

    def change(self, note: Iterable[Record] = (), drop: Iterable[Key] = ()) -> None:
        """Note records, each in place of the one of its key, and drop others.

        Raises:
            OSError: the file cannot be written. This process remembers the change all the same.
        """
        for record in note:
            self._own[record.key] = record
            self._gone.discard(record.key)
        for key in drop:
            self._own.pop(key, None)
            self._gone.add(key)
        if self._path is not None:
            text = _written(self.records())
            if self._unread is not None:
                raise self._unread  # who writes over what cannot be read loses what is in it
            if text != _written(self._read()):
                write_private(self._path, text)
            # The file knows now. Another process may change it, and must not be overruled by us.
            self._own = {key: own for key, own in self._own.items() if own.tier is Tier.MEMORY}
            self._gone.clear()

    def explain(self, error: Exception) -> TierUnavailable:
        """Say what an error of the file system means."""
        why = reason(error) if isinstance(error, OSError) else "not usable"
        return TierUnavailable(f"The list of kept sessions cannot be written ({why}).")

    def _read(self) -> list[Record]:
        self.problem, self._unread = "", None
        try:
            text = read_own(self._path) if self._path else None
            if text is None:
                return []
            document = json.loads(text)
            if document["v"] == VERSION:
                return [record for row in document["sessions"] if (record := _record(row))]
        except OSError as error:
            self._unread = error
            why = reason(error)
            self.problem = f"The list of kept sessions ({self._path}) cannot be read: {why}."
            return []
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # said below: torn, or of another version
        self.problem = f"The list of kept sessions ({self._path}) cannot be read: sign in again."
        return []


def _written(records: Iterable[Record]) -> str:
    rows = [
        {
            "origin": record.slot.origin,
            "uid": record.slot.user_id,
            "tier": record.tier.value,
            "last_used": record.last_used.isoformat(timespec="microseconds"),
        }
        | ({"forgotten": True} if record.forgotten else {})
        for record in records
        if record.tier is not Tier.MEMORY  # gone with this process
    ]
    return json.dumps({"v": VERSION, "sessions": rows}, indent=2) + "\n"


def _record(row: object) -> Record | None:
    """Read one row; a row that is no record is left out, and the others count."""
    match row:
        case {
            "origin": str(origin),
            "uid": int(uid),
            "tier": str(tier),
            "last_used": str(when),
            **more,
        }:
            try:
                last_used = datetime.fromisoformat(when)
                kept_in = Tier(tier)
            except ValueError:
                return None
            aware = last_used if last_used.tzinfo else last_used.replace(tzinfo=UTC)
            return Record(Slot(origin, uid), kept_in, aware, more.get("forgotten") is True)
    return None
