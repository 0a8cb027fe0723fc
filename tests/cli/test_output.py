"""Standard output and error behave as in other Unix tools: pipes, full disks, no locale."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Protocol

import pytest

from neptun_tui.cli.models import schema_text

from .conftest import APP, PATIENCE, Ran, Server

HOSTILE = "8"
"""The project of the sample data whose names are orders to a terminal."""


class Shell(Protocol):
    """Runs a line of the shell; ``"$@"`` in it is the program."""

    def __call__(self, line: str, **environ: str) -> Ran: ...


@pytest.fixture
def shell(env: dict[str, str], home: Path, server: Server, session: object) -> Shell:
    def start(line: str, **environ: str) -> Ran:
        return subprocess.run(
            ["/bin/bash", "-c", line, "sh", *APP],
            env={**env, "NEPTUN_HOST": server.url, **environ},
            cwd=home / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )

    return start


def controls(text: str) -> set[str]:
    """Control characters: C0 without line ends and tabs, DEL, C1."""
    return {c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0}


def test_a_reader_that_has_had_enough_is_no_error_to_tell_of(shell: Shell) -> None:
    ran = shell('"$@" files 1 --json --content | head -n 1; echo "${PIPESTATUS[0]}"')
    assert ran.stdout == "{\n1\n"
    assert ran.stderr == ""


def test_a_reader_of_a_short_list_that_has_gone_is_none_either(shell: Shell) -> None:
    ran = shell('"$@" projects | true; echo "${PIPESTATUS[0]}"')
    assert ran.stdout in ("0\n", "1\n"), "who is first is not told"
    assert ran.stderr == ""


@pytest.mark.parametrize("what", ["projects", "files 1 --json", "--help", "--version", "manual"])
def test_a_full_disk_is_told_and_is_a_failure(shell: Shell, what: str) -> None:
    ran = shell(f'"$@" {what} >/dev/full')
    assert ran.returncode == 1
    assert ran.stderr == (
        "neptun-tui: Standard output cannot be written to: No space left on device.\n"
    )


def test_a_closed_output_is_told_before_anything_is_asked(shell: Shell, server: Server) -> None:
    ran = shell('"$@" projects >&-')
    assert ran.returncode == 1
    assert "it is closed" in ran.stderr
    assert not server.store.arrivals


def test_closed_input_and_closed_error_do_no_harm(shell: Shell) -> None:
    ran = shell('"$@" projects <&- 2>&-')
    assert ran.returncode == 0
    assert ran.stdout.startswith("1\tStorefront")


def test_without_standard_error_complaints_do_not_become_data(shell: Shell, state: Path) -> None:
    ran = shell('"$@" imports 999 2>&-')
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "neptun-tui:" not in (state / "sessions.json").read_text()


def test_a_full_standard_error_does_no_harm(shell: Shell) -> None:
    assert shell('"$@" imports 999 2>/dev/full').returncode == 1


LOCALES = [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}]


@pytest.mark.parametrize("environ", LOCALES)
@pytest.mark.parametrize("form", ["", "--json"])
def test_without_a_locale_everything_is_still_written(
    shell: Shell, environ: dict[str, str], form: str
) -> None:
    ran = shell(f'"$@" files {HOSTILE} {form}', **environ)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


@pytest.mark.parametrize("command", ["projects", f"imports {HOSTILE}", f"files {HOSTILE}"])
def test_no_name_is_an_order_to_the_terminal(shell: Shell, command: str) -> None:
    plain = shell(f'"$@" {command}')
    assert controls(plain.stdout) == set()
    cells = {line.count("\t") for line in plain.stdout.splitlines()}
    assert len(cells) == 1, "a name made a cell or a line"
    document = shell(f'"$@" {command} --json')
    assert document.stdout.isascii()
    assert controls(document.stdout) == set()


def test_content_is_whole_in_a_document_and_orders_nothing(shell: Shell) -> None:
    ran = shell(f'"$@" files {HOSTILE} --json --content')
    assert controls(ran.stdout) == set()
    titles = [file["title"] for file in json.loads(ran.stdout)["files"]]
    assert any("\x1b" in title for title in titles), "as the server sent it"


def test_typed_text_is_repeated_safely(shell: Shell) -> None:
    for arguments in ("$'pro\\e[31mjects'", "imports 1 $'--jso\\e]0;x\\an'", "imports $'\\e[2J'"):
        ran = shell(f'"$@" {arguments}')
        assert ran.returncode == 2
        assert controls(ran.stderr) == set()


def test_the_output_of_a_command_can_be_read_by_its_schema(shell: Shell) -> None:
    assert json.loads(shell('"$@" schema files').stdout) == json.loads(schema_text("files"))
