"""The tier of last resort: a file only its owner can read. Used only when the settings name it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from neptun_tui.storage.files import (
    check_writable,
    partials_of,
    read_private,
    reason,
    write_private,
)
from neptun_tui.storage.tier import Slot, Tier, TierUnavailable

_NAME: Final = re.compile(r"\.?session-(\S+)-([0-9]+)\.(?:json|\S+\.part)", re.ASCII)


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
        """See whether files can be made in the folder."""
        check_writable(self._folder)

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
        """Remove the file, and what crashes left of writing it; whether there was any."""
        path = self._path(slot)
        there = [each for each in (path, *partials_of(path)) if os.path.lexists(each)]
        for each in there:
            each.unlink(missing_ok=True)
        return bool(there)

    def slots(self) -> list[Slot]:
        """The slots of all session files in the folder, those that a crash left half included."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        found = (_NAME.fullmatch(name) for name in names)
        return list({Slot(unquote(each[1]), int(each[2])) for each in found if each})

    def explain(self, error: Exception) -> TierUnavailable:
        """Say what an error of the file system means."""
        why = reason(error) if isinstance(error, OSError) else "not text"
        return TierUnavailable(f"The session file cannot be used ({why}).")
