"""Suspend the process group until the shell resumes it with ``fg``."""

from __future__ import annotations

import os
import signal
import time

_ERROR = 2
"""File descriptor of standard error, on which Textual draws."""

_MOMENT = 1.0
"""Seconds after which a process that resumed in the background stops again. One that was to be
terminated is gone by then."""


def suspend_process_group() -> None:
    """Stop the process group until it is in the foreground again.

    Returns at once where no shell could resume it: the kernel does not stop an orphaned process
    group, as when a terminal runs nothing else.
    """
    usual = signal.getsignal(signal.SIGTSTP)
    heard = signal.signal(signal.SIGCONT, signal.SIG_IGN)  # the process resumes all the same
    try:
        _stop()
        while not in_foreground(_ERROR):
            time.sleep(_MOMENT)
            _stop()
    finally:
        signal.signal(signal.SIGTSTP, usual)
        signal.signal(signal.SIGCONT, heard)


def _stop() -> None:
    """Stop the others of the group, then this process, by a signal to this very thread.

    Any thread may receive a signal for the process, and this one would run on for a while.
    """
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTSTP)


def in_foreground(terminal: int) -> bool:
    """Tell whether this process group is in a terminal's foreground; True without job control."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # no controlling terminal, so no jobs
