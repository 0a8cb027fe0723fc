"""Other objects in the place of our files: nothing blocks, nothing else is touched."""

import os
import signal
import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from neptun_tui.storage import files, locks, process
from neptun_tui.storage.backup_format import BackupUnavailable
from neptun_tui.storage.backups import Backups
from neptun_tui.storage.config import Settings, load
from neptun_tui.storage.journal import new_run_id
from neptun_tui.storage.jsonl import LinesFile
from neptun_tui.storage.session_backends import BackendKind, SessionFile, SessionKey
from neptun_tui.storage.session_index import SessionEntry, SessionIndexFile

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")

SLOT = SessionKey("https://a.test", 7)


@pytest.fixture
def other(tmp_path):
    """A file that is not ours to write to, with a mode that would be noticed."""
    other = tmp_path / "other"
    other.write_bytes(b"theirs\n")
    other.chmod(0o644)
    return other


@pytest.fixture
def put(tmp_path, other):
    """Put something in the place of a file."""

    def put(kind, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "socket":
                with socket.socket(socket.AF_UNIX) as made:
                    os.chdir(path.parent)  # a socket's path must be short
                    made.bind(path.name)
            case "folder":
                path.mkdir()
            case "loop":
                path.symlink_to(path.name)
            case "nowhere":
                path.symlink_to(tmp_path / "nothing" / "here")
            case "link":
                path.symlink_to(other)
            case device:
                path.symlink_to(f"/dev/{device}")

    before = os.getcwd()  # noqa: PTH109 - only to come back to it
    yield put
    os.chdir(before)


KINDS = ["pipe", "socket", "folder", "loop", "nowhere", "link", "null", "zero", "tty"]


@pytest.fixture(autouse=True)
def untouched(other):
    """Nothing hangs, and neither another file nor a device has changed at the end."""

    def give_up(*_):
        raise AssertionError("it waits without end")

    devices = {name: Path("/dev", name).stat().st_mode for name in ("null", "zero", "tty")}
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert other.read_bytes() == b"theirs\n"
    assert stat.S_IMODE(other.stat().st_mode) == 0o644
    assert {name: Path("/dev", name).stat().st_mode for name in devices} == devices


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_neither_read_from_it_nor_added_to_it(kind, put, tmp_path):
    file = LinesFile(tmp_path / "state" / "lines")
    put(kind, file.path)
    with pytest.raises(OSError, match=r"it is a |Too many levels"):
        file.append(b"ours\n")
    with pytest.raises(OSError, match=r"it is a |Too many levels"):
        list(file.lines())


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_of_sessions_in_its_place_is_empty_and_said(kind, put, tmp_path):
    path = tmp_path / "state" / "sessions.json"
    put(kind, path)
    index = SessionIndexFile(path)
    assert index.entries() == ()
    assert "cannot be read: it is a " in index.problem
    with pytest.raises(OSError, match="it is a "):
        index.change([SessionEntry.now(SLOT, BackendKind.KEYRING)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_is_not_taken_from_it(kind, put, tmp_path):
    backend = SessionFile(tmp_path / "state")
    backend.store(SLOT, "throw-away")
    (path,) = (tmp_path / "state").iterdir()
    path.unlink()
    put(kind, path)
    with pytest.raises(OSError, match="it is a "):
        backend.load(SLOT)
    if kind != "folder":
        backend.store(SLOT, "throw-away")  # in its place, and not where it leads
        assert backend.load(SLOT) == "throw-away"


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_is_not_made_of_it(kind, put, tmp_path):
    path = tmp_path / "state" / "x.lock"
    put(kind, path)
    assert not locks.is_held(path)
    with pytest.raises(OSError, match="it is a "):
        locks.take(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_and_its_notes_are_not_read_from_it(kind, put, tmp_path):
    copies, run_id = Backups(tmp_path / "copies"), new_run_id()
    put(kind, tmp_path / "copies" / f"{run_id}.jsonl")
    put(kind, tmp_path / "copies" / f"{run_id}.restored.jsonl")
    assert copies.infos() == ()
    assert len(copies.problems) == 1
    for ask in (copies.read, copies.restored):
        with pytest.raises(BackupUnavailable, match=r"it is a "):
            ask(run_id)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("link", "nowhere")])
def test_settings_that_are_no_file_are_said(kind, put, tmp_path):
    path = tmp_path / "config" / "config.toml"
    put(kind, path)
    loaded = load(path)
    assert loaded.settings == Settings()
    assert len(loaded.problems) == 1
    assert f"{path} cannot be read (" in loaded.problems[0]


def test_settings_behind_links_are_read_and_left_alone(tmp_path):
    real = tmp_path / "dotfiles" / "neptun.toml"
    real.parent.mkdir()
    real.write_text("in_flight = 3\n")
    real.chmod(0o644)
    (tmp_path / "between").symlink_to(real)
    (tmp_path / "config.toml").symlink_to("between")
    loaded = load(tmp_path / "config.toml")
    assert (loaded.settings.in_flight, loaded.problems) == (3, ())
    assert stat.S_IMODE(real.stat().st_mode) == 0o644


def test_what_is_too_large_is_not_read(tmp_path):
    for name in ("config.toml", "sessions.json"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(1 << 40)
    (problem,) = load(tmp_path / "config.toml").problems
    assert "it is larger than 1 MB" in problem
    index = SessionIndexFile(tmp_path / "sessions.json")
    assert index.entries() == ()
    assert "it is larger than 1 MB" in index.problem
    with (tmp_path / "lines").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="it is larger than 1,024 MB"):
        list(LinesFile(tmp_path / "lines").lines())


def test_a_line_without_an_end_comes_in_pieces(tmp_path, monkeypatch):
    file = LinesFile(tmp_path / "lines")
    monkeypatch.setattr("neptun_tui.storage.jsonl._LONGEST", 4)
    file.path.write_bytes(b"one\n12345678\ntwo\nend")
    assert list(file.lines()) == [
        (1, b"one\n"), (2, b"1234"), (2, b"5678"), (2, b"\n"), (3, b"two\n"), (4, b"end"),
    ]  # fmt: skip


@pytest.mark.parametrize("open_to", [0o644, 0o666, 0o640])
def test_modes_are_tightened_by_reading_and_by_writing(open_to, tmp_path):
    file = LinesFile(tmp_path / "lines")
    for touch in (lambda: file.append(b"two\n"), lambda: list(file.lines())):
        file.path.write_bytes(b"one\n")
        file.path.chmod(open_to)
        touch()
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_every_folder_of_ours_is_closed_and_no_other(tmp_path):
    ours = tmp_path / "share" / "neptun-tui" / "backups"
    ours.mkdir(parents=True)
    for folder in (tmp_path / "share", ours.parent, ours):
        folder.chmod(0o777)
    files.make_private_folder(ours)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "share", ours.parent, ours)]
    assert modes == [0o777, 0o700, 0o700]
    assert process.write_crash_report(ValueError(), ours.parent)
    before = os.umask(0)
    try:
        files.make_private_folder(tmp_path / "new" / "state" / "neptun-tui")
    finally:
        os.umask(before)
    for name in ("new", "new/state", "new/state/neptun-tui"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


def test_a_crash_report_closes_its_folder(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert process.write_crash_report(ValueError(), tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700


def test_a_folder_behind_a_link_is_used(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "disk")
    LinesFile(tmp_path / "state" / "lines").append(b"one\n")
    assert (tmp_path / "disk" / "lines").read_bytes() == b"one\n"


needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root gives files away"
)


@needs_root
def test_root_uses_nothing_of_another_users_and_says_whose_it_is(tmp_path):
    file = LinesFile(tmp_path / "state" / "lines")
    file.append(b"one\n")
    os.chown(file.path, 12345, 12345)
    for use in (lambda: file.append(b"two\n"), lambda: list(file.lines())):
        with pytest.raises(OSError, match="belongs to user 12345: run this as user 12345"):
            use()
    os.chown(file.path, 0, 0)
    os.chown(file.path.parent, 12345, 12345)
    with pytest.raises(OSError, match="belongs to user 12345: run this as user 12345"):
        file.append(b"two\n")
    assert file.path.read_bytes() == b"one\n"


def test_the_owner_of_home_is_named_when_it_is_another_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.owner_of_home() is None
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    home, owner = files.owner_of_home()
    assert (home, owner) == (tmp_path, files.name_of(os.getuid()))


def test_no_hint_gives_away_a_folder_of_the_system(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    refused = PermissionError(13, "Permission denied")
    for home in ("/", "/usr", ""):
        monkeypatch.setenv("HOME", home)
        for place in ("/usr/bin", "/usr", "/", "/etc/x/y"):
            told = files._explained(Path(place), refused)
            allowed = home == "/usr" and place == "/usr/bin"
            assert ("chown" in files.reason(told)) is allowed, (home, place)


def test_what_is_left_of_a_write_is_found(tmp_path):
    path = tmp_path / "session-x.json"
    (tmp_path / ".session-x.abc.part").touch()
    (tmp_path / ".session-xy.abc.part").touch()
    assert files.partials_of(path) == [tmp_path / ".session-x.abc.part"]


def test_a_copy_is_pruned_whatever_stands_beside_it(tmp_path, put):
    copies = Backups(tmp_path / "copies")
    put("pipe", tmp_path / "copies" / "restoring.lock")
    run_id = new_run_id()
    (tmp_path / "copies" / f"{run_id}.jsonl").touch()
    copies.prune(0, datetime.now(UTC) + timedelta(days=400), {run_id: True})
    assert "it is a named pipe" in copies.problems[0]
