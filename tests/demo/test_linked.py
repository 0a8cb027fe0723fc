"""Links, installations and chats beyond what is recorded (tests/demo/test_replay.py)."""

import pytest

from neptun_tui.demo.sample_projects import OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.demo.schema import (
    CHATS,
    COLLECTIONS,
    INSTALLATIONS,
    LINKS,
    PROJECTS,
    REPOSITORIES,
    TEMPLATES,
    USER_FILES,
)
from neptun_tui.demo.store import Store

PROJECT = "/api/users/1/projects/3"
LINKED = {
    "user-files": (USER_FILES, "user_file_id", {"title": "t", "text": "x"}),
    "template-collections": (COLLECTIONS, "template_collection_id", {"name": "c"}),
    "github-installations": (INSTALLATIONS, "github_installation_id", {}),
    "chat-conversations": (CHATS, "chat_conversation_id", {"name": "c", "model": "m"}),
}


def add(store: Store, name: str, user_id: int = 1) -> int:
    """Add a thing that can be linked."""
    table, _, values = LINKED[name]
    extra = {"share_uuid": "u", "is_shared": True} if table is COLLECTIONS else {}
    return store.add(table, {**values, **extra, "neptun_user_id": user_id})["id"]


@pytest.mark.parametrize("name", LINKED)
async def test_linking_and_unlinking_renew_the_stored_context(neptun, store: Store, name) -> None:
    thing = add(store, name)
    store.change(PROJECTS, 3, {"prompt_context": {"old": True}})
    path, column = f"{PROJECT}/resources/{name}", LINKED[name][1]
    assert (await neptun("POST", path, json={column: thing})).status_code == 200
    assert "old" not in store.get(PROJECTS, 3)["prompt_context"]
    store.change(PROJECTS, 3, {"prompt_context": {"old": True}})
    assert (await neptun("DELETE", f"{path}/{thing}")).json() is True
    assert "old" not in store.get(PROJECTS, 3)["prompt_context"]
    assert store.has(LINKED[name][0], id=thing), "the thing itself is kept"


@pytest.mark.parametrize("name", LINKED)
async def test_a_list_whose_query_fails_looks_empty(neptun, store: Store, name: str) -> None:
    thing = add(store, name)
    path = f"{PROJECT}/resources/{name}"
    await neptun("POST", path, json={LINKED[name][1]: thing})
    store.faults.sql_fails = True
    assert (await neptun("GET", path)).json() == []
    assert (await neptun("DELETE", f"{path}/{thing}")).status_code == 404
    store.faults.sql_fails = False
    assert [row["id"] for row in (await neptun("GET", path)).json()] == [thing]


async def test_deleting_a_project_takes_its_links_and_nothing_else(neptun, store: Store) -> None:
    things = {name: add(store, name) for name in LINKED}
    for name, thing in things.items():
        path = f"{PROJECT}/resources/{name}"
        await neptun("POST", path, json={LINKED[name][1]: thing})
    await neptun("DELETE", PROJECT)
    assert not store.select(LINKS, project_id=3)
    assert all(store.has(LINKED[name][0], id=thing) for name, thing in things.items())


async def test_repositories_without_an_installation(neptun) -> None:
    answer = await neptun("GET", f"{PROJECT}/resources/github-repositories")
    message = "No GitHub installation found for this project"
    assert answer.json() == {"statusCode": 404, "statusMessage": message, "stack": []}


async def test_deleting_an_installation_takes_its_repositories_and_links(neptun, store) -> None:
    thing = add(store, "github-installations")
    store.add(REPOSITORIES, {"github_app_installation_id": thing})
    path = f"{PROJECT}/resources/github-installations"
    await neptun("POST", path, json={"github_installation_id": thing})
    assert (await neptun("DELETE", f"/api/users/1/installations/{thing}")).json() == []
    assert not store.select(REPOSITORIES, github_app_installation_id=thing)
    assert (await neptun("GET", path)).json() == []


async def test_other_peoples_things_are_refused_but_by_the_bulk_delete(
    neptun, caller, store: Store
) -> None:
    other = await caller(neptun.app).sign_in(OTHER_EMAIL, OTHER_PASSWORD)
    chat, installation = add(store, "chat-conversations"), add(store, "github-installations")
    for path in (
        f"/api/users/2/chats/{chat}",
        f"/api/users/1/chats/{chat}",
        f"/api/users/2/installations/{installation}",
        f"/api/users/2/projects/4/chats/{chat}",
    ):
        answer = await other("DELETE", path)
        assert answer.status_code == 401
        assert answer.json() == {"statusCode": 401, "statusMessage": "Unauthorized.", "stack": []}
    assert store.has(CHATS, id=chat)
    answer = await other("DELETE", "/api/users/2/chats", json={"chat_ids": [chat]})
    assert answer.json() is True
    assert not store.has(CHATS, id=chat)


async def test_a_linked_collection_is_in_the_context_with_its_templates(neptun, store) -> None:
    thing, file = add(store, "template-collections"), add(store, "user-files")
    place = {"template_collection_id": thing, "user_file_id": file, "neptun_user_id": 1}
    store.add(TEMPLATES, {"file_name": "Dockerfile", **place})
    path = f"{PROJECT}/resources/template-collections"
    await neptun("POST", path, json={"template_collection_id": thing})
    context = (await neptun("GET", PROJECT)).json()["prompt_context"]
    [collection] = context["resources"]["collections"]
    assert collection["templates"][0]["text"] == "x"


@pytest.mark.parametrize("kind", ["imports/117", "files/102"])
async def test_a_null_project_makes_a_thing_unreachable(neptun, kind: str) -> None:
    project = 2 if kind.startswith("imports") else 1
    path = f"/api/users/1/projects/{project}/resources/{kind}"
    assert (await neptun("PUT", path, json={"project_id": None})).json()["project_id"] is None
    assert (await neptun("PUT", path, json={"project_id": project})).status_code == 401
    assert (await neptun("DELETE", path)).status_code == 401
