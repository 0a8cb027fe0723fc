"""Time of a command, against a minimal program with Python and httpx.

    python -m tests.bench.command_line [--repeat 15]

Ours is ``neptun-tui projects --json`` of a signed-in user whose session is kept in a file.
The other is a bare ``python -c "import httpx; httpx.get(...)"`` of the same list from the same
server, which knows the cookie beforehand, looks at nothing and prints nothing. Both are new
processes, in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neptun_tui.api.client import NeptunClient
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.domain.account import COOKIE_NAME, Secret, Session
from neptun_tui.storage.session_store import open_session_store

from .background import ROOT, demo

OURS: Final = (sys.executable, "-m", "neptun_tui", "projects", "--json")
BARE: Final = """\
import httpx, os
headers = {"Accept": "application/json", "Cookie": os.environ["COOKIE"]}
httpx.get(os.environ["URL"], headers=headers).raise_for_status()
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """One repetition, in seconds."""

    ours: float
    bare: float


async def sign_in(origin: str, state: Path) -> Session:
    """Sign in, and keep the session where the command finds it."""
    async with aclosing(NeptunClient(origin)) as client:
        session = await client.sign_in(DEMO_EMAIL, Secret(DEMO_PASSWORD))
    session_store = open_session_store("file", state_dir=state)
    await session_store.save(session)
    session_store.close()
    return session


def environment(home: Path, session: Session) -> dict[str, str]:
    """Environment of both processes; the cookie is the throw-away demo's."""
    settings = home / "config" / "neptun-tui"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text('session_storage = "file"\n')
    account = session.account
    kinds = ("CONFIG", "STATE", "DATA", "CACHE")
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in kinds},
        "NEPTUN_HOST": account.host,
        "URL": f"{account.host}/api/users/{account.user_id}/projects",
        "COOKIE": f"{COOKIE_NAME}={session.cookie.reveal()}",
    }


def timed(command: Sequence[str], env: dict[str, str]) -> float:
    """Seconds from the start of a process to its end, its output read."""
    began = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, timeout=60)
    return time.perf_counter() - began


def measure(repeat: int) -> list[Timing]:
    """Run both in turn, after one of each that warms the file caches."""
    bare = (sys.executable, "-c", BARE)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, demo() as origin:
        home = Path(name)
        env = environment(home, asyncio.run(sign_in(origin, home / "state" / "neptun-tui")))
        timed(OURS, env), timed(bare, env)
        return [Timing(timed(OURS, env), timed(bare, env)) for _ in range(repeat)]


def ratio(timings: Sequence[Timing]) -> float:
    """Ratio of our median to the baseline's."""
    ours, bare = (statistics.median(getattr(t, name) for t in timings) for name in ("ours", "bare"))
    return ours / bare


def table(timings: Sequence[Timing]) -> str:
    """The medians with least and most, as Markdown."""
    cells = []
    for name in ("ours", "bare"):
        values = [1000 * getattr(t, name) for t in timings]
        cells.append(
            f"**{statistics.median(values):.0f} ms** ({min(values):.0f} to {max(values):.0f})"
        )
    return f"| ours | bare | ratio |\n|---|---|---|\n| {' | '.join(cells)} | {ratio(timings):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=15)
    print(table(measure(parser.parse_args().repeat)))


if __name__ == "__main__":
    main()
