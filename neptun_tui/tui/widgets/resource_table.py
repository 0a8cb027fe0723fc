"""Table of a project's imports and files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from neptun_tui.domain import safe_text
from neptun_tui.domain.listing import Column, Listing, Orphans, Row, key_of
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.tui.project_state import ProjectView
from neptun_tui.tui.widgets.layout import Field
from neptun_tui.tui.widgets.table import ColumnList, Span

_FIELDS = {
    Column.ID: Field("ID", 6, right=True),
    Column.SOURCE: Field("Source", 12, leaves=3),
    Column.NAME: Field("Path or title", 0, path=True),
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
    "unknown": "",  # carries no information, and is the name of a result
}

_STATE_STYLES = {"failed": "problem", "completed": "", "pending": "accent"}


class ResourceList(ColumnList):
    """Table of imports with their files below them, or flat. Draws a :class:`ProjectView`."""

    FIELDS = tuple(_FIELDS.values())
    LEAST = 22
    LEAD = 4

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.view: ProjectView | None = None
        self._now = datetime.now(UTC)

    def show(self, view: ProjectView) -> None:
        """Show a view at its scroll position."""
        self.view = view
        self._now = datetime.now(UTC)
        self.set_rows(len(view.shown), view.cursor, view.scroll)

    def move_to(self, index: int) -> None:
        """Move the cursor, and save it in the view."""
        super().move_to(index)
        if self.view:
            self.view.cursor = self.cursor
            self.view.scroll = round(self.scroll_y)

    @property
    def columns(self) -> list[Column]:
        """Columns there is room for, through which sorting cycles."""
        width = self.scrollable_content_region.width - 1
        return [_COLUMNS[field] for field in self.columns_in(width)]

    def _at(self, index: int) -> tuple[Row, Listing, ProjectView]:
        view = self.view
        row = view.row(index) if view else None
        if view is None or view.listing is None or row is None:
            raise IndexError(index)
        return row, view.listing, view

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """Return one row; nothing if the view has fewer by now."""
        return super().spans(index, width) if self.view and self.view.row(index) else ()

    def heading(self, field: Field) -> str:
        """Return the title of a column, with an arrow on the sorted one."""
        how = self.view.how if self.view else None
        if how is None or how.column is not _COLUMNS[field]:
            return field.title
        return field.title + ("▼" if how.reverse else "▲")

    def lead(self, index: int) -> Iterable[Span]:
        """Return the mark, a blank, the arrow of an import, a blank."""
        row, _, view = self._at(index)
        yield f"{self._mark(row, view)} ", "mark"
        yield self._arrow(row, view), "dim"

    def fitted(self, index: int, field: Field, cells: int) -> Span:
        """Return a cell; a marked row is styled whole, and a file indented below its import."""
        row, _, view = self._at(index)
        below = isinstance(row, File) and not view.how.flat and field is _FIELDS[Column.NAME]
        text, style = super().fitted(index, field, cells - 2 if below else cells)
        return f"  {text}" if below else text, "mark" if key_of(row) in view.marks else style

    def cell(self, index: int, field: Field) -> Span:
        """Return a cell of one row."""
        row, listing, _ = self._at(index)
        column = _COLUMNS[field]
        match row:
            case Import():
                return _import_cell(row, column, listing, self._now)
            case File():
                return _file_cell(row, column, self._now)
            case Orphans.HEADING:
                return _heading_cell(row, column, listing)

    @staticmethod
    def _mark(row: Row, view: ProjectView) -> str:
        """Return the mark of a row, or the sign that some rows below it are marked."""
        if key_of(row) in view.marks:
            return "✓"
        if isinstance(row, File) or view.how.flat:
            return " "
        return "·" if view.marked_below[row.id if isinstance(row, Import) else None] else " "

    @staticmethod
    def _arrow(row: Row, view: ProjectView) -> str:
        if isinstance(row, File) or view.how.flat:
            return "  "
        parent = row.id if isinstance(row, Import) else None
        return "▾ " if view.how.needle or parent in view.how.open_imports else "▸ "


def _import_cell(item: Import, column: Column, listing: Listing, now: datetime) -> Span:
    match column:
        case Column.ID:
            return str(item.id), "accent"
        case Column.SOURCE:
            return safe_text.clean(item.source_label, 40), ""
        case Column.NAME:
            return safe_text.clean_name(item.name.removeprefix("https://"), 400), "strong"
        case Column.STATE:
            status = safe_text.clean(item.status or "–", 40)
            return status, _STATE_STYLES.get(status, "")
        case Column.FILES:
            return _unless_partial(listing, f"{listing.count_below(item):,}"), ""
        case Column.SIZE:
            below = listing.sizes[item.id]
            return _unless_partial(listing, safe_text.size(below) if below else "–"), ""
        case Column.UPDATED:
            return safe_text.age(item.updated_at or item.created_at, now), "dim"


def _unless_partial(listing: Listing, text: str) -> str:
    """Return a figure about files, or ``?`` when the files could not be loaded."""
    return "?" if listing.missing is Kind.FILE else text


def _file_cell(file: File, column: Column, now: datetime) -> Span:
    match column:
        case Column.ID:
            return str(file.id), "accent"
        case Column.SOURCE:
            return safe_text.clean(file.file_type or "–", 40), "dim"
        case Column.NAME:
            return safe_text.clean_name(file.name, 400), ""
        case Column.STATE:
            category = file.category or ""
            return safe_text.clean(_SHORT_CATEGORIES.get(category, category), 40), "dim"
        case Column.FILES:
            return "", ""
        case Column.SIZE:
            return safe_text.size(file.size), ""
        case Column.UPDATED:
            return safe_text.age(file.updated_at or file.created_at, now), "dim"


def _heading_cell(row: Orphans, column: Column, listing: Listing) -> Span:
    match column:
        case Column.NAME:
            return row.value, "dim"
        case Column.FILES:
            return f"{listing.count_below(row):,}", "dim"
        case Column.SIZE:
            return safe_text.size(listing.sizes.get(None, 0)), "dim"
        case _:
            return "", ""
