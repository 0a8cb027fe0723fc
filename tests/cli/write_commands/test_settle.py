"""Open results: checked again by ``settle``, and reported by every other command."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from neptun_tui.demo.sample_projects import OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.domain.account import Session
from neptun_tui.storage.session_store import open_session_store

from .conftest import Ran, Scripted, files_of, held_to, lines_of, printable

Command = Callable[..., Ran]
Keep = Callable[..., object]

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
    document = held_to(json.loads(ran.stdout), "settle")
    assert (ran.returncode, document["unchecked"]) == (0, [])
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
    ran = neptun("settle", "--json")
    assert ran.returncode == 6
    assert "is resolved: 1 deleted" in ran.stderr
    document = held_to(json.loads(ran.stdout), "settle")
    assert [run["project"] for run in document["runs"]] == [1]
    [unchecked] = document["unchecked"]
    assert f"Could not look at the open results of {unchecked}." in ran.stderr
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
    assert "has open results. Look at them with: neptun-tui settle --host" in ran.stderr
    ran = neptun("--account", OTHER_EMAIL, "settle", "--json")
    assert len(held_to(json.loads(ran.stdout), "settle")["unchecked"]) == 1


def named_by_the_server(state: Path, session: Session, email: str) -> None:
    """Keep the session of an account whose server calls it so."""
    account = replace(session.account, email=email)
    session_store = open_session_store("file", state_dir=state)
    asyncio.run(session_store.save(replace(session, account=account)))
    session_store.close()


@pytest.mark.parametrize("email", ["me$(touch owned)@example.com", "a'b; ls @example.com"])
def test_the_command_for_another_account_is_safe_to_copy_into_a_shell(
    neptun: Command, server: Scripted, session: Session, state: Path, keep: Keep, email: str
) -> None:
    named_by_the_server(state, session, email)
    lock = server.store.locks.hold("DELETE", "*/resources/files/1201", answer=504)
    assert neptun("--account", email, "delete", "file", "1", "1201", "--yes").returncode == 6
    lock.drop()
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    ran = neptun("--account", OTHER_EMAIL, "settle")
    assert ran.returncode == 6
    command = ran.stderr.partition("Look at them with: ")[2].partition("\n")[0]
    wanted = ["neptun-tui", "settle", "--host", server.url, "--account", email]
    assert shlex.split(command) == wanted
    assert command == shlex.join(wanted)


def test_an_account_that_cannot_be_typed_is_not_put_into_a_command(
    neptun: Command, server: Scripted, session: Session, state: Path, keep: Keep
) -> None:
    email = "\x1b[31mred\u202e@example.com"
    named_by_the_server(state, session, email)
    lock = server.store.locks.hold("DELETE", "*/resources/files/1201", answer=504)
    assert neptun("--account", email, "delete", "file", "1", "1201", "--yes").returncode == 6
    lock.drop()
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    ran = neptun("--account", OTHER_EMAIL, "settle")
    assert ran.returncode == 6
    assert "Choose it with: neptun-tui switch" in ran.stderr
    assert "--account" not in ran.stderr
    assert printable(ran.stderr)
