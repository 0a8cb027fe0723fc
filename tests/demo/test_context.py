"""Stored context: the calls that write it, and those that leave deleted contents in it."""

import pytest

from neptun_tui.demo.sample_projects import OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.demo.store import Store

PROJECT = "/api/users/1/projects/1"
CONTEXT = f"{PROJECT}/context"
FILE = f"{PROJECT}/resources/files/102"
IMPORT = f"{PROJECT}/resources/imports/102"


async def stored(neptun) -> dict:
    """Return what GET of the project has, after comparing the list of projects with it."""
    project = (await neptun("GET", PROJECT)).json()
    listed = (await neptun("GET", "/api/users/1/projects")).json()
    assert next(p for p in listed if p["id"] == 1) == project
    return project["prompt_context"]


def contents(context: dict) -> set[str]:
    imports = context["resources"]["imports"]
    return {file["content"] for parent in imports for file in parent["context_files"]}


def test_sample_projects_start_with_a_context_that_agrees(store: Store) -> None:
    for project in store.select(PROJECTS):
        imports = project["prompt_context"]["resources"]["imports"]
        held = [f["title"] for parent in imports for f in parent["context_files"]]
        visible = {row["id"] for row in store.select(IMPORTS, project_id=project["id"])}
        files = [f["title"] for f in store.select(FILES) if f["import_id"] in visible]
        assert sorted(held) == sorted(files)
        assert project["prompt_context"]["currentDate"] == project["updated_at"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", FILE, None),
        ("DELETE", IMPORT, None),
        ("PUT", FILE, {"content": "other"}),
        ("PUT", FILE, {"project_id": 2, "import_id": 105}),
        ("PUT", IMPORT, {"source_path": "/other"}),
        (
            "POST",
            f"{PROJECT}/resources/imports",
            {"source_type": "local_folder", "source_path": "/new", "neptun_user_id": 1},
        ),
        (
            "POST",
            f"{PROJECT}/resources/files",
            {
                "title": "n",
                "original_path": "n",
                "content": "brand new",
                "file_type": "text",
                "neptun_user_id": 1,
                "import_id": 101,
            },
        ),
    ],
)
async def test_changing_items_leaves_the_stored_context(neptun, method, path, body) -> None:
    before = await stored(neptun)
    assert (await neptun(method, path, json=body)).status_code == 200
    assert await stored(neptun) == before
    computed = (await neptun("GET", CONTEXT)).json()["context"]
    assert computed["resources"] != before["resources"]
    assert await stored(neptun) == before, "computing one stores nothing"


async def test_deleted_contents_go_when_the_context_is_renewed(neptun, store: Store) -> None:
    content = store.get(FILES, 102)["content"]
    await neptun("DELETE", FILE)
    assert content in contents(await stored(neptun))
    renewed = await neptun("POST", CONTEXT)
    assert renewed.status_code == 200
    assert content not in contents(renewed.json()["context"])
    assert await stored(neptun) == renewed.json()["context"]


async def test_editing_the_project_renews_it_and_answers_before(neptun, store: Store) -> None:
    content = store.get(FILES, 102)["content"]
    await neptun("DELETE", FILE)
    answer = await neptun("PATCH", PROJECT, json={"name": "Shop"})
    assert content in contents(answer.json()["prompt_context"])
    assert content not in contents(await stored(neptun))
    assert (await stored(neptun))["project"]["name"] == "Shop"


async def test_a_refused_edit_renews_nothing(neptun) -> None:
    before = await stored(neptun)
    await neptun("DELETE", FILE)
    assert (await neptun("PATCH", PROJECT, json={})).status_code == 500
    assert await stored(neptun) == before


async def test_a_new_project_answers_null_and_stores_one(neptun) -> None:
    body = {"name": "New", "type": "web-app", "main_language": "go"}
    made = (await neptun("POST", "/api/users/1/projects", json=body)).json()
    assert made["prompt_context"] is None
    again = (await neptun("GET", f"/api/users/1/projects/{made['id']}")).json()
    assert again["prompt_context"]["resources"] == {"imports": [], "collections": []}


async def test_markdown_is_text_and_stores_nothing(neptun, store: Store) -> None:
    before = await stored(neptun)
    answer = await neptun("GET", f"{CONTEXT}/markdown")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# Project Context\n\n## Goal\n")
    assert store.get(FILES, 102)["content"] in answer.text
    assert await stored(neptun) == before


@pytest.mark.parametrize(
    ("method", "end"), [("GET", ""), ("POST", ""), ("GET", "/markdown")], ids=str
)
async def test_refusals(neptun, caller, method: str, end: str) -> None:
    other = await caller(neptun.app).sign_in(OTHER_EMAIL, OTHER_PASSWORD)
    for sender, path in (
        (neptun, "/api/users/1/projects/4/context"),
        (neptun, "/api/users/2/projects/4/context"),
        (neptun, "/api/users/1/projects/999999/context"),
        (other, CONTEXT),
    ):
        answer = await sender(method, path + end)
        assert answer.status_code == 401
        assert answer.json() == {"statusCode": 401, "statusMessage": "Unauthorized.", "stack": []}
    answer = await caller(neptun.app)(method, CONTEXT + end)
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")
    assert (await neptun(method, "/api/users/1/projects/abc/context" + end)).status_code == 400


async def test_renewal_can_fail(neptun, store: Store) -> None:
    before = await stored(neptun)
    await neptun("DELETE", FILE)
    store.faults.context_fails = True
    assert (await neptun("POST", CONTEXT)).status_code == 500
    assert await stored(neptun) == before
