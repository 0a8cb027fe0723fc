"""Queue of what the terminal sends: each event is handled after the one before it.

A slow link delivers fast typing in one packet. Textual hands all keys of a packet to the widget
that has the focus when they arrive, before the first of them has moved it: ``/data`` would be a
filter key for the list, and then ``d`` for *delete*; and a paste would overtake the tab before it,
and show a password in the field for the e-mail. Here an event is handed on only when everything
that the one before it set off has been handled. Quit and ctrl+c wait for nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from textual import events, messages
from textual.app import App
from textual.dom import DOMNode
from textual.message import Message
from textual.timer import Timer

from neptun_tui.tui.input_parser import (
    LONGEST_PASTE,
    URGENT,
    Focus,
    ModeReport,
    Paste,
    PasteProblem,
    Press,
    Token,
)

ALTERNATE_KEYS: Final = "\x1b[=4;2u"
"""Adds alternate keys to what Textual has asked the terminal to report."""

_SYNCHRONISED_OUTPUT: Final = 2026
_SUPPORTED: Final = (1, 2, 3)

_ROUNDS = 2
"""The first round sees the key through; the second what its action has told other widgets."""

_LONGEST_SECONDS = 0.5
"""After this long the next key goes on, whatever became of the one before: a screen that closes
takes its messages with it."""

_MOST_WAITING = 20_000
"""Events that wait; what comes after them is dropped."""

_MOST_PASTES = 100
"""Pastes that wait; each is handled in milliseconds, and they hold no more than one may."""

_TYPED = (events.Key, events.Paste)
_QUEUED = (*_TYPED, events.Resize, events.AppFocus, events.AppBlur)


class LayoutKey(events.Key):
    """A key of a layout that is not Latin, and the key in its place on one that is."""

    def __init__(self, key: str, character: str | None, base: str) -> None:
        super().__init__(key, character)
        self.base = base


class PasteLost(events.Event):
    """A paste that no field gets."""

    def __init__(self, problem: PasteProblem) -> None:
        super().__init__()
        self.problem = problem


class OrderedKeysApp(App[None]):
    """An app whose keys, pastes, sizes and focus keep their order, however they arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen_keys: Mapping[str, str] = {}
        """Keys of the settings' own choice, by the name of their action."""
        self.key_pressed_at: float | None = None
        """When the key that is being handled was pressed; None while none is."""
        self._waiting: deque[events.Event] = deque()
        self._turn_timer: Timer | None = None
        self._turns = 0

    async def on_event(self, event: events.Event) -> None:
        """Handle an event; one of the terminal's only when the one before it is done."""
        if not isinstance(event, _QUEUED) or event.is_forwarded or not self.screen_stack:
            await super().on_event(event)
        elif isinstance(event, events.Key) and event.key in URGENT:
            # as a terminal's line does when it is interrupted; what it says of itself still holds
            self._waiting = deque(each for each in self._waiting if not isinstance(each, _TYPED))
            await self._overtake(event)
        elif self._turn_timer is not None:
            self._wait(event)
        else:
            await self._hand_on(event)

    async def _overtake(self, key: events.Key) -> None:
        if key.key == "ctrl+q":
            await self.run_action("quit")
        else:
            await super().on_event(key)

    def _wait(self, event: events.Event) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(event, events.Resize) and isinstance(last, events.Resize):
            self._waiting.pop()  # only the last size counts
        if isinstance(event, events.Paste) and not self._has_room_for(event):
            return
        if len(self._waiting) < _MOST_WAITING or isinstance(event, events.Resize):
            self._waiting.append(event)

    def _has_room_for(self, paste: events.Paste) -> bool:
        """Tell whether the pastes that wait, and this one, can be handled and held."""
        lengths = [len(each.text) for each in self._waiting if isinstance(each, events.Paste)]
        return len(lengths) < _MOST_PASTES and sum(lengths) + len(paste.text) <= LONGEST_PASTE

    async def _hand_on(self, event: events.Event) -> None:
        turn = self._turns
        self.key_pressed_at = event.time if isinstance(event, events.Key) else None
        self._turn_timer = self.set_timer(_LONGEST_SECONDS, lambda: self._next_turn(turn))
        chain = tuple((self.focused or self.screen).ancestors_with_self)
        if isinstance(event, LayoutKey):
            event = self._plain_key(event)
        elif isinstance(event, events.Paste) and not self.app_focus:
            self.app_focus = True  # as a key does: not every terminal says that it is back
        await super().on_event(event)
        await self._follow(chain * _ROUNDS, turn)

    def _plain_key(self, key: LayoutKey) -> events.Key:
        """The character for a field, the key in its place for a command."""
        focused = self.focused
        if focused is not None and focused.check_consume_key(key.key, key.character):
            return events.Key(key.key, key.character)
        return events.Key(key.base, None)

    async def _follow(self, nodes: Sequence[DOMNode], turn: int) -> None:
        """Queue up behind the event wherever it may bubble through; then let the next one in."""
        for index, node in enumerate(nodes):
            if node.call_later(self._follow, nodes[index + 1 :], turn):
                return
        await self._next_turn(turn)

    async def _next_turn(self, turn: int) -> None:
        if turn != self._turns or self._turn_timer is None:
            return
        self._turns += 1
        self._turn_timer.stop()
        self._turn_timer = None
        self.key_pressed_at = None
        if self._waiting:
            await self._hand_on(self._waiting.popleft())


def keymap_of(app: App[Any]) -> Mapping[str, str]:
    """The keys that settings have chosen, in an app that has any."""
    return app.chosen_keys if isinstance(app, OrderedKeysApp) else {}


def message_of(token: Token) -> Message | None:
    """Return what Textual and the app call a token, or None for what they have no name for."""
    match token:
        case Press(key, character, None):
            return events.Key(key, character)
        case Press(key, character, str(base)):
            return LayoutKey(key, character, base)
        case Paste(text):
            return events.Paste(text)
        case PasteProblem():
            return PasteLost(token)
        case Focus(gained):
            return events.AppFocus() if gained else events.AppBlur()
        case ModeReport(mode, setting) if mode == _SYNCHRONISED_OUTPUT and setting in _SUPPORTED:
            return messages.TerminalSupportsSynchronizedOutput()
        case _:
            return None
