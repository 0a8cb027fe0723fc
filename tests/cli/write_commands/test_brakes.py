"""Safety checks that stop a script before it deletes the wrong items."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.domain.account import Session

from .conftest import Ran, Scripted, files_of, lines_of, serving

Command = Callable[..., Ran]

FILES_TWO = ("delete", "file", "1", "1201", "1202")


def config(home: Path, *lines: str) -> None:
    text = "\n".join(('session_storage = "file"', *lines, ""))
    (home / "config" / "neptun-tui" / "config.toml").write_text(text)


# The number of items ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "goes"),
    [
        (("--expect", "2"), True),
        (("--expect", "1"), False),
        (("--expect", "3"), False),
        (("--expect", "0"), False),
        (("--max", "2"), True),
        (("--max", "99"), True),
        (("--max", "1"), False),
        (("--max", "0"), False),
        (("--expect", "2", "--max", "1"), False),
        (("--expect", "3", "--max", "2"), False),
        (("--expect", "-2"), False),
        (("--expect", "two"), False),
        (("--expect", "２"), False),
        (("--expect", ""), False),
        (("--max", "1e9"), False),
        (("--max", "99999999999"), False),
    ],
)
def test_a_plan_of_another_size_sends_nothing(
    neptun: Command, server: Scripted, arguments: tuple[str, ...], goes: bool
) -> None:
    dry = neptun(*FILES_TWO, *arguments, "--dry-run")
    ran = neptun(*FILES_TWO, *arguments, "--yes", "--json")
    assert (ran.returncode, dry.returncode) == ((0, 0) if goes else (2, 2)), ran.stderr
    assert server.deletes == (["1/files/1201", "1/files/1202"] if goes else [])
    assert goes or ran.stdout == ""


def test_the_files_of_an_import_count(neptun: Command, server: Scripted) -> None:
    for number in ("1", "58", "60"):
        ran = neptun("delete", "import", "1", "102", "--yes", "--expect", number)
        assert (ran.returncode, server.deletes) == (2, [])
        assert "The plan has 59 items" in ran.stderr
    assert neptun("delete", "import", "1", "i102", "--yes", "--expect", "59").returncode == 0
    assert server.deletes == ["1/imports/102"]


def test_what_is_left_out_or_given_twice_does_not_count(neptun: Command, server: Scripted) -> None:
    command = (*FILES_TWO, "1202", "999999", "--ignore-missing", "--yes")
    assert neptun(*command, "--expect", "4").returncode == 2
    assert server.deletes == []
    assert neptun(*command, "--expect", "2").returncode == 0


def test_no_ids_are_no_items(neptun: Command, server: Scripted) -> None:
    command = ("delete", "file", "1", "-", "--yes", "--expect")
    assert neptun(*command, "0").returncode == 0
    assert neptun(*command, "1").returncode == 2
    assert neptun("delete", "file", "1", "9", "--ignore-missing", *command[4:], "1").returncode == 2
    assert server.deletes == []


def test_the_settings_have_a_limit_that_max_overrules(
    neptun: Command, server: Scripted, home: Path
) -> None:
    config(home, "max_delete = 1")
    ran = neptun(*FILES_TWO, "--yes")
    assert (ran.returncode, server.deletes) == (2, [])
    assert "max_delete in the settings is 1" in ran.stderr
    assert neptun("delete", "file", "1", "1203", "--yes").returncode == 0
    assert neptun(*FILES_TWO, "--yes", "--max", "2").returncode == 0
    for value in ('"many"', "-1", "true", "1.5"):
        config(home, f"max_delete = {value}")
        assert neptun("delete", "file", "1", "1204", "--yes").returncode == 2, value
    assert len(server.deletes) == 3


# IDs that say their kind -----------------------------------------------------------------------


@pytest.mark.parametrize("word", ["f1201", "F1201", "1201"])
def test_a_file_may_be_named_with_its_kind(neptun: Command, server: Scripted, word: str) -> None:
    assert neptun("delete", "file", "1", "-", "--yes", stdin=f"{word}\n").returncode == 0
    assert server.deletes == ["1/files/1201"]


@pytest.mark.parametrize(
    ("kind", "word"),
    [("file", "i102"), ("import", "f102"), ("file", "f"), ("file", "ff1201"), ("file", "f 1201"),
     ("file", "f0"), ("file", "p1"), ("import", "i-102"), ("import", "i1.0"), ("file", "f１")],
)  # fmt: skip
def test_the_wrong_kind_is_refused_before_anything_is_asked(
    neptun: Command, server: Scripted, kind: str, word: str
) -> None:
    ran = neptun("delete", kind, "1", word, "--yes", "--ignore-missing")
    assert (ran.returncode, ran.stdout, server.arrivals) == (2, "", [])


def test_an_import_of_a_list_may_be_named_with_its_kind(neptun: Command) -> None:
    assert neptun("files", "1", "--import", "i101").stdout
    assert neptun("files", "1", "--import", "f101").returncode == 2


# Lists that were cut ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1201\n120", "1201", "1201\n1202\tna", "1201\n\n 1202", "1201 "])
def test_a_list_that_may_have_been_cut_is_refused(
    neptun: Command, server: Scripted, text: str
) -> None:
    ran = neptun("delete", "file", "1", "-", "--yes", "--ignore-missing", stdin=text)
    assert (ran.returncode, ran.stdout, server.arrivals) == (2, "", [])
    assert "--expect" in ran.stderr


def test_a_cut_list_is_taken_when_the_number_fits(neptun: Command, server: Scripted) -> None:
    command = ("delete", "file", "1", "-", "--yes", "--expect")
    assert neptun(*command, "3", stdin="1201\n1202").returncode == 2
    assert server.deletes == []
    assert neptun(*command, "2", stdin="1201\n1202").returncode == 0
    assert server.deletes == ["1/files/1201", "1/files/1202"]


# The filter of the lists -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["text", "markdown", "json", "1201", "server", "yaml"])
def test_grep_looks_into_names_and_nothing_else(
    neptun: Command, server: Scripted, text: str
) -> None:
    every = json.loads(neptun("files", "1", "--json").stdout)["files"]
    found = json.loads(neptun("files", "1", "--json", "--grep", text).stdout)["files"]
    wanted = [f for f in every if text in f"{f['original_path']}\0{f['title']}".casefold()]
    assert [f["id"] for f in found] == [f["id"] for f in wanted]
    assert len(found) < len(every) / 2


def test_grep_of_imports_and_projects_looks_into_names(neptun: Command) -> None:
    assert neptun("imports", "1", "--grep", "local_folder").stdout == ""
    assert neptun("imports", "1", "--grep", "local folder").stdout == ""
    assert neptun("imports", "1", "--grep", "STOREFRONT-UI").stdout.startswith("102\t")
    assert neptun("projects", "--grep", "1").stdout == ""
    assert neptun("projects", "--grep", "storeFRONT").stdout.startswith("1\t")


# Saved plans -----------------------------------------------------------------------------------


@pytest.fixture
def save(neptun: Command, home: Path) -> Callable[..., Path]:
    """Save a plan, and let a test change the document."""

    def call(*what: str, **changes: Any) -> Path:
        ran = neptun("delete", *what, "--dry-run", "--json")
        assert ran.returncode == 0, ran.stderr
        path = home / "work" / "plan.json"
        path.write_text(json.dumps(json.loads(ran.stdout) | changes))
        return path

    return call


def test_a_saved_plan_runs_exactly(neptun: Command, server: Scripted, save: Any) -> None:
    for what in (("import", "1", "110", "102"), ("file", "1", "1202", "1201")):
        plan = json.loads(save(*what).read_text())
        ran = neptun("delete", "--plan", "plan.json", "--yes", "--json")
        assert ran.returncode == 0, ran.stderr
        told = [(item["kind"], item["id"]) for item in lines_of(ran.stdout)[:-1]]
        assert told == [(item["kind"], item["id"]) for item in plan["items"]]
    assert server.deletes[:2] == ["1/imports/102", "1/imports/110"]
    assert server.deletes[2:] == ["1/files/1201", "1/files/1202"]


def test_a_saved_plan_can_be_looked_at_and_counted(
    neptun: Command, server: Scripted, save: Any
) -> None:
    save("import", "1", "102")
    assert neptun("delete", "--plan", "plan.json", "--dry-run").returncode == 0
    assert neptun("delete", "--plan", "plan.json", "--yes", "--expect", "58").returncode == 2
    assert neptun("delete", "--plan", "plan.json").returncode == 2, "no terminal to ask on"
    assert neptun("--read-only", "delete", "--plan", "plan.json", "--yes").returncode == 2
    assert server.deletes == []


@pytest.mark.parametrize("change", ["gone", "new", "renamed", "grown", "moved", "import gone"])
def test_what_has_changed_since_is_told_and_nothing_sent(
    neptun: Command, server: Scripted, save: Any, change: str
) -> None:
    save("import", "1", "102")
    tables = server.store
    [first, *_] = [row for row in tables.select(FILES, project_id=1) if row["import_id"] == 102]
    said = f"changed: file {first['id']}"
    if change == "gone":
        tables.remove(FILES, first["id"])
        said = f"gone: file {first['id']}"
    elif change == "new":
        first = next(r for r in tables.select(FILES, project_id=1) if r["import_id"] == 101)
        tables.change(FILES, first["id"], {"import_id": 102})
        said = f"new: file {first['id']}"
    elif change == "renamed":
        tables.change(FILES, first["id"], {"title": "another name"})
        said = f"changed: file {first['id']} another name (name, "
    elif change == "grown":
        tables.change(FILES, first["id"], {"content": f"{first['content']}more"})
        said += " "
    elif change == "moved":
        tables.change(FILES, first["id"], {"import_id": None})
        said = f"gone: file {first['id']}"
    else:
        tables.remove(IMPORTS, 102)
        said = "gone: import 102"
    for how in ("--yes", "--dry-run"):
        ran = neptun("delete", "--plan", "plan.json", how, "--json")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert said in ran.stderr
        assert "Changed since the plan was saved:" in ran.stderr
    assert server.deletes == []


def test_a_plan_that_has_run_does_not_run_again(
    neptun: Command, server: Scripted, save: Any
) -> None:
    save("file", "1", "1201", "1202")
    assert neptun("delete", "--plan", "plan.json", "--yes").returncode == 0
    ran = neptun("delete", "--plan", "plan.json", "--yes")
    assert ran.returncode == 2
    assert "gone: file 1201" in ran.stderr
    assert len(server.deletes) == 2


def test_a_plan_names_its_own_server_and_account(
    run: Command, server: Scripted, keep: Callable[..., Session], save: Any
) -> None:
    with serving() as other:
        keep(other.url)
        keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
        save("file", "1", "1201", "--host", server.url, "--account", DEMO_EMAIL)
        for arguments, environ in (
            (("--host", other.url), {}),
            (("--account", OTHER_EMAIL), {}),
            ((), {"NEPTUN_HOST": other.url}),
            ((), {"NEPTUN_ACCOUNT": OTHER_EMAIL}),
        ):
            ran = run("delete", "--plan", "plan.json", "--yes", *arguments, **environ)
            assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
        assert (server.deletes, other.deletes) == ([], [])
        run("switch", other.url)
        assert run("delete", "--plan", "plan.json", "--yes").returncode == 0
        assert (server.deletes, other.deletes) == (["1/files/1201"], [])
        run("logout", "--host", server.url, "--account", DEMO_EMAIL)
        assert run("delete", "--plan", "plan.json", "--yes").returncode == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"total": 3}, {"items": []}, {"type": "summary"}, {"version": 2}, {"host": "ftp://x"},
        {"host": 3}, {"account": ""}, {"account": None}, {"project": "1"}, {"project": True},
        {"items": 3}, {"items": [3]}, {"items": [{"kind": "file"}]}, {"connections": None},
        {"connections": ["102"]}, {"connections": [102, "x"]}, {"connections": [True]},
        {"total": True}, {"total": 2.0}, {"project": 1.0}, {"projects_not_searched": "0"},
        {"run": "20310101-000000000-000000"},
    ],
)  # fmt: skip
def test_what_is_no_whole_plan_is_refused(
    neptun: Command, server: Scripted, save: Any, changes: dict[str, Any]
) -> None:
    save("file", "1", "1201", "1202", **changes)
    server.store.arrivals.clear()
    ran = neptun("delete", "--plan", "plan.json", "--yes")
    assert (ran.returncode, ran.stdout, server.arrivals) == (2, "", []), ran.stderr
    assert "no whole plan" in ran.stderr


def test_an_import_of_a_saved_plan_goes_with_no_other(
    neptun: Command, server: Scripted, save: Any
) -> None:
    items = json.loads(save("import", "1", "102", "110").read_text())["items"]
    imports = [item for item in items if item["kind"] == "import"]
    for ring in ([102, 110], [110, 102], [102, None], [110, None]):
        pairs = zip(imports, ring, strict=True)
        edited = {item["id"]: {**item, "parent_import": other} for item, other in pairs}
        whole = [edited.get(i["id"], i) if i["kind"] == "import" else i for i in items]
        save("import", "1", "102", "110", items=whole)
        ran = neptun("delete", "--plan", "plan.json", "--yes")
        assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
        assert "no whole plan" in ran.stderr
    assert server.deletes == []


def test_a_file_that_holds_no_plan_is_refused(
    neptun: Command, server: Scripted, save: Any, home: Path
) -> None:
    path = save("file", "1", "1201", "1202")
    whole = path.read_bytes()
    server.store.arrivals.clear()
    for text in (b"", b"{", b"null", b"[" * 100_000, b"\xff\xfe", whole[:-2], whole * 2):
        path.write_bytes(text)
        ran = neptun("delete", "--plan", "plan.json", "--yes")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "Traceback" not in ran.stderr
    for name in ("not-there.json", ".", ""):
        assert neptun("delete", "--plan", name, "--yes").returncode == 2
    assert server.arrivals == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("file", "1", "1201"),
        ("file",),
        ("--ignore-missing",),
    ],
)
def test_a_plan_goes_with_no_other_words(
    neptun: Command, server: Scripted, save: Any, arguments: tuple[str, ...]
) -> None:
    save("file", "1", "1201")
    server.store.arrivals.clear()
    for whole in ((*arguments, "--plan", "plan.json"), ("--plan", "plan.json", *arguments)):
        assert neptun("delete", *whole, "--yes").returncode == 2
    assert server.arrivals == []


def test_without_a_plan_every_word_is_needed(neptun: Command, server: Scripted) -> None:
    for words in ((), ("file",), ("file", "1")):
        assert neptun("delete", *words, "--yes").returncode == 2
    assert neptun("delete", "--yes", "file", "1", "--no-backup", "1201").returncode == 0
    assert server.deletes == ["1/files/1201"]
    assert files_of(server)
