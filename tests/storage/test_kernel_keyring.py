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
def slot(session):
    return SessionKey.of(session.account)


@pytest.fixture
def keyring(slot):
    """The real kernel keyring; what a test leaves under its slot is taken away."""
    keyring = KernelKeyring()
    try:
        keyring.probe()
    except OSError as error:
        # A container's rule, nothing that could be installed: no failure in CI.
        pytest.skip(f"the kernel keyring is not permitted here: {error}")
    yield keyring
    keyring.delete(slot)


def refusing(number):
    def call(*arguments):
        raise OSError(number, os.strerror(number))

    return KernelKeyring(call, "x86_64")


def test_keeps_replaces_and_deletes(keyring, slot):
    assert keyring.load(slot) is None
    assert keyring.delete(slot) is False
    keyring.store(slot, "first " * 700)
    keyring.store(slot, "second")
    assert keyring.load(slot) == "second"
    assert keyring.delete(slot) is True
    assert keyring.load(slot) is None


def listed(slot):
    """The fields of the slot's line in /proc/keys."""
    keys = Path("/proc/keys").read_text().splitlines()
    (line,) = [line.split() for line in keys if slot.origin in line]
    return line


def test_the_key_is_private_and_has_a_time_limit(keyring, slot):
    keyring.store(slot, "throw-away")
    keyring.store(slot, "throw-away again")  # an update clears the limit
    line = listed(slot)
    assert line[3] in ("4w", "30d")  # expires
    assert line[4] == "3f010000"


def test_a_read_starts_the_time_limit_anew(keyring, slot):
    keyring.store(slot, "throw-away")
    keyring._keyctl(15, keyring._search(slot), 60)
    keyring.load(slot)
    line = listed(slot)
    assert line[3] in ("4w", "30d")


def test_a_key_whose_time_is_up_is_not_there(keyring, slot):
    keyring.store(slot, "throw-away")
    keyring._keyctl(15, keyring._search(slot), 1)
    time.sleep(1.1)
    assert keyring.load(slot) is None
    assert keyring.delete(slot) is False


IN_ANOTHER_SESSION = """
import ctypes, sys
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.session_backends import SessionKey
assert ctypes.CDLL(None).syscall(int(sys.argv[3]), 1, None) > 0  # join a new session ring
print(KernelKeyring().load(SessionKey(sys.argv[1], int(sys.argv[2]))))
"""


def test_a_process_that_outlived_its_login_reads_it(keyring, slot, run_python):
    keyring.store(slot, "throw-away")
    done = run_python(IN_ANOTHER_SESSION, slot.origin, slot.user, keyring._numbers()[1])
    assert (done.stdout.strip(), done.stderr) == ("throw-away", "")


def test_without_the_link_such_a_process_could_not(keyring, slot, run_python):
    keyring.store(slot, "throw-away")
    script = IN_ANOTHER_SESSION.replace(
        "\nprint(", "\nKernelKeyring._join = lambda self: None\nprint("
    )
    done = run_python(script, slot.origin, slot.user, keyring._numbers()[1])
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


def test_the_ring_is_searched_for_what_is_ours(keyring, slot):
    other = SessionKey(slot.origin, 43)
    try:
        keyring.store(slot, "throw-away")
        keyring.store(other, "throw-away")
        found = [each for each in keyring.slots() if each.origin == slot.origin]
        assert sorted(found, key=lambda each: each.user_id) == [slot, other]
    finally:
        keyring.delete(other)
    assert other not in keyring.slots()


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
