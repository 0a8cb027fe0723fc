"""`python -m neptun_tui.demo`: serve the imitation of Neptun on this machine."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from neptun_tui.demo.data import populate
from neptun_tui.demo.dialect import Dialect
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.server import HOST, create_app, listen
from neptun_tui.demo.store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted or terminated, and return the exit code."""
    options = _parser().parse_args(arguments)
    store = Store()
    if not options.empty:
        populate(store, extra_files=options.files)
    app = create_app(store, dialect=options.dialect, latency=options.latency / 1000)
    config = uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_certfile=options.certfile,
        ssl_keyfile=options.keyfile,
    )
    try:
        listener = listen(options.port)
    except OSError as error:
        print(f"Cannot listen on {HOST}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    scheme = "https" if options.certfile else "http"
    announcement = (
        f"Neptun demo at {scheme}://{HOST}:{listener.getsockname()[1]}{_sign_in(options)}"
    )
    _Server(config, announcement).run(sockets=[listener])
    return 0


class _Server(uvicorn.Server):
    """Server that prints a line when it is ready, and exits without a traceback on a signal."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._announcement, flush=True)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn raises the signal again after its shutdown; the process exits then
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
        asyncio.run(self.serve(sockets))


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _sign_in(options: argparse.Namespace) -> str:
    return "" if options.empty else f"  e-mail {DEMO_EMAIL}  password {DEMO_PASSWORD}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m neptun_tui.demo",
        description="Serve an imitation of the Neptun web service on this machine, with made-up "
        "data that is fresh at each start.",
    )
    parser.add_argument("--port", type=int, default=42124, help="0 picks a free one")
    parser.add_argument(
        "--latency", type=float, default=0, metavar="MS", help="wait before answers"
    )
    parser.add_argument("--files", type=int, default=0, metavar="N", help="a project of N files")
    parser.add_argument("--dialect", choices=[str(d) for d in Dialect], default="observed")
    parser.add_argument("--empty", action="store_true", help="no accounts and no data")
    parser.add_argument("--certfile", type=Path, help="serve over TLS with this certificate")
    parser.add_argument("--keyfile", type=Path, help="the private key of the certificate")
    return parser


if __name__ == "__main__":
    sys.exit(main())
