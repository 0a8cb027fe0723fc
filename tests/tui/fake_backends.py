"""Backend that fails, forgets or hangs on request."""

from __future__ import annotations

import threading

from neptun_tui.storage.session_backends import BackendKind, BackendUnavailable, Memory, SessionKey


class FailingBackend(Memory):
    """Better than memory, and not to be relied on."""

    kind = BackendKind.KEYRING
    lasts = "until you sign out"

    def __init__(self) -> None:
        super().__init__()
        self.locked = False
        self.forgetful = False
        self.answers = threading.Event()
        self.answers.set()

    def _answer(self) -> None:
        assert self.answers.wait(20)
        if self.locked:
            raise BackendUnavailable("The OS keyring is locked.", "Unlock it on this machine.")

    def probe(self) -> None:
        self._answer()

    def load(self, session_key: SessionKey) -> str | None:
        self._answer()
        return None if self.forgetful else super().load(session_key)
