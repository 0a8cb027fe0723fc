"""Session index: whole, torn and malformed files."""

import json

import pytest

from neptun_tui.storage.session_backends import BackendKind, SessionKey
from neptun_tui.storage.session_index import SessionEntry, SessionIndexFile

SLOT = SessionKey("https://a.test", 1)
GOOD = {"origin": "https://a.test", "uid": 1, "backend": "kernel", "kept_at": "2031-01-02T03:04:05"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sessions.json"


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", "{}", '{"v":2,"sessions":[]}', '{"v":1}', '{"v":1,"sessions":3}',
        "[" * 100_000, "\ud800".encode("utf-16-le", "surrogatepass").decode("latin-1"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_counts_as_empty_and_is_said(text, file):
    file.write_text(text, encoding="latin-1")
    roster = SessionIndexFile(file)
    assert roster.entries() == ()
    assert "cannot be read" in roster.problem
    roster.change([SessionEntry.now(SLOT, BackendKind.KERNEL)])
    assert len(roster.entries()) == 1
    assert roster.problem == ""


def test_a_missing_file_is_no_problem(file):
    roster = SessionIndexFile(file)
    assert (roster.entries(), roster.problem) == ((), "")
    roster.change(drop=[(SLOT, BackendKind.KERNEL)])
    assert not file.exists()


@pytest.mark.parametrize(
    "row",
    [
        3, None, {}, GOOD | {"uid": "1"}, GOOD | {"backend": "attic"}, GOOD | {"kept_at": "monday"},
        GOOD | {"origin": None},
    ],
)  # fmt: skip
def test_a_strange_row_is_left_out_and_the_others_count(row, file):
    file.write_text(json.dumps({"v": 1, "sessions": [row, GOOD | {"new": "field"}]}))
    roster = SessionIndexFile(file)
    assert [entry.key for entry in roster.entries()] == [(SLOT, BackendKind.KERNEL)]
    assert roster.problem == ""


def test_what_another_process_notes_is_seen_and_kept(file):
    here, there = SessionIndexFile(file), SessionIndexFile(file)
    here.change([SessionEntry.now(SLOT, BackendKind.KERNEL)])
    there.change([SessionEntry.now(SessionKey("https://b.test", 2), BackendKind.KEYRING)])
    here.change([SessionEntry.now(SessionKey("https://c.test", 3), BackendKind.FILE)])
    assert [entry.session_key.user_id for entry in SessionIndexFile(file).entries()] == [3, 2, 1]


def test_memory_is_noted_for_this_process_alone(file):
    roster = SessionIndexFile(file)
    roster.change([SessionEntry.now(SLOT, BackendKind.MEMORY)])
    assert len(roster.entries()) == 1
    assert not file.exists()


def test_forgotten_is_written_down(file):
    SessionIndexFile(file).change([SessionEntry.now(SLOT, BackendKind.KERNEL, forgotten=True)])
    (entry,) = SessionIndexFile(file).entries()
    assert entry.forgotten


def test_a_folder_in_its_place(file):
    file.mkdir()
    roster = SessionIndexFile(file)
    assert roster.entries() == ()
    assert "cannot be read" in roster.problem
    with pytest.raises(OSError, match="it is a folder"):
        roster.change([SessionEntry.now(SLOT, BackendKind.KERNEL)])
    assert len(roster.entries()) == 1
