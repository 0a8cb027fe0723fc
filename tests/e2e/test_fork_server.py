"""Equivalence of a forked command and the real one, where the tests use it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .conftest import APP
from .fork_server import ForkServer
from .terminal import PATIENCE


@pytest.fixture
def forks(env: dict[str, str], linux: None) -> Iterator[ForkServer]:
    with closing(ForkServer(env)) as server:
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
