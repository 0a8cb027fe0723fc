"""Detail screen of one past deletion: items, results, and the backup."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from neptun_tui.domain import safe_text
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.services.history import LoadedBackup, items_of, load_backup, toggle_with_children
from neptun_tui.services.messages import (
    Line,
    import_of,
    item_facts,
    journal_facts,
    ref_label,
    run_facts,
    run_result,
    verdict_word,
)
from neptun_tui.services.restore_models import Item, key
from neptun_tui.services.run_store import RunSummary
from neptun_tui.storage.journal import ItemRecord
from neptun_tui.tui.bindings import KeyContext, bindings
from neptun_tui.tui.flows.restore import RestoreFlow
from neptun_tui.tui.icons import SIGNS, STYLES
from neptun_tui.tui.screens.header import HeaderScreen
from neptun_tui.tui.screens.resources_pane import DETAIL_SECONDS
from neptun_tui.tui.widgets.bars import KeyBar, MessageLine, StatusBar
from neptun_tui.tui.widgets.detail import DetailPane, file_facts, import_facts
from neptun_tui.tui.widgets.export_prompt import ExportPrompt
from neptun_tui.tui.widgets.header import WIDE, Pieces
from neptun_tui.tui.widgets.layout import Field
from neptun_tui.tui.widgets.table import ColumnList, Span, VirtualList

Half = Literal["items", "detail"]


class HistoryDetailScreen(HeaderScreen[None]):
    """Items above their details where there is room, else one of the two."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        KeyContext.HISTORY, KeyContext.PAST_RUN, KeyContext.JOB
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - so declared
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012 - so declared

    places = (KeyContext.LIST, KeyContext.HISTORY, KeyContext.PAST_RUN, KeyContext.JOB)

    def __init__(
        self,
        flow: RestoreFlow,
        past: RunSummary,
        heading: Callable[[], Pieces],
        unreadable: Collection[str] = (),
    ) -> None:
        """Prepare the screen.

        Args:
            flow: the flow that restores the run or removes its backup.
            past: the run.
            heading: returns the header's content.
            unreadable: IDs of the runs whose backup exists but is unreadable.
        """
        super().__init__(flow.account_session, heading)
        self._flow = flow
        self._past = past
        self._ending = run_result(past.record)
        self._unreadable = unreadable
        self._held: LoadedBackup | None = None
        self._marks: set[ResourceRef] = set()
        self._resting: Timer | None = None
        self._half: Half = "items"

    def compose(self) -> ComposeResult:
        """Compose the title, errors of the backup, the items, one in detail, and the footer."""
        yield StatusBar(id="title")
        yield StatusBar(id="past-crumb")
        yield MessageLine(2, id="past-problem")
        yield PastItemList()
        yield PastItemPane()
        yield MessageLine(2, id="past-why")
        yield ExportPrompt(*self.places)
        yield KeyBar(*self.places, id="keys")

    def on_mount(self) -> None:
        """Show the journal's data; the backup is read meanwhile."""
        self._go("items")
        self._draw()

    def on_screen_resume(self) -> None:
        """Read the run again: items may have been restored."""
        self._read()

    @property
    def _items(self) -> PastItemList:
        return self.query_one(PastItemList)

    @property
    def _detail(self) -> PastItemPane:
        return self.query_one(PastItemPane)

    @work(exclusive=True, group="backup")
    async def _read(self) -> None:
        if self._flow.records:
            held = await load_backup(self._flow.records, self._past, self._held)
            if held != self._held:
                self._held = held
                self._draw()

    def _draw(self) -> None:
        held = self._held or LoadedBackup()
        self._items.say("This run has no items.")
        self._items.show(items_of(self._past.record, held.backup), held.new_ids)
        self.query_one("#past-problem", MessageLine).say(self._problem(held))
        self._show_marks()
        self._show_detail()

    def _problem(self, held: LoadedBackup) -> str:
        said = [safe_text.clean(held.problem)] if held.problem else []
        if held.backup and held.backup.damaged:
            said.append(
                f"{safe_text.count(held.backup.damaged, 'item')} of the backup cannot be read."
            )
        if self._past.backup and (refusal := self._flow.refusal(self._past)):
            said.append(refusal)
        return " ".join(said)

    def _show_marks(self) -> None:
        run = self._past.record
        name = safe_text.clean_name(run.project.name, 60)
        left = [(" History ›", "dim"), (f" {name}", "strong"), (f"  {self._ending}", "dim")]
        right = [(f"  {len(self._marks):,} marked ", "alert")] if self._marks else []
        self.query_one("#past-crumb", StatusBar).set(left, right)
        self._items.marks = self._marks
        self._items.refresh()
        self.query_one(KeyBar).refresh()

    # Panes -----------------------------------------------------------------------------------

    def _go(self, half: Half) -> None:
        self._half = half
        self.set_class(half == "detail", "at-detail")
        self.set_focus(self._items if half == "items" else self._detail)
        self.query_one(KeyBar).refresh()

    def on_descendant_focus(self) -> None:
        """Change the pane on a click, too, and close the prompt."""
        prompt = self.query_one(ExportPrompt)
        prompt.leave()
        if prompt.asking:
            return
        half: Half = "detail" if self.focused is self._detail else "items"
        if half != self._half:
            self._go(half)

    def on_resize(self) -> None:
        """Show the details if the new size has room for them."""
        self.call_after_refresh(self._show_detail)

    @on(VirtualList.Moved, "#past-items")
    def _moved(self) -> None:
        item = self._items.current
        if item:
            reason = f" {safe_text.clean(item.reason)}" if item.reason else ""
            said = f"{ref_label(item.key)}: {verdict_word(item)}.{reason}"
            self.query_one("#past-why", MessageLine).say(
                f"{said} {safe_text.clean_name(item.name, 60)}"
            )
        if self._resting:
            self._resting.stop()
        self._resting = self.set_timer(DETAIL_SECONDS, self._show_detail)

    def _show_detail(self) -> None:
        item = self._items.current
        if item and self._detail.display:
            about = run_facts(self._past, self._unreadable)
            self._detail.show_item(item, self._held, about)

    @on(VirtualList.Opened, "#past-items")
    def action_next_pane(self) -> None:
        """Go to the details, or back to the items."""
        self._go("detail" if self._half == "items" else "items")
        self._show_detail()

    def action_back(self) -> None:
        """Go back to the items, or to the history."""
        if self._half == "detail":
            self._go("items")
        else:
            self.dismiss(None)

    # Keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable marking, restoring and removing where there is a backup."""
        match action:
            case "mark" | "mark_all":
                return self._held is not None and self._held.backup is not None
            case "restore" | "export":
                return self._past.backup is not None
            case "remove_backup":
                return self._is_there
            case "last_restore":
                return self._flow.last is not None
            case "open":
                return self._half == "items"
            case "reload":
                return False
            case _:
                return super().check_action(action, parameters)

    @property
    def _is_there(self) -> bool:
        """Tell whether there is a backup, readable or not."""
        return self._past.backup is not None or self._past.record.run_id in self._unreadable

    def action_mark(self) -> None:
        """Toggle the mark of the current item, and go to the next."""
        item = self._items.current
        listing = self._held.listing if self._held else None
        if item is None or listing is None:
            return
        if listing.find(item.key) is None:
            self.notify("The backup does not contain it.", severity="warning", markup=False)
            return
        self._marks = toggle_with_children(self._marks, item.key, listing)
        self._show_marks()
        self._items.move_to(self._items.cursor + 1)

    def action_mark_all(self) -> None:
        """Mark everything in the backup, or unmark it."""
        if self._held and (backup := self._held.backup):
            items: tuple[Item, ...] = (*backup.imports, *backup.files)
            every = {key(item) for item in items}
            self._marks = set() if every <= self._marks else every
            self._show_marks()

    @work(exclusive=True, group="way-back")
    async def action_restore(self) -> None:
        """Restore the marked items, or the whole backup, after confirmation."""
        if await self._flow.restore(self._past, frozenset(self._marks) or None):
            self._marks = set()
            self._show_marks()

    @work(exclusive=True, group="way-back")
    async def action_remove_backup(self) -> None:
        """Remove the backup, after confirmation."""
        if self._is_there and await self._flow.remove(self._past):
            self._past = replace(self._past, backup=None)
            self._unreadable, self._marks, self._held = (), set(), LoadedBackup()
            self._draw()

    def action_export(self) -> None:
        """Ask for a folder, and write the backup's contents to it."""
        past, records = self._past, self._flow.records
        if past.backup and records:
            self.query_one(ExportPrompt).ask_for(records, past.record.run_id)

    @work(exclusive=True, group="way-back")
    async def action_last_restore(self) -> None:
        """Show the running restore, or the last one."""
        await self._flow.watch()


class PastItemList(ColumnList):
    """List of every item of a run with its result, unwanted results first."""

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
        """Show these items; the cursor stays on its item."""
        here = self.current.key if self.current else None
        self.items, self._new_ids = items, new_ids
        places = {item.key: index for index, item in enumerate(items)}
        self.set_rows(len(items), places.get(here, 0) if here else 0)

    @property
    def current(self) -> ItemRecord | None:
        """Item under the cursor."""
        return self.items[self.cursor] if self.items else None

    def lead(self, index: int) -> Iterable[Span]:
        """Return a blank, the mark and a blank, the sign and a blank."""
        item = self.items[index]
        yield (" + " if item.key in self.marks else "   "), "mark"
        yield f"{SIGNS[item.verdict]} ", STYLES[item.verdict]

    def fitted(self, index: int, field: Field, cells: int) -> Span:
        """Return a cell; a marked row is styled whole."""
        text, style = super().fitted(index, field, cells)
        return text, "mark" if self.items[index].key in self.marks else style

    def cell(self, index: int, field: Field) -> Span:
        """Return a cell of one item."""
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
    """Result of one item, its run, and its content if the backup holds it."""

    def __init__(self) -> None:
        super().__init__(id="past-detail")
        self.placeholder = ()
        self._drawn: tuple[object, ...] = ()

    def show_item(self, item: ItemRecord, held: LoadedBackup | None, about: Sequence[Line]) -> None:
        """Show an item.

        Args:
            item: its record in the journal.
            held: the backup of the run; None while it is being read.
            about: the facts about the run itself.
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
            return [*journal_facts(item), ("Content", "reading the backup…")]
        if found is None or held.listing is None:
            return journal_facts(item)
        if isinstance(found, Import):
            return import_facts(found, held.listing)
        facts = file_facts(found, held.listing)
        return [(label, import_of(found) if label == "Import" else text) for label, text in facts]
