"""Neptun client: one method for each endpoint that the program uses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx

from neptun_tui.api import codec, encoding
from neptun_tui.api.codec import unique
from neptun_tui.api.http import Connection, Request, Timeouts, check_host
from neptun_tui.api.progress import Progress, ProgressSum
from neptun_tui.api.responses import (
    Answer,
    Purpose,
    access_denied,
    error_for,
    no_neptun,
    not_whole,
    session_expired,
)
from neptun_tui.domain.account import Account, Secret, Session, parse_host
from neptun_tui.domain.errors import (
    AccessDenied,
    Rejected,
    ServiceError,
    SessionExpired,
    UnusableAnswer,
)
from neptun_tui.domain.resources import (
    SOURCE_TYPES,
    File,
    Import,
    Installation,
    Project,
    StoredContext,
    parse_id,
)

T = TypeVar("T")

_LONG: Final = 100_000
"""Bytes whose decoding may hold the loop up: 1 ms."""


class NeptunClient:
    """One server over one shared HTTP client; the session is handed to every call.

    It belongs to the event loop that uses it first. Nothing is tried twice in here: see
    :mod:`neptun_tui.api.retry`. Every call raises :class:`ServiceError` and, before anything is
    sent, :class:`~neptun_tui.domain.errors.InvalidId`; no other exception, cancellation excepted.

    Args:
        host: the server's address; plain http only to this machine.
        transport: replaces the network, for tests.
        timeouts: limits in seconds.
        max_connections: how many calls may be on their way at a time. Above 16 it gets slower.

    Raises:
        InvalidHost: the address is none, or not allowed.
    """

    def __init__(
        self,
        host: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        max_connections: int = 8,
    ) -> None:
        self._host = check_host(parse_host(host))
        self._name = urlsplit(self._host).netloc
        self._connection = Connection(self._host, transport, timeouts, max_connections)
        self._documented = False  # until a list comes as only the reference has it

    @property
    def host(self) -> str:
        """The server's origin."""
        return self._host

    async def sign_in(self, email: str, password: Secret) -> Session:
        """Sign in with e-mail and password. No cookie is sent: with one it is a 403 (contract §3).

        Raises:
            SignInRefused: wrong, or the server's database is down.
            Rejected: a field breaks the server's rules; ``fields`` holds ``email``, ``password``.
        """
        ask = Request("POST", "/api/auth/login", form={"email": email, "password": password})
        answer = await self._call(ask, None, Purpose.SIGN_IN)
        user = self._user(answer)
        if user is None or answer.issued is None:
            raise no_neptun(self._name, answer.status)
        account = Account(self._host, user.id, user.email or email)
        return Session(account, answer.issued, user.signed_in_at)

    async def session_from_cookie(self, cookie: Secret) -> Session:
        """Find out whose a cookie is.

        The answer re-issues the cookie. That one is kept: a server that rotates its sessions would
        take no other, and one that does not takes both (contract §3).

        Raises:
            SessionExpired: the cookie belongs to no user.
        """
        answer = await self._call(Request("GET", "/api/_auth/session"), cookie, Purpose.ACCOUNT)
        user = self._user(answer)
        if user is None:
            raise session_expired(answer.status)
        account = Account(self._host, user.id, user.email)
        return Session(account, answer.issued or cookie, user.signed_in_at)

    async def greet(self) -> datetime | None:
        """See that a Neptun answers here; the time by its clock, to the second, if it gives one.

        Raises:
            UnusableAnswer: something else does, such as a server that says yes to everything.
        """
        answer = await self._call(Request("GET", "/api/_auth/session"), None, Purpose.ACCOUNT)
        if self._user(answer) or await self._check(None):
            raise no_neptun(self._name, answer.status)
        return answer.moment

    async def check(self, session: Session) -> bool:
        """Tell whether the server accepts the session. It checks the seal only (contract §3)."""
        self._own(session)
        return await self._check(session.cookie)

    async def sign_out(self, session: Session) -> None:
        """Tell the server. It revokes nothing: the cookie stays good for whoever has a copy."""
        self._own(session)
        try:
            await self._call(Request("POST", "/api/auth/logout"), session.cookie, Purpose.ACCOUNT)
        except SessionExpired:
            return  # not signed in, as wanted

    async def projects(self, session: Session, progress: Progress | None = None) -> list[Project]:
        """List every project, in the server's order, which is none (contract §4)."""
        ask = Request("GET", self._projects(session), long=True)
        answer = await self._call(ask, session.cookie, Purpose.ACCOUNT, progress)
        projects = await self._decoded(answer, codec.projects)
        self._documented = encoding.in_envelope(answer.body)
        return projects

    async def project(self, session: Session, project_id: int) -> Project:
        """Get one project, with the fingerprints of its stored context (contract §9)."""
        path = f"{self._projects(session)}/{parse_id(project_id)}"
        answer = await self._call(Request("GET", path, long=True), session.cookie, Purpose.ITEM)
        return await self._decoded(answer, lambda body: codec.project(body, project_id))

    async def renew_context(self, session: Session, project_id: int) -> StoredContext:
        """Have the server make the stored context of a project anew, from what exists.

        To return means that the server accepted; only :meth:`project` proves what is stored.

        Raises:
            UnusableAnswer, OutcomeUnknown, ServerFailed: it may have been renewed all the same.
        """
        answer = await self._ask_context(session, project_id, "POST")
        return await self._decoded(answer, codec.context)

    async def live_context(self, session: Session, project_id: int) -> StoredContext:
        """Get the fingerprints of a context made just now; nothing is stored."""
        return await self._decoded(await self._ask_context(session, project_id), codec.context)

    async def prompt(self, session: Session, project_id: int) -> dict[str, Any]:
        """Get what a prompt would be given of a project, whole."""
        return await self._decoded(await self._ask_context(session, project_id), codec.prompt)

    async def prompt_markdown(self, session: Session, project_id: int) -> str:
        """Get what a prompt would be given of a project, as Markdown."""
        answer = await self._ask_context(session, project_id, below="/markdown")
        return answer.body.decode("utf-8", "replace")

    async def imports(
        self, session: Session, project_id: int, progress: Progress | None = None
    ) -> list[Import]:
        """List the imports of every source type.

        Without a filter the server shows local folders only, so there is one call for each type, at
        the same time. A server that follows the reference answers each with everything, so repeats
        are removed (contract §5). One failing call fails the listing.
        """
        path = self._inside(session, project_id, "imports")
        shares = ProgressSum(progress, len(SOURCE_TYPES))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(
                        self._imports(session, project_id, path, source_type, shares.share(index))
                    )
                    for index, source_type in enumerate(SOURCE_TYPES)
                ]
        except ExceptionGroup as failures:
            failure = failures.exceptions[0]
        else:
            return unique(row for task in tasks for row in task.result())
        raise failure

    async def files(
        self, session: Session, project_id: int, progress: Progress | None = None
    ) -> list[File]:
        """List every file with its whole content; one file cannot be read alone (§6)."""
        ask = Request("GET", self._inside(session, project_id, "files"), long=True)
        answer = await self._call(ask, session.cookie, Purpose.ITEM, progress)
        files = await self._decoded(
            answer, lambda body: codec.all_of(codec.files(body, project_id), project_id)
        )
        self._documented = encoding.in_envelope(answer.body)
        return files

    async def installations(self, session: Session, project_id: int) -> list[Installation]:
        """List the GitHub installations that are connected to a project.

        The observed server also sends an empty list when its query failed (contract §11).
        """
        ask = Request("GET", self._inside(session, project_id, "github-installations"))
        answer = await self._call(ask, session.cookie, Purpose.ITEM)
        return await self._decoded(answer, codec.installations)

    async def delete_import(self, session: Session, project_id: int, import_id: int) -> None:
        """Ask for the deletion of an import and all its files.

        To return means that the server accepted, which proves nothing: only the listing does
        (contract §1). The same is true of every error but :class:`Unreachable`.

        Raises:
            AccessDenied: not found, or no access.
            ServerFailed: the server failed; the row may still be there.
            OutcomeUnknown: the request may have been carried out.
        """
        await self._delete(session, project_id, "imports", import_id)

    async def delete_file(self, session: Session, project_id: int, file_id: int) -> None:
        """Ask for the deletion of a file; what :meth:`delete_import` says holds here too."""
        await self._delete(session, project_id, "files", file_id)

    async def create_import(self, session: Session, project_id: int, item: Import) -> Import:
        """Post an import with all its fields; its ID and times will be new.

        Raises:
            Rejected: Neptun will not have it as it is; ``fields`` says why, where that is known.
            OutcomeUnknown, ServerFailed, UnusableAnswer: it may have been made all the same.
        """
        path = self._inside(session, project_id, "imports")
        form = encoding.import_form(item, session.account.user_id)
        answer = await self._write("POST", session, path, form)
        return await self._decoded(answer, lambda body: encoding.created_import(body, project_id))

    async def create_file(
        self, session: Session, project_id: int, file: File, import_id: int | None
    ) -> File:
        """Post a file under an import; what :meth:`create_import` says holds here too.

        The observed server takes no file without an import.
        """
        path = self._inside(session, project_id, "files")
        parent = None if import_id is None else parse_id(import_id)
        user_id = session.account.user_id
        form = encoding.file_form(file, parent, user_id, documented=self._documented)
        answer = await self._write("POST", session, path, form)
        return await self._decoded(answer, lambda body: encoding.created_file(body, project_id))

    async def change_import(
        self, session: Session, project_id: int, import_id: int, changes: Mapping[str, Any]
    ) -> None:
        """Change fields of an import by PUT, which takes the markup that POST refuses (§10).

        Repeating it does no harm. What became of it is known only by the listing.

        Args:
            session: whose import it is.
            project_id: where it is.
            import_id: which.
            changes: the new values, by the names they have on the wire; at least one.

        Raises:
            Rejected: Neptun does not take these values.
            AccessDenied: not found, or no access.
        """
        path = f"{self._inside(session, project_id, 'imports')}/{parse_id(import_id)}"
        await self._write("PUT", session, path, changes)

    async def create_project(self, session: Session, project: Project) -> Project:
        """Post a project with all its fields; its ID and times will be new.

        Raises:
            Rejected: Neptun does not take it as it is.
            OutcomeUnknown, ServerFailed, UnusableAnswer: it may have been made all the same.
        """
        form = encoding.project_form(project, documented=self._documented)
        answer = await self._write("POST", session, self._projects(session), form)
        return await self._decoded(answer, encoding.created_project)

    async def change_project(
        self, session: Session, project_id: int, changes: Mapping[str, Any]
    ) -> None:
        """Change fields of a project by PATCH; what :meth:`change_import` says holds here too."""
        path = f"{self._projects(session)}/{parse_id(project_id)}"
        await self._write("PATCH", session, path, changes)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connection.aclose()

    async def _imports(
        self,
        session: Session,
        project_id: int,
        path: str,
        source_type: str,
        progress: Progress | None,
    ) -> list[Import]:
        ask = Request("GET", path, query={"import_source_type": source_type}, long=True)
        answer = await self._call(ask, session.cookie, Purpose.ITEM, progress)
        return await self._decoded(
            answer, lambda body: codec.all_of(codec.imports(body, project_id), project_id)
        )

    async def _ask_context(
        self, session: Session, project_id: int, method: str = "GET", below: str = ""
    ) -> Answer:
        path = f"{self._projects(session)}/{parse_id(project_id)}/context{below}"
        return await self._call(Request(method, path, long=True), session.cookie, Purpose.ITEM)

    async def _delete(self, session: Session, project_id: int, kind: str, item_id: int) -> None:
        path = f"{self._inside(session, project_id, kind)}/{parse_id(item_id)}"
        await self._call(Request("DELETE", path), session.cookie, Purpose.ITEM)

    async def _write(self, method: str, session: Session, path: str, form: encoding.Form) -> Answer:
        content = await asyncio.to_thread(encoding.encode, form)
        try:
            ask = Request(method, path, content=content, long=True)
            return await self._call(ask, session.cookie, Purpose.ITEM)
        except Rejected as error:
            refused = encoding.explain(error, form)
        raise refused

    async def _check(self, cookie: Secret | None) -> bool:
        answer = await self._connection.send(Request("HEAD", "/api/auth/check"), cookie)
        if not answer.accepted and answer.status != 401:
            failure = error_for(answer, Purpose.ACCOUNT, self._name)
            raise failure or no_neptun(self._name, answer.status)
        if answer.html:
            raise no_neptun(self._name, answer.status)  # a login wall has its own 200s and 401s
        return answer.accepted

    async def _call(
        self,
        ask: Request,
        cookie: Secret | None,
        purpose: Purpose,
        progress: Progress | None = None,
    ) -> Answer:
        """Every call but the check itself: an accepted answer, or the one error that it means."""
        answer = await self._connection.send(ask, cookie, progress)
        if not answer.accepted:
            failure = error_for(answer, purpose, self._name)
            raise failure or await self._settle(answer, cookie)
        if answer.html and ask.method != "DELETE":
            raise no_neptun(self._name, answer.status)
        if ask.method == "GET" and answer.status != 200:
            raise not_whole(self._name, answer.status)
        return answer

    async def _settle(self, answer: Answer, cookie: Secret | None) -> ServiceError:
        """Find out whether a 401 means the session or the access (contract §2).

        When the check fails too, its error must not stand for that of the call: "unreachable"
        would mean that nothing was sent.
        """
        try:
            known = cookie is not None and await self._check(cookie)
        except ServiceError:
            return no_neptun(self._name, answer.status)
        return access_denied(answer.status) if known else session_expired(answer.status)

    async def _decoded(self, answer: Answer, decode: Callable[[bytes], T]) -> T:
        """Decode; a long list, which can weigh 10 MB, in a thread, so that the loop goes on."""
        try:
            if len(answer.body) < _LONG:
                return decode(answer.body)
            return await asyncio.to_thread(decode, answer.body)
        except UnusableAnswer as error:
            error.status = answer.status
            raise

    def _user(self, answer: Answer) -> codec.User | None:
        """Return the account that a response names; anything else is an error naming the host."""
        with contextlib.suppress(UnusableAnswer):
            return codec.user(answer.body)
        raise no_neptun(self._name, answer.status)

    def _own(self, session: Session) -> None:
        """Keep a session from being shown to any server but its own."""
        if session.account.host != self._host:
            raise AccessDenied(f"This session belongs to {session.account.host_name}.")

    def _projects(self, session: Session) -> str:
        """The path of the projects of a session's own user."""
        self._own(session)
        return f"/api/users/{parse_id(session.account.user_id)}/projects"

    def _inside(self, session: Session, project_id: int, kind: str) -> str:
        """The path of the imports or files of one project."""
        return f"{self._projects(session)}/{parse_id(project_id)}/resources/{kind}"


AsgiApp = Callable[..., Awaitable[Any]]


def client_of(app: AsgiApp, host: str) -> NeptunClient:
    """Make a client that talks to an ASGI app directly.

    Args:
        app: the application.
        host: the origin it is to be called by; a loopback one.
    """
    return NeptunClient(host, transport=httpx.ASGITransport(app))
