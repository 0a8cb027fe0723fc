"""Context of a start of the program."""

from __future__ import annotations

import os

import pytest

from neptun_tui.cli.args import parse
from neptun_tui.cli.bootstrap import build_context
from neptun_tui.domain.errors import StorageError


@pytest.mark.skipif(os.name != "posix", reason="Windows asks the system")
@pytest.mark.parametrize("folder", ["CONFIG", "STATE", "DATA"])
def test_a_missing_folder_is_reported_before_a_screen_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str], folder: str
) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", os.fspath(tmp_path))
    monkeypatch.delenv(f"XDG_{folder}_HOME")
    with pytest.raises(StorageError, match="set HOME"), build_context(parse([])):
        pass
