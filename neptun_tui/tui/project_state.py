"""State of each project in the browser: listing, view options, selection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import InvalidId, ServiceError
from neptun_tui.domain.listing import (
    Column,
    Listing,
    ListingIndex,
    Orphans,
    Row,
    ViewOptions,
    key_of,
)
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, make_plan
from neptun_tui.domain.resources import File, Import, Kind, Project, parse_id


@dataclass
class ProjectView:
    """State of one project in the browser; the last listing stays until a newer whole one arrives.

    Attributes:
        listing: the last listing loaded.
        loading: whether a newer one is being loaded.
        received: its bytes received so far.
        asked: number of loads; the response to an older one is ignored.
        failure: the error of the last load; None after a success.
        context: the problem of the stored context; empty when there is none, or unknown.
        marks: the selection; changed only by the methods for it.
        marked_below: the number of marked files under each import, and under the heading (None).
        shown: indices into the listing's rows, as arranged.
        cursor: index into ``shown``.
        scroll: the first line that is shown.
    """

    project: Project
    listing: Listing | None = None
    loading: bool = False
    received: int = 0
    asked: int = 0
    failure: ServiceError | None = None
    context: str = ""
    how: ViewOptions = field(default_factory=ViewOptions)
    marks: set[ResourceRef] = field(default_factory=set)
    marked_below: Counter[int | None] = field(default_factory=Counter)
    shown: list[int] = field(default_factory=list)
    cursor: int = 0
    scroll: int = 0
    _orders: ListingIndex | None = None

    def take(self, listing: Listing) -> None:
        """Replace the listing; cursor and marks stay where possible.

        A partial listing never replaces a whole one.
        """
        if listing.problem and self.listing and not self.listing.problem:
            self.loading, self.failure = False, listing.problem
            return
        first = self.listing is None
        here = self.key
        self.listing, self._orders = listing, ListingIndex(listing)
        self.loading, self.failure = False, None
        self._mark({key for key in self.marks if listing.find(key)})
        if first and len(listing.imports) == 1:
            self.how = replace(
                self.how, open_imports=self.how.open_imports | {listing.imports[0].id}
            )
        self._arrange(here)

    def arrange(self, how: ViewOptions) -> None:
        """Apply other view options; the cursor stays on its row if that is shown."""
        here = self.key
        self.how = how
        self._arrange(here)

    def _arrange(self, here: ResourceRef | None) -> None:
        if not (self.listing and self._orders):
            return
        self.shown = self._orders.arrange(self.how)
        position = self._nearest(here) if here else None
        self.cursor = (
            position if position is not None else min(self.cursor, max(len(self.shown) - 1, 0))
        )

    def _position(self, key: ResourceRef) -> int | None:
        """Return the position of a ref among the shown rows, if any."""
        return self._place(self.listing.position(key) if self.listing else None)

    def _place(self, index: int | None) -> int | None:
        """Return the position of a listing's row among the shown rows, if any."""
        try:
            return self.shown.index(index) if index is not None else None
        except ValueError:
            return None

    def _nearest(self, key: ResourceRef) -> int | None:
        """Return the position of a ref; for a file in a closed import, that of the import."""
        position = self._position(key)
        item = self.listing.find(key) if self.listing and position is None else None
        if not (self.listing and isinstance(item, File)):
            return position
        return self._place(self.listing.heading_of(self.listing.parent_of(item)))

    def row(self, index: int) -> Row | None:
        """Return a shown row by its position."""
        if self.listing is None or not 0 <= index < len(self.shown):
            return None
        return self.listing.rows[self.shown[index]]

    @property
    def current(self) -> Row | None:
        """Row under the cursor."""
        return self.row(self.cursor)

    @property
    def key(self) -> ResourceRef | None:
        """Ref of the row under the cursor."""
        row = self.current
        return key_of(row) if row else None

    def toggle_open(self, parent: int | None, wanted: bool | None = None) -> None:
        """Open or close an import, or the heading (None)."""
        is_open = parent in self.how.open_imports
        if wanted is not is_open:
            self.arrange(replace(self.how, open_imports=self.how.open_imports ^ {parent}))

    def sort(self, columns: list[Column]) -> None:
        """Sort by the next of these columns."""
        following = columns.index(self.how.column) + 1 if self.how.column in columns else 0
        self.arrange(replace(self.how, column=columns[following % len(columns)], reverse=False))

    def reveal(self, key: ResourceRef) -> bool:
        """Move the cursor to a ref, opening its import or clearing the filter if needed."""
        item = self.listing.find(key) if self.listing else None
        if item is None or self.listing is None:
            return False
        if self._position(key) is None:
            parent = None if isinstance(item, Import) else self.listing.parent_of(item)
            how = replace(self.how, open_imports=self.how.open_imports | {parent})
            self.arrange(how)
            if self._position(key) is None:
                self.arrange(replace(how, needle=""))
        self.cursor = self._position(key) or 0
        return True

    @property
    def matching(self) -> Sequence[int]:
        """Indices of the rows that match the filter themselves; of all rows without a filter.

        An import shown only as the parent of a match is not included: it must not be marked.
        """
        return self._orders.found(self.how) if self._orders else ()

    @property
    def matching_keys(self) -> set[ResourceRef]:
        """Refs of the shown rows that match the filter."""
        if self.listing is None or not self.how.needle:
            return self.shown_keys
        rows = self.listing.rows
        return {key for index in self.matching if (key := key_of(rows[index]))}

    @property
    def shown_keys(self) -> set[ResourceRef]:
        """Refs of all shown rows."""
        rows = (self.row(index) for index in range(len(self.shown)))
        return {key for row in rows if row and (key := key_of(row))}

    def mark_shown(self) -> None:
        """Mark every row that matches the filter, or unmark them when all are marked."""
        keys = self.matching_keys
        self._mark(self.marks - keys if keys <= self.marks else self.marks | keys)

    def unmark_all(self) -> None:
        """Unmark everything, hidden rows included."""
        self._mark(set())

    def _mark(self, keys: set[ResourceRef]) -> None:
        self.marks = keys
        ids = {key.id for key in keys if key.kind is Kind.FILE}
        files = zip(self.listing.files, self.listing.parents, strict=True) if self.listing else ()
        self.marked_below = Counter(parent for file, parent in files if file.id in ids)

    def toggle_mark(self) -> list[int]:
        """Toggle the mark of the current row; return the positions to redraw."""
        row, key = self.current, self.key
        if self.listing is None or key is None:
            return []
        self.marks ^= {key}
        if not isinstance(row, File):
            return [self.cursor]
        parent = self.listing.parent_of(row)
        self.marked_below[parent] += 1 if key in self.marks else -1
        above = self._place(self.listing.heading_of(parent))
        return [self.cursor] if above is None else [self.cursor, above]

    @property
    def placeholder(self) -> tuple[str, ...]:
        """Lines shown instead of rows: loading, failed, filtered or empty."""
        if self.listing is None and self.failure and not self.loading:
            name = safe_text.clean_name(self.project.name, 60)
            return f"{name} could not be loaded.", f"{self.failure}", "", "Reload to retry."
        if self.listing is None:
            return ("Loading imports and files…",)
        if self.how.needle:
            return "Nothing here holds that text.", "", "Go back to clear the filter."
        return ("This project has no imports and no files.",)

    def step_back(self) -> bool:
        """Clear the filter, close the open import, or go up to it; return whether there was one."""
        row = self.current
        if self.how.needle:
            self.arrange(replace(self.how, needle=""))
            return True
        if self.how.flat or row is None or self.listing is None:
            return False
        if isinstance(row, File):
            parent = self.listing.parent_of(row)
            self.cursor = self.shown.index(self.listing.heading_of(parent))
            return True
        parent = row.id if isinstance(row, Import) else None
        if parent in self.how.open_imports and not isinstance(row, Orphans):
            self.toggle_open(parent)
            return True
        return False

    def find(self, text: str) -> str:
        """Move the cursor to a typed ID.

        Args:
            text: ``102``, or ``i102`` and ``f102`` where an import and a file share a number; the
                colon that opened the prompt may precede it.

        Returns:
            The error, in words; empty when the cursor is there.
        """
        text = text.strip().removeprefix(":")
        letter = text[:1].lower()
        kinds = {"i": (Kind.IMPORT,), "f": (Kind.FILE,)}.get(letter, (Kind.IMPORT, Kind.FILE))
        try:
            number = parse_id(text[1:] if letter in ("i", "f") else text)
        except InvalidId as error:
            return str(error)
        found = [
            key
            for kind in kinds
            if self.listing and self.listing.find(key := ResourceRef(kind, number))
        ]
        if len(found) > 1:
            return f"An import and a file have this ID: i{number} or f{number}?"
        if not found:
            names = " or ".join(kind.value for kind in kinds)
            return f"No {names} {number} in this project."
        self.reveal(found[0])
        return ""

    @property
    def hidden_keys(self) -> frozenset[ResourceRef]:
        """Marked refs that are not shown."""
        if self.listing is None or (self.how.flat and not self.how.needle):
            return frozenset()  # all that can be marked is shown
        shown, position = set(self.shown), self.listing.position
        return frozenset(key for key in self.marks if position(key) not in shown)

    def plan(self, account: Account) -> DeletionPlan:
        """Plan the deletion of the selection from this listing.

        Raises:
            ValueError: nothing has been loaded yet.
        """
        if self.listing is None:
            raise ValueError("nothing has been listed yet")
        listing = self.listing
        chosen, hidden = self.chosen, self.hidden_keys
        return make_plan(
            account, self.project, listing.imports, listing.files, chosen, hidden,
            targets=listing.targets,
        )  # fmt: skip

    @property
    def chosen(self) -> set[ResourceRef]:
        """Refs to delete: the marks, or the current row when there are none."""
        return set(self.marks) or ({self.key} if self.key else set())
