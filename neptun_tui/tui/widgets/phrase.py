"""The field in which a number is typed to confirm."""

from __future__ import annotations

from collections.abc import Collection

from textual import events

from neptun_tui.tui.settling import Settling
from neptun_tui.tui.widgets.prompt import QuietInput


class PhraseInput(QuietInput):
    """Takes what is typed by hand, once the dialog has settled. Pasted text never confirms."""

    def __init__(self, settling: Settling, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._settling = settling
        self.dialog_keys: Collection[str] = ()
        """Keys that are no part of a number, and mean something to the dialog."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave the dialog its keys."""
        return key not in self.dialog_keys and super().check_consume_key(key, character)

    async def _on_key(self, event: events.Key) -> None:
        if not self._settling.over and event.key != "escape":
            self._settling.disturb()
            event.stop()
            event.prevent_default()
        elif event.key in self.dialog_keys:
            event.prevent_default()
        else:
            await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()

    def action_paste(self) -> None:
        """Nothing: not from the app's own clipboard either."""
