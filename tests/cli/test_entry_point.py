"""Outermost error handling of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from neptun_tui import __main__ as entry_point
from neptun_tui.storage.process import exhausted

from .conftest import PATIENCE, Ran

INTERRUPTED_EARLY = """
import sys
class Impatient:
    def find_spec(self, name, *_):
        if name == "neptun_tui.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Impatient())
from neptun_tui.__main__ import main
main()
"""
"""Ctrl+C while the program still loads."""

HOMELESS = """
import os.path, sys
os.path.expanduser = lambda path: path
from neptun_tui.cli.commands import meta
from neptun_tui.cli import main
def fail(options):
    raise ValueError("canary")
meta.manual = fail
sys.exit(main.run(sys.argv[1:]))
"""
"""A user without a home folder; and ``manual`` breaks."""


@pytest.fixture
def bare(env: dict[str, str]) -> dict[str, str]:
    """An environment that names no folder."""
    return {k: v for k, v in env.items() if k != "HOME" and not k.startswith("XDG_")}


def ran(code: str, environ: dict[str, str], arguments: Sequence[str]) -> Ran:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE)


def test_ctrl_c_while_it_loads_shows_no_traceback(env: dict[str, str]) -> None:
    done = ran(INTERRUPTED_EARLY, env, ["projects"])
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.skipif(os.name != "posix", reason="Windows asks the system")
@pytest.mark.parametrize("command", ["projects", "doctor", "login", "history"])
def test_without_a_home_folder_one_sentence_says_so(bare: dict[str, str], command: str) -> None:
    done = ran(HOMELESS, bare, [command])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("neptun-tui: Your home folder is unknown")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows asks the system")
def test_where_every_folder_is_named_no_home_is_needed(env: dict[str, str]) -> None:
    done = ran(HOMELESS, {k: v for k, v in env.items() if k != "HOME"}, ["history"])
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="Windows asks the system")
def test_what_breaks_without_a_home_folder_shows_no_traceback(bare: dict[str, str]) -> None:
    done = ran(HOMELESS, bare, ["manual"])
    said = "neptun-tui broke, and its report could not be written.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_the_sentence_made_beforehand_is_the_usual_one() -> None:
    assert exhausted(MemoryError()) in entry_point._NO_MEMORY.decode()
