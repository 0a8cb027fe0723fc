"""The list of kept sessions behind its thread, and what went wrong with the latest call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neptun_tui.storage.roster import Default, Key, Record, Roster
from neptun_tui.storage.tier import TierUnavailable
from neptun_tui.storage.worker import Worker


class Ledger:
    """Reads and writes the list as coroutines that end in time and raise nothing.

    Args:
        state: the state file, or None to keep the list in memory alone.
        timeout: seconds one call may take.
    """

    def __init__(self, state: Path | None, timeout: float) -> None:
        self._roster = Roster(state)
        self._worker = Worker("list of kept sessions", self._roster.explain, timeout)
        self.troubles: tuple[str, ...] = ()
        """Sentences about what could not be asked, read or written, each once."""

    async def records(self) -> tuple[Record, ...]:
        """All records, the newest first; none when the list cannot be read."""
        try:
            records = await self._worker.run(self._roster.records)
        except TierUnavailable as error:
            self.note(error.reason)
            return ()
        self.note(self._roster.problem)
        return records

    async def check(self) -> None:
        """See that the list can be written: a session that is not listed is never found again.

        Raises:
            TierUnavailable: it cannot.
        """
        await self._worker.run(self._roster.check)

    async def enter(self, record: Record) -> None:
        """Note a session that is about to be kept.

        Raises:
            TierUnavailable: that could not be written down, so it must not be kept.
        """
        await self._worker.run(lambda: self._roster.enter(record))

    async def default(self) -> Default | None:
        """The account that commands use when none is named; None when the list cannot be read."""
        try:
            return await self._worker.run(self._roster.default)
        except TierUnavailable as error:
            self.note(error.reason)
            return None

    async def change(
        self,
        note: Sequence[Record] = (),
        drop: Sequence[Key] = (),
        default: Default | None = None,
    ) -> bool:
        """Note and drop records, set the default; whether that could be written down."""
        try:
            await self._worker.run(lambda: self._roster.change(note, drop, default))
        except TierUnavailable as error:
            self.note(error.reason)
            return False
        return True

    def note(self, sentence: str) -> None:
        """Add a sentence to the troubles."""
        if sentence and sentence not in self.troubles:
            self.troubles = (*self.troubles, sentence)

    def close(self) -> None:
        """Let the thread end."""
        self._worker.close()
