"""What the process says when it ends."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes, the same for the app and for every command."""

    OK = 0
    """All was done; what was gone already counts as done."""
    FAILED = 1
    """Some of it, or all of it, failed."""
    USAGE = 2
    """The command line or the terminal does not do for this, or the answer was no."""
    SIGN_IN = 4
    """Sign in first: there is no session, or Neptun does not know it any more."""
    UNREACHABLE = 5
    """The server cannot be reached, and nothing was sent."""
    UNKNOWN = 6
    """What became of at least one item is not known: look before you act."""
    HUNG_UP = 129
    """The terminal has gone, or SIGHUP said so. This and the next two are 128 and the signal's
    number, as shells count."""
    INTERRUPTED = 130
    """Ctrl+C, or SIGINT."""
    TERMINATED = 143
    """SIGTERM."""
