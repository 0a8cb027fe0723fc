"""`python -m neptun_tui.demo` on a real socket, and the application on other threads."""

import asyncio
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from neptun_tui.demo.cookies import first_cookie
from neptun_tui.demo.data import MANY_FILES_PROJECT
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

LINE = re.compile(
    r"Neptun demo at (https?://127\.0\.0\.1:\d+)(?:  e-mail (\S+)  password (\S+))?\n"
)


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str], str]]:
    """A demo server in a process of its own: its URL, the process, and its first line."""
    command = [sys.executable, "-m", "neptun_tui.demo", "--port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            line = process.stdout.readline()
            found = LINE.fullmatch(line)
            assert found, line + process.stderr.read()
            yield found[1], process, line
        finally:
            process.kill()


@contextmanager
def signed_in(url: str, **options) -> Iterator[httpx.Client]:
    """A client that sends the demo user's cookie, and keeps none of its own."""
    with httpx.Client(base_url=url, **options) as client:
        credentials = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
        answer = client.post("/api/auth/login", json=credentials)
        assert answer.status_code == 200
        client.cookies.clear()
        client.headers["Cookie"] = f"neptun-session={first_cookie(answer.headers['set-cookie'])}"
        yield client


def test_serves_the_sample_data_on_loopback() -> None:
    with served("--files", "50") as (url, process, line):
        assert DEMO_EMAIL in line
        assert DEMO_PASSWORD in line
        with signed_in(url) as client:
            path = f"/api/users/1/projects/{MANY_FILES_PROJECT}/resources/files"
            assert len(client.get(path).json()) == 50
            assert client.delete("/api/users/1/projects/1/resources/imports/101").json() == []
            odd = client.get("/api/users/1/projects/%201")
            assert odd.json()["data"]["issues"][0]["received"] == "nan"
            assert client.head("/api/auth/check").status_code == 204
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_documented_empty_and_slow() -> None:
    with served("--dialect", "documented", "--empty", "--latency", "200") as (url, process, line):
        assert "password" not in line
        answer = httpx.post(f"{url}/api/auth/login", json={"email": DEMO_EMAIL, "password": "x"})
        assert answer.json() == {"statusCode": 401, "message": "Invalid email or password"}
        assert answer.elapsed.total_seconds() >= 0.2
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_a_taken_port_is_an_error_in_one_line() -> None:
    with served("--empty") as (url, _, _):
        port = url.rpartition(":")[2]
        command = [sys.executable, "-m", "neptun_tui.demo", "--empty", "--port", port]
        second = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Cannot listen on 127.0.0.1:{port}")
    assert second.stderr.count("\n") == 1


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_serves_over_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run(["openssl", *request.split(), *names, *files], check=True, capture_output=True)
    context = ssl.create_default_context(cafile=str(certificate))
    with served("--certfile", str(certificate), "--keyfile", str(key)) as (url, _, _):
        assert url.startswith("https://")
        with signed_in(url, verify=context) as client:
            assert len(client.get("/api/users/1/projects").json()) == 5


def test_in_process_on_the_event_loop_of_another_thread(store: Store, caller) -> None:
    counts: list[int] = []

    async def work() -> None:
        demo = await caller(create_app(store)).sign_in(DEMO_EMAIL, DEMO_PASSWORD)
        counts.append(len((await demo("GET", "/api/users/1/projects")).json()))

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [5] * 4


async def test_many_deletes_at_once(store: Store, neptun) -> None:
    ids = [f["id"] for f in store.select(FILES, project_id=2)]
    path = "/api/users/1/projects/2/resources/files"
    answers = await asyncio.gather(*(neptun("DELETE", f"{path}/{file_id}") for file_id in ids))
    assert {a.status_code for a in answers} == {200}
    assert store.select(FILES, project_id=2) == []
