"""Fixtures for the client: a recorded Neptun, a scripted one, and a faulty one on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import httpx
import pytest

from neptun_tui.api.client import NeptunClient
from neptun_tui.api.http import CERTIFICATES
from neptun_tui.domain.account import Account, Secret, Session

HOST = "https://neptun.example"
COOKIE = "Fe26.2**NOT-A-REAL-SESSION-0123456789"
PASSWORD = "Thr0w-away!Passw0rd"


@pytest.fixture
def cookie() -> str:
    return COOKIE


@pytest.fixture
def password() -> str:
    return PASSWORD


@pytest.fixture
def session_for() -> Callable[[str], Session]:
    return lambda host: Session(Account(host, 7, "demo@example.com"), Secret(COOKIE))


@pytest.fixture
def session(session_for: Callable[[str], Session]) -> Session:
    return session_for(HOST)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and certificates in this machine's environment are no part of any test."""
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


Handler = Callable[[httpx.Request], Any]


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., NeptunClient]]:
    """Make a client whose network is a function, or one answer to everything."""
    clients: list[NeptunClient] = []

    def make(answer: Handler | httpx.Response, **options: Any) -> NeptunClient:
        def always(request: httpx.Request) -> httpx.Response:
            assert isinstance(answer, httpx.Response)
            body = b"" if request.method == "HEAD" else answer.content
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)

        handler = always if isinstance(answer, httpx.Response) else answer
        clients.append(NeptunClient(HOST, transport=httpx.MockTransport(handler), **options))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


class Wire:
    """One connection to the misbehaving server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """Read the head of one request."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self, status: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        await self.send("\r\n".join(lines).encode() + body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Break off with a RST instead of a polite end."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        self.writer.transport.abort()


Script = Callable[[Wire], Awaitable[None]]


class Serving:
    def __init__(self) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        self.connections = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Serving]]]:
    """Serve every connection with a script, on loopback."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(script: Script, tls: ssl.SSLContext | None = None) -> Serving:
            serving = Serving()
            running: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

            class Recording(Wire):
                async def request(self) -> bytes:
                    head = await super().request()
                    serving.heads.append(head)
                    return head

            async def connected(r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
                serving.connections += 1
                task = asyncio.current_task()
                assert task is not None
                running[task] = w
                broken = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
                with contextlib.suppress(*broken):
                    await script(Recording(r, w))
                with contextlib.suppress(*broken):
                    w.close()
                    await w.wait_closed()
                del running[task]

            async def stop() -> None:
                server.close()
                tasks = list(running)
                for task, writer in running.items():
                    task.cancel()
                    writer.transport.abort()
                await asyncio.gather(*tasks)
                await asyncio.sleep(0)

            server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
            stack.push_async_callback(stop)
            serving.port = server.sockets[0].getsockname()[1]
            return serving

        yield start


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """Create an untrusted throw-away certificate for 127.0.0.1, and its file."""
    pytest.importorskip("cryptography", reason="makes the throw-away certificate")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "throw-away")])
    now = datetime.now(UTC)
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("neptun.invalid")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return context, file


@pytest.fixture
async def client_for() -> AsyncIterator[Callable[..., NeptunClient]]:
    """Make real clients, closed at the end."""
    clients: list[NeptunClient] = []

    def make(host: str, **options: Any) -> NeptunClient:
        clients.append(NeptunClient(host, **options))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()
