"""What the dialogs have in common: when they listen, and how they fit a small terminal."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget

from neptun_tui.tui.late_calls import LateCalls
from neptun_tui.tui.settling import Settling
from neptun_tui.tui.widgets.bar import KeyBar

_TIGHT_ROWS = 18
"""On fewer rows a dialog does without its empty lines."""

_LEAST_ROWS = 3
"""Rows of what is scrolled, however small the terminal is."""


class Dialog(LateCalls, ModalScreen[ScreenResultType]):
    """A question that nothing answers by accident, and whose buttons are always on the screen.

    Keys count only once it has settled. One :class:`VerticalScroll` in it holds what is read; that
    gives way when there is no room.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settling = Settling(self)

    @property
    def _box(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    @property
    def _rows_around(self) -> int:
        """Rows of the dialog that are not scrolled."""
        raise NotImplementedError

    @property
    def _tight(self) -> bool:
        return self.has_class("-tight")

    def on_mount(self) -> None:
        """Whatever scrolls it, a wheel or a key: the frame says whether more is left to read."""
        self.watch(self._box, "scroll_y", self._scrolled, init=False)

    def _scrolled(self) -> None:
        self.call_after_refresh(self._tell_of_more)

    def on_screen_resume(self) -> None:
        """It is seen, or seen again: what was typed at what stood here does not count."""
        self._settling.begin()

    def on_key(self) -> None:
        """Whatever is pressed too early takes what follows it along."""
        self._settling.disturb()

    def on_resize(self) -> None:
        """Another size is another picture: what was typed ahead of it does not count."""
        self.set_class(self.size.height < _TIGHT_ROWS, "-tight")
        self.call_after_refresh(self._make_room)
        self._settling.begin()

    def _make_room(self) -> None:
        """Leave what is typed and pressed on the screen: what goes is scrolled instead."""
        room = self.size.height - self._rows_around
        self._box.styles.max_height = max(_LEAST_ROWS, room)
        self.call_after_refresh(self._tell_of_more)

    def _tell_of_more(self) -> None:
        """Say in the frame that something below is still to be read, and by which key."""
        box, keys = self._box, self.query_one(KeyBar)
        keys.refresh()
        if isinstance(box.parent, Widget):
            below = box.scroll_y < box.max_scroll_y
            said = Content(f"{keys.written('more')}: more") if below else None
            box.parent.border_subtitle = said

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Scrolling only where there is more."""
        if action.partition("(")[0] == "scroll":
            return self.is_attached and self._box.max_scroll_y > 0
        return True

    def action_scroll(self, pages: int) -> None:
        """Read what a small terminal has no room for."""
        box = self._box
        box.scroll_to(y=box.scroll_y + pages * max(1, box.size.height - 1), animate=False)
