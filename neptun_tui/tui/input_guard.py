"""Guard against early keys: a dialog ignores keys of its first 0.4 seconds."""

from __future__ import annotations

import time
from typing import Any

from textual.screen import Screen

from neptun_tui.tui.key_queue import OrderedKeysApp

SETTLE_SECONDS = 0.4
"""Keys pressed before a dialog has stood this long were meant for something else."""


class InputGuard:
    """Counts from when a screen was last drawn anew. A key counts by when it was pressed.

    A key may wait while the loop is busy; what was typed ahead must not confirm by waiting.
    """

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._over_at = float("inf")

    def begin(self) -> None:
        """The screen is another picture now: the clock starts once that has been drawn."""
        self._over_at = float("inf")
        self._screen.call_after_refresh(self._start_clock)

    def _start_clock(self) -> None:
        self._over_at = time.monotonic() + SETTLE_SECONDS

    def disturb(self) -> None:
        """Something was pressed. What comes too early takes what is on its heels along.

        That is a key held down, or a text that a terminal pasted as if it had been typed.
        """
        if not self.over:
            self.begin()

    @property
    def over(self) -> bool:
        """Whether the key that is being handled, or a click now, is meant for the screen."""
        app = self._screen.app
        pressed = app.key_pressed_at if isinstance(app, OrderedKeysApp) else None
        return (time.monotonic() if pressed is None else pressed) >= self._over_at
