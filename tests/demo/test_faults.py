"""Faulty server, compared with section 7 of the recorded exchanges."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from neptun_tui.demo.cookies import first_cookie
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store

CONTRACT = Path(__file__).parent.parent / "contract" / "exchanges.jsonl"
RECORDED = [json.loads(line) for line in CONTRACT.read_text(encoding="utf-8").splitlines()]

SQL_FAILS = [e for e in RECORDED if re.match(r"7\.0[1-5] ", e["name"])]
DATABASE_DOWN = [e for e in RECORDED if re.match(r"7\.(06|1\d) ", e["name"])]
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f-]{36}|chat-\d+|Fe26[\w.*-]+|uptime\":[\d.]+"
)


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty one, in the place of the shared fixture."""
    store = Store()
    yield store
    store.close()


@pytest.fixture
async def alice(store: Store, caller):
    """The user of the recording, her project 1, import 5015 and file 522."""
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
    return caller(app, first_cookie(answer.headers["set-cookie"]))


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
async def test_a_statement_fails(alice, store: Store, caller, exchange: dict) -> None:
    store.faults.sql_fails = True
    await assert_as_recorded(alice, caller, exchange)
    assert store.has(IMPORTS, id=5015)
    assert store.has(FILES, id=522)


@pytest.mark.parametrize("exchange", DATABASE_DOWN, ids=[e["name"] for e in DATABASE_DOWN])
async def test_the_database_is_down(alice, store: Store, caller, exchange: dict) -> None:
    store.faults.database_down = True
    await assert_as_recorded(alice, caller, exchange)
    store.faults.database_down = False
    assert store.has(IMPORTS, id=5015)
    assert (await alice("GET", "/api/users/1/projects/1/resources/imports")).status_code == 200
