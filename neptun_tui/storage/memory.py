"""The tier that is always there: this process."""

from __future__ import annotations

from neptun_tui.domain.account import Secret
from neptun_tui.storage.tier import Slot, Tier, TierUnavailable


class Memory:
    """Keeps sessions until the program ends, wrapped so that a crash report shows none of them."""

    tier = Tier.MEMORY
    label = "memory"
    lasts = "until you quit"

    def __init__(self) -> None:
        self._kept: dict[Slot, Secret] = {}

    def probe(self) -> None:
        """There is always room."""

    def store(self, slot: Slot, value: str) -> None:
        """Keep a value."""
        self._kept[slot] = Secret(value)

    def load(self, slot: Slot) -> str | None:
        """The value of a slot, or None."""
        kept = self._kept.get(slot)
        return kept.reveal() if kept is not None else None

    def delete(self, slot: Slot) -> bool:
        """Drop a slot; whether there was one."""
        return self._kept.pop(slot, None) is not None

    def slots(self) -> list[Slot]:
        """Every slot that something is kept under."""
        return list(self._kept)

    def explain(self, error: Exception) -> TierUnavailable:
        """Memory fails only by a mistake in this program."""
        return TierUnavailable(f"Memory failed unexpectedly ({type(error).__name__}).")
