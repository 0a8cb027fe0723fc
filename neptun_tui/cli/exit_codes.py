"""Exit codes of the process, and the one of a job's report."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol


class ExitCode(IntEnum):
    """Exit codes, the same for the app and for every command."""

    OK = 0
    """Everything succeeded; items already gone count as deleted."""
    FAILED = 1
    """Some items, or all, failed."""
    USAGE = 2
    """Usage error, unsuitable terminal, or declined."""
    SIGN_IN = 4
    """Sign in first: no session is kept, or the server no longer accepts it."""
    UNREACHABLE = 5
    """Server unreachable; nothing was sent."""
    UNKNOWN = 6
    """The result of at least one item is unknown: check before you retry."""
    HUNG_UP = 129
    """Terminal closed, or SIGHUP. This and the next two are 128 and the signal's
    number, as shells count."""
    INTERRUPTED = 130
    """Ctrl+C, or SIGINT."""
    TERMINATED = 143
    """SIGTERM."""


class Reported(Protocol):
    """Report of a job, or of checks of open results, as far as the exit code depends on it."""

    @property
    def unknown(self) -> bool:
        """Whether the result of an item is unknown."""

    @property
    def stopped(self) -> bool:
        """Whether the user stopped it."""

    @property
    def signed_out(self) -> bool:
        """Whether the session ended."""

    @property
    def unreachable(self) -> bool:
        """Whether nothing was sent, because the server cannot be reached."""

    @property
    def failed(self) -> bool:
        """Whether something was not done."""


def code_of_report(report: Reported, *, damaged: bool = False) -> ExitCode:
    """Return the exit code for a report; the first reason that holds takes precedence.

    Args:
        report: the results.
        damaged: whether some of the wanted items can no longer be read from their backup.
    """
    reasons = (
        (report.unknown, ExitCode.UNKNOWN),
        (report.stopped, ExitCode.INTERRUPTED),
        (report.signed_out, ExitCode.SIGN_IN),
        (report.unreachable, ExitCode.UNREACHABLE),
        (report.failed or damaged, ExitCode.FAILED),
    )
    return next((code for holds, code in reasons if holds), ExitCode.OK)
