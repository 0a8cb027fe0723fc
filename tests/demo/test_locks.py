"""Requests that a lock delays until long after their client has gone."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from neptun_tui.demo.cookies import first_cookie
from neptun_tui.demo.data import populate
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.demo.server import create_app, listen
from neptun_tui.demo.store import Store

PROJECT = "/api/users/1/projects/1"
RESOURCES = f"{PROJECT}/resources"
FILE = f"{RESOURCES}/files/102"
ANY_FILE = "*/resources/files*"
NEW_FILE = {
    "title": "n",
    "original_path": "n",
    "content": "new",
    "file_type": "text",
    "neptun_user_id": 1,
    "import_id": 101,
}


async def listed(neptun, what: str = "files") -> set[int]:
    return {row["id"] for row in (await neptun("GET", f"{RESOURCES}/{what}")).json()}


async def abandoned(lock, request) -> None:
    """Send a request, and give it up once the lock holds it."""
    before = len(lock.waiting)
    sent = asyncio.ensure_future(request)
    await asyncio.to_thread(lock.wait_for_requests, before + 1)
    sent.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sent


async def test_a_given_up_delete_is_carried_out_when_the_lock_ends(neptun, store: Store) -> None:
    with store.locks.hold("DELETE", FILE) as lock:
        await abandoned(lock, neptun("DELETE", FILE))
        assert lock.waiting == [f"DELETE {FILE}"]
        assert 102 in await listed(neptun)
        assert 102 in await listed(neptun), "and stays listed"
    assert lock.waiting == []
    assert 102 not in await listed(neptun)


async def test_a_client_that_waits_gets_its_answer(neptun, store: Store) -> None:
    lock = store.locks.hold("DELETE", "*/files/102")
    sent = asyncio.ensure_future(neptun("DELETE", FILE))
    await asyncio.to_thread(lock.wait_for_requests)
    assert 102 in await listed(neptun)
    lock.release()
    answer = await sent
    assert (answer.status_code, answer.json()) == (200, [])
    assert 102 not in await listed(neptun)


async def test_two_deletes_of_a_locked_row_are_both_accepted(neptun, store: Store) -> None:
    with store.locks.hold("DELETE", FILE) as lock:
        sent = [asyncio.ensure_future(neptun("DELETE", FILE)) for _ in range(2)]
        await asyncio.to_thread(lock.wait_for_requests, 2)
    assert [(await answer).text for answer in sent] == ["[]", "[]"]


async def test_posts_are_carried_out_in_the_order_of_arrival(neptun, store: Store) -> None:
    before = await listed(neptun)
    titles = [f"late {number}" for number in range(5)]
    with store.locks.hold("POST", ANY_FILE) as lock:
        for title in titles:
            body = {**NEW_FILE, "title": title}
            await abandoned(lock, neptun("POST", f"{RESOURCES}/files", json=body))
        assert await listed(neptun) == before
    new = sorted(await listed(neptun) - before)
    assert [store.get(FILES, number)["title"] for number in new] == titles


async def test_an_import_takes_what_was_added_meanwhile(neptun, store: Store) -> None:
    with store.locks.hold("DELETE", "*/imports/101") as lock:
        await abandoned(lock, neptun("DELETE", f"{RESOURCES}/imports/101"))
        made = (await neptun("POST", f"{RESOURCES}/files", json=NEW_FILE)).json()
        assert made["id"] in await listed(neptun)
    assert not store.has(IMPORTS, id=101)
    assert made["id"] not in await listed(neptun)


async def test_access_is_checked_on_arrival_not_when_the_lock_ends(neptun, store: Store) -> None:
    lock = store.locks.hold("*", "*")
    answer = await neptun("DELETE", f"{RESOURCES}/files/999999")
    assert answer.status_code == 401, "refused at once"
    await abandoned(lock, neptun("POST", f"{RESOURCES}/files", json=NEW_FILE))
    store.remove(PROJECTS, 1)
    lock.release()
    assert not store.select(FILES, project_id=1)


@pytest.mark.parametrize("path", [FILE.replace("102", "1201"), f"{RESOURCES}/imports/102"])
async def test_other_requests_pass(neptun, store: Store, path: str) -> None:
    with store.locks.hold("DELETE", FILE) as lock:
        await neptun("DELETE", path)
        answer = await neptun("PUT", FILE, json={"title": "x"})
        assert answer.json()["title"] == "x"
        assert lock.waiting == []


async def test_only_so_many_are_held(neptun, store: Store) -> None:
    with store.locks.hold("DELETE", "*/files/*", times=1) as lock:
        await abandoned(lock, neptun("DELETE", FILE))
        assert (await neptun("DELETE", FILE)).json() == [], "the second try passes"
        assert 102 not in await listed(neptun)
    assert 102 not in await listed(neptun)


@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateway_gives_up_first(neptun, store: Store, status: int) -> None:
    with store.locks.hold("DELETE", FILE, answer=status) as lock:
        answer = await neptun("DELETE", FILE)
        assert (answer.status_code, answer.headers["content-type"][:9]) == (status, "text/html")
        await asyncio.to_thread(lock.wait_for_requests)
        assert 102 in await listed(neptun)
    assert 102 not in await listed(neptun)


async def test_a_dropped_lock_carries_out_nothing(neptun, store: Store) -> None:
    lock = store.locks.hold("*", ANY_FILE)
    before = await listed(neptun)
    await abandoned(lock, neptun("POST", f"{RESOURCES}/files", json=NEW_FILE))
    sent = asyncio.ensure_future(neptun("DELETE", FILE))
    await asyncio.to_thread(lock.wait_for_requests, 2)
    lock.drop()
    assert (await sent).status_code == 404
    assert await listed(neptun) == before
    assert (await neptun("DELETE", FILE)).status_code == 200, "the lock has ended"


async def test_a_held_edit_and_context(neptun, store: Store) -> None:
    before = store.get(PROJECTS, 1)
    with store.locks.hold("*", f"{PROJECT}*") as lock:
        await abandoned(lock, neptun("PUT", FILE, json={"title": "later"}))
        await abandoned(lock, neptun("POST", f"{PROJECT}/context"))
        assert store.get(FILES, 102)["title"] != "later"
        assert store.get(PROJECTS, 1) == before
    assert store.get(FILES, 102)["title"] == "later"
    assert store.get(PROJECTS, 1) != before


def test_the_event_loop_of_the_client_may_be_over(store: Store, caller) -> None:
    lock = store.locks.hold("DELETE", FILE)

    async def killed() -> None:
        demo = await caller(create_app(store)).sign_in(DEMO_EMAIL, DEMO_PASSWORD)
        sent = asyncio.ensure_future(demo("DELETE", FILE))
        await asyncio.to_thread(lock.wait_for_requests)
        assert not sent.done()

    asyncio.run(killed())
    assert store.has(FILES, id=102)
    lock.release()
    assert not store.has(FILES, id=102)


def test_closing_the_store_ends_what_is_held(caller) -> None:
    store = Store()
    populate(store)
    lock = store.locks.hold("DELETE", FILE)

    async def killed() -> None:
        demo = await caller(create_app(store)).sign_in(DEMO_EMAIL, DEMO_PASSWORD)
        await abandoned(lock, demo("DELETE", FILE))

    asyncio.run(killed())
    store.close()
    assert not any(thread.name == f"DELETE {FILE}" for thread in threading.enumerate())


@contextmanager
def served(store: Store) -> Iterator[str]:
    """The application under uvicorn: its URL."""
    config = uvicorn.Config(create_app(store), log_level="critical", lifespan="off")
    server, socket = uvicorn.Server(config), listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        socket.close()


def test_under_uvicorn_with_a_client_that_times_out(store: Store) -> None:
    with served(store) as url, httpx.Client(base_url=url) as client:
        credentials = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
        answer = client.post("/api/auth/login", json=credentials)
        client.cookies.clear()
        client.headers["Cookie"] = f"neptun-session={first_cookie(answer.headers['set-cookie'])}"
        lock = store.locks.hold("DELETE", ANY_FILE)
        with pytest.raises(httpx.ReadTimeout):
            client.delete(FILE, timeout=httpx.Timeout(60, read=0.5))
        lock.wait_for_requests()
        assert 102 in {row["id"] for row in client.get(f"{RESOURCES}/files").json()}
        lock.release()
        assert 102 not in {row["id"] for row in client.get(f"{RESOURCES}/files").json()}
        lock = store.locks.hold("DELETE", "*/imports/*")
        with pytest.raises(httpx.ReadTimeout):
            client.delete(f"{RESOURCES}/imports/101", timeout=httpx.Timeout(60, read=0.5))
        lock.wait_for_requests()
    assert store.has(IMPORTS, id=101), "the server has shut down, though a request is held"
    lock.release()
    assert not store.has(IMPORTS, id=101)
