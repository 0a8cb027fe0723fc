"""One tier behind its thread: what the vault asks of it, as coroutines that end in time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import VaultUnavailable
from neptun_tui.storage.envelope import seal, unseal
from neptun_tui.storage.roster import Record
from neptun_tui.storage.tier import Found, Keeping, Slot, Tier, TierBackend, TierUnavailable
from neptun_tui.storage.worker import Worker


class Place:
    """A tier, asked on its own thread. The cookie is revealed there and nowhere else.

    Args:
        backend: the tier.
        timeout: seconds one call may take.
    """

    def __init__(self, backend: TierBackend, timeout: float) -> None:
        self._backend = backend
        self._worker = Worker(backend.label, backend.explain, timeout)

    @property
    def tier(self) -> Tier:
        """Which tier this is."""
        return self._backend.tier

    def keeping(self, reason: str, hint: str = "") -> Keeping:
        """This place, in words."""
        return Keeping(self.tier, self._backend.label, self._backend.lasts, reason, hint)

    async def probe(self) -> None:
        """Find out whether it would take a session now.

        Raises:
            TierUnavailable: it would not.
        """
        await self._worker.run(self._backend.probe)

    async def keep(self, session: Session) -> None:
        """Store a session and read it back: keyring's null backend says yes and stores nothing.

        Raises:
            TierUnavailable: it was not stored, or not as it was given.
        """
        slot = Slot.of(session.account)
        await self._worker.run(lambda: self._backend.store(slot, seal(session)))
        kept = await self.load(slot)
        if kept and (kept.account, kept.cookie) == (session.account, session.cookie):
            return
        with suppress(TierUnavailable):
            await self.delete(slot)
        raise TierUnavailable(
            f"The {self._backend.label} took the session but did not give it back.", uncertain=True
        )

    async def load(self, slot: Slot) -> Session | None:
        """The session of a slot, or None.

        Raises:
            TierUnavailable: it cannot be asked, or what it holds cannot be read.
        """
        return await self._worker.run(lambda: self._load(slot))

    async def delete(self, slot: Slot) -> bool:
        """Delete a slot; whether there was anything.

        Raises:
            TierUnavailable: it cannot be asked.
        """
        return await self._worker.run(lambda: self._backend.delete(slot))

    async def slots(self) -> list[Slot]:
        """Every slot that something is kept under.

        Raises:
            TierUnavailable: it cannot be asked.
        """
        return await self._worker.run(self._backend.slots)

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()

    def _load(self, slot: Slot) -> Session | None:
        text = self._backend.load(slot)
        return unseal(slot, text) if text is not None else None


async def load_from(places: Sequence[Place], record: Record) -> Found | None:
    """What the place of a record holds for it; None when there is nothing any more.

    Args:
        places: the places that may be asked, best first.
        record: one session in one tier.

    Raises:
        TierUnavailable: the place cannot be asked, or is none of these.
    """
    place = next((place for place in places if place.tier is record.tier), None)
    if place is None:
        raise TierUnavailable(f"The settings do not allow the {record.tier} a session is kept in.")
    session = await place.load(record.slot)
    reason = "" if place is places[0] else "It was kept there when you signed in."
    return Found(session, place.keeping(reason)) if session else None


async def first_willing(
    places: Sequence[Place], ask: Callable[[Place], Awaitable[None]]
) -> list[TierUnavailable]:
    """Ask one place after the other until one does not refuse.

    Returns:
        The refusals of the places before it; of all, when none is willing.
    """
    refused: list[TierUnavailable] = []
    for place in places:
        try:
            await ask(place)
        except TierUnavailable as error:
            refused.append(error)
        else:
            break
    return refused


def keeping_of(
    places: Sequence[Place], refused: Sequence[TierUnavailable], chosen: tuple[str, str]
) -> Keeping:
    """Say which place was willing, and why the ones before it were not.

    Args:
        places: best first.
        refused: what :func:`first_willing` returned for them.
        chosen: the reason when the first was willing, and the hint when no other place has one.

    Raises:
        VaultUnavailable: none was.
    """
    why = _one_sentence(list(dict.fromkeys(error.reason for error in refused)))
    if len(refused) == len(places):
        raise VaultUnavailable(why or "There is no place to keep a session in.")
    reason, way = chosen
    hint = next((error.hint for error in refused if error.hint), way)
    return places[len(refused)].keeping(why or reason, hint)


def _one_sentence(reasons: Sequence[str]) -> str:
    """Join sentences: "The OS keyring is locked; the kernel keyring is full."."""
    parts = [reason.removesuffix(".") for reason in reasons]
    later = [part[:1].lower() + part[1:] for part in parts[1:]]
    return "; ".join([*parts[:1], *later]) + "." if parts else ""
