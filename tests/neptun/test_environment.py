"""What is taken from the environment: proxies and certificates, and nothing else."""

import asyncio
import contextlib

import pytest

from neptun_tui.domain.errors import OutcomeUnknown, Unreachable
from neptun_tui.neptun.connection import Timeouts
from neptun_tui.neptun.transport import proxy_for


async def never_answer(wire):
    await wire.request()
    await asyncio.sleep(30)


async def close_after_the_request(wire):
    await wire.request()


async def speak_no_http(wire):
    await wire.request()
    await wire.send(b"SSH-2.0-OpenSSH_9.2\r\n")


async def answer_empty_list(wire):
    while True:
        await wire.request()
        await wire.answer("200 OK", b"[]")


async def test_ssl_cert_file_is_honoured(serve, client_for, session_for, certificate, monkeypatch):
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    serving = await serve(answer_empty_list, tls=context)
    origin = f"https://127.0.0.1:{serving.port}"
    assert await client_for(origin).projects(session_for(origin)) == []


@pytest.mark.parametrize("content", [None, b"junk"])
async def test_a_bad_ssl_cert_file(content, client_for, session_for, monkeypatch, tmp_path):
    file = tmp_path / "bad.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable, match="SSL_CERT_FILE"):
        await client_for(origin).projects(session_for(origin))


async def through(script_after_connect, refuse=None):
    """A proxy's script: refuse the CONNECT, or agree and go on with another script."""

    async def proxy(wire):
        await wire.request()
        await wire.send((refuse or "HTTP/1.1 200 OK").encode() + b"\r\n\r\n")
        if refuse is None:
            await script_after_connect(wire)

    return proxy


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_that_refuses_means_not_sent(
    variable, serve, client_for, session_for, monkeypatch, cookie
):
    serving = await serve(await through(None, refuse="HTTP/1.1 407 Proxy Authentication Required"))
    monkeypatch.setenv(variable, f"http://127.0.0.1:{serving.port}")
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable, match="proxy"):
        await client_for(origin).delete_file(session_for(origin), 1, 2)
    assert serving.heads[0].startswith(b"CONNECT neptun.invalid:443 ")
    assert cookie.encode() not in serving.heads[0]


@pytest.mark.parametrize("script", [never_answer, close_after_the_request, speak_no_http])
async def test_a_proxy_that_breaks_means_not_sent(
    script, serve, client_for, session_for, monkeypatch
):
    serving = await serve(script)
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{serving.port}")
    origin = "https://neptun.invalid"
    client = client_for(origin, timeouts=Timeouts(read=0.1))
    with pytest.raises(Unreachable):
        await client.delete_file(session_for(origin), 1, 2)
    assert len(serving.heads) == 1


async def relay(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.mark.parametrize(
    ("script", "expected"), [(answer_empty_list, None), (close_after_the_request, OutcomeUnknown)]
)
async def test_through_a_proxy(
    script, expected, serve, client_for, session_for, monkeypatch, certificate
):
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    server = await serve(script, tls=context)

    async def tunnel(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await asyncio.gather(relay(wire.reader, writer), relay(reader, wire.writer))
        finally:
            writer.close()

    proxy = await serve(tunnel)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hidden@127.0.0.1:{proxy.port}")
    origin = "https://neptun.invalid"
    client, session = client_for(origin), session_for(origin)
    if expected is None:
        await client.delete_file(session, 1, 2)
    else:
        with pytest.raises(expected):
            await client.delete_file(session, 1, 2)
    assert (len(proxy.heads), len(server.heads)) == (1, 1)
    await client.aclose()


async def test_loopback_never_goes_through_a_proxy(serve, client_for, session_for, monkeypatch):
    serving = await serve(answer_empty_list)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await client_for(serving.origin).projects(session_for(serving.origin)) == []
    for host in ("https://localhost:1", "https://127.0.0.2", "https://[::1]", "http://localhost"):
        assert proxy_for(host) is None


def test_no_proxy(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert proxy_for("https://neptun.example") == "http://proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "other.example, neptun.example")
    assert proxy_for("https://neptun.example") is None
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_for("https://any.example") is None


@pytest.mark.parametrize("proxy", ["ftp://x", "http://[", "://", "http://x:99999999"])
async def test_a_proxy_that_is_none(proxy, client_for, session_for, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable):
        await client_for(origin).projects(session_for(origin))


async def test_netrc_is_not_read(serve, client_for, session_for, monkeypatch, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    serving = await serve(answer_empty_list)
    await client_for(serving.origin).projects(session_for(serving.origin))
    assert b"authorization" not in serving.heads[0].lower()
