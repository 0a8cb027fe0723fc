"""Journal on a hung network disk: no call returns, and ctrl+q still ends the app."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, str(Path(__file__).with_name("run_on_hanging_disk.py")))


def leaves(app: Any) -> None:
    """Ctrl+q, pressed twice while a job is running, ends the process."""
    app.send("\x11")
    app.pump(0.5)
    if app.process.poll() is None:
        app.send("\x11")
    assert app.wait_exit() == 0


@pytest.mark.parametrize("hangs", ["lines", "fsync"])
def test_ctrl_q_ends_the_app_on_a_disk_that_has_gone(
    signed_in: Callable[..., Any], server: Any, hangs: str
) -> None:
    app = signed_in(command=COMMAND, environ={"HANGS": hangs})
    leaves(app)
    assert server.deletes == []


def test_ctrl_q_ends_the_app_while_a_backup_is_written(
    at_file: Callable[..., Any], server: Any
) -> None:
    app = at_file(command=COMMAND, environ={"HANGS": "fsync"})
    app.send("d")
    app.wait_for("Delete file 102?")
    app.settle(0.6)
    app.send("y")
    app.pump(1)
    leaves(app)
    assert server.deletes == []


def test_ctrl_q_ends_the_app_while_the_history_is_read(signed_in: Callable[..., Any]) -> None:
    app = signed_in(command=COMMAND, environ={"HANGS": "lines"})
    app.send("h")
    app.pump(0.5)
    leaves(app)
