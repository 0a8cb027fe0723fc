"""Fixtures for the demo server."""

from collections.abc import Iterator

import httpx
import pytest

from neptun_tui.demo.cookies import first_cookie
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

from ..builders import populated_store

BASE_URL = "http://127.0.0.1:42124"


class Neptun:
    """A signed-in caller of one application, in-process, without a cookie jar in the way."""

    def __init__(self, app, cookie: str = "") -> None:
        self.app = app
        self.cookie = cookie

    async def __call__(self, method: str, path: str, **options) -> httpx.Response:
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        if self.cookie:
            headers.setdefault("Cookie", f"neptun-session={self.cookie}")
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.request(method, path, headers=headers, **options)

    async def sign_in(self, email: str, password: str) -> "Neptun":
        credentials = {"email": email, "password": password}
        response = await Neptun(self.app)("POST", "/api/auth/login", json=credentials)
        assert response.status_code == 200, response.text
        return Neptun(self.app, first_cookie(response.headers["set-cookie"]))


@pytest.fixture
def store() -> Iterator[Store]:
    store = populated_store()
    yield store
    store.close()


@pytest.fixture
async def neptun(store: Store) -> Neptun:
    """The demo user, signed in to the observed dialect."""
    return await Neptun(create_app(store)).sign_in(DEMO_EMAIL, DEMO_PASSWORD)


@pytest.fixture
async def documented(store: Store) -> Neptun:
    """The demo user, signed in to the documented dialect."""
    app = create_app(store, dialect="documented")
    return await Neptun(app).sign_in(DEMO_EMAIL, DEMO_PASSWORD)


@pytest.fixture
def caller() -> type[Neptun]:
    """For tests that make their own application."""
    return Neptun
