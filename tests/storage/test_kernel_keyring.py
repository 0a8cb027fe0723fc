"""Linux kernel keyring: the real one where allowed, and simulated errors."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neptun_tui.storage import kernel_keyring
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.session_backends import BackendKind, BackendUnavailable, Memory, SessionKey

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


@pytest.fixture
def session_key(session):
    return SessionKey.of(session.account)


@pytest.fixture
def keyring(session_key):
    """The real kernel keyring; what a test leaves under its session_key is taken away."""
    keyring = KernelKeyring()
    try:
        keyring.probe()
    except OSError as error:
        # A container's rule, nothing that could be installed: no failure in CI.
        pytest.skip(f"the kernel keyring is not permitted here: {error}")
    yield keyring
    keyring.delete(session_key)


def refusing(number):
    def call(*arguments):
        raise OSError(number, os.strerror(number))

    return KernelKeyring(call, "x86_64")


def test_keeps_replaces_and_deletes(keyring, session_key):
    assert keyring.load(session_key) is None
    assert keyring.delete(session_key) is False
    keyring.store(session_key, "first " * 700)
    keyring.store(session_key, "second")
    assert keyring.load(session_key) == "second"
    assert keyring.delete(session_key) is True
    assert keyring.load(session_key) is None


def listed(session_key):
    """The fields of the session_key's line in /proc/keys."""
    keys = Path("/proc/keys").read_text().splitlines()
    (line,) = [line.split() for line in keys if session_key.origin in line]
    return line


def test_the_key_is_private_and_has_a_time_limit(keyring, session_key):
    keyring.store(session_key, "throw-away")
    keyring.store(session_key, "throw-away again")  # an update clears the limit
    line = listed(session_key)
    assert line[3] in ("4w", "30d")  # expires
    assert line[4] == "3f010000"


def test_a_read_starts_the_time_limit_anew(keyring, session_key):
    keyring.store(session_key, "throw-away")
    keyring._keyctl(15, keyring._search(session_key), 60)
    keyring.load(session_key)
    line = listed(session_key)
    assert line[3] in ("4w", "30d")


def test_a_key_whose_time_is_up_is_not_there(keyring, session_key):
    keyring.store(session_key, "throw-away")
    keyring._keyctl(15, keyring._search(session_key), 1)
    time.sleep(1.1)
    assert keyring.load(session_key) is None
    assert keyring.delete(session_key) is False


IN_ANOTHER_SESSION = """
import ctypes, sys
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.session_backends import SessionKey
assert ctypes.CDLL(None).syscall(int(sys.argv[3]), 1, None) > 0  # join a new session ring
print(KernelKeyring().load(SessionKey(sys.argv[1], int(sys.argv[2]))))
"""


def test_a_process_that_outlived_its_login_reads_it(keyring, session_key, run_python):
    keyring.store(session_key, "throw-away")
    done = run_python(
        IN_ANOTHER_SESSION, session_key.origin, session_key.user, keyring._numbers()[1]
    )
    assert (done.stdout.strip(), done.stderr) == ("throw-away", "")


def test_without_the_link_such_a_process_could_not(keyring, session_key, run_python):
    keyring.store(session_key, "throw-away")
    script = IN_ANOTHER_SESSION.replace(
        "\nprint(", "\nKernelKeyring._join = lambda self: None\nprint("
    )
    done = run_python(script, session_key.origin, session_key.user, keyring._numbers()[1])
    assert "PermissionError" in done.stderr


async def test_a_session_store_over_it_keeps_and_deletes(keyring, store_of, session):
    session_store = store_of(keyring, Memory())
    assert (await session_store.choose_backend()).backend is BackendKind.KERNEL
    assert (await session_store.save(session)).lasts.startswith("until this machine restarts")
    assert (await session_store.find(session.account.host)).session.cookie == session.cookie
    assert await session_store.delete(session.account) == ()
    assert await session_store.find(session.account.host) is None


@pytest.mark.parametrize(
    ("number", "reason", "absent"),
    [
        (errno.EPERM, "The kernel keyring is not permitted here, as in most containers.", True),
        (errno.EACCES, "The kernel keyring is not permitted here, as in most containers.", True),
        (errno.ENOSYS, "This kernel has no keyring.", True),
        (errno.EDQUOT, "The kernel keyring is full.", False),
        (errno.EIO, "The kernel keyring failed (EIO).", False),
    ],
)
async def test_a_refusing_kernel_leaves_it_to_the_next_backend(
    number, reason, absent, store_of, session
):
    session_store = store_of(refusing(number), Memory())
    keeping = await session_store.save(session)
    assert (keeping.backend, keeping.reason) == (BackendKind.MEMORY, reason)
    assert (await session_store.delete(session.account) == ()) is absent


def test_a_key_that_gets_no_limit_is_taken_back():
    calls = []

    def call(number, *arguments):
        calls.append(arguments[0])
        if arguments[0] == 15:
            raise OSError(errno.EACCES, "no")
        return 7

    with pytest.raises(OSError, match="no"):
        KernelKeyring(call, "x86_64").store(SessionKey("https://a.test", 1), "throw-away")
    assert calls[-1] == 21


@pytest.mark.parametrize(("machine", "numbers"), kernel_keyring._NUMBERS.items())
def test_each_processor_has_its_numbers(machine, numbers):
    seen = []
    keyring = KernelKeyring(lambda number, *_: seen.append(number) or 1, machine)
    keyring.store(SessionKey("https://a.test", 1), "throw-away")
    assert set(seen) == set(numbers)


def test_an_unknown_processor_is_said():
    with pytest.raises(BackendUnavailable, match="processor"):
        KernelKeyring(machine="pdp11").probe()


def test_the_headers_of_this_machine_agree():
    header = "#include <sys/syscall.h>\n__NR_add_key __NR_keyctl\n"
    try:
        out = subprocess.run(
            ["cc", "-E", "-P", "-"], input=header, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C compiler with Linux headers to compare with")
    assert tuple(map(int, out.split()[-2:])) == KernelKeyring()._numbers()


def test_the_ring_is_searched_for_what_is_ours(keyring, session_key):
    other = SessionKey(session_key.origin, 43)
    try:
        keyring.store(session_key, "throw-away")
        keyring.store(other, "throw-away")
        found = [each for each in keyring.session_keys() if each.origin == session_key.origin]
        assert sorted(found, key=lambda each: each.user_id) == [session_key, other]
    finally:
        keyring.delete(other)
    assert other not in keyring.session_keys()


@pytest.mark.parametrize(
    ("service", "user", "found"),
    [
        ("neptun-tui:http://[::1]:3000", "7", SessionKey("http://[::1]:3000", 7)),
        ("neptun-tui:https://a.test", "", None),
        ("neptun-tui:https://a.test", "7x", None),
        ("neptun-tui:https://a.test", "-7", None),
        ("another", "7", None),
    ],
)
def test_names_that_are_ours(service, user, found):
    assert SessionKey.named(service, user) == found
