"""`call_after_refresh` that does nothing once the screen is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message_pump import MessagePump


class LateCalls(MessagePump):
    """For screens: calls what was put off only while its own widgets are there.

    Textual leaves it to whichever screen is seen by then, even if this one is gone.
    """

    def call_after_refresh(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """Call something after the next frame, unless this screen has gone by then."""

        def call() -> object:
            return callback(*args, **kwargs) if self.is_running else None

        return super().call_after_refresh(call)
