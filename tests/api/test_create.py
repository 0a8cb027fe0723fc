"""Creation of imports and files: the requests sent, and every response to them."""

import asyncio
import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from neptun_tui.api.http import Timeouts
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    InvalidId,
    OutcomeUnknown,
    Rejected,
    ServerFailed,
    SessionExpired,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.resources import File, Import

RECORDED = Path(__file__).parents[1] / "contract" / "exchanges.jsonl"
EXCHANGES = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
POSTS = [
    exchange
    for exchange in EXCHANGES
    if exchange["request"]["method"] == "POST"
    and re.search(r"/resources/(imports|files)$", exchange["request"]["path"])
]

IMPORT = Import(
    *(9, 5, "local_folder", "/srv/\x1b[2Japp", "main", "whatever ☃", "boom\nline 2"),
    file_tree={"children": [{"name": "a.md", "type": "file"}]},
)
FILE = File(
    *(7, 5, 9, "package.json", "/app/package.json", "{\r\n}\u2028<b>&amp;", "text"),
    *("package_manager", 2, "json", {"k": [1, 2]}, "https://x.test/a.pdf", "/app", 1),
    file_size=2,
)
MADE = {"id": 41, "source_type": "local_folder", "source_path": "/", "title": "t"}


async def create(client, session, item, parent=9):
    if isinstance(item, Import):
        return await client.create_import(session, 5, item)
    return await client.create_file(session, 5, item, parent)


class Log(list):
    """Transport that returns the next response to each request, and then repeats the last one."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)

    def __call__(self, request):
        self.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def forms(self):
        return [json.loads(request.content) for request in self if request.method == "POST"]


async def test_every_field_that_a_client_can_set_is_sent(scripted, session):
    log = Log(httpx.Response(200, json=MADE))
    client = scripted(log)
    await client.create_import(session, 5, IMPORT)
    await client.create_file(session, 5, FILE, 12)
    await client.create_file(session, 5, File(7, 5, None, ""), None)
    assert [f"{r.method} {r.url.path}" for r in log] == [
        "POST /api/users/7/projects/5/resources/imports",
        "POST /api/users/7/projects/5/resources/files",
        "POST /api/users/7/projects/5/resources/files",
    ]
    assert log[0].headers["content-type"] == "application/json"
    assert log.forms[0] == {
        "source_type": "local_folder",
        "source_path": "/srv/\x1b[2Japp",
        "source_ref": "main",
        "import_status": "whatever ☃",
        "error_message": "boom\nline 2",
        "file_tree": IMPORT.file_tree,
        "neptun_user_id": 7,
    }
    assert log.forms[1] == {
        "title": "package.json",
        "original_path": "/app/package.json",
        "content": FILE.content,
        "file_type": "text",
        "category": "package_manager",
        "file_size": 2,
        "language": "json",
        "metadata": {"k": [1, 2]},
        "pdf_url": "https://x.test/a.pdf",
        "parent_path": "/app",
        "depth": 1,
        "neptun_user_id": 7,
        "import_id": 12,
    }
    # Left out it would become "text" and 0, so nothing is sent as nothing.
    assert (log.forms[2]["language"], log.forms[2]["depth"]) == (None, None)
    assert "import_id" not in log.forms[2]


async def test_no_field_is_one_that_neptun_would_not_know(scripted, session):
    log = Log(httpx.Response(200, json=MADE))
    client = scripted(log)
    await client.create_import(session, 5, IMPORT)
    await client.create_file(session, 5, FILE, 12)
    for form, path in zip(log.forms, ("/imports", "/files"), strict=True):
        accepted = {
            name
            for post in POSTS
            if post["request"]["path"].endswith(path)
            and post["response"]["status"] == 200
            and not post["request"].get("body_cut")
            for name in json.loads(post["response"]["body"])
        }
        assert set(form) <= accepted
        assert accepted - set(form) == {"id", "created_at", "updated_at", "project_id"}


async def test_a_server_that_lists_as_documented_gets_the_documented_names(scripted, session):
    log = Log(httpx.Response(200, json={"files": []}), httpx.Response(201, json={"file": MADE}))
    client = scripted(log)
    await client.files(session, 5)
    await client.create_file(session, 5, FILE, 12)
    [form] = log.forms
    assert form["text"] == FILE.content
    assert (form["context_file_type"], form["context_file_category"]) == ("text", "package_manager")
    assert form["extension"] == "json"
    assert not {"content", "file_type", "category"} & set(form)


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_both_dialects_of_the_answer(wrapped, status, scripted, session):
    made = {**MADE, "text" if wrapped else "content": "a\u2028b"}
    client = scripted(httpx.Response(status, json={"import": made} if wrapped else made))
    item = await client.create_import(session, 5, IMPORT)
    assert (item.id, item.project_id, item.source_path) == (41, 5, "/")
    made = {**MADE, "text" if wrapped else "content": "c" * 3_000_000}
    client = scripted(httpx.Response(status, json={"file": made} if wrapped else made))
    file = await client.create_file(session, 5, FILE, 9)
    assert (file.id, len(file.content)) == (41, 3_000_000)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"id":0}',
        b'{"import":null}',
        b'{"file":[]}',
        b'{"id":1},{"id":2}',
        b'{"id":41',
    ],
)
@pytest.mark.parametrize("item", [IMPORT, FILE], ids=["import", "file"])
async def test_an_answer_that_names_no_id_is_not_believed(item, body, scripted, session):
    client = scripted(httpx.Response(200, content=body))
    with pytest.raises(UnusableAnswer, match="under which ID") as caught:
        await create(client, session, item)
    assert caught.value.status == 200


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (500, {"statusCode": 500, "statusMessage": "Internal Server Error."}, ServerFailed),
        (413, {"error": True, "statusCode": 413, "message": "Payload Too Large"}, Rejected),
        (401, {"statusCode": 401, "statusMessage": "Unauthorized."}, AccessDenied),
        (401, {"error": True, "statusCode": 401, "message": "Unauthorized"}, SessionExpired),
        (403, {"statusCode": 403, "message": "Forbidden"}, AccessDenied),
        (429, {}, Busy),
        (404, {"statusCode": 404, "message": "Project not found"}, AccessDenied),
    ],
)
@pytest.mark.parametrize("item", [IMPORT, FILE], ids=["import", "file"])
async def test_refusals(item, status, body, meaning, scripted, session):
    client = scripted(httpx.Response(status, json=body))
    with pytest.raises(meaning) as caught:
        await create(client, session, item)
    assert type(caught.value) is meaning
    assert caught.value.status == status


async def test_html_with_a_200_is_no_neptun(scripted, session):
    client = scripted(httpx.Response(200, html="<h1>Log in</h1>"))
    with pytest.raises(UnusableAnswer):
        await client.create_import(session, 5, IMPORT)


BARE_400 = {"error": True, "statusCode": 400, "statusMessage": "Bad Request"}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"source_path": "/a<b"}, "source_path"),
        ({"error_message": "x > y", "status": "<3"}, "error_message, import_status"),
        ({"file_tree": {"children": [{"List<T>.java": 1}]}}, "file_tree"),
    ],
)
@pytest.mark.parametrize("body", [BARE_400, {"statusCode": 400, "message": "Bad Request"}])
async def test_filtered_markup_is_said_in_words(body, changed, where, scripted, session):
    client = scripted(httpx.Response(400, json=body))
    with pytest.raises(Rejected, match=f"< and > in imports; they are in {where}\\.") as caught:
        await client.create_import(session, 5, replace(IMPORT, **changed))
    assert caught.value.fields == tuple(where.split(", "))
    assert caught.value.status == 400


async def test_no_400_is_blamed_on_markup_without_reason(scripted, session):
    client = scripted(httpx.Response(400, json=BARE_400))
    with pytest.raises(Rejected, match="as it is"):
        await client.create_import(session, 5, IMPORT)
    with pytest.raises(Rejected, match="as it is"):
        await client.create_file(session, 5, FILE, 9)  # files may hold it
    issues = {"statusCode": 400, "data": {"issues": [{"path": ["source_type"]}]}}
    client = scripted(httpx.Response(400, json=issues))
    with pytest.raises(Rejected, match="source_type") as caught:
        await client.create_import(session, 5, replace(IMPORT, source_path="<"))
    assert caught.value.fields == ("source_type",)


@pytest.mark.parametrize("bad", ["a\0b", "half \ud800", "\udc00"], ids=["NUL", "high", "low"])
async def test_what_cannot_be_kept_is_not_sent(bad, scripted, session):
    log = Log(httpx.Response(200, json=MADE))
    client = scripted(log)
    for item, field in (
        (replace(IMPORT, source_path=bad), "source_path"),
        (replace(IMPORT, file_tree={"children": [{bad: None}]}), "file_tree"),
        (replace(FILE, title=bad), "title"),
        (replace(FILE, content="漢字" * 99 + bad), "content"),
        (replace(FILE, metadata=[1, [bad]]), "metadata"),
    ):
        with pytest.raises(Rejected, match=f"is in {field}, and") as caught:
            await create(client, session, item)
        assert caught.value.fields == (field,)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Rejected, match="nested"):
        await create(client, session, replace(FILE, metadata=deep))
    assert log == []


@pytest.mark.parametrize("bad", [0, -1, 2147483648, True, "1/../2", ""])
async def test_ids_are_checked_first(bad, scripted, session):
    log = Log(httpx.Response(200, json=MADE))
    client = scripted(log)
    for call in (
        client.create_import(session, bad, IMPORT),
        client.create_file(session, bad, FILE, 9),
        client.create_file(session, 5, FILE, bad),
    ):
        with pytest.raises(InvalidId):
            await call
    assert log == []


async def test_a_session_is_shown_to_its_own_server_only(scripted, session_for):
    log = Log(httpx.Response(200, json=MADE))
    with pytest.raises(AccessDenied):
        await scripted(log).create_import(session_for("https://other.example"), 5, IMPORT)
    assert log == []


async def test_what_breaks_off_may_have_been_carried_out(serve, client_for, session_for):
    async def reset(wire):
        await wire.request()
        wire.reset()

    serving = await serve(reset)
    client = client_for(serving.origin)
    for item in (IMPORT, FILE):
        with pytest.raises(OutcomeUnknown) as caught:
            await create(client, session_for(serving.origin), item)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


async def test_what_was_never_connected_was_not_sent(client_for, session_for):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable):
            await create(client_for(origin), session_for(origin), FILE)


async def test_a_long_content_gets_time_to_leave(serve, client_for, session_for):
    async def slow(wire):
        head = await wire.request()
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        await wire.reader.readexactly(length // 2)
        await asyncio.sleep(0.4)
        await wire.reader.readexactly(length - length // 2)
        await wire.answer("200 OK", json.dumps(MADE).encode())

    serving = await serve(slow)
    client = client_for(serving.origin, timeouts=Timeouts(total=0.2))
    session = session_for(serving.origin)
    made = await create(client, session, replace(FILE, content="x" * 200_000))
    assert made.id == 41
    with pytest.raises(OutcomeUnknown):
        await create(client, session, FILE)


@pytest.mark.parametrize("post", POSTS, ids=[post["name"][:60] for post in POSTS])
async def test_recorded_answers(post, scripted, session):
    recorded = post["response"]
    body = recorded["body"]
    client = scripted(httpx.Response(recorded["status"], headers=recorded["headers"], text=body))
    item = IMPORT if post["request"]["path"].endswith("/imports") else FILE
    if recorded["status"] == 200 and not recorded.get("body_cut"):
        assert (await create(client, session, item)).id == json.loads(body)["id"]
        return
    meaning = {200: UnusableAnswer, 400: Rejected, 413: Rejected, 500: ServerFailed}
    access = AccessDenied if "Unauthorized." in body else SessionExpired
    with pytest.raises(meaning.get(recorded["status"], access)) as caught:
        await create(client, session, item)
    issues = json.loads(body)["data"]["issues"] if '"ZodError"' in body else []
    named = tuple(dict.fromkeys(issue["path"][0] for issue in issues if issue["path"]))
    assert getattr(caught.value, "fields", ()) == named


def test_enough_is_recorded():
    statuses = [post["response"]["status"] for post in POSTS]
    assert statuses.count(200) >= 25
    assert statuses.count(400) >= 12
    assert {401, 413, 500} <= set(statuses)
