"""Search for secrets: it finds exactly what it should."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from .canary import PASSWORD, PIECE, Canaries, files, process


def test_a_secret_among_the_arguments_or_in_the_environment_is_caught() -> None:
    command = [sys.executable, "-I", "-S", "-c", "print(flush=True); input()", PASSWORD]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env={"LEAK": PASSWORD}, **pipes) as leaking:
        assert leaking.stdout.readline() == b"\n"  # it is what it was started as
        found = Canaries(PASSWORD).leaks(process(leaking.pid))
        leaking.communicate(b"\n")
    assert found.keys() == {"cmdline", "environ"}


@pytest.mark.parametrize(
    "leak",
    [
        lambda secret: secret,
        lambda secret: f"{secret[:PIECE]}…",
        lambda secret: f"…{secret[-PIECE:]}",
        lambda secret: quote(secret, safe=""),
        lambda secret: secret.encode().hex(),
        lambda secret: b64encode(f"a{secret}".encode()).decode(),
        lambda secret: urlsafe_b64encode(f"ab{secret}c".encode()).decode()[:24],
    ],
)
def test_a_piece_of_a_secret_is_found_in_any_form(leak: Callable[[str], str]) -> None:
    canaries = Canaries(PASSWORD)
    assert canaries.found_in(f"before {leak(PASSWORD)} after".encode())
    assert not canaries.found_in(leak("Other-0123456789?AbCdEfGhIj").encode())
    assert not canaries.found_in(f"{PASSWORD[: PIECE - 1]} {PASSWORD[1:PIECE]}".encode())


def test_a_secret_in_a_file_or_in_its_name_is_caught(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/inside").write_bytes(b"\xff\n" + PASSWORD.encode())
    (tmp_path / PASSWORD.replace("/", "")).touch()
    (tmp_path / "nothing").write_text("nothing")
    found = Canaries(PASSWORD, PASSWORD.replace("/", "")).leaks(files(tmp_path))
    assert found.keys() == {"deep/inside", PASSWORD.replace("/", "")}
