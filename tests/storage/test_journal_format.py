"""Lines of the journal: any name survives, and no bytes break the reader."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from neptun_tui.domain.account import Account
from neptun_tui.domain.plan import DeletionPlan, PlanItem, PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind, Project
from neptun_tui.storage.journal_format import plan_line, replay
from neptun_tui.storage.jsonl import encode
from neptun_tui.storage.run_ids import new_run_id

TEXTS = st.text(st.characters(codec=None), max_size=20)


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
