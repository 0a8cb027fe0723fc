"""Search for the cookie in everything a crash, a log or a print could show."""

import logging
import traceback

import pytest

from neptun_tui.domain.errors import SessionStoreUnavailable
from neptun_tui.storage.os_keyring import OsKeyring
from neptun_tui.storage.session_backends import BackendKind


class Betraying:
    """A keyring backend whose errors carry the password, in text, cause, context and frames."""

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        try:
            int(password)
        except ValueError as error:
            raise RuntimeError(f"cannot store {password}") from error

    def delete_password(self, service, username):
        raise OSError(5, "no")


def everything(error):
    """All that hangs on an exception: texts, chains, and the locals of every frame."""
    seen, waiting, shown = set(), [error], []
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        shown.append(repr(one) + repr(vars(one)))
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                shown += [repr(value) for value in frame.f_locals.values()]
                shown += [repr(getattr(value, "__dict__", "")) for value in frame.f_locals.values()]
    return "\n".join(shown)


async def test_a_betraying_backend_gives_nothing_away(store_of, session, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    session_store = store_of(OsKeyring("linux", Betraying()))
    with pytest.raises(SessionStoreUnavailable) as caught:
        await session_store.save(session)
    cookie = session.cookie.reveal()
    shown = everything(caught.value) + caplog.text + "".join(capsys.readouterr())
    assert "failed when asked (RuntimeError)" in shown
    assert cookie[:30] not in shown
    assert cookie[:30] not in "".join(session_store.problems)


@pytest.mark.parametrize("failing", ["probe", "store", "load", "delete"])
async def test_no_call_gives_it_away(failing, store_of, fake_backend, session, caplog):
    caplog.set_level(logging.DEBUG)
    cookie = session.cookie.reveal()
    error = RuntimeError(cookie)
    error.add_note(cookie)
    backend = fake_backend(BackendKind.KEYRING, **{failing: error})
    session_store = store_of(backend)
    shown = []
    for call in (session_store.choose_backend, lambda: session_store.save(session)):
        try:
            shown.append(repr(await call()))
        except SessionStoreUnavailable as refused:
            shown.append(everything(refused))
    shown.append(repr(await session_store.find(session.account.host)))
    shown.append(repr(await session_store.delete(session.account)))
    shown.append(repr(session_store.problems) + caplog.text + repr(vars(session_store)))
    assert cookie[:30] not in "\n".join(shown)


async def test_a_torn_item_is_not_repeated(store_of, fake_backend, session):
    backend = fake_backend(BackendKind.KEYRING)
    session_store = store_of(backend)
    await session_store.save(session)
    (session_key,) = backend.kept
    backend.kept[session_key] = backend.kept[session_key][:-3]
    assert await session_store.find(session.account.host) is None
    assert session.cookie.reveal()[:30] not in "".join(session_store.problems)


async def test_what_is_found_does_not_show_it(store_of, fake_backend, session):
    session_store = store_of(fake_backend(BackendKind.KEYRING))
    await session_store.save(session)
    found = await session_store.find(session.account.host)
    assert found.session.cookie == session.cookie
    assert session.cookie.reveal()[:30] not in f"{found!r} {found.session} {found.keeping}"
