"""Settings taken from the environment: proxies and certificates, and nothing else."""

import asyncio
import contextlib
import socket
import ssl

import pytest

from neptun_tui.api.http import Timeouts
from neptun_tui.api.proxy import proxy_for
from neptun_tui.domain.errors import OutcomeUnknown, Unreachable


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
    proxy = proxy_for("https://neptun.example")
    assert proxy is not None
    assert (proxy.url, proxy.variable) == ("http://proxy.example:3128", "HTTPS_PROXY")
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


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h", "https"])
async def test_a_proxy_that_is_not_there_is_named(scheme, client_for, session_for, monkeypatch):
    port = closed_port()
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:hidden@127.0.0.1:{port}")
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable) as caught:
        await client_for(origin).delete_file(session_for(origin), 1, 2)
    said = str(caught.value)
    assert said.startswith(f"The proxy 127.0.0.1:{port} (ALL_PROXY) refused the connection")
    assert "hidden" not in said
    assert "user" not in said


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("407 hidden\x1b[31m", "asks for a user and a password (407)"),
        ("403 Forbidden", "refused to connect to neptun.invalid (403)"),
        ("503 down", "refused to connect to neptun.invalid (503)"),
    ],
)
async def test_a_refusing_proxy_is_named(
    answer, expected, serve, client_for, session_for, monkeypatch
):
    serving = await serve(await through(None, refuse=f"HTTP/1.1 {answer}"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hidden@127.0.0.1:{serving.port}")
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable) as caught:
        await client_for(origin).delete_file(session_for(origin), 1, 2)
    said = str(caught.value)
    assert expected in said
    assert f"127.0.0.1:{serving.port} (HTTPS_PROXY)" in said
    assert "hidden" not in said


async def test_a_proxy_whose_name_is_unknown_is_named(client_for, session_for, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://no-such-proxy.invalid:3128")
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable, match=r"name of the proxy no-such-proxy\.invalid:3128"):
        await client_for(origin).projects(session_for(origin))


async def speak_no_tls(wire):
    await wire.send(b"SSH-2.0-OpenSSH_9.2\r\n")


async def test_behind_the_proxy_the_server_is_named(serve, client_for, session_for, monkeypatch):
    serving = await serve(await through(speak_no_tls))
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{serving.port}")
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable) as caught:
        await client_for(origin).projects(session_for(origin))
    assert str(caught.value).startswith("No secure connection to neptun.invalid:")


async def socks_server(wire, target_port):
    """Agree to one SOCKS5 connection without a password, and relay it to a port of ours."""
    await wire.reader.readexactly(3)
    await wire.send(b"\x05\x00")
    head = await wire.reader.readexactly(5)
    name = await wire.reader.readexactly(head[4])
    await wire.reader.readexactly(2)
    await wire.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    reader, writer = await asyncio.open_connection("127.0.0.1", target_port)
    try:
        await asyncio.gather(relay(wire.reader, writer), relay(reader, wire.writer))
    finally:
        writer.close()
    return name


async def test_a_socks_proxy_is_used(serve, client_for, session_for, monkeypatch, certificate):
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    server = await serve(answer_empty_list, tls=context)
    proxy = await serve(lambda wire: socks_server(wire, server.port))
    monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
    origin = "https://neptun.invalid"
    assert await client_for(origin).projects(session_for(origin)) == []
    assert (proxy.connections, len(server.heads)) == (1, 1)


async def test_an_unsupported_proxy_says_what_to_write(client_for, session_for, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks4://user:hidden@proxy.example:1080")
    origin = "https://neptun.invalid"
    with pytest.raises(Unreachable, match="socks5h://HOST:PORT") as caught:
        await client_for(origin).projects(session_for(origin))
    assert "proxy.example:1080 (ALL_PROXY)" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_a_named_bundle_is_honoured(
    variable, serve, client_for, session_for, certificate, monkeypatch
):
    context, file = certificate
    monkeypatch.setenv(variable, str(file))
    serving = await serve(answer_empty_list, tls=context)
    origin = f"https://127.0.0.1:{serving.port}"
    assert await client_for(origin).projects(session_for(origin)) == []


async def test_the_certificates_of_the_operating_system_are_used(
    serve, client_for, session_for, certificate, monkeypatch
):
    context, file = certificate
    serving = await serve(answer_empty_list, tls=context)
    origin = f"https://127.0.0.1:{serving.port}"
    with pytest.raises(Unreachable, match="not trusted"):
        await client_for(origin).projects(session_for(origin))
    defaults = ssl.get_default_verify_paths()._replace(cafile=str(file))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: defaults)
    monkeypatch.setattr(
        ssl.SSLContext,
        "set_default_verify_paths",
        lambda self: self.load_verify_locations(cafile=file),
    )
    assert await client_for(origin).projects(session_for(origin)) == []


async def test_the_keys_of_connections_are_not_logged(
    serve, client_for, session_for, certificate, monkeypatch, tmp_path
):
    context, file = certificate
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    serving = await serve(answer_empty_list, tls=context)
    origin = f"https://127.0.0.1:{serving.port}"
    assert await client_for(origin).projects(session_for(origin)) == []
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unreachable):
        await client_for(origin).projects(session_for(origin))
    monkeypatch.setenv("HTTPS_PROXY", origin)
    with pytest.raises(Unreachable):
        await client_for("https://neptun.invalid").projects(session_for("https://neptun.invalid"))
    assert not log.exists()


async def test_netrc_is_not_read(serve, client_for, session_for, monkeypatch, tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login someone password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    serving = await serve(answer_empty_list)
    await client_for(serving.origin).projects(session_for(serving.origin))
    assert b"authorization" not in serving.heads[0].lower()
