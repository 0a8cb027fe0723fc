"""A list in columns, as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from neptun_tui.tui.widgets.columns import GAP, Field, cut, fit
from neptun_tui.tui.widgets.virtual_list import Span, VirtualList


class ColumnList(VirtualList):
    """A subclass says which columns there are and what stands in a cell."""

    FIELDS: ClassVar[tuple[Field, ...]] = ()
    """From left to right; exactly one has width 0."""

    LEAST: ClassVar[int] = 18
    """The fewest cells for the column that takes the rest; others leave before it gets fewer."""

    LEAD: ClassVar[int] = 1
    """Cells before the first column."""

    def cell(self, index: int, field: Field) -> Span:
        """What stands in a cell: a text already safe for a terminal, and the name of its style."""
        raise NotImplementedError

    def lead(self, index: int) -> Iterable[Span]:
        """What stands before the first column, exactly ``LEAD`` cells."""
        yield " " * self.LEAD, ""

    def heading(self, field: Field) -> str:
        """What stands above a column."""
        return field.title

    def fitted(self, index: int, field: Field, cells: int) -> Span:
        """A cell, exactly so many cells wide."""
        text, style = self.cell(index, field)
        return cut(text, cells, right=field.right, path=field.path), style

    def columns_in(self, width: int) -> dict[Field, int]:
        """The columns that fit into a line, and their widths."""
        return fit(self.FIELDS, width - self.LEAD, self.LEAST)

    def header(self, width: int) -> str:
        """Column titles."""
        columns = self.columns_in(width).items()
        titles = (cut(self.heading(field), cells, right=field.right) for field, cells in columns)
        return cut(" " * self.LEAD + (" " * GAP).join(titles), width)

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """One row."""
        yield from self.lead(index)
        for number, (field, cells) in enumerate(self.columns_in(width).items()):
            yield " " * GAP if number else "", ""
            yield self.fitted(index, field, cells)
