"""Wording of the confirm dialog: the guarantees it gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from neptun_tui.demo import hostile_names
from neptun_tui.domain.account import Account, account_label
from neptun_tui.domain.plan import Change, DeletionPlan, PlanItem, ResourceRef, make_plan
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.domain.results import Outcome, Report, Verdict
from neptun_tui.domain.safe_text import untied
from neptun_tui.services import messages
from neptun_tui.storage.session_backends import BackendKind, StorageInfo
from neptun_tui.tui.widgets import header

MakeImport = Callable[..., Import]
MakeFile = Callable[..., File]


def i(number: int) -> ResourceRef:
    return ResourceRef(Kind.IMPORT, number)


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


def shown_lines(plan: DeletionPlan, now: datetime) -> list[messages.Line]:
    return [(label, untied(text)) for label, text in messages.plan_lines(plan, now)]


def told(plan: DeletionPlan, now: datetime) -> str:
    return "\n".join(f"{label} {text}" for label, text in shown_lines(plan, now))


@pytest.fixture
def one_file(
    account: Account, project: Project, make_file: MakeFile, now: datetime
) -> DeletionPlan:
    changed = now - timedelta(hours=2)
    file = make_file(1203, 101, title="docker-compose.yml", size=1400, file_type="text")
    dated = File(**{name: getattr(file, name) for name in File.__slots__} | {"updated_at": changed})
    return make_plan(account, project, [], [dated], [f(1203)])


@pytest.fixture
def one_import(
    account: Account, project: Project, make_import: MakeImport, make_file: MakeFile, now: datetime
) -> DeletionPlan:
    """A GitHub import with 37 files."""
    item = make_import(
        102,
        "demo-org/storefront-ui",
        source_ref="main",
        source_type="github_repository_installation",
        created_at=now - timedelta(days=3),
    )
    names = ["README.md", "nuxt.config.ts"]
    files = [make_file(1301 + n, 102, title=name, size=1000) for n, name in enumerate(names)]
    files += [make_file(number, 102, size=1000) for number in range(1303, 1338)]
    return make_plan(account, project, [item], files, [i(102)])


@pytest.fixture
def many(
    account: Account, project: Project, make_import: MakeImport, make_file: MakeFile
) -> DeletionPlan:
    """Two GitHub imports with three files, and ten files, of which nine marks are hidden."""
    imports = [make_import(n, f"org/repo-{n}", source_type="github") for n in (101, 102)]
    files = [make_file(n, 101) for n in (1, 2, 3)] + [make_file(n) for n in range(11, 21)]
    chosen = [i(101), i(102), *map(f, range(11, 21))]
    hidden = [i(102), *map(f, range(13, 21))]
    return make_plan(account, project, imports, files, chosen, hidden)


PLACE = ("in project 1 Storefront", "demo@example.com", "neptun.example")


def test_it_says_in_words_that_it_is_permanent() -> None:
    assert messages.PERMANENT.startswith("PERMANENT")
    assert "Neptun cannot undo this" in messages.PERMANENT


def test_one_file_is_asked_about_with_all_that_is_known_of_it(
    one_file: DeletionPlan, now: datetime
) -> None:
    assert messages.title(one_file) == "Delete file 1203?"
    assert messages.button(one_file) == "Delete file 1203"
    text = told(one_file, now)
    for fact in ("file 1203 docker-compose.yml", "text", "1 KB", "2 h ago", *PLACE):
        assert fact in text
    assert "its content and metadata will be deleted" in text
    assert "connection" not in text
    assert "hidden" not in text


def test_one_import_is_asked_about_with_its_files_and_its_connection(
    one_import: DeletionPlan, now: datetime
) -> None:
    assert messages.title(one_import) == "Delete import 102?"
    assert messages.button(one_import) == "Delete 38 items"
    lines = shown_lines(one_import, now)
    text = told(one_import, now)
    for fact in ("import 102 demo-org/storefront-ui @ main", "GitHub app", "3 d ago", *PLACE):
        assert fact in text
    cascade = next(text for label, text in lines if label == "files")
    assert cascade.startswith("37 files, 37 KB: 1301 README.md, 1302 nuxt.config.ts, ")
    named = cascade.partition(": ")[2].partition(" … ")[0].split(", ")
    assert cascade.endswith(f" … and {37 - len(named)} more")
    assert ("GitHub", "the installation connection may stay at Neptun") in lines


def test_an_import_without_files_or_connection_promises_neither(
    account: Account, project: Project, make_import: MakeImport, now: datetime
) -> None:
    plan = make_plan(account, project, [make_import(7)], [], [i(7)])
    assert messages.title(plan) == "Delete import 7?"
    assert messages.button(plan) == "Delete import 7"
    text = told(plan, now)
    assert "import 7 /srv/app" in text
    assert "files" not in dict(shown_lines(plan, now))
    assert "connection" not in text
    assert "age unknown" in text


def test_many_items_are_counted_and_named_by_kind(many: DeletionPlan, now: datetime) -> None:
    assert messages.title(many) == "Delete 15 items?"
    assert messages.button(many) == "Delete 15 items"
    lines = dict(shown_lines(many, now))
    assert lines["2 imports"] == "101 org/repo-101, 102 org/repo-102"
    assert lines["10 files"].startswith("11 file-11.txt, 12 file-12.txt, ")
    assert lines["10 files"].endswith(" … and 4 more")
    assert lines["files"] == "3 files, 30 B: 1 file-1.txt, 2 file-2.txt, 3 file-3.txt"
    text = told(many, now)
    for fact in (*PLACE, "2 GitHub installation connections may stay at Neptun"):
        assert fact in text


@pytest.mark.parametrize(
    ("chosen", "owner"),
    [
        ([i(1)], "this import"),
        ([i(1), f(3)], "this import"),
        ([i(1), i(2)], "these imports"),
    ],
)
def test_files_of_other_projects_that_would_go_too_are_warned_of(
    account: Account, project: Project, make_import: MakeImport, make_file: MakeFile,
    now: datetime, chosen: list[ResourceRef], owner: str,
) -> None:  # fmt: skip
    imports = [make_import(1), make_import(2)]
    plan = make_plan(account, project, imports, [make_file(3)], chosen)
    said = f"any files in other projects that belong to {owner}"
    assert ("also", said) in shown_lines(plan, now)


def test_files_alone_take_nothing_of_other_projects(
    account: Account, project: Project, make_file: MakeFile, now: datetime
) -> None:
    plan = make_plan(account, project, [], [make_file(3), make_file(4)], [f(3), f(4)])
    assert "another project" not in told(plan, now)


def test_many_items_say_what_becomes_of_the_files_contents(
    many: DeletionPlan, now: datetime
) -> None:
    assert "content and metadata will be deleted" in told(many, now)


def test_marks_that_a_filter_hides_are_counted_and_named(many: DeletionPlan, now: datetime) -> None:
    hidden = dict(shown_lines(many, now))["not shown"]
    assert hidden.startswith("9 of them are hidden from the list: import 102 org/repo-102, ")
    assert "file 13 file-13.txt" in hidden
    named = hidden.partition(": ")[2].partition(" … ")[0].split(", ")
    assert hidden.endswith(f" … and {9 - len(named)} more")


def test_one_hidden_item_is_told_too(
    account: Account, project: Project, make_file: MakeFile, now: datetime
) -> None:
    plan = make_plan(account, project, [], [make_file(11)], [f(11)], hidden=[f(11)])
    hidden = dict(shown_lines(plan, now))["not shown"]
    assert "hidden" in hidden
    assert "file 11 file-11.txt" in hidden


HOSTILE = [*hostile_names.TITLES, *hostile_names.IMPORT_PATHS]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_names_that_bite_come_out_printable_bounded_and_on_one_line(
    make_import: MakeImport, make_file: MakeFile, now: datetime, name: str, several: bool
) -> None:
    account = Account("https://neptun.example", 7, f"{name}@example.com")
    imports = [make_import(1, name, source_type=name, source_ref=name), make_import(2, name)]
    files = [make_file(3, 1, title=name, original_path=name, file_type=name), make_file(4)]
    chosen = [i(1), i(2), f(4)] if several else [i(1)]
    plan = make_plan(account, Project(1, name), imports, files, chosen, hidden=chosen)
    shown = [part for line in shown_lines(plan, now) for part in line]
    shown += [messages.title(plan), messages.button(plan)]
    shown += messages.change_lines([Change(target, "is new") for target in plan.targets])
    shown += [messages.item_name(target) for target in plan.targets]
    for text in shown:
        assert text.isprintable()
        assert len(text) < 700


@pytest.mark.parametrize("kind", list(Kind))
def test_the_kind_always_stands_with_the_id(kind: Kind) -> None:
    target = PlanItem(ResourceRef(kind, 102), 1, "")
    assert messages.item_label(target) == f"{kind.value} 102"
    assert messages.item_name(target) == f"{kind.value} 102 (no name)"


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (1, "file 1 a is new."),
        (6, "file 6 a is new."),
        (7, "And 1 more change."),
        (2506, "And 2,500 more changes."),
    ],
)
def test_changes_are_told_one_by_one_and_the_rest_is_counted(number: int, last: str) -> None:
    changes = [Change(PlanItem(f(n), 1, "a"), "is new") for n in range(1, number + 1)]
    lines = messages.change_lines(changes)
    assert lines[0] == "file 1 a is new."
    assert lines[-1] == last
    assert len(lines) == min(number, 7)


def test_nothing_changed_is_nothing_told() -> None:
    assert messages.change_lines([]) == []


def test_a_report_is_summed_up_without_leaving_a_verdict_out(many: DeletionPlan) -> None:
    verdicts = [*Verdict, *[Verdict.DELETED] * (many.total - len(Verdict))]
    pairs = zip(many.targets, verdicts, strict=True)
    report = Report(many, tuple(Outcome(target, verdict) for target, verdict in pairs))
    assert messages.summary(report) == (
        "11 deleted · 1 already gone · 1 kept · 1 not sent · 1 unknown"
    )


@pytest.mark.parametrize(
    ("email", "named"),
    [("", "user 7"), ("a" * 300, f"{'a' * 40}…"), ("\x1b[2J\u202e@x.y", "␛[2J�@x.y")],
)
def test_the_host_is_in_view_whatever_the_server_calls_the_account(email: str, named: str) -> None:
    account = Account("https://neptun.example.com", 7, email)
    label = f"{named} on neptun.example.com"
    assert messages.header_label(account) == label
    assert messages.place(1, "Storefront", account) == f"project 1 Storefront · {label}"
    keeping = StorageInfo(BackendKind.MEMORY, "until you quit", "")
    left, _ = header.title(account, keeping, demo=False, read_only=False)
    assert left[-1][0] == f" {label}"
    assert account_label(account).endswith(" on neptun.example.com")
