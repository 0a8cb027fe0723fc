"""A table as people read it: columns of equal width, in the width of the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence

from rich.cells import cell_len, set_cell_size

_GAP = "  "
_NARROWEST = 6
"""Cells that are left of a column, however narrow the terminal is."""

_READABLE = 14
"""Cells of a name below which a date is cut, too."""


def aligned(
    table: Sequence[Sequence[str]], right: Collection[int], whole: Collection[int] = ()
) -> Iterator[str]:
    """Lines of a table, none wider than the terminal if that can be.

    Args:
        table: rows of clean cells, as many in each.
        right: the indices of the columns that stand flush right; they hold numbers and are not cut.
        whole: the indices of other columns that are cut last, as dates are.
    """
    wanted = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    widths = _fitting(wanted, right, whole, shutil.get_terminal_size().columns)
    for row in table:
        cells = (
            _cell(text, width, flush_right=index in right)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield _GAP.join(cells).rstrip()


def _fitting(
    wanted: Sequence[int], fixed: Collection[int], whole: Collection[int], total: int
) -> list[int]:
    """Take cells from whichever column is the widest until the rest fits."""
    widths = list(wanted)
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - total
    while excess > 0:
        cuttable = [i for i, width in enumerate(widths) if i not in fixed and width > _NARROWEST]
        if not cuttable:
            break
        first = [i for i in cuttable if i not in whole and widths[i] > _READABLE]
        widths[max(first or cuttable, key=widths.__getitem__)] -= 1
        excess -= 1
    return widths


def _cell(text: str, width: int, *, flush_right: bool) -> str:
    used = cell_len(text)
    if used > width:
        return f"{set_cell_size(text, width - 1)}…"
    blanks = " " * (width - used)
    return blanks + text if flush_right else text + blanks
