"""Sign-in and sign-out: sessions that are stored, rejected or removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.domain.errors import (
    InvalidCookie,
    SessionExpired,
    SignInRefused,
    Unreachable,
    WrongAccount,
)
from neptun_tui.services.auth import SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.storage.session_backends import BackendKind
from neptun_tui.storage.session_store import SessionStore

HOST = "https://neptun.example"
DEMO = Account(HOST, 7, "demo@example.com")
OTHER = Account(HOST, 8, "other@example.com")
PASSWORD, COOKIE = Secret("Thr0w-away!"), "throw-away-cookie-of-demo"


@pytest.fixture
def neptun(fake: type[Any]) -> Any:
    neptun = fake()
    neptun.passwords = {DEMO.email: (7, "Thr0w-away!"), OTHER.email: (8, "Thr0w-away!")}
    neptun.alive = {COOKIE: 7, "throw-away-cookie-of-other": 8}
    return neptun


@pytest.fixture
def sign_in(
    neptun: Any, link_to: Callable[..., ClientThread], session_store: SessionStore
) -> SignIn:
    return SignIn(link_to(neptun), lambda: session_store)


async def kept(session_store: SessionStore) -> set[int]:
    return {known.user_id for known in await session_store.accounts()}


async def test_a_session_is_kept_where_it_was_said_to_be(sign_in: SignIn) -> None:
    promised = await sign_in.keeping()
    signed_in = await sign_in.with_password(HOST, DEMO.email, PASSWORD)
    assert signed_in.session.account == DEMO
    assert signed_in.keeping == promised
    assert signed_in.keeping.backend is BackendKind.MEMORY


async def test_the_session_of_last_time_is_found_without_asking_the_server(
    sign_in: SignIn, neptun: Any
) -> None:
    assert await sign_in.resume(HOST) is None
    signed_in = await sign_in.with_password(HOST, DEMO.email, PASSWORD)
    neptun.alive = {"another cookie": 1}
    found = await sign_in.resume(HOST)
    assert found
    assert found.session.account == signed_in.session.account
    assert found.session.cookie == signed_in.session.cookie
    assert await sign_in.resume("https://other.example") is None
    assert await sign_in.resume(HOST, OTHER.email) is None


async def test_a_refused_sign_in_keeps_nothing(
    sign_in: SignIn, session_store: SessionStore
) -> None:
    with pytest.raises(SignInRefused):
        await sign_in.with_password(HOST, DEMO.email, Secret("wrong"))
    assert await kept(session_store) == set()


@pytest.mark.parametrize(
    "pasted", [COOKIE, f"neptun-session={COOKIE}", f"Cookie: a=b; neptun-session={COOKIE}"]
)
async def test_a_pasted_cookie_signs_in_as_whoever_it_belongs_to(
    sign_in: SignIn, session_store: SessionStore, pasted: str
) -> None:
    signed_in = await sign_in.with_cookie(HOST, Secret(pasted))
    assert signed_in.session == Session(DEMO, Secret(COOKIE))
    assert await kept(session_store) == {7}


async def test_text_that_is_no_cookie_is_not_sent(
    session_store: SessionStore, link_to: Callable[..., ClientThread]
) -> None:
    def connect(host: str) -> Any:
        raise AssertionError("nothing was to be sent")

    with pytest.raises(InvalidCookie):
        await SignIn(link_to(connect), lambda: session_store).with_cookie(
            HOST, Secret("theme=dark; a=b")
        )
    assert await kept(session_store) == set()


async def test_an_unknown_cookie_is_not_kept(sign_in: SignIn, session_store: SessionStore) -> None:
    with pytest.raises(SessionExpired):
        await sign_in.with_cookie(HOST, Secret("throw-away-cookie-without-a-user"))
    assert await kept(session_store) == set()


async def test_a_second_sign_in_goes_on_as_the_same_account(sign_in: SignIn) -> None:
    again = await sign_in.with_password(HOST, DEMO.email, PASSWORD, only=DEMO)
    assert again.session.account == DEMO
    renamed = Account(HOST, 7, "old-name@example.com")  # accounts differ by their number
    assert (await sign_in.with_cookie(HOST, Secret(COOKIE), only=renamed)).session.account == DEMO


@pytest.mark.parametrize(
    "only", [OTHER, Account("https://other.example", 7, DEMO.email)], ids=["user", "host"]
)
async def test_another_account_is_refused_and_not_kept(
    sign_in: SignIn, session_store: SessionStore, only: Account
) -> None:
    with pytest.raises(WrongAccount):
        await sign_in.with_password(HOST, DEMO.email, PASSWORD, only=only)
    with pytest.raises(WrongAccount):
        await sign_in.with_cookie(HOST, Secret(COOKIE), only=only)
    assert await kept(session_store) == set()


async def test_signing_out_forgets_the_session_here_and_tells_the_server(
    sign_in: SignIn, session_store: SessionStore, neptun: Any
) -> None:
    await sign_in.with_cookie(HOST, Secret("throw-away-cookie-of-other"))
    signed_in = await sign_in.with_cookie(HOST, Secret(COOKIE))
    assert await sign_in.sign_out(signed_in.session) == ()
    assert await kept(session_store) == {8}
    async with asyncio.timeout(5):
        while neptun.signed_out != [COOKIE]:  # the sign-out is sent, but not waited for
            await asyncio.sleep(0.01)
    assert await sign_in.resume(HOST, DEMO.email) is None


async def test_signing_out_works_without_the_server(
    sign_in: SignIn, session_store: SessionStore, neptun: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(session: Session) -> None:
        raise Unreachable("no way")

    signed_in = await sign_in.with_cookie(HOST, Secret(COOKIE))
    monkeypatch.setattr(neptun, "sign_out", gone)
    assert await sign_in.sign_out(signed_in.session) == ()
    assert await kept(session_store) == set()


async def test_forgetting_tells_the_server_nothing(
    sign_in: SignIn, session_store: SessionStore, neptun: Any
) -> None:
    signed_in = await sign_in.with_cookie(HOST, Secret(COOKIE))
    assert await sign_in.forget(signed_in.session) == ()
    assert await kept(session_store) == set()
    assert neptun.signed_out == []


async def test_a_cookie_of_another_account_than_the_named_one_is_not_kept(
    sign_in: SignIn, session_store: SessionStore
) -> None:
    for another in ("someone@example.com", DEMO.email.upper()):
        with pytest.raises(WrongAccount):
            await sign_in.with_cookie(HOST, Secret(COOKIE), email=another)
    assert await kept(session_store) == set()
    same = await sign_in.with_cookie(HOST, Secret(COOKIE), email=DEMO.email)
    assert same.session.account.user_id == DEMO.user_id


async def test_every_session_is_forgotten_at_once(
    sign_in: SignIn, session_store: SessionStore
) -> None:
    await sign_in.with_password(HOST, DEMO.email, PASSWORD)
    await sign_in.with_password(HOST, OTHER.email, PASSWORD)
    assert await sign_in.forget_all() == (2, ())
    assert await kept(session_store) == set()
    assert await sign_in.forget_all() == (0, ())
