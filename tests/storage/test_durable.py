"""Names that are on disk, as far as the file system knows such a thing."""

import errno
import os

import pytest

from neptun_tui.storage import durable


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_file_systems_that_sync_no_folders(number, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(number, "no")))
    durable.sync_folder(tmp_path)


def test_a_folder_above_that_may_not_be_opened(tmp_path, monkeypatch):
    real = os.open

    def guarded(path, *options):
        if path == tmp_path:
            raise PermissionError
        return real(path, *options)

    monkeypatch.setattr(os, "open", guarded)
    (tmp_path / "own").mkdir()
    durable.sync_name(tmp_path / "own" / "file")
    with pytest.raises(PermissionError):
        durable.sync_name(tmp_path / "file")


def test_reasons_in_words():
    assert durable.reason(OSError(errno.ENOSPC, "")) == "the disk is full"
    assert durable.reason(OSError(errno.ELOOP, "Too many links")) == "Too many links"
    assert durable.reason(TimeoutError()) == "TimeoutError"


def test_a_stream_that_breaks_off_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with durable.private_stream(path) as stream:
            stream.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
