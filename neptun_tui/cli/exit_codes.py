"""Exit codes of the process."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes, the same for the app and for every command."""

    OK = 0
    """All was done; what was gone already counts as done."""
    FAILED = 1
    """Some of it, or all of it, failed."""
    USAGE = 2
    """Usage error, unsuitable terminal, or declined."""
    SIGN_IN = 4
    """Sign in first: there is no session, or Neptun no longer accepts it."""
    UNREACHABLE = 5
    """The server cannot be reached, and nothing was sent."""
    UNKNOWN = 6
    """The result of at least one item is unknown: check before you retry."""
    HUNG_UP = 129
    """Terminal closed, or SIGHUP. This and the next two are 128 and the signal's
    number, as shells count."""
    INTERRUPTED = 130
    """Ctrl+C, or SIGINT."""
    TERMINATED = 143
    """SIGTERM."""
