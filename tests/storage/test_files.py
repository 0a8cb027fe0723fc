"""Private files that are never half written, and the file backend on them."""

import errno
import os
import stat

import pytest

from neptun_tui.storage import files
from neptun_tui.storage.files import read_private, write_private
from neptun_tui.storage.session_backends import BackendUnavailable, SessionFile, SessionKey

SLOT = SessionKey("http://[::1]:3000", 7)


@pytest.fixture(autouse=True)
def careless():
    """A umask that would leave everything open."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_private_from_the_first_byte(tmp_path):
    file = tmp_path / "a" / "b"
    write_private(file, "one")
    write_private(file, "two ␛")
    assert read_private(file) == "two ␛"
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert list(file.parent.iterdir()) == [file]


def test_an_open_folder_is_closed(tmp_path):
    (tmp_path / "a").mkdir(mode=0o755)
    write_private(tmp_path / "a" / "b", "")
    assert mode(tmp_path / "a") == 0o700


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "b"
    write_private(file, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_private(file, "new")
    assert read_private(file) == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_file_backend(tmp_path):
    backend = SessionFile(tmp_path / "s")
    backend.probe()
    assert backend.load(SLOT) is None
    assert backend.delete(SLOT) is False
    backend.store(SLOT, "throw-away")
    assert backend.load(SLOT) == "throw-away"
    (file,) = (tmp_path / "s").iterdir()
    assert file.name == "session-http%3A%2F%2F%5B%3A%3A1%5D%3A3000-7.json"
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert backend.delete(SLOT) is True
    assert backend.load(SLOT) is None


def test_what_a_crash_left_half_written_is_found_and_removed(tmp_path):
    backend = SessionFile(tmp_path)
    (tmp_path / ".session-http%3A%2F%2F%5B%3A%3A1%5D%3A3000-7.abc.part").write_text("throw-away")
    (tmp_path / "session-other.json").touch()
    assert backend.session_keys() == [SLOT]
    assert backend.delete(SLOT) is True
    assert backend.session_keys() == []
    backend.store(SLOT, "throw-away")
    assert backend.session_keys() == [SLOT]


@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o666])
def test_a_file_others_can_read_is_not_believed(open_to, tmp_path):
    backend = SessionFile(tmp_path)
    backend.store(SLOT, "throw-away")
    next(tmp_path.iterdir()).chmod(open_to)
    with pytest.raises(BackendUnavailable, match="read by others"):
        backend.load(SLOT)
    backend.store(SLOT, "throw-away")
    assert backend.load(SLOT) == "throw-away"


def test_a_place_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    backend = SessionFile(tmp_path / "file")
    with pytest.raises(OSError, match="exists") as caught:
        backend.probe()
    assert str(backend.explain(caught.value)) == "The session file cannot be used (File exists)."
    assert str(backend.explain(UnicodeDecodeError("utf-8", b"throw-away", 0, 1, "no"))) == (
        "The session file cannot be used (not text)."
    )


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_file_systems_that_sync_no_folders(number, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(number, "no")))
    files.sync_folder(tmp_path)


def test_a_folder_above_that_may_not_be_opened(tmp_path, monkeypatch):
    real = os.open

    def guarded(path, *options):
        if path == tmp_path:
            raise PermissionError
        return real(path, *options)

    monkeypatch.setattr(os, "open", guarded)
    (tmp_path / "own").mkdir()
    files.sync_name(tmp_path / "own" / "file")
    with pytest.raises(PermissionError):
        files.sync_name(tmp_path / "file")


def test_reasons_in_words():
    assert files.reason(OSError(errno.ENOSPC, "")) == "the disk is full"
    assert files.reason(OSError(errno.ELOOP, "Too many links")) == "Too many links"
    assert files.reason(TimeoutError()) == "TimeoutError"


def test_a_stream_that_breaks_off_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with files.private_stream(path) as stream:
            stream.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
