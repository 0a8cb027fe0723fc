"""``history export``: a backup's contents as files, of any account, offline."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .conftest import Scripted, held_to
from .test_restore import Command, delete, grow_old


def test_a_backup_is_written_without_session_and_network(
    neptun: Command, run: Command, server: Scripted, home: Path, copies: Path
) -> None:
    listed = json.loads(neptun("files", "1", "--json", "--content").stdout)["files"]
    contents = {row["id"]: row["content"] for row in listed if row["import_id"] == 101}
    other = next(row["id"] for row in listed if row["import_id"] != 101)
    run_id = delete(neptun, "import", "1", "101")
    delete(neptun, "file", "1", str(other))
    assert neptun("logout").returncode == 0
    server.store.arrivals.clear()
    backups = {path.name: path.read_bytes() for path in copies.iterdir()}
    ran = run("history", "export", run_id, "out", "--json", NEPTUN_HOST="http://127.0.0.1:9")
    assert ran.returncode == 0, ran.stderr
    out = home / "work" / "out"
    assert re.search(rf"Wrote {len(contents)} files to out\.", ran.stderr)
    manifest = held_to(json.loads(ran.stdout), "export")
    assert manifest == json.loads((out / "manifest.json").read_text())
    assert {f["id"]: (out / f["path"]).read_text() for f in manifest["files"]} == contents
    assert [each["id"] for each in manifest["imports"]] == [101]
    assert manifest["run"] == run_id
    assert server.arrivals == []
    assert {path.name: path.read_bytes() for path in copies.iterdir()} == backups

    again = run("history", "export", "last", "out")
    assert (again.returncode, again.stdout) == (2, "")
    assert "not empty" in again.stderr
    last = run("history", "export", "last", "one")
    assert (last.returncode, last.stdout) == (0, "")
    assert "Wrote 1 file to one." in last.stderr


def test_read_only_does_not_stop_an_export(
    neptun: Command, server: Scripted, home: Path, copies: Path
) -> None:
    """Read-only guards the account and the backups; an export reads one and writes new files."""
    delete(neptun, "import", "1", "102")
    server.store.arrivals.clear()
    backups = {path.name: path.read_bytes() for path in copies.iterdir()}
    ran = neptun("--read-only", "history", "export", "last", "out")
    assert ran.returncode == 0, ran.stderr
    assert (home / "work" / "out" / "manifest.json").exists()
    assert server.arrivals == []
    assert {path.name: path.read_bytes() for path in copies.iterdir()} == backups


def test_an_old_backup_is_exported_and_stays(
    neptun: Command, home: Path, copies: Path, state: Path
) -> None:
    old = grow_old(delete(neptun, "file", "1", "1201"), 400, copies, state)
    delete(neptun, "file", "1", "1202")
    assert neptun("history", "export", old, "out").returncode == 0
    assert (copies / f"{old}.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("export",), 2, "needs a run and a folder"),
        (("export", "last"), 2, "needs a run and a folder"),
        (("export", "last", ""), 2, "DIR is empty"),
        (("export", "nonsense", "out"), 2, "No run matches"),
        (("export", "last", "no/where"), 2, "it is not there"),
        (("exprt", "last", "out"), 2, "Did you mean 'export'?"),
        (("export", "2", "out"), 2, "Several runs"),
    ],
)
def test_a_mistake_writes_nothing(
    neptun: Command, home: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    delete(neptun, "file", "1", "1201")
    delete(neptun, "file", "1", "1202")
    ran = neptun("history", *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert said in ran.stderr
    assert list((home / "work").iterdir()) == []


def test_a_run_without_a_backup_is_told(neptun: Command, home: Path, copies: Path) -> None:
    bare = delete(neptun, "file", "1", "1201", "--no-backup")
    ran = neptun("history", "export", bare, "out")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Nothing was written." in ran.stderr
    damaged = delete(neptun, "file", "1", "1202", "1203")
    path = copies / f"{damaged}.jsonl"
    *lines, _last = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, "not a line\n"]))
    ran = neptun("history", "export", damaged, "out")
    assert ran.returncode == 1
    assert "Wrote 1 file to out. 1 item of the backup cannot be read." in ran.stderr
