"""Journal: its record of a run, and its handling of disks and files as they are."""

import json
import os
import runpy
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import StorageError
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.domain.results import Outcome, Verdict
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.storage import journal as journal_module
from neptun_tui.storage import locks
from neptun_tui.storage.journal import (
    Journal,
    JournalUnavailable,
    new_run_id,
    plan_line,
    replay,
    time_of,
)
from neptun_tui.storage.jsonl import encode

make_plan = runpy.run_path(str(Path(__file__).with_name("journal_process.py")))["plan"]
TEXTS = st.text(st.characters(codec=None), max_size=20)
IMPORT, FILE = ResourceRef(Kind.IMPORT, 102), ResourceRef(Kind.FILE, 1204)


@pytest.fixture
def plan():
    return make_plan()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def journal(folder):
    return Journal(folder)


def outcomes(plan, verdict=Verdict.DELETED):
    return [Outcome(target, verdict) for target in plan.targets]


def raw(folder):
    return (folder / "deletions.jsonl").read_bytes()


def lock_files(folder):
    return list((folder / "runs").glob("*"))


def test_a_run_from_its_plan_to_its_end(journal, folder, plan, tmp_path):
    before = datetime.now(UTC)
    log = journal.begin(plan, backup=tmp_path / "copy.jsonl")
    log.intent(IMPORT)
    log.verdict(Outcome(plan.targets[0], Verdict.KEPT, "Not today."))
    log.verdicts(outcomes(plan)[1:3])
    log.end(stopped=True, signed_out=False)
    (run,) = journal.runs()
    assert before <= run.at <= datetime.now(UTC)
    assert (run.run_id, run.account, run.project) == (log.run_id, plan.account, plan.project)
    assert (run.ended, run.stopped, run.signed_out) == (True, True, False)
    assert run.backup == tmp_path / "copy.jsonl"
    assert [(i.key, i.name, i.size) for i in run.items] == [
        (t.key, t.name, t.size) for t in plan.targets
    ]
    assert [item.parent for item in run.items] == [None, IMPORT, IMPORT, None]
    assert [item.sent for item in run.items] == [True, True, True, False]
    assert [item.verdict for item in run.items] == ["kept", "deleted", "deleted", None]
    assert run.items[0].reason == "Not today."
    assert run.unsettled == (run.items[3],)
    assert run.summary == "2 deleted, 1 kept, 1 without a result"
    assert run.count(Verdict.DELETED, None) == 3
    assert journal.problems == ()
    assert lock_files(folder) == []


def test_the_last_word_holds_and_unknown_is_not_settled(journal, plan):
    log = journal.begin(plan, backup=None)
    log.verdicts(outcomes(plan, Verdict.UNKNOWN))
    assert len(journal.runs()[0].unsettled) == 4
    log.verdicts(outcomes(plan, Verdict.ALREADY_GONE))
    log.verdicts([])
    log.intents([])
    log.close()
    (run,) = journal.runs()
    assert (run.unsettled, run.summary, run.backup) == ((), "4 already gone", None)
    assert not run.ended


def test_newest_first_and_no_more_than_asked(journal, plan):
    assert journal.runs() == ()
    logs = [journal.begin(plan, backup=None) for _ in range(3)]
    for log in logs:
        log.end(stopped=False, signed_out=True)
    ids = [log.run_id for log in logs][::-1]
    assert [run.run_id for run in journal.runs()] == ids
    assert [run.run_id for run in journal.runs(2)] == ids[:2]
    assert journal.runs(0) == ()
    assert journal.runs()[0].signed_out


def test_ids_sort_by_time_and_name_files(journal, plan, monkeypatch):
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [i[:18] for i in ids] == sorted(i[:18] for i in ids)
    assert datetime.now(UTC) - time_of(ids[0]) < timedelta(minutes=1)
    log = journal.begin(plan, backup=None, run_id=ids[0])
    monkeypatch.setattr("neptun_tui.storage.journal._PATIENCE", 0.05)
    assert log.run_id == ids[0]
    with pytest.raises(JournalUnavailable, match="under way already"):
        journal.begin(plan, backup=None, run_id=ids[0])
    log.close()
    for bad in ("", "../../x", f"{ids[0]}\n", "20251399-000000000-abcdef", f"/{ids[0]}"):
        assert time_of(bad) is None
        with pytest.raises(ValueError, match="not the ID"):
            journal.begin(plan, backup=None, run_id=bad or "x")


def test_private_whatever_the_umask(journal, folder, plan):
    before = os.umask(0)
    try:
        log = journal.begin(plan, backup=None)
        (folder / "deletions.jsonl").chmod(0o644)
        log.intent(FILE)
        places = (folder, folder / "deletions.jsonl", folder / "runs", *lock_files(folder))
        modes = [stat.S_IMODE(path.stat().st_mode) for path in places]
        assert modes == [0o700, 0o600, 0o700, 0o600]
        log.close()
    finally:
        os.umask(before)


def test_lines_hold_nothing_but_what_is_named_here(journal, folder, plan):
    """No content, no metadata, no secret: a new field must be thought about first."""
    log = journal.begin(plan, backup=None)
    log.intent(FILE)
    log.verdicts(outcomes(plan))
    log.renewing()
    log.context(ContextResult(ContextState.HOLDS, ((Kind.FILE, 2),), "It failed."))
    log.end(stopped=False, signed_out=False)
    rows = [json.loads(line) for line in raw(folder).splitlines()]
    common = {"record", "run", "at"}
    context = {"state", "held", "reason", "project"}
    fields = [
        {"account", "project", "items", "backup", "keep_context"}, {"keys"}, {"rows"}, context,
        context, {"stopped", "signed_out"},
    ]  # fmt: skip
    assert [set(row) for row in rows] == [common | own for own in fields]
    assert rows[0]["account"] == {"host": "https://a.test", "user_id": 7, "email": "p@a.test"}
    assert rows[0]["project"] == {"id": 1, "name": "Shop"}
    assert rows[0]["items"][1] == ["file", 1301, "x", 10, 102, 0]


def test_adopting_what_has_ended_or_is_gone(journal, folder, plan):
    journal.begin(plan, backup=None).close()
    (run,) = journal.open_runs()
    log = Journal(folder).take_over(run)
    assert journal.take_over(run) is None
    log.end(stopped=False, signed_out=False)
    log.close()
    assert journal.take_over(run) is None
    journal.begin(plan, backup=None).close()
    (run,) = journal.open_runs()
    (folder / "deletions.jsonl").unlink()
    assert journal.take_over(run) is None
    assert lock_files(folder) == []


def test_where_there_are_no_locks(journal, folder, plan, monkeypatch):
    monkeypatch.setattr(locks, "FCNTL", None)
    log = journal.begin(plan, backup=None)
    assert len(journal.open_runs()) == 1  # its liveness is unknown
    log.end(stopped=False, signed_out=False)
    assert journal.open_runs() == ()
    assert lock_files(folder) == []


def test_a_death_before_the_plan_leaves_no_lock_file(journal, folder, plan):
    journal.begin(plan, backup=None).end(stopped=False, signed_out=False)
    (folder / "runs" / f"{new_run_id()}.open").touch()
    assert journal.open_runs() == ()
    assert lock_files(folder) == []


def test_a_death_after_the_end_leaves_no_lock_file(journal, folder, plan):
    log = journal.begin(plan, backup=None)
    log.end(stopped=False, signed_out=False)
    (folder / "runs" / f"{log.run_id}.open").touch()
    assert journal.open_runs() == ()
    assert lock_files(folder) == []


def test_a_journal_that_cannot_be_read_costs_no_open_run(journal, folder, plan):
    log = journal.begin(plan, backup=None)
    log.close()
    kept = (folder / "deletions.jsonl").rename(folder / "kept")
    (folder / "deletions.jsonl").mkdir()
    assert journal.open_runs() == ()
    assert "cannot be read: it is a folder." in journal.problems[0]
    (folder / "deletions.jsonl").rmdir()
    kept.rename(folder / "deletions.jsonl")
    assert [run.run_id for run in journal.open_runs()] == [log.run_id]


def test_open_runs_whose_files_were_removed_are_found_by_reading_the_history(journal, folder, plan):
    ids = []
    for _ in range(6):
        log = journal.begin(plan, backup=None)
        log.close()
        ids.append(log.run_id)
    journal.begin(plan, backup=None).end(stopped=False, signed_out=False)
    for path in lock_files(folder):
        path.unlink()
    (folder / "runs").rmdir()
    assert journal.open_runs() == ()
    assert len(journal.runs()) == 7
    assert [run.run_id for run in journal.open_runs()] == ids[::-1]


@pytest.mark.parametrize("ended", [1, 3])
def test_a_start_reads_only_the_lines_of_open_runs(ended, journal, folder, plan, monkeypatch):
    """However many runs have ended: 20,000 of them must not delay a start."""
    for _ in range(ended):
        journal.begin(plan, backup=None).end(stopped=False, signed_out=False)
    read = []
    decode = journal_module.decode
    monkeypatch.setattr(journal_module, "decode", lambda *how: read.append(how) or decode(*how))
    assert (journal.open_runs(), read) == ((), [])
    log = journal.begin(plan, backup=None)
    log.intent(FILE)
    log.close()
    (run,) = journal.open_runs()
    assert (run.run_id, len(read)) == (log.run_id, 2)


def test_many_open_runs_are_read_at_once(journal, plan, monkeypatch):
    monkeypatch.setattr("neptun_tui.storage.journal._FEW", 2)
    ids = []
    for _ in range(4):
        log = journal.begin(plan, backup=None)
        log.close()
        ids.append(log.run_id)
    journal.begin(plan, backup=None).end(stopped=False, signed_out=False)
    assert [run.run_id for run in journal.open_runs()] == ids[::-1]


def test_live_runs_are_open_only_if_asked_for(journal, plan):
    log, dead = journal.begin(plan, backup=None), journal.begin(plan, backup=None)
    dead.close()
    assert [run.run_id for run in journal.open_runs()] == [dead.run_id]
    assert {run.run_id for run in journal.open_runs(alive=True)} == {log.run_id, dead.run_id}
    assert journal.open_results() == 4
    log.close()
    assert journal.open_results() == 8


def test_ended_runs_and_the_last_one_and_the_last_entry(journal, plan):
    assert journal.finished_runs([]) == ({}, None)
    ended, open_, other = (journal.begin(plan, backup=None) for _ in range(3))
    ended.end(stopped=False, signed_out=False)
    before = datetime.now(UTC)
    open_.intent(FILE)
    found, newest = journal.finished_runs([ended.run_id, open_.run_id, new_run_id()])
    assert found == {ended.run_id: True, open_.run_id: False, other.run_id: False}
    assert list(found)[-1] == other.run_id
    assert before <= newest <= datetime.now(UTC)


# --- disks and files as they are


def test_what_cannot_be_read_is_skipped_and_said(journal, folder, plan):
    journal.begin(plan, backup=None).close()
    good = raw(folder)
    escape = good.replace(good.split(b'"run":"')[1][:26], b"../../../../../../tmp/esca")
    newer = good.replace(b'"plan"', b'"novelty"')
    strange = [b"", b"\x00\xff", b"3", b"{}", b"[" * 100_000, newer[:-1], escape[:-1]]
    (folder / "deletions.jsonl").write_bytes(b"\n".join(strange) + b"\n" + good)
    assert len(journal.open_runs()) == 1
    assert journal.problems[0].endswith("skipped: 6.")  # the one that names this run
    assert len(journal.runs()) == 1
    assert journal.problems == (
        f"The journal of deletions ({folder / 'deletions.jsonl'}) has lines that are torn or not"
        " this version's, and were skipped: 2, 3, 4, 5, 6 and 1 more.",
    )


def test_fields_of_a_newer_version_are_passed_over(journal, folder, plan):
    journal.begin(plan, backup=None).close()
    more = raw(folder).replace(b'"backup":null', b'"backup":null,"mood":{"a":[1]}')
    more = more.replace(b'"x",10,102]', b'"x",10,102,"more"]')
    (folder / "deletions.jsonl").write_bytes(more)
    assert (len(journal.runs()[0].items), journal.problems) == (4, ())


def test_a_run_whose_plan_is_lost_is_said(journal, folder, plan):
    log = journal.begin(plan, backup=None)
    log.intent(FILE)
    log.close()
    (folder / "deletions.jsonl").write_bytes(raw(folder).splitlines(keepends=True)[1])
    assert journal.runs() == ()
    assert journal.problems[0].endswith(f"has lost the plans of runs that it names: {log.run_id}.")
    assert journal.open_runs() == ()
    assert journal.problems[0].endswith(f"has lost the plans of runs that it names: {log.run_id}.")


def test_a_folder_in_its_place(journal, folder, plan):
    (folder / "deletions.jsonl").mkdir(parents=True)
    assert journal.runs() == ()
    assert "cannot be read: it is a folder." in journal.problems[0]
    with pytest.raises(JournalUnavailable, match=r"cannot be written: it is a folder\."):
        journal.begin(plan, backup=None)
    assert lock_files(folder) == []


@pytest.mark.parametrize(
    ("call", "number", "words"),
    [
        ("write", 28, "the disk is full"), ("write", 122, "your share of the disk is full"),
        ("fsync", 5, "Input/output error"), ("fsync", 28, "the disk is full"),
        ("open", 30, "it is on a read-only file system"), ("open", 13, "that is not permitted"),
    ],
)  # fmt: skip
def test_a_disk_that_will_not(call, number, words, journal, folder, plan, monkeypatch):
    log = journal.begin(plan, backup=None)
    before = raw(folder)
    with monkeypatch.context() as patch:
        patch.setattr(
            os, call, lambda *_: (_ for _ in ()).throw(OSError(number, os.strerror(number)))
        )
        for act in (
            lambda: log.intent(FILE),
            lambda: log.verdicts(outcomes(plan)),
            lambda: journal.begin(plan, backup=None),
        ):
            with pytest.raises(
                JournalUnavailable, match=rf"cannot be written: {words}\."
            ) as caught:
                act()
            assert isinstance(caught.value, StorageError)
        with pytest.raises(JournalUnavailable):
            log.end(stopped=False, signed_out=False)
    assert raw(folder) == before
    (run,) = journal.open_runs()  # let go of, for the next start to settle
    assert not any(item.sent for item in run.items)
    assert lock_files(folder) == [folder / "runs" / f"{log.run_id}.open"]


@pytest.mark.parametrize("call", ["open", "stat"])
def test_a_home_that_cannot_be_looked_into(call, journal, folder, plan, monkeypatch):
    log = journal.begin(plan, backup=None)
    log.close()
    (folder / "runs" / f"{new_run_id()}.open").touch()
    before = sorted(lock_files(folder))
    assert len(before) == 2

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        journal.open_runs()
        journal.runs()
        assert len(journal.problems) == (call == "open")
    if call == "open":
        assert sorted(lock_files(folder)) == before
    assert [run.run_id for run in journal.open_runs()] == [log.run_id]


def test_a_folder_of_open_runs_that_cannot_be_listed_is_said(journal, folder, plan):
    journal.begin(plan, backup=None).end(stopped=False, signed_out=False)
    (folder / "runs").rmdir()
    (folder / "runs").write_text("a file")
    assert journal.open_runs() == ()
    assert journal.problems == (f"The folder {folder / 'runs'} cannot be read: Not a directory.",)


def test_a_home_that_cannot_be_made(plan, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable, match="cannot be written: Not a directory"):
        Journal(tmp_path / "file" / "state").begin(plan, backup=None)


def test_a_hundred_thousand_items_cost_no_more_each_than_ten_thousand(tmp_path):
    def cost(number):
        journal = Journal(tmp_path / str(number))
        many = tuple(
            PlanItem(ResourceRef(Kind.FILE, n), 1, f"src/file-{n}.txt", size=n)
            for n in range(1, number + 1)
        )
        account = Account("https://a.test", 7, "p@a.test")
        plan = DeletionPlan(
            account, Project(1, "Shop"), (PlanStep(PlanItem(IMPORT, 1, "all"), many),)
        )
        began = time.process_time()
        log = journal.begin(plan, backup=None)
        log.intent(IMPORT)
        log.verdicts(outcomes(plan))
        log.close()
        (run,) = journal.open_runs()
        spent = time.process_time() - began
        assert (len(run.items), run.summary) == (number + 1, f"{number + 1:,} deleted")
        assert all(item.sent for item in run.items)
        return spent

    few = cost(10_000)
    assert cost(100_000) < 40 * few


def test_what_became_of_the_stored_context_is_told_of_a_run(journal, plan):
    held = ContextResult(ContextState.HOLDS, ((Kind.FILE, 2),), "It failed.")
    log = journal.begin(plan, backup=None, keep_context=True)
    (run,) = journal.runs()
    assert (run.keep_context, run.context, run.context_sent) == (True, None, False)
    log.renewing()
    (run,) = journal.runs()
    assert (run.context, run.context_sent) == (None, True)
    log.context(held)
    log.close()
    (run,) = journal.runs()
    assert (run.context, run.context_sent) == (held, True)


# --- lines: any name survives, and no bytes break the reader


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4))
def test_every_name_comes_back(email, project, names):
    files = [
        PlanItem(ResourceRef(Kind.FILE, n), 1, name, size=n) for n, name in enumerate(names, 1)
    ]
    steps = tuple(PlanStep(file) for file in files)
    account = Account("https://a.test", 7, email)
    plan = DeletionPlan(account, Project(1, project), steps)
    line = encode(plan_line(new_run_id(), datetime.now(UTC), plan, None))
    assert line.count(b"\n") == 1
    found, problems = replay([(1, line)])
    ((_, story),) = found.items()
    run = story.record(story.plan)
    assert problems == ()
    assert (run.account, run.project) == (account, plan.project)
    assert [item.name for item in run.items] == names


@given(st.binary(max_size=80))
def test_no_bytes_bring_it_down(line):
    replay([(1, line), (2, b'{"record":"plan","run":' + line)])
