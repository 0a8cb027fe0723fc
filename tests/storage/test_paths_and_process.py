"""Paths of files, and access to the process."""

import sys
from pathlib import Path

import pytest

from neptun_tui.domain.errors import StorageError
from neptun_tui.storage import paths, process


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is of Linux")
def test_xdg_is_honoured(monkeypatch, tmp_path):
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    assert paths.config_file() == tmp_path / "CONFIG" / "neptun-tui" / "config.toml"
    assert paths.state_dir() == tmp_path / "STATE" / "neptun-tui"
    assert paths.data_dir() == tmp_path / "DATA" / "neptun-tui"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is of Linux")
def test_the_usual_places(monkeypatch):
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert paths.config_file() == Path("/home/someone/.config/neptun-tui/config.toml")
    assert paths.state_dir() == Path("/home/someone/.local/state/neptun-tui")
    assert paths.data_dir() == Path("/home/someone/.local/share/neptun-tui")


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is of Linux")
@pytest.mark.parametrize("find", [paths.config_file, paths.state_dir, paths.data_dir])
def test_without_any_home_there_is_one_sentence_and_no_folder_called_tilde(monkeypatch, find):
    """As for a user of a container whom no list of users names."""
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(StorageError, match="home folder"):
        find()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
def test_a_process_forbids_its_dumps(run_python):
    done = run_python(
        "import ctypes\n"
        "from neptun_tui.storage.process import disable_core_dumps\n"
        "print(disable_core_dumps(), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    assert (done.stdout, done.stderr) == ("True 0\n", "")


def test_elsewhere_it_does_nothing(monkeypatch):
    monkeypatch.setattr(process.sys, "platform", "darwin")
    assert process.disable_core_dumps() is False
    monkeypatch.setattr(process.sys, "platform", "linux")
    monkeypatch.setattr(process.ctypes, "CDLL", lambda _: object())
    assert process.disable_core_dumps() is False


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel keyring is of Linux")
async def test_a_hardened_process_still_reaches_its_keyring(gnome_keyring, run_python, tmp_path):
    gnome_keyring()
    done = run_python(HARDENED, tmp_path)
    assert (done.stdout, done.stderr) == ("True keyring\n", "")


HARDENED = """
import asyncio, sys
from pathlib import Path
from neptun_tui.storage.process import disable_core_dumps
from neptun_tui.storage.session_store import open_session_store
hardened = disable_core_dumps()
session_store = open_session_store(state_dir=Path(sys.argv[1]))
print(hardened, asyncio.run(session_store.choose_backend()).backend)
"""
