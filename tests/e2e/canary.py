"""Throw-away secrets, and the search for them in everything a session leaves or shows."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

PASSWORD = "Thr0w-away!Canary/9f3a1c+7"
"""Password of the demo account in these tests."""

PIECE = 16
"""Number of consecutive characters of a secret that count as a leak."""

_RUN = re.compile(rb"[!-~]{%d,}" % PIECE)
"""Secrets have no blanks in them, in no form, so that most of a screen need not be looked at."""

_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|[\]P_^][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])")


class Canaries:
    """Secrets, and every form in which a piece of one could be found."""

    def __init__(self, *secrets: str) -> None:
        self._pieces: dict[bytes, str] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Look for this one, too."""
        assert _RUN.fullmatch(secret.encode())
        for form, text in _forms(secret):
            self._pieces.update((piece, form) for piece in _pieces(text.encode()))

    def found_in(self, data: bytes) -> str:
        """The form of a secret of which there is a piece in these bytes; empty when none is."""
        return next((self._pieces[each] for each in _pieces(data) if each in self._pieces), "")

    def leaks(self, evidence: Iterable[tuple[str, bytes]]) -> dict[str, str]:
        """Place and form of a leaked secret."""
        found = ((place, self.found_in(data)) for place, data in evidence)
        return {place: form for place, form in found if form}


def _pieces(data: bytes) -> Iterator[bytes]:
    for run in _RUN.findall(data):
        for start in range(len(run) - PIECE + 1):
            yield run[start : start + PIECE]


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    yield "plain", secret
    yield "decoded from a URL", unquote(secret)
    yield "encoded for a URL", quote(secret, safe="")
    yield "hexadecimal", secret.encode().hex()
    for shift in range(3):  # wherever it begins in what was encoded
        whole = secret.encode()[shift:]
        whole = whole[: len(whole) // 3 * 3]
        yield "base64", base64.b64encode(whole).decode()
        yield "base64", base64.urlsafe_b64encode(whole).decode()


def drawn(app: Any) -> Iterator[tuple[str, bytes]]:
    """Yield everything sent to a terminal, raw and without sequences; and its screen."""
    app.pump(0)
    yield "terminal", app.raw
    yield "terminal without its sequences", _SEQUENCE.sub(b"", app.raw)
    yield "screen", app.text.replace("\n", "").encode()


def files(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and its name."""
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        yield name, name.encode()
        with contextlib.suppress(FileNotFoundError):  # one that was there for a moment only
            yield name, path.read_bytes() if path.is_file() else b""


def process(pid: int) -> Iterator[tuple[str, bytes]]:
    """Return what `ps` shows of a process, its threads and children, and its environment."""
    todo = [pid]
    while todo:
        folder = Path(f"/proc/{todo.pop()}")
        yield "cmdline", (folder / "cmdline").read_bytes()
        with contextlib.suppress(PermissionError):  # closed to us as well, unless we are root
            yield "environ", (folder / "environ").read_bytes()
        for thread in folder.glob("task/*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
                yield "comm", (thread / "comm").read_bytes()
                todo += map(int, (thread / "children").read_text().split())


# Runs a program as the same user and with no right beyond that: what root may do proves nothing.
WITHOUT_RIGHTS = """
import ctypes, os, sys
for capability in range(64):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execvp(sys.argv[1], sys.argv[1:])
"""
