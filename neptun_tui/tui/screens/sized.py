"""Screens that look otherwise in small terminals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from textual.screen import Screen

from neptun_tui.tui.late_calls import LateCalls

T = TypeVar("T")


class SizedScreen(LateCalls, Screen[T]):
    """Has the classes of its breakpoints before anything is laid out.

    Textual sets them with the first resize, when the first frame has been drawn: everything is
    then styled, laid out and sent a second time.
    """

    def on_compose(self) -> None:
        """Look at the size there is."""
        width, height = self.app.size
        self.update_classes(
            {
                name: name == _reached(points, cells)
                for points, cells in (
                    (self.HORIZONTAL_BREAKPOINTS or [], width),
                    (self.VERTICAL_BREAKPOINTS or [], height),
                )
                for _, name in points
            },
            update=False,
        )


def _reached(points: Iterable[tuple[int, str]], cells: int) -> str:
    return max((each for each in points if each[0] <= cells), default=(0, ""))[1]
