"""Errors before the first screen: arguments, unsuitable terminals, invalid settings."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neptun_tui
from neptun_tui.demo.sample_projects import DEMO_PASSWORD
from neptun_tui.demo.server import listen

Ran = subprocess.CompletedProcess[str]


def assert_one_sentence(text: str) -> None:
    """Check that the output is one line from this program, a sentence, and no traceback."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("neptun-tui: ")
    assert lines[0].endswith(".")
    assert "\x1b" not in lines[0]


_NO_NAMES = """
import pathlib, socket, time
def hang(*_, **__):
    (pathlib.Path(__file__).parent / "asked").touch()
    time.sleep(600)
socket.getaddrinfo = hang
"""


def unwrapped(app: Any) -> str:
    """The screen without blanks, frames and line ends, however a sentence was wrapped."""
    return re.sub(r"[\s▌▐│█▏▕]", "", app.text)


@pytest.mark.parametrize(
    ("argument", "said"),
    [("--version", f"neptun-tui {neptun_tui.__version__}\n"), ("--help", "usage: neptun-tui")],
)
def test_answers_about_itself_need_no_terminal(
    run: Callable[..., Ran], argument: str, said: str
) -> None:
    ran = run(argument, TERM="dumb")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(said)


def test_an_unknown_argument_is_a_mistake_of_usage(run: Callable[..., Ran]) -> None:
    ran = run("--delete-everything")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "--delete-everything" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_any_terminal_it_refuses_in_one_sentence(run: Callable[..., Ran]) -> None:
    ran = run("--demo")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert_one_sentence(ran.stderr)


@pytest.mark.parametrize(
    "redirection", ["<in", ">out", "2>err", "<&-", ">&-", "2>&-", "<&- >&- 2>&-"]
)
def test_one_stream_that_is_no_terminal_is_refused(
    terminal: Callable[..., Any], home: Path, redirection: str
) -> None:
    (home / "work" / "in").write_text("y\n")
    shell = ("/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "neptun_tui")
    app = terminal("--demo", command=shell)
    assert app.wait_exit() == 2
    file = home / "work" / "err"
    said = app.raw.decode() + (file.read_text() if file.exists() else "")
    if "2>&-" in redirection:
        assert "Traceback" not in said
    else:
        assert_one_sentence(said)


@pytest.mark.parametrize("term", ["dumb", "unknown", "", None])
def test_a_terminal_that_cannot_place_text_is_refused(
    terminal: Callable[..., Any], term: str | None
) -> None:
    app = terminal("--demo", environ={"TERM": term})
    assert app.wait_exit() == 2
    assert_one_sentence(app.raw.decode())


@pytest.mark.parametrize("host", ["http://public.example", "ftp://x.example", "not a host", "://"])
@pytest.mark.parametrize("by_environment", [False, True])
def test_a_host_that_must_not_be_used_is_refused(
    terminal: Callable[..., Any], host: str, by_environment: bool
) -> None:
    arguments = () if by_environment else ("--host", host)
    app = terminal(*arguments, environ={"NEPTUN_HOST": host} if by_environment else None)
    assert app.wait_exit() == 2
    assert_one_sentence(app.raw.decode())


def test_broken_settings_are_told_with_file_and_line_and_the_app_goes_on(
    terminal: Callable[..., Any], home: Path
) -> None:
    (home / "config/neptun-tui/config.toml").write_text('theme = "neptun"\n\nread_only = maybe\n')
    app = terminal("--demo", size=(120, 40))
    app.wait_until(lambda: "config.toml,line3:thisisnotTOML" in unwrapped(app), "the sentence")
    app.send("\r")
    app.wait_for("Storefront")
    assert app.quit() == 0


def test_an_unknown_setting_is_told_and_ignored(terminal: Callable[..., Any], home: Path) -> None:
    (home / "config/neptun-tui/config.toml").write_text('session_storage = "memory"\ncolor = 1\n')
    app = terminal("--demo", size=(120, 40))
    app.wait_until(lambda: "line2:colorisnotasetting" in unwrapped(app), "the sentence")
    app.send("\r")
    app.wait_for("Storefront")
    assert app.quit() == 0


def test_an_unknown_colour_system_does_not_stop_it(terminal: Callable[..., Any]) -> None:
    app = terminal("--demo", environ={"TEXTUAL_COLOR_SYSTEM": "sixteen-million"})
    app.wait_for("Sign in to Neptun")
    assert app.quit("\x11") == 0


def test_no_debugging_aid_writes_down_what_is_typed(
    terminal: Callable[..., Any], server: Any, home: Path
) -> None:
    log = home / "textual.log"
    with listen() as listener:
        listener.setblocking(False)
        aids = {
            "TEXTUAL": "devtools,debug",
            "TEXTUAL_LOG": str(log),
            "TEXTUAL_DEBUG": "1",
            "TEXTUAL_DEVTOOLS_HOST": "127.0.0.1",
            "TEXTUAL_DEVTOOLS_PORT": str(listener.getsockname()[1]),
        }
        app = terminal("--host", server.url, "--account", "demo@example.com", environ=aids)
        app.wait_for("Your session will be kept")
        app.type(f"{DEMO_PASSWORD}\r")
        app.wait_for("Storefront")
        assert app.quit() == 0
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not log.exists()
    for file in (path for path in home.rglob("*") if path.is_file()):
        assert DEMO_PASSWORD.encode() not in file.read_bytes(), file


def test_quitting_at_the_sign_in_is_a_clean_end(terminal: Callable[..., Any], server: Any) -> None:
    app = terminal("--host", server.url)
    app.wait_for("Your session will be kept")
    assert app.quit("\x11") == 0
    assert [a for a in server.store.arrivals if a.method != "GET"] == []


def test_a_name_server_that_does_not_answer_holds_up_neither_the_screen_nor_the_end(
    terminal: Callable[..., Any], env: dict[str, str], home: Path
) -> None:
    (home / "run" / "sitecustomize.py").write_text(_NO_NAMES)
    path = f"{home}/run:{env.get('PYTHONPATH', '')}"
    app = terminal("--host", "https://neptun.example", environ={"PYTHONPATH": path})
    app.wait_for("Your session will be kept")
    app.send("me@example.com\tsecret\r")
    app.wait_until((home / "run" / "asked").exists, "the name to be looked up")
    began = time.monotonic()
    assert app.quit("\x11") == 0
    assert time.monotonic() - began < 10


def test_a_compiled_file_that_a_full_disk_has_cut_is_named(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    own = {"PYTHONPYCACHEPREFIX": str(tmp_path / "compiled")}
    assert run("history", **own).returncode == 0
    (compiled,) = (tmp_path / "compiled").rglob("commands/history.*.pyc")
    for length in (17, compiled.stat().st_size // 2):
        compiled.write_bytes(compiled.read_bytes()[:length])
        ran = run("history", **own)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert f"The compiled file {compiled} is damaged" in ran.stderr.replace("\n", " ")
        assert "broke" not in ran.stderr
        compiled.unlink()
        assert run("history", **own).returncode == 0
