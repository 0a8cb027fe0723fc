"""Full, read-only or failing disk: what could not be journaled is not sent, and is reported.

The disk fails as the system says it does: in ``open``, ``write`` and ``fsync`` of the one file.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.results import Report, Verdict
from neptun_tui.storage.journal import Journal

from .harness import Harness
from .proxy import Proxy
from .scenarios import label
from .server import FaultServer

pytestmark = pytest.mark.usefixtures("at_once")

PLAN, INTENTS, MORE_INTENTS = 1, 2, 3
"""Lines of the journal of a run with forty requests; more intents, results and the end follow."""
VERDICTS, END = 7, 8


@dataclass
class Disk:
    """Fails from one line of the journal on.

    Attributes:
        journal: the file.
        fails_at: which line cannot be written, the first is 1; None for a good disk.
        how: "full", "failing" (at fsync), "short" (half of the line is written and cannot be
            removed) or "read-only".
    """

    journal: Path
    fails_at: int | None = None
    how: str = "full"
    lines: int = 0

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the program and the system."""
        self._real = os.open, os.write, os.fsync, os.ftruncate
        for name in ("open", "write", "fsync", "ftruncate"):
            patch.setattr(os, name, getattr(self, f"_{name}"))

    def _is_journal(self, descriptor: int) -> bool:
        return self.journal.exists() and os.path.samestat(os.fstat(descriptor), self.journal.stat())

    @property
    def _bad(self) -> bool:
        return self.fails_at is not None and self.lines >= self.fails_at

    def _open(self, path: str | Path, flags: int, *rest: int, **how: int) -> int:
        if path == self.journal and flags & os.O_RDWR:
            self.lines += 1
            if self._bad and self.how == "read-only":
                raise OSError(errno.EROFS, "read-only")
        return self._real[0](path, flags, *rest, **how)

    def _write(self, descriptor: int, data: bytes) -> int:
        if self._bad and self._is_journal(descriptor):
            if self.how == "short" and len(data) > 20:
                return self._real[1](descriptor, data[: len(data) // 2])
            if self.how in ("full", "short"):
                raise OSError(errno.ENOSPC, "full")
        return self._real[1](descriptor, data)

    def _fsync(self, descriptor: int) -> None:
        if self._bad and self.how == "failing" and self._is_journal(descriptor):
            raise OSError(errno.EIO, "Input/output error")
        self._real[2](descriptor)

    def _ftruncate(self, descriptor: int, length: int) -> None:
        if self._bad and self.how == "short" and self._is_journal(descriptor):
            raise OSError(errno.EIO, "Input/output error")
        self._real[3](descriptor, length)


@pytest.fixture
def disk(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(harness.state / "deletions.jsonl")
    disk.install(monkeypatch)
    return disk


@pytest.fixture
def files(server: FaultServer) -> list[ResourceRef]:
    return [server.add_file() for _ in range(40)]


@pytest.fixture
def unjournaled(harness: Harness, line: Proxy) -> list[str]:
    """The DELETEs that came by and whose intent was not on disk at that moment."""
    found: list[str] = []

    def look(name: str) -> None:
        runs = Journal(harness.state).runs(1)
        if not any(label(item.key) == name and item.sent for run in runs for item in run.items):
            found.append(name)

    line.witness = look
    return found


def verdicts(report: Report) -> set[Verdict]:
    return {outcome.verdict for outcome in report.outcomes}


def check_true(report: Report, server: FaultServer) -> None:
    rows = server.rows(1)
    for outcome in report.outcomes:
        assert (outcome.verdict is Verdict.DELETED) == (outcome.target.key not in rows), outcome


def check_next_start(harness: Harness, server: FaultServer, disk: Disk) -> None:
    """On a good disk every run that was begun is settled, and its journal is true."""
    disk.fails_at = None
    harness.start_program()
    harness.do(harness.account_session.settle_interrupted())
    assert harness.do(harness.records.open_runs()) == ()
    rows = server.rows(1)
    for run in harness.do(harness.records.runs()):
        for item in run.record.items:
            gone = item.verdict in (Verdict.DELETED, Verdict.ALREADY_GONE)
            assert gone == (item.key not in rows), item


WAYS = ["full", "failing", "short", "read-only"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("line_number", [PLAN, INTENTS])
def test_nothing_is_sent_that_could_not_be_journaled(
    line_number: int,
    how: str,
    harness: Harness,
    server: FaultServer,
    disk: Disk,
    files: list[ResourceRef],
) -> None:
    disk.fails_at, disk.how = line_number, how
    report = harness.delete(*files)
    assert server.deletes == []
    assert verdicts(report) == {Verdict.NOT_SENT}
    beginning = "Nothing was sent. " if line_number == PLAN else "The run was stopped. "
    assert report.journal_error.startswith(f"{beginning}The journal of deletions (")
    assert report.journal_error.count("\n") == 0
    assert disk.journal.name in report.journal_error
    check_next_start(harness, server, disk)


@pytest.mark.parametrize("how", WAYS)
def test_a_disk_that_fills_up_half_way_stops_the_run(
    how: str,
    harness: Harness,
    server: FaultServer,
    disk: Disk,
    files: list[ResourceRef],
    unjournaled: list[str],
) -> None:
    disk.fails_at, disk.how = MORE_INTENTS, how
    report = harness.delete(*files)
    assert unjournaled == []
    assert 0 < len(server.deletes) < len(files)
    assert verdicts(report) == {Verdict.DELETED, Verdict.NOT_SENT}
    assert report.journal_error.startswith("The run was stopped. The journal of deletions (")
    check_true(report, server)
    check_next_start(harness, server, disk)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("line_number", [VERDICTS, END])
def test_what_cannot_be_written_afterwards_is_told_all_the_same(
    line_number: int,
    how: str,
    harness: Harness,
    server: FaultServer,
    disk: Disk,
    files: list[ResourceRef],
    unjournaled: list[str],
) -> None:
    disk.fails_at, disk.how = line_number, how
    report = harness.delete(*files)
    assert unjournaled == []
    assert verdicts(report) == {Verdict.DELETED}
    assert "cannot be written" in report.journal_error
    check_true(report, server)
    check_next_start(harness, server, disk)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_a_torn_last_line_costs_no_other(
    lines: int,
    keep: float,
    harness: Harness,
    server: FaultServer,
    disk: Disk,
    files: list[ResourceRef],
) -> None:
    harness.delete(*files[:3])
    whole = disk.journal.read_bytes().splitlines(keepends=True)
    torn = whole[lines][: max(1, int(len(whole[lines]) * keep))]
    disk.journal.write_bytes(b"".join(whole[:lines]) + torn)
    report = harness.delete(*files[3:6])
    assert report.journal_error == ""
    assert verdicts(report) == {Verdict.DELETED}
    assert len(harness.do(harness.records.runs())) == 2
    check_next_start(harness, server, disk)


def test_no_backup_no_delete(
    harness: Harness, server: FaultServer, files: list[ResourceRef]
) -> None:
    harness.copies.write_text("a file where the folder should be")
    with pytest.raises(StorageError) as refused:
        harness.delete(*files)
    assert str(refused.value).count("\n") == 0
    assert server.deletes == []
    assert harness.do(harness.records.runs()) == ()


def test_a_copy_that_does_not_reach_the_disk_is_none(
    harness: Harness, server: FaultServer, files: list[ResourceRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="the disk is full"):
        harness.delete(*files)
    assert server.deletes == []
    assert list(harness.copies.iterdir()) == []


def test_no_journal_folder_no_delete(
    harness: Harness, server: FaultServer, files: list[ResourceRef]
) -> None:
    harness.state.write_text("a file where the folder should be")
    report = harness.delete(*files)
    assert verdicts(report) == {Verdict.NOT_SENT}
    assert report.journal_error.startswith("Nothing was sent. ")
    assert server.deletes == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """A real file system of 64 KiB in the place of the state folder; needs root."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", str(place)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk here")

    def fill() -> None:
        with (place / "big").open("wb", buffering=0) as big, suppress(OSError):
            while big.write(b"x" * 4096):
                pass

    yield fill
    subprocess.run(["umount", str(place)], check=True)


def test_a_real_disk_that_fills_up(
    small_disk: Callable[[], None], harness: Harness, server: FaultServer, unjournaled: list[str]
) -> None:
    files = [server.add_file(title="n" * 3000) for _ in range(30)]
    reports = [harness.delete(file) for file in files]
    assert unjournaled == []
    assert reports[0].journal_error == ""
    assert "the disk is full" in reports[-1].journal_error
    small_disk()
    (outcome,) = harness.delete(files[-1]).outcomes
    assert outcome.verdict is Verdict.NOT_SENT
    for report in reports:
        check_true(report, server)
    (harness.state / "big").unlink()
    harness.start_program()
    harness.do(harness.account_session.settle_interrupted())
    assert harness.do(harness.records.open_runs()) == ()
    told = {run.record.items[0].key for run in harness.do(harness.records.runs())}
    assert set(files) - set(server.rows(1)) <= told
