"""A bare Textual app: the stock DataTable, as many rows as asked for, and nothing else."""

from __future__ import annotations

import sys

from textual.app import App, ComposeResult
from textual.widgets import DataTable

COLUMNS = ("ID", "Source", "Path or title", "Files", "Size")


class Bare(App[None]):
    """Obvious script for the same task, as a baseline."""

    def compose(self) -> ComposeResult:
        """The table."""
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """Fill it; the rows are as wide as the screen."""
        table = self.query_one(DataTable)
        for title, width in zip(COLUMNS, (6, 12, 34, 6, 7), strict=True):
            table.add_column(title, width=width)
        for row in range(int(sys.argv[1])):
            table.add_row(f"{row}", "text", f"src/module{row:03}/file{row}.py", "", f"{row} B")


if __name__ == "__main__":
    Bare().run()
