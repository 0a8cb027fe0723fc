"""Sign-in, sign-out and ``whoami``: by a terminal, by standard input, by several names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.domain.account import COOKIE_NAME, Session

from ..faults.proxy import Fault, Proxy, Turn
from .conftest import APP, Run, Server, Terminal


def held_by(folder: Path, secret: str) -> list[Path]:
    return [f for f in folder.rglob("*") if f.is_file() and secret.encode() in f.read_bytes()]


def test_a_password_is_asked_for_and_never_shown(
    terminal: Callable[..., Terminal], run: Run, server: Server, home: Path
) -> None:
    shown = terminal("login", "--host", server.url, size=(120, 24))
    shown.wait_for("Your session will be kept in the file until you sign out", "E-mail:")
    shown.send(f"{DEMO_EMAIL}\r")
    shown.wait_for(f"Password of {DEMO_EMAIL}:")
    shown.settle(0.1)
    shown.send(f"{DEMO_PASSWORD}\r")
    assert shown.wait_exit() == 0
    assert f"as {DEMO_EMAIL}" in shown.text
    assert DEMO_PASSWORD.encode() not in shown.raw
    assert shown.after == shown.before
    assert not held_by(home, DEMO_PASSWORD)
    assert run("projects", NEPTUN_HOST=server.url).returncode == 0


def test_ctrl_c_at_the_password_ends_it_and_leaves_the_terminal_as_it_was(
    terminal: Callable[..., Terminal], server: Server
) -> None:
    shown = terminal("login", "--host", server.url, "--account", DEMO_EMAIL)
    shown.wait_for("Password of")
    shown.settle(0.1)
    shown.send("half a pass\x03")
    assert shown.wait_exit() == 130
    assert shown.after == shown.before
    assert b"half" not in shown.raw
    assert not server.store.arrivals


def test_a_wrong_password_is_told_and_nothing_is_kept(
    terminal: Callable[..., Terminal], server: Server, state: Path
) -> None:
    shown = terminal("login", "--host", server.url, "--account", DEMO_EMAIL, size=(120, 24))
    shown.wait_for("Password of")
    shown.settle(0.1)
    shown.send("Wrong!Passw0rd\r")
    assert shown.wait_exit() == 4
    assert "Wrong e-mail address or password." in shown.text
    assert not list(state.glob("session-*"))


@pytest.mark.parametrize("where", ["E-mail", "Password"])
def test_what_is_typed_in_another_encoding_is_told(
    terminal: Callable[..., Terminal], server: Server, where: str, state: Path
) -> None:
    named = () if where == "E-mail" else ("--account", DEMO_EMAIL)
    shown = terminal("login", *named, "--host", server.url)
    shown.wait_for(where)
    shown.settle(0.1)
    os.write(shown._master, b"caf\xe9\r")
    assert shown.wait_exit() == 2
    assert "UTF-8" in shown.text
    assert not list(state.glob("crash-*"))


def test_without_a_terminal_no_password_is_asked_for(run: Run, server: Server) -> None:
    for account in ((), ("--account", DEMO_EMAIL)):
        ran = run("login", "--host", server.url, *account, stdin=f"{DEMO_EMAIL}\n{DEMO_PASSWORD}\n")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "--with-cookie" in ran.stderr
        assert DEMO_PASSWORD not in ran.stderr
    assert not server.store.arrivals


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "{}\n",
        f"Cookie: a=b; {COOKIE_NAME}={{}}; c=d\r\n",
        '\ufeff{{\n  "auth": {{"neptun_session_cookie": "{}", "user": {{"name": "é"}}}}\n}}\n',
        f"curl 'https://neptun.example' \\\n -b '{COOKIE_NAME}={{}}'\n",
    ],
)
def test_a_cookie_on_standard_input_signs_in(
    run: Run, server: Server, session: Session, form: str
) -> None:
    assert run("logout", NEPTUN_HOST=server.url).returncode == 0
    cookie = session.cookie.reveal()
    ran = run("login", "--with-cookie", NEPTUN_HOST=server.url, stdin=form.format(cookie))
    assert (ran.returncode, ran.stdout) == (0, "")
    assert cookie not in ran.stderr
    assert run("whoami", NEPTUN_HOST=server.url).stdout.startswith(DEMO_EMAIL)


def test_a_cookie_longer_than_a_terminal_line_can_be_pasted_unseen(
    terminal: Callable[..., Terminal], server: Server, session: Session, run: Run
) -> None:
    run("logout", NEPTUN_HOST=server.url)
    cookie = session.cookie.reveal()
    shown = terminal("login", "--with-cookie", "--host", server.url, size=(120, 24))
    shown.wait_for("Session cookie (nothing is shown):")
    shown.settle(0.1)
    header = f"Cookie: other={'x' * 6000}; {COOKIE_NAME}={cookie}"
    for start in range(0, len(header), 500):
        shown.send(header[start : start + 500])
        shown.pump(0.02)
    shown.send("\r")
    assert shown.wait_exit() == 0, shown.text
    assert cookie[:40].encode() not in shown.raw
    assert b"xxxx" not in shown.raw
    assert shown.after == shown.before


def test_a_pasted_configuration_is_read_whole_and_nothing_is_left_for_the_shell(
    terminal: Callable[..., Terminal], server: Server, session: Session, run: Run
) -> None:
    run("logout", NEPTUN_HOST=server.url)
    cookie = session.cookie.reveal()
    shell = ("/bin/sh", "-c", '"$@"; sleep 0.5; read -r rest; echo "left: <$rest>"', "sh", *APP)
    shown = terminal("login", "--with-cookie", "--host", server.url, size=(120, 24), command=shell)
    shown.wait_for("Session cookie (nothing is shown):")
    shown.settle(0.1)
    config = json.dumps({"auth": {"neptun_session_cookie": cookie}}, indent=2)
    for line in f"{config}\nrm -rf example\n".splitlines(keepends=True):
        shown.send(line.replace("\n", "\r"))
        shown.pump(0.01)
    shown.wait_for("Signed in to")
    shown.pump(1)
    shown.send("\r")
    shown.wait_exit()
    assert cookie[:40].encode() not in shown.raw
    assert "left: <>" in shown.text


@pytest.mark.parametrize(
    "given", ["", "not a cookie", "x" * 100_000, "Fe26.2**\x1b[31m" + "x" * 99, "é" * 99]
)
def test_what_is_no_cookie_is_refused_unread_and_unsent(
    run: Run, server: Server, given: str
) -> None:
    ran = run("login", "--with-cookie", NEPTUN_HOST=server.url, stdin=given)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert not given or given not in ran.stderr
    assert not server.store.arrivals


def test_a_cookie_without_a_user_or_of_another_is_not_kept(
    run: Run, server: Server, session: Session, state: Path
) -> None:
    run("logout", NEPTUN_HOST=server.url)
    refused = run("login", "--with-cookie", NEPTUN_HOST=server.url, stdin=f"Fe26.2**{'a' * 400}")
    assert refused.returncode == 4
    cookie = session.cookie.reveal()
    other = ("login", "--with-cookie", "--account", OTHER_EMAIL)
    ran = run(*other, NEPTUN_HOST=server.url, stdin=cookie)
    assert ran.returncode == 2
    assert "another account" in ran.stderr
    assert not list(state.glob("session-*"))


def test_where_nothing_can_be_kept_signing_in_is_refused_with_the_way_out(
    run: Run, server: Server, session: Session, home: Path
) -> None:
    (home / "config/neptun-tui/config.toml").write_text('session_storage = "memory"\n')
    server.store.arrivals.clear()
    cookie = session.cookie.reveal()
    ran = run("login", "--with-cookie", NEPTUN_HOST=server.url, stdin=cookie)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "would have no effect" in ran.stderr
    assert 'session_storage = "file"' in ran.stderr
    assert "config.toml" in ran.stderr
    assert not server.store.arrivals


def test_accounts_are_told_apart_by_name_and_the_first_stays_the_default(
    neptun: Run, server: Server, keep: Callable[..., Session]
) -> None:
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    assert neptun("whoami").stdout.startswith(DEMO_EMAIL)
    assert neptun("whoami", "--account", OTHER_EMAIL).stdout.startswith(OTHER_EMAIL)
    assert neptun("whoami").stdout.startswith(DEMO_EMAIL)
    assert neptun("whoami", "--account", "no-account@example.com").returncode == 4


def test_the_host_is_taken_from_the_argument_then_the_environment(
    run: Run, server: Server, session: Session
) -> None:
    assert run("whoami", NEPTUN_HOST=server.url).returncode == 0
    assert run("whoami", "--host", server.url, NEPTUN_HOST="http://127.0.0.1:9").returncode == 0
    ran = run("whoami", NEPTUN_HOST="http://127.0.0.1:9")
    assert ran.returncode == 4
    assert "to http://127.0.0.1:9" in ran.stderr
    assert "neptun-tui login" in ran.stderr


def test_logging_out_forgets_one_session_and_says_what_it_cannot_do(
    neptun: Run, server: Server, state: Path, keep: Callable[..., Session]
) -> None:
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    ran = neptun("logout", "--account", DEMO_EMAIL)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "Neptun ends no session" in ran.stderr
    assert len(list(state.glob("session-*"))) == 1
    assert "/api/auth/logout" in [a.path for a in server.store.arrivals]
    assert neptun("projects", "--account", DEMO_EMAIL).returncode == 4
    refused = neptun("whoami")
    assert (refused.returncode, refused.stdout) == (4, ""), "no other account takes its place"
    assert f"{OTHER_EMAIL} on {server.url}" in refused.stderr
    assert neptun("whoami", "--account", OTHER_EMAIL).stdout.startswith(OTHER_EMAIL)
    again = neptun("logout", "--account", DEMO_EMAIL)
    assert again.returncode == 0, "gone already is done"


def test_logging_out_of_all_forgets_every_session(
    neptun: Run, server: Server, state: Path, keep: Callable[..., Session]
) -> None:
    keep(server.url, OTHER_EMAIL, OTHER_PASSWORD)
    ran = neptun("logout", "--all")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "Forgot 2 sessions." in ran.stderr
    assert not list(state.glob("session-*"))
    assert neptun("whoami").returncode == 4
    assert neptun("logout", "--all").returncode == 0


def test_a_session_the_server_no_longer_knows_is_forgotten(
    run: Run, line: Proxy, state: Path
) -> None:
    line.script["GET projects"].append(Turn(Fault.SESSION))
    ran = run("projects", NEPTUN_HOST=line.origin)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert "Sign in again" in ran.stderr
    assert not list(state.glob("session-*"))


def test_who_is_signed_in_is_what_the_server_says(neptun: Run, server: Server) -> None:
    document = json.loads(neptun("whoami", "--json").stdout)
    assert (document["account"], document["host"]) == (DEMO_EMAIL, server.url)
    assert (document["user_id"], document["kept_in"]["backend"]) == (1, "file")
    one, listed = neptun("whoami").stdout, neptun("whoami", "--all").stdout
    assert one.split()[-1] == listed.split()[-1] == "file"


def test_the_demo_is_signed_in_by_itself(run: Run) -> None:
    assert run("login", "--demo").returncode == 0
    assert run("projects", "--demo").stdout.startswith("1\tStorefront")
    assert run("whoami", "--demo").stdout.startswith(DEMO_EMAIL)
