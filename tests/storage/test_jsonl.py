"""Lines that are whole or absent, despite any disk error."""

import os
import stat
import threading
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptun_tui.domain.account import Secret
from neptun_tui.storage import jsonl, locks
from neptun_tui.storage.jsonl import LinesFile, decode, encode

ANY = msgspec.json.Decoder()
TEXTS = st.text(st.characters(codec=None))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return LinesFile(tmp_path / "home" / "lines")


def read(file):
    return [line for _, line in file.lines()]


@given(JSON)
def test_any_json_comes_back_from_one_line(value):
    line = encode(value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line, ANY) == value


@pytest.mark.parametrize(
    "text", ["\ud83d\ude00", "a\ude00\ud83d", "\U0001f600", "\u2028\x85\x00\r\n"]
)
def test_halves_of_a_pair_stay_halves(text):
    assert decode(encode([text, {text: 1}]), ANY) == [text, {text: 1}]


def test_types_come_back_through_both_ways():
    class Row(msgspec.Struct):
        at: datetime
        text: str

    for text in ("a", "\ud800"):
        row = Row(datetime.now(UTC), text)
        assert decode(encode(row), msgspec.json.Decoder(Row)) == row


def test_a_secret_is_no_json():
    with pytest.raises(TypeError):
        encode({"cookie": Secret("throw-away")})


@pytest.mark.parametrize(
    "line", [b"", b"{", b"\xff", b'"\xed\xa0\x80', b"[" * 100_000, b'"\\ud800"']
)
def test_what_is_no_line_of_ours(line):
    with pytest.raises(ValueError):  # noqa: PT011 - of many kinds
        decode(line, ANY)


def test_too_deep_to_be_written():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        encode(deep)
    while deep:
        deep = deep.pop()


def test_lines_in_a_private_file(file):
    before = os.umask(0)
    try:
        assert read(file) == []
        file.append(b"one\n")
        file.append(b"two\n")
    finally:
        os.umask(before)
    assert list(file.lines()) == [(1, b"one\n"), (2, b"two\n")]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_a_torn_line_is_ended_first(file):
    file.append(b"one\n")
    with file.path.open("ab") as torn:
        torn.write(b'{"tor')
    assert read(file) == [b"one\n", b'{"tor']
    file.append(b"two\n")
    assert read(file) == [b"one\n", b'{"tor\n', b"two\n"]


def test_what_is_added_while_reading_is_not_read(file):
    file.append(b"one\n")
    lines = file.lines()
    assert next(lines) == (1, b"one\n")
    file.append(b"two\n")
    assert list(lines) == []


def test_lines_that_contain_a_word_have_their_numbers(file):
    assert (list(file.lines_with([b"one"])), list(file.backwards())) == ([], [])
    for line in (b"one\n", b"two\n", b"three one one\n", b"\n", b"one two\n"):
        file.append(line)
    with file.path.open("ab") as torn:
        torn.write(b"one, torn")
    ones = [(1, b"one\n"), (3, b"three one one\n"), (5, b"one two\n"), (6, b"one, torn")]
    assert list(file.lines_with([b"one"])) == ones
    assert list(file.lines_with([b"two", b"four"])) == [(2, b"two\n"), (5, b"one two\n")]
    assert list(file.lines_with([b"two", b"one"])) == sorted([*ones, (2, b"two\n")])
    assert list(file.lines_with([])) == []


@given(st.lists(st.sampled_from([b"a\n", b"b\n", b"ab\n", b"\n"])), st.sampled_from([b"", b"ab"]))
def test_the_ways_to_read_lines_agree(tmp_path_factory, lines, torn):
    file = LinesFile(tmp_path_factory.mktemp("lines") / "lines")
    file.path.write_bytes(b"".join(lines) + torn)
    forwards = list(file.lines())
    assert [line for _, line in forwards] == list(file.backwards())[::-1]
    assert list(file.lines_with([b"a"])) == [(n, line) for n, line in forwards if b"a" in line]


@pytest.fixture
def short_writes(monkeypatch):
    """Limit a write to a number of bytes, and the following ones to theirs."""

    def play(*answers):
        plan, write = iter(answers), os.write

        def fake(descriptor, data):
            answer = next(plan)
            if isinstance(answer, OSError):
                raise answer
            return write(descriptor, data[:answer])

        monkeypatch.setattr(os, "write", fake)

    return play


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize("answers", [(3, FULL), (0, FULL), (3, 2), (FULL,)])
def test_a_write_that_falls_short_is_taken_back(answers, file, short_writes):
    file.append(b"one\n")
    short_writes(*answers)
    with pytest.raises(OSError, match="No space"):
        file.append(b"two two two\n")
    assert read(file) == [b"one\n"]


def test_a_write_that_was_interrupted_goes_on(file, short_writes):
    short_writes(3, 100)
    file.append(b"one one one\n")
    assert read(file) == [b"one one one\n"]


def test_what_cannot_be_taken_back_is_left_torn(file, short_writes, monkeypatch):
    file.append(b"one\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(FULL))
        short_writes(3, FULL)
        with pytest.raises(OSError, match="No space"):
            file.append(b"two two two\n")
    monkeypatch.undo()
    assert read(file) == [b"one\n", b"two"]
    file.append(b"three\n")
    assert read(file) == [b"one\n", b"two\n", b"three\n"]


def test_without_locks_nothing_is_taken_back(file, short_writes, monkeypatch):
    monkeypatch.setattr(locks, "FCNTL", None)
    short_writes(3, FULL)
    with pytest.raises(OSError, match="No space"):
        file.append(b"two two two\n")
    assert read(file) == [b"two"]


@pytest.mark.parametrize("failing", [1, 2])
def test_a_new_file_whose_name_is_not_on_disk_holds_nothing(failing, file, monkeypatch):
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input"):
        file.append(b"one\n")
    assert read(file) == []


LIMITED = """
import resource, sys
from pathlib import Path
from neptun_tui.storage.jsonl import LinesFile
file = LinesFile(Path(sys.argv[1]))
file.append(b"one\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
try:
    file.append(b"two" * 100 + b"\\n")
except OSError as error:
    print(error.strerror)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
file.append(b"three\\n")
print([line for _, line in file.lines()])
"""


def test_a_file_that_the_system_lets_grow_no_more(run_python, tmp_path):
    pytest.importorskip("resource", reason="limits as POSIX has them")
    ran = run_python(LIMITED, tmp_path / "lines")
    assert ran.stdout == "File too large\n[b'one\\n', b'three\\n']\n", ran.stderr


def test_threads_tear_no_line(file):
    def add(mark):
        for _ in range(30):
            file.append(mark * 5000 + b"\n")

    threads = [threading.Thread(target=add, args=(mark,)) for mark in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted({line[:1] * 5000 + b"\n" for line in read(file)}) == sorted(set(read(file)))
    assert len(read(file)) == 90


def test_an_instance_that_was_suspended_is_not_waited_for_for_ever(file, monkeypatch, ends):
    pytest.importorskip("fcntl", reason="there are no such locks")
    file.append(b"one\n")
    monkeypatch.setattr(jsonl, "_PATIENCE", 0.05)
    with file.path.open("rb") as held:
        locks.lock(held.fileno())
        with ends, pytest.raises(BlockingIOError):
            file.append(b"two\n")
        with pytest.raises(BlockingIOError):
            read(file)
    assert read(file) == [b"one\n"]
