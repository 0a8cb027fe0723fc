"""Recipes and examples of the README and the docs, run as printed on the demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.schema import FILES

from .conftest import PATIENCE, Ran, Scripted, files_of

ROOT = Path(__file__).parents[3]
SCRIPTING = ROOT / "docs" / "scripting.md"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

BLOCK = re.compile(r"(?:^<!-- ([a-z ]+?)(?::[^\n]*)? -->\n)?^```sh\n(.*?)^```$", re.S | re.M)
"""A block of shell lines, and the word in front that says what else becomes of it."""

MARKS = {
    "recipe",  # run by a test of its own below
    "test command",  # run by `.ci/run`
    "not run",  # says why after a colon
}


def examples() -> list[Any]:
    """Every block of shell lines of the user's pages that must run as it is printed."""
    found = []
    for page in PAGES:
        for number, (mark, script) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            assert mark in MARKS or not mark, f"{page.name}: {mark}"
            if not mark:
                found.append(pytest.param(script, id=f"{page.stem}-{number}"))
    return found


pytestmark = pytest.mark.skipif(
    shutil.which("jq") is None and not os.environ.get("CI"),
    reason="the recipes need jq, which .ci/run installs",
)


def recipe(name: str, **variables: str) -> str:
    """A recipe with other values for the variables that it begins with."""
    found = re.search(
        rf"<!-- recipe: {name} -->\n```sh\n(.*?)^```$", SCRIPTING.read_text(), re.S | re.M
    )
    assert found, f"{SCRIPTING.name} has no recipe {name!r}"
    script = found[1]
    for variable, value in variables.items():
        script, count = re.subn(rf"^{variable}=.*$", f"{variable}={value}", script, flags=re.M)
        assert count == 1, variable
    return script


@pytest.fixture
def shell(env: dict[str, str], home: Path, server: Scripted, session: Any) -> Any:
    """Runs a script in which `neptun-tui` is this program."""
    program = home / "bin" / "neptun-tui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neptun_tui "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{env['PATH']}"

    def start(script: str) -> Ran:
        return subprocess.run(
            ["bash", "-c", script],
            env={**env, "PATH": path, "NEPTUN_HOST": server.url},
            cwd=home / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
        )

    return start


def test_delete_every_failed_import(shell: Any, server: Scripted) -> None:
    ran = shell(recipe("failed", project="1"))
    assert ran.returncode == 0, ran.stderr
    assert server.deletes == ["1/imports/110"]
    again = shell(recipe("failed", project="1"))
    assert again.returncode == 0
    assert "nothing to delete" in again.stderr
    assert server.deletes == ["1/imports/110"]


def test_delete_every_file_older_than_a_date(shell: Any, server: Scripted) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=200):%Y-%m-%d}"
    rows = server.store.select(FILES, project_id=1)
    old = sorted(row["id"] for row in rows if row["updated_at"] < day)
    assert 0 < len(old) < len(rows)
    ran = shell(recipe("older", project="1", before=day))
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == len(old)
    assert sorted(server.deletes) == sorted(f"1/files/{number}" for number in old)
    assert set(files_of(server)) == {row["id"] for row in rows} - set(old)


def test_a_listing_every_night(shell: Any, server: Scripted, home: Path) -> None:
    ran = shell(recipe("nightly"))
    assert ran.returncode == 0, ran.stderr
    [folder] = (home / "neptun").iterdir()
    projects = json.loads((folder / "projects.json").read_text())["projects"]
    assert len(projects) == 5
    for project in projects:
        files = json.loads((folder / f"files-{project['id']}.json").read_text())["files"]
        assert sorted(file["id"] for file in files) == files_of(server, project["id"])
        assert (folder / f"imports-{project['id']}.json").exists()


def test_a_list_that_cannot_be_had_ends_the_night(shell: Any, server: Scripted) -> None:
    server.answer("GET .*/2/resources/files$", 500, b"{}")
    assert shell(recipe("nightly")).returncode != 0
    assert shell(recipe("older", project="2", before="2999-01-01")).returncode != 0
    assert server.deletes == []


def test_the_first_column_of_a_list_is_what_delete_takes(shell: Any, server: Scripted) -> None:
    line = "neptun-tui files 1 --grep ja.json | cut -f1 | neptun-tui delete file 1 - --yes"
    ran = shell(line)
    assert ran.returncode == 0, ran.stderr
    assert "1/files/1201" in server.deletes


@pytest.mark.parametrize("script", examples())
def test_examples_of_the_docs_run_as_printed(shell: Any, script: str) -> None:
    ran = shell(f"set -euo pipefail\n{script}")
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_page_for_users_has_examples_that_run() -> None:
    pages = {example.id.rpartition("-")[0] for example in examples()}
    assert pages >= {"README", "scripting", "deleting", "ssh"}
