"""Lock files: held by one, inspected by many, and always released."""

import os

import pytest

from neptun_tui.storage import locks
from neptun_tui.storage.jsonl import LinesFile


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    class Lockless:
        LOCK_SH, LOCK_EX, LOCK_NB = 1, 2, 4

        def flock(self, *_):
            raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "FCNTL", Lockless())
    file = LinesFile(tmp_path / "lines")
    file.append(b"one\n")
    assert list(file.lines()) == [(1, b"one\n")]
    life = locks.take(file.path.with_suffix(".lock"))
    assert not locks.is_held(file.path.with_suffix(".lock"))
    life.release()
    assert list(file.path.parent.iterdir()) == [file.path]


def test_a_lock_that_cannot_be_looked_at_counts_as_held(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    assert not locks.is_held(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no")))
        assert locks.is_held(path)
    life = locks.take(path)
    assert locks.is_held(path)
    assert locks.take(path, 0.01) is None
    life.release()
    life.release()
    assert not path.exists()


def test_a_lock_file_removed_under_way_is_made_again(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    real, first = locks.lock, []

    def lock(descriptor, **options):
        if not first:
            first.append(path.unlink())
        return real(descriptor, **options)

    monkeypatch.setattr(locks, "lock", lock)
    life = locks.take(path, 1)
    assert path.exists()
    life.release()


def test_a_lock_that_the_system_will_not_give_leaks_nothing(tmp_path, monkeypatch):
    class Broken:
        LOCK_SH, LOCK_EX, LOCK_NB = 1, 2, 4

        def flock(self, *_):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(locks, "FCNTL", Broken())
    opened, real = [], os.open
    monkeypatch.setattr(os, "open", lambda *how: opened.append(real(*how)) or opened[-1])
    with pytest.raises(OSError, match="Input"):
        locks.take(tmp_path / "lock")
    assert locks.is_held(tmp_path / "lock")
    assert len(opened) == 2
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_lock_file_may_stay_for_the_next_one(tmp_path):
    path = tmp_path / "locks" / "lock"
    assert not locks.has_free_files(path.parent)
    path.parent.mkdir()
    life = locks.take(path)
    assert not locks.has_free_files(path.parent)
    life.release(remove=False)
    life.release()
    assert path.exists()
    assert locks.has_free_files(path.parent)


def test_a_platform_without_locks():
    assert locks._optional("no_such_module") is None
