"""Runs over a real sshd on loopback whose connection is cut, or stalls, in the middle."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES
from neptun_tui.demo.server import listen
from neptun_tui.domain.results import Verdict
from neptun_tui.storage.journal import Journal, RunRecord

PATIENCE = 60.0
FOUND = "spec.ts"
ANSWERED, IN_FLIGHT = 5, 6

CONFIG = """\
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
"""


class Line:
    """Proxy between ssh and its server that can stall or cut the connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = listen()
        self.port = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            self._ends += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        try:
            while data := here.recv(4096):
                self._flows.wait(PATIENCE)
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut

    def stand_still(self) -> None:
        self._flows.clear()

    def go_on(self) -> None:
        self._flows.set()

    def cut(self) -> None:
        """Both ends see the connection end, and nothing that was on its way arrives."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):  # it has ended by itself
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._flows.set()

    def close(self) -> None:
        self._listener.close()
        self.cut()


def needed(program: str) -> str:
    """Return the path of a program; without it the test is skipped, but in CI it fails."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{program} is missing")
    return path


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[int]:
    """Start a server with throw-away keys that accepts the current user; return its port."""
    program, keygen = needed("sshd"), needed("ssh-keygen")
    folder = tmp_path / "sshd"
    folder.mkdir()
    for name in ("host", "user"):
        make = [keygen, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(make, check=True, timeout=PATIENCE)
    (folder / "config").write_text(CONFIG.format(folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(
            mode=0o755, exist_ok=True
        )  # where it shuts in its unprivileged half
    with listen() as free:
        port = free.getsockname()[1]
    options = ["-o", f"Port={port}", "-o", "ListenAddress=127.0.0.1"]
    log = (folder / "log").open("wb")
    server = subprocess.Popen([program, "-D", "-e", "-f", folder / "config", *options], stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while b"listening on" not in (folder / "log").read_bytes():
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE)
        log.close()


@pytest.fixture
def line(sshd: int) -> Iterator[Line]:
    """The way to the server."""
    made = Line(sshd)
    yield made
    made.close()


@pytest.fixture
def over_ssh(
    line: Line, terminal: Callable[..., Any], env: dict[str, str], server: Any, tmp_path: Path
) -> Callable[[], Any]:
    """The app at the far end of the line, with the demo's first project open."""
    ssh, note = needed("ssh"), tmp_path / "far"

    def start() -> Any:
        there = {name: value for name, value in env.items() if name != "TERM"}
        words = [f"{name}={value}" for name, value in there.items()]
        app = [sys.executable, "-m", "neptun_tui", "--host", server.url, "--account", DEMO_EMAIL]
        far = f"echo $$ > {shlex.quote(str(note))}; exec env {shlex.join([*words, *app])}"
        settings = [
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
        ]
        settings += ["LogLevel=ERROR", f"IdentityFile={tmp_path}/sshd/user", f"Port={line.port}"]
        named = [word for setting in settings for word in ("-o", setting)]
        whole = [
            ssh,
            "-tt",
            "-F",
            "none",
            *named,
            f"{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1",
            far,
        ]
        here = terminal(command=whole)
        here.wait_for("Your session will be kept")
        here.send(f"{DEMO_PASSWORD}\r")
        here.wait_for("Strange names")
        here.send("\r")
        here.wait_for("Orphaned files")
        here.far = int(note.read_text())
        return here

    return start


def found(server: Any) -> set[int]:
    rows = server.store.select(FILES, project_id=1)
    return {row["id"] for row in rows if row["title"].endswith(FOUND)}


@pytest.fixture
def runs(home: Path) -> Callable[[], Sequence[RunRecord]]:
    return lambda: Journal(home / "state" / "neptun-tui").runs()


@pytest.fixture
def half_way(over_ssh: Callable[[], Any], server: Any) -> Callable[[], Any]:
    """A run over there: some answers have come, some requests are on their way."""

    def start() -> Any:
        server.answered = ANSWERED
        app = over_ssh()
        app.delete_found(FOUND, len(found(server)))
        app.wait_until(lambda: len(server.deletes) == ANSWERED + IN_FLIGHT, "requests on their way")
        return app

    return start


def wait_gone(pid: int) -> None:
    until = time.monotonic() + PATIENCE
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.02)
        pytest.fail("it is left behind")


def test_a_connection_cut_in_the_middle_of_a_run_ends_the_app_and_the_next_start_tells_the_truth(
    half_way: Callable[[], Any], over_ssh: Callable[[], Any], line: Line,
    server: Any, runs: Callable[[], Sequence[RunRecord]],
) -> None:  # fmt: skip
    planned = found(server)
    app = half_way()
    line.cut()
    wait_gone(app.far)
    app.wait_exit()
    (run,) = runs()
    assert not run.ended
    sent = {int(path.rpartition("/")[2]) for path in server.deletes}
    assert len(sent) == len(server.deletes) == ANSWERED + IN_FLIGHT
    server.answered = float("inf")

    intended = {item.key.id for item in run.items if item.sent}
    assert sent <= intended < set(planned)
    unknown, unsent = len(intended - sent), len(planned) - len(intended)
    again = over_ssh()
    told = (
        f"A deletion in Storefront has {unknown} open results: "
        f"{len(sent)} deleted, {unknown} unknown, {unsent} not sent"
    )
    again.wait_until(lambda: told in re.sub(r"[\s▌▐]+", " ", again.text), "what became of it")
    assert again.quit() == 0
    (run,) = runs()
    assert {item.key.id for item in run.items if item.verdict is Verdict.DELETED} == sent
    assert found(server) == planned - sent == {i.key.id for i in run.items} - sent
    assert len(server.deletes) == len(sent)


def test_a_connection_that_stands_still_stalls_no_run_and_ends_the_app_when_it_is_cut(
    half_way: Callable[[], Any], line: Line, server: Any,
    runs: Callable[[], Sequence[RunRecord]],
) -> None:  # fmt: skip
    number = len(found(server))
    app = half_way()
    line.stand_still()
    server.answered = float("inf")
    until = time.monotonic() + PATIENCE
    while not runs()[0].ended:
        assert time.monotonic() < until, "the run has stalled"
        time.sleep(0.05)
    assert len(server.deletes) == number
    assert found(server) == set()
    assert {item.verdict for item in runs()[0].items} == {Verdict.DELETED}
    assert f"Done  {number} deleted" not in app.text
    line.go_on()
    app.wait_for(f"Done  {number} deleted")
    line.stand_still()
    app.send("?")
    line.cut()
    wait_gone(app.far)
