"""Commands as processes forked from one that has loaded the program already.

Starting the interpreter and loading the program takes a third of a second of processor time, and
talking to a server on loopback a tenth of that. A forked command has its own process, descriptors,
environment, folder, signals and exit status, and ends as any interpreter does; what it does not
prove is how the interpreter starts and what is loaded when.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TextIO

LOADED = (
    *("commands.delete", "commands.doctor", "commands.history", "commands.lists", "commands.login"),
    *("commands.restore", "commands.settle", "commands.stored_context", "bootstrap", "context"),
    *("documents", "ids", "main", "models", "output", "parser", "plans", "progress", "prompts"),
    "tables",
)
AT_START = ("LANG", "LC_", "PYTHON", "TZ", "LD_", "COVERAGE", "PATH")
"""Prefixes of the variables that the interpreter reads at start-up."""


def at_start(env: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment has an effect before any command is run.

    The keyring's choice of a backend is read later.
    """
    late = "PYTHON_KEYRING_BACKEND"
    return {
        name: value for name, value in env.items() if name.startswith(AT_START) and name != late
    }


class ForkServer:
    """The process that commands are forked from, and what runs them from here."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = at_start(env)
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__))], stdin=theirs, env=dict(env)
            )

    def suits(self, env: Mapping[str, str]) -> bool:
        """Tell whether a fork is what a process started in this environment would be."""
        return at_start(env) == self._env

    def run(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: str,
        timeout: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, as `subprocess.run` does.

        Raises:
            subprocess.TimeoutExpired: it took too long, and was killed.
        """
        asked = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
        (in_, feed), (said, out), (complained, err), (told, tell) = (os.pipe() for _ in range(4))
        with tempfile.TemporaryFile() as request:
            request.write(json.dumps(asked).encode())
            request.flush()
            socket.send_fds(self._channel, [b"."], [request.fileno(), in_, out, err, tell])
        for descriptor in (in_, out, err, tell):
            os.close(descriptor)
        news = os.fdopen(told, encoding="ascii")
        pid = int(news.readline())
        outcome: list[str] = ["", "", ""]

        def read(place: int, stream: TextIO) -> None:
            with stream:
                outcome[place] = stream.read()

        def write() -> None:
            with suppress(BrokenPipeError), os.fdopen(feed, "w", encoding="utf-8") as stream:
                stream.write(stdin)

        streams = (os.fdopen(said, encoding="utf-8"), os.fdopen(complained, encoding="utf-8"), news)
        threads = [threading.Thread(target=read, args=each) for each in enumerate(streams)]
        threads.append(threading.Thread(target=write))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                thread.join()
                raise subprocess.TimeoutExpired(list(arguments), timeout, outcome[0], outcome[1])
        out_text, err_text, status = outcome
        return subprocess.CompletedProcess(list(arguments), int(status), out_text, err_text)

    def close(self) -> None:
        """End the process; commands that still run go on."""
        self._channel.close()
        self._process.wait()


def requests() -> tuple[list[str], dict[str, str], str]:
    """Fork for each request; return in the forked process, with what it is to run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system drops those that have exited
    with socket.socket(fileno=os.dup(0)) as channel:
        while True:
            byte, descriptors, _, _ = socket.recv_fds(channel, 1, 5)
            if not byte:
                os._exit(0)
            if os.fork() == 0:
                break
            for descriptor in descriptors:
                os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, in_, out, err, tell = descriptors
    if pid := os.fork():
        os.write(tell, b"%d\n" % pid)
        for descriptor in (0, 1, 2, in_, out, err, request):
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        os.write(tell, b"%d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    with os.fdopen(request, "rb") as file:
        file.seek(0)
        asked = json.load(file)
    for number, descriptor in enumerate((in_, out, err)):
        os.dup2(descriptor, number)
    for descriptor in (in_, out, err, tell):
        os.close(descriptor)
    return asked["arguments"], asked["env"], asked["cwd"]


def become(arguments: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
    """Make this process look as `python -m neptun_tui` does once it has started."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["neptun_tui", *arguments]
    sys.path[0] = cwd
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        before = getattr(sys, name)
        raw = os.fdopen(before.fileno(), f"{mode}b", closefd=False)
        stream = io.TextIOWrapper(
            raw, before.encoding, before.errors, line_buffering=name == "stderr"
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    for module in LOADED:
        import_module(f"neptun_tui.cli.{module}")
    import_module("neptun_tui.api.client")
    become(*requests())
    runpy.run_module("neptun_tui", run_name="__main__", alter_sys=True)
