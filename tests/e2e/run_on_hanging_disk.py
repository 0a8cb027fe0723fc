"""App on a hung disk: calls on the journal never return. HANGS: fsync, or lines."""

import os
import sys
import threading

from neptun_tui.__main__ import main
from neptun_tui.storage import journal, jsonl


def hang(*_):
    threading.Event().wait()


if os.environ["HANGS"] == "fsync":
    os.fsync = hang
else:
    journal.Journal.open_runs = jsonl.LinesFile.lines = hang
sys.exit(main())
