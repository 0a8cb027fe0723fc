"""The projects of the account, asked for and shown."""

from __future__ import annotations

from textual import work
from textual.message import Message
from textual.worker import Worker

from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import ServiceError
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.loading import load_projects
from neptun_tui.tui.screens.project_pane import PROGRESS_SECONDS
from neptun_tui.tui.widgets.projects import ProjectList


class ProjectsPane(ProjectList):
    """What was loaded stays until a newer whole is there."""

    class LoadChanged(Message):
        """A load has begun, or ended."""

    class Loaded(Message):
        """The projects are there."""

    def __init__(self, conversation: AccountSession) -> None:
        super().__init__(id="projects")
        self._conversation = conversation
        self._fetching: Worker[None] | None = None

    @property
    def is_loading(self) -> bool:
        """Whether Neptun is being asked."""
        return self._fetching is not None

    def load(self) -> None:
        """Ask Neptun, anew if that is being done already."""
        self._set(self._fetch())

    def _set(self, fetching: Worker[None] | None) -> None:
        self._fetching = fetching
        self.post_message(self.LoadChanged())

    def stop_loading(self) -> None:
        """Give up the load, if there is one."""
        if self._fetching:
            self._fetching.cancel()
            self._fail(ServiceError("You stopped the load."))

    @work(exclusive=True)
    async def _fetch(self) -> None:
        received = 0

        def count(so_far: int, _expected: int | None) -> None:
            nonlocal received
            received = so_far

        def tell() -> None:
            if not self.count:
                self.say(f"Loading projects… {safe_text.size(received) if received else ''}")

        tell()
        ticking = self.set_interval(PROGRESS_SECONDS, tell)
        try:
            projects = await self._conversation.ask(
                lambda neptun, session: load_projects(neptun, session, count)
            )
        except ServiceError as error:
            self._fail(error)
            return
        finally:
            ticking.stop()
        self._set(None)
        self.say("This account has no projects.")
        self.show(projects)
        self.post_message(self.Loaded())

    def _fail(self, error: ServiceError) -> None:
        self._set(None)
        if self.count:
            said = f"Not reloaded: these are the projects as they were. {error}"
            self.notify(said, severity="warning", markup=False)
        else:
            self.say("The projects could not be loaded.", f"{error}", "", "Reloading tries again.")
