"""Fixtures for the services: a scripted Neptun, and the demo's on a real socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import Any

import pytest
import uvicorn

from neptun_tui.api.client import NeptunClient
from neptun_tui.api.progress import Progress
from neptun_tui.api.retry import retry
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.demo.server import create_app, listen
from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.domain.errors import AccessDenied, ServiceError, SessionExpired, SignInRefused
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, make_plan
from neptun_tui.domain.resources import File, Import, Kind, Project, StoredContext
from neptun_tui.domain.stored_context import of_items
from neptun_tui.services.auth import SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.job import Job
from neptun_tui.services.ports import Neptun
from neptun_tui.storage.session_store import SessionStore, memory_session_store

from ..builders import populated_store
from ..domain.conftest import account, make_file, make_import, now, project

__all__ = ["account", "make_file", "make_import", "now", "project"]

HOST = "https://neptun.example"
PROJECT = Project(1, "Storefront")

Reply = tuple[ServiceError | None, bool]
"""Response to a DELETE, and whether it was carried out."""


class FakeNeptun:
    """A Neptun in a few dicts that answers as scripted and remembers what was asked of it."""

    def __init__(self, imports: Iterable[int] = (), files: dict[int, int | None] | None = None):
        self.projects_ = [PROJECT]
        self.imports_ = {n: Import(n, 1, "local_folder", f"/srv/{n}") for n in imports}
        self.files_ = {
            n: File(n, 1, parent, f"{n}.txt", size=10) for n, parent in (files or {}).items()
        }
        self.replies: dict[ResourceRef, list[Reply]] = {}
        """Scripted for the next DELETEs of an item; others are carried out if it is there."""
        self.import_lists: Iterator[ServiceError | None] = repeat(None)
        self.file_lists: Iterator[ServiceError | None] = repeat(None)
        self.before_delete: Callable[[ResourceRef], Awaitable[None]] | None = None
        self.stored: StoredContext | None = self.existing
        """Stored context of the project; only a renewal changes it."""
        self.renewals: Iterator[tuple[ServiceError | None, bool]] = repeat((None, True))
        """Response to each renewal, and whether it is carried out."""
        self.context_log: list[str] = []
        """Every request about the stored context."""
        self.log: list[ResourceRef | Kind] = []
        """Every DELETE and every list, as asked for."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.passwords: dict[str, tuple[int, str]] = {}
        self.alive: dict[str, int] = {}
        """Cookies the server knows, and whose they are; when empty, it knows every one."""
        self.turned_away = 0
        self.signed_out: list[str] = []
        self.closed = 0

    @property
    def sent(self) -> list[ResourceRef]:
        return [entry for entry in self.log if isinstance(entry, ResourceRef)]

    @property
    def left(self) -> set[ResourceRef]:
        return {ResourceRef(Kind.IMPORT, n) for n in self.imports_} | {
            ResourceRef(Kind.FILE, n) for n in self.files_
        }

    def _check(self, session: Session) -> None:
        if self.alive and session.cookie.reveal() not in self.alive:
            self.turned_away += 1
            raise SessionExpired("Sign in again.", status=401)

    async def sign_in(self, email: str, password: Secret) -> Session:
        if (email, password.reveal()) not in [(e, p) for e, (_, p) in self.passwords.items()]:
            raise SignInRefused("Wrong.", status=401)
        cookie = f"throw-away-cookie-{len(self.alive)}"
        self.alive[cookie] = self.passwords[email][0]
        return Session(Account(HOST, self.alive[cookie], email), Secret(cookie))

    async def session_from_cookie(self, cookie: Secret) -> Session:
        if cookie.reveal() not in self.alive:
            raise SessionExpired("Sign in again.", status=401)
        user_id = self.alive[cookie.reveal()]
        email = next(e for e, (number, _) in self.passwords.items() if number == user_id)
        return Session(Account(HOST, user_id, email), cookie)

    async def sign_out(self, session: Session) -> None:
        self.signed_out.append(session.cookie.reveal())

    async def projects(self, session: Session, progress: Progress | None = None) -> list[Project]:
        await asyncio.sleep(0)
        self._check(session)
        return list(self.projects_)

    async def imports(
        self, session: Session, project_id: int, progress: Progress | None = None
    ) -> list[Import]:
        self._list(Kind.IMPORT, session, self.import_lists)
        return list(self.imports_.values())

    async def files(
        self, session: Session, project_id: int, progress: Progress | None = None
    ) -> list[File]:
        self._list(Kind.FILE, session, self.file_lists)
        return list(self.files_.values())

    @property
    def existing(self) -> StoredContext:
        """Content of a context generated now."""
        return of_items(self.imports_.values(), self.files_.values())

    async def project(self, session: Session, project_id: int) -> Project:
        self.context_log.append("GET project")
        self._check(session)
        found = next((p for p in self.projects_ if p.id == project_id), None)
        if found is None:
            raise AccessDenied("Not there.", status=401)
        return replace(found, stored_context=self.stored)

    async def renew_context(self, session: Session, project_id: int) -> StoredContext:
        self.context_log.append("POST")
        self._check(session)
        error, carried_out = next(self.renewals)
        if carried_out:
            self.stored = self.existing
        if error:
            raise error
        return self.existing

    async def live_context(self, session: Session, project_id: int) -> StoredContext:
        self.context_log.append("GET context")
        self._check(session)
        return self.existing

    async def prompt(self, session: Session, project_id: int) -> dict[str, Any]:
        return {}

    async def prompt_markdown(self, session: Session, project_id: int) -> str:
        return ""

    def _list(self, kind: Kind, session: Session, failures: Iterator[ServiceError | None]) -> None:
        self.log.append(kind)
        self._check(session)
        if error := next(failures):
            raise error

    async def delete_import(self, session: Session, project_id: int, import_id: int) -> None:
        await self._delete(session, ResourceRef(Kind.IMPORT, import_id))

    async def delete_file(self, session: Session, project_id: int, file_id: int) -> None:
        await self._delete(session, ResourceRef(Kind.FILE, file_id))

    async def _delete(self, session: Session, key: ResourceRef) -> None:
        self.log.append(key)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.before_delete:
                await self.before_delete(key)
            await asyncio.sleep(0)
            self._check(session)
            script = self.replies.get(key)
            missing = None if key in self.left else AccessDenied("Not there.", status=401)
            error, carried_out = script.pop(0) if script else (missing, True)
            if carried_out:
                self.remove(key)
            if error:
                raise error
        finally:
            self.in_flight -= 1

    def remove(self, key: ResourceRef) -> None:
        """Delete a row, and by the cascade what hangs on it."""
        if key.kind is Kind.FILE:
            self.files_.pop(key.id, None)
            return
        self.imports_.pop(key.id, None)
        for file in [file for file in self.files_.values() if file.import_id == key.id]:
            del self.files_[file.id]

    def plan(self, *chosen: ResourceRef, account: Account | None = None) -> DeletionPlan:
        """A plan of some items, or of everything there is."""
        owner = account or Account(HOST, 7, "demo@example.com")
        imports, files = self.imports_.values(), self.files_.values()
        return make_plan(owner, PROJECT, imports, files, chosen or self.left)

    async def aclose(self) -> None:
        self.closed += 1


@pytest.fixture(scope="session")
def fake() -> type[FakeNeptun]:
    return FakeNeptun


@pytest.fixture(scope="session")
def session() -> Session:
    return Session(Account(HOST, 7, "demo@example.com"), Secret("throw-away-cookie"))


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Trying again costs no time; how long would have been waited is kept."""
    waited: list[float] = []

    async def at_once(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    assert retry.__kwdefaults__
    monkeypatch.setitem(retry.__kwdefaults__, "sleep", at_once)
    monkeypatch.setattr(Job, "_wait", lambda _, seconds: at_once(seconds))
    return waited


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove this machine's proxy settings from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def link_to() -> Iterator[Callable[..., ClientThread]]:
    """Make links to a Neptun, or by a function that connects; closed after the test."""
    links: list[ClientThread] = []

    def make(to: FakeNeptun | Callable[[str], Neptun]) -> ClientThread:
        links.append(ClientThread((lambda _: to) if isinstance(to, FakeNeptun) else to))
        return links[-1]

    yield make
    for link in links:
        link.close(seconds=30)


@pytest.fixture
def session_store() -> Iterator[SessionStore]:
    session_store = memory_session_store()
    yield session_store
    session_store.close()


class Demo:
    """The demo's Neptun on a real socket, and what its database says."""

    def __init__(self, around: Callable[[Any], Any] = lambda app: app, **options: Any) -> None:
        self.store = populated_store()
        app = around(create_app(self.store, **options))
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._socket = listen()
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    @property
    def deletes(self) -> list[str]:
        """Every DELETE that arrived, in order, by the end of its path."""
        arrived = [a.path for a in list(self.store.arrivals) if a.method == "DELETE"]
        assert all(path.startswith("/api/users/1/projects/") for path in arrived)
        return [path.removeprefix("/api/users/1/projects/") for path in arrived]

    def rows(self) -> set[ResourceRef]:
        """Every row of imports and files, of all users and projects."""
        return {ResourceRef(Kind.IMPORT, row["id"]) for row in self.store.select(IMPORTS)} | {
            ResourceRef(Kind.FILE, row["id"]) for row in self.store.select(FILES)
        }

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        self.store.close()


@pytest.fixture
def serve_demo() -> Iterator[Callable[..., Demo]]:
    demos: list[Demo] = []

    def start(**options: Any) -> Demo:
        demos.append(Demo(**options))
        return demos[-1]

    yield start
    for demo in demos:
        demo.close()


@pytest.fixture
async def real(
    serve_demo: Callable[..., Demo], session_store: SessionStore
) -> AsyncIterator[Callable[..., Awaitable[tuple[Demo, ClientThread, SignIn, Session]]]]:
    """Sign in to a fresh demo with the real client, on the link's own thread."""
    links: list[ClientThread] = []

    async def start(**options: Any) -> tuple[Demo, ClientThread, SignIn, Session]:
        demo = serve_demo(**options)
        link = ClientThread(NeptunClient)
        links.append(link)
        sign_in = SignIn(link, lambda: session_store)
        signed_in = await sign_in.with_password(demo.origin, DEMO_EMAIL, Secret(DEMO_PASSWORD))
        return demo, link, sign_in, signed_in.session

    yield start
    for link in links:
        link.close(seconds=30)
