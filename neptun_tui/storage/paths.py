"""Where this program's files stand on this platform; on Linux as XDG says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import platformdirs

NAME: Final = "neptun-tui"


def config_file() -> Path:
    """The settings: ``config.toml`` in the folder for settings."""
    return platformdirs.user_config_path(NAME, appauthor=False) / "config.toml"


def state_dir() -> Path:
    """The folder for what this machine remembers: the list of kept sessions, the journal."""
    return platformdirs.user_state_path(NAME, appauthor=False)


def data_dir() -> Path:
    """The folder for what a person may want back: the local copies."""
    return platformdirs.user_data_path(NAME, appauthor=False)
