"""Fixtures for real and fake keyrings and their processes. The user's own is never touched."""

import gc
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

import neptun_tui
from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.storage.os_keyring import OsKeyring
from neptun_tui.storage.session_backends import BackendUnavailable
from neptun_tui.storage.session_store import SessionStore

HERE = Path(__file__).parent
ROOT = Path(neptun_tui.__file__).parents[1]


@pytest.fixture(autouse=True)
def no_real_keyring(monkeypatch, tmp_path):
    """Keep the tests away from the user's keyring and settings."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)


@pytest.fixture(scope="session", autouse=True)
def only_new_garbage():
    """A collection after each test walks what the tests made, not every loaded module."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def threads_end():
    """Check that no thread of a session store is left after the test."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("neptun-sessions"):
            thread.join(5)
            assert not thread.is_alive(), thread.name
    gc.collect()  # resources of a hung call are reported here, not in a later test


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
def store_of(tmp_path):
    """Build session stores that are closed after the test."""
    opened = []

    def build(*backends, state=tmp_path / "state" / "sessions.json", **options):
        opened.append(SessionStore(backends, state, **options))
        return opened[-1]

    yield build
    for session_store in opened:
        session_store.close()


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
def keyring_store(store_of, linux):
    """A session store with the OS keyring alone, as Linux has it."""
    return lambda timeout=3.0: store_of(OsKeyring("linux"), timeout=timeout)


class FakeBackend:
    """Backend in a dict, whose calls can be made to fail; its content can be inspected."""

    def __init__(self, backend, **failures):
        self.kind = backend
        self.label = f"{backend} fake"
        self.lasts = "until the test ends"
        self.kept = {}
        self.failures = failures
        self.calls = []

    def call(self, name, session_key=None):
        self.calls.append(name)
        failure = self.failures.get(name) or self.failures.get("all")
        if isinstance(failure, Exception):
            raise failure
        return failure(self.kept.get(session_key)) if failure else self.kept.get(session_key)

    def probe(self):
        self.call("probe")

    def store(self, session_key, value):
        self.call("store")
        self.kept[session_key] = value

    def load(self, session_key):
        return self.call("load", session_key)

    def delete(self, session_key):
        self.call("delete")
        return self.kept.pop(session_key, None) is not None

    def session_keys(self):
        self.call("session_keys")
        return list(self.kept)

    def explain(self, error):
        return BackendUnavailable(
            f"The {self.label} fell ({type(error).__name__}).", uncertain=True
        )


@pytest.fixture
def fake_backend():
    return FakeBackend


@pytest.fixture
def ends():
    """Assert that a block ends on its own: D-Bus gives up after 25 seconds, other waits never."""

    class Ends:
        def __enter__(self):
            self.start = time.monotonic()

        def __exit__(self, *failure):
            assert failure[0] or time.monotonic() - self.start < 20

    return Ends()
