import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neptun_tui.api import codec
from neptun_tui.domain.errors import UnusableAnswer
from neptun_tui.domain.resources import MAX_ID, StoredContext
from neptun_tui.domain.stored_context import (
    file_fingerprint,
    import_fingerprint,
    of_items,
)

LISTS = {
    "projects": codec.projects,
    "imports": lambda body: codec.imports(body, 5),
    "files": lambda body: codec.files(body, 5),
}
each_list = pytest.mark.parametrize("kind", LISTS)


def decode(kind, value):
    return LISTS[kind](value if isinstance(value, bytes) else json.dumps(value).encode())


def test_an_observed_file():
    (file,) = decode(
        "files",
        [
            {
                "id": 3,
                "title": "Dockerfile",
                "original_path": "src/2/Dockerfile",
                "content": "# é\n",
                "file_type": "text",
                "category": "server",
                "file_size": 4711,
                "pdf_url": None,
                "language": "docker",
                "metadata": {"a": [1]},
                "parent_path": "src/2",
                "depth": 2,
                "created_at": "2026-11-21T16:14:04.049Z",
                "updated_at": "2026-11-21T16:14:05",
                "neptun_user_id": 1,
                "import_id": 9,
                "project_id": 8,
            }
        ],
    )
    assert (file.id, file.import_id, file.size, file.depth) == (3, 9, 4711, 2)
    assert file.project_id == 8  # its own: the client refuses another than it asked for
    assert (file.title, file.original_path, file.content) == (
        "Dockerfile",
        "src/2/Dockerfile",
        "# é\n",
    )
    assert (file.file_type, file.category, file.language) == ("text", "server", "docker")
    assert (file.metadata, file.parent_path) == ({"a": [1]}, "src/2")
    assert file.created_at == datetime(2026, 11, 21, 16, 14, 4, 49000, UTC)
    assert file.updated_at == datetime(2026, 11, 21, 16, 14, 5, tzinfo=UTC)


def test_documented_names():
    files = {
        "files": [
            {
                "id": 3,
                "title": "t",
                "text": "été",
                "context_file_type": "markdown",
                "context_file_category": "runtime",
                "extension": "md",
            }
        ]
    }
    (file,) = decode("files", files)
    assert (file.content, file.file_type, file.category) == ("été", "markdown", "runtime")
    assert file.size == 5
    (project,) = decode(
        "projects",
        {"projects": [{"id": 1, "project_type": "web-app", "programming_language": "go"}]},
    )
    assert (project.name, project.type, project.main_language) == ("", "web-app", "go")
    (found,) = decode(
        "imports",
        {
            "imports": [
                {
                    "id": 1,
                    "source_type": "github",
                    "title": "T",
                    "description": "D",
                    "file_tree": [{"x": 1}],
                    "source_ref": "main",
                    "import_status": "odd ☃",
                    "error_message": "E",
                }
            ]
        },
    )
    assert (found.title, found.description, found.source_type) == ("T", "D", "github")
    assert (found.source_ref, found.status, found.error_message) == ("main", "odd ☃", "E")
    assert found.file_tree == [{"x": 1}]
    assert found.project_id == 5


def nested(*files, **fields):
    item = {"source_type": "local_folder", "source_path": "/", "source_ref": None}
    return {"resources": {"imports": [item | {"context_files": list(files)}]}, **fields}


SECRET = {"title": "a", "original_path": "a.txt", "content": "é \\u2028 secret"}
ROOT = import_fingerprint("local_folder", "/", None)
PRINT = file_fingerprint("a.txt", "a", SECRET["content"])


def test_of_the_stored_context_only_fingerprints_are_kept():
    made = "2026-11-27T23:53:40.199Z"
    body = [{"id": 1, "prompt_context": nested(SECRET, currentDate=made)}]
    (project,) = decode("projects", body)
    assert project.stored_context == StoredContext(
        (ROOT, PRINT), datetime(2026, 11, 27, 23, 53, 40, 199000, UTC)
    )
    assert "secret" not in repr(project.stored_context)
    assert "secret" not in repr(project)


def test_a_list_of_projects_keeps_no_contents():
    content = "x" * 200_000
    body = json.dumps(
        [{"id": n, "prompt_context": nested(SECRET | {"content": content})} for n in range(1, 41)]
    ).encode()
    tracemalloc.start()
    projects = codec.projects(body)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(projects) == 40
    assert kept < 200_000
    assert most < 3_000_000  # of 8 MB of contents


@pytest.mark.parametrize(
    ("context", "held"),
    [
        (None, ()),
        ({"resources": {"imports": [], "collections": []}}, ()),
        (nested(), (ROOT,)),
        (nested(SECRET), (ROOT, PRINT)),
        (nested({**SECRET, "content": None}), (ROOT, file_fingerprint("a.txt", "a", ""))),
        (nested({"text": "t"}), (ROOT, file_fingerprint("", "", "t"))),
        ({"resources": {"files": [SECRET | {"import_id": 4}, {"title": "own"}]}}, (PRINT,)),
    ],
)
def test_both_forms_of_a_context_are_read(context, held):
    (project,) = decode("projects", [{"id": 1, "prompt_context": context}])
    assert project.stored_context.items == held
    if context is not None:
        assert codec.context(json.dumps({"context": context}).encode()).items == held


@pytest.mark.parametrize(
    "context",
    ["text", 7, [], {}, {"resources": None}, {"resources": {}}, {"resources": {"imports": [7]}}],
)
def test_a_context_of_another_form_hides_no_project_and_tells_nothing(context):
    (project,) = decode("projects", [{"id": 1, "prompt_context": context}])
    assert (project.id, project.stored_context) == (1, None)
    with pytest.raises(UnusableAnswer):
        codec.context(json.dumps({"context": context}).encode())


def test_half_a_character_in_a_context_is_mended_as_in_a_list_of_files():
    files = b'[{"id":1,"title":"a","original_path":"a.txt","content":"\\ud800!"}]'
    context = (
        b'{"context":{"resources":{"imports":[{"context_files":'
        b'[{"title":"a","original_path":"a.txt","content":"\\ud800!"}]}]}}}'
    )
    (file,) = codec.files(files, 1)
    assert codec.context(context).items[1] == of_items([], [file]).items[0]


def test_one_project_is_read_bare_or_in_its_envelope():
    bare = {"id": 4, "name": "Shop", "prompt_context": nested(SECRET)}
    for value in (bare, {"project": bare}):
        project = codec.project(json.dumps(value).encode(), 4)
        assert (project.id, project.name) == (4, "Shop")
        assert project.stored_context.items == (ROOT, PRINT)
    for value in (bare | {"id": 5}, {}, [], None, "x"):
        with pytest.raises(UnusableAnswer):
            codec.project(json.dumps(value).encode(), 4)


@each_list
def test_an_empty_list_in_either_dialect_is_empty(kind):
    assert decode(kind, []) == []
    assert decode(kind, {kind: []}) == []
    assert decode(kind, b" [ ] ") == []


@each_list
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"0",
        b'""',
        b"false",
        b"[null]",
        b"[[]]",
        b"[1]",
        b"[",
        b"[]]",
        b'[{"id":1},',
        b'[{"id":1}',
        b"<!DOCTYPE html><html></html>",
        b"\xff\xfe[\x00]\x00",
        b"[" * 100_000,
        b'[{"id":1,"metadata":' + b"[" * 5000 + b"]" * 5000 + b',"file_tree":'
        b"" + b"[" * 5000 + b"]" * 5000 + b',"name":' + b"[" * 5000 + b"]" * 5000 + b"}]",
        b'{"data":[]}',
        b'{"error":true,"statusCode":500}',
        b'{"statusCode":404,"message":"Import not found"}',
        b'{"imports":null,"projects":null,"files":null}',
        b'{"imports":{},"projects":{},"files":{}}',
    ],
)
def test_what_is_no_list_is_an_error(kind, body):
    with pytest.raises(UnusableAnswer):
        decode(kind, body)


def test_a_text_that_is_no_utf_8_is_an_error():
    with pytest.raises(UnusableAnswer):
        codec.files(b'[{"id":1,"title":"\xff"}]', 5)


@each_list
@pytest.mark.parametrize(
    "bad", [None, 0, -1, MAX_ID + 1, 10**30, "1", 1.0, 1.5, True, [], {"id": 1}]
)
def test_an_entry_without_a_valid_id_breaks_the_listing(kind, bad):
    with pytest.raises(UnusableAnswer):
        decode(kind, [{"id": 1}, {"id": bad}])
    with pytest.raises(UnusableAnswer):
        decode(kind, [{"id": 1}, {}])


@each_list
def test_repeats_are_removed_and_the_first_stays(kind):
    name = {"projects": "name", "imports": "source_path", "files": "title"}[kind]
    rows = decode(kind, [{"id": 2, name: "a"}, {"id": 1, name: "b"}, {"id": 2, name: "c"}])
    assert [(row.id, getattr(row, name)) for row in rows] == [(2, "a"), (1, "b")]


odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("aé☃\x1b[", max_size=5),
    st.sampled_from(["0001-01-01", "2026-11-21T16:14:04Z", "20261121", "1-1-1", "\ud800"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(), max_size=2),
)
FIELDS = [
    "name",
    "description",
    "type",
    "main_language",
    "created_at",
    "updated_at",
    "source_type",
    "source_path",
    "source_ref",
    "import_status",
    "error_message",
    "title",
    "file_tree",
    "original_path",
    "content",
    "text",
    "file_type",
    "category",
    "file_size",
    "language",
    "metadata",
    "pdf_url",
    "parent_path",
    "depth",
]


@settings(deadline=None)
@given(item=st.dictionaries(st.sampled_from(FIELDS), odd), kind=st.sampled_from(list(LISTS)))
def test_odd_optional_fields_never_cost_a_row(item, kind):
    (row,) = decode(kind, [{**item, "id": 4}])
    assert row.id == 4
    for moment in (row.created_at, row.updated_at):
        if moment is not None:
            moment.astimezone()  # may be shown in any zone
    if kind == "files":
        assert row.size >= 0
        row.content.encode()


@pytest.mark.parametrize(
    ("size", "content", "expected"),
    [(0, "abc", 0), (-1, "abc", 3), (None, "é", 2), ("12", "abc", 3), (1.5, "", 0), (True, "", 0)],
)
def test_sizes(size, content, expected):
    (file,) = decode("files", [{"id": 1, "file_size": size, "content": content}])
    assert file.size == expected


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "yesterday", "", 17]
)
def test_bad_dates_are_none(text):
    (file,) = decode("files", [{"id": 1, "created_at": text}])
    assert file.created_at is None


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        (rb"a\ud800b", "a\ufffdb"),
        (rb"\uDC00", "\ufffd"),
        (rb"\ud800\ud800\udc00", "\ufffd\U00010000"),
        (rb"\ud83d\ude80\ud83d", "🚀\ufffd"),
        (rb"\\ud800\ud800", "\\ud800\ufffd"),
        (rb"\\\ud800", "\\\ufffd"),
        (rb"\u00e9\n\"\udfff\"", 'é\n"\ufffd"'),
    ],
)
def test_half_a_character_costs_neither_the_row_nor_the_listing(escaped, expected):
    body = b'[{"id":1,"prompt_context":"\\ud800","title":"' + escaped + b'"},{"id":2}]'
    first, second = decode("files", body)
    assert first.title == expected
    assert second.id == 2


@settings(deadline=None)
@given(st.text(st.sampled_from('a\\"\nud8\ud83d\udbff\udc00\ude80🚀é')))
def test_any_javascript_string_survives(text):
    (file,) = decode("files", [{"id": 1, "content": text}])
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert file.content == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in paired)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["id", "imports", "files", "projects"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "imports", "files", "projects", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(body=st.one_of(st.binary(), json_values.map(lambda v: json.dumps(v).encode())))
@example(b"[]")
def test_an_empty_list_comes_only_from_an_empty_list(body):
    for kind, read in LISTS.items():
        try:
            rows = read(body)
        except UnusableAnswer:
            continue
        value = json.loads(body)
        items = value[kind] if isinstance(value, dict) else value
        assert isinstance(items, list)
        assert bool(rows) == bool(items)


@settings(deadline=None)
@given(cut=st.integers(0, 60))
def test_a_truncated_list_is_never_taken(cut):
    body = b'{"files":[{"id":1,"title":"a"},{"id":2}]}'
    if cut < len(body):
        with pytest.raises(UnusableAnswer):
            codec.files(body[:cut], 1)


def test_a_user():
    body = b'{"id":"x","user":{"id":1,"primary_email":"a@b.c"},"loggedInAt":"2026-11-21T16:14:04Z"}'
    user = codec.user(body)
    assert (user.id, user.email) == (1, "a@b.c")
    assert user.signed_in_at == datetime(2026, 11, 21, 16, 14, 4, tzinfo=UTC)
    assert codec.user(b'{"user":{"id":1,"primary_email":null}}').email == ""
    assert codec.user(b'{"id":"x"}') is None
    assert codec.user(b'{"user":null}') is None


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"true", b'{"user":{}}', b'{"user":1}', b'{"user":{"id":"1"}}', b"<"]
)
def test_no_user(body):
    with pytest.raises(UnusableAnswer):
        codec.user(body)


@pytest.mark.parametrize(("said", "parent"), [(None, None), (7, 7), ("7", 7)])
def test_the_import_of_a_file_is_understood(said, parent):
    (file,) = decode("files", [{"id": 4, "import_id": said}])
    assert file.import_id == parent


@pytest.mark.parametrize("said", [1.5, "x", {}, [], True, 0, -1, "0", 2**31])
def test_a_file_whose_import_is_not_understood_breaks_the_list_and_hides_from_no_cascade(said):
    with pytest.raises(UnusableAnswer):
        decode("files", [{"id": 4, "import_id": said}])


def test_a_list_of_another_project_is_none():
    mine, foreign = decode("files", [{"id": 1}, {"id": 2, "project_id": 6}])
    assert codec.all_of([mine], 5) == [mine]
    with pytest.raises(UnusableAnswer):
        codec.all_of([mine, foreign], 5)
