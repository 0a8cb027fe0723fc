"""Sealed sessions: stateless, and rejected when incomplete."""

import re

import pytest

from neptun_tui.demo.cookies import Sealer, Session, SessionUser, first_cookie, set_cookie
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

SESSION = Session("5c1d", SessionUser(1, DEMO_EMAIL), "2026-01-02T03:04:05.678Z")


def test_looks_like_the_real_one() -> None:
    sealed = Sealer().seal(SESSION)
    assert re.fullmatch(r"Fe26\.2\*\*[A-Za-z0-9*._-]+", sealed)
    assert 380 < len(sealed) < 500
    assert DEMO_EMAIL not in sealed


def test_grows_with_the_e_mail() -> None:
    long = Session("5c1d", SessionUser(1, "a" * 200 + "@example.com"), "2026-01-02T03:04:05.678Z")
    assert len(Sealer().seal(long)) > len(Sealer().seal(SESSION)) + 200


def test_opens_again_and_never_seals_twice_the_same() -> None:
    sealer = Sealer()
    first, second = sealer.seal(SESSION), sealer.seal(SESSION)
    assert first != second
    assert sealer.unseal(first) == sealer.unseal(second) == SESSION


@pytest.mark.parametrize("value", ["", "garbage", "Fe26.2**", "Fe26.2**a*b*c**d*e", "*" * 20, "ü"])
def test_garbage_is_no_session(value: str) -> None:
    assert Sealer().unseal(value) is None


def test_every_changed_character_is_noticed() -> None:
    sealer = Sealer()
    sealed = sealer.seal(SESSION)
    salt_of_the_signature = range(sealed.rindex("**") + 2, sealed.rindex("*"))
    for index, character in enumerate(sealed[:-1]):
        changed = sealed[:index] + ("x" if character != "x" else "y") + sealed[index + 1 :]
        if index not in salt_of_the_signature:
            assert sealer.unseal(changed) is None, index


def test_another_key_ends_the_session() -> None:
    assert Sealer(b"one").unseal(Sealer(b"two").seal(SESSION)) is None


def test_of_two_cookies_the_first_counts() -> None:
    assert first_cookie("a=b; neptun-session=one; neptun-session=two") == "one"
    assert first_cookie("a=b") == ""


def test_set_cookie_has_no_expiry_and_no_domain() -> None:
    assert set_cookie("x") == "neptun-session=x; Path=/; HttpOnly; Secure; SameSite=Lax"


async def test_survives_sign_out(neptun) -> None:
    answer = await neptun("POST", "/api/auth/logout")
    assert answer.json() is True
    assert answer.headers["set-cookie"].startswith("neptun-session=;")
    assert (await neptun("HEAD", "/api/auth/check")).status_code == 204
    assert (await neptun("GET", "/api/users/1/projects")).status_code == 200


async def test_survives_a_restart_and_its_account(neptun, caller) -> None:
    empty = Store()
    restarted = caller(create_app(empty), neptun.cookie)
    assert (await restarted("HEAD", "/api/auth/check")).status_code == 204
    assert (await restarted("GET", "/api/users/1/projects")).json() == []
    answer = await restarted(
        *("POST", "/api/users/1/projects"),
        json={"name": "x", "type": "web-app", "main_language": "go"},
    )
    assert answer.status_code == 500  # recorded as 9.04: the account is gone
    rekeyed = caller(create_app(empty, key=b"another"), neptun.cookie)
    assert (await rekeyed("HEAD", "/api/auth/check")).status_code == 401
    empty.close()


async def test_whoever_has_none_gets_an_anonymous_one(neptun, caller) -> None:
    stranger = caller(neptun.app)
    refused = await stranger("GET", "/api/users/1/projects")
    assert refused.status_code == 401
    anonymous = caller(neptun.app, first_cookie(refused.headers["set-cookie"]))
    again = await anonymous("GET", "/api/users/1/projects")
    assert again.status_code == 401
    assert "set-cookie" not in again.headers
    session = (await anonymous("GET", "/api/_auth/session")).json()
    assert set(session) == {"id"}


async def test_the_session_names_the_user_and_renews_the_cookie(neptun, caller) -> None:
    answer = await neptun("GET", "/api/_auth/session")
    assert answer.json()["user"] == {"id": 1, "primary_email": DEMO_EMAIL}
    renewed = first_cookie(answer.headers["set-cookie"])
    assert renewed != neptun.cookie
    for cookie in (renewed, neptun.cookie):
        assert (await caller(neptun.app, cookie)("HEAD", "/api/auth/check")).status_code == 204


async def test_sign_in_with_a_valid_cookie_is_refused(neptun) -> None:
    credentials = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    assert (await neptun("POST", "/api/auth/login", json=credentials)).status_code == 403
