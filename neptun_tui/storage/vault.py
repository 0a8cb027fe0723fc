"""The session vault: tiers, best first, and the one place that decides between them.

The cookie never expires and cannot be revoked, so where it is kept matters: in the OS keyring where
that answers without a prompt, in the Linux kernel keyring on a headless host, else in memory until
the program ends. A file is used only when the settings name it; nothing falls back to disk.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import DefaultSignedOut, SimilarAccount, UnclearAccount
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.ledger import Ledger
from neptun_tui.storage.memory import Memory
from neptun_tui.storage.os_keyring import OsKeyring
from neptun_tui.storage.place import Place, first_willing, keeping_of, load_from
from neptun_tui.storage.roster import LIST_NAME, Default, Key, Record
from neptun_tui.storage.session_file import SessionFile
from neptun_tui.storage.tier import (
    Found,
    Keeping,
    Known,
    Slot,
    Tier,
    TierBackend,
    TierUnavailable,
)

__all__ = [
    "Found",
    "Keeping",
    "Known",
    "Tier",
    "TierBackend",
    "TierUnavailable",
    "Vault",
    "memory_vault",
    "open_vault",
]

TIME_LIMIT = 3.0
"""Seconds one call to a tier may take. Measured on a keyring that is well: 5 to 40 ms."""


_LATER = "A copy there is deleted as soon as it answers."
_MAYBE = "A copy may be left there: sign out again when it answers."


class Vault:
    """Keeps sessions in the best tier that takes them.

    Its methods may be called from any event loop; each is done after a few time limits at the most,
    whatever the machine does.

    Args:
        tiers: where a session may be kept, best first.
        state: the state file, or None to list accounts in memory alone.
        timeout: seconds one call to a tier may take.
        others: tiers that take no session and are not searched, but are cleared when someone signs
            out: an older setting may have used them.
        chosen: why the first tier is the first when it is not the best there is, and the way to a
            better one.
    """

    def __init__(
        self,
        tiers: Sequence[TierBackend],
        state: Path | None,
        *,
        timeout: float = TIME_LIMIT,
        others: Sequence[TierBackend] = (),
        chosen: tuple[str, str] = ("", ""),
    ) -> None:
        self._places = [Place(backend, timeout) for backend in tiers]
        self._all = self._places + [Place(backend, timeout) for backend in others]
        self._ledger = Ledger(state, timeout)
        self._chosen = chosen

    @property
    def troubles(self) -> tuple[str, ...]:
        """Sentences about what the latest call could not ask, read or write; often empty."""
        return self._ledger.troubles

    async def survey(self) -> Keeping:
        """Find out which tier would take a session now, and why. Stores nothing, never prompts.

        Raises:
            VaultUnavailable: none would. A vault that ends in memory never raises.
        """
        refused = await first_willing(self._places, self._would_keep)
        self._ledger.troubles = tuple(error.reason for error in refused)
        return keeping_of(self._places, refused, self._chosen)

    async def save(self, session: Session, *, default: bool = True) -> Keeping:
        """Keep a session in the first tier that stores it and gives it back.

        Every other copy of it that can be reached is deleted then, so that there is one. Where the
        list of sessions cannot be written, memory alone keeps one: what is not listed can neither
        be found by the next start nor be deleted by signing out.

        Args:
            session: what to keep.
            default: whether it may become the default where there is none yet.

        Raises:
            VaultUnavailable: no tier took it. A vault that ends in memory never raises.
        """
        slot = Slot.of(session.account)
        listed = {record.key for record in await self._ledger.records()}
        refused = await first_willing(self._places, lambda place: self._keep(place, session))
        self._ledger.troubles = tuple(dict.fromkeys(error.reason for error in refused))
        keeping = keeping_of(self._places, refused, self._chosen)
        tried = list(zip(self._places, refused, strict=False))
        doubtful = [Record.now(slot, p.tier, forgotten=True) for p, e in tried if e.uncertain]
        useless = [(slot, p.tier) for p, e in tried if not e.uncertain]
        useless = [key for key in useless if key not in listed]  # else an older copy may be there
        first = default and keeping.tier is not Tier.MEMORY and not await self._ledger.default()
        kept = [*doubtful, Record.now(slot, keeping.tier)]
        await self._ledger.change(kept, useless, Default(slot) if first else None)
        below = self._all[len(refused) + 1 :]
        await self._delete([r for r in await self._ledger.records() if r.slot == slot], below)
        return keeping

    async def _would_keep(self, place: Place) -> None:
        """See whether a place would keep a session, and whether it could be listed there.

        Raises:
            TierUnavailable: one of both could not be done.
        """
        await place.probe()
        if place.tier is not Tier.MEMORY:
            await self._ledger.check()

    async def _keep(self, place: Place, session: Session) -> None:
        """Keep a session in one place, listed before it is there: whatever ends us, it is found.

        Raises:
            TierUnavailable: it was not kept there.
        """
        if place.tier is not Tier.MEMORY:
            await place.probe()
            await self._ledger.enter(Record.now(Slot.of(session.account), place.tier))
        await place.keep(session)

    async def find(
        self, host: str | None = None, email: str | None = None, *, strict: bool = False
    ) -> Found | None:
        """Look for the session that is meant. Finding it changes no default.

        Args:
            host: the server's origin, as :func:`~neptun_tui.domain.account.parse_host` returns it;
                None for any.
            email: the account's e-mail, compared as Neptun does; None for any.
            strict: the session is to change something: between several, only a default decides
                that a person has chosen.

        Returns:
            The session, or None: there is none, or its tier cannot be asked now. ``troubles`` then
            says why. Never the session of another account than the one asked for.

        Raises:
            UnclearAccount: several fit, and nothing decides between them.
            DefaultSignedOut: the default would fit, and only others have a session.
            SimilarAccount: no e-mail is the same, and one differs in capitals or blanks only.
        """
        self._ledger.troubles = ()
        records = await self._ledger.records()
        default = await self._ledger.default()
        await self._delete([r for r in records if r.forgotten], self._all)
        here = [r for r in records if not r.forgotten and host in (None, r.slot.origin)]
        if default and host not in (None, default.slot.origin):
            default = None
        if email is not None:
            return await self._find_named(here, email, default, strict=strict)
        slots = list(dict.fromkeys(record.slot for record in here))
        if default and default.slot in slots and (default.chosen or not strict or len(slots) == 1):
            found = await self._open(default.slot, here)
            if found is not None or self.troubles or len(slots) == 1:
                return found
        choices: tuple[Account, ...] = ()
        if len(slots) > 1 or (default and default.slot not in slots):
            known = [each.account for each in await self._introduce()]
            choices = tuple(each for each in known if Slot.of(each) in slots)
            slots = [Slot.of(each) for each in choices]
        if default and slots and default.slot not in slots:
            origin, number = default.slot.origin, default.slot.user_id
            said = f"The default account (user {number} on {origin}) is not signed in."
            raise DefaultSignedOut(said, choices)
        if len(slots) > 1:
            raise UnclearAccount("Several accounts are signed in.", choices)
        return await self._open(slots[0], here) if slots else None

    async def _find_named(
        self, here: Sequence[Record], email: str, default: Default | None, *, strict: bool
    ) -> Found | None:
        """The session of an e-mail among these records."""
        found: dict[Slot, Found] = {}
        for slot in dict.fromkeys(record.slot for record in here):
            if one := await self._open(slot, here):
                found[slot] = one
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
        if default and default.slot in same and (default.chosen or not strict):
            return same[default.slot]
        choices = tuple(one.session.account for one in same.values())
        raise UnclearAccount(f"{email} is signed in more than once.", choices)

    async def reopen(self, account: Account) -> Found | None:
        """The session of a listed account.

        Returns:
            The session, or None: it is gone, or its tier cannot be asked now. ``troubles`` then
            says why.
        """
        self._ledger.troubles = ()
        return await self._open(Slot.of(account), await self._ledger.records())

    async def default(self) -> tuple[Account, bool] | None:
        """The account that is used when none is named, and whether a person has chosen it.

        Its e-mail is empty: it stands in the tier alone.
        """
        if (default := await self._ledger.default()) is None:
            return None
        return Account(default.slot.origin, default.slot.user_id, ""), default.chosen

    async def choose(self, account: Account) -> bool:
        """Make an account the default from now on; whether that could be written down."""
        self._ledger.troubles = ()
        return await self._ledger.change(default=Default(Slot.of(account), chosen=True))

    async def accounts(self) -> list[Known]:
        """The accounts the state file lists, the newest session first, each once."""
        self._ledger.troubles = ()
        known: dict[Slot, Known] = {}
        for record in await self._ledger.records():
            if not record.forgotten:
                known.setdefault(record.slot, record.known())
        return list(known.values())

    async def introduce(self) -> list[Known]:
        """Like :meth:`accounts`, each with what its tier says: the e-mail, or why it gives none.

        A session that its tier no longer has, as after a restart of the machine, is left out.
        """
        self._ledger.troubles = ()
        return await self._introduce()

    async def _introduce(self) -> list[Known]:
        met: dict[Slot, Known] = {}
        for record in await self._ledger.records():
            if record.forgotten or (record.slot in met and not met[record.slot].trouble):
                continue
            try:
                found = await load_from(self._places, record)
            except TierUnavailable as error:
                met.setdefault(record.slot, record.known(trouble=error.reason))
            else:
                if found is not None:
                    met[record.slot] = record.known(email=found.session.account.email)
        return list(met.values())

    async def forget(self, account: Account) -> tuple[str, ...]:
        """Delete an account's session from every tier, the unused ones included.

        What a tier that cannot be asked holds is never found again, and is deleted by the first
        :meth:`find` for which the tier answers.

        Returns:
            One sentence for each tier that could not be asked and may hold a copy.
        """
        self._ledger.troubles = ()
        _, notes = await self._forget(Slot.of(account))
        return notes

    async def forget_all(self) -> tuple[int, tuple[str, ...]]:
        """Delete every session: what is listed, and what any tier has besides.

        Returns:
            How many accounts something was deleted of, and one sentence for each tier that could
            not be asked and may hold a copy.
        """
        self._ledger.troubles = ()
        slots = {record.slot for record in await self._ledger.records()}
        notes = dict.fromkeys(self.troubles)
        found, missed = await self._search_all()
        slots.update(found)
        notes |= dict.fromkeys(missed)
        number = 0
        for slot in sorted(slots, key=lambda slot: (slot.origin, slot.user_id)):
            gone, left = await self._forget(slot)
            number += gone
            notes |= dict.fromkeys(left)
        return number, tuple(notes)

    async def unlisted(self) -> list[Account]:
        """The accounts with a session in some tier that the list does not name.

        An earlier version left them where the list could not be written, or another home folder has
        them in its list. Nothing opens them here; :meth:`forget` deletes them.
        """
        listed = {record.slot for record in await self._ledger.records()}
        found, _ = await self._search_all()
        return [account for slot, account in found.items() if slot not in listed]

    async def _search_all(self) -> tuple[dict[Slot, Account], list[str]]:
        """What every tier has, by itself, and why some could not be asked."""
        found: dict[Slot, Account] = {}
        missed: list[str] = []
        for place in self._all:
            try:
                for slot in await place.slots():
                    found.setdefault(slot, await _account_of(place, slot))
            except TierUnavailable as error:
                if not error.absent:
                    missed.append(error.reason)
        return found, missed

    async def _forget(self, slot: Slot) -> tuple[bool, tuple[str, ...]]:
        """Delete a slot from every tier; whether there was one, and where one may be left."""
        kept_in = {r.tier for r in await self._ledger.records() if r.slot == slot}
        was_there = False
        gone: list[Key] = []
        left: dict[Record, str] = {}
        for place in self._all:
            try:
                was_there |= await place.delete(slot)
                gone.append((slot, place.tier))
            except TierUnavailable as error:
                if place.tier in kept_in or not error.absent:
                    left[Record.now(slot, place.tier, forgotten=True)] = error.reason
        noted = await self._ledger.change(tuple(left), gone)
        end = _LATER if noted else _MAYBE
        notes = tuple(dict.fromkeys(f"{why} {end}" for why in left.values()))
        for note in notes:
            self._ledger.note(note)
        return was_there, notes

    def close(self) -> None:
        """Let every thread end. Waits for nothing; the vault is of no use afterwards."""
        for place in self._all:
            place.close()
        self._ledger.close()

    async def _open(self, slot: Slot, records: Sequence[Record]) -> Found | None:
        """What the first of a slot's records that can be had holds."""
        for record in records:
            if record.slot != slot or record.forgotten:
                continue
            try:
                found = await load_from(self._places, record)
            except TierUnavailable as error:
                self._ledger.note(error.reason)
                continue
            if found is not None:
                return found
        return None

    async def _delete(self, records: Sequence[Record], places: Sequence[Place]) -> None:
        """Delete what these records stand for, from these places; those that fail stay listed."""
        gone: list[Key] = []
        for record in records:
            for place in places:
                if place.tier is record.tier:
                    try:
                        await place.delete(record.slot)
                        gone.append(record.key)
                    except TierUnavailable as error:
                        self._ledger.note(error.reason)
        if gone:
            await self._ledger.change(drop=gone)


def open_vault(
    session_storage: str = "auto",
    *,
    state_dir: Path,
    timeout: float = TIME_LIMIT,
) -> Vault:
    """The vault of this machine. Does no I/O and imports no keyring: that waits for the first call.

    Args:
        session_storage: "auto" for the OS keyring, else the kernel keyring, else memory; or the
            name of one tier, which is then tried alone before memory.
        state_dir: the folder of the state file, and of the sessions when they are kept in files.
        timeout: seconds one call to a tier may take.

    Raises:
        ValueError: ``session_storage`` is none of these.
    """
    backends: list[TierBackend] = [OsKeyring(), Memory(), SessionFile(state_dir)]
    if sys.platform == "linux":
        backends.insert(1, KernelKeyring())
    named = None if session_storage == "auto" else Tier(session_storage)
    wanted = {Tier.KEYRING, Tier.KERNEL, Tier.MEMORY} if named is None else {named, Tier.MEMORY}
    taking = [backend for backend in backends if backend.tier in wanted]
    if named is Tier.FILE:
        taking.reverse()  # memory is the last resort of every vault
    return Vault(
        taking,
        state_dir / LIST_NAME,
        timeout=timeout,
        others=[backend for backend in backends if backend.tier not in wanted],
        chosen=_why_first(named, taking[0].tier),
    )


async def _account_of(place: Place, slot: Slot) -> Account:
    """The account of a slot, with its e-mail where the place gives it."""
    try:
        session = await place.load(slot)
    except TierUnavailable:
        session = None
    return session.account if session else Account(slot.origin, slot.user_id, "")


def _why_first(named: Tier | None, first: Tier) -> tuple[str, str]:
    if named in (None, Tier.KEYRING):
        return "", ""
    way = "Remove session_storage from the settings to use the best place there is."
    asked = "The settings ask for it."
    return (asked if named is first else f"This system has no {named} keyring."), way


def memory_vault() -> Vault:
    """A vault that touches nothing outside this process, for the demo and for tests."""
    return Vault([Memory()], None)
