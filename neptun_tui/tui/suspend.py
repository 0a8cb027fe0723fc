"""Suspend the process group until the shell resumes it with ``fg``."""

from __future__ import annotations

import os
import signal
import time

_ERROR = 2
"""Standard error, on which Textual draws."""

_MOMENT = 1.0
"""Seconds after which a process that runs in the background stops again. One that was told to end
there is gone by then."""


def suspend_process_group() -> None:
    """Stop, with whatever was started together with us, until we are in the foreground again.

    It returns at once where no shell could ever bring us back: the system does not stop a group of
    processes that has nobody to look after it, as when a terminal runs nothing else.
    """
    usual = signal.getsignal(signal.SIGTSTP)
    heard = signal.signal(signal.SIGCONT, signal.SIG_IGN)  # which goes on none the less
    try:
        _stop()
        while not in_foreground(_ERROR):
            time.sleep(_MOMENT)
            _stop()
    finally:
        signal.signal(signal.SIGTSTP, usual)
        signal.signal(signal.SIGCONT, heard)


def _stop() -> None:
    """Stop the others of the group, then this process, and it by a signal to this very thread.

    Any thread may take one that is meant for a whole process, and this one would go on for a while.
    """
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTSTP)


def in_foreground(terminal: int) -> bool:
    """Whether a terminal is ours: it is no other job's, as far as there are jobs."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # no controlling terminal, so no jobs
