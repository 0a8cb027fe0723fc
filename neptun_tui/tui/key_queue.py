"""Queue of terminal events: each is handled after the one before it.

A slow link delivers fast typing in one packet. Textual hands all keys of a packet to the widget
that has the focus when they arrive, before the first of them has moved it: ``/data`` would be a
filter key for the list, and then ``d`` for *delete*; and a paste would overtake the tab before it,
and show a password in the field for the e-mail. Here an event is handed on only after everything
that the previous one triggered has been handled. Quit and ctrl+c do not wait.
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
"""Sequence that adds alternate keys to the reports Textual asks the terminal for."""

_SYNCHRONISED_OUTPUT: Final = 2026
_SUPPORTED: Final = (1, 2, 3)

_ROUNDS = 2
"""Rounds to wait: one for the key, one for the messages of its action to other widgets."""

_LONGEST_SECONDS = 0.5
"""Time after which the next key is handled anyway: a screen that closes drops its messages."""

_MOST_WAITING = 20_000
"""Maximum number of waiting events; later ones are dropped."""

_MOST_PASTES = 100
"""Maximum number of waiting pastes, together no longer than one may be."""

_TYPED = (events.Key, events.Paste)
_QUEUED = (*_TYPED, events.Resize, events.AppFocus, events.AppBlur)


class LayoutKey(events.Key):
    """Key of a non-Latin layout, and the key in its position on a Latin one."""

    def __init__(self, key: str, character: str | None, base: str) -> None:
        super().__init__(key, character)
        self.base = base


class PasteLost(events.Event):
    """Paste that reaches no field."""

    def __init__(self, problem: PasteProblem) -> None:
        super().__init__()
        self.problem = problem


class OrderedKeysApp(App[None]):
    """App that handles keys, pastes, sizes and focus in order."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen_keys: Mapping[str, str] = {}
        """Keys chosen in the settings, by the name of their action."""
        self.key_pressed_at: float | None = None
        """Time of the current key press; None while none is handled."""
        self.pasted_at = float("-inf")
        """Time of the last paste. Keys soon after it may be its rest: tmux's ``paste-buffer -p``
        passes on an end mark that the text itself holds."""
        self._waiting: deque[events.Event] = deque()
        self._turn_timer: Timer | None = None
        self._turns = 0

    async def on_event(self, event: events.Event) -> None:
        """Handle an event; a terminal event only after the one before it."""
        if isinstance(event, events.Paste | PasteLost):
            self.pasted_at = event.time
            if isinstance(event, events.Paste) and not event.text:
                return
        if not isinstance(event, _QUEUED) or event.is_forwarded or not self.screen_stack:
            await super().on_event(event)
        elif isinstance(event, events.Key) and event.key in URGENT:
            # Discard type-ahead, as a TTY does on an interrupt; reports of the terminal stay valid.
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
        """Tell whether this paste fits into the queue."""
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
            self.app_focus = True  # as for a key: not every terminal reports the focus
        await super().on_event(event)
        await self._follow(chain * _ROUNDS, turn)

    def _plain_key(self, key: LayoutKey) -> events.Key:
        """Return the character for a field, the Latin key for a command."""
        focused = self.focused
        if focused is not None and focused.check_consume_key(key.key, key.character):
            return events.Key(key.key, key.character)
        return events.Key(key.base, None)

    async def _follow(self, nodes: Sequence[DOMNode], turn: int) -> None:
        """Wait behind the event at every node it may bubble to; then start the next turn."""
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
    """Return the keys chosen in the settings, if the app has any."""
    return app.chosen_keys if isinstance(app, OrderedKeysApp) else {}


def message_of(token: Token) -> Message | None:
    """Return the Textual or app message for a token; None when there is none."""
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
