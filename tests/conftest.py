"""Fixtures for private D-Bus sessions with keyrings: real ones, and faulty fakes.

Each fixture puts its address into this process's environment, for as long as the test lasts.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

from .builders import examples
from .e2e.fork_server import Forks

SCRIPTS = Path(__file__).parent / "storage"
ENDING = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")

settings.register_profile("neptun", deadline=None, max_examples=examples(100))
settings.load_profile("neptun")


def pytest_configure():
    """Restore signals that the test runner's parent had ignored, for the processes of the tests.

    A shell ignores SIGINT for what runs in its background, and nohup SIGHUP; that is inherited. A
    handler is not.
    """
    for number in (getattr(signal, name) for name in ENDING if hasattr(signal, name)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def need(there, reason):
    """Skip a test for want of something; in CI, where everything is installed, fail it."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def need_linux():
    # Not a package that could be installed: no failure in CI on other systems.
    if sys.platform != "linux":
        pytest.skip("Secret Service and kernel keyring exist on Linux only")


def need_programs(*names):
    need_linux()
    missing = [name for name in names if not shutil.which(name)]
    need(not missing, f"not installed: {', '.join(missing)}")


@pytest.fixture
def linux():
    need_linux()


@pytest.fixture(name="need")
def need_fixture():
    return need


@pytest.fixture(scope="session")
def forks():
    """The processes that commands and the app are forked from."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def processes():
    """Start processes, each ended after the test."""
    started = []

    def start(*command, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True} | options
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield start
    for process in reversed(started):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


BUS = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/socket</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
SERVICE = "[D-BUS Service]\nName=org.freedesktop.secrets\nExec={command}\n"


@pytest.fixture
def activatable_bus(processes, monkeypatch, tmp_path):
    """Start a private session bus; it starts a Secret Service by this command when one is asked.

    The machine's own services are not on it: they would write into the home of who runs the test.
    """
    need_programs("dbus-daemon")

    def start(command=None):
        folder = tmp_path / "bus.d"
        folder.mkdir()
        (folder / "bus.conf").write_text(BUS.format(folder=folder))
        if command:
            service = folder / "org.freedesktop.secrets.service"
            service.write_text(SERVICE.format(command=command))
        daemon = processes(
            "dbus-daemon",
            f"--config-file={folder}/bus.conf",
            "--nofork",
            "--print-address",
            env=os.environ | {"XDG_DATA_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        )
        assert daemon.stdout.readline()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder}/socket")
        return folder / "socket"

    return start


@pytest.fixture
def bus(activatable_bus):
    """Start an empty private session bus; return its socket."""
    return activatable_bus()


@pytest.fixture
def fake_service(bus, processes):
    """Put a Secret Service that plays a mode on the private bus; the process is returned."""

    def play(mode):
        process = processes(sys.executable, str(SCRIPTS / "fake_secret_service.py"), mode)
        assert process.stdout.readline() == "ready\n"
        return process

    return play


@pytest.fixture
def gnome_keyring(monkeypatch, tmp_path):
    """Start a real gnome-keyring on its own bus; another password for old data leaves it locked."""
    need_programs("dbus-daemon", "dbus-run-session", "dbus-send", "gnome-keyring-daemon")
    running = []

    def start(password="ci", data="data"):
        stop_all()
        (tmp_path / data).mkdir(exist_ok=True)
        leave = tmp_path / f"leave-{uuid.uuid4().hex}"
        os.mkfifo(leave)
        process = subprocess.Popen(
            [str(SCRIPTS / "secret-service-run"), "sh", "-c", START_AND_WAIT, "sh", str(leave)],
            env=os.environ | {"SSR_PASSWORD": password, "SSR_DATA": str(tmp_path / data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        running.append((process, leave))
        address = process.stdout.readline().strip()
        assert address, "gnome-keyring did not start"
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)

    def stop_all():
        while running:
            stop(*running.pop())

    yield start
    stop_all()


START_AND_WAIT = 'echo "$DBUS_SESSION_BUS_ADDRESS"; read _ < "$1"'


def stop(process, leave):
    with suppress(OSError):
        os.close(os.open(leave, os.O_WRONLY | os.O_NONBLOCK))
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process.stdout.close()


@pytest.fixture
def silent_bus(monkeypatch, tmp_path):
    """A socket that accepts and says nothing; with ``greets``, it signs in and then is silent."""
    need_linux()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{tmp_path}/bus")
    listener.listen()
    connections = []
    greets = threading.Event()

    def accept():
        with suppress(OSError):
            while True:
                connections.append(listener.accept()[0])
                if greets.is_set():
                    greet(connections[-1])

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    yield greets
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in connections:
        connection.close()
    thread.join(5)


def greet(connection):
    """D-Bus's sign-in as the server says it, until the client sends BEGIN."""
    heard = b""
    while b"BEGIN" not in heard:
        more = connection.recv(4096)
        if not more:
            return
        heard += more
        if b"AUTH" in more:
            connection.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        elif b"NEGOTIATE" in more:
            connection.sendall(b"AGREE_UNIX_FD\r\n")
