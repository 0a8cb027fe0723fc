"""Exit codes of the process."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes, the same for the app and for every command."""

    OK = 0
    """Everything succeeded; items already gone count as deleted."""
    FAILED = 1
    """Some items, or all, failed."""
    USAGE = 2
    """Usage error, unsuitable terminal, or declined."""
    SIGN_IN = 4
    """Sign in first: there is no session, or the server no longer accepts it."""
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
