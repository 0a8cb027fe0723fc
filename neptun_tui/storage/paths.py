"""Paths of the program's files on this platform; on Linux as XDG says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs

from neptun_tui.domain.errors import StorageError

NAME: Final = "neptun-tui"


def config_file() -> Path:
    """The settings: ``config.toml`` in the folder for settings."""
    return _folder(platformdirs.user_config_path) / "config.toml"


def state_dir() -> Path:
    """The folder for what this machine remembers: the list of kept sessions, the journal."""
    return _folder(platformdirs.user_state_path)


def data_dir() -> Path:
    """The folder for what a person may want back: the local copies."""
    return _folder(platformdirs.user_data_path)


def _folder(find: Callable[..., Path]) -> Path:
    """One of the platform's folders.

    Raises:
        StorageError: it would stand in a home folder, and nothing says where that is.
    """
    try:
        found = find(NAME, appauthor=False)
    except RuntimeError:  # newer versions of platformdirs
        found = None
    if found is None or not found.is_absolute():  # older ones would make a folder called ~
        raise StorageError("Nobody knows where your home folder is: set HOME.")
    return found
