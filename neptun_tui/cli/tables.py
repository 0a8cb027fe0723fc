"""Tables on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from neptun_tui.domain import display


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()
) -> None:
    """Print a table: aligned under a head on a terminal, tab-separated without one elsewhere.

    Args:
        head: the names of the columns.
        rows: the cells, as the server sent them: they are made safe here.
        right: the indices of the columns that stand flush right.
    """
    cleaned = [[display.clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in cleaned:
            print("\t".join(row))
        return
    flush_right = set(right)
    table = [list(head), *cleaned]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(head))]
    for row in table:
        cells = [
            _padded(cell, width, right=index in flush_right)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _padded(cell: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if right else cell + blanks
