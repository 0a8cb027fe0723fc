"""Lists by ID: tables, tab-separated lines, documents, and lists that fail to load."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from ..faults.proxy import Fault, Proxy, Turn
from .conftest import Run, Server, Terminal

LISTS = (("projects",), ("imports", "1"), ("files", "1"))


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def ids(text: str) -> list[int]:
    return [int(row[0]) for row in rows(text)]


def test_without_a_terminal_a_list_is_tab_separated_and_has_no_head(neptun: Run) -> None:
    ran = neptun("projects")
    assert (ran.returncode, ran.stderr) == (0, "")
    found = rows(ran.stdout)
    assert found[0][:2] == ["1", "Storefront"]
    assert ids(ran.stdout) == [1, 2, 3, 5, 8]
    assert all(len(row) == 3 and row[2].endswith("Z") for row in found)


def test_the_imports_of_every_source_type_are_listed_with_what_is_below_them(neptun: Run) -> None:
    found = {row[0]: row for row in rows(neptun("imports", "1").stdout)}
    assert {row[1] for row in found.values()} == {
        *("local_folder", "github_repository_installation", "public_github_repository_url")
    }
    assert found["102"][3:5] == ["completed", "58"]


def test_files_of_no_visible_import_say_so_and_can_be_asked_for(neptun: Run) -> None:
    every = rows(neptun("files", "1").stdout)
    orphans = rows(neptun("files", "1", "--import", "none").stdout)
    assert len(every) == 99
    assert [row[0] for row in orphans] == ["1242", "1406"]
    assert [row for row in every if row[1] == "none"] == orphans


def test_files_of_one_import_are_those_that_say_so(neptun: Run) -> None:
    found = rows(neptun("files", "1", "--import", "102").stdout)
    assert len(found) == 58
    assert {row[1] for row in found} == {"102"}


def test_filters_work_together(neptun: Run) -> None:
    found = neptun("files", "1", "--import", "101", "--grep", "DOCKER").stdout
    assert found
    assert all("docker" in line.casefold() for line in found.splitlines())
    types = neptun("imports", "1", "--source-type", "local_folder").stdout
    assert {row[1] for row in rows(types)} == {"local_folder"}


def test_lists_are_sorted_by_any_column_and_reversed(neptun: Run) -> None:
    by_size = [int(row[4]) for row in rows(neptun("files", "1", "--sort", "size").stdout)]
    assert by_size == sorted(by_size)
    by_files = neptun("imports", "1", "--sort", "files", "--reverse").stdout
    assert ids(by_files)[0] == 102
    assert ids(neptun("projects", "--reverse").stdout) == [8, 5, 3, 2, 1]
    names = [row[1].casefold() for row in rows(neptun("projects", "--sort", "name").stdout)]
    assert names == sorted(names)


def test_a_document_has_the_same_rows_in_the_same_order(neptun: Run) -> None:
    how = ("files", "1", "--sort", "updated", "--grep", "md")
    document = json.loads(neptun(*how, "--json").stdout)
    assert [file["id"] for file in document["files"]] == ids(neptun(*how).stdout)
    assert (document["account"], document["project"]) == ("demo@example.com", 1)


def test_content_is_in_a_document_only_when_it_was_asked_for(neptun: Run) -> None:
    without = json.loads(neptun("files", "1", "--json").stdout)["files"]
    assert not any("content" in file for file in without)
    full = json.loads(neptun("files", "1", "--json", "--content").stdout)["files"]
    assert next(f["content"] for f in full if f["id"] == 1201)
    ran = neptun("files", "1", "--content")
    assert (ran.returncode, ran.stdout) == (2, "")


def test_a_table_fits_a_terminal_and_is_for_people(
    terminal: Callable[..., Terminal], server: Server, session: object
) -> None:
    for columns in (120, 80, 50):
        shown = terminal("imports", "1", "--host", server.url, size=(columns, 24))
        assert shown.wait_exit() == 0
        head, *lines = [line.rstrip() for line in shown.lines if line.strip()]
        assert head.split() == ["ID", "SOURCE", "PATH", "STATE", "FILES", "SIZE", "UPDATED"]
        assert [line.split()[0] for line in lines] == ["101", "102", "103", "110"]
        assert columns < 120 or "GitHub app" in shown.text
        assert columns > 50 or "…" in shown.text
        assert columns < 80 or all(re.search(r" \d{4}, \d\d:\d\d$", line) for line in lines)


@pytest.mark.parametrize("arguments", LISTS)
def test_the_help_names_the_columns(
    terminal: Callable[..., Terminal], run: Run, arguments: tuple[str, ...]
) -> None:
    shown = terminal(*arguments, "--demo", size=(120, 200))
    assert shown.wait_exit() == 0
    head = next(line for line in shown.lines if "UPDATED" in line)
    assert f": {', '.join(head.split())}." in run(arguments[0], "--help").stdout


def test_an_empty_list_says_so_to_a_person_and_is_empty_to_a_script(
    neptun: Run, terminal: Callable[..., Terminal], server: Server
) -> None:
    ran = neptun("files", "1", "--grep", "no such name anywhere")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    shown = terminal("projects", "--grep", "zzzz", "--host", server.url)
    assert shown.wait_exit() == 0
    assert "No such project." in shown.text


@pytest.mark.parametrize(
    "fault",
    [Fault.ERROR, Fault.GATEWAY, Fault.LOGIN_WALL, Fault.NOTHING, Fault.NULL, Fault.TRUNCATED],
)
@pytest.mark.parametrize("command", LISTS)
def test_a_list_that_cannot_be_had_is_no_empty_list(
    run: Run, line: Proxy, command: tuple[str, ...], fault: Fault
) -> None:
    for label in ("GET projects", "GET files", "GET imports local_folder"):
        line.script[label].append(Turn(fault))
    ran = run(*command, "--json", NEPTUN_HOST=line.origin)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("neptun-tui: ")
    assert "neptun-tui broke" not in ran.stderr


@pytest.mark.parametrize("half", ["GET files", "GET imports github_repository_installation"])
@pytest.mark.parametrize("command", LISTS[1:])
def test_half_a_list_is_not_printed_as_a_whole_one(
    run: Run, line: Proxy, command: tuple[str, ...], half: str
) -> None:
    line.script[half].append(Turn(Fault.GATEWAY))
    ran = run(*command, NEPTUN_HOST=line.origin)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Only a part of the project could be listed." in ran.stderr


def test_a_project_that_is_not_there_is_no_empty_list(neptun: Run) -> None:
    for what in ("imports", "files"):
        ran = neptun(what, "999")
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "Not found, or you do not have access." in ran.stderr


@pytest.mark.parametrize("project", ["0", "x", "-1", "1e2", "2147483648"])
def test_what_is_no_id_is_a_mistake_of_usage_and_nothing_is_sent(
    neptun: Run, server: Server, project: str
) -> None:
    ran = (
        neptun("imports", "--", project) if project.startswith("-") else neptun("imports", project)
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert not server.store.arrivals


def test_filters_that_can_find_nothing_are_mistakes(neptun: Run) -> None:
    typo = neptun("imports", "1", "--source-type", "local_foldr")
    assert typo.returncode == 2
    assert "Did you mean 'local_folder'?" in typo.stderr
    unused = neptun("imports", "8", "--source-type", "public_github_repository_url")
    assert (unused.returncode, unused.stdout) == (0, "")
    missing = neptun("files", "1", "--import", "999")
    assert missing.returncode == 2
    assert "no import 999" in missing.stderr
    empty = neptun("files", "1", "--import", "103")
    assert (empty.returncode, empty.stdout) == (0, "")
