"""Time to delete many files, against the script that the API reference suggests.

    python -m tests.bench.delete_many [--files 300] [--latency 40] [--repeat 5] [--in-flight 6]

Both work on a demo of their own, over TLS on loopback, that waits before each answer. Ours is what
the app does once a plan is confirmed: backup, journal, six requests at a time, and a listing
afterwards that proves it. The script makes a new ``httpx.Client`` for each call, one after the
other, and proves nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

import certifi
import httpx

from neptun_tui.api.client import NeptunClient
from neptun_tui.demo.data import MANY_FILES_PROJECT
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.domain.account import COOKIE_NAME, Account, Secret
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef, make_plan
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.auth import SignedIn, SignIn
from neptun_tui.services.client_thread import ClientThread
from neptun_tui.services.concurrency import MOST_IN_FLIGHT
from neptun_tui.services.loading import load_listing
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.session_store import memory_session_store

from .background import demo

PROJECT: Final = Project(MANY_FILES_PROJECT, "Many files")
IDLE: Final = 3.5
"""Seconds after which no connection of the listing is open: a person reads a dialog."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One repetition, in seconds."""

    ours: float
    script: float
    ideal: float

    @property
    def faster(self) -> float:
        """Ratio of the script's time to ours."""
        return self.script / self.ours

    @property
    def over_ideal(self) -> float:
        """Ratio of our time to the ideal."""
        return self.ours / self.ideal


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is thrown away, and its key.

    Both programs are made to trust it besides all those that httpx trusts by itself: to read those
    is a part of what a new client costs.
    """
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=throw-away", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    bundle = folder / "trusted.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes())
    os.environ["SSL_CERT_FILE"] = str(bundle)
    return certificate, key


async def run_ours(origin: str, folder: Path, in_flight: int = MOST_IN_FLIGHT) -> float:
    """Sign in, list, plan; then the time from the confirmation to the report."""
    link, session_store = ClientThread(NeptunClient), memory_session_store()
    sign_in = SignIn(link, lambda: session_store)
    signed_in = await sign_in.with_password(origin, DEMO_EMAIL, Secret(DEMO_PASSWORD))
    records = RunStore(folder / "state", folder / "backups")
    account_session = AccountSession(
        link, sign_in, signed_in, _no_sign_in, records=records, in_flight=in_flight
    )
    listing = await _listing(account_session)
    chosen = {ResourceRef(Kind.FILE, file.id) for file in listing.files}
    plan = make_plan(account_session.account, PROJECT, listing.imports, listing.files, chosen)
    await asyncio.sleep(IDLE)
    began = time.perf_counter()
    report = await account_session.start(
        plan, await account_session.keep(plan, listing, backup=True)
    ).finished()
    took = time.perf_counter() - began
    assert report.all_gone, "not all is gone"
    assert not (await _listing(account_session)).files, "the server has some of them still"
    link.close()
    session_store.close()
    return took


async def _listing(account_session: AccountSession) -> Listing:
    return await account_session.ask(lambda neptun, session: load_listing(neptun, session, PROJECT))


async def _no_sign_in(_: Account) -> SignedIn | None:
    return None


def run_script(origin: str) -> float:
    """Sign in, list; then the time of all calls, each with a client of its own."""
    login = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    answer = httpx.post(f"{origin}/api/auth/login", json=login)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith(COOKIE_NAME)
    user = answer.json()["user"]["id"]
    files = f"{origin}/api/users/{user}/projects/{PROJECT.id}/resources/files"
    headers = {"Accept": "application/json", "Cookie": cookie}
    ids = [row["id"] for row in httpx.get(files, headers=headers).json()]
    began = time.perf_counter()
    for number in ids:
        with httpx.Client() as client:
            client.delete(f"{files}/{number}", headers=headers).raise_for_status()
    took = time.perf_counter() - began
    assert httpx.get(files, headers=headers).json() == []
    return took


def measure(
    files: int, latency: float, repeat: int, in_flight: int = MOST_IN_FLIGHT
) -> list[Timing]:
    """Run both in turn, each time on fresh demos."""
    ideal = math.ceil(files / in_flight) * latency / 1000
    timings = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name, patch.dict(os.environ):
        certificate, key = make_certificate(Path(name))
        options = (
            *("--files", str(files), "--latency", str(latency)),
            *("--certfile", str(certificate), "--keyfile", str(key)),
        )
        for index in range(repeat):
            with demo(*options) as origin:
                ours = asyncio.run(run_ours(origin, Path(name) / str(index), in_flight))
            with demo(*options) as origin:
                script = run_script(origin)
            timings.append(Timing(ours, script, ideal))
    return timings


def table(timings: list[Timing]) -> str:
    """The timings, the last line their middle and spread, as Markdown."""
    rows = [
        f"| {index} | {t.ours:.2f} s | {t.script:.2f} s | {t.faster:.1f} | {t.over_ideal:.2f} |"
        for index, t in enumerate(timings, 1)
    ]
    middle = [
        _spread([t.ours for t in timings], "{:.2f}", " s"),
        _spread([t.script for t in timings], "{:.2f}", " s"),
        _spread([t.faster for t in timings], "{:.1f}"),
        _spread([t.over_ideal for t in timings], "{:.2f}"),
    ]
    return "\n".join(
        [
            "| | ours | script | times faster | times the ideal |",
            "|---|---|---|---|---|",
            *rows,
            f"| **median** (least to most) | {' | '.join(middle)} |",
        ]
    )


def _spread(values: list[float], form: str, unit: str = "") -> str:
    least, most = form.format(min(values)), form.format(max(values))
    return f"**{form.format(statistics.median(values))}{unit}** ({least} to {most})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--latency", type=float, default=40, metavar="MS")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--in-flight", type=int, default=MOST_IN_FLIGHT, metavar="N")
    options = parser.parse_args()
    timings = measure(options.files, options.latency, options.repeat, options.in_flight)
    print(f"{options.files} files, {options.latency:g} ms, {options.in_flight} at a time,", end=" ")
    print(f"ideal {timings[0].ideal:.2f} s\n\n{table(timings)}")


if __name__ == "__main__":
    main()
