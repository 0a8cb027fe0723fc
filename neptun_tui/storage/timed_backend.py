"""Session backend with a time-out: each backend is called on a thread of its own.

Only this module turns a session into the text that a backend stores, and back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Final, TypeVar

from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.storage.session_backends import (
    BackendKind,
    BackendUnavailable,
    SessionBackend,
    SessionKey,
    StorageInfo,
)

T = TypeVar("T")


class TimeoutWorker:
    """Thread that runs the calls of one session backend in order, each with a time-out.

    After a time-out the backend is not called again in this process: its thread hangs.

    Args:
        label: the backend's name, for the thread and for sentences.
        explain: converts an exception of a call to a reason.
        timeout: seconds for one call, including the wait for its turn.
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
        """Run a function on the thread, and wait for it on the running event loop.

        Raises:
            BackendUnavailable: the call failed, or it or an earlier call timed out. The exception
                is new and holds no frames of the thread.
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
        """Let the thread end when it is idle; return at once."""
        self._over = self._over or BackendUnavailable("The session store is closed.")
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
                    target=self._serve, name=f"neptun-sessions-{self._label}", daemon=True
                )
                self._thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(
        self, job: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T]
    ) -> None:
        if answer.cancelled():
            return  # the caller has given up: a late call would store a refused session
        try:
            outcome: T | BackendUnavailable = job()
        except BackendUnavailable as error:
            outcome = error.fresh()
        except Exception as error:  # noqa: BLE001 - a keyring may raise anything
            outcome = self._explain(error)
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(_settle, answer, outcome)


def _settle(answer: asyncio.Future[T], outcome: T | BackendUnavailable) -> None:
    if answer.done():
        return
    if isinstance(outcome, BackendUnavailable):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


class TimedBackend:
    """Session backend that is called on its own thread, the only one that reveals the cookie.

    Args:
        backend: the backend.
        timeout: seconds for one call.
    """

    def __init__(self, backend: SessionBackend, timeout: float) -> None:
        self._backend = backend
        self._worker = TimeoutWorker(backend.kind.label, backend.explain, timeout)

    @property
    def kind(self) -> BackendKind:
        """Kind of the backend."""
        return self._backend.kind

    def keeping(self, reason: str, hint: str = "") -> StorageInfo:
        """Return the backend's texts for people."""
        return StorageInfo(self.kind, self._backend.lasts, reason, hint)

    async def probe(self) -> None:
        """Check that it could store a session now.

        Raises:
            BackendUnavailable: it could not.
        """
        await self._worker.run(self._backend.probe)

    async def keep(self, session: Session) -> None:
        """Store a session and read it back: keyring's null backend stores nothing, without error.

        Raises:
            BackendUnavailable: it was not stored, or was changed.
        """
        session_key = SessionKey.of(session.account)
        await self._worker.run(lambda: self._backend.store(session_key, dump_session(session)))
        kept = await self.load(session_key)
        if kept and (kept.account, kept.cookie) == (session.account, session.cookie):
            return
        with suppress(BackendUnavailable):
            await self.delete(session_key)
        raise BackendUnavailable(
            f"The {self.kind.label} took the session but did not give it back.", uncertain=True
        )

    async def load(self, session_key: SessionKey) -> Session | None:
        """Return the session of a key, or None.

        Raises:
            BackendUnavailable: it is unavailable, or its value cannot be decoded.
        """
        return await self._worker.run(lambda: self._load(session_key))

    async def delete(self, session_key: SessionKey) -> bool:
        """Delete a key; return True if there was one.

        Raises:
            BackendUnavailable: it is unavailable.
        """
        return await self._worker.run(lambda: self._backend.delete(session_key))

    async def session_keys(self) -> list[SessionKey]:
        """Return all keys with a value.

        Raises:
            BackendUnavailable: it is unavailable.
        """
        return await self._worker.run(self._backend.session_keys)

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()

    def _load(self, session_key: SessionKey) -> Session | None:
        text = self._backend.load(session_key)
        return load_session(session_key, text) if text is not None else None


VERSION: Final = 1


def dump_session(session: Session) -> str:
    """Encode a session. This reveals the cookie: call it on a backend's thread only.

    Returns:
        JSON in ASCII, so that one character is one UTF-16 unit, the unit of the limit on Windows.
    """
    return json.dumps(
        {
            "v": VERSION,
            "cookie": session.cookie.reveal(),
            "uid": session.account.user_id,
            "email": session.account.email,
            "stored_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )


def load_session(session_key: SessionKey, text: str) -> Session:
    """Decode a session.

    Args:
        session_key: its key, which alone holds the server.
        text: text by :func:`dump_session`.

    Returns:
        The session; ``signed_in_at`` is the time at which it was stored.

    Raises:
        BackendUnavailable: the text is torn, of another version, or of another user.
    """
    session = _session(session_key, text)
    if session is None:
        raise BackendUnavailable("The kept session cannot be read: sign in again.")
    return session


def _session(session_key: SessionKey, text: str) -> Session | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    match value:
        case {"v": 1, "cookie": str(cookie), "uid": int(uid), "email": str(email)} if cookie:
            if uid != session_key.user_id:
                return None
            account = Account(session_key.origin, uid, email)
            return Session(account, Secret(cookie), _time(value.get("stored_at")))
    return None


def _time(value: object) -> datetime | None:
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return when if when is None or when.tzinfo else when.replace(tzinfo=UTC)
