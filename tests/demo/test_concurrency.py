"""Deletes that fail, overlap, or are abandoned by their client."""

import asyncio

import pytest

from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Arrival, Store


async def test_only_deletes_fail(neptun, store: Store) -> None:
    store.faults.delete_fails = True
    path = "/api/users/1/projects/1/resources"
    assert (await neptun("DELETE", f"{path}/files/102")).status_code == 404
    listed = (await neptun("GET", f"{path}/files")).json()
    assert 102 in {f["id"] for f in listed}


async def test_only_lists_fail(neptun, store: Store) -> None:
    store.faults.list_fails = True
    path = "/api/users/1/projects/1/resources"
    assert (await neptun("GET", f"{path}/files")).status_code == 404
    assert (await neptun("DELETE", f"{path}/files/102")).status_code == 200


async def test_two_deletes_of_one_row_at_the_same_time(neptun) -> None:
    path = "/api/users/1/projects/1/resources/files/102"
    answers = await asyncio.gather(neptun("DELETE", path), neptun("DELETE", path))
    assert [a.text for a in answers] == ["[]", "[]"]
    assert (await neptun("DELETE", path)).status_code == 401


async def test_a_delete_is_carried_out_without_a_waiter(store: Store, neptun, caller) -> None:
    slow = caller(create_app(store, latency=30.0), neptun.cookie)
    path = "/api/users/1/projects/1/resources/imports/101"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slow("DELETE", path), timeout=0.3)
    assert not store.has(IMPORTS, id=101)
    assert not store.select(FILES, import_id=101), "its files go with it"


async def test_arrivals_tell_what_was_sent(neptun, store: Store) -> None:
    store.arrivals.clear()
    await neptun("DELETE", "/api/users/1/projects/1/resources/files/102")
    await neptun("GET", "/api/users/1/projects")
    assert list(store.arrivals) == [
        Arrival("DELETE", "/api/users/1/projects/1/resources/files/102"),
        Arrival("GET", "/api/users/1/projects"),
    ]
