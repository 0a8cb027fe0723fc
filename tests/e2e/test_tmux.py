"""Whole job inside a real tmux, checked by tmux's own view of the screen."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES
from neptun_tui.storage.journal import Journal

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
    def attaching(self) -> list[str]:
        """The command that shows the window in another terminal."""
        return ["env", f"TMUX_TMPDIR={self._env['TMUX_TMPDIR']}", *self._base, "attach"]

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
    tmux.wait_for("4 imports · 99 files", "Orphaned files")
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


@pytest.mark.parametrize(
    "line",
    ["\x1b[31mERROR\x1b[0m disk full, retry? y\r\n", f"\x1b{'y' * 40}\r", "y\ry\r102\r"],
    ids=["coloured log", "escape and y", "lines"],
)
def test_a_bracketed_paste_of_tmux_deletes_nothing(tmux: Tmux, server: Any, line: str) -> None:
    tmux.start(sys.executable, "-m", "neptun_tui", "--host", server.url)
    tmux.wait_for("Sign in to Neptun", "Your session will be kept")
    tmux.keys(DEMO_EMAIL, "Enter")
    tmux.keys(DEMO_PASSWORD, "Enter")
    tmux.wait_for("Storefront", "Strange names", "q quit")
    tmux.keys("Enter")
    tmux.wait_for("4 imports · 99 files", "Orphaned files")
    go_to(tmux, "f102", "▌       102")
    tmux("set-buffer", line)
    for _ in range(2):
        tmux("paste-buffer", "-p")
    ask(tmux, "Delete file 102?")
    for _ in range(3):
        tmux("paste-buffer", "-p")
    time.sleep(SETTLES)
    tmux.wait_for("Delete file 102?")
    tmux.keys("Escape")
    tmux.wait_for("d delete  space mark", "ci.yml")
    assert server.deletes == []
    tmux.keys("q")
    tmux.wait_for("exit status 0")
    assert server.deletes == []


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
    tmux.wait_for("4 imports · 99 files", "Orphaned files")
    tmux.keys("f")
    shown = tmux.wait_for("▌       101", "한글")
    lines = shown.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("▌       ID"))
    rows = [line.rstrip(" ▁▂▃▄▅▆▇█") for line in lines[head + 1 : -1]]
    assert head <= 3  # the stored context may be said to be out of date above it
    assert len(rows) == 22 - head
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
"""Characters of differing width; few enough for one page of the list."""


FOUND = "spec.ts"
ANSWERED, IN_FLIGHT = 5, 6


def start_half_way(tmux: Tmux, server: Any, home: Path) -> int:
    """Have the app in the middle of a run; its process."""
    app = (sys.executable, "-m", "neptun_tui", "--host", server.url, "--account", DEMO_EMAIL)
    note = home / "pid"
    tmux.start("/bin/sh", "-c", f"echo $$ > {shlex.quote(str(note))}; exec {shlex.join(app)}")
    tmux.wait_for("Your session will be kept")
    tmux.keys(DEMO_PASSWORD, "Enter")
    tmux.wait_for("Strange names", "q quit")
    tmux.keys("Enter")
    tmux.wait_for("Orphaned files")
    server.answered = ANSWERED
    tmux.keys("/")
    tmux.wait_for("esc cancel")
    tmux.keys(FOUND, "Enter")
    tmux.wait_for(f"filter: {FOUND}", "? help")
    tmux.keys("C-a")
    tmux.wait_for(f"{len(found(server))} marked")
    ask(tmux, f"Delete {len(found(server))} items?")
    tmux.keys(str(len(found(server))), "Enter")
    tmux.wait_for("Deleting")
    wait_until(lambda: len(server.deletes) == ANSWERED + IN_FLIGHT)
    return int(note.read_text())


def found(server: Any) -> set[int]:
    rows = server.store.select(FILES, project_id=1)
    return {row["id"] for row in rows if row["title"].endswith(FOUND)}


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_pane_killed_in_the_middle_of_a_run_leaves_nothing_running_and_the_run_open(
    tmux: Tmux, server: Any, home: Path
) -> None:
    pid = start_half_way(tmux, server, home)
    tmux("kill-pane")
    wait_until(lambda: not is_running(pid))
    server.answered = float("inf")
    (run,) = Journal(home / "state" / "neptun-tui").open_runs()
    sent = {int(path.rpartition("/")[2]) for path in server.deletes}
    assert len(sent) == ANSWERED + IN_FLIGHT
    assert {item.key.id for item in run.items} == sent | found(server)
    assert {item.verdict for item in run.items} == {None}


def test_a_run_goes_on_when_the_connection_to_tmux_is_lost_and_is_found_again_at_another_size(
    tmux: Tmux, server: Any, home: Path, terminal: Callable[..., Any]
) -> None:
    start_half_way(tmux, server, home)
    number = len(found(server)) + ANSWERED + IN_FLIGHT
    first = terminal(command=tmux.attaching, size=(120, 40))
    first.wait_for(f"Deleting  {number} items")
    first.wait_until(lambda: first.lines[-1].rstrip().endswith("q quit"), "the whole window")
    first.hang_up()
    server.answered = float("inf")
    wait_until(lambda: not found(server))
    second = terminal(command=tmux.attaching, size=(60, 16))
    second.wait_for(f"Done  {number} deleted")
    second.wait_until(lambda: second.lines[-1].rstrip().endswith("q quit"), "the whole window")
    second.send("\x1b")
    second.wait_for("Nothing here holds that text.")
    second.send("q")
    second.wait_for("exit status 0")
    assert len(server.deletes) == number
