"""Session store with fake backends: choice of the backend, messages, and deletion."""

import asyncio
import contextlib
import json
import stat
import threading

import pytest

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import (
    DefaultSignedOut,
    SessionStoreUnavailable,
    SimilarAccount,
    UnclearAccount,
)
from neptun_tui.storage import session_store as session_store_module
from neptun_tui.storage.session_backends import BackendKind, BackendUnavailable, Memory, SessionKey
from neptun_tui.storage.session_store import SessionStore, memory_session_store, open_session_store

HOST = "https://a.test"
OTHER_HOST = "https://b.test"
LOCKED = BackendUnavailable("The first is locked.", "Unlock it.")
ABSENT = BackendUnavailable("No first is here.", absent=True)


async def test_the_best_backend_takes_the_session(store_of, fake_backend, session):
    best, next_best = fake_backend(BackendKind.KEYRING), fake_backend(BackendKind.KERNEL)
    session_store = store_of(best, next_best)
    assert (await session_store.choose_backend()).backend is BackendKind.KEYRING
    keeping = await session_store.save(session)
    assert (keeping.backend, keeping.reason, keeping.hint) == (BackendKind.KEYRING, "", "")
    found = await session_store.find(session.account.host)
    assert (found.session.account, found.session.cookie) == (session.account, session.cookie)
    assert found.session.signed_in_at is not None
    assert (found.keeping.backend, found.keeping.reason) == (BackendKind.KEYRING, "")
    assert next_best.kept == {}


async def test_why_it_is_not_a_better_one_is_one_sentence(store_of, fake_backend, session):
    full = BackendUnavailable("The second is full.", "Empty it.")
    session_store = store_of(
        fake_backend(BackendKind.KEYRING, all=LOCKED),
        fake_backend(BackendKind.KERNEL, all=full),
        Memory(),
    )
    for keeping in (await session_store.choose_backend(), await session_store.save(session)):
        assert keeping.backend is BackendKind.MEMORY
        assert keeping.lasts == "until you quit"
        assert keeping.reason == "The first is locked; the second is full."
        assert keeping.hint == "Unlock it."
        assert session_store.problems == ("The first is locked.", "The second is full.")


async def test_no_backend_at_all_is_an_error_in_words(store_of, fake_backend, session):
    session_store = store_of(fake_backend(BackendKind.KEYRING, all=LOCKED))
    with pytest.raises(SessionStoreUnavailable, match=r"^The first is locked\.$"):
        await session_store.choose_backend()
    with pytest.raises(SessionStoreUnavailable, match=r"^The first is locked\.$"):
        await session_store.save(session)
    with pytest.raises(SessionStoreUnavailable, match=r"^No backend can keep a session\.$"):
        await store_of().choose_backend()


@pytest.mark.parametrize("given_back", [lambda _: None, lambda _: "torn {", lambda v: v + " "])
async def test_what_does_not_come_back_as_it_was_is_not_kept(
    given_back, store_of, fake_backend, session
):
    liar = fake_backend(BackendKind.KEYRING, load=given_back)
    keeping = await store_of(liar, Memory()).save(session)
    exact = given_back("x") == "x "  # blanks around JSON change nothing
    assert (keeping.backend is BackendKind.KEYRING) is exact


async def test_another_users_session_is_not_given_out(
    store_of, fake_backend, session, make_session
):
    mixed = fake_backend(BackendKind.KEYRING)
    session_store = store_of(mixed)
    await session_store.save(session)
    (session_key,) = mixed.kept
    mixed.kept[session_key] = mixed.kept[session_key].replace('"uid": 42', '"uid": 43')
    assert await session_store.find(session.account.host) is None
    assert session_store.problems == ("The kept session cannot be read: sign in again.",)


async def test_the_state_file_is_private_and_holds_no_secret(
    store_of, fake_backend, session, tmp_path
):
    await store_of(fake_backend(BackendKind.KEYRING)).save(session)
    file = tmp_path / "state" / "sessions.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert session.cookie.reveal() not in file.read_text()
    assert session.account.email not in file.read_text()
    (row,) = json.loads(file.read_text())["sessions"]
    assert row.keys() == {"origin", "uid", "backend", "kept_at"}


async def test_a_later_start_finds_it(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    await store_of(backend).save(session)
    later = store_of(backend)
    assert (await later.find(session.account.host)).session.cookie == session.cookie
    (known,) = await later.accounts()
    assert (known.origin, known.user_id) == (session.account.host, 42)
    assert (known.backend, known.account.email) == (BackendKind.KEYRING, "")


async def three(store_of, fake_backend, make_session):
    """Session store with two accounts whose e-mails differ in a capital, and a third one."""
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    for user_id, email in [(1, "One@example.com"), (2, "one@example.com"), (3, "two@example.com")]:
        await session_store.save(make_session(user_id, email, HOST))
    await session_store.save(make_session(9, "two@example.com", OTHER_HOST))
    return session_store


async def found(session_store, host=HOST, email=None, **how):
    answer = await session_store.find(host, email, **how)
    return answer and answer.session.account.user_id


async def test_the_first_account_stays_the_default_whatever_is_used(
    store_of, fake_backend, make_session
):
    session_store = await three(store_of, fake_backend, make_session)
    for host, email in [(HOST, "one@example.com"), (OTHER_HOST, None), (None, "two@example.com")]:
        with contextlib.suppress(UnclearAccount):
            await session_store.find(host, email)
        assert await found(session_store, None) == 1
    assert [known.user_id for known in await session_store.accounts()] == [9, 3, 2, 1]
    assert await session_store.default() == (Account(HOST, 1, ""), False)


async def test_an_account_is_found_by_its_name_as_neptun_compares(
    store_of, fake_backend, make_session
):
    session_store = await three(store_of, fake_backend, make_session)
    assert await found(session_store, HOST, "One@example.com") == 1
    assert await found(session_store, HOST, "one@example.com") == 2
    assert await found(session_store, OTHER_HOST, "two@example.com") == 9
    assert await found(session_store, HOST, "no-account@example.com") is None
    assert await found(session_store, "https://c.test") is None
    for similar in ("TWO@example.com", " two@example.com", "two@example.com\t"):
        with pytest.raises(SimilarAccount, match=r"two@example\.com is"):
            await session_store.find(HOST, similar)


async def test_between_several_only_a_chosen_default_decides_a_change(
    store_of, fake_backend, make_session
):
    session_store = await three(store_of, fake_backend, make_session)
    for host, email in [(None, None), (HOST, None), (None, "two@example.com")]:
        with pytest.raises(UnclearAccount):
            await session_store.find(host, email, strict=True)
    assert await found(session_store, OTHER_HOST, strict=True) == 9, "the only one there"
    assert await session_store.choose(Account(HOST, 3, "two@example.com"))
    for host, email in [(None, None), (HOST, None), (None, "two@example.com")]:
        assert await found(session_store, host, email, strict=True) == 3
    assert await found(session_store, OTHER_HOST, strict=True) == 9
    assert await session_store.default() == (Account(HOST, 3, ""), True)


async def test_several_without_a_default_are_named(store_of, fake_backend, make_session):
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    for user_id in (1, 2):
        await session_store.save(
            make_session(user_id, f"{user_id}@example.com", HOST), default=False
        )
    with pytest.raises(UnclearAccount) as raised:
        await session_store.find()
    assert [each.email for each in raised.value.choices] == ["2@example.com", "1@example.com"]


async def test_finding_a_session_writes_nothing(store_of, fake_backend, make_session, tmp_path):
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    await session_store.save(make_session(1, "one@example.com", HOST))
    await session_store.save(make_session(2, "two@example.com", HOST))
    file = tmp_path / "state" / "sessions.json"
    before = file.stat()
    assert await found(session_store) == 1
    assert await found(session_store, None, "two@example.com") == 2
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_it_never_falls_back_to_another_account(store_of, fake_backend, make_session):
    kernel, keyring = fake_backend(BackendKind.KERNEL), fake_backend(BackendKind.KEYRING)
    await store_of(kernel).save(make_session(1, host=HOST))
    await store_of(keyring).save(make_session(2, host=HOST))
    kernel.kept.clear()  # the machine restarted
    with pytest.raises(DefaultSignedOut, match="user 1 on"):
        await store_of(keyring, kernel).find(HOST)
    kernel.failures = {"all": LOCKED}
    session_store = store_of(keyring, kernel)
    assert await session_store.find() is None
    assert session_store.problems == ("The first is locked.",)


async def test_a_default_that_signs_out_is_not_replaced_before_the_last_session(
    store_of, fake_backend, make_session
):
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    for user_id in (1, 2):
        await session_store.save(make_session(user_id, host=HOST))
    await session_store.delete(Account(HOST, 1, ""))
    with pytest.raises(DefaultSignedOut) as raised:
        await session_store.find(HOST)
    assert [each.user_id for each in raised.value.choices] == [2]
    await session_store.save(make_session(3, host=OTHER_HOST))
    assert await session_store.default() == (Account(HOST, 1, ""), False)
    assert await found(session_store, OTHER_HOST, strict=True) == 3
    for account in (Account(HOST, 2, ""), Account(OTHER_HOST, 3, "")):
        await session_store.delete(account)
    assert await session_store.default() is None
    await session_store.save(make_session(2, host=HOST))
    assert await found(session_store, strict=True) == 2


async def test_a_session_in_memory_is_no_default_of_other_starts(
    store_of, fake_backend, make_session
):
    session_store = store_of(Memory())
    await session_store.save(make_session(1, host=HOST))
    assert await session_store.default() is None
    assert await found(session_store, strict=True) == 1


async def test_an_older_copy_of_the_same_account_serves(store_of, fake_backend, make_session):
    kernel, keyring = fake_backend(BackendKind.KERNEL), fake_backend(BackendKind.KEYRING)
    await store_of(keyring).save(make_session(1, host=HOST))
    keyring.failures = {"all": LOCKED}
    await store_of(keyring, kernel).save(make_session(1, host=HOST))
    kernel.kept.clear()
    keyring.failures = {}
    assert (await store_of(keyring, kernel).find(HOST)).keeping.backend is BackendKind.KEYRING


async def test_a_better_backend_takes_over_and_the_lower_copy_goes(
    store_of, fake_backend, make_session
):
    kernel, keyring = (
        fake_backend(BackendKind.KERNEL),
        fake_backend(BackendKind.KEYRING, all=LOCKED),
    )
    session_store = store_of(keyring, kernel)
    assert (await session_store.save(make_session(1, host=HOST))).backend is BackendKind.KERNEL
    keyring.failures = {}
    assert (await session_store.save(make_session(1, host=HOST))).backend is BackendKind.KEYRING
    assert kernel.kept == {}
    assert [known.backend for known in await session_store.accounts()] == [BackendKind.KEYRING]


async def test_a_locked_backend_is_no_error_but_is_said(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    backend.failures = {"all": LOCKED}
    assert await session_store.find(session.account.host) is None
    assert session_store.problems == ("The first is locked.",)
    backend.failures = {}
    assert await session_store.find(session.account.host)
    assert session_store.problems == ()


async def test_forgetting_empties_every_backend(store_of, fake_backend, session):
    backends = [fake_backend(BackendKind.KEYRING), fake_backend(BackendKind.KERNEL), Memory()]
    old = fake_backend(BackendKind.FILE)
    session_key = SessionKey.of(session.account)
    session_store = store_of(*backends, others=[old])
    await session_store.save(session)
    old.kept[session_key] = backends[1].kept[session_key] = "an old copy"
    assert await session_store.delete(session.account) == ()
    assert not backends[0].kept
    assert not backends[1].kept
    assert not old.kept
    assert await session_store.accounts() == []


async def test_forgetting_says_which_backend_could_not_be_asked(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    backend.failures = {"all": LOCKED}
    said = await session_store.delete(session.account)
    assert said == ("The first is locked. A copy there is deleted as soon as it answers.",)
    backend.failures = {}
    assert await session_store.find(session.account.host) is None
    assert not backend.kept


async def test_forgotten_session_is_not_found_while_its_copy_cannot_be_deleted(
    store_of, fake_backend, session
):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    backend.failures = {"all": LOCKED}
    await session_store.delete(session.account)
    backend.failures = {"delete": LOCKED}
    for email in (None, session.account.email):
        assert await session_store.find(session.account.host, email) is None
        assert await session_store.find(None, email) is None
    assert await session_store.open(session.account) is None
    assert await session_store.accounts() == []
    assert backend.kept


async def test_forgotten_session_makes_the_other_account_no_less_clear(
    store_of, fake_backend, session, make_session
):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    other = make_session(9, "other@example.com", session.account.host)
    await session_store.save(other)
    backend.failures = {"all": LOCKED}
    await session_store.delete(other.account)
    backend.failures = {"delete": LOCKED}
    found = await session_store.find(session.account.host, strict=True)
    assert found.session.account == session.account
    assert len(backend.kept) == 2


async def test_signing_in_again_takes_back_what_was_to_be_forgotten(
    store_of, fake_backend, session
):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    backend.failures = {"all": LOCKED}
    await session_store.delete(session.account)
    backend.failures = {}
    await session_store.save(session)
    assert await session_store.find(session.account.host)


async def test_a_backend_that_is_not_there_is_not_warned_of(store_of, fake_backend, session):
    session_store = store_of(fake_backend(BackendKind.KEYRING, all=ABSENT), Memory())
    await session_store.save(session)
    assert await session_store.delete(session.account) == ()


async def test_unless_the_session_was_kept_there(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    await store_of(backend).save(session)
    backend.failures = {"all": ABSENT}
    assert len(await store_of(backend).delete(session.account)) == 1


async def test_a_backend_that_broke_off_is_cleared_later(store_of, fake_backend, session):
    keyring, kernel = (
        fake_backend(BackendKind.KEYRING, load=OSError()),
        fake_backend(BackendKind.KERNEL),
    )
    keeping = await store_of(keyring, kernel).save(session)
    assert keeping.reason == "The keyring fake fell (OSError)."
    assert keyring.kept
    keyring.failures = {}
    found = await store_of(keyring, kernel).find(session.account.host)
    assert found.keeping.backend is BackendKind.KERNEL
    assert not keyring.kept


async def test_a_torn_state_file_counts_as_empty_and_is_said(
    store_of, fake_backend, session, tmp_path
):
    backend = fake_backend(BackendKind.KEYRING)
    await store_of(backend).save(session)
    file = tmp_path / "state" / "sessions.json"
    file.write_text(file.read_text()[:-20])
    session_store = store_of(backend)
    assert await session_store.find(session.account.host) is None
    assert "cannot be read: sign in again." in session_store.problems[0]
    await session_store.save(session)
    assert await store_of(backend).find(session.account.host)


async def test_a_state_file_that_cannot_be_written_is_said(
    store_of, fake_backend, session, tmp_path
):
    (tmp_path / "file").write_text("in the way")
    backends = [fake_backend(BackendKind.KEYRING), fake_backend(BackendKind.KERNEL)]
    session_store = store_of(*backends, Memory(), state=tmp_path / "file" / "sessions.json")
    for keeping in (await session_store.choose_backend(), await session_store.save(session)):
        assert keeping.backend is BackendKind.MEMORY
        assert keeping.reason == "The list of kept sessions cannot be written (Not a directory)."
    assert await session_store.find(session.account.host)
    assert [backend.kept for backend in backends] == [{}, {}]
    without_memory = store_of(backends[0], state=tmp_path / "file" / "sessions.json")
    with pytest.raises(SessionStoreUnavailable, match="cannot be written"):
        await without_memory.save(session)
    assert backends[0].kept == {}


async def test_a_session_is_listed_before_it_is_kept(store_of, fake_backend, session, tmp_path):
    """Wherever the program ends, the session can be found and signed out."""
    backend = fake_backend(BackendKind.KEYRING)
    seen = []
    file = tmp_path / "state" / "sessions.json"
    store = backend.store
    backend.store = lambda session_key, value: (
        seen.append(json.loads(file.read_text())["sessions"]) or store(session_key, value)
    )
    await store_of(backend).save(session)
    assert [row["origin"] for row in seen[0]] == [session.account.host]


async def test_a_list_that_fills_the_disk_in_between_leaves_nothing(
    store_of, fake_backend, session, monkeypatch
):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend, Memory())
    assert (await session_store.choose_backend()).backend is BackendKind.KEYRING

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("neptun_tui.storage.session_index.write_private", full)
    keeping = await session_store.save(session)
    assert (keeping.backend, backend.kept) == (BackendKind.MEMORY, {})
    assert keeping.reason == "The list of kept sessions cannot be written (the disk is full)."


async def test_a_list_that_cannot_be_read_is_not_written_over(
    store_of, fake_backend, session, tmp_path
):
    backend = fake_backend(BackendKind.KEYRING)
    await store_of(backend).save(session)
    file = tmp_path / "state" / "sessions.json"
    file.rename(tmp_path / "real")
    file.symlink_to(tmp_path / "real")
    before = (tmp_path / "real").read_bytes()
    session_store = store_of(backend, Memory())
    assert await session_store.find(session.account.host) is None
    assert "it is a symbolic link" in session_store.problems[0]
    assert (await session_store.save(session)).backend is BackendKind.MEMORY
    assert (tmp_path / "real").read_bytes() == before


async def test_a_backend_that_refuses_leaves_no_record(store_of, fake_backend, session, tmp_path):
    full = BackendUnavailable("The first is full.")
    keyring, kernel = (
        fake_backend(BackendKind.KEYRING, store=full),
        fake_backend(BackendKind.KERNEL),
    )
    assert (await store_of(keyring, kernel).save(session)).backend is BackendKind.KERNEL
    rows = json.loads((tmp_path / "state" / "sessions.json").read_text())["sessions"]
    assert [row["backend"] for row in rows] == ["kernel"]


async def test_all_sessions_are_forgotten_listed_or_not(store_of, fake_backend, make_session):
    keyring, kernel, file = (
        fake_backend(BackendKind.KEYRING),
        fake_backend(BackendKind.KERNEL),
        fake_backend(BackendKind.FILE),
    )
    session_store = store_of(keyring, kernel, Memory(), others=[file])
    await session_store.save(make_session(1, host=HOST))
    kernel.kept[SessionKey(HOST, 1)] = file.kept[SessionKey("https://b.test", 2)] = "left behind"
    assert await session_store.delete_all() == (2, ())
    assert (keyring.kept, kernel.kept, file.kept) == ({}, {}, {})
    assert await session_store.accounts() == []
    assert await session_store.delete_all() == (0, ())


async def test_a_backend_that_cannot_be_searched_is_said(store_of, fake_backend, session):
    keyring, kernel = (
        fake_backend(BackendKind.KEYRING, all=LOCKED),
        fake_backend(BackendKind.KERNEL, all=ABSENT),
    )
    number, notes = await store_of(keyring, kernel, Memory()).delete_all()
    assert (number, notes) == (0, ("The first is locked.",))


async def test_nothing_is_promised_of_a_copy_that_cannot_be_noted(
    store_of, fake_backend, session, monkeypatch
):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    backend.failures = {"all": LOCKED}
    refused = PermissionError(13, "no")
    monkeypatch.setattr(
        "neptun_tui.storage.session_index.write_private", lambda *_: (_ for _ in ()).throw(refused)
    )
    (note,) = await session_store.delete(session.account)
    assert note == "The first is locked. A copy may be left there: sign out again when it answers."


async def test_what_no_list_names_is_told_with_its_account(
    store_of, fake_backend, session, make_session
):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend, Memory())
    await session_store.save(session)
    session_key = SessionKey.of(session.account)
    backend.kept[SessionKey(session_key.origin, 77)] = "torn"
    await store_of(backend, state=None).save(make_session(8, "p8@example.com", HOST))
    found = await session_store.unlisted()
    assert {(a.host, a.user_id, a.email) for a in found} == {
        (session_key.origin, 77, ""),
        (HOST, 8, "p8@example.com"),
    }


async def test_an_old_setting_is_named_when_it_hides_a_session(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.FILE)
    await store_of(backend).save(session)
    session_store = store_of(Memory(), others=[backend])
    assert await session_store.find(session.account.host) is None
    assert session_store.problems == (
        "A session is kept in the file, which the settings do not allow.",
    )
    await session_store.save(session)
    assert not backend.kept


async def test_memory_alone(session, tmp_path):
    session_store = memory_session_store()
    try:
        assert (await session_store.choose_backend()).label == "memory"
        await session_store.save(session)
        assert await session_store.find(session.account.host)
        assert "Secret" in repr(vars(session_store._backends[0]._backend))
        assert session.cookie.reveal() not in repr(vars(session_store._backends[0]._backend))
        await session_store.delete(session.account)
        assert await session_store.find(session.account.host) is None
    finally:
        session_store.close()


def test_from_the_event_loops_of_several_threads(store_of, fake_backend, session):
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    found = []

    def run(work):
        thread = threading.Thread(target=lambda: found.append(asyncio.run(work())))
        thread.start()
        thread.join(5)

    run(lambda: session_store.save(session))
    run(lambda: session_store.find(session.account.host))
    assert found[1].session.cookie == session.cookie


async def test_a_closed_session_store_says_so(store_of, fake_backend, session):
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    await session_store.choose_backend()
    session_store.close()
    with pytest.raises(SessionStoreUnavailable, match="closed"):
        await session_store.save(session)


@pytest.mark.parametrize(
    ("setting", "taking"),
    [
        ("auto", ["keyring", "kernel", "memory"]),
        ("keyring", ["keyring", "memory"]),
        ("kernel", ["kernel", "memory"]),
        ("memory", ["memory"]),
        ("file", ["file", "memory"]),
    ],
)
def test_what_the_setting_allows(setting, taking, tmp_path, monkeypatch):
    monkeypatch.setattr(session_store_module.sys, "platform", "linux")
    session_store = open_session_store(setting, state_dir=tmp_path)
    assert [backend.kind for backend in session_store._backends] == taking
    assert {backend.kind for backend in session_store._all} == set(BackendKind)
    session_store.close()


async def test_a_named_backend_this_system_has_not(tmp_path, monkeypatch):
    monkeypatch.setattr(session_store_module.sys, "platform", "darwin")
    session_store = open_session_store("kernel", state_dir=tmp_path)
    keeping = await session_store.choose_backend()
    session_store.close()
    assert (keeping.backend, keeping.reason) == (
        BackendKind.MEMORY,
        "This system has no kernel keyring.",
    )


@pytest.mark.parametrize("setting", ["", "disk", "AUTO"])
def test_a_setting_that_is_none(setting, tmp_path):
    with pytest.raises(ValueError, match="not a valid BackendKind"):
        open_session_store(setting, state_dir=tmp_path)


async def test_a_file_only_when_named(tmp_path, session):
    session_store = open_session_store("file", state_dir=tmp_path)
    keeping = await session_store.save(session)
    session_store.close()
    assert (keeping.backend, keeping.reason) == (BackendKind.FILE, "The settings ask for it.")
    again = open_session_store("file", state_dir=tmp_path)
    assert (await again.find(session.account.host)).session.cookie == session.cookie
    await again.delete(session.account)
    again.close()
    assert [file.name for file in tmp_path.iterdir()] == ["sessions.json"]


async def test_signing_out_clears_what_an_older_setting_left(tmp_path, session):
    session_store = open_session_store("file", state_dir=tmp_path)
    await session_store.save(session)
    session_store.close()
    other = open_session_store("memory", state_dir=tmp_path)
    assert await other.delete(Account(session.account.host, 42, "")) == ()
    other.close()
    assert [file.name for file in tmp_path.iterdir()] == ["sessions.json"]


def test_opening_starts_no_thread_and_writes_nothing(tmp_path):
    assert isinstance(open_session_store(state_dir=tmp_path / "state"), SessionStore)
    assert not [t for t in threading.enumerate() if t.name.startswith("neptun-sessions")]
    assert list(tmp_path.iterdir()) == []


async def test_what_another_process_signed_out_stays_so(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    here, there = store_of(backend), store_of(backend)
    await here.save(session)
    backend.failures = {"all": LOCKED}
    await there.delete(session.account)
    backend.failures = {}
    assert await here.find(session.account.host) is None
    assert not backend.kept


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (BackendKind.KEYRING, "OS keyring"),
        (BackendKind.KERNEL, "kernel keyring"),
        (BackendKind.FILE, "file"),
        (BackendKind.MEMORY, "memory"),
    ],
)
async def test_a_backend_has_one_name(store_of, fake_backend, session, kind, name):
    session_store = store_of(fake_backend(kind))
    kept = await session_store.save(session)
    found = await session_store.find(session.account.host)
    (known,) = await session_store.accounts()
    assert (kept.label, found.keeping.label, known.backend.label) == (name, name, name)


async def test_the_accounts_are_introduced_by_what_their_backends_say(
    store_of, fake_backend, make_session
):
    keyring, kernel = fake_backend(BackendKind.KEYRING), fake_backend(BackendKind.KERNEL)
    await store_of(keyring).save(make_session(1, "one@example.com", HOST))
    await store_of(kernel).save(make_session(2, "two@example.com", HOST))
    await store_of(kernel).save(make_session(1, "one@example.com", "https://b.test"))
    session_store = store_of(keyring, kernel)
    known = await session_store.list_accounts()
    assert [(each.origin, each.user_id, each.email, each.backend) for each in known] == [
        ("https://b.test", 1, "one@example.com", BackendKind.KERNEL),
        (HOST, 2, "two@example.com", BackendKind.KERNEL),
        (HOST, 1, "one@example.com", BackendKind.KEYRING),
    ]
    before = [each.kept_at for each in await session_store.accounts()]
    assert [each.kept_at for each in known] == before  # to look is not to use
    keyring.failures = {"all": LOCKED}
    (*_, locked) = await session_store.list_accounts()
    assert (locked.email, locked.error) == ("", "The first is locked.")
    assert session_store.problems == ()
    kernel.kept.clear()  # the machine restarted
    assert [each.user_id for each in await session_store.list_accounts()] == [1]


async def test_an_account_is_introduced_by_the_copy_that_can_be_had(
    store_of, fake_backend, make_session
):
    keyring, kernel = fake_backend(BackendKind.KEYRING), fake_backend(BackendKind.KERNEL)
    await store_of(keyring).save(make_session(1, host=HOST))
    await store_of(kernel).save(make_session(1, host=HOST))
    kernel.failures = {"all": LOCKED}
    (known,) = await store_of(keyring, kernel).list_accounts()
    assert (known.email, known.backend, known.error) == (
        "person@example.com",
        BackendKind.KEYRING,
        "",
    )


async def test_one_of_several_accounts_is_reopened(store_of, fake_backend, make_session):
    session_store = store_of(fake_backend(BackendKind.KEYRING), Memory())
    for user_id, email in ((1, "same@example.com"), (2, "same@example.com"), (3, "x@example.com")):
        await session_store.save(make_session(user_id, email, HOST))
    first = next(known for known in await session_store.list_accounts() if known.user_id == 1)
    assert (await session_store.open(first.account)).session.account.user_id == 1
    assert await found(session_store, OTHER_HOST) is None
    assert [known.user_id for known in await session_store.accounts()] == [3, 2, 1]


async def test_a_session_that_is_gone_or_locked_is_not_reopened(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    (known,) = await session_store.list_accounts()
    backend.failures = {"all": LOCKED}
    assert await session_store.open(known.account) is None
    assert session_store.problems == ("The first is locked.",)
    backend.failures = {}
    await session_store.delete(session.account)
    assert await session_store.open(known.account) is None
    assert session_store.problems == ()


async def test_a_setting_that_is_not_the_best_names_the_way_back(tmp_path):
    for setting in ("kernel", "memory", "file"):
        session_store = open_session_store(setting, state_dir=tmp_path)
        assert (await session_store.choose_backend()).hint.startswith(
            "Remove session_storage from the settings"
        )
        session_store.close()


async def test_choice_reason_and_way_are_a_line_each(store_of, fake_backend):
    session_store = store_of(fake_backend(BackendKind.KEYRING, all=LOCKED), Memory())
    assert (await session_store.choose_backend()).lines == (
        "memory, until you quit.",
        "The first is locked.",
        "Unlock it.",
    )
    assert (await store_of(Memory()).choose_backend()).lines == ("memory, until you quit.",)


async def test_who_was_signed_out_is_not_introduced(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    (known,) = await session_store.list_accounts()
    backend.failures = {"all": LOCKED}
    await session_store.delete(session.account)
    backend.failures = {}
    assert backend.kept
    assert await session_store.list_accounts() == []
    assert await session_store.open(known.account) is None
