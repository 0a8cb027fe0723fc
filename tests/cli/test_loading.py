"""Modules that a command imports: never Textual, and the HTTP client only for requests."""

from __future__ import annotations

import re

import pytest

from neptun_tui.cli.args import parser
from neptun_tui.cli.parser import every_parser

from .conftest import Run

TALKING = {
    "projects": (),
    "imports": ("1",),
    "files": ("1",),
    "whoami": (),
    "doctor": ("--json",),
    "delete": ("file", "1", "1201", "--dry-run"),
    "restore": ("20310101-000000000-000000",),
    "settle": (),
    "context": ("show", "1"),
    "switch": ("demo@example.com",),
    "logout": (),
}
SILENT = {
    "login": (),
    "history": (),
    "schema": ("files",),
    "manual": (),
    "completion": ("bash",),
}
"""They need no server: signing in is refused without a terminal before anything is sent."""


def modules(run: Run, *arguments: str) -> set[str]:
    """The modules that a command imports."""
    ran = run(*arguments, PYTHONPROFILEIMPORTTIME="1")
    assert "neptun-tui broke" not in ran.stderr
    names = re.findall(r"^import time:.*\| +(\S+)$", ran.stderr, re.MULTILINE)
    assert "neptun_tui.cli.main" in names
    return set(names)


def loaded(run: Run, *arguments: str) -> set[str]:
    """The top-level packages that a command imports."""
    return {name.partition(".")[0] for name in modules(run, *arguments)}


def test_every_command_is_looked_at() -> None:
    assert {*TALKING, *SILENT, ""} == set(every_parser(parser()))


@pytest.mark.parametrize("command", TALKING)
def test_a_command_that_talks_loads_no_screens_and_no_keyring(neptun: Run, command: str) -> None:
    found = loaded(neptun, command, *TALKING[command])
    assert found & {"textual", "keyring", "click", "pygments", "starlette", "uvicorn"} == set()


@pytest.mark.parametrize("command", SILENT)
def test_a_command_that_is_silent_loads_no_http_client(neptun: Run, command: str) -> None:
    found = loaded(neptun, command, *SILENT[command])
    assert found & {"textual", "httpx", "keyring", "click", "rich", "starlette"} == set()


def test_a_document_is_made_without_what_measures_cells(neptun: Run) -> None:
    assert "httpx" in (found := loaded(neptun, "projects", "--json"))
    assert "rich" not in found


@pytest.mark.parametrize(
    "command", [c for c in (*TALKING, *SILENT) if c not in ("doctor", "schema")]
)
def test_only_documents_load_their_models(neptun: Run, command: str) -> None:
    arguments = (TALKING | SILENT)[command]
    assert "neptun_tui.cli.models" not in modules(neptun, command, *arguments)


@pytest.mark.parametrize("command", ["manual", "completion"])
def test_what_describes_the_program_loads_no_codec(run: Run, command: str) -> None:
    assert "msgspec" not in loaded(run, command, *SILENT[command])
