"""The items of one past deletion, and all that is known of one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from neptun_tui.domain import safe_text
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.services.history import LoadedBackup
from neptun_tui.services.messages import (
    Line,
    import_of,
    item_facts,
    journal_facts,
    ref_label,
    verdict_word,
)
from neptun_tui.storage.journal_format import ItemRecord
from neptun_tui.tui.signs import SIGNS, STYLES
from neptun_tui.tui.widgets.column_list import ColumnList
from neptun_tui.tui.widgets.columns import Field
from neptun_tui.tui.widgets.detail import DetailPane, file_facts, import_facts
from neptun_tui.tui.widgets.virtual_list import Span


class PastItemList(ColumnList):
    """Every item of a run with its verdict, what went otherwise than wanted first."""

    FIELDS = (
        Field("Result", 12, leaves=3),
        Field("Item", 13),
        Field("Path or title", 0, path=True),
        Field("Size", 7, right=True, leaves=2),
        Field("ID now", 8, right=True, leaves=1),
    )
    LEAD = 5

    def __init__(self) -> None:
        super().__init__(id="past-items")
        self.items: Sequence[ItemRecord] = ()
        self.marks: Collection[ResourceRef] = ()
        self._new_ids: Mapping[ResourceRef, int] = {}

    def show(self, items: Sequence[ItemRecord], new_ids: Mapping[ResourceRef, int]) -> None:
        """Draw these items; the cursor stays on its item."""
        here = self.current.key if self.current else None
        self.items, self._new_ids = items, new_ids
        places = {item.key: index for index, item in enumerate(items)}
        self.set_rows(len(items), places.get(here, 0) if here else 0)

    @property
    def current(self) -> ItemRecord | None:
        """The item of the cursor."""
        return self.items[self.cursor] if self.items else None

    def lead(self, index: int) -> Iterable[Span]:
        """A blank, the mark and a blank, the sign and a blank."""
        item = self.items[index]
        yield (" + " if item.key in self.marks else "   "), "mark"
        yield f"{SIGNS[item.verdict]} ", STYLES[item.verdict]

    def fitted(self, index: int, field: Field, cells: int) -> Span:
        """What is marked stands out whole."""
        text, style = super().fitted(index, field, cells)
        return text, "mark" if self.items[index].key in self.marks else style

    def cell(self, index: int, field: Field) -> Span:
        """What is known of one item."""
        item = self.items[index]
        match field.title:
            case "Result":
                return verdict_word(item), STYLES[item.verdict]
            case "Item":
                return ref_label(item.key), "accent"
            case "Path or title":
                return safe_text.clean_name(item.name, 400), ""
            case "Size":
                return safe_text.size(item.size) if item.key.kind is Kind.FILE else "–", "dim"
            case _:
                new_id = self._new_ids.get(item.key)
                return str(new_id) if new_id else "", "good"


class PastItemPane(DetailPane):
    """What became of one item, its run, and the content if the copy holds it."""

    def __init__(self) -> None:
        super().__init__(id="past-detail")
        self.placeholder = ()
        self._drawn: tuple[object, ...] = ()

    def show_item(self, item: ItemRecord, held: LoadedBackup | None, about: Sequence[Line]) -> None:
        """Show an item.

        Args:
            item: what the journal knows of it.
            held: what is left of the run; None while that is being read.
            about: what there is to say of the run itself.
        """
        drawn = (item.key, held, tuple(about))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        found = held.listing.find(item.key) if held and held.listing else None
        facts = item_facts(item, held.new_ids.get(item.key) if held else None)
        facts += self._known(item, found, held)
        lines = safe_text.clean_lines(found.content) if isinstance(found, File) else []
        self._show(ref_label(item.key).capitalize(), [*facts, *about], lines)
        if isinstance(found, File):
            self._colour(lines, found.name)

    @staticmethod
    def _known(
        item: ItemRecord, found: Import | File | None, held: LoadedBackup | None
    ) -> list[Line]:
        if held is None:
            return [*journal_facts(item), ("Content", "reading the copy…")]
        if found is None or held.listing is None:
            return journal_facts(item)
        if isinstance(found, Import):
            return import_facts(found, held.listing)
        facts = file_facts(found, held.listing)
        return [(label, import_of(found) if label == "Import" else text) for label, text in facts]
