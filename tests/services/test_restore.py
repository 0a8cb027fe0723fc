"""Restores: deleted items come back exactly once, with true results for the rest."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from itertools import chain, count, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.api.client import NeptunClient
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS
from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    CannotPlan,
    OutcomeUnknown,
    Rejected,
    ServerFailed,
    SessionExpired,
    StorageError,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.domain.results import LATE_FOR
from neptun_tui.domain.stored_context import ContextResult, ContextState, Difference, compare
from neptun_tui.services import brake, job, restore, restore_matching
from neptun_tui.services.job import Phase
from neptun_tui.services.messages import end_of_restore, progress_line
from neptun_tui.services.restore import RestoreRun
from neptun_tui.services.restore_models import (
    BackupContents,
    RestoreOutcome,
    RestoreReport,
    RestoreStatus,
)
from neptun_tui.storage.restore_log import OpenPost

from ..builders import examples

STRANGE = 8


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    waited = []
    monkeypatch.setattr(restore, "backoff", lambda attempt, after=None: waited.append(after) or 0.0)
    monkeypatch.setattr(restore, "LOOKS", (0.0, 0.0))
    return waited


@pytest.fixture
def no_brake(monkeypatch):
    """Let more than ten requests in a row fail, which would end a restore."""
    monkeypatch.setattr(brake, "FAILURES", 10**9)


def i(number):
    return ResourceRef(Kind.IMPORT, number)


def f(number):
    return ResourceRef(Kind.FILE, number)


class Scripted:
    """A Neptun in two dicts. What it does with each POST is scripted, in order."""

    def __init__(self, *script, imports=(), files=()):
        self.rows = {i(item.id): item for item in imports} | {f(file.id): file for file in files}
        self.script = iter(script)
        self.lists = repeat(None)
        self.ids = count(1001)
        self.posts = []
        self.late = []
        self.flying = self.most = self.listed = 0
        self.change = lambda item: item

    async def imports(self, session, project_id, progress=None):
        return self._list(Import)

    async def files(self, session, project_id, progress=None):
        return self._list(File)

    def _list(self, kind):
        self.listed += 1
        if error := next(self.lists):
            raise error
        return [row for row in self.rows.values() if isinstance(row, kind)]

    async def create_import(self, session, project_id, item):
        return await self._create(item, Kind.IMPORT)

    async def create_file(self, session, project_id, file, import_id):
        return await self._create(replace(file, import_id=import_id), Kind.FILE)

    async def _create(self, item, kind):
        """The script holds None, an error, or an error and whether it was carried out for all."""
        self.posts.append(item)
        self.flying += 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(0.001)
        self.flying -= 1
        entry = next(self.script, None)
        error, carried_out = entry if isinstance(entry, tuple) else (entry, entry is None)
        made = self.change(replace(item, id=next(self.ids)))
        if carried_out == "late":
            self.late.append(made)
        elif carried_out:
            self.rows[ResourceRef(kind, made.id)] = made
        if error:
            raise error
        return made

    def copies(self, name):
        return [row for row in self.rows.values() if row.name == name]


def lost():
    return OutcomeUnknown("The connection broke off.")


def saved(imports=1, files=0, **changes):
    """Imports 1, 2, …, each with its files 11, 12, … and 21, 22, …"""
    numbers = range(1, imports + 1)
    return BackupContents(
        5,
        tuple(Import(n, 5, "local_folder", f"/srv/{n}", **changes) for n in numbers),
        tuple(
            File(n * 10 + m, 5, n, f"{n}-{m}", content=f"content {n} {m}")
            for n in numbers
            for m in range(1, files + 1)
        ),
    )


class Notes:
    """Keeps what a restore notes, as the file beside a backup does."""

    def __init__(self, note=None, begin=None):
        self.noted, self.open, self.projects = {}, {}, []
        self.note_restored_ = note or self.noted.__setitem__
        self.begin = begin or (lambda keys: None)

    def note_before(self, keys, project=0):
        self.begin(keys)

    def note_posting(self, old, under=None, others=()):
        self.open.setdefault(old, []).append(OpenPost(0.0, under, tuple(others)))

    def note_answered(self, old):
        del self.open[old][:1]

    def note_restored(self, old, new_id):
        self.note_restored_(old, new_id)
        del self.open.get(old, [])[:1]

    def note_project(self, new_id):
        self.projects.append(new_id)
        del self.open.get(None, [])[:1]

    def posts(self, age=0.0):
        """The open ones, so many seconds later."""
        return {old: [replace(p, age=age) for p in posts] for old, posts in self.open.items()}


async def restoring(neptun, what, wanted=None, session=None, **options):
    """Run a restore and return its report and what was noted."""
    noted = options.pop("noted", {})
    options.setdefault("done", dict(noted))
    note, begin = options.pop("note", noted.__setitem__), options.pop("begin", None)
    options.setdefault("notes", Notes(note, begin))
    options.setdefault("in_flight", 6)
    return await RestoreRun(session, what, wanted, **options).run(neptun), noted


async def later(neptun, what, notes, report, *, age=901, **options):
    """Restore again, some seconds after the requests that got no answer."""
    options |= {"noted": notes.noted, "before": report.before, "posts": notes.posts(age)}
    return await restoring(neptun, what, notes=notes, **options)


async def preview(neptun, what, session=None, **options):
    """Return the preview of a restore; nothing may be recorded or sent."""
    notes = Notes()
    run = RestoreRun(session, what, done={}, notes=notes, **options)
    report = await run.preview(neptun)
    assert (notes.noted, notes.open) == ({}, {})
    return report


def results(report):
    return {outcome.key: outcome.result for outcome in report.outcomes}


def reason(report, key):
    return next(outcome.reason for outcome in report.outcomes if outcome.key == key)


# ---- against the demo's Neptun, on a real socket ----


@pytest.fixture
async def neptun(serve_demo):
    """Serve the demo, sign in with the real client, and look at its database."""
    clients = []

    async def start(**options):
        demo = serve_demo(**options)
        client = NeptunClient(demo.origin)
        clients.append(client)
        return demo, client, await client.sign_in(DEMO_EMAIL, Secret(DEMO_PASSWORD))

    yield start
    for client in clients:
        await client.aclose()


async def copy_of(client, session, project_id):
    imports = await client.imports(session, project_id)
    return BackupContents(
        project_id, tuple(imports), tuple(await client.files(session, project_id))
    )


async def delete_all(client, session, what):
    for item in what.imports:
        await client.delete_import(session, what.project_id, item.id)
    for file in await client.files(session, what.project_id):
        await client.delete_file(session, what.project_id, file.id)


def rows(demo, project_id):
    """Everything in a project, by key, as the database has it; ids and times are left out."""
    fixed = {"id", "created_at", "updated_at"}
    return {
        ResourceRef(kind, row["id"]): {
            name: value for name, value in row.items() if name not in fixed
        }
        for kind, table in ((Kind.IMPORT, IMPORTS), (Kind.FILE, FILES))
        for row in demo.store.select(table, project_id=project_id)
    }


def posts(demo):
    return [a.path for a in demo.store.arrivals if a.method == "POST" and "resources" in a.path]


def assert_same_again(before, after, new_ids, refused=()):
    """Each deleted row is back once, equal in every column that a client can set."""
    assert len(after) == len(before) - len(refused)
    for old, row in before.items():
        if old in refused:
            continue
        if old.kind is Kind.FILE:
            parent = row["import_id"]
            row["import_id"] = new_ids.get(i(parent or 0), parent)
        assert after[ResourceRef(old.kind, new_ids[old])] == row


def renewals(demo):
    return [a.path for a in demo.store.arrivals if a.path.endswith("/context")]


@pytest.mark.parametrize("dialect", ["observed", "documented"])
async def test_the_stored_context_has_what_was_restored(dialect, neptun):
    demo, client, session = await neptun(dialect=dialect)
    what = await copy_of(client, session, 1)
    await delete_all(client, session, what)
    await client.renew_context(session, 1)
    assert (await client.project(session, 1)).stored_context.items == ()
    before = len(renewals(demo))
    report, _ = await restoring(client, what, session=session, renew_context=True)
    assert report.context == ContextResult(ContextState.RENEWED)
    assert end_of_restore(report).count("Stored context renewed.") == 1
    assert len(renewals(demo)) == before + 1
    stored = (await client.project(session, 1)).stored_context
    assert compare(stored, await client.live_context(session, 1)) == Difference(Counter())


@pytest.mark.parametrize(("renew", "state"), [(False, ContextState.LEFT), (None, None)])
async def test_the_stored_context_is_left_if_that_is_wanted(renew, state, neptun):
    demo, client, session = await neptun()
    what = await copy_of(client, session, 1)
    await delete_all(client, session, what)
    report, _ = await restoring(client, what, session=session, renew_context=renew)
    assert (report.context and report.context.state) == state
    assert ("left as it is" in end_of_restore(report)) == (renew is False)
    assert renewals(demo) == []


async def test_a_restore_of_nothing_leaves_the_stored_context(neptun):
    demo, client, session = await neptun()
    what = await copy_of(client, session, 1)
    report, _ = await restoring(client, what, session=session, renew_context=True)
    assert (report.context, renewals(demo), posts(demo)) == (None, [], [])


@pytest.mark.parametrize("project_id", [1, 2, 3, 5, STRANGE])
@pytest.mark.parametrize("dialect", ["observed", "documented"])
async def test_everything_comes_back_as_it_was(dialect, project_id, neptun):
    demo, client, session = await neptun(dialect=dialect)
    before = rows(demo, project_id)
    what = await copy_of(client, session, project_id)
    await delete_all(client, session, what)
    assert rows(demo, project_id) == {}
    report, noted = await restoring(client, what, session=session)
    homeless = {f(file.id) for file in what.files if file.import_id is None}
    after, made = rows(demo, project_id), {i(0)} if homeless and dialect == "observed" else set()
    for stand_in in made:  # Neptun takes no file without an import
        assert after.pop(ResourceRef(stand_in.kind, report.new_ids[stand_in]))
    assert_same_again(before, after, report.new_ids)
    assert set(results(report).values()) == {RestoreStatus.RESTORED}
    assert not any(outcome.reason for outcome in report.outcomes)
    assert noted == report.new_ids
    assert {outcome.key for outcome in report.outcomes} == set(before) | made
    github = {i(item.id) for item in what.imports if item.takes_connection}
    assert {outcome.key for outcome in report.without_connection} == github
    assert ("does not reconnect the GitHub" in end_of_restore(report)) == bool(github)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([7], "installation of import 7"),
        ([7, 8], "installations of imports 7, 8"),
        (range(1, 12), "installations of imports 1, 2, 3, 4, 5, 6 … and 5 more"),
    ],
)
def test_imports_are_named_whose_installation_is_not_reconnected(numbers, said):
    outcomes = [
        RestoreOutcome(i(n), "", RestoreStatus.RESTORED, without_connection=True) for n in numbers
    ]
    ended = end_of_restore(RestoreReport(tuple(outcomes)))
    assert ended.startswith(f"A restore does not reconnect the GitHub {said}.")


@pytest.mark.parametrize("dialect", ["observed", "documented"])
async def test_markup_and_large_trees_come_back_and_a_nul_is_refused(dialect, neptun):
    demo, client, session = await neptun(dialect=dialect)
    local = {"source_type": "local_folder", "project_id": STRANGE, "neptun_user_id": 1}
    child = {"title": "child", "original_path": "c", "content": "<b> && </i>", "file_type": "text"}
    told = {"error_message": "x > y", "file_tree": {"a<b": ["<script>"]}}
    markup = demo.store.add(IMPORTS, {"source_path": "/List<T>", **told, **local})["id"]
    tree = {"source_path": "/big", "file_tree": {"x": "y" * 2_000_001}}
    large = demo.store.add(IMPORTS, {**tree, **local})["id"]
    tree = {"source_path": "/big<", "file_tree": {"x": "<" * 2_000_001}}
    both = demo.store.add(IMPORTS, {**tree, **local})["id"]
    owner = {"project_id": STRANGE, "neptun_user_id": 1}
    below = demo.store.add(FILES, {**child, **owner, "import_id": markup})["id"]
    kept = demo.store.add(FILES, {**child, **owner, "import_id": 120})["id"]
    before = rows(demo, STRANGE)
    what = await copy_of(client, session, STRANGE)
    await delete_all(client, session, what)
    files = tuple(replace(x, title="NUL\0") if x.id == kept else x for x in what.files)
    what = replace(what, files=files, run_id="r")
    expected = await preview(client, what, session=session)
    report, _ = await restoring(client, what, session=session)
    assert results(expected) == results(report)
    assert [o.reason for o in expected.outcomes] == [o.reason for o in report.outcomes]
    assert report.rest == {f(kept)}
    assert "NUL" in reason(report, f(kept))
    assert results(report)[f(below)] is RestoreStatus.RESTORED
    for number in (large, both):
        assert "without its file tree" in reason(report, i(number))
        before[i(number)]["file_tree"] = None
    assert_same_again(before, rows(demo, STRANGE), report.new_ids, report.rest)


async def test_content_of_ten_megabytes_byte_for_byte(neptun):
    demo, client, session = await neptun()
    content = "".join(map(chr, (*range(1, 0xD800), *range(0xE000, 0x11000)))) * 50
    owner = {"project_id": 3, "neptun_user_id": 1, "import_id": 108}
    row = {"title": "big", "original_path": "big", "content": content, "file_type": "text"}
    old = demo.store.add(FILES, {**row, **owner, "file_size": 7, "depth": -1, "language": None})
    assert len(content.encode()) > 9_000_000
    what = await copy_of(client, session, 3)
    await client.delete_file(session, 3, old["id"])
    report, _ = await restoring(client, what, {f(old["id"])}, session=session)
    assert report.count(RestoreStatus.RESTORED) == 1
    new = demo.store.get(FILES, report.new_ids[f(old["id"])])
    assert new | {"id": 0, "created_at": 0, "updated_at": 0} == old | {
        "id": 0,
        "created_at": 0,
        "updated_at": 0,
    }


class Breaking:
    """Breaks the connection instead of answering some POSTs; they are carried out, or not."""

    def __init__(self, app, asked, carried_out=True, times=10**6):
        self.app, self.asked = app, re.compile(asked)
        self.carried_out, self.left = carried_out, times

    async def __call__(self, scope, receive, send):
        if not self.left or not self.asked.search(f"{scope['method']} {scope['path']}"):
            await self.app(scope, receive, send)
            return
        self.left -= 1

        async def nowhere(message):
            pass

        if self.carried_out:
            await self.app(scope, receive, nowhere)
        # Fewer bytes than announced: the server breaks the connection off.
        start = {"type": "http.response.start", "status": 200}
        await send(start | {"headers": [(b"content-length", b"99")]})
        await send({"type": "http.response.body", "body": b"{"})


@pytest.mark.parametrize(
    ("asked", "carried_out", "times"),
    [
        (r"POST .*/resources", True, 30),
        (r"POST .*/files", False, 30),
        (r"POST .*/imports", False, 2),
        (r"POST .*/resources", True, 10**6),
    ],
)
@pytest.mark.parametrize("dialect", ["observed", "documented"])
async def test_broken_answers_make_no_doubles(dialect, asked, carried_out, times, neptun, no_brake):
    demo, client, session = await neptun(
        dialect=dialect, around=lambda app: Breaking(app, asked, carried_out, times)
    )
    before = rows(demo, STRANGE)
    what = await copy_of(client, session, STRANGE)
    await delete_all(client, session, what)
    notes = Notes()
    report, _ = await restoring(client, what, session=session, notes=notes)
    if not carried_out:
        assert report.count(RestoreStatus.UNKNOWN) == times
        again, _ = await later(client, what, notes, report, age=10, session=session)
        assert again.count(RestoreStatus.UNKNOWN) == times
        assert len(posts(demo)) == len(before) - times - report.count(RestoreStatus.NOT_SENT)
        report, _ = await later(client, what, notes, report, session=session)
    assert set(results(report).values()) <= {RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED}
    assert_same_again(before, rows(demo, STRANGE), report.new_ids)
    assert notes.noted == report.new_ids
    assert len(posts(demo)) == len(before)


async def test_what_breaks_each_time_is_sent_once_and_then_unknown(neptun, no_brake):
    demo, client, session = await neptun(around=lambda app: Breaking(app, r"POST .*/files", False))
    what = await copy_of(client, session, STRANGE)
    await client.delete_import(session, STRANGE, 120)
    report, _ = await restoring(client, what, {i(120)}, session=session)
    assert report.count(RestoreStatus.UNKNOWN) == len(what.files)
    assert "broke off" in reason(report, f(what.files[0].id))
    assert reason(report, f(what.files[0].id)).endswith("restore again in 15 min.")
    assert len(posts(demo)) == 1


async def test_a_failure_half_way_and_then_again(neptun, no_brake):
    demo, client, session = await neptun()
    before = rows(demo, 2)
    what = await copy_of(client, session, 2)
    await delete_all(client, session, what)
    noted = {}

    def note(old, new_id):
        noted[old] = new_id
        demo.store.faults.database_down = len(noted) >= 9

    report, _ = await restoring(client, what, session=session, note=note, done={})
    assert set(results(report).values()) == {
        RestoreStatus.UNKNOWN
    }  # no listing could confirm even the nine
    demo.store.faults.database_down = False
    again, _ = await restoring(client, what, session=session, noted=noted, before=report.before)
    assert again.count(RestoreStatus.ALREADY_RESTORED) >= 9
    assert again.count(RestoreStatus.RESTORED) == len(before) - again.count(
        RestoreStatus.ALREADY_RESTORED
    )
    assert_same_again(before, rows(demo, 2), again.new_ids)
    third, _ = await restoring(client, what, session=session, noted=noted)
    assert third.count(RestoreStatus.ALREADY_RESTORED) == len(before)
    assert_same_again(before, rows(demo, 2), third.new_ids)


@pytest.mark.parametrize("fault", ["list_fails", "database_down"])
async def test_without_a_first_listing_nothing_is_posted(fault, neptun):
    demo, client, session = await neptun()
    what = await copy_of(client, session, 2)
    setattr(demo.store.faults, fault, True)
    report, _ = await restoring(client, what, session=session)
    assert set(results(report).values()) == {RestoreStatus.NOT_SENT}
    assert "Without a listing nothing is restored." in report.outcomes[0].reason
    assert (posts(demo), report.before) == ([], None)


async def test_without_a_last_listing_nothing_is_called_restored(neptun):
    demo, client, session = await neptun()
    what = await copy_of(client, session, STRANGE)
    await delete_all(client, session, what)
    report, noted = await restoring(
        client,
        what,
        session=session,
        begin=lambda before: setattr(demo.store.faults, "list_fails", True),
    )
    assert set(results(report).values()) == {RestoreStatus.UNKNOWN}
    assert "not confirmed" in report.outcomes[0].reason
    demo.store.faults.list_fails = False
    again, _ = await restoring(client, what, session=session, noted=noted)
    assert set(results(again).values()) == {RestoreStatus.ALREADY_RESTORED}


# ---- against a scripted one ----


async def test_two_identical_files_of_which_one_answer_is_lost():
    twins = tuple(File(n, 5, 1, "same", content="same") for n in (11, 12))
    what = replace(saved(), files=twins)
    for script, posted in (
        ([None, (lost(), True)], 3),
        ([None, (lost(), True), (lost(), True)], 3),
        ([None, (lost(), False)], 4),
        ([None, (lost(), False), (lost(), True)], 4),
        ([None, (lost(), False), (lost(), False)], 5),
    ):
        neptun, notes = Scripted(*script), Notes()
        report, _ = await restoring(neptun, what, notes=notes)
        report, _ = await later(neptun, what, notes, report)
        assert report.rest == frozenset()
        assert len(neptun.copies("same")) == 2
        assert notes.noted[f(11)] != notes.noted[f(12)]
        assert len(neptun.posts) == posted
        assert not any(outcome.reason for outcome in report.outcomes)


async def test_a_lost_answer_of_an_import_does_not_lose_its_files():
    neptun = Scripted((lost(), True), (lost(), True))
    report, noted = await restoring(neptun, saved(2, 2))
    assert set(results(report).values()) == {RestoreStatus.RESTORED}
    assert len(neptun.posts) == 6
    assert neptun.rows[f(noted[f(21)])].import_id == noted[i(2)]


async def test_what_is_like_the_posted_but_was_there_before_is_not_taken_for_it():
    what, notes = saved(1, 1), Notes()
    older = replace(what.files[0], id=500, import_id=2)
    neptun = Scripted((lost(), False), imports=[replace(what.imports[0], id=400)], files=[older])
    report, _ = await restoring(neptun, what, notes=notes)
    assert results(report) == {i(1): RestoreStatus.UNKNOWN, f(11): RestoreStatus.NOT_SENT}
    report, _ = await later(neptun, what, notes, report)
    assert set(results(report).values()) == {RestoreStatus.RESTORED}
    assert set(notes.noted.values()).isdisjoint({400, 500})


async def test_one_that_is_made_after_all_is_not_kept_quiet():
    """Later than Neptun is known to carry anything out."""
    neptun, notes = Scripted((lost(), "late")), Notes()
    first, _ = await restoring(neptun, saved(), notes=notes)
    report, _ = await later(neptun, saved(), notes, first)
    assert results(report) == {i(1): RestoreStatus.RESTORED}
    neptun.rows |= {i(made.id): made for made in neptun.late}
    report, _ = await later(neptun, saved(), notes, first)
    [outcome] = report.outcomes
    assert (outcome.result, outcome.new_id, outcome.twins) == (
        RestoreStatus.ALREADY_RESTORED,
        1002,
        (1001,),
    )
    assert outcome.reason == "It is there more than once: also under the ID 1001."
    assert (report.duplicates, len(neptun.posts)) == ((i(1001),), 2)


def listing_with(neptun, made, number):
    """Lists of which one and all later ones hold more imports."""
    for each in count():
        if each == number:
            neptun.rows |= {i(item.id): item for item in made}
        yield None


async def test_one_that_comes_late_is_found_by_the_last_listing():
    neptun = Scripted((lost(), "late"), (lost(), False))
    # 0 and 1 are before, 2 and 3 after each of the two tries
    neptun.lists = listing_with(neptun, neptun.late, number=4)
    report, noted = await restoring(neptun, saved())
    assert results(report) == {i(1): RestoreStatus.RESTORED}
    assert noted == {i(1): 1001}


@pytest.mark.parametrize(
    "failure",
    [
        *(lost(), UnusableAnswer("HTML"), Busy("503", status=503)),
        *(ServerFailed("502", status=502), ServerFailed("504", status=504)),
    ],
    ids=str,
)
async def test_what_may_still_be_carried_out_is_looked_for_and_not_sent_again(failure, no_waiting):
    neptun = Scripted((failure, True))
    report, _ = await restoring(neptun, saved())
    assert (results(report), len(neptun.posts)) == ({i(1): RestoreStatus.RESTORED}, 1)
    neptun, notes = Scripted((failure, False)), Notes()
    report, _ = await restoring(neptun, saved(1, 1), notes=notes)
    assert results(report) == {i(1): RestoreStatus.UNKNOWN, f(11): RestoreStatus.NOT_SENT}
    again, _ = await later(neptun, saved(1, 1), notes, report, age=800)
    assert results(again) == {i(1): RestoreStatus.UNKNOWN, f(11): RestoreStatus.NOT_SENT}
    assert "restore again in 2 min." in reason(again, i(1))
    assert len(neptun.posts) == 1
    last, _ = await later(neptun, saved(1, 1), notes, report)
    assert (set(results(last).values()), len(neptun.posts)) == ({RestoreStatus.RESTORED}, 3)
    assert no_waiting


class Clock:
    """The monotonic clock, moved by hand."""

    def __init__(self):
        self.now = 1e6

    def monotonic(self):
        return self.now

    perf_counter = monotonic


LATE = [Import(n, 5, "local_folder", f"/srv/{n}") for n in (1, 2)]


@pytest.mark.parametrize("kept", [True, False], ids=["at once", "after another import"])
@pytest.mark.parametrize("end", ["carried out", "never carried out", "not listed"])
async def test_a_listing_made_before_the_last_moment_does_not_let_it_be_sent_again(
    end, kept, monkeypatch
):
    clock = Clock()
    for module in (job, restore, restore_matching):
        monkeypatch.setattr(module, "time", clock)
    neptun, what = Scripted(), saved(2)
    notes = Notes()
    notes.note_posting(i(1))
    first = RestoreReport((), frozenset())

    def lists():
        yield None
        if kept:
            clock.now += 20  # the request could be on its way when the listing was asked for
        yield None
        if end == "carried out":
            neptun.rows[i(901)] = replace(LATE[0], id=901)
        yield from repeat(lost() if end == "not listed" else None)

    def change(item):
        clock.now += 0 if kept else 20
        return item

    neptun.lists, neptun.change = lists(), change
    report, _ = await later(neptun, what, notes, first, age=890)
    sent = [item.source_path for item in neptun.posts]
    if end == "carried out":
        assert sent == ["/srv/2"]
        assert results(report) == dict.fromkeys([i(1), i(2)], RestoreStatus.RESTORED)
    elif end == "never carried out":
        assert sorted(sent) == ["/srv/1", "/srv/2"]
        assert results(report) == dict.fromkeys([i(1), i(2)], RestoreStatus.RESTORED)
    else:
        assert sent == ["/srv/2"]
        assert results(report)[i(1)] is RestoreStatus.UNKNOWN
        assert "No listing was made since" in reason(report, i(1))
    assert report.duplicates == ()
    assert len(neptun.copies("/srv/1")) == (end != "not listed")


@pytest.mark.parametrize("status", [404, 500])
async def test_what_the_server_says_has_failed_is_tried_once_more(status):
    failure = ServerFailed("It failed.", status=status)
    neptun = Scripted((failure, True))
    report, _ = await restoring(neptun, saved())
    assert (results(report), len(neptun.posts)) == ({i(1): RestoreStatus.RESTORED}, 1)
    neptun, notes = Scripted((failure, False)), Notes()
    report, _ = await restoring(neptun, saved(), notes=notes)
    assert (results(report), len(neptun.posts)) == ({i(1): RestoreStatus.RESTORED}, 2)
    assert not any(notes.open.values())
    neptun = Scripted(*repeat((failure, False), 9))
    report, _ = await restoring(neptun, saved(1, 1))
    assert (results(report), len(neptun.posts)) == (
        {i(1): RestoreStatus.REFUSED, f(11): RestoreStatus.NOT_SENT},
        2,
    )


async def test_no_way_to_the_server_for_the_second_try():
    for late, result in ((False, RestoreStatus.REFUSED), (True, RestoreStatus.RESTORED)):
        failed = ServerFailed("It failed.", status=500)
        neptun = Scripted((failed, "late"), *repeat((Unreachable("no way"), False), 3))
        made = neptun.late if late else []
        neptun.lists = listing_with(neptun, made, number=3)
        report, _ = await restoring(neptun, saved())
        assert (results(report), len(neptun.posts)) == ({i(1): result}, 4)


async def test_a_status_left_to_neptun_is_no_difference():
    neptun = Scripted((lost(), True))
    neptun.change = lambda item: replace(item, status="pending")
    report, _ = await restoring(neptun, saved())
    assert results(report) == {i(1): RestoreStatus.RESTORED}
    assert (reason(report, i(1)), len(neptun.posts)) == ("", 1)


async def test_the_wait_that_a_503_asks_for_is_kept(no_waiting):
    await restoring(Scripted((Busy("503", status=503, retry_after=7), False)), saved())
    assert 7 in no_waiting


@pytest.mark.parametrize("failure", [Unreachable("no way"), Busy("429", status=429)])
async def test_what_was_certainly_not_processed_is_tried_in_place(failure):
    neptun = Scripted(failure, failure)
    report, _ = await restoring(neptun, saved())
    assert (results(report), len(neptun.posts)) == ({i(1): RestoreStatus.RESTORED}, 3)
    neptun = Scripted(failure, failure, failure)
    report, _ = await restoring(neptun, saved())
    assert (results(report), len(neptun.posts)) == ({i(1): RestoreStatus.NOT_SENT}, 3)
    assert reason(report, i(1)) == str(failure)


@pytest.mark.parametrize("failure", [Rejected("too big"), AccessDenied("not yours")])
async def test_a_refused_import_keeps_its_files_back_and_no_others(failure):
    neptun = Scripted(failure)
    report, _ = await restoring(neptun, saved(2, 1))
    assert results(report) == {
        i(1): RestoreStatus.REFUSED,
        i(2): RestoreStatus.RESTORED,
        f(11): RestoreStatus.NOT_SENT,
        f(21): RestoreStatus.RESTORED,
    }
    assert reason(report, i(1)) == str(failure)
    assert len(neptun.posts) == 3


async def test_a_chosen_import_takes_its_files_and_a_chosen_file_its_import():
    neptun = Scripted()
    report, noted = await restoring(neptun, saved(3, 2), {i(1), f(21), f(99), i(99)})
    assert list(noted) == [i(1), i(2), f(11), f(12), f(21)]
    assert results(report) == dict.fromkeys(noted, RestoreStatus.RESTORED)
    assert [outcome.key for outcome in report.taken_along] == [i(2)]
    assert neptun.rows[f(noted[f(21)])].import_id == noted[i(2)]


async def test_a_file_goes_back_under_the_import_that_is_still_there():
    what = saved(1, 2)
    neptun = Scripted(imports=what.imports)
    report, noted = await restoring(neptun, what, {f(12)})
    assert results(report) == {f(12): RestoreStatus.RESTORED}
    assert neptun.rows[f(noted[f(12)])].import_id == 1
    assert len(neptun.posts) == 1


async def test_a_file_of_an_import_that_was_not_saved_keeps_its_number():
    failed = ServerFailed("It failed.", status=500)
    neptun = Scripted(None, failed, failed)
    files = tuple(File(n, 5, 77, f"{n}") for n in (1, 2))
    report, _ = await restoring(neptun, BackupContents(5, (), files))
    assert [post.import_id for post in neptun.posts] == [77, 77, 77]
    assert results(report) == {
        f(1): RestoreStatus.RESTORED,
        f(2): RestoreStatus.REFUSED,
    }  # the import is there


async def test_files_whose_import_is_gone_get_another_one():
    failed, rejected = ServerFailed("500", status=500), Rejected("no", fields=("import_id",))
    neptun = Scripted(failed, failed, rejected)
    files = tuple(File(n, 5, parent, f"{n}") for n, parent in ((1, 77), (2, 77), (3, None)))
    report, noted = await restoring(neptun, BackupContents(5, (), files))
    assert results(report) == dict.fromkeys([i(0), i(77), f(1), f(2), f(3)], RestoreStatus.RESTORED)
    assert [outcome.key for outcome in report.taken_along] == [i(0), i(77)]
    paths = [neptun.rows[i(noted[i(n)])].source_path for n in (0, 77)]
    assert paths == ["/restored/no-import", "/restored/import-77"]
    parents = [neptun.rows[f(noted[f(n)])].import_id for n in (1, 2, 3)]
    assert parents == [noted[i(77)], noted[i(77)], noted[i(0)]]
    again, _ = await restoring(neptun, BackupContents(5, (), files), noted=noted)
    assert (set(results(again).values()), len(neptun.posts)) == (
        {RestoreStatus.ALREADY_RESTORED},
        8,
    )


async def test_the_import_of_a_file_that_went_later_comes_back_with_it():
    """The backup of the file names the import it stood under, which was deleted elsewhere."""
    parent, file = Import(77, 5, "local_folder", "/srv/x", status="done"), File(1, 5, 77, "1")
    neptun = Scripted()
    what = BackupContents(5, (), (file,), parents=(parent,))
    expected = await preview(neptun, what)
    assert neptun.posts == []
    report, noted = await restoring(neptun, what)
    assert (
        results(report)
        == results(expected)
        == {i(77): RestoreStatus.RESTORED, f(1): RestoreStatus.RESTORED}
    )
    assert neptun.rows[i(noted[i(77)])].source_path == "/srv/x"
    there = Scripted(imports=[parent])
    report, _ = await restoring(there, what)
    assert (results(report), len(there.posts)) == ({f(1): RestoreStatus.RESTORED}, 1)


async def test_into_an_import_go_the_files_and_nothing_else():
    neptun = Scripted(imports=[Import(400, 5, "local_folder", "/other")])
    report, noted = await restoring(neptun, saved(2, 2), into_import=400)
    assert results(report) == dict.fromkeys([f(11), f(12), f(21), f(22)], RestoreStatus.RESTORED)
    assert {neptun.rows[f(new)].import_id for new in noted.values()} == {400}
    with pytest.raises(CannotPlan, match="has no import 401"):
        await restoring(neptun, saved(2, 2), into_import=401)
    with pytest.raises(CannotPlan, match="has no import 401"):
        await preview(neptun, saved(2, 2), into_import=401)
    assert len(neptun.posts) == 4


async def test_an_import_that_waits_for_its_path_is_finished_by_the_next_restore(neptun):
    demo, client, session = await neptun(around=lambda app: Breaking(app, "^PUT ", False, times=3))
    local = {"source_type": "local_folder", "project_id": 3, "neptun_user_id": 1}
    old = demo.store.add(IMPORTS, {"source_path": "a <x> b", "source_ref": ">", **local})["id"]
    what = replace(await copy_of(client, session, 3), run_id="20260101-000000000-abcdef")
    await client.delete_import(session, 3, old)
    report, noted = await restoring(client, what, {i(old)}, session=session)
    assert results(report) == {i(old): RestoreStatus.INCOMPLETE}
    assert report.rest == {i(old)}
    new = report.outcomes[0].new_id
    assert demo.store.get(IMPORTS, new)["source_path"].startswith("/neptun-tui-restore/")
    again, _ = await restoring(
        client, what, {i(old)}, session=session, noted=noted, before=report.before
    )
    assert results(again) == {i(old): RestoreStatus.ALREADY_RESTORED}
    row = demo.store.get(IMPORTS, new)
    assert (row["source_path"], row["source_ref"]) == ("a <x> b", ">")
    assert len(posts(demo)) == 1


async def test_an_import_made_with_a_placeholder_is_found_after_a_lost_answer(neptun):
    demo, client, session = await neptun(around=lambda app: Breaking(app, "POST .*/imports"))
    local = {"source_type": "local_folder", "project_id": 3, "neptun_user_id": 1}
    old = demo.store.add(IMPORTS, {"source_path": "a <x> b", **local})["id"]
    what = replace(await copy_of(client, session, 3), run_id="20260101-000000000-abcdef")
    await client.delete_import(session, 3, old)
    report, _ = await restoring(client, what, {i(old)}, session=session)
    assert results(report) == {i(old): RestoreStatus.RESTORED}
    assert demo.store.get(IMPORTS, report.outcomes[0].new_id)["source_path"] == "a <x> b"
    assert len(posts(demo)) == 1


@pytest.mark.parametrize("name", ["Storefront", "a <x> > b"])
@pytest.mark.parametrize("dialect", ["observed", "documented"])
@pytest.mark.parametrize("broken", [(), (r"POST .*/projects$",)])
async def test_a_project_that_is_gone_is_made_again(dialect, name, broken, neptun):
    around = (lambda app: Breaking(app, *broken)) if broken else (lambda app: app)
    demo, client, session = await neptun(dialect=dialect, around=around)
    demo.store.change(PROJECTS, 2, {"name": name})
    [project] = [p for p in await client.projects(session) if p.id == 2]
    before = rows(demo, 2)
    what = replace(await copy_of(client, session, 2), project=project, run_id="r")
    demo.store.remove(PROJECTS, 2)
    expected = await preview(client, what, session=session)
    assert (expected.project_made, expected.project_id) == (True, 0)
    assert not made_projects(demo)
    notes = Notes()
    report, _ = await restoring(client, what, session=session, notes=notes)
    assert results(expected) == results(report)
    assert report.project_made
    assert notes.projects == [report.project_id]
    row = demo.store.get(PROJECTS, report.project_id)
    assert [row[name] for name in ("name", "type", "main_language")] == [
        *(name, project.type, project.main_language),
    ]
    assert row["description"] == project.description
    after = rows(demo, report.project_id)
    assert_same_again(
        {k: {**row, "project_id": report.project_id} for k, row in before.items()},
        after,
        report.new_ids,
    )
    again, _ = await restoring(
        client,
        what,
        session=session,
        noted=notes.noted,
        replacements=notes.projects,
        posts=notes.posts(),
    )
    assert set(results(again).values()) == {RestoreStatus.ALREADY_RESTORED}
    assert len(made_projects(demo)) == 1


def made_projects(demo):
    return [a for a in demo.store.arrivals if a.method == "POST" and a.path.endswith("/projects")]


async def test_a_project_whose_making_is_on_its_way_is_not_made_twice(neptun):
    demo, client, session = await neptun()
    [project] = [p for p in await client.projects(session) if p.id == 2]
    what = replace(await copy_of(client, session, 2), project=project, run_id="r")
    demo.store.remove(PROJECTS, 2)
    others = tuple(row["id"] for row in demo.store.select(PROJECTS))
    posts_ = {None: [OpenPost(5.0, None, others)]}
    report, _ = await restoring(client, what, session=session, posts=posts_)
    assert report.undecided
    assert set(results(report).values()) == {RestoreStatus.NOT_SENT}
    assert (posts(demo), made_projects(demo)) == ([], [])
    values = {"name": project.name, "type": project.type, "main_language": project.main_language}
    late = {"description": project.description, "neptun_user_id": 1}
    number = demo.store.add(PROJECTS, {**values, **late})["id"]
    report, _ = await restoring(client, what, session=session, posts=posts_)
    assert (report.project_id, made_projects(demo)) == (number, [])
    assert set(results(report).values()) == {RestoreStatus.RESTORED}


@pytest.mark.parametrize("failures", [3, 99])
async def test_a_project_is_not_made_again_while_its_result_is_unknown(failures, neptun):
    demo, client, session = await neptun()
    [project] = [p for p in await client.projects(session) if p.id == 2]
    what = replace(await copy_of(client, session, 2), project=project, run_id="r")
    demo.store.remove(PROJECTS, 2)
    others = tuple(row["id"] for row in demo.store.select(PROJECTS))
    values = {"name": project.name, "type": project.type, "main_language": project.main_language}
    late = {"description": project.description, "neptun_user_id": 1}
    made = demo.store.add(PROJECTS, {**values, **late})["id"]
    ask, asked = client.projects, 0

    async def projects(*given):
        nonlocal asked
        asked += 1
        if 1 < asked <= 1 + failures:
            raise ServerFailed("The database failed.", status=404)
        return await ask(*given)

    client.projects = projects
    posts_ = {None: [OpenPost(901.0, None, others)]}
    report, _ = await restoring(client, what, session=session, posts=posts_)
    assert not made_projects(demo)
    if failures == 3:
        assert (report.project_id, report.undecided) == (made, False)
        assert set(results(report).values()) == {RestoreStatus.RESTORED}
    else:
        assert report.undecided
        assert set(results(report).values()) == {RestoreStatus.NOT_SENT}
        assert posts(demo) == []


async def test_into_another_project(neptun):
    demo, client, session = await neptun()
    what = replace(await copy_of(client, session, 2), run_id="r")
    count_, there = len(rows(demo, 2)), len(rows(demo, 3))
    demo.store.remove(PROJECTS, 2)
    report, _ = await restoring(client, what, session=session, into_project=3)
    assert set(results(report).values()) == {RestoreStatus.RESTORED}
    assert len(rows(demo, 3)) == there + count_
    with pytest.raises(CannotPlan, match="This account has no project 999"):
        await restoring(client, what, session=session, into_project=999)


async def test_what_was_never_deleted_is_not_posted():
    what = saved(1, 2)
    neptun = Scripted(imports=what.imports, files=what.files[:1])
    report, _ = await restoring(neptun, what)
    assert results(report) == {
        i(1): RestoreStatus.STILL_THERE,
        f(11): RestoreStatus.STILL_THERE,
        f(12): RestoreStatus.RESTORED,
    }
    assert [post.id for post in neptun.posts] == [12]
    assert set(report.new_ids) == {f(12)}
    assert report.without_connection == ()


async def test_again_with_what_was_done_makes_no_doubles_and_brings_back_what_went_again():
    what, neptun = saved(2, 2), Scripted()
    _, noted = await restoring(neptun, what)
    first = dict(noted)
    again, _ = await restoring(neptun, what, noted=noted)
    assert set(results(again).values()) == {RestoreStatus.ALREADY_RESTORED}
    assert (len(neptun.posts), again.new_ids) == (6, first)
    del neptun.rows[i(first[i(1)])], neptun.rows[f(first[f(11)])], neptun.rows[f(first[f(12)])]
    third, _ = await restoring(neptun, what, {f(11), i(2)}, noted=noted)
    assert results(third) == {
        i(1): RestoreStatus.RESTORED,
        i(2): RestoreStatus.ALREADY_RESTORED,
        f(11): RestoreStatus.RESTORED,
        f(21): RestoreStatus.ALREADY_RESTORED,
        f(22): RestoreStatus.ALREADY_RESTORED,
    }
    assert neptun.rows[f(noted[f(11)])].import_id == noted[i(1)] != first[i(1)]


async def test_a_file_that_is_back_needs_no_import():
    what = saved(1, 1)
    neptun = Scripted(files=[replace(what.files[0], id=500, import_id=77)])
    report, _ = await restoring(neptun, what, {f(11)}, done={f(11): 500, i(1): 400})
    assert (results(report), neptun.posts) == ({f(11): RestoreStatus.ALREADY_RESTORED}, [])


async def test_one_file_more_finds_its_import_restored_before():
    what, neptun = saved(1, 2), Scripted()
    _, noted = await restoring(neptun, what, {f(11)})
    report, _ = await restoring(neptun, what, {f(12)}, noted=noted)
    assert results(report) == {i(1): RestoreStatus.ALREADY_RESTORED, f(12): RestoreStatus.RESTORED}
    assert neptun.rows[f(noted[f(12)])].import_id == noted[i(1)]


async def test_killed_between_the_answer_and_the_note():
    """With what was listed before the first attempt, the next one knows its own again."""
    what, neptun = saved(2, 3), Scripted()
    kept = []

    def note(old, new_id):
        if len(noted) == 4:
            raise RuntimeError
        noted[old] = new_id

    noted = {}
    with pytest.raises(ExceptionGroup):
        await restoring(neptun, what, note=note, done={}, begin=kept.append, in_flight=1)
    assert (len(noted), len(neptun.rows)) == (4, 5)
    report, _ = await restoring(neptun, what, noted=noted, before=kept[0])
    assert report.count(RestoreStatus.ALREADY_RESTORED) == 5
    assert report.count(RestoreStatus.RESTORED) == 3
    assert len(neptun.rows) == 8
    assert report.before == kept[0] == frozenset()


def stopping(run):
    return lambda item: run.stop() or item


async def test_stop_sends_no_more_and_tells_of_each():
    noted = {}

    def note(old, new_id):
        noted[old] = new_id
        if len(noted) == 7:
            run.stop()

    neptun = Scripted()
    run = RestoreRun(None, saved(21, 1), done={}, notes=Notes(note), in_flight=3)
    assert (run.progress.phase, run.progress.total) == (Phase.LOOKING, 42)
    report = await run.run(neptun)
    assert report.stopped
    assert 7 <= len(neptun.posts) <= 9
    assert report.count(RestoreStatus.RESTORED) == len(neptun.posts) == len(noted)
    assert report.count(RestoreStatus.NOT_SENT) == 42 - len(noted)
    assert (run.progress.phase, run.progress.done) == (Phase.DONE, 42)
    assert run.progress.stopping
    assert neptun.most <= 3


async def test_no_more_than_six_at_a_time():
    neptun = Scripted()
    await restoring(neptun, saved(1, 40))
    assert neptun.most == 6


async def test_more_at_a_time_while_the_server_keeps_up():
    neptun = Scripted()
    await restoring(neptun, saved(1, 200), in_flight=16)
    assert 6 < neptun.most <= 16


async def test_stop_does_not_wait_for_more_tries():
    neptun = Scripted(Unreachable("no way"))
    run = RestoreRun(None, saved(), done={}, notes=Notes())
    neptun.change = stopping(run)
    report = await run.run(neptun)
    assert (results(report), len(neptun.posts)) == ({i(1): RestoreStatus.NOT_SENT}, 1)


async def test_a_stop_still_looks_for_what_was_in_flight():
    for carried_out, result in ((True, RestoreStatus.RESTORED), (False, RestoreStatus.UNKNOWN)):
        neptun = Scripted((lost(), carried_out))
        run = RestoreRun(None, saved(1, 1), done={}, notes=Notes())
        neptun.change = stopping(run)
        report = await run.run(neptun)
        assert results(report) == {i(1): result, f(11): RestoreStatus.NOT_SENT}
        assert len(neptun.posts) == 1
        assert neptun.listed == 5


async def test_a_lost_session_ends_it():
    neptun = Scripted(None, None, None, SessionExpired("Sign in again."))
    neptun.lists = iter([None, None, SessionExpired("Sign in again.")])
    report, noted = await restoring(neptun, saved(2, 9), in_flight=1)
    assert report.signed_out
    assert len(neptun.posts) == 4
    assert report.count(RestoreStatus.UNKNOWN) == len(noted) == 3
    assert report.count(RestoreStatus.NOT_SENT) == 17
    assert next(neptun.lists)  # no request with an expired session


async def test_a_session_lost_before_the_first_listing():
    neptun = Scripted()
    neptun.lists = repeat(SessionExpired("Sign in again."))
    report, _ = await restoring(neptun, saved(1, 1))
    assert (report.signed_out, neptun.posts) == (True, [])
    assert set(results(report).values()) == {RestoreStatus.NOT_SENT}
    assert reason(report, i(1)) == "Sign in again."


async def test_no_listing_after_a_lost_answer():
    neptun = Scripted((lost(), True))
    neptun.lists = iter([None, None, *repeat(lost(), 99)])
    report, noted = await restoring(neptun, saved(1, 1))
    assert results(report) == {i(1): RestoreStatus.UNKNOWN, f(11): RestoreStatus.NOT_SENT}
    assert "may still be carried out" in reason(report, i(1))
    neptun.lists = repeat(None)
    again, _ = await restoring(neptun, saved(1, 1), noted=noted, before=report.before)
    assert results(again) == {i(1): RestoreStatus.ALREADY_RESTORED, f(11): RestoreStatus.RESTORED}
    assert len(neptun.rows) == 2


async def test_killed_with_requests_in_flight_that_are_carried_out_later():
    """Run again at once, nothing is sent twice; what has come by then is found."""
    what, notes, kept = saved(1, 12), Notes(), []
    notes.begin = kept.append
    neptun = Scripted(None, *repeat((lost(), "late"), 6))

    def killed(item):
        if len(neptun.posts) == 7:
            neptun.rows |= {f(made.id): made for made in neptun.late[:2]}
            raise RuntimeError  # as a kill: nothing more is noted, nothing more is sent
        return item

    neptun.change = killed
    with pytest.raises(ExceptionGroup):
        await restoring(neptun, what, notes=notes, in_flight=6)
    neptun.change = lambda item: item
    neptun.script = iter(())
    in_flight = {old for old, open_ in notes.open.items() if open_}
    assert in_flight
    sent = len(neptun.posts)
    first = RestoreReport((), kept[0])
    report, _ = await later(neptun, what, notes, first, age=1)
    unknown = {key for key, result in results(report).items() if result is RestoreStatus.UNKNOWN}
    assert unknown <= in_flight
    assert len(neptun.posts) - sent == report.count(RestoreStatus.RESTORED)
    neptun.rows |= {f(made.id): made for made in neptun.late}
    report, _ = await later(neptun, what, notes, first, age=60)
    names = Counter(row.name for row in neptun.rows.values())
    assert max(names.values()) == 1


async def test_what_cannot_be_noted_ends_it():
    def full(*_):
        raise StorageError("The disk is full.")

    neptun = Scripted()
    report, _ = await restoring(neptun, saved(9), note=full, in_flight=1)
    assert (report.unrecorded, len(neptun.posts)) == ("The disk is full.", 1)
    assert (report.count(RestoreStatus.RESTORED), report.count(RestoreStatus.NOT_SENT)) == (1, 8)
    assert "ended early. The disk is full." in reason(report, i(9))
    neptun = Scripted()
    report, _ = await restoring(neptun, saved(9), begin=full)
    assert (report.unrecorded, neptun.posts) == ("The disk is full.", [])
    assert report.count(RestoreStatus.NOT_SENT) == 9


SPENT = [MemoryError(), RuntimeError("can't start new thread"), OSError(24, "no files")]


@pytest.mark.parametrize("error", SPENT, ids=repr)
async def test_a_machine_that_gives_out_ends_it_with_a_report(error):
    neptun = Scripted(None, (error, True))
    report, _ = await restoring(neptun, saved(9), in_flight=1)
    assert len(neptun.posts) == 2
    assert report.unrecorded
    assert report.count(RestoreStatus.RESTORED) == 2  # the listing knows both
    assert report.count(RestoreStatus.NOT_SENT) == 7
    neptun = Scripted()
    neptun.lists = iter([None, None, *repeat(error, 99)])
    report, _ = await restoring(neptun, saved(3), renew_context=True)
    assert report.count(RestoreStatus.UNKNOWN) == 3
    assert not report.context or report.context.failed
    neptun = Scripted()
    neptun.lists = repeat(error)
    report, _ = await restoring(neptun, saved(3))
    assert (report.count(RestoreStatus.NOT_SENT), neptun.posts) == (3, [])
    assert "This " in str(report.unlisted)


@pytest.mark.parametrize("error", SPENT, ids=repr)
async def test_a_renewal_that_the_machine_has_no_means_for_is_told(error):
    async def give_out(*_):
        raise error

    neptun = Scripted()
    neptun.renew_context = give_out
    report, _ = await restoring(neptun, saved(3), renew_context=True)
    assert report.count(RestoreStatus.RESTORED) == 3
    assert report.context.failed
    assert "may lack what was restored: This " in end_of_restore(report)


async def test_the_github_connection_is_named_as_what_does_not_come_back():
    what = saved(2)
    github = replace(what.imports[0], source_type="github_repository_installation")
    report, _ = await restoring(Scripted(), replace(what, imports=(github, what.imports[1])))
    assert [outcome.key for outcome in report.without_connection] == [i(1)]


async def test_what_neptun_changed_is_said():
    neptun = Scripted()
    neptun.change = lambda item: (
        replace(item, metadata={"b": 1}, language="text") if isinstance(item, File) else item
    )
    report, _ = await restoring(neptun, saved(1, 1))
    assert results(report)[f(11)] is RestoreStatus.RESTORED
    assert reason(report, f(11)) == "Neptun keeps another value for language, metadata."


async def test_what_is_accepted_but_not_listed_is_not_called_restored():
    report, _ = await restoring(Scripted((None, False)), saved())
    assert results(report) == {i(1): RestoreStatus.UNKNOWN}
    assert reason(report, i(1)) == "Accepted, not confirmed: Neptun's listing does not have it."


FAILURES = st.sampled_from(
    [
        None,
        None,
        (lost(), True),
        (lost(), False),
        (lost(), "late"),
        (UnusableAnswer("HTML"), True),
        (ServerFailed("500", status=500), False),
        Unreachable("no way"),
        Busy("429", status=429),
        (Busy("503", status=503), True),
        SessionExpired("Sign in."),
        Rejected("no"),
    ]
)
LISTS = st.sampled_from([None, None, None, None, lost(), ServerFailed("404", status=404)])


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_whatever_happens_each_comes_back_once(data):
    """Attempts that fail in every way, until one does not: no item is lost or made twice."""
    asyncio.run(attempts(data))


async def attempts(data):
    what = saved(data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3)))
    same = tuple(replace(file, title="same", content="same") for file in what.files)
    what = replace(what, files=data.draw(st.sampled_from([what.files, same])))
    keys = {i(x.id) for x in what.imports} | {f(x.id) for x in what.files}
    neptun, notes, before = Scripted(), Notes(), None
    for _ in range(data.draw(st.integers(1, 3))):
        neptun.script = iter(data.draw(st.lists(FAILURES, max_size=12)))
        lists = data.draw(st.lists(LISTS, max_size=12))
        neptun.lists = iter([*lists, *repeat(None, 99)])
        age = data.draw(st.sampled_from([1, 1, 901]))
        if age > LATE_FOR.total_seconds():
            neptun.late = []  # requests still held by then are never carried out
        report, _ = await later(neptun, what, notes, RestoreReport((), before), age=age)
        assert Counter(outcome.key for outcome in report.outcomes) == Counter(keys)
        for outcome in report.outcomes:
            listed = ResourceRef(outcome.key.kind, outcome.new_id or 0) in neptun.rows
            if outcome.result in (RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED):
                assert listed
            elif outcome.result in (RestoreStatus.REFUSED, RestoreStatus.NOT_SENT):
                assert not listed
        before = before if report.before is None else report.before
        if data.draw(st.booleans()):  # what was held at the server is carried out now
            late, neptun.late = neptun.late, []
            kinds = {Import: Kind.IMPORT, File: Kind.FILE}
            neptun.rows |= {ResourceRef(kinds[type(made)], made.id): made for made in late}
    neptun.script, neptun.lists, neptun.late = iter(()), repeat(None), []
    last, _ = await later(neptun, what, notes, RestoreReport((), before))
    assert last.rest == frozenset()
    assert last.duplicates == ()
    assert len(neptun.rows) == len(keys)
    assert {ResourceRef(old.kind, new) for old, new in last.new_ids.items()} == set(neptun.rows)
    for file in what.files:
        again = neptun.rows[f(last.new_ids[f(file.id)])]
        assert again.content == file.content
        assert again.import_id == last.new_ids[i(file.import_id)]


# ---- a server that fails or cannot be reached, and a session that ends ----


def away():
    return Unreachable("Could not connect to neptun.example.")


async def test_an_outage_of_a_restore_is_waited_for(waits):
    what = saved(2, 6)
    neptun = Scripted(None, None, *[away() for _ in range(30)])
    report, _ = await restoring(neptun, what, outage_seconds=60)
    assert set(results(report).values()) == {RestoreStatus.RESTORED}
    assert len(neptun.rows) == 14
    assert (report.halted, report.rest) == ("", frozenset())
    assert waits.count(1) >= 5


async def test_an_outage_that_lasts_ends_a_restore_and_sends_little():
    what = saved(1, 200)
    neptun = Scripted(None, *[away() for _ in range(999)])
    report, _ = await restoring(neptun, what, outage_seconds=60)
    assert report.count(RestoreStatus.RESTORED) == 1
    assert report.count(RestoreStatus.NOT_SENT) == 200
    assert len(neptun.posts) < 100
    assert "Could not connect" in report.halted
    assert report.halted in end_of_restore(report)
    assert {outcome.reason for outcome in report.outcomes[1:]} == {report.halted}
    assert len(report.rest) == 200


async def test_a_listing_of_a_restore_waits_out_an_outage(waits):
    neptun = Scripted()
    neptun.lists = chain([away() for _ in range(9)], repeat(None))
    report, _ = await restoring(neptun, saved(1, 1), outage_seconds=60)
    assert report.count(RestoreStatus.RESTORED) == 2
    assert waits.count(1) >= 5


async def test_without_an_end_an_outage_before_a_restore_sends_nothing():
    neptun = Scripted()
    neptun.lists = (away() for _ in repeat(0))
    report, _ = await restoring(neptun, saved(1, 1), outage_seconds=60)
    assert report.count(RestoreStatus.NOT_SENT) == 2
    assert isinstance(report.unlisted, Unreachable)
    assert neptun.posts == []


async def test_a_server_that_fails_ten_posts_in_a_row_pauses_a_restore(waits):
    what = saved(1, 1_000)
    failed = [ServerFailed("It failed.", status=500, by_server=True) for _ in range(999)]
    neptun = Scripted(None, *failed)
    report, _ = await restoring(neptun, what)
    assert 10 <= len(neptun.posts) <= 10 + 6 + 6 + 1
    assert "in a row failed" in report.halted
    assert report.count(RestoreStatus.RESTORED) == 1
    assert waits.count(1) >= 600


async def test_a_pause_of_a_restore_is_counted_down_and_ended_by_a_stop(monkeypatch):
    failed = [ServerFailed("It failed.", status=500, by_server=True) for _ in range(999)]
    neptun = Scripted(None, *failed)
    run = RestoreRun(None, saved(1, 100), done={}, notes=Notes())
    seen = []

    async def stop(_):
        if run.progress.paused:
            seen.append(run.progress)
            run.stop()

    monkeypatch.setattr(run, "_wait", stop)
    report = await run.run(neptun)
    assert report.stopped
    assert {progress.phase for progress in seen} == {Phase.PAUSED}
    assert "Next try in 10 s" in progress_line(seen[0])
    assert "10 requests in a row failed" in progress_line(seen[0])


async def test_files_without_their_import_are_no_failures_in_a_row(waits):
    what = BackupContents(5, (), tuple(File(n, 5, 3, f"{n}", content="x") for n in range(1, 31)))
    lacking = [ServerFailed("It failed.", status=500, by_server=True) for _ in range(30)]
    report, _ = await restoring(Scripted(*lacking), what)
    assert report.count(RestoreStatus.RESTORED) == 31
    assert waits.count(1) == 0


@pytest.mark.parametrize("lost_after", [0, 1, 2, 5, 8])
async def test_a_restore_goes_on_after_a_new_sign_in(lost_after):
    expired = [SessionExpired("Your session has ended.") for _ in range(1)]
    neptun = Scripted(*[None] * lost_after, *expired)
    asked = []

    async def renew(ended):
        asked.append(ended)
        return "renewed"

    report, _ = await restoring(neptun, saved(2, 4), session="old", renew=renew)
    assert asked == ["old"]
    assert set(results(report).values()) == {RestoreStatus.RESTORED}
    assert len(neptun.rows) == 10
    assert not report.signed_out


async def test_a_listing_goes_on_after_a_new_sign_in():
    neptun = Scripted()
    neptun.lists = chain([SessionExpired("Your session has ended.")], repeat(None))

    async def renew(_):
        return "renewed"

    report, _ = await restoring(neptun, saved(1, 1), session="old", renew=renew)
    assert report.count(RestoreStatus.RESTORED) == 2


async def test_a_sign_in_that_is_declined_is_asked_for_once():
    neptun = Scripted(None, *[SessionExpired("Your session has ended.") for _ in range(99)])
    asked = []

    async def decline(ended):
        asked.append(ended)

    report, _ = await restoring(neptun, saved(1, 20), session="old", renew=decline)
    assert asked == ["old"]
    assert report.signed_out
    assert len(neptun.posts) <= 7
    assert report.count(RestoreStatus.NOT_SENT) >= 14
