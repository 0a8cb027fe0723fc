"""Suspend and resume: ctrl+z returns to the shell, and fg restores the screen."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD

PROMPT = "ready> "
WRAPPER = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
"""Starts the program and waits for it, as some launchers do: the shell stops both or neither."""

FILE = "Delete file 102?"


@pytest.fixture
def in_shell(terminal: Callable[..., Any], server: Any) -> Callable[..., Any]:
    """The app as a job of a shell, with the demo's first project open."""

    def start(*wrapper: str) -> Any:
        shell = terminal("-i", command=("/bin/sh",), environ={"PS1": PROMPT, "ENV": None})
        shell.wait_for(PROMPT.strip())
        app = [
            *wrapper,
            sys.executable,
            "-m",
            "neptun_tui",
            "--host",
            server.url,
            "--account",
            DEMO_EMAIL,
        ]
        shell.send(shlex.join(app) + "\r")
        shell.wait_for("Your session will be kept")
        shell.send(f"{DEMO_PASSWORD}\r")
        shell.wait_for("Strange names")
        shell.send("\r")
        shell.wait_for("Orphaned files")
        return shell.go_to("f102", "▌       102")

    return start


_ONCE_MORE = 8.0
"""Seconds after which a user would press ctrl+z again: the system drops a stop that coincides with
the SIGCONT of an ``fg``."""


def shown(shell: Any) -> str:
    """The screen without its scroll bars, which may have been drawn for another number of rows."""
    return re.sub("[▁▂▃▄▅▆▇█]", "", shell.text)


def suspend(shell: Any) -> None:
    """Go to the shell; its line and its screen are as they were."""
    shell.settle(0.1)
    shell.send("\x1a")
    until = time.monotonic() + _ONCE_MORE
    while "topped" not in shell.text and time.monotonic() < until:
        shell.pump(0.05)
    if "topped" not in shell.text:
        shell.send("\x1a")
    shell.wait_for("topped")
    shell.settle(0.1)
    assert shell.modes["1049"] is False
    assert shell.modes["25"] is True
    assert shell.kitty_depth == 0
    shell.send("echo in the 'shell'\r")
    shell.wait_for("in the shell")


def come_back(shell: Any, picture: str) -> None:
    shell.send("fg; echo status $?\r")
    shell.wait_until(lambda: shown(shell) == picture, "the picture of before")


def test_suspended_and_brought_back_it_shows_the_same_picture_and_goes_on(
    in_shell: Callable[..., Any], server: Any
) -> None:
    shell = in_shell(*WRAPPER)
    shell.settle()
    for row in ("▌      1201", "▌      1202"):
        picture = shown(shell)
        suspend(shell)
        come_back(shell, picture)
        shell.send("\x1b[B")
        shell.wait_for(row)
        shell.settle(0.1)
    suspend(shell)
    shell.resize(120, 40)
    shell.send("fg; echo status $?\r")
    shell.wait_until(lambda: shell.lines[-1].rstrip().endswith("q quit"), "the new size")
    shell.settle()
    assert shell.text.count("▌      1202") == 1
    shell.send("q")
    shell.wait_for("status 0")
    assert server.deletes == []


def test_a_key_typed_right_after_coming_back_to_a_dialog_deletes_nothing(
    in_shell: Callable[..., Any], server: Any
) -> None:
    shell = in_shell()
    shell.ask(FILE)
    picture = shown(shell)
    suspend(shell)
    shell.send("fg; echo status $?\ry\ry")
    shell.wait_until(lambda: shown(shell) == picture, "the dialog of before")
    shell.send("y")
    shell.settle()
    assert FILE in shell.text
    assert server.deletes == []
    shell.pump(0.5)
    shell.send("y")
    shell.wait_for("Done  1 deleted")
    assert len(server.deletes) == 1
    shell.send("\x1b")
    shell.wait_gone("Done")
    shell.send("q")
    shell.wait_for("status 0")


def test_a_run_under_way_is_not_suspended(signed_in: Callable[..., Any], server: Any) -> None:
    server.answered = 1
    app = signed_in(real=True)
    app.go_to("f102", "▌       102").ask(FILE)
    server.answered = 0
    app.send("y")
    app.wait_for("Deleting")
    app.send("\x1a")
    app.wait_for("A deletion or a restore is under way")
    server.answered = 1
    app.wait_for("Done  1 deleted")
    app.send("\x1b")
    app.wait_gone("Done")
    assert app.quit() == 0


def test_where_no_shell_could_bring_it_back_it_stays(terminal: Callable[..., Any]) -> None:
    app = terminal("--demo", real=True)
    app.wait_for("Your session will be kept in")
    app.send("\r")
    app.wait_for("Storefront")
    app.settle()
    picture, drawn = app.text, len(app.raw)
    app.send("\x1a")
    app.wait_until(lambda: len(app.raw) > drawn, "anything to happen")
    app.settle()
    assert app.text == picture
    assert app.quit() == 0


def test_told_to_end_while_it_is_suspended_it_ends(in_shell: Callable[..., Any]) -> None:
    shell = in_shell()
    suspend(shell)
    came = len(shell.raw)
    shell.send("kill %1; kill -CONT %1\r")
    until = time.monotonic() + 10
    while b"(143)" not in shell.raw[came:]:  # told before the next prompt
        assert time.monotonic() < until, shell.raw[came:]
        shell.send("\r")
        shell.pump(0.2)
    assert shell.modes["1049"] is False
    assert shell.modes["25"] is True


@pytest.mark.parametrize("stop", [signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP])
def test_stopped_and_continued_from_outside_it_goes_on_and_ends(
    signed_in: Callable[..., Any], stop: signal.Signals
) -> None:
    app = signed_in(real=True)
    app.settle()
    picture = app.text
    for _ in range(2):
        os.kill(app.process.pid, stop)
        app.pump(0.2)
        drawn = len(app.raw)
        os.kill(app.process.pid, signal.SIGCONT)
        app.wait_until(lambda drawn=drawn: b"[?1049h" in app.raw[drawn:], "its own screen again")
        app.settle()
        assert app.text == picture
    app.send("j")
    app.wait_for("▌  ▸    102")
    assert app.quit() == 0
    assert app.modes["1049"] is False
    assert app.modes["25"] is True
    assert app.kitty_depth <= 0
    assert app.after == app.before
