"""IDs on standard input, read inside this process."""

from __future__ import annotations

import os
import threading

import pytest

from neptun_tui.cli.ids import read_ids
from neptun_tui.domain.resources import Kind


@pytest.mark.skipif(os.name != "posix", reason="pipes of Windows are never switched so")
def test_what_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)  # as a neighbour in the pipe may have left it
    os.write(writing, b"1201\n12")
    comes = threading.Timer(0.3, lambda: (os.write(writing, b"02\n"), os.close(writing)))
    comes.start()
    with os.fdopen(reading) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        found = read_ids(["-"], Kind.FILE)
        comes.join()
    assert found == (1201, 1202), "half a number is another one"
