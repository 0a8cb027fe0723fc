"""Documented dialect of the API, call by call, which a client must support too."""

import json

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.demo.server import create_app

RESOURCES = "/api/users/1/projects/1/resources"


async def test_sign_in(documented, caller) -> None:
    credentials = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    answer = await caller(documented.app)("POST", "/api/auth/login", json=credentials)
    assert answer.status_code == 200
    assert answer.json() == {"user": {"id": 1, "primary_email": DEMO_EMAIL}}
    assert "set-cookie" in answer.headers


@pytest.mark.parametrize("password", ["wrong", "Wr0ng!Passw0rd"])
async def test_sign_in_refused(documented, caller, password: str) -> None:
    credentials = {"email": DEMO_EMAIL, "password": password}
    answer = await caller(documented.app)("POST", "/api/auth/login", json=credentials)
    assert answer.status_code == 401
    assert answer.json() == {"statusCode": 401, "message": "Invalid email or password"}


async def test_sign_up_needs_no_confirmation(documented, caller) -> None:
    credentials = {"email": "new@example.com", "password": "Str0ng!Passw0rd"}
    answer = await caller(documented.app)("POST", "/api/auth/sign-up", json=credentials)
    assert (answer.status_code, answer.json()["user"]["id"]) == (200, 3)


async def test_check(documented, caller) -> None:
    assert (await documented("HEAD", "/api/auth/check")).status_code == 200
    assert (await caller(documented.app)("HEAD", "/api/auth/check")).status_code == 401


async def test_session_and_cli(documented) -> None:
    session = (await documented("GET", "/api/_auth/session")).json()
    assert session["user"]["id"] == 1
    assert (await documented("GET", "/api/users/1/cli")).json()["auth"]["user"]["id"] == 1


async def test_logout(documented, caller) -> None:
    assert (await documented("POST", "/api/auth/logout")).json() is True
    assert (await caller(documented.app)("POST", "/api/auth/logout")).status_code == 401


async def test_projects(documented) -> None:
    answer = await documented("GET", "/api/users/1/projects")
    [shop] = [p for p in answer.json()["projects"] if p["id"] == 1]
    assert (shop["project_type"], shop["programming_language"]) == ("web-app", "typescript")
    assert not {"type", "main_language"} & set(shop)
    one = (await documented("GET", "/api/users/1/projects/1")).json()
    assert one["project"]["name"] == "Storefront"


async def test_context_is_renewed(documented, store) -> None:
    content = store.get(FILES, 102)["content"]
    await documented("DELETE", f"{RESOURCES}/files/102")
    path = "/api/users/1/projects/1"
    before = (await documented("GET", path)).json()["project"]["prompt_context"]
    assert json.dumps(content) in json.dumps(before)
    renewed = await documented("POST", f"{path}/context")
    after = (await documented("GET", path)).json()["project"]["prompt_context"]
    assert (renewed.status_code, renewed.json()["context"]) == (200, after)
    assert json.dumps(content) not in json.dumps(after)
    foreign = await documented("POST", "/api/users/1/projects/4/context")
    assert foreign.json() == {"statusCode": 403, "message": "Forbidden"}


async def test_unlinking_has_no_body(documented) -> None:
    path = f"{RESOURCES}/github-installations"
    [found] = (await documented("GET", path)).json()
    answer = await documented("DELETE", f"{path}/{found['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await documented("GET", path)).json() == []


async def test_project_is_made_changed_and_deleted(documented) -> None:
    body = {"name": "New", "project_type": "web-site", "programming_language": "go"}
    made = await documented("POST", "/api/users/1/projects", json=body)
    assert made.status_code == 201
    path = f"/api/users/1/projects/{made.json()['project']['id']}"
    changed = await documented("PATCH", path, json={"project_type": "web-app"})
    assert changed.json()["project"]["project_type"] == "web-app"
    deleted = await documented("DELETE", path)
    assert (deleted.status_code, deleted.json()) == (200, True)
    again = await documented("DELETE", path)
    assert (again.status_code, again.json()["message"]) == (404, "Project not found")


@pytest.mark.parametrize("query", ["", "?import_source_type=local_folder", "?source_type=github"])
async def test_every_imports_call_returns_everything(documented, store, query: str) -> None:
    answer = await documented("GET", f"{RESOURCES}/imports{query}")
    imports = answer.json()["imports"]
    assert {i["id"] for i in imports} == {i["id"] for i in store.select(IMPORTS, project_id=1)}
    assert {i["source_type"] for i in imports} == {"local_folder", "github"}
    assert all("title" in i and "description" in i for i in imports)


async def test_files(documented, store) -> None:
    files = (await documented("GET", f"{RESOURCES}/files")).json()["files"]
    [file] = [f for f in files if f["id"] == 102]
    assert file["text"] == store.get(FILES, 102)["content"]
    assert {"context_file_type", "context_file_category", "extension"} < set(file)
    assert not {"content", "file_type", "category"} & set(file)


async def test_import_is_made_changed_and_deleted(documented) -> None:
    body = {"source_type": "github", "source_path": "demo-org/new", "title": "t"}
    made = await documented("POST", f"{RESOURCES}/imports", json=body)
    assert (made.status_code, made.json()["import"]["source_type"]) == (201, "github")
    path = f"{RESOURCES}/imports/{made.json()['import']['id']}"
    changed = await documented("PUT", path, json={"import_status": "completed"})
    assert changed.json()["import"]["import_status"] == "completed"
    await assert_deleted_once(documented, path, "Import not found")


async def test_file_is_made_changed_and_deleted(documented) -> None:
    body = {"title": "App", "original_path": "/src/App.tsx", "text": "x", "extension": "tsx"}
    words = {"context_file_category": "source", "context_file_type": "component"}
    made = await documented("POST", f"{RESOURCES}/files", json=body | words)
    assert (made.status_code, made.json()["file"]["extension"]) == (201, "tsx")
    path = f"{RESOURCES}/files/{made.json()['file']['id']}"
    changed = await documented("PUT", path, json={"text": "y"})
    assert changed.json()["file"]["text"] == "y"
    await assert_deleted_once(documented, path, "File not found")


async def assert_deleted_once(documented, path: str, message: str) -> None:
    deleted = await documented("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    again = await documented("DELETE", path)
    assert again.status_code == 404
    assert again.json() == {"statusCode": 404, "message": message}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (f"{RESOURCES}/imports/999999", 404, "Import not found"),
        (f"{RESOURCES}/files/999999", 404, "File not found"),
        ("/api/users/1/projects/2/resources/imports/101", 404, "Import not found"),
        ("/api/users/1/projects/999999/resources/imports/101", 404, "Project not found"),
        ("/api/users/1/projects/4/resources/imports/107", 403, "Forbidden"),
        ("/api/users/2/projects/4/resources/imports/107", 403, "Forbidden"),
        *((f"{RESOURCES}/imports/{odd}", 400, "Bad Request") for odd in ("0", "-1", "abc", "1.5")),
        (f"{RESOURCES}/files/2147483648", 400, "Bad Request"),
    ],
)
async def test_delete_refused(documented, path: str, status: int, message: str) -> None:
    answer = await documented("DELETE", path)
    assert answer.status_code == status
    assert answer.json() == {"statusCode": status, "message": message}


async def test_delete_without_a_session(documented, caller) -> None:
    answer = await caller(documented.app)("DELETE", f"{RESOURCES}/imports/101")
    assert answer.status_code == 401
    assert answer.json() == {"statusCode": 401, "message": "Unauthorized"}


@pytest.mark.parametrize("fault", ["database_down", "sql_fails"])
@pytest.mark.parametrize("path", ["/imports/101", "/files/102"])
async def test_faults_are_server_errors(documented, store, fault: str, path: str) -> None:
    setattr(store.faults, fault, True)
    assert (await documented("DELETE", RESOURCES + path)).status_code == 500
    setattr(store.faults, fault, False)
    assert store.has(IMPORTS, id=101)
    assert store.has(FILES, id=102)


def test_the_dialect_has_a_name(store) -> None:
    with pytest.raises(ValueError, match="klingon"):
        create_app(store, dialect="klingon")
