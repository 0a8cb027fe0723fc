"""Real and fake keyrings, and the processes they need. Nothing here touches the user's own."""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

import neptun_tui
from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.storage.os_keyring import OsKeyring
from neptun_tui.storage.tier import TierUnavailable
from neptun_tui.storage.vault import Vault

HERE = Path(__file__).parent
ROOT = Path(neptun_tui.__file__).parents[1]


def need(there, reason):
    """Skip a test for want of something; in CI, where everything is installed, fail it."""
    if not there:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def need_linux():
    # Not a package that could be installed: no failure in CI on other systems.
    if sys.platform != "linux":
        pytest.skip("Secret Service and kernel keyring exist on Linux only")


def need_programs(*names):
    need_linux()
    missing = [name for name in names if not shutil.which(name)]
    need(not missing, f"not installed: {', '.join(missing)}")


@pytest.fixture(name="need")
def need_fixture():
    return need


@pytest.fixture(autouse=True)
def no_real_keyring(monkeypatch, tmp_path):
    """No test reaches the keyring or the settings of whoever runs it."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)


@pytest.fixture(autouse=True)
def threads_end():
    """After the test's vaults are closed and its processes gone, no vault thread is left."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("neptun-vault"):
            thread.join(5)
            assert not thread.is_alive(), thread.name
    gc.collect()  # what a hung call held is complained of here, not in a later test


@pytest.fixture
def session():
    """A throw-away session on a server no other test knows: the kernel keyring is shared."""
    return make_session()


def make_session(user_id=42, email="person@example.com", host=None, size=440):
    origin = host or f"https://{uuid.uuid4().hex}.test"
    cookie = f"throw-away-{uuid.uuid4().hex}-".ljust(size, "x")
    return Session(Account(origin, user_id, email), Secret(cookie))


@pytest.fixture(name="make_session")
def make_session_fixture():
    return make_session


@pytest.fixture
def vault_of(tmp_path):
    """Build vaults that are closed after the test."""
    opened = []

    def build(*tiers, state=tmp_path / "state" / "sessions.json", **options):
        opened.append(Vault(tiers, state, **options))
        return opened[-1]

    yield build
    for vault in opened:
        vault.close()


@pytest.fixture
def run_python():
    """Run a script in a fresh interpreter that sees the package under test."""

    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)

    def run(script, *arguments, timeout=20, **environment):
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": path} | environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


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
    """A private session bus with nobody on it; its socket."""
    return activatable_bus()


@pytest.fixture
def fake_service(bus, processes):
    """Put a Secret Service that plays a mode on the private bus; the process is returned."""

    def play(mode):
        process = processes(sys.executable, str(HERE / "fake_secret_service.py"), mode)
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
            [str(HERE / "secret-service-run"), "sh", "-c", START_AND_WAIT, "sh", str(leave)],
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


@pytest.fixture
def keyring_vault(vault_of):
    """A vault with the OS keyring alone, as Linux has it."""
    need_linux()
    return lambda timeout=3.0: vault_of(OsKeyring("linux"), timeout=timeout)


class Shelf:
    """A tier made of a dict, whose calls can be made to fail; what is on it can be looked at."""

    def __init__(self, tier, **failures):
        self.tier = tier
        self.label = f"{tier} shelf"
        self.lasts = "until the test ends"
        self.kept = {}
        self.failures = failures
        self.calls = []

    def call(self, name, slot=None):
        self.calls.append(name)
        failure = self.failures.get(name) or self.failures.get("all")
        if isinstance(failure, Exception):
            raise failure
        return failure(self.kept.get(slot)) if failure else self.kept.get(slot)

    def probe(self):
        self.call("probe")

    def store(self, slot, value):
        self.call("store")
        self.kept[slot] = value

    def load(self, slot):
        return self.call("load", slot)

    def delete(self, slot):
        self.call("delete")
        return self.kept.pop(slot, None) is not None

    def explain(self, error):
        return TierUnavailable(f"The {self.label} fell ({type(error).__name__}).", uncertain=True)


@pytest.fixture
def shelf():
    return Shelf


@pytest.fixture
def within():
    """Assert that a block takes less than so many seconds."""

    class Within:
        def __init__(self, seconds):
            self.seconds = seconds

        def __enter__(self):
            self.start = time.monotonic()

        def __exit__(self, *failure):
            assert failure[0] or time.monotonic() - self.start < self.seconds

    return Within
