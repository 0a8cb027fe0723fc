"""Paths of the program's files on this platform; on Linux as XDG says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs

from neptun_tui.domain.errors import StorageError

NAME: Final = "neptun-tui"

OPEN_RUNS: Final = "runs"
"""Folder in the state folder, with a file for each deletion that has not ended."""

SESSION_INDEX: Final = "sessions.json"
"""Name of the session index in the state folder; without it no session is stored."""


def config_file() -> Path:
    """Return the settings file: ``config.toml`` in the platform's folder for settings."""
    return _folder(platformdirs.user_config_path) / "config.toml"


def state_dir() -> Path:
    """Return the folder of the program's state: the index of sessions and the journal."""
    return _folder(platformdirs.user_state_path)


def data_dir() -> Path:
    """Return the folder of the user's data: the backups."""
    return _folder(platformdirs.user_data_path)


def _folder(find: Callable[..., Path]) -> Path:
    """Return one of the platform's folders.

    Raises:
        StorageError: it depends on the home folder, which is not known.
    """
    try:
        found = find(NAME, appauthor=False)
    except RuntimeError:  # newer versions of platformdirs, without a home folder
        found = None
    if found is None or not found.is_absolute():  # older versions return a folder named ~
        raise StorageError("Your home folder is unknown: set HOME.")
    return found
