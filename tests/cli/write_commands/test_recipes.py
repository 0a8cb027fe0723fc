"""The README's recipes, as they stand there, against the demo."""

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

README = Path(__file__).parents[3] / "README.md"

pytestmark = pytest.mark.skipif(
    shutil.which("jq") is None and not os.environ.get("CI"),
    reason="the recipes need jq, which .ci/run installs",
)


def recipe(name: str, **variables: str) -> str:
    """A recipe with other values for the variables that it begins with."""
    found = re.search(
        rf"<!-- recipe: {name} -->\n```sh\n(.*?)^```$", README.read_text(), re.S | re.M
    )
    assert found, f"the README has no recipe {name!r}"
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
