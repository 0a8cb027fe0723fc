"""Database of the demo: SQLite in memory, shaped like Neptun's PostgreSQL.

It imitates the visible behaviour of PostgreSQL: ids come from a sequence and are never reused, an
updated row moves to the end of an unordered list, a NUL character is refused, and deletes cascade.
"""

# ruff: noqa: S608 - statements are put together from the names in schema.py, never from input
from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from neptun_tui.demo.locks import LockDropped, Locks, wait_for_lock
from neptun_tui.demo.schema import MAX_INTEGER, SCHEMA, Row, Table


class DatabaseError(Exception):
    """A statement could not be executed."""


class Unreachable(DatabaseError):
    """The database is down (section 7.10 of the recorded exchanges)."""


class StatementFailed(DatabaseError):
    """The database refused this one statement."""


class OutOfRange(StatementFailed):
    """An id does not fit a PostgreSQL `integer`."""


@dataclass(slots=True)
class Faults:
    """Faults that tests switch on and off while the server runs."""

    database_down: bool = False
    """The database does not respond."""
    sql_fails: bool = False
    """Statements fail after the access check: `delete_fails` and `list_fails` together."""
    delete_fails: bool = False
    """Only the DELETE statements fail."""
    list_fails: bool = False
    """Only the SELECT of a list of imports or files fails."""
    context_fails: bool = False
    """Only POST …/context fails with a 500, and the stored context does not change."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Request as it arrived, recorded for the assertions of tests."""

    method: str
    path: str


@dataclass(slots=True)
class _Sequence:
    """PostgreSQL sequence, which never returns a number twice."""

    last: int = 0

    def next(self) -> int:
        self.last += 1
        return self.last

    def reserve(self, used: int) -> int:
        self.last = max(self.last, used)
        return used


@dataclass(slots=True)
class _Sequences:
    by_table: dict[str, _Sequence] = field(default_factory=dict)

    def of(self, table: Table) -> _Sequence:
        return self.by_table.setdefault(table.name, _Sequence())


def timestamp(moment: datetime | None = None) -> str:
    """Format a time, by default now, as Neptun does: UTC with milliseconds."""
    moment = moment or datetime.now(UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class Store:
    """Database with a few simple statements for all tables. Thread-safe."""

    def __init__(self) -> None:
        """Open an empty database in memory."""
        self.faults = Faults()
        self.locks = Locks()
        self.arrivals: deque[Arrival] = deque(maxlen=100_000)
        self._lock = threading.RLock()
        self._sequences = _Sequences()
        self._heap = _Sequence()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.executescript(SCHEMA)
        # Python 3.13 warns about a connection that is not closed
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Close the database and lose its contents."""
        self.locks.close()
        with self._lock:
            self._finalizer()

    def copy(self) -> Store:
        """Return an independent store with the same rows and the same next ids."""
        copy = Store()
        with self._lock:
            self._connection.backup(copy._connection)
            copy._sequences = deepcopy(self._sequences)
            copy._heap = deepcopy(self._heap)
        return copy

    def add(self, table: Table, values: Mapping[str, Any]) -> Row:
        """Insert one row and return it.

        Raises:
            StatementFailed: A value contains a NUL, or refers to a row that does not exist. As in
                PostgreSQL, only the second one uses up an id.
        """
        _refuse_nul(values)
        return self.get(table, self._insert(table, [values]))

    def add_many(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert many rows with the same columns, in one statement."""
        self._insert(table, list(rows))

    def get(self, table: Table, row_id: int) -> Row:
        """Return the row with this id.

        Raises:
            StatementFailed: There is none.
        """
        rows = self.select(table, id=row_id)
        if not rows:
            raise StatementFailed(f"no {table.name} {row_id}")
        return rows[0]

    def select(self, table: Table, **where: object) -> list[Row]:
        """Return the rows with columns equal to `where`, in the order of PostgreSQL's heap."""
        sql = f"SELECT {', '.join(table.columns)} FROM {table.name}{_where(where)} ORDER BY heap"
        with self._open() as db:
            found = db.execute(sql, tuple(where.values())).fetchall()
        return [_row(table, values) for values in found]

    def change(self, table: Table, row_id: int, values: Mapping[str, Any]) -> Row:
        """Update some columns of a row and return the complete row.

        Raises:
            StatementFailed: There is nothing to change, or a value is refused.
        """
        if not values:
            raise StatementFailed("No values to set")
        _refuse_nul(values)
        _wait_for_lock()
        changed = _encoded(table, {"updated_at": timestamp(), **values})
        if not table.rewritten_in_place:
            changed["heap"] = self._heap.next()
        assignments = ", ".join(f"{column} = ?" for column in changed)
        with self._open() as db:
            db.execute(
                f"UPDATE {table.name} SET {assignments} WHERE id = ?", (*changed.values(), row_id)
            )
        return self.get(table, row_id)

    def remove(self, table: Table, row_id: int) -> None:
        """Delete a row, with the database's cascade."""
        self.remove_all(table, id=row_id)

    def remove_all(self, table: Table, **where: int) -> None:
        """Delete the rows with columns equal to `where`."""
        if self.faults.sql_fails or self.faults.delete_fails:
            raise StatementFailed("DELETE was refused")
        _wait_for_lock()
        with self._open() as db:
            db.execute(f"DELETE FROM {table.name}{_where(where)}", tuple(where.values()))

    def move_to_end(self, table: Table, row_id: int) -> None:
        """Move a row to the end of unordered lists, as PostgreSQL does with a row that grows."""
        with self._open() as db:
            db.execute(
                f"UPDATE {table.name} SET heap = ? WHERE id = ?", (self._heap.next(), row_id)
            )

    def list_resources(self, table: Table, **where: object) -> list[Row]:
        """Select the imports or files of a project; `list_fails` applies only here."""
        if self.faults.sql_fails or self.faults.list_fails:
            raise StatementFailed("SELECT was refused")
        return self.select(table, **where)

    def has(self, table: Table, **where: int) -> bool:
        """Tell whether a row with these ids exists, for the access checks.

        Raises:
            OutOfRange: One of the ids does not fit a PostgreSQL `integer`.
        """
        if max(where.values()) > MAX_INTEGER:
            raise OutOfRange("integer out of range")
        with self._open() as db:
            sql = f"SELECT 1 FROM {table.name}{_where(where)}"
            return db.execute(sql, tuple(where.values())).fetchone() is not None

    def _insert(self, table: Table, rows: list[Mapping[str, Any]]) -> int:
        """Insert rows of equal columns and return the id of the last one."""
        if not rows:
            return 0
        _wait_for_lock()
        with self._open() as db:
            completed = [self._completed(table, row) for row in rows]
            columns = list(completed[0])
            marks = ", ".join(f":{column}" for column in columns)
            sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
            db.executemany(sql, completed)
            return int(completed[-1]["id"])

    def _completed(self, table: Table, values: Mapping[str, Any]) -> Row:
        """Return the row with its id, its position in the heap and its times."""
        sequence = self._sequences.of(table)
        row_id = sequence.reserve(values["id"]) if "id" in values else sequence.next()
        created = values.get("created_at") or timestamp()
        times = {"created_at": created, "updated_at": values.get("updated_at") or created}
        return _encoded(table, {**values, **times, "id": row_id, "heap": self._heap.next()})

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection, in one transaction."""
        if self.faults.database_down:
            raise Unreachable("connection refused")
        with self._lock, self._connection:
            try:
                yield self._connection
            except sqlite3.IntegrityError as error:
                raise StatementFailed(str(error)) from error


def _wait_for_lock() -> None:
    try:
        wait_for_lock()
    except LockDropped as error:
        raise Unreachable("terminating connection") from error


def _where(columns: Mapping[str, object]) -> str:
    return " WHERE " + " AND ".join(f"{name} = ?" for name in columns) if columns else ""


def _encoded(table: Table, values: Mapping[str, Any]) -> Row:
    """Return the values with the JSON columns as text."""
    return {
        name: msgspec.json.encode(_jsonb(value)).decode()
        if name in table.json_columns and value is not None
        else value
        for name, value in values.items()
    }


def _row(table: Table, values: tuple[Any, ...]) -> Row:
    """Return a row of SQLite as Neptun sends it."""
    row = dict(zip(table.columns, values, strict=True))
    for name in table.json_columns:
        if row[name] is not None:
            row[name] = msgspec.json.decode(row[name])
    return row


def _jsonb(value: Any) -> Any:
    """Sort keys as PostgreSQL's `jsonb` does: shorter keys first, then by their bytes."""
    if isinstance(value, dict):
        return {name: _jsonb(value[name]) for name in _jsonb_order(tuple(value))}
    return [_jsonb(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=1000)
def _jsonb_order(names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda name: (len(name.encode()), name.encode()))


def _refuse_nul(values: Mapping[str, Any]) -> None:
    """Refuse a NUL in text or `jsonb`, as PostgreSQL does before it takes an id."""
    # fast check first: a stored context can contain 100,000 files
    if rb"\u0000" not in msgspec.json.encode(values):
        return
    if any("\0" in text for text in _texts(list(values.values()))):
        raise StatementFailed("invalid byte sequence for encoding UTF8: 0x00")


def _texts(value: object) -> Iterator[str]:
    """Yield all texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
