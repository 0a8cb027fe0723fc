"""Listing of a project's imports and files at one moment; sorting, filtering and grouping of it.

Everything here works on indices into one list of rows that is made once per listing, so that
100,000 files filter and sort in milliseconds (a plain list of strings: 8 ms and 9 ms).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from operator import attrgetter
from typing import Any

from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import Elsewhere, PlanItem, ResourceRef, file_target
from neptun_tui.domain.resources import File, Import, Installations, Kind, Project

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Orphans(Enum):
    """The heading above files whose import is not visible (contract §6)."""

    HEADING = "Orphaned files"


Row = Import | File | Orphans


class Column(Enum):
    """Columns that a list can be sorted by."""

    ID = "ID"
    SOURCE = "Source"
    NAME = "Path or title"
    STATE = "State"
    FILES = "Files"
    SIZE = "Size"
    UPDATED = "Updated"


_id_of = attrgetter("id")


def key_of(row: Row) -> ResourceRef | None:
    """The key of a row; None for the heading, which cannot be marked or deleted."""
    if isinstance(row, Orphans):
        return None
    return ResourceRef(Kind.IMPORT if isinstance(row, Import) else Kind.FILE, row.id)


@dataclass(frozen=True, eq=False)
class Listing:
    """One project, listed.

    Attributes:
        imports: every import of every source type, by ID.
        files: every file, by ID.
        loaded_at: when the answers were whole (UTC).
        problem: why one half is missing, when only the other could be had.
        missing: which half that is.
        installations: GitHub installations that are connected; None when they are not known.
        elsewhere: files of other projects below imports of this one; None when not searched.
    """

    project: Project
    imports: tuple[Import, ...]
    files: tuple[File, ...]
    loaded_at: datetime
    problem: ServiceError | None = None
    missing: Kind | None = None
    installations: Installations = None
    elsewhere: Elsewhere | None = None

    def is_newer_than(self, other: Listing | None) -> bool:
        """Tell whether this listing was made after another one, if there is one."""
        return other is None or other.loaded_at < self.loaded_at

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Imports, then files, then the heading: what the views hold indices of."""
        return (*self.imports, *self.files, Orphans.HEADING)

    @cached_property
    def parents(self) -> list[int | None]:
        """For each file the ID of its import; None when that import is not visible."""
        visible = {item.id for item in self.imports}
        return [file.import_id if file.import_id in visible else None for file in self.files]

    @cached_property
    def children(self) -> dict[int | None, array[int]]:
        """Row indices of the files of each visible import; under None those of no visible one."""
        groups: dict[int | None, array[int]] = {item.id: array("L") for item in self.imports}
        for index, parent in enumerate(self.parents, len(self.imports)):
            groups.setdefault(parent, array("L")).append(index)
        return groups

    @cached_property
    def sizes(self) -> dict[int | None, int]:
        """Bytes of content below each import, and below the heading."""
        return {
            parent: sum(self.files[index - len(self.imports)].size for index in indices)
            for parent, indices in self.children.items()
        }

    @cached_property
    def total_size(self) -> int:
        """Bytes of all content."""
        return sum(file.size for file in self.files)

    @cached_property
    def haystacks(self) -> list[str]:
        """The lower-case text of each row that a filter looks into."""
        return [_haystack(row) for row in self.rows[:-1]]

    @cached_property
    def targets(self) -> list[PlanItem]:
        """Return each file as an item of a plan."""
        return [file_target(file) for file in self.files]

    def indexed(self) -> Listing:
        """Make all that views need now, on the thread that loads, and return itself."""
        _ = self.children, self.sizes, self.total_size, self.haystacks, self.targets
        return self

    def find(self, key: ResourceRef) -> Import | File | None:
        """The item with this key, if it is listed."""
        index = self.position(key)
        row = self.rows[index] if index is not None else None
        return row if isinstance(row, Import | File) else None

    def position(self, key: ResourceRef) -> int | None:
        """The index of the row with this key, if it is listed."""
        items: Sequence[Import | File] = self.imports if key.kind is Kind.IMPORT else self.files
        place = bisect_left(items, key.id, key=_id_of)
        if place == len(items) or items[place].id != key.id:
            return None
        return place if key.kind is Kind.IMPORT else place + len(self.imports)

    def _place_of(self, key: ResourceRef) -> int:
        if (position := self.position(key)) is None:
            raise KeyError(key)
        return position

    def parent_of(self, file: File) -> int | None:
        """The ID of a file's import; None when that is not visible."""
        position = self._place_of(ResourceRef(Kind.FILE, file.id))
        return self.parents[position - len(self.imports)]

    def heading_of(self, parent: int | None) -> int:
        """The index of the row above a parent's files: its import, or the heading."""
        if parent is None:
            return len(self.rows) - 1
        return self._place_of(ResourceRef(Kind.IMPORT, parent))

    def count_below(self, row: Row) -> int:
        """Count the files under an import or under the heading."""
        parent = row.id if isinstance(row, Import) else None
        return len(self.children.get(parent, ()))


def _haystack(row: Row) -> str:
    match row:
        case Import():
            parts = (str(row.id), row.name, row.source_label, row.status or "")
        case File():
            parts = (str(row.id), row.title, row.original_path, row.file_type or "")
        case _:
            return ""
    return "\0".join(parts).casefold()


def _sort_values(listing: Listing, column: Column) -> Callable[[Row], Any]:
    """Return the sort keys of rows for one column; by ID they are sorted already, imports first."""
    by: dict[Column, tuple[Callable[[Import], Any], Callable[[File], Any]]] = {
        Column.SOURCE: (lambda item: item.source_label, lambda file: file.file_type or ""),
        Column.NAME: (lambda item: item.name.casefold(), lambda file: file.name.casefold()),
        Column.STATE: (lambda item: item.status or "", lambda file: file.category or ""),
        Column.FILES: (listing.count_below, lambda _: 0),
        Column.SIZE: (lambda item: listing.sizes[item.id], lambda file: file.size),
        Column.UPDATED: (_last_change, _last_change),
    }
    of_import, of_file = by[column]

    def value(row: Row) -> Any:
        return of_import(row) if isinstance(row, Import) else of_file(row)  # type: ignore[arg-type]

    return value


def _last_change(item: Import | File) -> datetime:
    return item.updated_at or item.created_at or _LONG_AGO


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """View options of a listing: sort order, filter, grouping.

    Attributes:
        needle: the filter's text; rows that do not hold it are left out.
        column: what is sorted by.
        reverse: largest, newest or last first.
        flat: imports and files in one list, instead of files below their import.
        open_imports: IDs of the imports whose files are shown; None is the heading.
    """

    needle: str = ""
    column: Column = Column.ID
    reverse: bool = False
    flat: bool = False
    open_imports: frozenset[int | None] = frozenset({None})


@dataclass(frozen=True, slots=True)
class _Search:
    """Result of a search: the text, the rows searched, and those found, in order."""

    order: Sequence[int]
    needle: str
    found: Sequence[int]

    def covers(self, order: Sequence[int], needle: str) -> bool:
        """Tell whether this result contains everything that another text would find."""
        return order is self.order and self.needle in needle


@dataclass
class ListingIndex:
    """The sorted orders of one listing, made when first asked for."""

    listing: Listing
    _made: dict[tuple[Column, bool], Sequence[int]] = field(default_factory=dict)
    _imports: dict[tuple[Column, bool], Sequence[int]] = field(default_factory=dict)
    _last: _Search | None = None

    def order(self, column: Column, reverse: bool) -> Sequence[int]:
        """All row indices but the heading's, sorted."""
        if (made := self._made.get((column, reverse))) is None:
            made = range(len(self.listing.rows) - 1)
            if column is not Column.ID:
                value, rows = _sort_values(self.listing, column), self.listing.rows
                by_value = sorted(made, key=lambda index: value(rows[index]), reverse=reverse)
                made = array("L", by_value)
            elif reverse:
                made = made[::-1]
            self._made[column, reverse] = made
        return made

    def _imports_in_order(self, how: ViewOptions) -> Sequence[int]:
        key, border = (how.column, how.reverse), len(self.listing.imports)
        if key not in self._imports:
            self._imports[key] = [index for index in self.order(*key) if index < border]
        return self._imports[key]

    def found(self, how: ViewOptions) -> Sequence[int]:
        """The row indices that hold the filter's text themselves, in order; all without a text.

        A text that is typed on is looked for only where its beginning was found.
        """
        order = self.order(how.column, how.reverse)
        needle = how.needle.casefold()
        if not needle:
            return order
        last, haystacks = self._last, self.listing.haystacks
        if last is None or (last.order, last.needle) != (order, needle):
            within = last.found if last and last.covers(order, needle) else order
            found = [index for index in within if needle in haystacks[index]]
            self._last = last = _Search(order, needle, found)
        return last.found

    def arrange(self, how: ViewOptions) -> list[int]:
        """The row indices to show, in order.

        A filter looks below closed imports, and shows an import above every file it finds.
        """
        found = self.found(how)
        return list(found) if how.flat else self._grouped(found, how)

    def _grouped(self, found: Sequence[int], how: ViewOptions) -> list[int]:
        listing = self.listing
        shown: list[int] = []
        border = len(listing.imports)
        below = self._distribute(found, only=None if how.needle else how.open_imports)
        itself: Collection[int] = range(border)
        if how.needle:
            itself = set(range(border)).intersection(found)
        for index in self._imports_in_order(how):
            files = below.get(listing.imports[index].id, ())
            if index in itself or files:
                shown.append(index)
                shown.extend(files)
        orphans = below.get(None, ())
        if orphans or (listing.children.get(None) and not how.needle):
            shown.append(len(listing.rows) - 1)
            shown.extend(orphans)
        return shown

    def _distribute(
        self, rows: Sequence[int], only: Collection[int | None] | None
    ) -> dict[int | None, list[int]]:
        """Hand the files among sorted row indices out to their imports."""
        groups: dict[int | None, list[int]] = {}
        if only is not None and not only:
            return groups
        parent_of, border = self.listing.parents, len(self.listing.imports)
        for index in rows:
            if index >= border:
                parent = parent_of[index - border]
                if only is None or parent in only:
                    groups.setdefault(parent, []).append(index)
        return groups
