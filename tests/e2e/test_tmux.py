"""The whole job inside a real tmux, by the keys and the picture that tmux itself knows."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from neptun_tui.demo.data import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES

from ..hostile import CORPUS

SETTLES = 0.6
"""Seconds after which a dialog listens: it discards what comes sooner."""

RESOURCES = "/api/users/1/projects/1/resources"


class Tmux:
    """One tmux server of its own, with one window of 80×24."""

    def __init__(self, program: str, folder: str, env: dict[str, str], cwd: str) -> None:
        self._base = [program, "-L", "neptun", "-f", os.devnull]
        self._env = {**env, "TMUX_TMPDIR": folder}
        self._cwd = cwd

    def __call__(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._base, *arguments],
            env=self._env,
            cwd=self._cwd,
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout

    def start(self, *command: str) -> None:
        """Run a command; its exit status stays on the screen."""
        script = f"{shlex.join(command)}; echo exit status $?; exec cat"
        window = ["new-session", "-d", "-x", "80", "-y", "24", "/bin/sh", "-c", script]
        self("start-server", ";", "set", "-g", "status", "off", ";", *window)

    def keys(self, *names: str) -> None:
        self("send-keys", *names)

    @property
    def text(self) -> str:
        return self("capture-pane", "-p")

    def wait_for(self, *texts: str) -> str:
        until = time.monotonic() + 20
        while not all(text in (shown := self.text) for text in texts):
            assert time.monotonic() < until, f"waited in vain for {texts}:\n{shown}"
            time.sleep(0.05)
        return shown


@pytest.fixture
def tmux(env: dict[str, str], home: Any) -> Iterator[Tmux]:
    program = shutil.which("tmux")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("tmux is missing, and here it must not be")
        pytest.skip("tmux is not installed")
    with tempfile.TemporaryDirectory(prefix="nt-") as folder:  # a socket's path must be short
        made = Tmux(program, folder, {**env, "TERM": "xterm-256color"}, str(home / "work"))
        try:
            yield made
        finally:
            subprocess.run(
                [program, "-L", "neptun", "kill-server"],
                env={**env, "TMUX_TMPDIR": folder},
                capture_output=True,
                timeout=20,
            )


def go_to(tmux: Tmux, typed: str, row: str) -> None:
    tmux.keys(":")
    tmux.wait_for("esc cancel")
    tmux.keys(typed, "Enter")
    tmux.wait_for(row, "? help")


def ask(tmux: Tmux, title: str) -> None:
    tmux.keys("d")
    tmux.wait_for(title, "Checked with Neptun a moment ago.")
    time.sleep(SETTLES)


def test_the_whole_job_in_tmux_is_exactly_two_deletes_and_a_restored_pane(
    tmux: Tmux, server: Any
) -> None:
    tmux.start(sys.executable, "-m", "neptun_tui", "--host", server.url)
    tmux.wait_for("Sign in to Neptun", "Your session will be kept")
    tmux.keys(DEMO_EMAIL, "Enter")
    tmux.keys(DEMO_PASSWORD, "Enter")
    tmux.wait_for("Storefront", "Strange names", "q quit")
    tmux.keys("Enter")
    tmux.wait_for("4 imports · 99 files", "No visible import")
    shown = tmux.text.splitlines()
    assert len(shown) == 24
    assert shown[0].startswith(f" neptun  {DEMO_EMAIL} on {server.url[7:]}")
    assert shown[-1].rstrip().endswith("? help  q quit")
    assert all(len(line) <= 80 for line in shown)

    go_to(tmux, "f102", "▌       102")
    tmux.keys("d", "y", "y")
    tmux.wait_for("Delete file 102?", "Checked with Neptun a moment ago.")
    time.sleep(SETTLES)
    tmux("set-buffer", "y")
    tmux("paste-buffer", "-p")
    time.sleep(0.3)
    tmux.wait_for("Delete file 102?")
    tmux.keys("Escape")
    tmux.wait_for("d delete  space mark", "ci.yml")
    assert server.deletes == []
    ask(tmux, "Delete file 102?")
    tmux.keys("y")
    tmux.wait_for("Done  1 deleted")
    tmux.keys("Escape")
    tmux.wait_for("4 imports · 98 files")

    go_to(tmux, "i102", "▌  ▸    102")
    ask(tmux, "Delete import 102?")
    tmux.keys("1", "0", "2")
    tmux.wait_for("Type 102 to delete 102")
    tmux.keys("Enter")
    tmux.wait_for("Done  59 deleted")
    tmux.keys("Escape")
    tmux.wait_for("3 imports · 40 files")
    tmux.keys("q")
    tmux.wait_for("exit status 0")
    flags = "#{alternate_on} #{mouse_any_flag} #{cursor_flag} #{wrap_flag}"
    assert tmux("display-message", "-p", flags).split() == ["0", "0", "1", "1"]
    assert server.deletes == [f"{RESOURCES}/files/102", f"{RESOURCES}/imports/102"]
    assert server.store.select(FILES, import_id=102) == []


def test_no_name_pushes_a_column_by_the_measure_of_tmux(tmux: Tmux, server: Any) -> None:
    """It measures by the C library or tables of its own: not as Textual does, nor as pyte."""
    names = [text for name, text in CORPUS if name in MEASURED]
    assert len(names) == len(MEASURED)
    files = sorted(row["id"] for row in server.store.select(FILES, import_id=101))
    for file, name in zip(files, names, strict=False):
        server.store.change(FILES, file, {"title": name * 3})
    tmux.start(sys.executable, "-m", "neptun_tui", "--host", server.url)
    tmux.wait_for("Sign in to Neptun", "Your session will be kept")
    tmux.keys(DEMO_EMAIL, "Enter")
    tmux.keys(DEMO_PASSWORD, "Enter")
    tmux.wait_for("Storefront", "Strange names", "q quit")
    tmux.keys("Enter")
    tmux.wait_for("4 imports · 99 files", "No visible import")
    tmux.keys("f")
    shown = tmux.wait_for("▌       101", "한글")
    rows = [line.rstrip(" ▁▂▃▄▅▆▇█") for line in shown.splitlines()[3:-1]]
    assert len(rows) == 20
    assert [row for row in rows if not row.endswith((" B", " KB", " –"))] == [], shown
    assert [row for row in rows if cell_len(row) != 79] == [], shown
    tmux.keys("q")
    tmux.wait_for("exit status 0")


MEASURED = (
    "vowel signs", "vowel signs in a pile", "decomposed", "half syllables", "hexagrams",
    "of two widths", "combining pile", "combining first", "enclosing", "emoji family",
    "emoji flags", "emoji skins", "variation selectors", "wide", "very wide",
    "Thai and Lao",
)  # fmt: skip
"""What is measured differently here and there; few enough for one page of the list."""
