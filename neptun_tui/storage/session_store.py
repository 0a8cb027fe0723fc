"""Session store: chooses the backend, and saves, opens, lists and deletes sessions.

The cookie never expires and cannot be revoked, so its backend matters: the OS keyring if that needs
no prompt, the Linux kernel keyring on a headless host, else memory until the program ends. A file
is used only if the settings name it; nothing falls back to disk.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from pathlib import Path

from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import (
    DefaultSignedOut,
    SessionStoreUnavailable,
    SimilarAccount,
    UnclearAccount,
)
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.os_keyring import OsKeyring
from neptun_tui.storage.paths import SESSION_INDEX
from neptun_tui.storage.session_backends import (
    BackendKind,
    BackendUnavailable,
    KnownAccount,
    Memory,
    SessionBackend,
    SessionFile,
    SessionKey,
    StorageInfo,
    StoredSession,
)
from neptun_tui.storage.session_index import (
    Default,
    EntryKey,
    SessionEntry,
    SessionIndex,
)
from neptun_tui.storage.timed_backend import TimedBackend

TIME_LIMIT = 3.0
"""Time-out in seconds for a call of a backend. Measured on a working keyring: 5 to 40 ms."""


_LATER = "A copy there is deleted as soon as it answers."
_MAYBE = "A copy may be left there: sign out again when it answers."


class SessionStore:
    """Store of sessions in the best available backend.

    Its methods may be called from any event loop; each returns after a few time-outs at the
    latest.

    Args:
        backends: backends for sessions, best first.
        state: file of the index, or None to keep the index in memory only.
        timeout: seconds for one call of a backend.
        others: backends that store no session and are not searched, but are cleared on signing
            out: earlier settings may have used them.
        chosen: reason and hint if the first backend is not the best of the machine.
    """

    def __init__(
        self,
        backends: Sequence[SessionBackend],
        state: Path | None,
        *,
        timeout: float = TIME_LIMIT,
        others: Sequence[SessionBackend] = (),
        chosen: tuple[str, str] = ("", ""),
    ) -> None:
        self._backends = [TimedBackend(each, timeout) for each in backends]
        self._all = self._backends + [TimedBackend(each, timeout) for each in others]
        self._index = SessionIndex(state, timeout)
        self._chosen = chosen

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences about failures during the last call; usually empty."""
        return self._index.problems

    async def choose_backend(self) -> StorageInfo:
        """Return the backend that would store a session now. Store nothing and never prompt.

        Raises:
            SessionStoreUnavailable: there is none; never raised with memory as the last backend.
        """
        refused = await first_available(self._backends, self._would_keep)
        self._index.problems = tuple(error.reason for error in refused)
        return storage_info(self._backends, refused, self._chosen)

    async def save(self, session: Session, *, default: bool = True) -> StorageInfo:
        """Store a session in the first backend that can store it and load it again.

        Its copies in all other reachable backends are then deleted. If the index cannot be
        written, only memory stores a session: without an entry, it can neither be found by the
        next start nor be deleted by signing out.

        Args:
            session: the session.
            default: whether it may become the default if there is none.

        Raises:
            SessionStoreUnavailable: no backend stored it; never raised with memory as the last
                backend.
        """
        key = SessionKey.of(session.account)
        listed = {entry.key for entry in await self._index.entries()}
        refused = await first_available(
            self._backends, lambda backend: self._keep(backend, session)
        )
        self._index.problems = tuple(dict.fromkeys(error.reason for error in refused))
        keeping = storage_info(self._backends, refused, self._chosen)
        tried = list(zip(self._backends, refused, strict=False))
        doubtful = [SessionEntry.now(key, p.kind, forgotten=True) for p, e in tried if e.uncertain]
        useless = [(key, p.kind) for p, e in tried if not e.uncertain]
        # A backend that is listed may hold an earlier copy.
        useless = [each for each in useless if each not in listed]
        first = (
            default
            and keeping.backend is not BackendKind.MEMORY
            and not await self._index.default()
        )
        kept = [*doubtful, SessionEntry.now(key, keeping.backend)]
        await self._index.change(kept, useless, Default(key) if first else None)
        below = self._all[len(refused) + 1 :]
        await self._delete([r for r in await self._index.entries() if r.session_key == key], below)
        return keeping

    async def _would_keep(self, backend: TimedBackend) -> None:
        """Check that a backend could store a session and the index could list it.

        Raises:
            BackendUnavailable: one of them is not possible.
        """
        await backend.probe()
        if backend.kind is not BackendKind.MEMORY:
            await self._index.check()

    async def _keep(self, backend: TimedBackend, session: Session) -> None:
        """Store a session in one backend, after its entry in the index: a crash cannot lose it.

        Raises:
            BackendUnavailable: it was not stored there.
        """
        if backend.kind is not BackendKind.MEMORY:
            await backend.probe()
            await self._index.enter(SessionEntry.now(SessionKey.of(session.account), backend.kind))
        await backend.keep(session)

    async def find(
        self, host: str | None = None, email: str | None = None, *, strict: bool = False
    ) -> StoredSession | None:
        """Find the session for a host and an e-mail, without changing the default.

        Args:
            host: the server's origin, as :func:`~neptun_tui.domain.account.parse_host` returns it;
                None for any.
            email: the account's e-mail, compared as Neptun does; None for any.
            strict: the session will change something: of several accounts, only a default that
                the user has chosen is used.

        Returns:
            The session, or None if there is none or its backend is unavailable; ``problems`` then
            gives the reason. Never the session of another account than the requested one.

        Raises:
            UnclearAccount: several accounts match, and none is the default.
            DefaultSignedOut: the default would match, but only others have a session.
            SimilarAccount: no e-mail is equal, and one differs only in capitals or blanks.
        """
        self._index.problems = ()
        entries = await self._index.entries()
        default = await self._index.default()
        await self._delete([r for r in entries if r.forgotten], self._all)
        here = [r for r in entries if not r.forgotten and host in (None, r.session_key.origin)]
        if default and host not in (None, default.session_key.origin):
            default = None
        if email is not None:
            return await self._find_named(here, email, default, strict=strict)
        keys = list(dict.fromkeys(entry.session_key for entry in here))
        if (
            default
            and default.session_key in keys
            and (default.chosen or not strict or len(keys) == 1)
        ):
            found = await self._open(default.session_key, here)
            if found is not None or self.problems or len(keys) == 1:
                return found
        choices: tuple[Account, ...] = ()
        if len(keys) > 1 or (default and default.session_key not in keys):
            known = [each.account for each in await self._list_accounts()]
            choices = tuple(each for each in known if SessionKey.of(each) in keys)
            keys = [SessionKey.of(each) for each in choices]
        if default and keys and default.session_key not in keys:
            origin, number = default.session_key.origin, default.session_key.user_id
            said = f"The default account (user {number} on {origin}) is not signed in."
            raise DefaultSignedOut(said, choices)
        if len(keys) > 1:
            raise UnclearAccount("Several accounts are signed in.", choices)
        return await self._open(keys[0], here) if keys else None

    async def _find_named(
        self, here: Sequence[SessionEntry], email: str, default: Default | None, *, strict: bool
    ) -> StoredSession | None:
        """Find the session of an e-mail among these entries."""
        found: dict[SessionKey, StoredSession] = {}
        for key in dict.fromkeys(entry.session_key for entry in here):
            if one := await self._open(key, here):
                found[key] = one
        same = {s: one for s, one in found.items() if one.session.account.email == email}
        if not same:
            for one in found.values():
                theirs = one.session.account.email
                if theirs.strip().casefold() == email.strip().casefold():
                    raise SimilarAccount(
                        f"{email} is not signed in, but {theirs} is: capitals and blanks count."
                    )
            return None
        if len(same) == 1:
            return next(iter(same.values()))
        if default and default.session_key in same and (default.chosen or not strict):
            return same[default.session_key]
        choices = tuple(one.session.account for one in same.values())
        raise UnclearAccount(f"{email} is signed in more than once.", choices)

    async def open(self, account: Account) -> StoredSession | None:
        """Open the session of a listed account.

        Returns:
            The session, or None if it no longer exists or its backend is unavailable; ``problems``
            then gives the reason.
        """
        self._index.problems = ()
        return await self._open(SessionKey.of(account), await self._index.entries())

    async def default(self) -> tuple[Account, bool] | None:
        """Return the default account, and whether the user has chosen it.

        Its e-mail is empty, because only the backend holds that.
        """
        if (default := await self._index.default()) is None:
            return None
        return Account(default.session_key.origin, default.session_key.user_id, ""), default.chosen

    async def choose(self, account: Account) -> bool:
        """Make an account the default; return True if it was written."""
        self._index.problems = ()
        return await self._index.change(default=Default(SessionKey.of(account), chosen=True))

    async def accounts(self) -> list[KnownAccount]:
        """Return the accounts in the index, newest session first, without asking a backend."""
        self._index.problems = ()
        known: dict[SessionKey, KnownAccount] = {}
        for entry in await self._index.entries():
            if not entry.forgotten:
                known.setdefault(entry.session_key, entry.known())
        return list(known.values())

    async def list_accounts(self) -> list[KnownAccount]:
        """Return the accounts with their e-mails, or with the error of the backend.

        A session that its backend no longer has, as after a restart of the machine, is left out.
        """
        self._index.problems = ()
        return await self._list_accounts()

    async def _list_accounts(self) -> list[KnownAccount]:
        met: dict[SessionKey, KnownAccount] = {}
        for entry in await self._index.entries():
            if entry.forgotten or (entry.session_key in met and not met[entry.session_key].error):
                continue
            try:
                found = await load_from(self._backends, entry)
            except BackendUnavailable as error:
                met.setdefault(entry.session_key, entry.known(error=error.reason))
            else:
                if found is not None:
                    met[entry.session_key] = entry.known(email=found.session.account.email)
        return list(met.values())

    async def delete(self, account: Account) -> tuple[str, ...]:
        """Delete an account's session from every backend, the unused ones included.

        A session in an unavailable backend is not used again, and is deleted by the first
        :meth:`find` with that backend available.

        Returns:
            One sentence for each unavailable backend that may hold a copy.
        """
        self._index.problems = ()
        _, notes = await self._delete_everywhere(SessionKey.of(account))
        return notes

    async def delete_all(self) -> tuple[int, tuple[str, ...]]:
        """Delete every session in the index, and all others in any backend.

        Returns:
            The number of accounts with a deleted session, and one sentence for each unavailable
            backend that may hold a copy.
        """
        self._index.problems = ()
        keys = {entry.session_key for entry in await self._index.entries()}
        notes = dict.fromkeys(self.problems)
        found, missed = await self._search_all()
        keys.update(found)
        notes |= dict.fromkeys(missed)
        number = 0
        for key in sorted(keys, key=attrgetter("origin", "user_id")):
            gone, left = await self._delete_everywhere(key)
            number += gone
            notes |= dict.fromkeys(left)
        return number, tuple(notes)

    async def unlisted(self) -> list[Account]:
        """Return the accounts with a session in a backend but without an entry in the index.

        They come from an earlier version that could not write the index, or from another home
        folder. They cannot be opened here; :meth:`delete` deletes them.
        """
        listed = {entry.session_key for entry in await self._index.entries()}
        found, _ = await self._search_all()
        return [account for key, account in found.items() if key not in listed]

    async def _search_all(self) -> tuple[dict[SessionKey, Account], list[str]]:
        """Return the accounts in all backends, and the reasons of unavailable backends."""
        found: dict[SessionKey, Account] = {}
        missed: list[str] = []
        for backend in self._all:
            try:
                for key in await backend.session_keys():
                    found.setdefault(key, await _account_of(backend, key))
            except BackendUnavailable as error:
                if not error.absent:
                    missed.append(error.reason)
        return found, missed

    async def _delete_everywhere(self, key: SessionKey) -> tuple[bool, tuple[str, ...]]:
        """Delete a key from every backend; return whether it existed, and possible remnants."""
        kept_in = {r.backend for r in await self._index.entries() if r.session_key == key}
        was_there = False
        gone: list[EntryKey] = []
        left: dict[SessionEntry, str] = {}
        for backend in self._all:
            try:
                was_there |= await backend.delete(key)
                gone.append((key, backend.kind))
            except BackendUnavailable as error:
                if backend.kind in kept_in or not error.absent:
                    left[SessionEntry.now(key, backend.kind, forgotten=True)] = error.reason
        noted = await self._index.change(tuple(left), gone)
        end = _LATER if noted else _MAYBE
        notes = tuple(dict.fromkeys(f"{why} {end}" for why in left.values()))
        for note in notes:
            self._index.note(note)
        return was_there, notes

    def close(self) -> None:
        """Let all threads end, without waiting; the store cannot be used afterwards."""
        for backend in self._all:
            backend.close()
        self._index.close()

    async def _open(self, key: SessionKey, entries: Sequence[SessionEntry]) -> StoredSession | None:
        """Return the session of the first entry of a key that can be loaded."""
        for entry in entries:
            if entry.session_key != key or entry.forgotten:
                continue
            try:
                found = await load_from(self._backends, entry)
            except BackendUnavailable as error:
                self._index.note(error.reason)
                continue
            if found is not None:
                return found
        return None

    async def _delete(
        self, entries: Sequence[SessionEntry], backends: Sequence[TimedBackend]
    ) -> None:
        """Delete the sessions of these entries from these backends; failures stay in the index."""
        gone: list[EntryKey] = []
        for entry in entries:
            for backend in backends:
                if backend.kind is entry.backend:
                    try:
                        await backend.delete(entry.session_key)
                        gone.append(entry.key)
                    except BackendUnavailable as error:
                        self._index.note(error.reason)
        if gone:
            await self._index.change(drop=gone)


def open_session_store(
    session_storage: str = "auto",
    *,
    state_dir: Path,
    timeout: float = TIME_LIMIT,
) -> SessionStore:
    """Return the session store of this machine, without I/O and without importing keyring.

    Args:
        session_storage: "auto" for the OS keyring, else the kernel keyring, else memory; or the
            name of one backend, with memory as the only alternative.
        state_dir: folder of the index, and of the session files.
        timeout: seconds for one call of a backend.

    Raises:
        ValueError: ``session_storage`` is none of these.
    """
    backends: list[SessionBackend] = [OsKeyring(), Memory(), SessionFile(state_dir)]
    if sys.platform == "linux":
        backends.insert(1, KernelKeyring())
    named = None if session_storage == "auto" else BackendKind(session_storage)
    wanted = (
        {BackendKind.KEYRING, BackendKind.KERNEL, BackendKind.MEMORY}
        if named is None
        else {named, BackendKind.MEMORY}
    )
    taking = [backend for backend in backends if backend.kind in wanted]
    if named is BackendKind.FILE:
        taking.reverse()  # memory is the last backend of every store
    return SessionStore(
        taking,
        state_dir / SESSION_INDEX,
        timeout=timeout,
        others=[backend for backend in backends if backend.kind not in wanted],
        chosen=_why_first(named, taking[0].kind),
    )


async def _account_of(backend: TimedBackend, key: SessionKey) -> Account:
    """Return the account of a key, with its e-mail if the backend can load it."""
    try:
        session = await backend.load(key)
    except BackendUnavailable:
        session = None
    return session.account if session else Account(key.origin, key.user_id, "")


def _why_first(named: BackendKind | None, first: BackendKind) -> tuple[str, str]:
    if named in (None, BackendKind.KEYRING):
        return "", ""
    way = "Remove session_storage from the settings to use the best backend there is."
    asked = "The settings ask for it."
    return (asked if named is first else f"This system has no {named.label}."), way


def memory_session_store() -> SessionStore:
    """Return a session store in memory only, for the demo and for tests."""
    return SessionStore([Memory()], None)


async def load_from(backends: Sequence[TimedBackend], entry: SessionEntry) -> StoredSession | None:
    """Load the session of an entry from its backend; None when it no longer exists.

    Args:
        backends: the allowed backends, best first.
        entry: the entry.

    Raises:
        BackendUnavailable: the backend is unavailable, or not allowed.
    """
    backend = next((backend for backend in backends if backend.kind is entry.backend), None)
    if backend is None:
        raise BackendUnavailable(
            f"A session is kept in the {entry.backend.label}, which the settings do not allow."
        )
    session = await backend.load(entry.session_key)
    reason = "" if backend is backends[0] else "It was kept there when you signed in."
    return StoredSession(session, backend.keeping(reason)) if session else None


async def first_available(
    backends: Sequence[TimedBackend], ask: Callable[[TimedBackend], Awaitable[None]]
) -> list[BackendUnavailable]:
    """Try one backend after the other until one succeeds.

    Returns:
        The errors of the backends before it; of all, when none succeeded.
    """
    refused: list[BackendUnavailable] = []
    for backend in backends:
        try:
            await ask(backend)
        except BackendUnavailable as error:
            refused.append(error)
        else:
            break
    return refused


def storage_info(
    backends: Sequence[TimedBackend], refused: Sequence[BackendUnavailable], chosen: tuple[str, str]
) -> StorageInfo:
    """Return the first backend that succeeded, with the reasons of those before it.

    Args:
        backends: the backends, best first.
        refused: result of :func:`first_available` for them.
        chosen: reason if the first succeeded, and hint if no error has one.

    Raises:
        SessionStoreUnavailable: none succeeded.
    """
    why = _one_sentence(list(dict.fromkeys(error.reason for error in refused)))
    if len(refused) == len(backends):
        raise SessionStoreUnavailable(why or "No backend can keep a session.")
    reason, way = chosen
    hint = next((error.hint for error in refused if error.hint), way)
    return backends[len(refused)].keeping(why or reason, hint)


def _one_sentence(reasons: Sequence[str]) -> str:
    """Join sentences: "The OS keyring is locked; the kernel keyring is full."."""
    parts = [reason.removesuffix(".") for reason in reasons]
    later = [part[:1].lower() + part[1:] for part in parts[1:]]
    return "; ".join([*parts[:1], *later]) + "." if parts else ""
