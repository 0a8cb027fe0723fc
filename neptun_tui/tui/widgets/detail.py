"""Detail of one project, import or file, with a file's content below."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.cells import cell_len, chop_cells
from textual import work

from neptun_tui.domain import safe_text
from neptun_tui.domain.listing import Listing, Orphans, Row
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.services.messages import Line
from neptun_tui.tui.widgets.highlight import can_highlight, highlight_apart
from neptun_tui.tui.widgets.layout import truncate
from neptun_tui.tui.widgets.property_list import fact_lines
from neptun_tui.tui.widgets.table import Span, VirtualList

_REST_SECONDS = 0.15
"""Time the cursor must rest before a process for colours is started."""


class DetailPane(VirtualList):
    """Facts and content, wrapped to the width. Without a cursor: keys scroll."""

    has_cursor = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._facts: Sequence[Line] = ()
        self._content: list[list[Span]] = []
        self._lines: list[tuple[Span, ...]] = []
        self._width = 0
        self._title = ""
        self._shown: Project | Row | None = None
        self.placeholder = ("Nothing is chosen.",)

    def show_project(self, project: Project) -> None:
        """Show the details of a project."""
        self._shown = project
        self._show(f"Project {project.id}", project_facts(project))

    def show_row(self, row: Row, listing: Listing) -> None:
        """Show the details of an import, a file or the heading above the orphans.

        The row already shown is left as it is, with its scroll position.
        """
        if row is self._shown and not isinstance(row, Orphans):
            return
        self._shown = row
        match row:
            case Import():
                self._show(f"Import {row.id}", import_facts(row, listing))
            case File():
                lines = safe_text.clean_lines(row.content)
                self._show(f"File {row.id}", file_facts(row, listing), lines)
                if can_highlight(lines, row.name):
                    self._colour(lines, row.name)
            case Orphans():
                self._show(row.value, heading_facts(listing))

    def _show(self, title: str, facts: Iterable[Line], lines: Sequence[str] = ()) -> None:
        self.workers.cancel_node(self)
        if title != self._title:
            self.scroll_to(y=0, animate=False)
        self._title = title
        self._facts = [fact for fact in facts if fact[1]]
        self._content = [[(line, "")] for line in lines]
        self._wrap()

    @work(exclusive=True)
    async def _colour(self, lines: list[str], name: str) -> None:
        """Colour the content once the cursor has rested on it."""
        await asyncio.sleep(_REST_SECONDS)
        if (coloured := await highlight_apart(lines, name)) is not None:
            self._content = coloured
            self._wrap()

    def on_resize(self) -> None:
        """Wrap again for another width."""
        if self.size.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        self._width = self.size.width
        if not self._width:  # not laid out yet: the first frame would show a guess
            self.set_rows(0, 0)
            return
        self._lines = list(self._fact_lines())
        if self._content:
            self._lines.append((("", ""),))
            self._lines += self._content_lines()
        self.set_rows(len(self._lines), 0, round(self.scroll_y))

    def _fact_lines(self) -> Iterator[tuple[Span, ...]]:
        for label, text in fact_lines(self._facts, self._width - 3):
            yield (" ", ""), label, text

    def _content_lines(self) -> Iterator[tuple[Span, ...]]:
        gutter = len(str(len(self._content))) + 1
        room = max(10, self._width - gutter - 3)
        for number, line in enumerate(self._content, 1):
            for part, pieces in enumerate(wrap_spans(line, room)):
                label = str(number) if not part else ""
                yield ((f"{label:>{gutter}} ", "dim"), *pieces)

    def action_move(self, rows: int) -> None:
        """Scroll instead of moving a cursor."""
        self.scroll_to(y=self.scroll_y + rows * max(1, self._page // 2), animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        self.scroll_to(y=self.scroll_y + pages * self._page, animate=False)

    def action_jump(self, end: str) -> None:
        """Scroll to one end."""
        self.scroll_to(y=0 if end == "top" else len(self._lines), animate=False)

    def header(self, width: int) -> str:
        """Return the title of the pane."""
        return truncate(f" {self._title}", width)

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """Return one line."""
        return self._lines[index]


def wrap_spans(line: Iterable[Span], cells: int) -> list[list[Span]]:
    """Break one line of pieces wherever the cells end."""
    lines: list[list[Span]] = [[]]
    room = cells
    for text, style in line:
        rest = text
        while cell_len(rest) > room:
            head = chop_cells(rest, room)[0] if room else ""
            if cell_len(head) > room:  # a wide character where one cell is left
                head = ""
            lines[-1].append((head, style))
            lines.append([])
            rest, room = rest[len(head) :], cells
        lines[-1].append((rest, style))
        room -= cell_len(rest)
    return lines


def project_facts(project: Project) -> list[Line]:
    """Return the facts about a project."""
    return [
        ("Name", safe_text.clean_name(project.name)),
        ("Description", safe_text.clean(project.description or "")),
        ("Kind", safe_text.clean(project.type or "")),
        ("Language", safe_text.clean(project.main_language or "")),
        ("Created", safe_text.date(project.created_at)),
        ("Updated", safe_text.date(project.updated_at)),
    ]


def import_facts(item: Import, listing: Listing) -> list[Line]:
    """Return the facts about an import."""
    files = f"{safe_text.count(listing.count_below(item), 'file')}, "
    files += safe_text.size(listing.sizes[item.id])
    if listing.missing is Kind.FILE:
        files = "unknown: they could not be loaded"
    return [
        ("Source", safe_text.clean(item.source_label)),
        ("Path", safe_text.clean_name(item.source_path)),
        ("Ref", safe_text.clean(item.source_ref or "")),
        ("State", safe_text.clean(item.status or "")),
        ("Error", safe_text.clean(item.error_message or "")),
        ("Title", safe_text.clean(item.title or "")),
        ("Description", safe_text.clean(item.description or "")),
        ("Files", files),
        ("Created", safe_text.date(item.created_at)),
        ("Updated", safe_text.date(item.updated_at)),
    ]


def file_facts(file: File, listing: Listing) -> list[Line]:
    """Return the facts about a file, without its content."""
    parent = listing.parent_of(file)
    if parent is None and file.import_id is not None:
        belongs = f"{file.import_id} (not visible in this project)"
    else:
        belongs = str(parent) if parent is not None else "none"
    kinds = (file.file_type, file.category, file.language)
    return [
        ("Title", safe_text.clean_name(file.title)),
        ("Path", safe_text.clean(file.original_path)),
        ("Type", " · ".join(safe_text.clean(kind) for kind in kinds if kind)),
        ("Size", f"{safe_text.size(file.size)}"),
        ("Import", belongs),
        ("PDF", safe_text.clean(file.pdf_url or "")),
        ("Metadata", _json(file.metadata)),
        ("Created", safe_text.date(file.created_at)),
        ("Updated", safe_text.date(file.updated_at)),
    ]


def heading_facts(listing: Listing) -> list[Line]:
    """Return the facts about the heading above the orphans."""
    count = safe_text.count(listing.count_below(Orphans.HEADING), "file")
    return [
        ("Files", f"{count}, {safe_text.size(listing.sizes.get(None, 0))}"),
        ("Why", "Their import is missing or not visible to you."),
    ]


def _json(value: object) -> str:
    """Return JSON on one line, unless it is nested too deeply or holds a lone surrogate."""
    try:
        return safe_text.clean(msgspec.json.encode(value).decode(errors="replace")) if value else ""
    except (RecursionError, UnicodeEncodeError):
        return "cannot be shown"
