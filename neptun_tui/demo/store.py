"""Database of the demo: SQLite in memory, shaped like Neptun's PostgreSQL.

What a client can notice of PostgreSQL is kept: ids come from a sequence and are never used
twice, a row that is updated moves to the end of an unordered list, a NUL character is refused,
and deleting a row deletes what hangs on it.
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
    """A statement could not be carried out."""


class Unreachable(DatabaseError):
    """There is no database to talk to (section 7.10 of the recorded exchanges)."""


class StatementFailed(DatabaseError):
    """The database refused this one statement."""


class OutOfRange(StatementFailed):
    """An id does not fit a PostgreSQL `integer`."""


@dataclass(slots=True)
class Faults:
    """What is broken at the moment. Tests switch these on and off while the server runs."""

    database_down: bool = False
    """The database does not answer at all."""
    sql_fails: bool = False
    """Statements fail after the access check has passed: `delete_fails` and `list_fails`."""
    delete_fails: bool = False
    """Only the DELETE statements fail."""
    list_fails: bool = False
    """Only the SELECT behind a list of imports or files fails."""
    context_fails: bool = False
    """Only POST …/context fails: a 500, and the stored context stays as it was."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it arrived, kept so that tests can assert what was really sent."""

    method: str
    path: str


@dataclass(slots=True)
class _Sequence:
    """A PostgreSQL sequence: what it handed out never comes back."""

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
    """A moment (now, if none is given) the way Neptun writes it: UTC with milliseconds."""
    moment = moment or datetime.now(UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class Store:
    """Every table, behind a few plain statements. May be used from several threads."""

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
        # a connection that is dropped without being closed is a warning from Python 3.13 on
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Drop the database and everything in it."""
        self.locks.close()
        with self._lock:
            self._finalizer()

    def copy(self) -> Store:
        """Return a store of its own with the same rows, from which ids go on as here."""
        copy = Store()
        with self._lock:
            self._connection.backup(copy._connection)
            copy._sequences = deepcopy(self._sequences)
            copy._heap = deepcopy(self._heap)
        return copy

    def add(self, table: Table, values: Mapping[str, Any]) -> Row:
        """Insert one row and return it.

        Raises:
            StatementFailed: A value holds a NUL, or points to a row that does not exist. As in
                PostgreSQL, only the second has used up an id.
        """
        _refuse_nul(values)
        return self.get(table, self._insert(table, [values]))

    def add_many(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert many rows that all name the same columns, in one statement."""
        self._insert(table, list(rows))

    def get(self, table: Table, row_id: int) -> Row:
        """The row with this id.

        Raises:
            StatementFailed: There is none.
        """
        rows = self.select(table, id=row_id)
        if not rows:
            raise StatementFailed(f"no {table.name} {row_id}")
        return rows[0]

    def select(self, table: Table, **where: object) -> list[Row]:
        """The rows whose columns equal `where`, in the order PostgreSQL's heap would give."""
        sql = f"SELECT {', '.join(table.columns)} FROM {table.name}{_where(where)} ORDER BY heap"
        with self._open() as db:
            found = db.execute(sql, tuple(where.values())).fetchall()
        return [_row(table, values) for values in found]

    def change(self, table: Table, row_id: int, values: Mapping[str, Any]) -> Row:
        """Update some columns of a row and return it whole.

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
        """Delete a row and, by the database's cascade, what hangs on it."""
        self.remove_all(table, id=row_id)

    def remove_all(self, table: Table, **where: int) -> None:
        """Delete the rows whose columns equal `where`."""
        if self.faults.sql_fails or self.faults.delete_fails:
            raise StatementFailed("DELETE was refused")
        _wait_for_lock()
        with self._open() as db:
            db.execute(f"DELETE FROM {table.name}{_where(where)}", tuple(where.values()))

    def move_to_end(self, table: Table, row_id: int) -> None:
        """Put a row last in unordered lists, as a rewrite of a grown row does in PostgreSQL."""
        with self._open() as db:
            db.execute(
                f"UPDATE {table.name} SET heap = ? WHERE id = ?", (self._heap.next(), row_id)
            )

    def list_resources(self, table: Table, **where: object) -> list[Row]:
        """Select the imports or files of a project; this is the statement that can fail."""
        if self.faults.sql_fails or self.faults.list_fails:
            raise StatementFailed("SELECT was refused")
        return self.select(table, **where)

    def has(self, table: Table, **where: int) -> bool:
        """Whether a row with these ids exists: the access checks.

        Raises:
            OutOfRange: One of the ids is no PostgreSQL `integer`.
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
        """The row with its id, its place in the heap and its times."""
        sequence = self._sequences.of(table)
        row_id = sequence.reserve(values["id"]) if "id" in values else sequence.next()
        created = values.get("created_at") or timestamp()
        times = {"created_at": created, "updated_at": values.get("updated_at") or created}
        return _encoded(table, {**values, **times, "id": row_id, "heap": self._heap.next()})

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The connection, in one transaction, or the reason why there is none."""
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
    """The values with the JSON columns as text."""
    return {
        name: msgspec.json.encode(_jsonb(value)).decode()
        if name in table.json_columns and value is not None
        else value
        for name, value in values.items()
    }


def _row(table: Table, values: tuple[Any, ...]) -> Row:
    """A row of SQLite as Neptun would send it."""
    row = dict(zip(table.columns, values, strict=True))
    for name in table.json_columns:
        if row[name] is not None:
            row[name] = msgspec.json.decode(row[name])
    return row


def _jsonb(value: Any) -> Any:
    """A JSON value as PostgreSQL's `jsonb` keeps it: shorter keys first, then by their bytes."""
    if isinstance(value, dict):
        return {name: _jsonb(value[name]) for name in _jsonb_order(tuple(value))}
    return [_jsonb(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=1000)
def _jsonb_order(names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda name: (len(name.encode()), name.encode()))


def _refuse_nul(values: Mapping[str, Any]) -> None:
    """PostgreSQL knows no NUL in text, nor in `jsonb`; it fails before an id is drawn."""
    # the quick look first: a stored context can hold 100,000 files
    if rb"\u0000" not in msgspec.json.encode(values):
        return
    if any("\0" in text for text in _texts(list(values.values()))):
        raise StatementFailed("invalid byte sequence for encoding UTF8: 0x00")


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
