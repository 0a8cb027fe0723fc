"""Everything known of one project, import or file, and a file's content below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.cells import chop_cells

from neptun_tui.domain import display
from neptun_tui.domain.listing import Listing, Orphans, Row
from neptun_tui.domain.resources import File, Import, Project
from neptun_tui.tui.widgets.virtual_list import Span, VirtualList

Fact = tuple[str, str]
"""A label and a text, both safe for a terminal."""

_LABEL = 12


class DetailPane(VirtualList):
    """Facts and content, wrapped to the width there is. Its cursor only marks where one reads."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._facts: Sequence[Fact] = ()
        self._content: list[str] = []
        self._lines: list[tuple[Span, ...]] = []
        self._width = 0
        self._title = ""
        self.placeholder = ("  Nothing is chosen.",)

    def show(self, title: str, facts: Iterable[Fact], content: str | None = None) -> None:
        """Show one thing from its beginning.

        Args:
            title: what it is, safe for a terminal.
            facts: what is known of it; facts without a text are left out.
            content: what the server sent as its content, if it has one.
        """
        self._title = title
        self._facts = [fact for fact in facts if fact[1]]
        self._content = display.clean_lines(content) if content is not None else []
        self._wrap()
        self.scroll_to(y=0, animate=False)

    def show_project(self, project: Project) -> None:
        """Show what is known of a project."""
        self.show(f"Project {project.id}", project_facts(project))

    def show_row(self, row: Row, listing: Listing) -> None:
        """Show what is known of an import, a file or the heading above the orphans."""
        match row:
            case Import():
                self.show(f"Import {row.id}", import_facts(row, listing))
            case File():
                self.show(f"File {row.id}", file_facts(row, listing), row.content)
            case Orphans():
                self.show(row.value, heading_facts(listing))

    def clear(self, *why: str) -> None:
        """Show nothing, and say why."""
        self.placeholder = why
        self._facts, self._content = (), []
        self._wrap()

    def on_resize(self) -> None:
        """Wrap again for another width."""
        if self.size.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        self._width = self.size.width
        self._lines = list(self._fact_lines())
        if self._content:
            self._lines.append((("", ""),))
            self._lines += self._content_lines()
        self.set_rows(len(self._lines), 0)

    def _fact_lines(self) -> Iterator[tuple[Span, ...]]:
        room = max(10, self.size.width - _LABEL - 3)
        for label, text in self._facts:
            for number, piece in enumerate(chop_cells(text, room) or [""]):
                yield ((f" {label if not number else '':<{_LABEL}}", "dim"), (piece, ""))

    def _content_lines(self) -> Iterator[tuple[Span, ...]]:
        gutter = len(str(len(self._content))) + 1
        room = max(10, self.size.width - gutter - 3)
        for number, line in enumerate(self._content, 1):
            for part, piece in enumerate(chop_cells(line, room) if line else [""]):
                label = str(number) if not part else ""
                yield ((f"{label:>{gutter}} ", "dim"), (piece, ""))

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
        """What it is; the bar before it says where the keys go."""
        return f"{'▌' if self.has_focus else ' '}{self._title}"[:width]

    def spans(self, index: int, width: int) -> Iterable[Span]:
        """One line."""
        return self._lines[index]

    def on_focus(self) -> None:
        """The title line shows the focus."""
        self.refresh(self.size.region.grow((0, 0, 0, 0)))


def project_facts(project: Project) -> list[Fact]:
    """What is known of a project."""
    return [
        ("Name", display.clean_name(project.name)),
        ("Description", display.clean(project.description or "")),
        ("Kind", display.clean(project.type or "")),
        ("Language", display.clean(project.main_language or "")),
        ("Created", display.date(project.created_at)),
        ("Updated", display.date(project.updated_at)),
    ]


def import_facts(item: Import, listing: Listing) -> list[Fact]:
    """What is known of an import."""
    files = display.count(listing.count_below(item), "file")
    return [
        ("Source", display.clean(item.source_label)),
        ("Path", display.clean_name(item.source_path)),
        ("Ref", display.clean(item.source_ref or "")),
        ("State", display.clean(item.status or "")),
        ("Error", display.clean(item.error_message or "")),
        ("Title", display.clean(item.title or "")),
        ("Description", display.clean(item.description or "")),
        ("Files", f"{files}, {display.size(listing.sizes[item.id])}"),
        ("Created", display.date(item.created_at)),
        ("Updated", display.date(item.updated_at)),
    ]


def file_facts(file: File, listing: Listing) -> list[Fact]:
    """What is known of a file, its content aside."""
    parent = listing.parent_of(file)
    if parent is None and file.import_id is not None:
        belongs = f"{file.import_id} (not visible in this project)"
    else:
        belongs = str(parent) if parent is not None else "none"
    kinds = (file.file_type, file.category, file.language)
    return [
        ("Title", display.clean_name(file.title)),
        ("Path", display.clean(file.original_path)),
        ("Type", " · ".join(display.clean(kind) for kind in kinds if kind)),
        ("Size", f"{display.size(file.size)}"),
        ("Import", belongs),
        ("PDF", display.clean(file.pdf_url or "")),
        ("Metadata", _json(file.metadata)),
        ("Created", display.date(file.created_at)),
        ("Updated", display.date(file.updated_at)),
    ]


def heading_facts(listing: Listing) -> list[Fact]:
    """What the heading above the orphans means."""
    count = display.count(listing.count_below(Orphans.HEADING), "file")
    return [
        ("Files", f"{count}, {display.size(listing.sizes.get(None, 0))}"),
        ("Why", "They belong to an import of another project or of another user, or to none."),
    ]


def _json(value: object) -> str:
    return display.clean(msgspec.json.encode(value).decode(errors="replace")) if value else ""
