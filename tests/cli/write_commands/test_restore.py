"""``history`` and ``restore``: past deletions, and their restored items."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.cli.exit_codes import ExitCode, code_of_report
from neptun_tui.demo.sample_projects import OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.domain.errors import ServerFailed, Unreachable
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.services.restore_models import RestoreOutcome, RestoreReport, RestoreStatus

from ...e2e.terminal import PATIENCE
from ..conftest import Terminal
from .conftest import (
    Ran,
    Scripted,
    files_of,
    finished,
    heard,
    held_to,
    lines_of,
    printable,
    serving,
    wait_until,
)

Command = Callable[..., Ran]

TEXT = {"title": "a", "original_path": "a", "content": "x", "file_type": "text", "file_size": 1}


def delete(neptun: Command, *arguments: str) -> str:
    """Delete something; the run's ID."""
    ran = neptun("delete", *arguments, "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    return str(lines_of(ran.stdout)[-1]["run"])


def posted(server: Scripted) -> int:
    """Count the imports, files and projects that were posted."""
    ends = ("/imports", "/files", "/projects")
    return sum(a.method == "POST" and a.path.endswith(ends) for a in server.arrivals)


def restore(neptun: Command, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Restore something; the lines of its output."""
    ran = neptun("restore", *arguments, "--json")
    assert ran.returncode == code, ran.stderr
    return lines_of(ran.stdout, "restore")


# History -------------------------------------------------------------------------------------


def test_the_history_of_nothing_is_empty_and_needs_no_account(
    run: Command, server: Scripted
) -> None:
    ran = run("history", "--host", server.url)
    assert (ran.returncode, ran.stdout, server.arrivals) == (0, "", [])
    assert "Nothing has been deleted" in ran.stderr
    document = run("history", "--host", server.url, "--json").stdout
    assert json.loads(document) == {"version": 1, "runs": [], "problems": []}


def test_a_journal_that_cannot_be_read_is_no_empty_history(run: Command, state: Path) -> None:
    (state / "deletions.jsonl").mkdir(parents=True)
    for command in (("history",), ("restore", "last")):
        ran = run(*command)
        assert ran.returncode == 1
        assert "cannot be read" in ran.stderr
        assert "Nothing has been deleted" not in ran.stderr


def test_the_history_tells_of_runs_verdicts_and_copies(
    neptun: Command, server: Scripted, copies: Path
) -> None:
    removed = delete(neptun, "file", "1", "1201")
    (copies / f"{removed}.jsonl").unlink()
    bare = delete(neptun, "file", "1", "1202", "--no-backup")
    broken = delete(neptun, "file", "1", "1203")
    (copies / f"{broken}.jsonl").write_text("not a copy\n")
    whole = delete(neptun, "import", "1", "110")
    server.store.arrivals.clear()
    ran = neptun("history", "--json")
    assert server.arrivals == []
    document = held_to(json.loads(ran.stdout), "history")
    told = {each["run"]: each for each in document["runs"]}
    assert list(told) == [whole, broken, bare, removed]
    states = [each["backup"]["state"] for each in told.values()]
    assert states == ["kept", "unreadable", "none", "removed"]
    assert (ran.returncode, len(document["problems"])) == (1, 1)
    assert told[whole]["counts"]["deleted"] == told[whole]["total"] == 1
    assert told[whole]["items"][0] | {"kind": "import", "id": 110} == told[whole]["items"][0]
    days = [each["backup"]["until"] for each in told.values()]
    assert days[0] > told[whole]["at"]
    assert days[2:] == [None, None]
    rows = [line.split("\t") for line in neptun("history").stdout.splitlines()]
    assert [row[0] for row in rows] == list(told)
    assert [row[5] for row in rows][1:] == ["unreadable", "no backup", "removed"]
    kept = told[whole]["backup"]
    assert rows[0][5] == str((copies / f"{whole}.jsonl").stat().st_size)
    assert (rows[0][1], rows[0][6]) == (told[whole]["at"], kept["until"])


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_the_history_on_a_terminal_names_what_can_be_restored(
    columns: int, neptun: Command, server: Scripted, terminal: Callable[..., Terminal]
) -> None:
    one = delete(neptun, "file", "1", "1201")
    assert neptun("restore", one).returncode == 0
    many = delete(neptun, "import", "1", "101")
    shown = terminal("history", "--host", server.url, size=(columns, 24))
    shown.wait_exit()
    head, first, second = shown.text.rstrip().splitlines()[:3]
    assert head.startswith("RUN")
    assert first.startswith(f"{many}  ")
    assert second.startswith(f"{one}  ")
    if columns >= 80:
        assert "import 101" in first
        assert "file 1201" in second
    if columns >= 100:
        assert re.search(r"\b1 deleted .*\ball\b", second)


def grow_old(run_id: str, days: int, copies: Path, state: Path) -> str:
    """Have a run, its journal entries and its backup be some days older; its new ID."""
    now, before = datetime.now(UTC), datetime.now(UTC) - timedelta(days=days)
    old = f"{before:%Y%m%d}{run_id[8:]}"
    journal = state / "deletions.jsonl"
    text = journal.read_text().replace(run_id, old)
    lines = [
        re.sub(f"{now:%Y-%m-%d}T", f"{before:%Y-%m-%d}T", line) if old in line else line
        for line in text.splitlines(keepends=True)
    ]
    journal.write_text("".join(lines))
    path = (copies / f"{run_id}.jsonl").rename(copies / f"{old}.jsonl")
    path.write_text(re.sub('"boot":"[^"]*"', '"boot":"an earlier start"', path.read_text()))
    os.utime(path, (before.timestamp(), before.timestamp()))
    return old


def test_a_backup_past_its_time_is_restored_and_only_a_deletion_removes_it(
    neptun: Command, server: Scripted, copies: Path, state: Path
) -> None:
    old = grow_old(delete(neptun, "file", "1", "1201"), 31, copies, state)
    delete(neptun, "file", "1", "1202")
    assert neptun("restore", old, "--dry-run").returncode == 0
    *items, _ = restore(neptun, old)
    assert [item["result"] for item in items] == ["restored"]
    assert (copies / f"{old}.jsonl").exists()
    ran = neptun("delete", "file", "1", "1203", "--yes")
    assert f"Removed 1 backup past the time to keep: {old}." in ran.stderr
    assert not (copies / f"{old}.jsonl").exists()
    assert len(list(copies.glob("*[0-9a-f].jsonl"))) == 2


# Restore -------------------------------------------------------------------------------------


def test_an_import_comes_back_under_new_ids_and_only_once(
    neptun: Command, server: Scripted
) -> None:
    before = {
        row["original_path"]: row["content"]
        for row in server.store.select(FILES, project_id=1, import_id=102)
    }
    run_id = delete(neptun, "import", "1", "102")
    *items, summary = restore(neptun, "last")
    assert summary["run"] == run_id
    assert {item["result"] for item in items} == {"restored"}
    assert (items[0]["kind"], items[0]["id"]) == ("import", 102)
    new_id = items[0]["new_id"]
    after = server.store.select(FILES, project_id=1, import_id=new_id)
    assert {row["original_path"]: row["content"] for row in after} == before
    assert {item["new_id"] for item in items[1:]} == {row["id"] for row in after}
    assert items[0]["without_connection"] is True
    posts = posted(server)
    *again, summary = restore(neptun, run_id[:20])
    assert {item["result"] for item in again} == {"already restored"}
    assert [item["new_id"] for item in again] == [item["new_id"] for item in items]
    assert (posted(server), summary["exit_code"]) == (posts, 0)


def test_without_json_old_and_new_ids_are_a_table(neptun: Command, server: Scripted) -> None:
    delete(neptun, "file", "1", "1201")
    ran = neptun("restore", "last")
    assert ran.returncode == 0
    [row] = [line.split("\t") for line in ran.stdout.splitlines()]
    assert row[:3] == ["file", "1201", "restored"]
    assert int(row[3]) in files_of(server)
    assert "Restore file 1201:" in ran.stderr
    assert "1 restored." in ran.stderr


def test_only_some_of_it_comes_back(neptun: Command, server: Scripted) -> None:
    delete(neptun, "import", "1", "102")
    *items, _ = restore(neptun, "last", "--only", "f1301", "1303")
    told = [(item["kind"], item["id"], item["taken_along"]) for item in items]
    assert told == [("import", 102, True), ("file", 1301, False), ("file", 1303, False)]
    assert {item["result"] for item in items} == {"restored"}


def both_of(server: Scripted, neptun: Command) -> str:
    """A run with an import and a file of the same number in its copy."""
    server.store.change(FILES, 102, {"import_id": 102})
    return delete(neptun, "import", "1", "102")


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("102", "102 is an import and a file: write i102 or f102."),
        ("f7", "The backup does not contain f7."),
        ("i1301", "The backup does not contain i1301."),
        ("x102", "'x102' is not an ID"),
        ("f0", "An ID is a whole number"),
    ],
)
def test_what_only_does_not_name_one_item_is_refused(
    neptun: Command, server: Scripted, only: str, said: str
) -> None:
    run_id = both_of(server, neptun)
    ran = neptun("restore", run_id, "--only", "f102", only)
    assert (ran.returncode, ran.stdout, posted(server)) == (2, "", 0)
    assert said in ran.stderr


def test_a_dry_run_shows_what_would_be_posted_and_sends_nothing(
    neptun: Command, server: Scripted
) -> None:
    delete(neptun, "import", "1", "102")
    server.store.arrivals.clear()
    ran = neptun("restore", "last", "--dry-run", "--only", "i102")
    assert ran.returncode == 0
    assert "each gets a new ID and new dates" in ran.stderr
    assert "a restore does not reconnect the GitHub installation of import 102" in ran.stderr
    assert len(ran.stdout.splitlines()) == 59
    [plan] = restore(neptun, "last", "--dry-run", "--only", "i102")
    assert [item["kind"] for item in plan["items"]] == ["import", *["file"] * 58]
    assert {item["expected"] for item in plan["items"]} == {"restored"}
    assert plan["counts"]["restored"] == plan["total"] == 59
    assert {arrival.method for arrival in server.arrivals} == {"GET"}


def test_markup_comes_back_and_what_neptun_refuses_is_foreseen(
    neptun: Command, server: Scripted, copies: Path
) -> None:
    server.store.change(IMPORTS, 103, {"source_path": "a <script> c"})
    run_id = delete(neptun, "import", "1", "103", "110")
    path = copies / f"{run_id}.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    bad = [re.sub(r'"source_type":"[^"]*"', lambda _: r'"source_type":"\u0000"', lines[2])]
    path.write_text("".join([*lines[:2], *bad, *lines[3:]]))
    [plan] = restore(neptun, "last", "--dry-run")
    *items, summary = restore(neptun, "last", code=1)
    assert [item["result"] for item in items] == [item["expected"] for item in plan["items"]]
    assert [item["reason"] for item in items] == [item["reason"] for item in plan["items"]]
    assert summary["counts"] == plan["counts"]
    assert (summary["counts"]["restored"], summary["counts"]["refused"]) == (1, 1)
    back = server.store.get(IMPORTS, items[0]["new_id"])
    assert back["source_path"] == "a <script> c"


def test_a_project_that_is_gone_is_made_again_or_another_is_named(
    neptun: Command, server: Scripted
) -> None:
    delete(neptun, "import", "2", str(server.store.select(IMPORTS, project_id=2)[0]["id"]))
    server.store.remove(PROJECTS, 2)
    [plan] = restore(neptun, "last", "--dry-run")
    assert (plan["project_made"], plan["into_project"]) == (True, None)
    *items, summary = restore(neptun, "last")
    made = server.store.get(PROJECTS, summary["into_project"])
    assert (made["name"], summary["project_made"]) == (summary["project_name"], True)
    assert {item["result"] for item in items} == {"restored"}
    assert server.store.get(IMPORTS, items[0]["new_id"])["project_id"] == made["id"]
    *again, _ = restore(neptun, "last")
    assert {item["result"] for item in again} == {"already restored"}
    *items, summary = restore(neptun, "last", "--into-project", "3")
    assert (summary["into_project"], summary["project_made"]) == (3, False)
    assert server.store.get(IMPORTS, items[0]["new_id"])["project_id"] == 3
    ran = neptun("restore", "last", "--into-project", "99")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "This account has no project 99. Nothing was sent." in ran.stderr


def test_an_import_that_is_gone_comes_back_with_its_file_or_another_is_named(
    neptun: Command, server: Scripted
) -> None:
    run_id = delete(neptun, "file", "1", "1301")
    server.store.remove(IMPORTS, 102)
    one, two, _ = restore(neptun, run_id)
    assert [(o["kind"], o["result"], o["taken_along"]) for o in (one, two)] == [
        *(("import", "restored", True), ("file", "restored", False)),
    ]
    assert server.store.get(IMPORTS, one["new_id"])["source_path"] == "demo-org/storefront-ui"
    other = delete(neptun, "file", "1", "1201")
    [item, _] = restore(neptun, other, "--into-import", "110")
    assert server.store.get(FILES, item["new_id"])["import_id"] == 110
    for wrong in ("102", "0", "x"):
        ran = neptun("restore", other, "--into-import", wrong)
        assert (ran.returncode, ran.stdout) in ((1, ""), (2, ""))


def test_killed_with_requests_held_at_the_server_and_run_again_at_once(
    neptun: Command,
    started: Callable[..., subprocess.Popen[str]],
    server: Scripted,
) -> None:
    delete(neptun, "import", "1", "102")
    before = len(server.store.select(FILES))
    gate = server.hold("^POST .*/files$")
    process = started("restore", "last", "--json")
    wait_until(lambda: gate.waiting >= 6, "the first requests")
    process.kill()
    process.wait(PATIENCE)
    again = started("restore", "last", "--json")
    wait_until(lambda: gate.waiting >= 7, "the requests of the second restore")
    gate.open()
    code, out, err = finished(again)
    *items, summary = lines_of(out, "restore")
    assert code == 0, err
    assert summary["counts"]["restored"] + summary["counts"]["already restored"] == len(items) == 59
    rows = server.store.select(FILES, import_id=items[0]["new_id"])
    assert len(rows) == len({row["original_path"] for row in rows}) == 58
    assert len(server.store.select(FILES)) == before + 58


def test_what_is_restored_already_is_left_and_said_so(neptun: Command, server: Scripted) -> None:
    run_id = delete(neptun, "file", "1", "1201", "1202")
    restore(neptun, run_id)
    server.store.arrivals.clear()
    ran = neptun("restore", run_id)
    assert (ran.returncode, posted(server)) == (0, 0)
    assert ran.stderr.strip() == "Already restored. Nothing to do."
    assert "\talready restored\t" in ran.stdout
    *items, summary = restore(neptun, run_id)
    assert [item["result"] for item in items] == ["already restored"] * 2
    assert summary["counts"]["already restored"] == summary["total"] == 2
    assert neptun("restore", run_id, "--only", "f1201").returncode == 0
    assert posted(server) == 0
    [back, _] = items
    server.store.remove(FILES, back["new_id"])
    ran = neptun("restore", run_id)
    assert "Nothing to do" not in ran.stderr
    assert "1 restored · 1 already restored." in ran.stderr


def test_what_was_never_deleted_is_not_called_restored(neptun: Command, server: Scripted) -> None:
    run_id = delete(neptun, "file", "1", "1201", "1202")
    kept = server.store.add(FILES, {**TEXT, "id": 1201, "project_id": 1, "neptun_user_id": 1})
    assert kept["id"] == 1201
    ran = neptun("restore", run_id, "--only", "f1201")
    assert ran.returncode == 0
    assert ran.stderr.strip() == "Still there: it was not deleted. Nothing to do."
    restore(neptun, run_id)
    ran = neptun("restore", run_id)
    assert ran.stderr.strip() == "Already restored or still there. Nothing to do."


def test_the_project_to_restore_into_is_named(neptun: Command) -> None:
    run_id = delete(neptun, "file", "1", "1201")
    for project, said in (
        ("2", "in project 2 Billing API, instead of 1 Storefront"),
        ("1", "in project 1 Storefront"),
    ):
        ran = neptun("restore", run_id, "--into-project", project, "--dry-run")
        assert (ran.returncode, f" {said} account" in " ".join(ran.stderr.split())) == (0, True)


def test_killed_and_run_again_with_its_own_project_named(
    neptun: Command, started: Callable[..., subprocess.Popen[str]], server: Scripted
) -> None:
    delete(neptun, "import", "1", "102")
    before = len(server.store.select(FILES))
    gate = server.hold("^POST .*/files$")
    process = started("restore", "last", "--json")
    wait_until(lambda: gate.waiting >= 6, "the first requests")
    process.kill()
    process.wait(PATIENCE)
    gate.open()
    wait_until(lambda: len(server.store.select(FILES)) >= before + 6, "what was on its way")
    *items, summary = restore(neptun, "last", "--into-project", "1")
    assert summary["counts"]["already restored"] >= 7, "the import and the files"
    assert summary["counts"]["restored"] + summary["counts"]["already restored"] == len(items) == 59
    assert len(server.store.select(FILES)) == before + 58
    [_] = server.store.select(IMPORTS, source_path="demo-org/storefront-ui")


@pytest.mark.parametrize("run_id", ["", "2", "nonsense", "20990101", "../x"])
def test_a_run_that_is_not_one_is_refused(neptun: Command, server: Scripted, run_id: str) -> None:
    none = neptun("restore", run_id)
    assert none.returncode == 2
    delete(neptun, "file", "1", "1201")
    delete(neptun, "file", "1", "1202")
    ran = neptun("restore", run_id)
    assert (ran.returncode, ran.stdout, posted(server)) == (2, "", 0)
    assert ("Several runs begin like that" in ran.stderr) is (run_id == "2")


def test_without_its_copy_a_run_cannot_be_restored(neptun: Command, server: Scripted) -> None:
    delete(neptun, "file", "1", "1201", "--no-backup")
    ran = neptun("restore", "last")
    assert (ran.returncode, ran.stdout, posted(server)) == (1, "", 0)
    assert "Deleted without a backup." in ran.stderr


@pytest.mark.parametrize("how", [["--dry-run"], []])
def test_another_account_cannot_restore_it(
    neptun: Command, server: Scripted, keep: Any, how: list[str]
) -> None:
    delete(neptun, "file", "1", "1201")
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    posts = posted(server)
    ran = neptun("--account", OTHER_EMAIL, "restore", "last", *how)
    assert (ran.returncode, ran.stdout, posted(server)) == (2, "", posts)
    assert "This run belongs to demo@example.com on 127.0.0.1" in ran.stderr


def test_another_server_does_not_get_it(neptun: Command, server: Scripted, keep: Any) -> None:
    delete(neptun, "file", "1", "1201")
    with serving() as other:
        keep(other.url)
        posts = posted(other)
        ran = neptun("--host", other.url, "restore", "last")
        assert (ran.returncode, posted(other)) == (2, posts)
    assert "Sign in there" in ran.stderr


def test_read_only_restores_nothing(neptun: Command, server: Scripted) -> None:
    delete(neptun, "file", "1", "1201")
    ran = neptun("--read-only", "restore", "last")
    assert (ran.returncode, ran.stdout, posted(server)) == (2, "", 0)
    assert "Read-only" in ran.stderr


def test_ctrl_c_stops_it_cleanly_and_the_rest_can_follow(
    neptun: Command,
    started: Callable[..., subprocess.Popen[str]],
    server: Scripted,
) -> None:
    delete(neptun, "import", "1", "102")
    gate = server.hold("^POST .*/files$")
    process = started("restore", "last", "--json")
    wait_until(lambda: gate.waiting >= 6, "the first requests")
    process.send_signal(signal.SIGINT)
    wait_until(lambda: heard(process), "the signal to be heard")
    gate.open()
    code, out, err = finished(process)
    *items, summary = lines_of(out, "restore")
    assert (code, summary["stopped"]) == (130, True)
    assert summary["counts"]["restored"] == 7
    assert summary["counts"]["not sent"] == len(items) - 7
    assert "Stopped: 7 restored" in err
    *items, summary = restore(neptun, "last")
    assert summary["counts"]["already restored"] == 7
    assert len(server.store.select(IMPORTS, source_path="demo-org/storefront-ui")) == 1
    assert len(server.store.select(FILES, import_id=items[0]["new_id"])) == 58


def test_no_name_brings_a_control_byte_to_any_output(neptun: Command, server: Scripted) -> None:
    delete(neptun, "import", "8", "120", "121", "122")
    for how in (["--dry-run"], ["--dry-run", "--json"], [], ["--json"]):
        ran = neptun("restore", "last", *how)
        assert ran.returncode in (0, 1), ran.stderr
        assert printable(ran.stdout, ran.stderr)
    for how in ([], ["--json"]):
        ran = neptun("history", *how)
        assert printable(ran.stdout, ran.stderr)


R, A, S, X, N, U = (
    *(RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED, RestoreStatus.STILL_THERE),
    *(RestoreStatus.REFUSED, RestoreStatus.NOT_SENT, RestoreStatus.UNKNOWN),
)


@pytest.mark.parametrize(
    ("given", "how", "damaged", "code"),
    [
        ([R, A, S], {}, False, ExitCode.OK),
        ([R], {}, True, ExitCode.FAILED),
        ([R, X], {}, False, ExitCode.FAILED),
        ([R], {"unrecorded": "The disk is full."}, False, ExitCode.FAILED),
        ([N], {"unlisted": Unreachable("No.")}, False, ExitCode.UNREACHABLE),
        ([N], {"unlisted": ServerFailed("No.")}, False, ExitCode.FAILED),
        ([N], {"halted": "It failed."}, False, ExitCode.UNREACHABLE),
        ([R, N], {"halted": "It failed."}, False, ExitCode.FAILED),
        ([N], {"undecided": True}, False, ExitCode.UNKNOWN),
        ([R, N], {"signed_out": True}, False, ExitCode.SIGN_IN),
        ([R, N], {"stopped": True}, False, ExitCode.INTERRUPTED),
        ([R, U], {"stopped": True, "signed_out": True}, False, ExitCode.UNKNOWN),
    ],
)
def test_the_exit_code_of_a_restore(
    given: list[RestoreStatus], how: dict[str, Any], damaged: bool, code: int
) -> None:
    outcomes = [
        RestoreOutcome(ResourceRef(Kind.FILE, n), f"{n}", result)
        for n, result in enumerate(given, 1)
    ]
    assert code_of_report(RestoreReport(tuple(outcomes), **how), damaged=damaged) is code


def test_a_server_that_cannot_be_reached_gets_its_code(run: Command, keep: Any) -> None:
    with serving() as server:
        keep(server.url)
        url = server.url
        ran = run("--host", url, "delete", "file", "1", "1201", "--yes")
        assert ran.returncode == 0
    ran = run("--host", url, "restore", "last", "--json")
    item, summary = lines_of(ran.stdout, "restore")
    assert (ran.returncode, item["result"], summary["exit_code"]) == (5, "not sent", 5)
