"""Account selection with several servers and accounts, and every way to name one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.domain.account import Session

from .conftest import Ran, Scripted, Terminal, held_to, lines_of, serving

Run = Callable[..., Ran]
Keep = Callable[..., Session]

DELETE = ("delete", "file", "1", "1201", "--yes")
FOREIGN = ("projects", "whoami", "doctor")


@pytest.fixture
def other() -> Iterator[Scripted]:
    """A second server, whose session is kept after the first one's."""
    with serving() as neptun:
        yield neptun


@pytest.fixture
def two(run: Run, server: Scripted, other: Scripted, keep: Keep) -> Run:
    """Run a command with sessions on two servers; the first is the default."""
    keep(server.url)
    keep(other.url)
    return run


def switched(run: Run, server: Scripted) -> None:
    ran = run("switch", server.url)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert f"The default is now {DEMO_EMAIL} on {server.url}." in ran.stderr


def default_of(run: Run) -> tuple[str, str] | None:
    document = held_to(json.loads(run("whoami", "--all", "--json").stdout), "whoami")
    found = [(row["account"], row["host"]) for row in document["sessions"] if row["default"]]
    return found[0] if found else None


@pytest.mark.parametrize(
    "use",
    [
        ("projects",),
        ("--read-only", "projects"),
        ("imports", "1", "--json"),
        ("files", "99"),
        ("whoami",),
        ("doctor",),
        ("history",),
        ("delete", "file", "1", "1201", "--dry-run"),
        ("delete", "file", "1", "1", "--yes"),
        ("delete", "file", "1", "1202", "--yes"),
        ("restore", "last", "--dry-run"),
        ("login", "--with-cookie"),
    ],
)
def test_no_use_of_another_server_changes_the_default(
    two: Run, server: Scripted, other: Scripted, use: tuple[str, ...]
) -> None:
    switched(two, server)
    two(*use, "--host", other.url)
    two(*use, NEPTUN_HOST=other.url)
    assert default_of(two) == (DEMO_EMAIL, server.url)
    before = list(other.deletes)
    ran = two(*DELETE)
    assert ran.returncode == 0, ran.stderr
    assert (server.deletes, other.deletes) == (["1/files/1201"], before)


@pytest.mark.parametrize("use", [("projects",), ("whoami",), ("imports", "99"), ("doctor",)])
def test_no_use_of_another_account_changes_the_default(
    run: Run, server: Scripted, keep: Keep, use: tuple[str, ...]
) -> None:
    keep(server.url)
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    run(*use, "--account", OTHER_EMAIL)
    run(*use, NEPTUN_ACCOUNT=OTHER_EMAIL)
    assert run("whoami").stdout.startswith(DEMO_EMAIL)
    assert DEMO_EMAIL in run("logout").stderr
    assert run("whoami", "--account", OTHER_EMAIL).returncode == 0


@pytest.mark.parametrize(
    "command", [DELETE, (*DELETE, "--dry-run"), ("restore", "last"), ("restore", "last", "--json")]
)
def test_what_changes_something_is_refused_between_several_and_names_them(
    two: Run, server: Scripted, other: Scripted, command: tuple[str, ...]
) -> None:
    assert two(*DELETE, "--host", server.url).returncode == 0, "for there to be a run"
    for each in (server, other):
        each.store.arrivals.clear()
    ran = two(*command)
    assert (ran.returncode, ran.stdout) == (2, "")
    for text in (f"{DEMO_EMAIL} on {server.url}", f"on {other.url}", "--host", "neptun-tui switch"):
        assert text in ran.stderr
    assert not [a for a in (*server.arrivals, *other.arrivals) if a.method in ("DELETE", "POST")]


@pytest.mark.parametrize("way", ["--host", "NEPTUN_HOST", "settings", "switch", "switch --host"])
def test_each_way_to_name_a_server_decides(
    two: Run, server: Scripted, other: Scripted, home: Path, way: str
) -> None:
    arguments, environ = (), {}
    if way == "--host":
        arguments = ("--host", other.url)
    elif way == "NEPTUN_HOST":
        environ = {"NEPTUN_HOST": other.url}
    elif way == "settings":
        config = home / "config" / "neptun-tui" / "config.toml"
        config.write_text(f'session_storage = "file"\nhost = "{other.url}"\n')
    else:
        named = (other.url,) if way == "switch" else ("--host", other.url)
        assert two("switch", *named).returncode == 0
    ran = two(*DELETE, *arguments, **environ)
    assert ran.returncode == 0, ran.stderr
    assert (server.deletes, other.deletes) == ([], ["1/files/1201"])


@pytest.mark.parametrize("way", ["--account", "NEPTUN_ACCOUNT", "switch", "nothing"])
def test_each_way_to_name_an_account_decides(
    run: Run, server: Scripted, keep: Keep, way: str
) -> None:
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    keep(server.url)
    arguments, environ = ("--host", server.url), {}
    if way == "--account":
        arguments += ("--account", DEMO_EMAIL)
    elif way == "NEPTUN_ACCOUNT":
        environ = {"NEPTUN_ACCOUNT": DEMO_EMAIL}
    elif way == "switch":
        assert run("switch", DEMO_EMAIL).returncode == 0
    ran = run(*DELETE, *arguments, **environ)
    assert ran.returncode == (2 if way == "nothing" else 0), ran.stderr
    assert server.deletes == ([] if way == "nothing" else ["1/files/1201"])


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("--host", ""), {}),
        (("--host="), {}),
        (("--host", " "), {}),
        (("--account", ""), {}),
        (("--account", " "), {}),
        (("--account", f" {DEMO_EMAIL}"), {}),
        (("--account", DEMO_EMAIL.upper()), {}),
        (("--account", DEMO_EMAIL.capitalize()), {}),
        ((), {"NEPTUN_HOST": ""}),
        ((), {"NEPTUN_ACCOUNT": ""}),
        ((), {"NEPTUN_ACCOUNT": f"{DEMO_EMAIL} "}),
    ],
)
def test_an_empty_or_almost_right_name_is_a_mistake(
    run: Run, server: Scripted, keep: Keep, arguments: object, environ: dict[str, str]
) -> None:
    keep(server.url)
    words = (arguments,) if isinstance(arguments, str) else tuple(arguments)  # type: ignore[arg-type]
    for command in (DELETE, ("projects",), ("logout",), ("restore", "last")):
        ran = run(*command, *words, **environ)
        assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert server.deletes == []
    assert run("whoami").returncode == 0


def test_a_host_in_the_settings_that_cannot_be_meant_stops_a_change(
    run: Run, server: Scripted, keep: Keep, home: Path
) -> None:
    keep(server.url)
    config = home / "config" / "neptun-tui" / "config.toml"
    for host in ('"https://corp.test/neptun"', "3", '""', '"', "http://corp.test"):
        config.write_text(f'session_storage = "file"\nhost = {host}\n')
        assert run(*DELETE).returncode == 2
    assert server.deletes == []
    config.write_text('session_storage = "file"\nhost = 3\n')
    assert run(*DELETE, "--host", server.url).returncode == 0


def test_a_default_whose_session_has_ended_is_not_replaced(
    two: Run, server: Scripted, other: Scripted
) -> None:
    switched(two, server)
    assert two("logout").returncode == 0
    for command in (DELETE, ("projects",), ("whoami",), ("logout",)):
        ran = two(*command)
        assert (ran.returncode, ran.stdout) == (4, ""), command
        assert f"{DEMO_EMAIL} on {other.url}" in ran.stderr
    assert (server.deletes, other.deletes) == ([], [])
    assert two("switch", other.url).returncode == 0
    assert two(*DELETE).returncode == 0
    assert other.deletes == ["1/files/1201"]


def test_signing_in_without_a_terminal_leaves_the_default_and_says_so(
    run: Run, server: Scripted, other: Scripted, keep: Keep
) -> None:
    keep(server.url)
    cookie = keep(other.url).cookie.reveal()
    run("logout", "--host", other.url)
    ran = run("login", "--with-cookie", "--host", other.url, stdin=cookie)
    assert ran.returncode == 0
    assert f"The default stays {DEMO_EMAIL} on {server.url}." in ran.stderr
    assert "neptun-tui switch" in ran.stderr
    assert default_of(run) == (DEMO_EMAIL, server.url)


def test_no_default_makes_none_and_the_next_sign_in_does(
    run: Run, server: Scripted, other: Scripted, keep: Keep
) -> None:
    cookies = [keep(each.url).cookie.reveal() for each in (server, other)]
    run("logout", "--all")
    first = ("login", "--with-cookie", "--no-default", "--host", server.url)
    assert run(*first, stdin=cookies[0]).returncode == 0
    second = run("login", "--with-cookie", "--host", other.url, stdin=cookies[1])
    assert second.returncode == 0
    assert default_of(run) == (DEMO_EMAIL, other.url)


@pytest.mark.parametrize(("answer", "chosen"), [("y", True), ("", False), ("n", False)])
def test_signing_in_asks_whether_to_change_the_default(
    terminal: Callable[..., Terminal],
    run: Run,
    server: Scripted,
    other: Scripted,
    keep: Keep,
    answer: str,
    chosen: bool,
) -> None:
    keep(server.url)
    shown = terminal("login", "--host", other.url, "--account", DEMO_EMAIL, size=(160, 24))
    shown.wait_for("Password of")
    shown.settle(0.1)
    shown.send(f"{DEMO_PASSWORD}\r")
    shown.wait_for(f"Commands that name no account use {DEMO_EMAIL} on {server.url}.", "[y/N]")
    shown.settle(0.1)
    shown.send(f"{answer}\r")
    assert shown.wait_exit() == 0
    assert default_of(run) == (DEMO_EMAIL, other.url if chosen else server.url)
    assert run(*DELETE).returncode == (0 if chosen else 2)
    assert (server.deletes, other.deletes) == ([], ["1/files/1201"] if chosen else [])


def test_a_list_to_choose_the_default_from(
    terminal: Callable[..., Terminal], two: Run, server: Scripted, other: Scripted
) -> None:
    shown = terminal("switch", size=(120, 24))
    shown.wait_for("  1  ", "* 2  ", "Number of the default from now on:")
    shown.send("1\r")
    assert shown.wait_exit() == 0
    assert default_of(two) == (DEMO_EMAIL, other.url)
    for typed in ("3", "0", "x", "", "²"):
        again = terminal("switch", size=(120, 24))
        again.wait_for("Number of the default")
        again.send(f"{typed}\r")
        assert again.wait_exit() == 2, typed
    assert default_of(two) == (DEMO_EMAIL, other.url)


@pytest.mark.parametrize(
    "wanted", [(), ("",), ("no-account@example.com",), ("https://c.test",), (DEMO_EMAIL,), ("x y",)]
)
def test_a_switch_to_none_or_to_several_changes_nothing(
    two: Run, server: Scripted, wanted: tuple[str, ...]
) -> None:
    ran = two("switch", *wanted)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert default_of(two) == (DEMO_EMAIL, server.url)
    assert two(*DELETE).returncode == 2


def test_a_switch_says_what_comes_before_it(two: Run, server: Scripted, other: Scripted) -> None:
    ran = two("switch", other.url, NEPTUN_HOST=server.url)
    assert ran.returncode == 0
    assert "NEPTUN_HOST is set, and comes before the default." in ran.stderr


def test_hints_repeat_the_server_and_the_account_that_were_given(
    run: Run, server: Scripted, other: Scripted, keep: Keep
) -> None:
    keep(server.url)
    given = ("--host", other.url, "--account", "it's@example.com")
    hint = f"neptun-tui login --host {other.url} --account 'it'\"'\"'s@example.com'"
    for command in (("projects",), DELETE, ("whoami",), ("restore", "last")):
        ran = run(*command, *given)
        if command[0] != "restore":
            assert (ran.returncode, hint in ran.stderr) == (4, True), ran.stderr
    assert "--host" not in run("projects", NEPTUN_HOST=other.url).stderr
    done = run(*DELETE, "--host", server.url)
    assert f"--host {server.url}" in done.stderr.partition("neptun-tui restore ")[2]


def test_every_plan_and_list_names_server_and_account(
    run: Run, server: Scripted, keep: Keep
) -> None:
    keep(server.url)
    commands = [("projects",), ("imports", "1"), ("files", "1"), ("whoami",)]
    documents = [json.loads(run(*command, "--json").stdout) for command in commands]
    documents += lines_of(run(*DELETE, "--dry-run", "--json").stdout)
    documents += lines_of(run(*DELETE, "--json").stdout)[-1:]
    documents += lines_of(run("restore", "last", "--dry-run", "--json").stdout, "restore")
    documents += json.loads(run("history", "--json").stdout)["runs"]
    documents += json.loads(run("whoami", "--all", "--json").stdout)["sessions"]
    for document in documents:
        assert (document["host"], document["account"]) == (server.url, DEMO_EMAIL)


def test_the_list_of_sessions_marks_the_default(two: Run, server: Scripted) -> None:
    rows = [line.split("\t") for line in two("whoami", "--all").stdout.splitlines()]
    assert [row[0] for row in rows] == ["", "*"]
    assert rows[1][1:4] == [DEMO_EMAIL, server.url, "1"]
    assert not server.arrivals or {a.method for a in server.arrivals} == {"POST"}, (
        "nothing was asked"
    )


def test_whoami_all_without_a_session(run: Run) -> None:
    ran = run("whoami", "--all", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["sessions"]) == (0, [])
    assert run("switch").returncode == 4
