"""What was restored of a copy: noted on disk, so that nothing is posted back twice."""

import json
import os

import pytest

from neptun_tui.domain.deletion import Key
from neptun_tui.domain.resources import Kind
from neptun_tui.storage.copies import Copies, CopyUnavailable
from neptun_tui.storage.restored_notes import latest
from neptun_tui.storage.run_ids import new_run_id


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "copies"


@pytest.fixture
def copies(folder):
    return Copies(folder)


def test_notes_of_what_was_restored(copies, folder):
    run_id = new_run_id()
    copies.note_before(run_id, [Key(Kind.FILE, 5), Key(Kind.IMPORT, 5)])
    copies.note_restored(run_id, Key(Kind.IMPORT, 102), 201)
    copies.note_restored(run_id, Key(Kind.FILE, 102), 202)
    copies.note_before(run_id, [])
    again = Copies(folder)
    assert again.restored(run_id) == {Key(Kind.IMPORT, 102): 201, Key(Kind.FILE, 102): 202}
    assert again.before(run_id) == {Key(Kind.FILE, 5), Key(Kind.IMPORT, 5)}
    assert copies.restored(new_run_id()) == {}


def test_an_item_that_went_and_came_back_twice_is_one_item():
    one, two = {Key(Kind.FILE, 5): 20, Key(Kind.IMPORT, 5): 7}, {Key(Kind.FILE, 20): 31}
    newest = {Key(Kind.FILE, 5): 31, Key(Kind.FILE, 20): 31, Key(Kind.IMPORT, 5): 7}
    assert latest([one, two]) == latest([two, one]) == newest
    assert latest([one, {Key(Kind.FILE, 5): 40}])[Key(Kind.FILE, 20)] == 40
    assert latest([]) == {}


def test_notes_that_go_round_in_a_circle_end():
    assert latest([{Key(Kind.FILE, 1): 2, Key(Kind.FILE, 2): 1}]).keys() <= {
        Key(Kind.FILE, 1),
        Key(Kind.FILE, 2),
    }


def test_a_torn_note_is_skipped_and_said(copies, folder):
    run_id = new_run_id()
    copies.note_restored(run_id, Key(Kind.FILE, 1), 2)
    path = folder / f"{run_id}.restored.jsonl"
    path.write_bytes(path.read_bytes() + b'{"record":"resto')
    copies.note_restored(run_id, Key(Kind.FILE, 3), 4)
    assert copies.restored(run_id) == {Key(Kind.FILE, 1): 2, Key(Kind.FILE, 3): 4}
    assert copies.problems == (f"Line 2 of {path} is torn, and was skipped.",)
    assert [json.loads(path.read_bytes().splitlines()[i])["new"] for i in (0, 2)] == [2, 4]


def test_a_note_that_is_not_on_disk_is_said(copies, monkeypatch):
    run_id = new_run_id()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "")))
        for act in (
            lambda: copies.note_restored(run_id, Key(Kind.FILE, 1), 2),
            lambda: copies.note_before(run_id, []),
        ):
            with pytest.raises(CopyUnavailable, match="the disk is full"):
                act()
    assert copies.restored(run_id) == {}
