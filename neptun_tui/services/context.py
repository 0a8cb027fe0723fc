"""Everything the app or a command needs, built once at start-up and passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from neptun_tui.domain.account import Secret

if TYPE_CHECKING:
    from neptun_tui.services.auth import SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.projects import Startup
    from neptun_tui.services.run_store import RunStore


@dataclass(frozen=True)  # without slots, because cached_property needs __dict__
class AppContext:
    """Services and options of one start of the program.

    Attributes:
        link: thread of the requests to Neptun.
        sign_in: use cases of signing in and out.
        host: server to sign in to, a valid origin.
        any_host: the host is only the default, so a session of another host may be used too.
        email: account to sign in as, if one was named.
        password: initial value of the password field; only for the demo.
        open_records: opens the journal and the backups; None keeps neither.
        startup: the look-up of a stored session that has begun already; None without one.
        demo: whether the server is the embedded demo.
        read_only: whether read-only mode is on.
        in_flight: maximum number of concurrent requests of a job.
        outage_seconds: seconds that a job waits for an unreachable server.
        keep_context: whether a job leaves the project's stored context unchanged.
        max_delete: maximum number of items for one ``delete`` on the command line.
        theme: name of the theme; empty for the program's own.
        keys: keys that the settings choose, by the name of the action; not checked yet.
        notices: sentences to show at the start, about problems in the settings file.
    """

    link: ClientThread
    sign_in: SignIn
    host: str
    any_host: bool = False
    email: str = ""
    password: Secret | None = None
    open_records: Callable[[], RunStore] | None = None
    startup: Startup | None = None
    demo: bool = False
    read_only: bool = False
    in_flight: int = 16
    outage_seconds: int = 60
    keep_context: bool = False
    max_delete: int | None = None
    theme: str = ""
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @cached_property
    def records(self) -> RunStore | None:
        """Journal and backups; their modules are imported at the first access."""
        return self.open_records() if self.open_records else None
