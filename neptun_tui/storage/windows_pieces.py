"""Long values in the Windows Credential Locker, where one credential holds 2,560 bytes of UTF-16.

keyring does not split, and a session of a few KB does not fit: it is kept in pieces, each under a
service name of its own, and a manifest, written last, says how many pieces belong together.
"""

from __future__ import annotations

import json
import os
from typing import Final, Protocol

from neptun_tui.storage.tier import TierUnavailable

PIECE: Final = 1_200
"""Characters in one piece with its mark, at the most; the limit is 1,280 UTF-16 units."""
MOST_PIECES: Final = 64


class Backend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """The value, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a value."""

    def delete_password(self, service: str, username: str) -> None:
        """Delete a value; raises when there is none."""


class InPieces:
    """A backend whose values may be long.

    Each write has a random mark, which stands in the manifest and before every piece: a write that
    broke off half-way reads as nothing, never as a mixture of two values.

    Args:
        backend: one whose values are limited to 1,280 characters.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def get_password(self, service: str, username: str) -> str | None:
        """The value put together again, or None when a piece is missing or of another write."""
        mark, count = self._manifest(service, username)
        pieces = [self._piece(service, username, n, mark) for n in range(1, count + 1)]
        whole = [piece for piece in pieces if piece is not None]
        return "".join(whole) if count and len(whole) == count else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write the pieces, then the manifest, then drop the pieces an older value had more."""
        mark = os.urandom(4).hex()
        room = PIECE - len(mark)
        pieces = [password[at : at + room] for at in range(0, len(password), room)]
        if len(pieces) > MOST_PIECES:
            raise TierUnavailable("The session is too long for the OS keyring.")
        for number, piece in enumerate(pieces, 1):
            self._backend.set_password(f"{service}#{number}", username, mark + piece)
        manifest = json.dumps({"v": 1, "mark": mark, "pieces": len(pieces)})
        self._backend.set_password(service, username, manifest)
        self._drop_from(len(pieces) + 1, service, username)

    def delete_password(self, service: str, username: str) -> None:
        """Delete the manifest first, then every piece."""
        self._drop(service, username)
        self._drop_from(1, service, username)

    def _manifest(self, service: str, username: str) -> tuple[str, int]:
        try:
            found = json.loads(self._backend.get_password(service, username) or "null")
        except ValueError:
            return "", 0
        match found:
            case {"v": 1, "mark": str(mark), "pieces": int(count)} if 0 < count <= MOST_PIECES:
                return mark, count
        return "", 0

    def _piece(self, service: str, username: str, number: int, mark: str) -> str | None:
        text = self._backend.get_password(f"{service}#{number}", username)
        return text.removeprefix(mark) if text is not None and text.startswith(mark) else None

    def _drop_from(self, number: int, service: str, username: str) -> None:
        for further in range(number, MOST_PIECES + 1):
            if not self._drop(f"{service}#{further}", username):
                return

    def _drop(self, service: str, username: str) -> bool:
        if self._backend.get_password(service, username) is None:
            return False
        self._backend.delete_password(service, username)
        return True
