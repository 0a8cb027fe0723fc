"""Commands as processes forked from one that has loaded the program already.

Starting the interpreter and loading the program takes most of the processor time of a short
command. A forked command has its own process, session, descriptors, environment, folder, signals
and exit status. It runs its exit handlers and flushes its streams as any interpreter does; what it
does not prove is how the interpreter starts, what is loaded when, and how its memory is taken down.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import runpy
import select
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
from pkgutil import walk_packages
from typing import TextIO

CLI = "cli"
"""What a server has loaded: the commands."""

APP = "app"
"""What a server has loaded: the commands and the terminal app."""

NOT_LOADED = {
    CLI: ("neptun_tui.__main__", "neptun_tui.demo", "neptun_tui.tui"),
    APP: ("neptun_tui.__main__", "neptun_tui.demo.__main__", "neptun_tui.tui.windows_fixes"),
}
"""Modules of the program that are left out, and all below them."""

LIBRARIES = {
    CLI: ("anyio._backends._asyncio", "anyio.to_thread", "encodings.utf_8_sig", "httpcore"),
    APP: (
        "textual.drivers.linux_driver",
        "textual.layouts.factory",
        "textual.scrollbar",
        "uvicorn",
    ),
}
"""Modules of libraries that are loaded only when they are used; each fork would load them again."""

AT_START = ("LANG", "LC_", "PYTHON", "TZ", "LD_", "COVERAGE", "PATH")
"""Prefixes of the variables that the interpreter reads at start-up."""

READ_LATER = (
    *("DBUS_SESSION_BUS_ADDRESS", "HOME", "NEPTUN_ACCOUNT", "NEPTUN_HOST", "TMPDIR"),
    *("PYTHON_KEYRING_BACKEND", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    *("XDG_RUNTIME_DIR", "XDG_STATE_HOME"),
)
"""Variables that neither the interpreter nor a library of the app reads while it is loaded."""


def at_start(env: Mapping[str, str], kind: str = CLI) -> dict[str, str]:
    """Return what of an environment has an effect before any command is run."""
    return {
        name: value
        for name, value in env.items()
        if name not in READ_LATER and (kind == APP or name.startswith(AT_START))
    }


_LEFT_OPEN_SECONDS = 10.0
"""Time for the pipes of a command that has been killed to be closed."""


class Fork:
    """One forked command; it has what tests use of ``subprocess.Popen``."""

    def __init__(self, arguments: Sequence[str], news: int) -> None:
        self.args = list(arguments)
        self._news = os.fdopen(news, encoding="ascii")
        self.pid = int(self._news.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status if the command has ended."""
        if self.returncode is None and select.select([self._news], [], [], 0)[0]:
            return self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the command; return its exit status.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        if self.returncode is None:
            if not select.select([self._news], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            with self._news:
                self.returncode = int(self._news.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the command has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End the command by force."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the command to end."""
        self.send_signal(signal.SIGTERM)


class ForkServer:
    """The process that commands are forked from, and what runs them from here."""

    def __init__(self, env: Mapping[str, str], kind: str = CLI) -> None:
        self._env, self._kind = at_start(env, kind), kind
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__)), kind], stdin=theirs, env=dict(env)
            )

    def suits(self, env: Mapping[str, str]) -> bool:
        """Tell whether a fork is what a process started in this environment would be."""
        return at_start(env, self._kind) == self._env

    def start(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        streams: tuple[int, int, int],
        session: bool = False,
        controlling: bool = False,
    ) -> Fork:
        """Start one command.

        Args:
            arguments: its arguments.
            env: its environment.
            cwd: its working directory.
            streams: its standard input, output and error; they stay open here.
            session: whether it leads a session of its own.
            controlling: whether its standard input becomes the controlling terminal of that.
        """
        asked = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
        asked |= {"session": session, "controlling": controlling}
        told, tell = os.pipe()
        try:
            with tempfile.TemporaryFile() as request:
                request.write(json.dumps(asked).encode())
                request.flush()
                socket.send_fds(self._channel, [b"."], [request.fileno(), *streams, tell])
        finally:
            os.close(tell)
        return Fork(arguments, told)

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
        (in_, feed), (said, out), (complained, err) = (os.pipe() for _ in range(3))
        fork = self.start(arguments, env=env, cwd=cwd, streams=(in_, out, err))
        for descriptor in (in_, out, err):
            os.close(descriptor)
        outcome: list[str] = ["", ""]

        def read(place: int, stream: TextIO) -> None:
            with stream:
                outcome[place] = stream.read()

        def write() -> None:
            with suppress(BrokenPipeError), os.fdopen(feed, "w", encoding="utf-8") as stream:
                stream.write(stdin)

        streams = (os.fdopen(said, encoding="utf-8"), os.fdopen(complained, encoding="utf-8"))
        threads = [threading.Thread(target=read, args=each) for each in enumerate(streams)]
        threads.append(threading.Thread(target=write))
        for thread in threads:
            thread.start()
        try:
            status = fork.wait(timeout)
        except subprocess.TimeoutExpired:
            fork.kill()
            fork.wait()
            raise
        finally:
            for thread in threads:
                thread.join(timeout or _LEFT_OPEN_SECONDS)
        if any(thread.is_alive() for thread in threads):
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        return subprocess.CompletedProcess(list(arguments), status, *outcome)

    def close(self) -> None:
        """End the process; commands that still run go on."""
        self._channel.close()
        self._process.wait()


class Forks:
    """The processes to fork from, one of each kind, started when first needed."""

    def __init__(self) -> None:
        self._started: dict[str, ForkServer] = {}

    def __call__(
        self, kind: str, usual: Mapping[str, str], env: Mapping[str, str]
    ) -> ForkServer | None:
        """Return the process to fork a command from, if the environment of that allows it.

        Args:
            kind: what it has to have loaded.
            usual: the environment to start it in, which is not that of the first command.
            env: the environment of the command.
        """
        if sys.platform != "linux":
            return None
        if kind not in self._started:
            self._started[kind] = ForkServer(usual, kind)
        server = self._started[kind]
        return server if server.suits(env) else None

    def close(self) -> None:
        """End the processes."""
        for each in self._started.values():
            each.close()


def serve() -> list[int]:
    """Fork for each request; return in the forked process, with its descriptors."""
    channel = socket.socket(fileno=os.dup(0))
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    running: dict[int, tuple[int, int]] = {}
    """ID and pipe for the news of each command, by the descriptor of its process."""
    while True:
        for ready, _ in poll.poll():
            if ready in running:
                poll.unregister(ready)
                pid, tell = running.pop(ready)
                _, status = os.waitpid(pid, 0)
                os.write(tell, b"%d\n" % os.waitstatus_to_exitcode(status))
                os.close(tell)
                os.close(ready)
                continue
            byte, descriptors, _, _ = socket.recv_fds(channel, 1, 5)
            if not byte:
                os._exit(0)
            if (pid := os.fork()) == 0:
                for process, (_, tell) in running.items():
                    os.close(process)
                    os.close(tell)
                channel.close()
                os.close(descriptors.pop())
                return descriptors
            process, tell = os.pidfd_open(pid), descriptors.pop()
            poll.register(process, select.POLLIN)
            running[process] = (pid, tell)
            with suppress(BrokenPipeError):
                os.write(tell, b"%d\n" % pid)
            for descriptor in descriptors:
                os.close(descriptor)


def become(descriptors: Sequence[int]) -> None:
    """Make this process look as `python -m neptun_tui` does once it has started."""
    request, *streams = descriptors
    with os.fdopen(request, "rb") as file:
        file.seek(0)
        asked = json.load(file)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in set(streams):
        os.close(descriptor)
    if asked["session"]:
        os.setsid()
    if asked["controlling"]:
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["neptun_tui", *asked["arguments"]]
    sys.path[0] = asked["cwd"]
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        before = getattr(sys, name)
        raw = os.fdopen(before.fileno(), f"{mode}b", closefd=False)
        stream = io.TextIOWrapper(
            raw, before.encoding, before.errors, line_buffering=name == "stderr" or raw.isatty()
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def leave(status: object) -> None:
    """End the process as the interpreter does, without freeing what the fork shares."""
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    code = status or 0
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        code = 120  # as Py_FinalizeEx says
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code & 0xFF)


def load(kind: str) -> None:
    """Load the program, and keep its garbage collector away from what it has loaded."""
    import neptun_tui

    for found in walk_packages(neptun_tui.__path__, "neptun_tui."):
        if not f"{found.name}.".startswith(tuple(f"{name}." for name in NOT_LOADED[kind])):
            import_module(found.name)
    for name in LIBRARIES[CLI] if kind == CLI else (*LIBRARIES[CLI], *LIBRARIES[APP]):
        import_module(name)
    gc.freeze()


if __name__ == "__main__":
    load(sys.argv[1])
    become(serve())
    try:
        runpy.run_module("neptun_tui", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        leave(ended.code)
