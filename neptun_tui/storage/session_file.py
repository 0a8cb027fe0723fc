"""The tier of last resort: a file only its owner can read. Used only when the settings name it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from neptun_tui.storage.files import make_private_folder, read_private, reason, write_private
from neptun_tui.storage.tier import Slot, Tier, TierUnavailable


class SessionFile:
    """Keeps each session in a 0600 file of its own, in a 0700 folder.

    Args:
        folder: where the files stand.
    """

    tier = Tier.FILE
    label = "file"
    lasts = "until you sign out"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, slot: Slot) -> Path:
        return self._folder / f"session-{quote(slot.origin, safe='')}-{slot.user}.json"

    def probe(self) -> None:
        """See whether the folder can be had."""
        make_private_folder(self._folder)

    def store(self, slot: Slot, value: str) -> None:
        """Write the file, whole or not at all."""
        write_private(self._path(slot), value)

    def load(self, slot: Slot) -> str | None:
        """Read the file, or None when there is none.

        Raises:
            TierUnavailable: others may read the file, so that its cookie may be known to them.
        """
        try:
            return read_private(self._path(slot))
        except PermissionError as error:
            if error.errno:
                raise
        raise TierUnavailable("The session file can be read by others: sign in again.")

    def delete(self, slot: Slot) -> bool:
        """Remove the file; whether there was one."""
        try:
            self._path(slot).unlink()
        except FileNotFoundError:
            return False
        return True

    def explain(self, error: Exception) -> TierUnavailable:
        """Say what an error of the file system means."""
        why = reason(error) if isinstance(error, OSError) else "not text"
        return TierUnavailable(f"The session file cannot be used ({why}).")
