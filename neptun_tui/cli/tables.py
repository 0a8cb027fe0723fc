"""Tables on standard output: aligned on a terminal, tab-separated elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neptun_tui.cli.output import on_terminal, print_line
from neptun_tui.domain import safe_text


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[int] = (),
    whole: Iterable[int] = (),
    fixed: Iterable[int] = (),
    optional: Sequence[int] = (),
) -> None:
    """Print a table: aligned under a head on a terminal, tab-separated without one elsewhere.

    Args:
        head: the names of the columns.
        rows: the cells, as the server sent them; they are made safe here.
        right: the indices of the right-aligned columns, which are never cut.
        whole: the indices of the left-aligned ones that are cut last, such as dates.
        fixed: the indices of the left-aligned ones that are never cut, such as IDs to type again.
        optional: the indices of those that a narrow terminal omits, in that order.
    """
    cleaned = ([safe_text.clean(cell) for cell in row] for row in rows)
    if not on_terminal():
        for row in cleaned:
            print_line("\t".join(row))
        return
    from neptun_tui.cli.aligned import aligned  # measures cells, not needed without a terminal

    flush_right = frozenset(right)
    never_cut = flush_right | frozenset(fixed)
    table = [list(head), *cleaned]
    for line in aligned(table, flush_right, frozenset(whole), never_cut, optional):
        print_line(line)
