"""Demo on a real socket, whose database and key can be changed while it serves."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Iterable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from neptun_tui.demo.cookies import Sealer, Session, SessionUser
from neptun_tui.demo.locks import Lock
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS, USERS
from neptun_tui.demo.server import create_app, listen
from neptun_tui.demo.store import DatabaseError, Store, timestamp
from neptun_tui.domain.plan import PlanItem, ResourceRef
from neptun_tui.domain.resources import Kind

EMAIL = "demo@example.com"
_TABLES = {Kind.IMPORT: IMPORTS, Kind.FILE: FILES}


class FaultServer:
    """A server for one test after the other: :meth:`clear` gives it an empty database."""

    def __init__(self) -> None:
        self.store = Store()
        self._app: ASGIApp
        self._sealer: Sealer
        self.clear()
        config = uvicorn.Config(
            self._serve, interface="asgi3", log_level="critical", lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._socket = listen()
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def clear(self) -> None:
        """A database with two accounts; the first has two projects, the second one."""
        self.store.close()
        self.store = Store()
        for email in (EMAIL, "other@example.com"):
            self.store.add(USERS, {"primary_email": email})
        for name, user in (("Storefront", 1), ("Billing API", 1), ("Not mine", 2)):
            self.store.add(PROJECTS, {"name": name, "neptun_user_id": user})
        self.end_sessions()

    def end_sessions(self) -> None:
        """Change the server's secret: cookies made before are refused."""
        key = secrets.token_bytes(32)
        self._sealer = Sealer(key)
        self._app = create_app(self.store, key=key)

    def cookie(self) -> str:
        """A new session of the first account."""
        user = SessionUser(1, EMAIL)
        return self._sealer.seal(Session(str(uuid.uuid4()), user, timestamp()))

    def add_import(
        self, project: int = 1, source: str = "local_folder", user: int = 1
    ) -> ResourceRef:
        """Add an import."""
        owner = {"project_id": project, "neptun_user_id": user}
        row = self.store.add(IMPORTS, {"source_type": source, "source_path": "/", **owner})
        return ResourceRef(Kind.IMPORT, row["id"])

    def add_file(
        self, parent: int | None = None, project: int = 1, user: int = 1, title: str = "a"
    ) -> ResourceRef:
        """Add a file, under an import or under none."""
        owner = {"project_id": project, "neptun_user_id": user, "import_id": parent}
        text = {"title": title, "original_path": "a", "content": "x", "file_type": "text"}
        return ResourceRef(
            Kind.FILE, self.store.add(FILES, {**text, "file_size": 1, **owner})["id"]
        )

    def move(
        self, key: ResourceRef, *, under: int | None = None, project: int | None = None
    ) -> None:
        """Put something elsewhere, as its owner may in another window."""
        values = {"project_id": project} if project else {"import_id": under}
        with suppress(DatabaseError):  # it may be gone since this very moment
            self.store.change(_TABLES[key.kind], key.id, values)

    def remove(self, key: ResourceRef) -> None:
        """Delete something, as its owner may in another window."""
        self.store.remove(_TABLES[key.kind], key.id)

    def remove_project(self, project: int) -> None:
        """Delete a project and all that is in it."""
        self.store.remove(PROJECTS, project)

    def hold(self, tail: str) -> Lock:
        """Lock an item: the next DELETE of it is held after its access check."""
        return self.store.locks.hold("DELETE", f"*/{tail}", times=1)

    def rows(self, project: int | None = None) -> dict[ResourceRef, int | None]:
        """Every import and file there is, files with their import's ID."""
        where = {} if project is None else {"project_id": project}
        imports: dict[ResourceRef, int | None] = {
            ResourceRef(Kind.IMPORT, row["id"]): None for row in self.store.select(IMPORTS, **where)
        }
        files = self.store.select(FILES, **where)
        return imports | {ResourceRef(Kind.FILE, row["id"]): row["import_id"] for row in files}

    def in_place(self, targets: Iterable[PlanItem]) -> set[ResourceRef]:
        """Return the keys of the items that are in the projects where a plan found them."""
        wanted: dict[int, set[ResourceRef]] = {}
        for target in targets:
            wanted.setdefault(target.project_id, set()).add(target.key)
        return {key for number, keys in wanted.items() for key in keys & set(self.rows(number))}

    @property
    def deletes(self) -> list[str]:
        """Every DELETE that arrived, in order, by the end of its path."""
        arrived = list(self.store.arrivals)
        return [a.path.removeprefix("/api/users/1/") for a in arrived if a.method == "DELETE"]

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        self.store.close()
