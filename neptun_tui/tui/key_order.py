"""Keys that arrive together are handled one after the other.

A slow link delivers fast typing in one packet. Textual hands all keys of a packet to the widget
that has the focus when they arrive, before the first of them has moved it: ``/data`` would be a
filter key for the list, and then ``d`` for *delete*. Here a key is handed on only when everything
that the key before it set off has been handled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.timer import Timer

_ROUNDS = 2
"""The first round sees the key through; the second what its action has told other widgets."""

_LONGEST_SECONDS = 0.5
"""After this long the next key goes on, whatever became of the one before: a screen that closes
takes its messages with it."""


class OrderedKeysApp(App[None]):
    """An app whose keys keep their order, however they arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen_keys: Mapping[str, str] = {}
        """Keys of the settings' own choice, by the name of their action."""
        self.key_pressed_at: float | None = None
        """When the key that is being handled was pressed; None while none is."""
        self._waiting_keys: deque[events.Key] = deque()
        self._key_timer: Timer | None = None
        self._keys_done = 0

    async def on_event(self, event: events.Event) -> None:
        """Handle an event; a key only when the one before it is done."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_timer is not None:
            self._waiting_keys.append(event)
        else:
            await self._hand_on(event)

    async def _hand_on(self, key: events.Key) -> None:
        done = self._keys_done
        self.key_pressed_at = key.time
        self._key_timer = self.set_timer(_LONGEST_SECONDS, lambda: self._next_key(done))
        chain = tuple((self.focused or self.screen).ancestors_with_self)
        await super().on_event(key)
        await self._follow(chain * _ROUNDS, done)

    async def _follow(self, nodes: Sequence[DOMNode], done: int) -> None:
        """Queue up behind the key wherever it may bubble through; then let the next one in."""
        for index, node in enumerate(nodes):
            if node.call_later(self._follow, nodes[index + 1 :], done):
                return
        await self._next_key(done)

    async def _next_key(self, done: int) -> None:
        if done != self._keys_done or self._key_timer is None:
            return
        self._keys_done += 1
        self._key_timer.stop()
        self._key_timer = None
        self.key_pressed_at = None
        if self._waiting_keys:
            await self._hand_on(self._waiting_keys.popleft())


def keymap_of(app: App[Any]) -> Mapping[str, str]:
    """The keys that settings have chosen, in an app that has any."""
    return app.chosen_keys if isinstance(app, OrderedKeysApp) else {}
