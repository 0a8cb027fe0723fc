"""An ill server, compared with section 7 of the recorded exchanges."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from neptun_tui.demo.cookies import first_cookie
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Arrival, Store

CONTRACT = Path(__file__).parent.parent / "contract" / "exchanges.jsonl"
RECORDED = [json.loads(line) for line in CONTRACT.read_text(encoding="utf-8").splitlines()]

NOT_IMITATED = ("/api/users/1/files", "/api/users/1/collections", "/api/users/1/chats")
"""Lists of things that have no place in the imitation."""

SQL_FAILS = [e for e in RECORDED if re.match(r"7\.0[1-5] ", e["name"])]
DATABASE_DOWN = [
    e
    for e in RECORDED
    if re.match(r"7\.(06|1\d) ", e["name"]) and e["request"]["path"] not in NOT_IMITATED
]
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f-]{36}|chat-\d+|Fe26[\w.*-]+|uptime\":[\d.]+"
)


@pytest.fixture
async def alice(caller):
    """The user of the recording, her project 1, import 5015 and file 522."""
    store = Store()
    app = create_app(store)
    password = "Str0ng!Passw0rd"
    body = {"email": "alice@example.com", "password": password, "confirmPassword": password}
    answer = await caller(app)("POST", "/api/auth/sign-up", json=body)
    owner = {"neptun_user_id": 1}
    store.add(PROJECTS, {"name": "A", "type": "web-app", "main_language": "go", **owner})
    owner["project_id"] = 1
    store.add(IMPORTS, {"id": 5015, "source_type": "local_folder", "source_path": "/f", **owner})
    values = {"title": "f", "original_path": "f", "content": "", "file_type": "text"}
    store.add(FILES, {"id": 522, "import_id": 5015, **values, **owner})
    yield caller(app, first_cookie(answer.headers["set-cookie"]))
    store.close()


async def assert_as_recorded(alice, caller, exchange: dict) -> None:
    request, response = exchange["request"], exchange["response"]
    sender = alice if "Cookie" in request["headers"] else caller(alice.app)
    headers = {k: v for k, v in request["headers"].items() if k != "Cookie"}
    answer = await sender(
        *(request["method"], request["path"]), headers=headers, content=request["body"]
    )
    assert answer.status_code == response["status"]
    if response.get("body_cut"):
        assert answer.text.startswith("<!DOCTYPE html>")
    else:
        assert CHANGING.sub("", answer.text) == CHANGING.sub("", response["body"])


@pytest.mark.parametrize("exchange", SQL_FAILS, ids=[e["name"] for e in SQL_FAILS])
async def test_a_statement_fails(alice, caller, exchange: dict) -> None:
    store = alice.app.routes[0].app.store
    store.faults.sql_fails = True
    await assert_as_recorded(alice, caller, exchange)
    assert store.has(IMPORTS, id=5015)
    assert store.has(FILES, id=522)


@pytest.mark.parametrize("exchange", DATABASE_DOWN, ids=[e["name"] for e in DATABASE_DOWN])
async def test_the_database_is_down(alice, caller, exchange: dict) -> None:
    store = alice.app.routes[0].app.store
    store.faults.database_down = True
    await assert_as_recorded(alice, caller, exchange)
    store.faults.database_down = False
    assert store.has(IMPORTS, id=5015)
    assert (await alice("GET", "/api/users/1/projects/1/resources/imports")).status_code == 200


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


async def test_a_delete_is_carried_out_though_nobody_waits(store: Store, neptun, caller) -> None:
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
