"""Handle of a running deletion or restore, for the app and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from neptun_tui.domain.results import Report
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.restore import RestoreRun
from neptun_tui.services.restore_models import RestoreReport

R = TypeVar("R")
T = TypeVar("T")


@dataclass  # without slots: these break the generic aliases below
class RunningJob(Generic[R, T]):
    """A run and its future report. A screen only observes it: closing the screen does not stop it.

    Attributes:
        run: the deletion or restore.
        report: its report at its end.
    """

    run: R
    report: Future[T]
    _amended: T | None = None

    @property
    def latest(self) -> T:
        """Report of the ended run, with what later looks and renewals found out."""
        return self.report.result() if self._amended is None else self._amended

    def amend(self, change: Callable[[T], T]) -> T:
        """Change the latest report of the ended run and return it."""
        self._amended = change(self.latest)
        return self._amended

    @property
    def over(self) -> bool:
        """True if the report is available."""
        return self.report.done()

    async def finished(self) -> T:
        """Wait for the report. Cancelling the wait does not end the job."""
        return await asyncio.shield(asyncio.wrap_future(self.report))


RunningDelete = RunningJob[DeletionRun, Report]
RunningRestore = RunningJob[RestoreRun, RestoreReport]
