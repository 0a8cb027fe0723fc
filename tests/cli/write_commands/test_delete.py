"""``delete`` without a terminal: its requests, its output, and every way to send nothing."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.cli.exit_codes import ExitCode, code_of_report
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Outcome, Report, Verdict

from .conftest import (
    APP,
    PATIENCE,
    Ran,
    Scripted,
    files_of,
    finished,
    held_to,
    lines_of,
    printable,
    serving,
)

Command = Callable[..., Ran]

EXPIRED = b'{"error":true,"url":"","statusCode":401,"statusMessage":"","message":"Unauthorized"}'


def test_an_import_goes_with_its_files_and_each_is_told_of(
    neptun: Command, server: Scripted, copies: Path
) -> None:
    before = files_of(server)
    ran = neptun("delete", "import", "1", "102", "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    assert server.deletes == ["1/imports/102"]
    *items, summary = lines_of(ran.stdout)
    assert {item["type"] for item in items} == {"item"}
    assert {item["result"] for item in items} == {"deleted"}
    assert (items[0]["kind"], items[0]["id"], items[0]["parent_import"]) == ("import", 102, None)
    gone = {item["id"] for item in items[1:]}
    assert gone == set(before) - set(files_of(server))
    assert {item["parent_import"] for item in items[1:]} == {102}
    assert summary["counts"]["deleted"] == summary["total"] == len(items) == len(gone) + 1
    assert (summary["exit_code"], summary["project_name"]) == (0, "Storefront")
    assert Path(summary["backup"]) == copies / f"{summary['run']}.jsonl"
    assert stat.S_IMODE(Path(summary["backup"]).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("dialect", "ended", "said"),
    [
        ("observed", "connected", "GitHub installation demo-org is still connected."),
        ("documented", "removed", "GitHub installation demo-org is no longer connected."),
    ],
)
def test_it_says_what_became_of_the_github_connection(
    neptun: Command, server: Scripted, dialect: str, ended: str, said: str
) -> None:
    server.serve(dialect=dialect)
    (plan,) = lines_of(neptun("delete", "import", "1", "102", "--dry-run", "--json").stdout)
    (connected,) = plan["github_installations"]
    assert (connected["name"], plan["connections"]) == ("demo-org", [102])
    assert plan["keep_context"] is False
    ran = neptun("delete", "import", "1", "102", "--yes", "--json")
    assert said in ran.stderr
    summary = lines_of(ran.stdout)[-1]
    assert summary["halted"] == ""
    assert summary["github_installations"] == [{**connected, "state": ended}]
    assert server.deletes == ["1/imports/102"]


def test_without_a_github_import_no_connection_is_asked_for(
    neptun: Command, server: Scripted
) -> None:
    asked = ("delete", "import", "1", "103", "--dry-run", "--json", "--keep-context")
    (plan,) = lines_of(neptun(*asked).stdout)
    assert plan["keep_context"] is True
    ran = neptun("delete", "import", "1", "103", "--yes", "--json")
    assert plan["github_installations"] is None
    assert lines_of(ran.stdout)[-1]["github_installations"] == []
    assert server.count("GET", "/github-installations") == 0


def test_the_plan_says_all_that_a_person_must_know(neptun: Command, server: Scripted) -> None:
    said = neptun("delete", "import", "1", "102", "--yes").stderr
    for text in (
        *("Delete import 102?", "PERMANENT: Neptun cannot undo this.", "Storefront", "58 files"),
        *("GitHub installation demo-org. It may stay", "demo@example.com on 127.0.0.1"),
        *(
            "connected to the GitHub installation demo-org",
            "backup is kept for 30 days in ~/data",
            "59 deleted.",
        ),
    ):
        assert text in said


def test_without_json_the_verdicts_are_a_table(neptun: Command, server: Scripted) -> None:
    ran = neptun("delete", "file", "1", "1202", "1201", "1202", "--yes")
    assert ran.returncode == 0
    assert server.deletes == ["1/files/1201", "1/files/1202"]
    rows = [line.split("\t") for line in ran.stdout.splitlines()]
    assert [row[:3] for row in rows] == [["file", "1201", "deleted"], ["file", "1202", "deleted"]]
    assert "\r" not in ran.stderr


def test_a_dry_run_shows_the_same_plan_and_sends_nothing(
    neptun: Command, server: Scripted, home: Path
) -> None:
    dry = neptun("delete", "import", "1", "102", "110", "--dry-run")
    assert (dry.returncode, server.deletes) == (0, [])
    assert not (home / "data").exists()
    assert not (home / "state" / "neptun-tui" / "deletions.jsonl").exists()
    document = neptun("delete", "import", "1", "102", "110", "--dry-run", "--json")
    assert server.deletes == []
    [plan] = lines_of(document.stdout)
    real = neptun("delete", "import", "1", "102", "110", "--yes", "--json")
    shown, _, rest = dry.stderr.partition("Dry run: nothing was sent.")
    assert shown
    assert not rest.strip()
    assert real.stderr.startswith(shown)
    told = [(item["kind"], item["id"]) for item in lines_of(real.stdout)[:-1]]
    assert [(item["kind"], item["id"]) for item in plan["items"]] == told
    assert [tuple(line.split("\t")[:2]) for line in dry.stdout.splitlines()] == [
        (kind, str(number)) for kind, number in told
    ]
    assert (plan["connections"], plan["total"]) == ([102], len(told))


def test_files_of_other_projects_are_items_of_the_plan(neptun: Command, server: Scripted) -> None:
    dry = neptun("delete", "import", "2", "105", "--dry-run", "--json")
    assert (dry.returncode, server.deletes) == (0, []), dry.stderr
    plan = json.loads(dry.stdout)
    file = plan["items"][-1]
    assert (file["kind"], file["name"], file["project_id"]) == ("file", "docs/vat.md", 1)
    assert file["parent_import"] == 105
    assert {item["project_id"] for item in plan["items"][:-1]} == {2}
    assert (plan["total"], plan["projects_not_searched"]) == (len(plan["items"]), 0)
    for refused in (("--expect", str(plan["total"] - 1)), ("--max", str(plan["total"] - 1))):
        assert neptun("delete", "import", "2", "105", "--yes", *refused).returncode == 2
    assert server.deletes == []
    ran = neptun("delete", "import", "2", "105", "--yes", "--json", "--expect", str(plan["total"]))
    assert (ran.returncode, server.deletes) == (0, ["2/imports/105"]), ran.stderr
    assert "1 file of project 1 Storefront" in " ".join(ran.stderr.split())
    *results, summary = lines_of(ran.stdout)
    assert [(each["id"], each["project_id"]) for each in results] == [
        (each["id"], each["project_id"]) for each in plan["items"]
    ]
    assert {each["result"] for each in results} == {"deleted"}
    assert (summary["counts"]["deleted"], summary["also_deleted"]) == (plan["total"], [])
    assert summary["stored_context"]["state"] == "renewed"
    [other] = summary["other_stored_contexts"]
    assert (other["project_id"], other["state"]) == (1, "renewed")
    assert not server.store.select(FILES, id=file["id"])
    [past] = json.loads(neptun("history", "--json").stdout)["runs"]
    assert past["items"][-1]["project_id"] == 1
    assert past["other_stored_contexts"] == summary["other_stored_contexts"]


def test_a_restore_posts_each_file_into_its_own_project(neptun: Command, server: Scripted) -> None:
    before = {f["original_path"] for f in server.store.select(FILES, project_id=1)}
    ran = neptun("delete", "import", "2", "105", "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    dry = neptun("restore", "last", "--dry-run")
    assert "in project 1 Storefront: 1 file" in " ".join(dry.stderr.split())
    back = neptun("restore", "last", "--json")
    assert back.returncode == 0, back.stderr
    summary = json.loads(back.stdout.splitlines()[-1])
    assert summary["counts"]["restored"] == summary["total"]
    assert [each["project_id"] for each in summary["other_stored_contexts"]] == [1]
    *items, _ = lines_of(back.stdout, "restore")
    assert [item["name"] for item in items if item["project_id"] != 2] == ["docs/vat.md"]
    [file] = [f for f in server.store.select(FILES, project_id=1) if "vat.md" in f["original_path"]]
    [parent] = server.store.select(IMPORTS, id=file["import_id"])
    assert parent["project_id"] == 2
    assert {f["original_path"] for f in server.store.select(FILES, project_id=1)} == before
    again = neptun("restore", "last", "--json")
    counts = json.loads(again.stdout.splitlines()[-1])["counts"]
    assert (counts["already restored"], counts["restored"]) == (summary["total"], 0)


def test_the_rows_name_the_project_of_a_file_of_another(
    neptun: Command, server: Scripted, home: Path
) -> None:
    ran = neptun("delete", "import", "2", "105", "--yes")
    rows = [line.split("\t") for line in ran.stdout.splitlines()]
    assert {row[3]: row[4] for row in rows if row[4]} == {"docs/vat.md": "Of project 1."}
    neptun("history", "export", "last", "out")
    manifest = json.loads((home / "work" / "out" / "manifest.json").read_text())
    projects = {file["original_path"]: file["project_id"] for file in manifest["files"]}
    assert projects.pop("docs/vat.md") == 1
    assert set(projects.values()) == {2} == {each["project_id"] for each in manifest["imports"]}
    server.store.remove(PROJECTS, 1)
    ran = neptun("restore", "last")
    rows = [line.split("\t") for line in ran.stdout.splitlines()]
    assert {row[4]: row[5] for row in rows if row[5]} == {
        "docs/vat.md": "Of project 1. Its project no longer exists. Restore it into another."
    }
    assert "in project 1" not in ran.stderr


@pytest.mark.parametrize("when", ["before", "between the preview and the post"])
def test_a_restore_whose_other_project_is_gone(
    neptun: Command, server: Scripted, when: str
) -> None:
    number = json.loads(neptun("files", "1", "--grep", "vat.md", "--json").stdout)["files"][0]["id"]
    assert neptun("delete", "import", "2", "105", "--yes").returncode == 0

    def vanish(asked: str) -> None:
        if asked.startswith("POST") and asked.endswith("/projects/1/resources/files"):
            server.before = lambda _asked: None
            server.store.remove(PROJECTS, 1)

    if when == "before":
        server.store.remove(PROJECTS, 1)
    else:
        server.before = vanish
    *items, summary = lines_of(neptun("restore", "last", "--json").stdout, "restore")
    [lost] = [item for item in items if item["result"] != "restored"]
    assert (lost["id"], lost["result"]) == (number, "not sent" if when == "before" else "refused")
    assert summary["exit_code"] == 1
    assert summary["counts"]["restored"] == summary["total"] - 1
    assert server.store.select(FILES, project_id=1) == []
    again = neptun("restore", "last", "--json")
    assert again.returncode == 1
    assert lines_of(again.stdout, "restore")[-1]["counts"]["restored"] == 0
    ran = neptun("restore", "last", "--only", f"f{number}", "--into-project", "3")
    assert ran.returncode == 0, ran.stderr
    [file] = [f for f in server.store.select(FILES, project_id=3) if "vat.md" in f["original_path"]]
    assert server.store.get(IMPORTS, file["import_id"])["project_id"] == 3


@pytest.mark.parametrize("edit", ["left out", "of another project"])
def test_a_saved_plan_is_held_to_what_goes_along_in_another_project(
    neptun: Command, server: Scripted, home: Path, edit: str
) -> None:
    plan = json.loads(neptun("delete", "import", "2", "105", "--dry-run", "--json").stdout)
    path = home / "work" / "plan.json"
    *own, file = plan["items"]
    items = own if edit == "left out" else [*own, {**file, "project_id": 3}]
    path.write_text(json.dumps({**plan, "items": items, "total": len(items)}))
    ran = neptun("delete", "--plan", "plan.json", "--yes")
    assert (ran.returncode, server.deletes) == (2, [])
    said = "new: file" if edit == "left out" else "docs/vat.md (project_id)"
    assert said in ran.stderr
    path.write_text(json.dumps(plan))
    ran = neptun("delete", "--plan", "plan.json", "--yes")
    assert (ran.returncode, server.deletes) == (0, ["2/imports/105"]), ran.stderr


def test_a_dry_run_of_nothing_is_an_empty_plan(neptun: Command, server: Scripted) -> None:
    ran = neptun("delete", "file", "1", "9", "--dry-run", "--json", "--ignore-missing")
    [plan] = lines_of(ran.stdout)
    assert (ran.returncode, plan["items"], plan["missing"]) == (0, [], [9])
    assert (plan["total"], server.deletes) == (0, [])


@pytest.mark.parametrize(
    ("lists_fail", "code", "verdict"), [(False, 1, "deleted"), (True, 6, "unknown")]
)
def test_who_stops_reading_still_gets_the_verdicts_counted(
    env: dict[str, str], server: Scripted, session: Any, lists_fail: bool, code: int, verdict: str
) -> None:
    def break_lists(asked: str) -> None:
        if lists_fail and asked.startswith("DELETE"):
            server.store.faults.list_fails = True

    server.before = break_lists
    reading, writing = os.pipe()
    os.close(reading)
    numbers = [str(number) for number in files_of(server)]
    command = [*APP, "delete", "file", "1", *numbers, "--yes", "--json"]
    ran = subprocess.run(
        command,
        env={**env, "NEPTUN_HOST": server.url},
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    )
    os.close(writing)
    server.store.faults.list_fails = False
    assert ran.returncode == code
    assert f"{len(numbers)} {verdict}." in ran.stderr
    assert "Traceback" not in ran.stderr
    assert files_of(server) == []


def test_an_unknown_result_is_in_the_exit_code_of_a_broken_pipe(
    started: Callable[..., subprocess.Popen[str]], server: Scripted
) -> None:
    def break_lists(asked: str) -> None:
        if asked.startswith("DELETE"):
            server.store.faults.list_fails = True

    server.before = break_lists
    numbers = [str(number) for number in files_of(server)]  # more than fits into a buffer
    reading, writing = os.pipe()
    os.close(reading)
    process = started("delete", "file", "1", *numbers, "--yes", "--json", stdout=writing)
    os.close(writing)
    code, _, err = finished(process)
    assert code == 6
    assert f"{len(numbers)} unknown" in err


def test_without_a_terminal_it_needs_a_yes(neptun: Command, server: Scripted) -> None:
    ran = neptun("delete", "file", "1", "1201", stdin="1201\n")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "--yes" in ran.stderr
    assert server.arrivals == []


def test_read_only_refuses_before_anything_is_asked(neptun: Command, server: Scripted) -> None:
    ran = neptun("--read-only", "delete", "file", "1", "1201", "--yes")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Read-only" in ran.stderr
    assert server.arrivals == []


@pytest.mark.parametrize("word", ["0", "abc", "-5", "2147483648", "1e2", "0x1", "1.5", "", "１"])
def test_what_is_no_id_is_refused_before_anything_is_asked(
    neptun: Command, server: Scripted, word: str
) -> None:
    for arguments, stdin in (((word,), None), (("1201", "-"), f"1202\n{word or '٣'}\n")):
        ran = neptun("delete", "file", "1", *arguments, "--yes", stdin=stdin)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "Traceback" not in ran.stderr
    assert "Line 2 of standard input" in ran.stderr
    assert neptun("delete", "file", word or "x", "1201", "--yes").returncode == 2
    assert server.arrivals == []


@pytest.mark.parametrize(
    ("kind", "ids", "said"),
    [
        ("import", ["101", "107"], "does not have import 107"),
        ("file", ["1201", "999999"], "does not have file 999999"),
        ("import", ["1201"], "It has file 1201, which is another thing"),
    ],
)
def test_what_the_project_does_not_have_fails_the_plan(
    neptun: Command, server: Scripted, kind: str, ids: list[str], said: str
) -> None:
    ran = neptun("delete", kind, "1", *ids, "--yes", "--json")
    assert (ran.returncode, ran.stdout, server.deletes) == (1, "", [])
    assert said in ran.stderr
    assert "--ignore-missing" in ran.stderr


def test_what_is_missing_can_be_left_out(neptun: Command, server: Scripted) -> None:
    command = ("delete", "file", "1", "1201", "999999", "--ignore-missing", "--yes", "--json")
    first = neptun(*command)
    *items, summary = lines_of(first.stdout)
    assert first.returncode == 0
    assert [item["id"] for item in items] == [1201]
    assert summary["missing"] == [999999]
    again = neptun(*command)
    [summary] = lines_of(again.stdout)
    assert (again.returncode, summary["total"], summary["run"]) == (0, 0, None)
    assert summary["missing"] == [1201, 999999]
    assert server.deletes == ["1/files/1201"]


@pytest.mark.parametrize("project", ["4", "77"])
def test_a_missing_project_or_one_of_another_user_is_refused(
    neptun: Command, server: Scripted, project: str
) -> None:
    ran = neptun("delete", "import", project, "107", "--yes", "--ignore-missing")
    assert (ran.returncode, ran.stdout, server.deletes) == (1, "", [])
    assert f"no project {project}" in ran.stderr


# Standard input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1201\n1202\n",
        "1201 f1202\n",
        "1202\tname 7\t9\nf1201\tx\n",
        "\n 1201\r\n\n1202\t\n1201\n \t",
    ],
)
def test_ids_come_from_standard_input(neptun: Command, server: Scripted, text: str) -> None:
    ran = neptun("delete", "file", "1", "-", "--yes", stdin=text)
    assert ran.returncode == 0, ran.stderr
    assert server.deletes == ["1/files/1201", "1/files/1202"]


def test_no_ids_on_standard_input_are_nothing_to_do(neptun: Command, server: Scripted) -> None:
    ran = neptun("delete", "file", "1", "-", "--yes", stdin="\n \n")
    assert (ran.returncode, ran.stdout, server.arrivals) == (0, "", [])
    assert "nothing to delete" in ran.stderr


def test_more_than_ten_thousand_ids_are_refused(neptun: Command, server: Scripted) -> None:
    many = "".join(f"{number}\n" for number in range(1, 10_001))
    refused = neptun("delete", "file", "1", "-", "9", "--yes", stdin=many)
    assert refused.returncode == 2
    assert "More than 10,000" in refused.stderr
    assert server.arrivals == []
    taken = neptun("delete", "file", "1", "-", "--yes", stdin=many)
    assert taken.returncode == 1
    assert "does not have" in taken.stderr
    assert "more" in taken.stderr
    assert server.deletes == []


def test_a_line_without_an_end_is_refused(neptun: Command, server: Scripted) -> None:
    ran = neptun("delete", "file", "1", "-", "--yes", stdin="1" * 1_000_001)
    assert (ran.returncode, server.arrivals) == (2, [])
    assert "too long" in ran.stderr


def test_standard_input_that_cannot_be_read_is_told(
    started: Callable[..., subprocess.Popen[str]], server: Scripted, home: Path
) -> None:
    with (home / "written").open("w") as only_for_writing:
        process = started("delete", "file", "1", "-", "--yes", stdin=only_for_writing)
    code, _, err = finished(process)
    assert (code, server.arrivals) == (2, [])
    assert err.startswith("neptun-tui: Standard input cannot be read")


# Backup --------------------------------------------------------------------------------------


def test_without_a_copy_nothing_is_deleted_until_that_is_chosen(
    neptun: Command, server: Scripted, copies: Path
) -> None:
    copies.parent.mkdir(parents=True)
    copies.write_text("in the way")
    ran = neptun("delete", "file", "1", "1201", "--yes", "--json")
    assert (ran.returncode, ran.stdout, server.deletes) == (1, "", [])
    assert "Nothing was deleted." in ran.stderr
    assert "--no-backup" in ran.stderr
    chosen = neptun("delete", "file", "1", "1201", "--yes", "--json", "--no-backup")
    assert chosen.returncode == 0
    assert "No backup is kept" in chosen.stderr
    assert lines_of(chosen.stdout)[-1]["backup"] is None
    assert server.deletes == ["1/files/1201"]
    assert copies.read_text() == "in the way"


# Faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", ["/resources/files$", "/resources/imports$"])
def test_half_a_listing_makes_no_plan(neptun: Command, server: Scripted, half: str) -> None:
    server.answer(f"GET .*{half}", 500, b"{}")
    ran = neptun("delete", "file", "1", "1201", "--yes", "--ignore-missing", "--json")
    assert (ran.returncode, ran.stdout, server.deletes) == (1, "", [])
    assert "The listing is incomplete." in ran.stderr


def test_what_neptun_does_not_delete_is_kept_and_fails(neptun: Command, server: Scripted) -> None:
    server.store.faults.delete_fails = True
    ran = neptun("delete", "file", "1", "1201", "--yes", "--json")
    item, summary = lines_of(ran.stdout)
    assert (ran.returncode, item["result"], summary["exit_code"]) == (1, "kept", 1)
    assert item["reason"]
    assert 1201 in files_of(server)


def test_what_another_client_deleted_first_counts_as_done(
    neptun: Command, server: Scripted
) -> None:
    def take(asked: str) -> None:
        if asked.startswith("DELETE") and 1201 in files_of(server):
            server.store.remove(FILES, 1201)

    server.before = take
    ran = neptun("delete", "file", "1", "1201", "--yes", "--json")
    assert (ran.returncode, lines_of(ran.stdout)[0]["result"]) == (0, "already gone")


def test_an_unknown_outcome_weighs_most(neptun: Command, server: Scripted) -> None:
    def break_lists(asked: str) -> None:
        if asked.startswith("DELETE"):
            server.store.faults.list_fails = True

    server.before = break_lists
    ran = neptun("delete", "file", "1", "1201", "--yes", "--json")
    item, summary = lines_of(ran.stdout)
    assert (ran.returncode, item["result"], summary["checked"]) == (6, "unknown", False)
    server.store.faults.list_fails = False
    server.before = lambda _asked: None
    later = neptun("delete", "file", "1", "1202", "--yes")
    assert "Storefront is resolved: 1 deleted; stored context renewed." in later.stderr


def test_a_session_lost_on_the_way_is_forgotten(neptun: Command, server: Scripted) -> None:
    server.answer("^DELETE ", 401, EXPIRED)
    ran = neptun("delete", "file", "1", "1201", "1202", "--yes", "--json")
    *items, summary = lines_of(ran.stdout)
    assert (ran.returncode, summary["signed_out"]) == (4, True)
    assert {item["result"] for item in items} == {"not sent"}
    assert neptun("delete", "file", "1", "1201", "--yes").returncode == 4


@pytest.mark.parametrize("how", [[], ["--json"]])
@pytest.mark.parametrize("answer", [(401, EXPIRED), (429, b"")])
def test_a_run_in_which_nothing_was_sent_leaves_no_backup_and_no_hint(
    how: list[str], answer: tuple[int, bytes], neptun: Command, server: Scripted, copies: Path
) -> None:
    server.answer("^DELETE ", *answer)
    ran = neptun("delete", "file", "1", "1201", "1202", "--yes", *how)
    assert "neptun-tui restore" not in ran.stderr + ran.stdout
    assert not list(copies.glob("*.jsonl"))
    if how:
        *items, summary = lines_of(ran.stdout)
        assert {item["result"] for item in items} == {"not sent"}
        assert summary["backup"] is None
    told = held_to(json.loads(neptun("history", "--json").stdout), "history")["runs"]
    assert [run["backup"]["state"] for run in told] == ["removed"]


def test_a_session_that_has_ended_before_sends_nothing(neptun: Command, server: Scripted) -> None:
    server.answer("^GET ", 401, EXPIRED)
    ran = neptun("delete", "file", "1", "1201", "--yes")
    assert (ran.returncode, ran.stdout, server.deletes) == (4, "", [])


def test_not_signed_in_says_how(run: Command, server: Scripted) -> None:
    ran = run("--host", server.url, "delete", "file", "1", "1201", "--yes")
    assert (ran.returncode, server.arrivals) == (4, [])
    assert "neptun-tui login" in ran.stderr


def test_a_server_that_cannot_be_reached_is_told_by_its_code(run: Command, keep: Any) -> None:
    with serving() as server:
        url = server.url
        keep(url)
    ran = run("--host", url, "delete", "file", "1", "1201", "--yes", "--json")
    assert (ran.returncode, ran.stdout) == (5, "")
    assert server.deletes == []


ACCOUNT, PROJECT = Account("https://neptun.example", 1, "demo@example.com"), Project(1, "Shop")
D, G, K, U, N = (
    *(Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.KEPT, Verdict.UNKNOWN, Verdict.NOT_SENT),
)


@pytest.mark.parametrize(
    ("verdicts", "how", "code"),
    [
        ([D, G], {}, ExitCode.OK),
        ([], {"checked": False}, ExitCode.OK),
        ([D, K], {}, ExitCode.FAILED),
        ([N, N], {"checked": False}, ExitCode.UNREACHABLE),
        ([N, N], {"checked": False, "journal_error": "The disk is full."}, ExitCode.FAILED),
        ([N, N], {}, ExitCode.FAILED),
        ([D, N], {"signed_out": True}, ExitCode.SIGN_IN),
        ([N, N], {"signed_out": True, "checked": False}, ExitCode.SIGN_IN),
        ([D, N], {"stopped": True}, ExitCode.INTERRUPTED),
        ([D, D], {"stopped": True}, ExitCode.INTERRUPTED),
        ([D, D], {"journal_error": "The disk is full."}, ExitCode.FAILED),
        ([D, U], {"stopped": True, "signed_out": True, "checked": False}, ExitCode.UNKNOWN),
    ],
)
def test_the_exit_code_of_a_run(verdicts: list[Verdict], how: dict[str, Any], code: int) -> None:
    targets = [PlanItem(ResourceRef(Kind.FILE, n), 1, f"{n}") for n in range(len(verdicts))]
    plan = DeletionPlan(ACCOUNT, PROJECT, tuple(PlanStep(target) for target in targets))
    outcomes = tuple(Outcome(t, v) for t, v in zip(targets, verdicts, strict=True))
    assert code_of_report(Report(plan, outcomes, **how)) is code


def test_no_name_brings_a_control_byte_to_any_output(neptun: Command, server: Scripted) -> None:
    imports = ["120", "121", "122"]
    for how in (["--dry-run"], ["--dry-run", "--json"]):
        ran = neptun("delete", "import", "8", *imports, *how)
        assert ran.returncode == 0
        assert printable(ran.stdout, ran.stderr)
    lines = neptun("delete", "import", "8", *imports[:1], "--yes", "--json")
    table = neptun("delete", "import", "8", *imports[1:], "--yes")
    assert (table.returncode, lines.returncode) == (0, 0)
    assert printable(table.stdout, table.stderr, lines.stdout, lines.stderr)
    assert lines.stdout.isascii()
    assert any("\x1b" in json.loads(line).get("name", "") for line in lines.stdout.splitlines())
