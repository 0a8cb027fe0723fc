"""Handle of a running deletion or restore, for the app and the command line."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from neptun_tui.domain.results import Report
from neptun_tui.services.delete import DeletionRun
from neptun_tui.services.restore import RestoreRun
from neptun_tui.services.restore_models import RestoreReport

R = TypeVar("R")
T = TypeVar("T")


@dataclass  # a generic class with slots cannot be made by the names below
class RunningJob(Generic[R, T]):
    """A run and the report it will give. Faces only look at it: closing one ends no run.

    Attributes:
        amended: the report with what was found out, or done, after the end of the run.
    """

    run: R
    report: Future[T]
    amended: T | None = None

    @property
    def over(self) -> bool:
        """Whether the report is there."""
        return self.report.done()

    async def finished(self) -> T:
        """Wait for the report. Giving up the wait ends nothing."""
        return await asyncio.shield(asyncio.wrap_future(self.report))


RunningDelete = RunningJob[DeletionRun, Report]
RunningRestore = RunningJob[RestoreRun, RestoreReport]
