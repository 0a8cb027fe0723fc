"""Stored contexts: renewed by a deletion and a command, shown and checked by commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.schema import FILES, PROJECTS

from ..conftest import Run, Server
from .conftest import Scripted, held_to, lines_of, printable, serving

CONTEXT = "/api/users/1/projects/1/context"


def requests(server: Scripted) -> list[str]:
    """The requests to the context of project 1 that arrived."""
    arrived = [(a.method, a.path) for a in server.arrivals]
    return [method for method, path in arrived if path == CONTEXT]


def content_of(server: Scripted, file: int) -> str:
    return json.dumps(server.store.get(FILES, file)["content"], ensure_ascii=False)[1:-1]


def stored(server: Scripted) -> str:
    return json.dumps(server.store.get(PROJECTS, 1), ensure_ascii=False, default=str)


def projects(neptun: Run) -> dict[int, dict[str, object]]:
    document = held_to(json.loads(neptun("projects", "--json").stdout), "projects")
    return {each["id"]: each["stored_context"] for each in document["projects"]}


def test_delete_renews_it_and_says_so(neptun: Run, server: Scripted) -> None:
    content = content_of(server, 1203)
    ran = neptun("delete", "file", "1", "1203", "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    assert "Stored context renewed." in ran.stderr
    *_, summary = lines_of(ran.stdout)
    assert summary["stored_context"] == {
        "state": "renewed",
        "imports": 0,
        "files": 0,
        "reason": "",
    }
    assert requests(server) == ["POST"]
    assert content not in stored(server)
    assert projects(neptun)[1]["no_longer_exist"] == 0


@pytest.mark.parametrize("how", ["--keep-context", "the settings"])
def test_keep_context_leaves_it_in_words(
    neptun: Run, server: Scripted, home: Path, how: str
) -> None:
    content = content_of(server, 1203)
    options = ["--keep-context"] if how == "--keep-context" else []
    if not options:
        config = home / "config" / "neptun-tui" / "config.toml"
        config.write_text(config.read_text() + "keep_context = true\n")
    ran = neptun("delete", "file", "1", "1203", "--yes", "--json", *options)
    assert ran.returncode == 0, ran.stderr
    assert "not renewed: the stored context keeps the contents" in ran.stderr
    assert "The stored context was left as it is; it may hold what was deleted." in ran.stderr
    assert lines_of(ran.stdout)[-1]["stored_context"]["state"] == "left"
    assert requests(server) == []
    assert content in stored(server)
    history = held_to(json.loads(neptun("history", "--json").stdout), "history")
    assert history["runs"][0]["stored_context"]["state"] == "left"
    found = projects(neptun)[1]
    assert found["no_longer_exist"] == 1
    assert found["problem"] == (
        "stored context is out of date: it holds 1 item that no longer exists"
    )
    assert projects(neptun)[2]["problem"] == ""

    renewed = neptun("context", "renew", "1", "--json")
    assert renewed.returncode == 0, renewed.stderr
    document = held_to(json.loads(renewed.stdout), "context")
    assert document["stored_context"]["state"] == "renewed"
    assert content not in stored(server)
    assert projects(neptun)[1]["problem"] == ""
    history = held_to(json.loads(neptun("history", "--json").stdout), "history")
    assert history["runs"][0]["stored_context"]["state"] == "renewed"


def test_a_server_that_does_not_renew_is_a_failure(neptun: Run, server: Scripted) -> None:
    server.answer(f"POST {CONTEXT}", 500, b'{"error":true,"statusCode":500}')
    ran = neptun("delete", "file", "1", "1203", "1204", "--yes", "--json")
    assert ran.returncode == 1
    assert "The stored context still holds 2 deleted files" in ran.stderr
    assert "neptun-tui context renew 1" in ran.stderr
    *_, summary = lines_of(ran.stdout)
    assert summary["counts"]["deleted"] == 2
    assert (summary["stored_context"]["state"], summary["stored_context"]["files"]) == ("holds", 2)
    assert summary["exit_code"] == 1
    again = neptun("context", "renew", "1")
    assert (again.returncode, again.stdout) == (1, "")
    server.heal()
    again = neptun("context", "renew", "1")
    assert (again.returncode, again.stderr) == (0, "Stored context renewed.\n")


def test_a_renewal_that_cannot_reach_the_server_gets_its_code(run: Run, keep: Any) -> None:
    with serving() as server:
        keep(server.url)
        url = server.url
    ran = run("--host", url, "context", "renew", "1", "--json")
    told = held_to(json.loads(ran.stdout), "context")["stored_context"]
    assert (ran.returncode, told["state"]) == (5, "unknown"), ran.stderr


def test_nothing_deleted_renews_nothing(neptun: Run, server: Scripted) -> None:
    server.answer(r"DELETE ", 400, b'{"statusCode":400,"statusMessage":"Bad Request."}')
    ran = neptun("delete", "file", "1", "1203", "--yes", "--json")
    assert ran.returncode == 1
    assert lines_of(ran.stdout)[-1]["stored_context"] is None
    assert requests(server) == []


def test_show_prints_what_a_prompt_would_get_and_stores_nothing(
    neptun: Run, server: Scripted
) -> None:
    shown = neptun("context", "show", "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("#")
    document = held_to(json.loads(neptun("context", "show", "1", "--json").stdout), "context")
    assert document["context"]["resources"]["imports"]
    assert server.methods("POST") == 0


def test_read_only_renews_nothing(neptun: Run, server: Scripted) -> None:
    ran = neptun("--read-only", "context", "renew", "1")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Read-only" in ran.stderr
    assert neptun("--read-only", "context", "show", "1").returncode == 0
    assert server.methods("POST") == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("context", "renew", "99"), 1),
        (("context", "show", "99"), 1),
        (("context", "renew", "abc"), 2),
        (("context", "renew"), 2),
        (("context", "make", "1"), 2),
    ],
)
def test_what_is_not_there_and_what_cannot_be_meant(
    neptun: Run, server: Server, arguments: tuple[str, ...], code: int
) -> None:
    ran = neptun(*arguments)
    assert ran.returncode == code, ran.stderr
    assert printable(ran.stdout, ran.stderr)


def test_hostile_contents_give_no_order_to_a_terminal(asked, server: Scripted) -> None:
    row = server.store.select(FILES, project_id=1)[0]
    hostile = {"title": "\x1b]0;owned\x07\x1b[2J", "content": "\x9b2J"}
    server.store.change(FILES, row["id"], hostile)
    server.store.change(PROJECTS, 1, {"name": hostile["title"], "description": hostile["title"]})
    screen = asked("context", "show", "1")
    assert screen.wait_exit() == 0
    assert b"owned" in screen.raw
    assert not any(order in screen.raw for order in (b"\x1b]", b"\x1b[2J", b"\x9b2J", b"\xc2\x9b"))
