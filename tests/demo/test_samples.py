"""Sample data: its appearance on the screens, and the parts tests rely on."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from neptun_tui.demo import hostile_names
from neptun_tui.demo.data import MANY_FILES_PROJECT, populate
from neptun_tui.demo.resources import CATEGORIES
from neptun_tui.demo.sample_projects import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    OTHER_EMAIL,
    OTHER_PASSWORD,
    SHARED_ID,
)
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS, USERS
from neptun_tui.demo.server import create_app
from neptun_tui.demo.store import Store


def age(row: dict) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(row["updated_at"])


def test_accounts(store: Store) -> None:
    users = {user["id"]: user["primary_email"] for user in store.select(USERS)}
    assert users == {1: DEMO_EMAIL, 2: OTHER_EMAIL}


def test_projects(store: Store) -> None:
    mine = store.select(PROJECTS, neptun_user_id=1)
    words = {(p["name"], p["type"], p["main_language"]) for p in mine}
    assert len(mine) == 5
    assert {
        ("Storefront", "web-app", "typescript"),
        ("Billing API", "web-service", "python"),
        ("Landing page", "web-site", "javascript"),
    } <= words
    assert "Strange names" in {p["name"] for p in mine}
    assert any(p["description"] is None for p in mine)


def test_imports_of_every_type_in_every_state(store: Store) -> None:
    imports = store.select(IMPORTS, neptun_user_id=1)
    assert len({i["source_type"] for i in imports}) == 3
    states = {i["import_status"] for i in imports}
    assert {"completed", "pending", "failed"} < states
    assert all(i["error_message"] for i in imports if i["import_status"] == "failed")
    installed = store.get(IMPORTS, 102)
    assert installed["source_type"] == "github_repository_installation"
    assert (installed["source_path"], installed["source_ref"]) == ("demo-org/storefront-ui", "main")
    assert "/" in {i["source_path"] for i in imports}


def test_about_two_hundred_different_files(store: Store) -> None:
    files = store.select(FILES, neptun_user_id=1)
    assert 180 <= len(files) <= 230
    ordinary = [f for f in files if f["project_id"] != 8]
    assert len({f["content"] for f in ordinary}) > 0.95 * len(ordinary)
    sizes = [f["file_size"] for f in ordinary]
    assert min(sizes) == 0
    assert 40_000 < max(sizes) < 70_000
    assert all(f["file_size"] == len(f["content"].encode()) for f in files)
    assert not any("@@" in f["content"] for f in files)


def test_dates_run_from_minutes_to_over_a_year(store: Store) -> None:
    files = store.select(FILES)
    ages = [age(f) for f in files]
    assert timedelta(0) < min(ages) < timedelta(hours=1)
    assert max(ages) > timedelta(days=365)
    assert len({a.days for a in ages}) > 30
    assert all(f["created_at"] <= f["updated_at"] for f in files)


def test_ids_look_used(store: Store) -> None:
    ids = [f["id"] for f in store.select(FILES)]
    assert len(ids) == len(set(ids))
    assert max(ids) - min(ids) > len(ids)
    assert sorted(ids) != ids, "unordered lists are not sorted by id"


def test_one_number_is_both_an_import_and_a_file(store: Store) -> None:
    assert store.get(IMPORTS, SHARED_ID)["project_id"] == 1
    assert store.get(FILES, SHARED_ID)["project_id"] == 1
    assert store.get(FILES, SHARED_ID)["import_id"] != SHARED_ID


def test_orphans_have_no_visible_parent(store: Store) -> None:
    visible = {i["id"] for i in store.select(IMPORTS, project_id=1)}
    orphans = [f for f in store.select(FILES, project_id=1) if f["import_id"] not in visible]
    assert {f["import_id"] for f in orphans} == {None, 105}


async def test_an_import_takes_a_file_of_another_project_along(neptun, store: Store) -> None:
    [away] = [f for f in store.select(FILES, import_id=105) if f["project_id"] == 1]
    assert away["neptun_user_id"] == 1
    await neptun("DELETE", "/api/users/1/projects/2/resources/imports/105")
    assert not store.has(FILES, id=away["id"])


@pytest.mark.parametrize("dialect", ["observed", "documented"])
async def test_deleting_a_github_import(store: Store, caller, dialect: str) -> None:
    demo = await caller(create_app(store, dialect=dialect)).sign_in(DEMO_EMAIL, DEMO_PASSWORD)
    resources = "/api/users/1/projects/1/resources"
    [before] = (await demo("GET", f"{resources}/github-installations")).json()
    assert before["github_account_name"] == "demo-org"
    await demo("DELETE", f"{resources}/imports/102")
    after = (await demo("GET", f"{resources}/github-installations")).json()
    assert after == ([before] if dialect == "observed" else [])
    [kept] = (await demo("GET", "/api/users/1/installations")).json()
    assert kept["id"] == before["id"]
    repositories = (await demo("GET", f"/api/users/1/installations/{kept['id']}/imports")).json()
    assert "storefront-ui" in {row["github_repository_name"] for row in repositories}


async def test_a_github_import_without_a_connection(neptun) -> None:
    path = "/api/users/1/projects/8/resources/github-installations"
    assert (await neptun("GET", path)).json() == []


def test_types_and_categories_vary(store: Store) -> None:
    files = store.select(FILES)
    assert {f["file_type"] for f in files} == {"markdown", "pdf", "text"}
    assert {f["category"] for f in files} == {None, *CATEGORIES}


@pytest.mark.parametrize(
    "part",
    [
        *("\x1b[31m", "\x1b]8;;", "\x1b]52;c;", "\x9b", "[bold]markup[/]", "[@click=app.quit]"),
        *("\u202e", "\u200b", "漢字", "👨\u200d👩", "\u0338", "\n", "\t", "\r"),
    ],
)
def test_strange_titles_hold(part: str, store: Store) -> None:
    titles = "".join(f["title"] for f in store.select(FILES, project_id=8))
    assert part in titles


def test_strange_titles_arrive_whole(store: Store) -> None:
    titles = {f["title"] for f in store.select(FILES, project_id=8)}
    assert set(hostile_names.TITLES) < titles
    assert {"", "[/]", "t" * 5_000} < titles


def test_one_content_is_one_very_long_line(store: Store) -> None:
    longest = max(store.select(FILES, project_id=8), key=lambda f: f["file_size"])
    assert 190_000 < longest["file_size"] < 210_000
    assert "\n" not in longest["content"]


def test_is_the_same_each_time() -> None:
    first, second = Store(), Store()
    populate(first)
    populate(second)
    without_times = [
        [{k: v for k, v in f.items() if not k.endswith("_at")} for f in s.select(FILES)]
        for s in (first, second)
    ]
    assert without_times[0] == without_times[1]
    first.close()
    second.close()


async def test_foreign_ids_are_refused(neptun, caller) -> None:
    other = await caller(neptun.app).sign_in(OTHER_EMAIL, OTHER_PASSWORD)
    [project] = (await other("GET", "/api/users/2/projects")).json()
    [parent] = (
        await other("GET", f"/api/users/2/projects/{project['id']}/resources/imports")
    ).json()
    for path in (
        f"/api/users/2/projects/{project['id']}/resources/imports/{parent['id']}",
        f"/api/users/1/projects/{project['id']}/resources/imports/{parent['id']}",
        f"/api/users/1/projects/1/resources/imports/{parent['id']}",
    ):
        answer = await neptun("DELETE", path)
        assert answer.status_code == 401
        assert answer.json() == {"statusCode": 401, "statusMessage": "Unauthorized.", "stack": []}


async def test_many_extra_files_take_as_many_transactions_as_one(caller, monkeypatch) -> None:
    transactions: list[Store] = []
    open_ = Store._open
    monkeypatch.setattr(Store, "_open", lambda self: transactions.append(self) or open_(self))
    with closing(Store()) as small:
        populate(small, extra_files=1)
    store = Store()
    populate(store, extra_files=20_000)
    assert transactions.count(store) == transactions.count(small) > 0
    demo = await caller(create_app(store)).sign_in(DEMO_EMAIL, DEMO_PASSWORD)
    path = f"/api/users/1/projects/{MANY_FILES_PROJECT}/resources"
    [parent] = (await demo("GET", f"{path}/imports")).json()
    files = (await demo("GET", f"{path}/files")).json()
    assert len(files) == 20_000
    assert {f["import_id"] for f in files} == {parent["id"]}
    assert len(store.select(FILES)) == 20_000 + 211
    store.close()


async def test_prompt_context_holds_every_content(neptun, store: Store) -> None:
    projects = (await neptun("GET", "/api/users/1/projects")).json()
    [shop] = [p for p in projects if p["id"] == 1]
    imports = shop["prompt_context"]["resources"]["imports"]
    held = {f["content"] for i in imports for f in i["context_files"]}
    assert held == {
        f["content"] for f in store.select(FILES, project_id=1) if f["import_id"] in (101, 102)
    }


def test_a_copied_store_goes_on_with_its_own_ids() -> None:
    first = Store()
    populate(first)
    second = first.copy()
    assert second.select(FILES) == first.select(FILES)
    first.remove_all(FILES, project_id=1)
    assert second.select(FILES) != first.select(FILES)
    row = {"name": "new", "description": "", "type": "web", "neptun_user_id": 1}
    assert second.add(PROJECTS, row)["id"] == first.add(PROJECTS, row)["id"]
    first.close()
    second.close()
