"""Keyring's own configuration; Windows and macOS, by fakes with their limits."""

import pytest
from keyring.errors import KeyringError, PasswordDeleteError

from neptun_tui.storage.os_keyring import ChunkedCredentials, OsKeyring
from neptun_tui.storage.session_backends import BackendKind, Memory, SessionKey

SLOT = SessionKey("https://a.test", 42)


class Locker:
    """Windows: 2,560 bytes of UTF-16 in one credential, and no splitting."""

    def __init__(self):
        self.kept = {}
        self.writes_left = 10_000

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "The stub received bad data.")
        self.writes_left -= 1
        if self.writes_left < 0:
            raise OSError(1312, "A specified logon session does not exist.")
        self.kept[(service, username)] = password

    def delete_password(self, service, username):
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(service)


class Keychain(Locker):
    """macOS: deletes and then adds, so that a reader may come in between; may be locked."""

    def __init__(self, misses=0, locked=False):
        super().__init__()
        self.misses = misses
        self.locked = locked

    def get_password(self, service, username):
        if self.locked:
            raise KeyringError("Can't get password from keychain: (-25308, 'Unknown Error')")
        if self.misses:
            self.misses -= 1
            return None
        return super().get_password(service, username)

    def set_password(self, service, username, password):
        if self.locked:
            raise KeyringError("Can't store password on keychain: (-25308, 'Unknown Error')")
        self.kept[(service, username)] = password

    def delete_password(self, service, username):
        if self.locked:
            raise PasswordDeleteError("(-25308, 'Unknown Error')")
        super().delete_password(service, username)


@pytest.mark.parametrize("size", [1, 1191, 1192, 1193, 2384, 2385, 8000])
def test_windows_values_of_every_length_come_back(size):
    locker = Locker()
    pieces = ChunkedCredentials(locker)
    pieces.set_password("s", "u", "x" * size)
    assert pieces.get_password("s", "u") == "x" * size
    assert all(len(value) <= 1200 for value in locker.kept.values())
    pieces.delete_password("s", "u")
    assert locker.kept == {}


def test_windows_piece_names_and_a_shorter_value_leaves_none_behind():
    locker = Locker()
    pieces = ChunkedCredentials(locker)
    pieces.set_password("s", "u", "x" * 5000)
    assert [name for name, _ in locker.kept] == ["s#1", "s#2", "s#3", "s#4", "s#5", "s"]
    pieces.set_password("s", "u", "short")
    assert sorted(name for name, _ in locker.kept) == ["s", "s#1"]


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_windows_write_that_breaks_off_reads_as_old_or_nothing_never_as_a_mixture(writes):
    locker = Locker()
    pieces = ChunkedCredentials(locker)
    pieces.set_password("s", "u", "a" * 3000)
    locker.writes_left = writes
    with pytest.raises(OSError, match="logon"):
        pieces.set_password("s", "u", "b" * 3000)
    assert pieces.get_password("s", "u") == ("a" * 3000 if writes == 0 else None)
    pieces.delete_password("s", "u")
    assert locker.kept == {}


@pytest.mark.parametrize(
    "manifest", ["", "torn {", "[]", '{"v":2}', '{"v":1,"mark":"m","pieces":0}']
)
def test_windows_strange_manifest_reads_as_nothing(manifest):
    locker = Locker()
    locker.kept[("s", "u")] = manifest
    assert ChunkedCredentials(locker).get_password("s", "u") is None


async def test_windows_without_the_pieces_would_lose_a_long_session(store_of, make_session):
    session = make_session(size=4000)
    whole = store_of(OsKeyring("win32", Locker()), Memory())
    assert (await whole.save(session)).backend is BackendKind.MEMORY
    split = store_of(OsKeyring("win32", ChunkedCredentials(Locker())), Memory())
    assert (await split.save(session)).backend is BackendKind.KEYRING
    assert (await split.find(session.account.host)).session.cookie == session.cookie
    assert await split.delete(session.account) == ()


def test_macos_one_miss_is_asked_for_again():
    keychain = Keychain()
    keychain.set_password(SLOT.service, SLOT.user, "throw-away")
    keychain.misses = 1
    assert OsKeyring("darwin", keychain).load(SLOT) == "throw-away"
    keychain.misses = 2
    assert OsKeyring("darwin", keychain).load(SLOT) is None


async def test_macos_keychain_locked_over_ssh(store_of, session):
    session_store = store_of(OsKeyring("darwin", Keychain(locked=True)), Memory())
    assert (await session_store.save(session)).reason == "The OS keyring is locked."
    # "Cannot delete" is what a locked keychain says too: it is not taken for "not there".
    assert len(await session_store.delete(session.account)) == 1


async def test_a_backend_that_keeps_nothing_is_found_out(store_of, session):
    class Null(Locker):
        def set_password(self, service, username, password):
            return None

    session_store = store_of(OsKeyring("linux", Null()), Memory())
    keeping = await session_store.save(session)
    assert keeping.backend is BackendKind.MEMORY
    assert keeping.reason == "The OS keyring took the session but did not give it back."


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (
            "keyring.backends.null.Keyring",
            "The OS keyring is switched off by PYTHON_KEYRING_BACKEND.",
        ),
        (
            "keyring.backends.fail.Keyring",
            "The OS keyring is switched off by PYTHON_KEYRING_BACKEND.",
        ),
        (
            "keyrings.alt.file.PlaintextKeyring",
            "PYTHON_KEYRING_BACKEND names a keyring that is not this system's own.",
        ),
        (
            "keyring.backends.chainer.ChainerBackend",
            "PYTHON_KEYRING_BACKEND names a keyring that is not this system's own.",
        ),
    ],
)
async def test_what_the_user_told_keyring_is_heeded(named, reason, store_of, session, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", named)
    locker = Locker()
    session_store = store_of(OsKeyring("linux", locker), Memory())
    keeping = await session_store.save(session)
    assert (keeping.backend, keeping.reason) == (BackendKind.MEMORY, reason)
    assert "PYTHON_KEYRING_BACKEND" in keeping.hint
    assert locker.kept == {}
    assert await session_store.delete(session.account) == ()


@pytest.mark.parametrize(
    ("platform", "named"),
    [
        ("linux", "keyring.backends.SecretService.Keyring"),
        ("darwin", "keyring.backends.macOS.Keyring"),
        ("win32", "keyring.backends.Windows.WinVaultKeyring"),
    ],
)
async def test_naming_the_systems_own_changes_nothing(platform, named, store_of, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", named)
    assert (await store_of(OsKeyring(platform, Locker())).choose_backend()).reason == ""


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n", True),
        ("[backend]\ndefault-keyring=another.Backend\n", False),
        ("[other]\n", False),
        ("torn", False),
        ("\x00[", False),
    ],
)
async def test_keyring_disabled_in_its_own_settings(text, off, store_of, tmp_path):
    (tmp_path / "config" / "python_keyring").mkdir(parents=True)
    (tmp_path / "config" / "python_keyring" / "keyringrc.cfg").write_text(text)
    keeping = await store_of(OsKeyring("linux", Locker()), Memory()).choose_backend()
    assert keeping.reason == ("The OS keyring is switched off in keyringrc.cfg." if off else "")


NOTHING_ELSE = """
import asyncio, sys
from pathlib import Path
from neptun_tui.storage.session_store import open_session_store
session_store = open_session_store(state_dir=Path(sys.argv[1]))
assert not {"keyring", "secretstorage", "jeepney", "cryptography"} & sys.modules.keys()
asyncio.run(session_store.choose_backend())
import keyring.core
from keyring.backend import KeyringBackend
assert keyring.core._keyring_backend is None  # get_keyring() was never called
assert not {"keyring.backends.macOS", "keyring.backends.chainer"} & sys.modules.keys()
ours = [c for c in KeyringBackend._classes if c.__name__ == "PromptFree"]
assert len(ours) == 1 and not ours[0].viable
assert ours[0] not in list(KeyringBackend.get_viable_backends())
print("so it is")
"""


def test_keyring_comes_in_late_and_chooses_nothing(run_python, tmp_path):
    done = run_python(NOTHING_ELSE, tmp_path)
    assert (done.stdout, done.stderr) == ("so it is\n", "")


async def test_without_the_library_the_next_backend_takes_over(store_of, session):
    class Broken(Locker):
        def get_password(self, service, username):
            raise ImportError("no module")

    keeping = await store_of(OsKeyring("linux", Broken()), Memory()).choose_backend()
    assert keeping.reason == "The OS keyring's library is not installed whole."
