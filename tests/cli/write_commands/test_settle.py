"""Open results: checked again by ``settle``, and reported by every other command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from neptun_tui.demo.sample_projects import OTHER_EMAIL, OTHER_PASSWORD

from .conftest import Ran, Scripted, files_of, held_to, lines_of

Command = Callable[..., Ran]

HINT = "1 result is open. To look again: neptun-tui settle"


@pytest.fixture
def held(neptun: Command, server: Scripted):
    """A DELETE that a gateway has given up, and that the server has not carried out yet."""
    lock = server.store.locks.hold("DELETE", "*/resources/files/1201", answer=504)
    ran = neptun("delete", "file", "1", "1201", "--yes", "--json")
    item, summary = lines_of(ran.stdout)
    assert (ran.returncode, item["result"], summary["checked"]) == (6, "unknown", True)
    assert "may still be carried out" in item["reason"]
    assert HINT in ran.stderr
    assert 1201 in files_of(server)
    yield lock
    lock.drop()


def test_every_command_says_that_a_result_is_open_and_settle_closes_it(
    neptun: Command, server: Scripted, held
) -> None:
    for command in (("projects",), ("files", "1"), ("history",), ("doctor",), ("whoami",)):
        assert neptun(*command).stderr.count(HINT) == 1, command
    for offline in (("schema", "files"), ("projects", "--demo"), ("--version",)):
        assert "open" not in neptun(*offline).stderr, offline
    ran = neptun("settle")
    assert ran.returncode == 6
    assert "\tunknown\t" in ran.stdout
    assert HINT not in ran.stderr
    held.release()
    assert 1201 not in files_of(server)
    ran = neptun("settle", "--json")
    document = held_to(json.loads(ran.stdout), "history")
    assert ran.returncode == 0
    assert [run["ended"] for run in document["runs"]] == [True]
    assert document["runs"][0]["items"][0]["result"] == "deleted"
    assert "is resolved: 1 deleted; stored context renewed." in ran.stderr
    assert "open" not in neptun("projects").stderr
    ran = neptun("settle")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "No result of this account is open." in ran.stderr
    assert len(server.deletes) == 2, "settle sends nothing"


def test_what_settle_could_not_look_at_stays_unknown(
    neptun: Command, server: Scripted, held
) -> None:
    [other, *_] = files_of(server, 2)
    lock = server.store.locks.hold("DELETE", f"*/resources/files/{other}", answer=504)
    assert neptun("delete", "file", "2", str(other), "--yes").returncode == 6
    held.release()
    server.answer("^GET .*/projects/2/", 500, b"")
    ran = neptun("settle")
    assert ran.returncode == 6
    assert "is resolved: 1 deleted" in ran.stderr
    assert "Could not look at the open results of" in ran.stderr
    lock.drop()


def test_a_later_deletion_does_not_forget_the_open_result(
    neptun: Command, server: Scripted, held
) -> None:
    ran = neptun("delete", "file", "1", "1202", "--yes")
    assert ran.returncode == 0
    assert "A deletion in Storefront has 1 open result: 1 unknown." in ran.stderr
    assert HINT in ran.stderr


def test_wait_looks_until_nothing_is_open(
    started: Callable[..., subprocess.Popen[str]], server: Scripted, held
) -> None:
    looks = []

    def look(asked: str) -> None:
        if asked.endswith("/resources/files"):
            looks.append(asked)
            if len(looks) == 2:
                held.release()

    server.before = look
    process = started("settle", "--wait", "--json")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, len(looks)) == (0, 2)
    assert json.loads(out)["runs"][0]["counts"]["deleted"] == 1
    assert "Traceback" not in err


def test_open_results_of_another_account_count_as_unknown(
    neptun: Command, server: Scripted, held, keep: Callable[..., object]
) -> None:
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    ran = neptun("--account", OTHER_EMAIL, "settle")
    assert ran.returncode == 6
    assert "has open results. Look at them with --host" in ran.stderr
