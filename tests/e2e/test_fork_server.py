"""Equivalence of a forked command and the real one, where the tests use it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .conftest import APP
from .fork_server import APP as THE_APP
from .fork_server import CLI, ForkServer
from .terminal import PATIENCE, Terminal


@pytest.fixture
def forks(env: dict[str, str], linux: None) -> Iterator[ForkServer]:
    with closing(ForkServer(env, CLI)) as server:
        yield server


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (("--version",), ""),
        (("projects", "extra"), ""),
        (("whoami", "--host", "http://127.0.0.1:9"), ""),
        (("login", "--with-cookie", "--host", "http://127.0.0.1:9"), "throw-away\x1b[2J\n"),
        (("schema", "files"), ""),
        ((), ""),
    ],
)
def test_a_fork_says_and_ends_as_the_command_does(
    forks: ForkServer, env: dict[str, str], home: Path, arguments: tuple[str, ...], stdin: str
) -> None:
    where: dict[str, Any] = {"env": env, "cwd": home / "work", "timeout": PATIENCE}
    ran = forks.run(arguments, stdin=stdin, **where)
    streams: dict[str, Any] = {"capture_output": True, "text": True, "encoding": "utf-8"}
    real = subprocess.run([*APP, *arguments], input=stdin, **streams, **where)
    assert (ran.returncode, ran.stdout, ran.stderr) == (
        real.returncode,
        real.stdout,
        real.stderr,
    )


def test_a_fork_that_takes_too_long_is_ended(
    forks: ForkServer, env: dict[str, str], home: Path
) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        forks.run(("--version",), env=env, cwd=home / "work", stdin="", timeout=0)


def test_where_the_interpreter_would_start_otherwise_none_is_forked(
    forks: ForkServer, env: dict[str, str]
) -> None:
    assert forks.suits({**env, "NEPTUN_HOST": "http://127.0.0.1:9", "HOME": "/elsewhere"})
    for name in ("LC_ALL", "PYTHONUTF8", "PATH", "TZ"):
        assert not forks.suits({**env, name: "other"})
    assert not forks.suits({name: value for name, value in env.items() if name != "LANG"})


@pytest.mark.parametrize("controlling", [True, False])
def test_forked_app_draws_and_ends_as_the_real_one(
    env: dict[str, str], home: Path, linux: None, controlling: bool
) -> None:
    seen: list[tuple[str, int, object, dict[str, bool]]] = []
    with closing(ForkServer(env, THE_APP)) as server:
        for command, forks in (([*APP, "--demo"], None), (["--demo"], server)):
            where = (command, env, home / "work", (80, 24))
            app = Terminal(*where, controlling=controlling, forks=forks)
            with closing(app):
                app.wait_for("Your session will be kept in")
                app.settle()
                assert os.getsid(app.process.pid) == app.process.pid
                drawn = app.text
                seen.append((drawn, app.quit("\x11"), app.after == app.before, app.modes))
    real, forked = seen
    assert re.sub(r":\d{4,5}", ":port", forked[0]) == re.sub(r":\d{4,5}", ":port", real[0])
    assert forked[1:] == real[1:]


def test_forked_process_is_signalled_and_its_end_is_seen(
    forks: ForkServer, env: dict[str, str], home: Path
) -> None:
    in_, feed = os.pipe()
    out, told = os.pipe()
    arguments = ("login", "--with-cookie", "--host", "http://127.0.0.1:9")
    fork = forks.start(arguments, env=env, cwd=home / "work", streams=(in_, told, told))
    for descriptor in (in_, told):
        os.close(descriptor)
    assert fork.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(0.01)
    fork.kill()
    assert fork.wait(PATIENCE) == fork.poll() == fork.returncode == -signal.SIGKILL
    assert os.read(out, 1) == b"", "its descriptors are closed"
    for descriptor in (feed, out):
        os.close(descriptor)


def test_environment_that_a_library_may_read_while_it_loads_forks_no_app(
    env: dict[str, str], linux: None
) -> None:
    with closing(ForkServer(env, THE_APP)) as server:
        assert server.suits({**env, "NEPTUN_HOST": "http://127.0.0.1:9", "HOME": "/elsewhere"})
        for name in ("TERM", "NO_COLOR", "COLUMNS", "TEXTUAL_COLOR_SYSTEM", "ESCDELAY"):
            assert not server.suits({**env, name: "other"})
