"""List of an account's projects; the first one is requested while Textual is imported.

Without that, the first row waited for the imports of Textual, the session store and the HTTP
client one after the other, and then for the connection and the response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from neptun_tui.api.progress import Progress
    from neptun_tui.domain.account import Session
    from neptun_tui.domain.resources import Project
    from neptun_tui.services.auth import SignedIn, SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.ports import Neptun


async def load_projects(
    neptun: Neptun, session: Session, progress: Progress | None = None
) -> tuple[Project, ...]:
    """List the projects by ID; the server's order is undefined (contract §4).

    Raises:
        ServiceError: the request failed. The result is never empty instead.
    """
    projects = await neptun.projects(session, progress)
    return tuple(sorted(projects, key=lambda project: project.id))


class Startup:
    """Look-up of the stored session on the client thread, and the request that follows it.

    Args:
        link: the client thread.
        sign_in: finds the session.
        host: the server; None for any.
        email: the account's e-mail; None for any.
    """

    def __init__(
        self, link: ClientThread, sign_in: SignIn, host: str | None, email: str | None
    ) -> None:
        self._link = link
        self._sign_in = sign_in
        self._host = host
        self._email = email
        self.found: SignedIn | None = None
        """The stored session, once it is found."""
        self.progress: Progress | None = None
        """Called with the number of bytes received, once there is a screen that shows it."""
        self.projects: Future[tuple[Project, ...]] | None = None
        """The projects by ID, or the error of the request; None until a session is found."""
        self.session: Future[SignedIn | None] = link.run(self._find)
        """The stored session, or None, or the error of the look-up."""

    async def _find(self) -> SignedIn | None:
        found = self.found = await self._sign_in.resume_any(self._host, self._email)
        if found:
            session = found.session
            self.projects = self._link.start(
                session.account.host, lambda neptun: load_projects(neptun, session, self._count)
            )
        return found

    def _count(self, received: int, expected: int | None) -> None:
        if self.progress:
            self.progress(received, expected)
