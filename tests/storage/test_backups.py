"""Backups: byte for byte, whole or absent, and removed when too old."""

import os
import random
import stat
import sys
import tempfile
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef, make_plan
from neptun_tui.domain.resources import (
    File,
    Fingerprint,
    Import,
    Kind,
    Project,
    StoredContext,
)
from neptun_tui.storage import backups
from neptun_tui.storage import backups as copies_module
from neptun_tui.storage.backup_format import BackupUnavailable, boot_id, uptime
from neptun_tui.storage.backups import Backups
from neptun_tui.storage.journal import new_run_id

NOW = datetime(2025, 6, 14, 12, 30, 1, 123456, tzinfo=UTC)
INDIA = timezone(timedelta(hours=5, minutes=30))
ACCOUNT = Account("https://a.test", 7, "p@a.test")
PROJECT = Project(1, "../../etc/passwd", "d", "app", "Python", NOW, NOW)
IMPORT = Import(
    102, 1, "github_repository_installation", "org/shop", "main", "done", "none", "t", "d",
    {"a": [1, 2.5, None, {"\u2028": "\x00"}], "big": 2**80}, NOW, NOW.astimezone(INDIA),
)  # fmt: skip
CHILD = File(1301, 1, 102, "README.md", "a/README.md", "# Hi\r\n\x00\ufeff", size=9)
ALONE = File(
    1204, 1, 999, "\ud83d", "o", "lone \udc80 \ude00\ud83d", "text", "server", 2**64, "yaml",
    {"k": "\ud800"}, "https://x", "up", 3, NOW, None,
)  # fmt: skip
OTHER = File(5, 1, None, "keep me", content="never copied")
LISTING = Listing(PROJECT, (IMPORT,), (OTHER, ALONE, CHILD), NOW)
CHOSEN = {ResourceRef(Kind.IMPORT, 102), ResourceRef(Kind.FILE, 1204)}
PLAN = make_plan(ACCOUNT, PROJECT, LISTING.imports, LISTING.files, CHOSEN)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "copies"


@pytest.fixture
def copies(folder):
    return Backups(folder)


@pytest.fixture
def made(copies, monkeypatch):
    """Make a copy of a run that began so long ago, before this machine was last started."""

    def make(ago=timedelta(), now=None, boot="an earlier start"):
        began = (now or datetime.now(UTC)) - ago
        run_id = f"{began:%Y%m%d-%H%M%S}000-{random.randbytes(3).hex()}"
        with monkeypatch.context() as patch:
            patch.setattr(copies_module, "boot_id", lambda: boot)
            path = copies.write(run_id, PLAN, LISTING)
        os.utime(path, (began.timestamp(), began.timestamp()))
        return run_id

    return make


def everything(item):
    """All fields, those too that do not count in a comparison."""
    return {name: getattr(item, name) for name in type(item).__dataclass_fields__}


def test_what_was_written_comes_back(copies, folder):
    run_id, before = new_run_id(), datetime.now(UTC)
    assert copies.write(run_id, PLAN, LISTING) == folder / f"{run_id}.jsonl"
    copy = copies.read(run_id)
    assert (copy.run_id, copy.account, copy.project, copy.damaged) == (run_id, ACCOUNT, PROJECT, 0)
    assert before <= copy.at <= datetime.now(UTC)
    assert [everything(item) for item in copy.imports] == [everything(IMPORT)]
    assert [everything(item) for item in copy.files] == [everything(ALONE), everything(CHILD)]
    assert copy.imports[0].updated_at.utcoffset() == INDIA.utcoffset(None)
    assert b"never copied" not in (folder / f"{run_id}.jsonl").read_bytes()


TEXTS = st.text(st.characters(codec=None))
MAYBE = st.none() | TEXTS
MOMENTS = st.none() | st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(minutes=-210))]), allow_imaginary=False
)
JSON = st.recursive(
    MAYBE | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
IMPORTS = st.builds(
    Import, st.just(1), st.just(1), TEXTS, TEXTS, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, JSON,
    MOMENTS, MOMENTS,
)  # fmt: skip
FILES = st.builds(
    File, st.just(2), st.just(1), st.just(1), TEXTS, TEXTS, TEXTS, MAYBE, MAYBE,
    st.integers(0, 2**63), MAYBE, JSON, MAYBE, MAYBE, st.none() | st.integers(), MOMENTS, MOMENTS,
    st.none() | st.integers(),
)  # fmt: skip


@given(IMPORTS, FILES, TEXTS)
@settings(deadline=None)
def test_every_item_comes_back(item, file, name):
    project = Project(1, name, name)
    listing = Listing(project, (item,), (file,), NOW)
    plan = make_plan(ACCOUNT, project, [item], [file], {ResourceRef(Kind.IMPORT, 1)})
    with tempfile.TemporaryDirectory() as folder:
        copies, run_id = Backups(Path(folder)), new_run_id()
        copies.write(run_id, plan, listing)
        copy, (info,) = copies.read(run_id), copies.infos()
    assert [everything(each) for each in copy.imports] == [everything(item)]
    assert [everything(each) for each in copy.files] == [everything(file)]
    assert copy.files[0].content.encode("utf-8", "surrogatepass") == file.content.encode(
        "utf-8", "surrogatepass"
    )
    assert (copy.project, info.project, info.imports, info.files) == (project, project, 1, 1)


def test_a_copy_of_an_earlier_release_is_read(copies, folder):
    """Backup in the format of version 1, which must stay readable."""
    folder.mkdir(parents=True)
    (folder / "20250614-123001123-abcdef.jsonl").write_text(
        '{"v":1,"at":"2025-06-14T12:30:01.123456Z","imports":1,"files":1,'
        '"account":{"host":"https://a.test","user_id":7,"email":"p@a.test"},'
        '"project":{"id":1,"name":"Shop","new":1},"new":[]}\n'
        '{"kind":"import","item":{"id":102,"project_id":1,"source_type":"local_folder",'
        '"source_path":"/srv","source_ref":null,"file_tree":[1],"updated_at":"2025-06-14T12:30:01Z"}}\n'
        '{"kind":"file","item":{"id":1301,"project_id":1,"import_id":102,"title":"t",'
        '"content":"c\\u0000","size":2,"metadata":{"a":1},"new":1}}\n'
    )
    copy = copies.read("20250614-123001123-abcdef")
    assert (copy.project, copy.damaged) == (Project(1, "Shop"), 0)
    assert copy.imports[0].file_tree == [1]
    assert (copy.files[0].content, copy.files[0].metadata) == ("c\0", {"a": 1})


def test_private_and_named_by_the_run_alone(copies, folder, made):
    before = os.umask(0)
    try:
        run_id = made()
        copies.notes(run_id).note_restored(ResourceRef(Kind.FILE, 1301), 9)
    finally:
        os.umask(before)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"{run_id}.jsonl", f"{run_id}.restored.jsonl"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *files)] == [0o700, 0o600, 0o600]


@pytest.mark.parametrize(
    "run_id", ["", "x", "../../../etc/passwd", "20250614-123001123-abcdef/x", "*"]
)
def test_no_name_leads_elsewhere(run_id, copies):
    for act in (
        lambda: copies.read(run_id),
        lambda: copies.write(run_id, PLAN, LISTING),
        lambda: copies.purge(run_id),
        lambda: copies.restored(run_id),
    ):
        with pytest.raises(BackupUnavailable, match="not the ID of a run"):
            act()


@pytest.mark.parametrize(
    "listing",
    [
        Listing(PROJECT, (), LISTING.files, NOW),
        Listing(PROJECT, (IMPORT,), (CHILD,), NOW),
        Listing(PROJECT, (IMPORT,), (ALONE,), NOW),
        Listing(Project(2, "x"), LISTING.imports, LISTING.files, NOW),
    ],
)
def test_a_copy_that_is_not_whole_is_no_backup(listing, copies, folder):
    with pytest.raises(BackupUnavailable, match="would not be whole") as caught:
        copies.write(new_run_id(), PLAN, listing)
    assert isinstance(caught.value, StorageError)
    assert not folder.exists()


def test_what_the_cascade_will_take_as_well_is_copied(copies):
    late = File(1400, 1, 102, "came late")
    run_id = new_run_id()
    copies.write(run_id, PLAN, Listing(PROJECT, (IMPORT,), (*LISTING.files, late), NOW))
    assert late in copies.read(run_id).files


# --- disks


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize(("number", "words"), [(28, "the disk is full"), (5, "Input/output error")])
def test_a_disk_that_will_not_leaves_nothing(failing, number, words, copies, folder, monkeypatch):
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == failing:  # of the file, of its name
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(BackupUnavailable, match=rf"cannot be written: {words}\."):
            copies.write(new_run_id(), PLAN, LISTING)
    assert list(folder.iterdir()) == []
    assert copies.infos() == ()


def test_a_home_that_cannot_be_written(copies, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BackupUnavailable, match="Not a directory"):
        Backups(tmp_path / "file" / "copies").write(new_run_id(), PLAN, LISTING)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(BackupUnavailable, match=r"cannot be written: that is not permitted\."):
        copies.write(new_run_id(), PLAN, LISTING)


def test_metadata_too_deep_to_write(copies, folder):
    deep = []
    for _ in range(5000):
        deep = [deep]
    file = File(1204, 1, None, "x", metadata=deep)
    plan = make_plan(ACCOUNT, PROJECT, [], [file], {ResourceRef(Kind.FILE, 1204)})
    with pytest.raises(BackupUnavailable, match="nested too deeply"):
        copies.write(new_run_id(), plan, Listing(PROJECT, (), (file,), NOW))
    assert list(folder.iterdir()) == []
    while deep:
        deep = deep.pop()


FOR_EVER = """
import sys
from pathlib import Path
from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import ResourceRef, make_plan
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.resources import File, Kind, Project
from neptun_tui.storage.backups import Backups
from neptun_tui.storage.journal import new_run_id
from datetime import UTC, datetime
project = Project(1, "Shop")
files = [File(n, 1, None, "x", content="y" * 100_000) for n in range(1, 40)]
listing = Listing(project, (), tuple(files), datetime.now(UTC))
keys = {ResourceRef(Kind.FILE, file.id) for file in files}
plan = make_plan(Account("https://a.test", 7, "p"), project, [], files, keys)
print("ready", flush=True)
while True:
    Backups(Path(sys.argv[1])).write(new_run_id(), plan, listing)
"""


def test_killed_at_any_moment(copies, folder, processes):
    root = str(Path(copies_module.__file__).parents[2])
    chance = random.Random(7)
    for _ in range(4):
        process = processes(
            sys.executable, "-c", FOR_EVER, str(folder), env=os.environ | {"PYTHONPATH": root}
        )
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.005, 0.05))
        process.kill()
        process.wait()
    for info in copies.infos():
        assert (copies.read(info.run_id).damaged, info.files) == (0, 39)
    assert copies.problems == ()
    copies.prune(30, datetime.now(UTC) + timedelta(hours=2))
    assert len(list(folder.iterdir())) == len(copies.infos())  # nothing half written is left


# --- listing and reading


def test_infos_are_cheap_and_newest_first(copies, folder, made, monkeypatch):
    assert copies.infos() == ()
    ids = [made() for _ in range(3)]
    (folder / "notes.txt").touch()
    monkeypatch.setattr(copies_module, "read_items", None)  # contents are not looked at
    infos = copies.infos()
    assert [info.run_id for info in infos] == ids[::-1]
    info = infos[0]
    assert info.path == folder / f"{ids[-1]}.jsonl"
    assert info.size == info.path.stat().st_size
    assert (info.imports, info.files, info.project, info.account) == (1, 2, PROJECT, ACCOUNT)


@pytest.mark.parametrize("first", [b"", b"{}\n", b"\xff\n", b"[" * 100_000, b"newer"])
def test_a_damaged_first_line_is_said(first, copies, made):
    good, bad = made(), made()
    path = copies.infos()[0].path.with_name(f"{bad}.jsonl")
    newer = path.read_bytes().replace(b'"v":1', b'"v":2')
    path.write_bytes(newer if first == b"newer" else first)
    assert [info.run_id for info in copies.infos()] == [good]
    assert copies.problems == (
        f"The backup {path} cannot be read: it is damaged, or of another version.",
    )
    with pytest.raises(BackupUnavailable, match="it is damaged"):
        copies.read(bad)


def test_other_than_a_regular_file_is_reported_without_waiting(copies, folder, made, ends):
    pipe, device, directory, good = made(), made(), made(), made()
    for run_id in (pipe, device, directory):
        (folder / f"{run_id}.jsonl").unlink()
    os.mkfifo(folder / f"{pipe}.jsonl")
    (folder / f"{device}.jsonl").symlink_to("/dev/zero")
    (folder / f"{directory}.jsonl").mkdir()
    with ends:
        assert [info.run_id for info in copies.infos()] == [good]
        for run_id in (pipe, device, directory):
            with pytest.raises(BackupUnavailable, match="cannot be read"):
                copies.read(run_id)
    assert len(copies.problems) == 3


def test_a_first_line_without_an_end_is_not_read_to_its_end(copies, folder, made):
    run_id = made()
    with (folder / f"{run_id}.jsonl").open("wb") as file:
        file.truncate(1 << 32)
    tracemalloc.start()
    assert copies.infos() == ()
    assert tracemalloc.get_traced_memory()[1] < 300_000_000
    tracemalloc.stop()
    with pytest.raises(BackupUnavailable, match="damaged, or of another version"):
        copies.read(run_id)


def test_what_is_left_of_a_damaged_copy_is_read(copies, folder, made):
    run_id = made()
    path = folder / f"{run_id}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + b"garbage\n" + lines[3][:-20])
    copy = copies.read(run_id)
    assert (copy.imports, copy.files, copy.damaged) == ((IMPORT,), (), 2)


def test_a_copy_that_is_not_there(copies):
    with pytest.raises(BackupUnavailable, match=r"cannot be read: it is not there\."):
        copies.read(new_run_id())
    assert copies.restored(new_run_id()) == {}
    assert copies.notes(new_run_id()).before() is None
    copies.purge(new_run_id())


def test_a_hundred_megabytes_are_not_held_twice(copies):
    files = tuple(File(n, 1, None, "x", content="y" * 1_000_000) for n in range(1, 101))
    listing = Listing(PROJECT, (), files, NOW)
    plan = make_plan(
        ACCOUNT, PROJECT, [], files, {ResourceRef(Kind.FILE, file.id) for file in files}
    )
    run_id = new_run_id()
    tracemalloc.start()
    try:
        copies.write(run_id, plan, listing)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    (info,) = copies.infos()
    assert (info.files, info.size > 100_000_000) == (100, True)


# --- removing


def test_purging_leaves_nothing_of_a_run(copies, folder, made):
    run_id, other = made(), made()
    copies.notes(run_id).note_restored(ResourceRef(Kind.FILE, 1), 2)
    (folder / f".{run_id}.abc.part").touch()
    copies.purge(run_id)
    assert [file.name for file in folder.iterdir()] == [f"{other}.jsonl"]


def test_old_copies_go(copies, folder, made):
    old, young, now = made(DAY * 30), made(DAY * 29), datetime.now(UTC)
    copies.notes(old).note_restored(ResourceRef(Kind.FILE, 1), 2)
    (folder / "mine.txt").touch()
    assert copies.prune(30, now, newest=now) == (old,)
    assert sorted(file.name for file in folder.iterdir()) == [f"{young}.jsonl", "mine.txt"]
    assert copies.prune(0, now + DAY) == (young,)
    assert (copies.infos(), copies.problems) == ((), ())
    assert Backups(folder / "none").prune(0, NOW) == ()


def test_one_clock_a_year_ahead_removes_nothing(copies, made):
    runs, now = [made(DAY * days) for days in (40, 20, 1)], datetime.now(UTC)
    ended, ahead = dict.fromkeys(runs, True), now + DAY * 365
    assert copies.prune(30, ahead, ended, now - DAY * 30) == ()
    assert copies.prune(30, ahead, ended) == ()  # no journal: nothing agrees with the clock
    assert copies.prune(30, ahead, ended, now) == (runs[0],)
    assert [info.run_id for info in copies.infos()] == runs[:0:-1]


def test_a_backup_whose_file_is_younger_than_its_name_stays(copies, folder, made):
    """The clock was behind when it was made, or it has come from another machine."""
    old, last, now = made(DAY * 90), made(), datetime.now(UTC)
    ended = {old: True, last: True}
    recently = (now - DAY * 3).timestamp()
    os.utime(folder / f"{old}.jsonl", (recently, recently))
    assert copies.prune(30, now, ended, now) == ()
    assert copies.prune(30, now + DAY * 28, ended, now + DAY * 28) == (old,)


def test_the_backup_of_the_last_run_stays(copies, made):
    """The last by its name, and the last in the journal: the clock may have gone back between."""
    first, last, between = made(DAY * 400), made(DAY * 300), made(DAY * 350)
    now = datetime.now(UTC)
    ended = {first: True, last: True, between: True}  # in the order of the journal
    assert copies.prune(30, now, ended, now) == (first,)
    assert copies.prune(30, now, ended, now) == ()
    assert copies.prune(0, now, ended, now) == (between, last)


def test_what_is_being_written_stays_and_what_was_abandoned_goes(copies, folder, made):
    now = datetime.now(UTC)
    fresh, stale = new_run_id(), f"{now - 2 * timedelta(hours=1):%Y%m%d-%H%M%S}000-abcdef"
    ended = made()
    (folder / f".{fresh}.abc.part").touch()
    (folder / f".{stale}.abc.part").touch()
    assert copies.prune(0, now + timedelta(seconds=1), {ended: True}) == (ended,)
    assert [file.name for file in folder.iterdir()] == [f".{fresh}.abc.part"]


def test_the_copy_of_a_run_that_has_not_ended_stays(copies, made):
    dead, about_to_begin, ended = made(DAY * 400), made(), made()
    assert copies.prune(0, datetime.now(UTC) + timedelta(seconds=1), {dead: False, ended: True})
    assert {info.run_id for info in copies.infos()} == {dead, about_to_begin}


def test_a_clock_that_jumps_takes_no_backup_that_is_younger_than_this_start_of_the_machine(
    copies, made, monkeypatch
):
    """Small machines start in 1970 until they have asked the network for the time."""
    monkeypatch.setattr(backups, "boot_id", lambda: "this start")
    monkeypatch.setattr(backups, "uptime", lambda: DAY * 2)
    here = made(now=datetime(1970, 1, 1, tzinfo=UTC), boot="this start")
    made(now=datetime(1970, 1, 1, tzinfo=UTC))
    made(now=datetime(1970, 1, 1, tzinfo=UTC), boot="")
    last, now = made(), datetime.now(UTC)
    assert len(copies.prune(30, now, newest=now)) == 2
    assert [info.run_id for info in copies.infos()] == [last, here]
    assert copies.prune(2, now, newest=now) == (here,)


def test_this_machine_knows_how_long_it_has_been_running():
    need_linux = sys.platform == "linux"
    assert bool(boot_id()) is need_linux
    assert not need_linux or timedelta() < uptime() < DAY * 10_000


def test_while_another_window_restores_nothing_is_removed(copies, folder, made):
    old, now = made(DAY * 31), datetime.now(UTC)
    made()
    life = Backups(folder).hold()
    assert copies.prune(30, now, newest=now) == ()
    assert "Another window" in copies.problems[0]
    with pytest.raises(BackupUnavailable, match="Another window"):
        copies.purge(old)
    life.release()
    assert copies.prune(30, now, newest=now) == (old,)


def test_what_cannot_be_removed_is_said_and_the_others_go(copies, folder, made):
    stuck, other, now = made(DAY * 40), made(DAY * 41), datetime.now(UTC)
    made()
    (folder / f"{stuck}.jsonl").unlink()
    (folder / f"{stuck}.jsonl").mkdir()
    past = (now - DAY * 40).timestamp()
    os.utime(folder / f"{stuck}.jsonl", (past, past))
    assert copies.prune(30, now, newest=now) == (other,)
    assert f"{stuck}.jsonl cannot be removed" in copies.problems[0]
    with pytest.raises(BackupUnavailable, match="cannot be removed"):
        copies.purge(stuck)


def test_a_folder_that_is_none(tmp_path):
    (tmp_path / "file").touch()
    copies = Backups(tmp_path / "file")
    assert copies.infos() == ()
    assert "cannot be listed: Not a directory" in copies.problems[0]


def test_no_stored_context_gets_into_a_copy(copies):
    context = StoredContext((Fingerprint(Kind.FILE, b"n" * 16, b"w" * 16),))
    listing = replace(LISTING, project=replace(PROJECT, stored_context=context))
    run_id = new_run_id()
    copies.write(run_id, PLAN, listing)
    assert copies.read(run_id).project.stored_context is None


def test_the_import_of_a_file_that_goes_alone_is_kept_beside_it(copies):
    parent, file = Import(77, 1, "local_folder", "/srv"), File(1, 1, 77, "x", content="y")
    listing = Listing(PROJECT, (parent, IMPORT), (file, CHILD), NOW)
    plan = make_plan(ACCOUNT, PROJECT, listing.imports, listing.files, {ResourceRef(Kind.FILE, 1)})
    run_id = new_run_id()
    copies.write(run_id, plan, listing)
    copy, (info,) = copies.read(run_id), copies.infos()
    assert (copy.imports, copy.files, copy.parents, copy.damaged) == ((), (file,), (parent,), 0)
    assert (info.imports, info.files) == (0, 1)
