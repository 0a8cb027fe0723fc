"""OS keyring on Linux: a real gnome-keyring, and services that lock, hang, die or delay."""

import asyncio
import os
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from neptun_tui.domain.errors import SessionStoreUnavailable
from neptun_tui.storage.os_keyring import OsKeyring
from neptun_tui.storage.session_backends import BackendKind, Memory, SessionKey

NOBODY = "No OS keyring answers on this machine."
LOCKED = "The OS keyring is locked."
NO_COLLECTION = "The OS keyring has no collection to keep a session in."


def asked_from_now_on(monkeypatch):
    """List the calls of a keyring, which are no longer carried out."""
    asked = []
    for name in ("probe", "store", "load", "delete", "session_keys"):
        monkeypatch.setattr(OsKeyring, name, lambda *_, name=name: asked.append(name))
    return asked


async def refusal(session_store):
    with pytest.raises(SessionStoreUnavailable) as caught:
        await session_store.choose_backend()
    return str(caught.value)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_unlocked_keyring_keeps_finds_and_forgets(gnome_keyring, keyring_store, session):
    gnome_keyring()
    session_store = keyring_store()
    keeping = await session_store.save(session)
    assert (keeping.backend, keeping.reason) == (BackendKind.KEYRING, "")
    found = await keyring_store().find(session.account.host)
    assert found.session.cookie == session.cookie
    assert found.session.account == session.account
    assert await session_store.delete(session.account) == ()
    assert await session_store.find(session.account.host) is None
    assert await session_store.delete(session.account) == ()


async def test_the_keyring_is_searched_for_what_is_ours(gnome_keyring, keyring_store, make_session):
    gnome_keyring()
    session_store = keyring_store()
    first, second = make_session(1), make_session(2)
    for session in (first, second):
        await session_store.save(session)
    OsKeyring("linux")._ready().set_password("another program", "1", "theirs")
    found = set(OsKeyring("linux").session_keys())
    assert found == {SessionKey.of(first.account), SessionKey.of(second.account)}
    assert await session_store.delete_all() == (2, ())
    assert OsKeyring("linux").session_keys() == []
    assert OsKeyring("linux").load(SessionKey.of(first.account)) is None
    assert OsKeyring("linux")._ready().get_password("another program", "1") == "theirs"


async def test_a_session_of_some_kilobytes_fits(gnome_keyring, keyring_store, make_session):
    gnome_keyring()
    session = make_session(size=8000)
    session_store = keyring_store()
    await session_store.save(session)
    assert (await session_store.find(session.account.host)).session.cookie == session.cookie


async def test_neither_e_mail_nor_cookie_is_in_the_files_of_the_keyring(
    gnome_keyring, keyring_store, session, tmp_path
):
    gnome_keyring()
    await keyring_store().save(session)
    for file in (tmp_path / "data").rglob("*.keyring"):
        assert session.cookie.reveal().encode() not in file.read_bytes()
        assert b"person@example.com" not in file.read_bytes()


async def test_truly_locked_keyring_is_said_and_nothing_leaks(
    gnome_keyring, keyring_store, store_of, session, ends
):
    gnome_keyring()
    await keyring_store().save(session)
    gnome_keyring("wrong")
    session_store = store_of(OsKeyring("linux"), Memory())
    with ends:
        keeping = await session_store.choose_backend()
    assert (keeping.backend, keeping.reason) == (BackendKind.MEMORY, LOCKED)
    assert "Unlock" in keeping.hint
    assert await session_store.find(session.account.host) is None
    assert session_store.problems == (LOCKED,)
    before = open_files()
    for _ in range(10):
        await session_store.choose_backend()
    assert open_files() == before


async def test_signing_out_of_a_locked_keyring_is_made_good_later(
    gnome_keyring, keyring_store, session
):
    gnome_keyring()
    await keyring_store().save(session)
    gnome_keyring("wrong")
    (sentence,) = await keyring_store().delete(session.account)
    assert sentence == f"{LOCKED} A copy there is deleted as soon as it answers."
    assert await keyring_store().accounts() == []
    gnome_keyring()
    session_key = SessionKey.of(session.account)
    assert OsKeyring("linux").load(session_key) is not None
    assert await keyring_store().find(session.account.host) is None
    assert OsKeyring("linux").load(session_key) is None


async def test_a_keyring_without_a_collection_is_not_asked_to_make_one(
    activatable_bus, keyring_store, need, ends
):
    daemon = shutil.which("gnome-keyring-daemon")
    need(daemon, "not installed: gnome-keyring-daemon")
    activatable_bus(f"{daemon} --start --foreground --components=secrets")
    with ends:
        assert await refusal(keyring_store()) == NO_COLLECTION


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("locked-dismiss", LOCKED),
        ("locked-hang", LOCKED),
        ("no-collection-hang", NO_COLLECTION),
    ],
)
async def test_no_prompt_is_ever_asked_for(
    mode, reason, fake_service, keyring_store, session, ends
):
    process = fake_service(mode)
    session_store = keyring_store()
    with ends:
        assert await refusal(session_store) == reason
        with pytest.raises(SessionStoreUnavailable):
            await session_store.save(session)
        assert await session_store.find(session.account.host) is None
        assert await session_store.delete(session.account) == (
            f"{reason} A copy there is deleted as soon as it answers.",
        )
    process.terminate()
    assert process.stdout.read() == ""


async def test_unlocked_fake_keeps_and_finds(fake_service, keyring_store, session):
    fake_service("unlocked")
    session_store = keyring_store()
    assert (await session_store.save(session)).backend is BackendKind.KEYRING
    assert (await session_store.find(session.account.host)).session.cookie == session.cookie


async def test_a_read_that_hangs_ends_at_the_limit_and_for_good(
    fake_service, store_of, session, ends, monkeypatch
):
    fake_service("hang-get")
    session_store = store_of(OsKeyring("linux"), Memory(), timeout=0.5)
    assert (await session_store.choose_backend()).backend is BackendKind.KEYRING
    with ends:
        keeping = await session_store.save(session)
    said = "The OS keyring did not answer within 0.5 seconds."
    assert (keeping.backend, keeping.reason) == (BackendKind.MEMORY, said)
    asked = asked_from_now_on(monkeypatch)
    assert (await session_store.choose_backend()).reason == said
    assert (await session_store.find(session.account.host)).keeping.backend is BackendKind.MEMORY
    assert asked == []
    # The item may have been stored all the same: that is remembered, and removed later.
    kept = await session_store.delete(session.account)
    assert kept == (f"{said} A copy there is deleted as soon as it answers.",)


async def test_a_slow_service_is_waited_for(fake_service, keyring_store, session):
    fake_service("slow:0.05")
    session_store = keyring_store()
    assert (await session_store.save(session)).backend is BackendKind.KEYRING


async def test_a_service_too_slow_is_given_up(fake_service, keyring_store, ends):
    fake_service("slow:2")
    with ends:
        assert "within 0.5 seconds" in await refusal(keyring_store(0.5))


async def test_a_service_that_dies_in_the_middle(fake_service, store_of, session, tmp_path):
    fake_service("die-on-set")
    session_store = store_of(OsKeyring("linux"), Memory())
    keeping = await session_store.save(session)
    assert keeping.backend is BackendKind.MEMORY
    assert keeping.reason.startswith("The OS keyring failed when asked (")
    assert '"forgotten": true' in (tmp_path / "state" / "sessions.json").read_text()


async def test_a_bus_without_a_service(bus, keyring_store, ends):
    with ends:
        assert await refusal(keyring_store()) == NOBODY


async def test_a_bus_that_vanishes(bus, keyring_store):
    session_store = keyring_store()
    assert await refusal(session_store) == NOBODY
    bus.unlink()
    assert await refusal(session_store) == NOBODY


async def test_a_service_that_does_not_start(activatable_bus, keyring_store, ends):
    activatable_bus("/bin/false")
    with ends:
        assert await refusal(keyring_store()) == "The OS keyring could not be started."


async def test_a_service_that_starts_for_ever(activatable_bus, keyring_store, ends, tmp_path):
    script = tmp_path / "never-ready"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    script.chmod(0o700)
    activatable_bus(script)
    try:
        with ends:
            assert "within 0.5 seconds" in await refusal(keyring_store(0.5))
    finally:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "nonsense", "tcp:host=x,port=1"])
async def test_a_dead_address(address, keyring_store, monkeypatch, ends, session):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    session_store = keyring_store()
    with ends:
        assert await refusal(session_store) == NOBODY
        # Nothing can be kept where nothing is: signing out has nothing to warn of.
        assert await session_store.delete(session.account) == ()


async def test_no_address_and_no_socket(store_of, monkeypatch, tmp_path):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    session_store = store_of(OsKeyring("linux", bus=tmp_path / "no-bus"))
    assert await refusal(session_store) == NOBODY


async def test_no_address_but_the_users_own_socket(gnome_keyring, store_of, monkeypatch, session):
    gnome_keyring()
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    path = Path(address.partition("path=")[2].partition(",")[0])
    session_store = store_of(OsKeyring("linux", bus=path))
    assert (await session_store.save(session)).backend is BackendKind.KEYRING


async def test_the_users_own_socket_is_where_the_login_has_put_it(
    bus, keyring_store, monkeypatch, tmp_path
):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "bus").hardlink_to(bus)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert await refusal(keyring_store()) == NOBODY
    assert os.environ["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path={tmp_path}/run/bus"


async def test_a_socket_of_another_user_is_not_used(store_of, monkeypatch, tmp_path):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/other")
        monkeypatch.setattr(os, "getuid", lambda: -5)
        session_store = store_of(OsKeyring("linux", bus=tmp_path / "other"))
        assert await refusal(session_store) == NOBODY
    assert "DBUS_SESSION_BUS_ADDRESS" not in os.environ


async def test_a_bus_silent_from_the_start(silent_bus, keyring_store, ends):
    with ends:
        assert await refusal(keyring_store()) == NOBODY


# jeepney does not close its socket when Hello fails, here once the test has ended the silence.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_bus_that_never_answers_hello_freezes_nothing(
    silent_bus, keyring_store, ends, monkeypatch
):
    silent_bus.set()
    session_store = keyring_store(0.5)
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with ends:
        assert await refusal(session_store) == "The OS keyring did not answer within 0.5 seconds."
    assert ticks > 10
    asked = asked_from_now_on(monkeypatch)
    assert await refusal(session_store) == "The OS keyring did not answer within 0.5 seconds."
    assert asked == []
    ticking.cancel()


HANG_AND_EXIT = """
import asyncio, sys, time
from pathlib import Path
from neptun_tui.storage.session_store import open_session_store

async def main():
    session_store = open_session_store(state_dir=Path(sys.argv[1]), timeout=float(sys.argv[2]))
    try:
        async with asyncio.timeout(0.5):
            print((await session_store.choose_backend()).reason)
    except TimeoutError:
        print("still hanging")
    if sys.argv[3] == "close":
        session_store.close()

asyncio.run(main())
print(time.time(), flush=True)
"""


@pytest.mark.parametrize("ending", ["close", "leave"])
@pytest.mark.parametrize("limit", ["0.2", "30"])
def test_a_hung_bus_does_not_keep_the_program(silent_bus, run_python, tmp_path, ending, limit):
    silent_bus.set()
    done = run_python(HANG_AND_EXIT, tmp_path, limit, ending)
    ended = time.time()
    said, at = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert said == (
        "still hanging" if limit == "30" else "The OS keyring did not answer within 0.2 seconds."
    )
    assert ended - float(at) < 1
