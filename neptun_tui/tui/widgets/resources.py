"""The list of one project's imports and files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from neptun_tui.domain import display
from neptun_tui.domain.listing import Column, Listing, Orphans, Row, key_of
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.tui.state import ProjectView
from neptun_tui.tui.widgets.columns import GAP, Field, cut, fit
from neptun_tui.tui.widgets.virtual_list import Span, VirtualList

_LEAST_NAME = 22
_GUTTER = 4
"""Cells before the first column: the mark, a blank, the arrow of an import, a blank."""

_FIELDS = {
    Column.ID: Field("ID", 6, right=True),
    Column.SOURCE: Field("Source", 12, leaves=3),
    Column.NAME: Field("Path or title", 0),
    Column.STATE: Field("State", 10, leaves=4),
    Column.FILES: Field("Files", 6, right=True, leaves=2),
    Column.SIZE: Field("Size", 7, right=True),
    Column.UPDATED: Field("Updated", 10, right=True, leaves=1),
}
_COLUMNS = {field: column for column, field in _FIELDS.items()}

_SHORT_CATEGORIES = {
    "build_tool": "build",
    "documentation": "docs",
    "package_manager": "packages",
    "test_tool": "tests",
    "unknown": "",  # it says nothing, and is the name of a verdict
}

_STATE_STYLES = {"failed": "problem", "completed": "", "pending": "accent"}


class ResourceList(VirtualList):
    """Imports with their files below them, or all in one list. Draws a :class:`ProjectView`."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.view: ProjectView | None = None
        self._now = datetime.now(UTC)

    def show(self, view: ProjectView) -> None:
        """Draw a view from where it was scrolled to."""
        self.view = view
        self._now = datetime.now(UTC)
        self.set_rows(len(view.shown), view.cursor, view.scroll)

    def move_to(self, index: int) -> None:
        """Move the cursor, and let the view know."""
        super().move_to(index)
        if self.view:
            self.view.cursor = self.cursor
            self.view.scroll = round(self.scroll_y)

    @property
    def columns(self) -> list[Column]:
        """The columns there is room for; sorting goes through these."""
        return [_COLUMNS[field] for field in self._fit(self.scrollable_content_region.width - 1)]

    def _fit(self, width: int) -> dict[Field, int]:
        return fit(tuple(_FIELDS.values()), width - _GUTTER, _LEAST_NAME)

    def header(self, width: int) -> str:
        """Column titles, with an arrow at the one that is sorted by."""
        how = self.view.how if self.view else None
        cells = []
        for field, cells_wide in self._fit(width).items():
            sorted_by = how and how.column is _COLUMNS[field]
            arrow = ("▼" if how and how.reverse else "▲") if sorted_by else ""
            cells.append(cut(field.title + arrow, cells_wide, right=field.right))
        return cut(" " * _GUTTER + (" " * GAP).join(cells), width)

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """One import, file or heading."""
        view = self.view
        row = view.row(index) if view else None
        if view is None or view.listing is None or row is None:
            return
        marked = key_of(row) in view.marks
        yield ("✓ " if marked else "  "), "mark"
        yield self._arrow(row, view), "dim"
        below = isinstance(row, File) and not view.how.flat
        for field, cells in self._fit(width).items():
            if field is not _FIELDS[Column.ID]:
                yield " " * GAP, ""
            text, style = _cell(row, _COLUMNS[field], view.listing, self._now)
            if field is _FIELDS[Column.NAME] and below:
                text = f"  {text}"
            yield cut(text, cells, right=field.right), "mark" if marked else style

    @staticmethod
    def _arrow(row: Row, view: ProjectView) -> str:
        if isinstance(row, File) or view.how.flat:
            return "  "
        parent = row.id if isinstance(row, Import) else None
        return "▾ " if view.how.needle or parent in view.how.open_imports else "▸ "


def _cell(row: Row, column: Column, listing: Listing, now: datetime) -> Span:
    match row:
        case Import():
            return _import_cell(row, column, listing, now)
        case File():
            return _file_cell(row, column, now)
        case Orphans.HEADING:
            return _heading_cell(row, column, listing)


def _import_cell(item: Import, column: Column, listing: Listing, now: datetime) -> Span:
    match column:
        case Column.ID:
            return str(item.id), "accent"
        case Column.SOURCE:
            return display.clean(item.source_label, 40), ""
        case Column.NAME:
            return display.clean_name(item.name.removeprefix("https://"), 400), "strong"
        case Column.STATE:
            status = display.clean(item.status or "–", 40)
            return status, _STATE_STYLES.get(status, "")
        case Column.FILES:
            return _unless_partial(listing, f"{listing.count_below(item):,}"), ""
        case Column.SIZE:
            below = listing.sizes[item.id]
            return _unless_partial(listing, display.size(below) if below else "–"), ""
        case Column.UPDATED:
            return display.age(item.updated_at or item.created_at, now), "dim"


def _unless_partial(listing: Listing, text: str) -> str:
    """Figures about files are unknown while the files could not be loaded."""
    return "?" if listing.missing is Kind.FILE else text


def _file_cell(file: File, column: Column, now: datetime) -> Span:
    match column:
        case Column.ID:
            return str(file.id), "accent"
        case Column.SOURCE:
            return display.clean(file.file_type or "–", 40), "dim"
        case Column.NAME:
            return display.clean_name(file.name, 400), ""
        case Column.STATE:
            category = file.category or ""
            return display.clean(_SHORT_CATEGORIES.get(category, category), 40), "dim"
        case Column.FILES:
            return "", ""
        case Column.SIZE:
            return display.size(file.size), ""
        case Column.UPDATED:
            return display.age(file.updated_at or file.created_at, now), "dim"


def _heading_cell(row: Orphans, column: Column, listing: Listing) -> Span:
    match column:
        case Column.NAME:
            return row.value, "dim"
        case Column.FILES:
            return f"{listing.count_below(row):,}", "dim"
        case Column.SIZE:
            return display.size(listing.sizes.get(None, 0)), "dim"
        case _:
            return "", ""
