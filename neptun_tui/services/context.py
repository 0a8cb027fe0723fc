"""Everything the app or a command needs, built once at start-up and passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from neptun_tui.domain.account import Secret

if TYPE_CHECKING:
    from neptun_tui.services.auth import SignIn
    from neptun_tui.services.client_thread import ClientThread
    from neptun_tui.services.run_store import RunStore


@dataclass(frozen=True)  # slots would leave no room for what is kept of a first call
class AppContext:
    """The services of one start of the program, and what was asked for at that start.

    Attributes:
        link: reaches Neptun, on a thread of its own.
        sign_in: the ways in and out.
        host: the server to sign in to, a valid origin.
        any_host: nobody named that server: a session kept for another one will do as well.
        email: the account to sign in as, when one was named.
        password: filled in beforehand; the demo's only.
        open_records: gives the journal and the local copies; None keeps none.
        demo: whether the server is the embedded one.
        read_only: whether nothing may be deleted.
        in_flight: DELETEs at the same time.
        outage_seconds: how long a run waits for a server that cannot be reached.
        keep_context: whether a deletion leaves the project's stored context as it is.
        max_delete: the most items that one ``delete`` of the command line may delete.
        theme: a theme's name; empty for the program's own.
        keys: keys of the settings' own choice, by the name of their action.
        notices: sentences to show at the start: what is wrong with the settings file.
    """

    link: ClientThread
    sign_in: SignIn
    host: str
    any_host: bool = False
    email: str = ""
    password: Secret | None = None
    open_records: Callable[[], RunStore] | None = None
    demo: bool = False
    read_only: bool = False
    in_flight: int = 6
    outage_seconds: int = 60
    keep_context: bool = False
    max_delete: int | None = None
    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @cached_property
    def records(self) -> RunStore | None:
        """The journal and the local copies. Their code is loaded when they are first asked for."""
        return self.open_records() if self.open_records else None
