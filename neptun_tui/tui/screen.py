"""Base of the screens: responsive layout, and no calls after the screen is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from textual.message_pump import MessagePump
from textual.screen import Screen

REDRAW_SECONDS = 0.5
"""Interval between two drawings of progress: a running bar costs 0.65 kB a second on the line."""


class SafeCallLater(MessagePump):
    """``call_after_refresh`` that does nothing once the screen is gone.

    Textual runs the call on the then current screen, even if this one is gone.
    """

    def call_after_refresh(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """Call something after the next frame, unless this screen is gone by then."""

        def call() -> object:
            return callback(*args, **kwargs) if self.is_running else None

        return super().call_after_refresh(call)


T = TypeVar("T")


class ResponsiveScreen(SafeCallLater, Screen[T]):
    """Screen whose breakpoint classes are set before the first layout.

    Textual sets them with the first resize, after the first frame has been drawn: everything is
    then styled, laid out and sent a second time.
    """

    def on_compose(self) -> None:
        """Set the classes for the current size."""
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
