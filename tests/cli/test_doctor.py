"""Checks of ``doctor``, and that it passes only where the app would work."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE, Run, Server, Terminal


def states(document: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in document["checks"]}


def on_terminal(shown: Terminal) -> str:
    """Output of ``doctor``, without the terminal's line ends."""
    shown.wait_exit()
    return shown.raw.decode().replace("\r\n", "\n")


def test_where_the_app_would_work_it_says_so(
    terminal: Callable[..., Terminal], server: Server, session: object
) -> None:
    shown = terminal("doctor", "--host", server.url, size=(160, 40))
    said = on_terminal(shown)
    assert shown.process.returncode == 0, said
    for found in ("textual 8.", "xterm-256color, 160×40", "256", "UTF-8", "kept in the file"):
        assert found in said
    for found in ("is a Neptun", "agree", "Signed in as demo@example.com", "All checks passed"):
        assert found in said


def test_the_document_says_the_same(
    terminal: Callable[..., Terminal], server: Server, session: object
) -> None:
    shown = terminal("doctor", "--json", "--host", server.url, size=(160, 40))
    document = json.loads(on_terminal(shown))
    assert document["ok"] is True
    assert set(states(document).values()) == {"ok"}
    assert document["kept_in"]["backend"] == "file"
    assert abs(document["skew_seconds"]) < 30


def test_not_being_signed_in_is_not_a_failure(
    terminal: Callable[..., Terminal], server: Server
) -> None:
    shown = terminal("doctor", "--host", server.url, size=(160, 40))
    assert "Not signed in" in on_terminal(shown)
    assert shown.process.returncode == 0


def test_without_a_terminal_the_app_would_not_work(neptun: Run) -> None:
    ran = neptun("doctor", "--json")
    assert ran.returncode == 1
    document = json.loads(ran.stdout)
    assert document["ok"] is False
    assert {name for name, state in states(document).items() if state == "bad"} == {"terminal"}


def test_in_the_demo_everybody_is_signed_in(neptun: Run) -> None:
    ran = neptun("doctor", "--demo")
    assert "The demo signs in by itself" in ran.stdout
    assert "Not signed in" not in ran.stdout
    assert "cannot sign in" not in ran.stdout


def test_on_a_narrow_terminal_no_line_breaks_within_a_word(
    terminal: Callable[..., Terminal], server: Server, session: object
) -> None:
    said = on_terminal(terminal("doctor", "--host", server.url, size=(60, 40)))
    lines = said.splitlines()
    assert max(map(len, lines)) < 60
    assert any(line.startswith(" " * 18) for line in lines)
    assert "keyring 25" in " ".join(said.split())


def test_a_pipe_does_not_hide_the_terminal(
    terminal: Callable[..., Terminal], server: Server, home: Path
) -> None:
    from .conftest import APP

    shell = ("/bin/sh", "-c", 'exec "$@" >out', "sh", *APP)
    shown = terminal("doctor", "--json", "--host", server.url, command=shell)
    assert shown.wait_exit() == 0
    assert json.loads((home / "work/out").read_text())["ok"] is True


def test_a_server_that_cannot_be_reached_is_told(neptun: Run) -> None:
    document = json.loads(neptun("doctor", "--json", NEPTUN_HOST="http://127.0.0.1:9").stdout)
    assert states(document)["server"] == "bad"
    assert document["skew_seconds"] is None


def test_storage_in_memory_is_told_with_its_reason(neptun: Run, home: Path) -> None:
    (home / "config/neptun-tui/config.toml").write_text('session_storage = "memory"\n')
    document = json.loads(neptun("doctor", "--json").stdout)
    assert states(document)["session"] == "note"
    assert document["kept_in"]["backend"] == "memory"
    assert document["kept_in"]["reason"] == "The settings ask for it."


def test_a_journal_that_cannot_be_written_is_told(neptun: Run, state: Path) -> None:
    ran = neptun("doctor", "--json", XDG_STATE_HOME="/dev/null/nowhere")
    assert states(json.loads(ran.stdout))["journal"] == "bad"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "None."),
        ({"HTTPS_PROXY": "http://user:hidden@127.0.0.1:9"}, "127.0.0.1:9 (HTTPS_PROXY)"),
        ({"all_proxy": "socks5h://127.0.0.1:9"}, "127.0.0.1:9 (all_proxy)"),
        ({"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "neptun.invalid"}, "None."),
    ],
)
def test_the_proxy_is_shown_without_its_credentials(
    environment: dict[str, str], expected: str, neptun: Run
) -> None:
    ran = neptun("doctor", "--json", NEPTUN_HOST="https://neptun.invalid", **environment)
    checks = {check["name"]: check["text"] for check in json.loads(ran.stdout)["checks"]}
    assert expected in checks["proxy"]
    assert "hidden" not in ran.stdout
    if expected != "None.":
        assert "The proxy 127.0.0.1:9" in checks["server"]


class Stranger(BaseHTTPRequestHandler):
    """A server that says yes to everything, with a clock of its own."""

    behind = 0.0
    checked = 200

    def do_GET(self) -> None:
        self.answer(200, b'{"id": "anonymous"}')

    def do_HEAD(self) -> None:
        self.answer(self.checked, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Date", formatdate(self.date(), usegmt=True))
        self.end_headers()
        self.wfile.write(body)

    def date(self) -> float:
        import time

        return time.time() - self.behind

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_says_yes_to_everything_is_no_neptun(run: Run, stranger: str) -> None:
    document = json.loads(run("doctor", "--json", NEPTUN_HOST=stranger).stdout)
    assert states(document)["server"] == "bad"


def test_a_clock_that_is_off_is_told(
    run: Run, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stranger, "behind", 3600.0)
    monkeypatch.setattr(Stranger, "checked", 401)
    document = json.loads(run("doctor", "--json", NEPTUN_HOST=stranger).stdout)
    assert states(document)["server"] == "ok"
    assert states(document)["clock"] == "note"
    assert -3700 < document["skew_seconds"] < -3500


USUAL_ELSEWHERE = """
import sys
from dataclasses import replace
from neptun_tui.cli import main, bootstrap
load = bootstrap.load
bootstrap.load = lambda path: replace(load(path), names_host=False)
sys.exit(main.run(sys.argv[1:]))
"""
"""Run the program with an unreachable server."""


def test_it_looks_at_the_server_that_the_app_would_open(
    env: dict[str, str], home: Path, server: Server, session: object
) -> None:
    config = home / "config" / "neptun-tui" / "config.toml"
    config.write_text('session_storage = "file"\nhost = "http://127.0.0.1:9"\n')
    ran = subprocess.run(
        [sys.executable, "-c", USUAL_ELSEWHERE, "doctor", "--json"],
        env={k: v for k, v in env.items() if k != "NEPTUN_HOST"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    document = json.loads(ran.stdout)
    assert (document["host"], states(document)["server"]) == (server.url, "ok")
    assert states(document)["account"] == "ok"
    assert "Signed in as demo@example.com." in ran.stdout


def test_copies_that_cannot_be_written_are_told(neptun: Run, home: Path) -> None:
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / "neptun-tui").write_text("in the way")
    [check] = [
        c for c in json.loads(neptun("doctor", "--json").stdout)["checks"] if c["name"] == "backups"
    ]
    assert check["state"] == "note"
    assert "cannot be written" in check["text"]


def test_every_mistake_in_the_keys_is_told(neptun: Run, home: Path) -> None:
    config = home / "config" / "neptun-tui" / "config.toml"
    written = config.read_text() if config.exists() else ""
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f'{written}\n[keys]\nhalt = "x"\nmark = 7\ndelete = []\n'
        'sort = "esc"\nhelp = "h"\nflat = "w"\n'
    )
    checks = json.loads(neptun("doctor", "--json").stdout)["checks"]
    told = [check for check in checks if check["name"] == "settings"]
    assert {check["state"] for check in told} == {"note"}
    said = "\n".join(check["text"] for check in told)
    assert len(told) == 5
    for name in ("halt", "mark", "delete", "sort", "help"):
        assert name in said
    assert "flat" not in said
