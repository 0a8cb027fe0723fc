"""Table with aligned columns, cut to the width of the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence

from rich.cells import cell_len, set_cell_size

_GAP = "  "
_NARROWEST = 6
"""Cells that a column keeps, however narrow the terminal is."""

_READABLE = 14
"""Width of a name below which dates are cut, too."""


def aligned(
    table: Sequence[Sequence[str]],
    right: Collection[int],
    whole: Collection[int],
    fixed: Collection[int],
    optional: Sequence[int] = (),
) -> Iterator[str]:
    """Return the lines of a table, none wider than the terminal where possible.

    Args:
        table: rows of clean cells, the same number in each.
        right: the indices of the right-aligned columns.
        whole: the indices of the columns that are cut last, such as dates.
        fixed: the indices of the columns that are never cut.
        optional: the indices of the columns that are left out, one by one, until the columns that
            must not be cut fit and the others are readable.
    """
    wanted = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    total = shutil.get_terminal_size().columns
    shown = list(range(len(wanted)))
    for index in optional:
        if _least(wanted, shown, {*fixed, *whole}) <= total:
            break
        shown.remove(index)
    widths = _fitting(wanted, shown, fixed, whole, total)
    for row in table:
        cells = (_cell(row[index], widths[index], flush_right=index in right) for index in shown)
        yield _GAP.join(cells).rstrip()


def _least(wanted: Sequence[int], shown: Sequence[int], uncut: Collection[int]) -> int:
    """Return the number of cells these columns need to be readable."""
    cells = (wanted[i] if i in uncut else min(wanted[i], _READABLE) for i in shown)
    return sum(cells) + len(_GAP) * (len(shown) - 1)


def _fitting(
    wanted: Sequence[int],
    shown: Sequence[int],
    fixed: Collection[int],
    whole: Collection[int],
    total: int,
) -> list[int]:
    """Narrow the widest column repeatedly until the table fits."""
    widths = list(wanted)
    excess = sum(widths[i] for i in shown) + len(_GAP) * (len(shown) - 1) - total
    while excess > 0:
        cuttable = [i for i in shown if i not in fixed and widths[i] > _NARROWEST]
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
