"""Session backends: protocol, time-out worker, memory and file."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Final, Protocol, TypeVar
from urllib.parse import quote, unquote

from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.domain.errors import SessionStoreUnavailable
from neptun_tui.storage.files import (
    check_writable,
    partials_of,
    read_private,
    reason,
    write_private,
)


class BackendKind(StrEnum):
    """Where a session can be kept; the first three stand best first."""

    KEYRING = "keyring"
    KERNEL = "kernel"
    MEMORY = "memory"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class StorageInfo:
    """Where a session is or would be kept, in words for people.

    Attributes:
        tier: the tier itself, for code to match on.
        label: its name, such as "OS keyring".
        lasts: how long it keeps a session, as the end of a sentence: "until you quit".
        reason: why this tier and no better one, one sentence; empty when it is the best.
        hint: the way to a better tier, one sentence; empty when there is none to tell.
    """

    tier: BackendKind
    label: str
    lasts: str
    reason: str
    hint: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The choice, its reason, and the way to a better tier: a line each, none of them empty."""
        lines = (f"{self.label}, {self.lasts}.", self.reason, self.hint)
        return tuple(line for line in lines if line)


SERVICE: Final = "neptun-tui:"
"""What the service name of every kept session begins with."""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """The name of one kept session: one for each server and account.

    The user's number stands in it and the e-mail does not: gnome-keyring writes the attributes of
    a locked item to disk as unsalted MD5, and an e-mail can be guessed.
    """

    origin: str
    user_id: int

    @classmethod
    def of(cls, account: Account) -> SessionKey:
        """The slot of an account."""
        return cls(account.host, account.user_id)

    @property
    def service(self) -> str:
        """The service name, as a keyring viewer shows it."""
        return f"{SERVICE}{self.origin}"

    @property
    def user(self) -> str:
        """The user name of the item: Neptun's number for the user."""
        return str(self.user_id)

    @classmethod
    def named(cls, service: str, user: str) -> SessionKey | None:
        """The slot of a service and user name; None when they name none of ours."""
        origin = service.removeprefix(SERVICE)
        if origin == service or not (user.isascii() and user.isdigit()):
            return None
        return cls(origin, int(user))


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session that was kept, and where."""

    session: Session
    keeping: StorageInfo


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account with a kept session, as the state file lists it.

    Attributes:
        origin: the server.
        user_id: Neptun's number for the user.
        tier: where the session was last kept.
        kept_at: when it was stored, in UTC.
        email: the account's e-mail, which stands in the tier alone; empty when nobody asked there.
        trouble: why the tier does not give the session now, one sentence; empty when it does.
    """

    origin: str
    user_id: int
    tier: BackendKind
    kept_at: datetime
    email: str = ""
    trouble: str = ""

    @property
    def account(self) -> Account:
        """What ``SessionStore.forget`` takes; its e-mail may be empty."""
        return Account(self.origin, self.user_id, self.email)


class BackendUnavailable(SessionStoreUnavailable):
    """One tier cannot be used; the text is the reason, one sentence for people.

    Attributes:
        hint: what would make the tier usable, one sentence, or empty.
        absent: there is no such place here, so it cannot hold a session either.
        uncertain: it broke off half-way, so it may hold what it was given all the same.
    """

    def __init__(
        self, reason: str, hint: str = "", *, absent: bool = False, uncertain: bool = False
    ) -> None:
        super().__init__(reason)
        self.hint = hint
        self.absent = absent
        self.uncertain = uncertain

    @property
    def reason(self) -> str:
        """The sentence."""
        return str(self)

    def fresh(self) -> BackendUnavailable:
        """A copy with no traceback, cause or context, whose frames could hold a secret."""
        return BackendUnavailable(
            self.reason, self.hint, absent=self.absent, uncertain=self.uncertain
        )


class SessionBackend(Protocol):
    """What a tier does. Each method runs on that tier's own thread, and may block or raise."""

    @property
    def tier(self) -> BackendKind:
        """Which tier this is."""
        ...

    @property
    def label(self) -> str:
        """Its name for people."""
        ...

    @property
    def lasts(self) -> str:
        """How long it keeps a session: "until …"."""
        ...

    def probe(self) -> None:
        """Find out whether a session could be stored now, without a prompt and storing nothing.

        Raises:
            TierUnavailable: it could not, and why.
        """

    def store(self, slot: SessionKey, value: str) -> None:
        """Keep a value under a slot, in place of what was there."""

    def load(self, slot: SessionKey) -> str | None:
        """The value of a slot, or None when nothing is kept under it."""

    def delete(self, slot: SessionKey) -> bool:
        """Delete a slot; whether there was anything to delete."""

    def slots(self) -> list[SessionKey]:
        """Every slot that something is kept under, as far as the place can be searched.

        Raises:
            TierUnavailable: it cannot be asked now.
        """
        ...

    def explain(self, error: Exception) -> BackendUnavailable:
        """Say in words what an exception of the methods above means. Repeats none of its text."""
        ...


T = TypeVar("T")


class TimeoutWorker:
    """Runs one tier's calls one after the other, each within a time limit.

    After a call that took too long the tier is dead for the rest of the process: its thread hangs,
    and nothing is gained by asking again.

    Args:
        label: the tier's name, for the thread and for sentences.
        explain: says in words what an exception of a call means.
        timeout: seconds one call may take, from being asked for to its answer.
    """

    def __init__(
        self, label: str, explain: Callable[[Exception], BackendUnavailable], timeout: float
    ) -> None:
        self._label = label
        self._explain = explain
        self._timeout = timeout
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._start = Lock()
        self._over: BackendUnavailable | None = None

    async def run(self, job: Callable[[], T]) -> T:
        """Have the thread do a job, and wait for it on the running event loop.

        Raises:
            TierUnavailable: the job failed, took too long, or another did before. The exception is
                new: nothing of the thread's frames hangs on it.
        """
        if self._over is not None:
            raise self._over.fresh()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._jobs.put(lambda: self._do(job, loop, answer))
        self._wake()
        try:
            return await asyncio.wait_for(answer, self._timeout)
        except TimeoutError:
            self._over = self._hung()
        raise BackendUnavailable(self._over.reason, self._over.hint, uncertain=True)

    def close(self) -> None:
        """Let the thread end when it is idle. Waits for nothing."""
        self._over = self._over or BackendUnavailable("The vault is closed.")
        self._jobs.put(None)

    def _hung(self) -> BackendUnavailable:
        return BackendUnavailable(
            f"The {self._label} did not answer within {self._timeout:g} seconds.",
            "It is asked again at the next start.",
        )

    def _wake(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = Thread(
                    target=self._serve, name=f"neptun-vault-{self._label}", daemon=True
                )
                self._thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(
        self, job: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T]
    ) -> None:
        if answer.cancelled():
            return  # nobody waits any more: a late store would keep what was refused
        try:
            outcome: T | BackendUnavailable = job()
        except BackendUnavailable as error:
            outcome = error.fresh()
        except Exception as error:  # noqa: BLE001 - a keyring raises what it likes; the door is here
            outcome = self._explain(error)
        with suppress(RuntimeError):  # the loop has ended since
            loop.call_soon_threadsafe(_settle, answer, outcome)


def _settle(answer: asyncio.Future[T], outcome: T | BackendUnavailable) -> None:
    if answer.done():
        return
    if isinstance(outcome, BackendUnavailable):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


class Memory:
    """Keeps sessions until the program ends, wrapped so that a crash report shows none of them."""

    tier = BackendKind.MEMORY
    label = "memory"
    lasts = "until you quit"

    def __init__(self) -> None:
        self._kept: dict[SessionKey, Secret] = {}

    def probe(self) -> None:
        """There is always room."""

    def store(self, slot: SessionKey, value: str) -> None:
        """Keep a value."""
        self._kept[slot] = Secret(value)

    def load(self, slot: SessionKey) -> str | None:
        """The value of a slot, or None."""
        kept = self._kept.get(slot)
        return kept.reveal() if kept is not None else None

    def delete(self, slot: SessionKey) -> bool:
        """Drop a slot; whether there was one."""
        return self._kept.pop(slot, None) is not None

    def slots(self) -> list[SessionKey]:
        """Every slot that something is kept under."""
        return list(self._kept)

    def explain(self, error: Exception) -> BackendUnavailable:
        """Memory fails only by a mistake in this program."""
        return BackendUnavailable(f"Memory failed unexpectedly ({type(error).__name__}).")


_NAME: Final = re.compile(r"\.?session-(\S+)-([0-9]+)\.(?:json|\S+\.part)", re.ASCII)


class SessionFile:
    """Keeps each session in a 0600 file of its own, in a 0700 folder.

    Args:
        folder: where the files stand.
    """

    tier = BackendKind.FILE
    label = "file"
    lasts = "until you sign out"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, slot: SessionKey) -> Path:
        return self._folder / f"session-{quote(slot.origin, safe='')}-{slot.user}.json"

    def probe(self) -> None:
        """See whether files can be made in the folder."""
        check_writable(self._folder)

    def store(self, slot: SessionKey, value: str) -> None:
        """Write the file, whole or not at all."""
        write_private(self._path(slot), value)

    def load(self, slot: SessionKey) -> str | None:
        """Read the file, or None when there is none.

        Raises:
            TierUnavailable: others may read the file, so that its cookie may be known to them.
        """
        try:
            return read_private(self._path(slot))
        except PermissionError as error:
            if error.errno:
                raise
        raise BackendUnavailable("The session file can be read by others: sign in again.")

    def delete(self, slot: SessionKey) -> bool:
        """Remove the file, and what crashes left of writing it; whether there was any."""
        path = self._path(slot)
        there = [each for each in (path, *partials_of(path)) if os.path.lexists(each)]
        for each in there:
            each.unlink(missing_ok=True)
        return bool(there)

    def slots(self) -> list[SessionKey]:
        """The slots of all session files in the folder, those that a crash left half included."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        found = (_NAME.fullmatch(name) for name in names)
        return list({SessionKey(unquote(each[1]), int(each[2])) for each in found if each})

    def explain(self, error: Exception) -> BackendUnavailable:
        """Say what an error of the file system means."""
        why = reason(error) if isinstance(error, OSError) else "not text"
        return BackendUnavailable(f"The session file cannot be used ({why}).")
