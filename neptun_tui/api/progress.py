"""Progress of a download, summed over requests that run at the same time."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int | None], None]
"""Told the bytes received so far and, when the server has said so, those to be expected."""


class ProgressSum:
    """Adds up the progress of several calls.

    Args:
        progress: called with the sum of all; None without a listener.
        calls: how many there will be.
    """

    def __init__(self, progress: Progress | None, calls: int) -> None:
        self._progress = progress
        self._received = [0] * calls
        self._expected: list[int | None] = [None] * calls

    def share(self, index: int) -> Progress | None:
        """Return the progress of one of the calls; None without a listener."""
        if (progress := self._progress) is None:
            return None

        def tell(received: int, expected: int | None) -> None:
            self._received[index], self._expected[index] = received, expected
            known = [size for size in self._expected if size is not None]
            whole = sum(known) if len(known) == len(self._expected) else None
            progress(sum(self._received), whole)

        return tell
