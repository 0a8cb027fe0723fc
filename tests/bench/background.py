"""Background processes for the benchmarks, above all a demo."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import neptun_tui

ROOT: Final = Path(neptun_tui.__file__).parents[1]


@contextlib.contextmanager
def started(*command: str, env: Mapping[str, str], says: str) -> Iterator[str]:
    """Run something in the background; gives the first line in which it says a word."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(env))
    assert process.stdout
    try:
        yield next(line for line in process.stdout if says in line)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextlib.contextmanager
def demo(*options: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """A fresh demo on loopback in a process of its own; gives its origin."""
    command = (sys.executable, "-m", "neptun_tui.demo", "--port", "0", *options)
    given = os.environ | {"PYTHONPATH": str(ROOT)} if env is None else env
    with started(*command, env=given, says="Neptun demo") as line:
        yield line.split()[3]
