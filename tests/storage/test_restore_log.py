"""Restore log: restored items are recorded on disk, so that none is posted twice."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.storage import restore_log
from neptun_tui.storage.backup_format import BackupUnavailable
from neptun_tui.storage.backups import Backups
from neptun_tui.storage.journal import new_run_id
from neptun_tui.storage.restore_log import resolve_ids


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "copies"


@pytest.fixture
def copies(folder):
    return Backups(folder)


def test_notes_of_what_was_restored(copies, folder):
    run_id = new_run_id()
    copies.notes(run_id).note_before([ResourceRef(Kind.FILE, 5), ResourceRef(Kind.IMPORT, 5)])
    copies.notes(run_id).note_restored(ResourceRef(Kind.IMPORT, 102), 201)
    copies.notes(run_id).note_restored(ResourceRef(Kind.FILE, 102), 202)
    copies.notes(run_id).note_before([])
    again = Backups(folder)
    assert again.restored(run_id) == {
        ResourceRef(Kind.IMPORT, 102): 201,
        ResourceRef(Kind.FILE, 102): 202,
    }
    assert again.notes(run_id).before() == {ResourceRef(Kind.FILE, 5), ResourceRef(Kind.IMPORT, 5)}
    assert copies.restored(new_run_id()) == {}


def test_an_item_that_went_and_came_back_twice_is_one_item():
    one, two = (
        {ResourceRef(Kind.FILE, 5): 20, ResourceRef(Kind.IMPORT, 5): 7},
        {ResourceRef(Kind.FILE, 20): 31},
    )
    newest = {
        ResourceRef(Kind.FILE, 5): 31,
        ResourceRef(Kind.FILE, 20): 31,
        ResourceRef(Kind.IMPORT, 5): 7,
    }
    assert resolve_ids([one, two]) == resolve_ids([two, one]) == newest
    assert resolve_ids([one, {ResourceRef(Kind.FILE, 5): 40}])[ResourceRef(Kind.FILE, 20)] == 40
    assert resolve_ids([]) == {}


def test_notes_that_go_round_in_a_circle_end():
    assert resolve_ids([{ResourceRef(Kind.FILE, 1): 2, ResourceRef(Kind.FILE, 2): 1}]).keys() <= {
        ResourceRef(Kind.FILE, 1),
        ResourceRef(Kind.FILE, 2),
    }


def test_a_torn_note_is_skipped_and_said(copies, folder):
    run_id = new_run_id()
    copies.notes(run_id).note_restored(ResourceRef(Kind.FILE, 1), 2)
    path = folder / f"{run_id}.restored.jsonl"
    path.write_bytes(path.read_bytes() + b'{"record":"resto')
    copies.notes(run_id).note_restored(ResourceRef(Kind.FILE, 3), 4)
    assert copies.restored(run_id) == {ResourceRef(Kind.FILE, 1): 2, ResourceRef(Kind.FILE, 3): 4}
    assert copies.problems == (f"Line 2 of {path} is torn, and was skipped.",)
    assert [json.loads(path.read_bytes().splitlines()[i])["new"] for i in (0, 2)] == [2, 4]


def test_a_note_that_is_not_on_disk_is_said(copies, monkeypatch):
    run_id = new_run_id()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "")))
        for act in (
            lambda: copies.notes(run_id).note_restored(ResourceRef(Kind.FILE, 1), 2),
            lambda: copies.notes(run_id).note_before([]),
        ):
            with pytest.raises(BackupUnavailable, match="the disk is full"):
                act()
    assert copies.restored(run_id) == {}


def test_a_post_is_open_until_its_answer_is_noted(copies):
    notes = copies.notes(new_run_id())
    one, two = ResourceRef(Kind.FILE, 1), ResourceRef(Kind.FILE, 2)
    notes.note_posting(None, others=[3, 4])
    notes.note_posting(one, 101)
    notes.note_posting(two, 101)
    notes.note_posting(two, 102)
    assert [post.under for post in notes.open_posts()[two]] == [101, 102]
    assert notes.open_posts()[None][0].others == (3, 4)
    assert all(0 <= p.age < 600 for posts in notes.open_posts().values() for p in posts)
    notes.note_restored(one, 201)
    notes.note_answered(two)
    notes.note_project(5)
    assert [post.under for post in notes.open_posts().pop(two)] == [102]
    assert set(notes.open_posts()) == {two}
    assert (notes.projects(), notes.restored()) == ((5,), {one: 201})


@pytest.mark.parametrize(
    ("boot", "now_boot", "uptime", "clock", "age"),
    [
        ("one", "one", 700, 10**9, 600),  # the clock was set, the machine was not restarted
        ("one", "one", 700, -(10**9), 600),
        ("one", "two", 50, 300, 300),
        ("one", "two", 900, -(10**9), 900),  # at least as old as this start of the machine
        ("", "", 0, 300, 300),
        ("", "", 0, -300, 0),
    ],
)
def test_the_age_of_a_post_on_a_machine_whose_clock_is_set(
    copies, monkeypatch, boot, now_boot, uptime, clock, age
):
    notes = copies.notes(new_run_id())
    monkeypatch.setattr(restore_log, "boot_id", lambda: boot)
    monkeypatch.setattr(restore_log, "uptime", lambda: timedelta(seconds=100))
    notes.note_posting(ResourceRef(Kind.FILE, 1))
    monkeypatch.setattr(restore_log, "boot_id", lambda: now_boot)
    monkeypatch.setattr(restore_log, "uptime", lambda: timedelta(seconds=uptime))
    path = notes.path
    then = datetime.now(UTC) - timedelta(seconds=clock)
    line = json.loads(path.read_text())
    path.write_text(json.dumps(line | {"at": then.isoformat()}) + "\n")
    [post] = notes.open_posts()[ResourceRef(Kind.FILE, 1)]
    assert abs(post.age - age) < 60


def test_what_was_listed_is_noted_for_each_project(copies):
    notes = copies.notes(new_run_id())
    notes.note_before([ResourceRef(Kind.FILE, 5)])
    notes.note_before([ResourceRef(Kind.FILE, 6)], 12)
    assert (notes.before(), notes.before(12)) == (
        {ResourceRef(Kind.FILE, 5)},
        {ResourceRef(Kind.FILE, 6)},
    )
    assert notes.before(13) is None
