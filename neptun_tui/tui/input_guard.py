"""Guard against early keys: a dialog ignores keys of its first 0.4 seconds."""

from __future__ import annotations

import time
from typing import Any

from textual.screen import Screen

from neptun_tui.tui.key_queue import OrderedKeysApp

SETTLE_SECONDS = 0.4
"""Delay during which a dialog ignores keys: they were meant for something else."""


class InputGuard:
    """Delay since a screen was last redrawn, compared with the time a key was pressed.

    A key may wait while the loop is busy; type-ahead must not confirm by waiting.
    """

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._over_at = float("inf")

    def begin(self) -> None:
        """Restart the delay; it starts once the screen has been drawn."""
        self._over_at = float("inf")
        self._screen.call_after_refresh(self._start_clock)

    def _start_clock(self) -> None:
        self._over_at = time.monotonic() + SETTLE_SECONDS

    def disturb(self) -> None:
        """Restart the delay after an early key, so that auto-repeat and paste cannot confirm.

        A terminal may send pasted text as if it had been typed.
        """
        if not self.over:
            self.begin()

    @property
    def over(self) -> bool:
        """Tell whether the current key or click was made after the delay, and not by a paste."""
        app = self._screen.app
        pressed, pasted = None, float("-inf")
        if isinstance(app, OrderedKeysApp):
            pressed, pasted = app.key_pressed_at, app.pasted_at
        over_at = max(self._over_at, pasted + SETTLE_SECONDS)
        return (time.monotonic() if pressed is None else pressed) >= over_at
