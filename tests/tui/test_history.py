"""History of past deletions: results, restoring, and removing a backup permanently."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.app import App

from neptun_tui.demo.hostile_names import TITLES
from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.domain.account import Account, Secret
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef, make_plan
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.domain.results import Verdict
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.history import toggle_with_children
from neptun_tui.services.loading import load_listing
from neptun_tui.services.messages import about_restoring
from neptun_tui.services.restore_models import RestoreOutcome, RestoreReport, RestoreStatus
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.backup_format import Backup
from neptun_tui.storage.backups import Backups
from neptun_tui.storage.journal import Journal
from neptun_tui.tui.app import NeptunApp
from neptun_tui.tui.bindings import KeyContext, keys_of
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.icons import SIGNS
from neptun_tui.tui.key_settings import check_keys
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.screens.history_detail import HistoryDetailScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.widgets import detail
from neptun_tui.tui.widgets.bars import KeyBar

REFUSED = b'{"statusCode":400,"statusMessage":"Bad Request."}'
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def records(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state", tmp_path / "data")


def i(number: int) -> ResourceRef:
    return ResourceRef(Kind.IMPORT, number)


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


def copies(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "data").glob("*"))


def posts(neptun) -> int:
    """The POSTs that would make something."""
    return neptun.count("POST", "/imports") + neptun.count("POST", "/files")


@pytest.fixture
def delete(neptun, make_app_context, records):
    """Delete through the services, as an earlier start of the program would have done."""

    async def run(
        project: int, *chosen: ResourceRef, backup: bool = True, other: bool = False
    ) -> str:
        app_context = make_app_context(records=records)
        who = (OTHER_EMAIL, OTHER_PASSWORD) if other else (DEMO_EMAIL, DEMO_PASSWORD)
        signed_in = await app_context.sign_in.with_password(
            app_context.host, who[0], Secret(who[1])
        )
        account_session = AccountSession(
            app_context.link, app_context.sign_in, signed_in, no, records=records
        )
        listing = await account_session.ask(
            lambda neptun, session: load_listing(
                neptun, session, Project(project, f"Project {project}")
            )
        )
        parts = (account_session.account, listing.project, listing.imports, listing.files)
        plan = make_plan(*parts, chosen or [i(item.id) for item in listing.imports])
        kept = await account_session.keep(plan, listing, backup)
        await account_session.start(plan, kept).finished()
        return kept.run_id

    return run


async def no(account: Account) -> None:
    return None


async def in_history(ui) -> None:
    await ui.on(BrowserScreen)
    await ui.press("h")
    await ui.on(HistoryScreen)
    await ui.see("past deletion")


async def in_run(ui) -> None:
    """Open the newest run, its copy read."""
    await in_history(ui)
    await ui.press("enter")
    await ui.on(HistoryDetailScreen)
    await ui.until(lambda: ui.app.screen._held is not None, "the copy")
    await ui.quiet()


async def asked(ui, key: str = "R") -> None:
    """Bring up the dialog, and wait until it would take a key."""
    await ui.press(key)
    await ui.on(ConfirmScreen)
    assert ui.app.screen._question.verb == {"R": "restore", "P": "remove"}[key]
    await ui.settled()


async def restored(ui) -> None:
    """Say yes, and wait for the report."""
    await ui.press("y")
    await ui.on_job("Restoring")
    await ui.until(lambda: ui.app.screen._report is not None, "the report")
    await ui.quiet()


async def point(ui, wanted: ResourceRef) -> None:
    items = ui.app.screen._items
    items.move_to([item.key for item in items.items].index(wanted))
    await ui.settled(0.25)


def told(row: dict) -> dict:
    """Return the fields of a row that a client can set, without its import."""
    unset = ("id", "created_at", "updated_at", "import_id")
    return {name: value for name, value in row.items() if name not in unset}


def rows(neptun, project: int) -> dict[ResourceRef, dict]:
    found = {i(row["id"]): row for row in neptun.store.select(IMPORTS, project_id=project)}
    return found | {f(row["id"]): row for row in neptun.store.select(FILES, project_id=project)}


def assert_same_again(before: dict, after: dict, new_ids: dict[ResourceRef, int]) -> None:
    for old, new in new_ids.items():
        row, again = before[old], after[ResourceRef(old.kind, new)]
        assert told(row) == told(again), old
        if old.kind is Kind.FILE and row["import_id"]:
            assert again["import_id"] == new_ids.get(i(row["import_id"]), row["import_id"])


def is_on_screen(ui, selector: str) -> bool:
    region, (width, height) = ui.app.screen.query_one(selector).region, ui.app.size
    return bool(region) and region.right <= width and region.bottom < height


def assert_printable(ui) -> None:
    width, height = ui.app.size
    assert len(ui.grid) == height
    for line in ui.grid:
        assert line.isprintable(), repr(line)
        assert cell_len(line) <= width, repr(line)


# The history ---------------------------------------------------------------------------------


async def test_runs_are_listed_the_newest_first_with_all_there_is_to_say(start, delete, records):
    await delete(1, i(102), f(1201))
    await delete(2, backup=False)
    async with start((160, 40), records=records) as ui:
        await in_history(ui)
        first, second = (line for line in ui.grid if "just now" in line)
        assert all(word in first for word in ("2 Project 2", "imports,", "deleted", "no backup"))
        assert all(word in second for word in ("1 Project 1", "1 import, 59 files", "60 deleted"))
        assert "KB" in second
        await ui.press("down")
        await ui.see("A backup of", "is kept in", DEMO_EMAIL)


async def test_a_run_with_unknown_results_is_called_no_deletion(start, delete, neptun, records):
    neptun.answer("DELETE", 502, b"<h1>502</h1>", "text/html")
    await delete(1, f(102))
    async with start((120, 40), records=records) as ui:
        await in_history(ui)
        await ui.see("1 unknown", f"Run by {DEMO_EMAIL}")
        assert "Deleted by" not in ui.words


async def test_a_notice_leaves_the_lines_at_the_bottom_to_be_read(start, delete, records):
    await delete(1, f(102))
    async with start((80, 24), records=records) as ui:
        await in_history(ui)
        async for _ in ui.each_size():
            about = ui.app.screen.query_one("#history-about")
            before = [ui.grid[y] for y in range(about.region.y, about.region.bottom)]
            ui.app.notify("A notice that is long enough for two lines of a narrow one.")
            await ui.see("A notice")
            assert [ui.grid[y] for y in range(about.region.y, about.region.bottom)] == before
            ui.app.clear_notifications()
            await ui.see_no("A notice")


async def test_the_footer_of_a_run_names_the_key_that_opens_only_where_it_does(
    start, delete, records
):
    await delete(1, i(102))
    async with start((160, 40), records=records) as ui:
        await in_run(ui)
        for _ in range(3):
            await ui.see("enter → open")
            await ui.press("tab")
            await ui.until(lambda: "enter → open" not in ui.text, "another footer")
            await ui.press("tab")


async def test_the_history_can_be_read_at_every_size(start, delete, records):
    await delete(1, i(102))
    async with start(records=records) as ui:
        await in_history(ui)
        async for _ in ui.each_size():
            await ui.see("History 1 past deletion", "1 Project 1", "1 import, 58 files; 59 deleted")
            assert ui.focused == "past-runs"
            assert_printable(ui)
        await ui.press("escape")
        await ui.on(BrowserScreen)


@pytest.mark.parametrize("pane", ["projects", "resources", "detail"])
async def test_the_history_opens_from_every_pane_and_leads_back_there(start, records, pane):
    async with start((120, 40), project=1, records=records) as ui:
        ui.app.screen._go(pane)
        await ui.quiet()
        await ui.press("h")
        await ui.on(HistoryScreen)
        await ui.see("Nothing has been deleted from this machine yet.")
        assert "restore" not in ui.footer
        assert "open" not in ui.footer
        await ui.press("R", "P", "L", "enter")
        assert isinstance(ui.app.screen, HistoryScreen)
        await ui.press("escape")
        await ui.on(BrowserScreen)
        assert ui.focused == pane


async def test_without_records_it_says_that_nothing_is_kept(start):
    async with start() as ui:
        await ui.see("Storefront")
        await ui.press("h")
        await ui.see("This start of the program keeps no history:")
        assert "reload" not in ui.footer


async def test_loading_is_said(start, records, monkeypatch):
    gate = asyncio.Event()

    async def runs(self) -> tuple:
        await gate.wait()
        return ()

    monkeypatch.setattr(RunStore, "runs", runs)
    async with start(records=records) as ui:
        await ui.see("Storefront")
        await ui.press("h")
        await ui.see("Reading the history…")
        gate.set()
        await ui.see("Nothing has been deleted")


class Telling(RunStore):
    problems = ("The journal of deletions (\x1b[31mhere) cannot be read: it is torn.",)


async def test_what_cannot_be_read_is_told_and_never_called_empty(start, delete, tmp_path):
    telling = Telling(tmp_path / "state", tmp_path / "data")
    async with start(records=telling) as ui:
        await ui.see("Storefront")
        await ui.press("h")
        await ui.see("The history could not be read.", "cannot be read: it is torn.")
        assert_printable(ui)
        await ui.press("escape")
        await delete(1, f(102))
        await ui.press("h")
        await ui.see("1 past deletion", "cannot be read: it is torn.")


async def test_a_copy_that_is_gone_or_broken_is_not_called_there(start, delete, records, tmp_path):
    broken = await delete(1, f(102))
    purged = await delete(1, f(1201))
    (tmp_path / "data" / f"{broken}.jsonl").write_text("no header\n")
    await records.purge(purged)
    async with start((120, 40), records=records) as ui:
        await in_history(ui)
        assert [word for word in ("removed", "unreadable") if word in ui.text]
        await ui.see("Its backup has been removed.")
        assert "restore" not in ui.footer
        await ui.press("R", "P")
        assert isinstance(ui.app.screen, HistoryScreen)
        await ui.press("down")
        await ui.see("Its backup is there, but cannot be read.")
        assert "remove backup" in ui.footer
        await ui.press("enter")
        await ui.on(HistoryDetailScreen)
        await ui.see("deleted")
        await asked(ui, "P")
        await ui.press("y")
        await ui.on(HistoryDetailScreen)
        await ui.until(lambda: copies(tmp_path) == [], "the removal")


async def test_a_copy_whose_run_the_journal_has_lost_is_restored_all_the_same(
    start, neptun, delete, records, tmp_path
):
    before = rows(neptun, 1)
    await delete(1, f(102), f(1201))
    (tmp_path / "state" / "deletions.jsonl").unlink()
    async with start((140, 40), records=records) as ui:
        await in_history(ui)
        await ui.see("1 past deletion", "what its backup contains", "not in the journal")
        await ui.press("enter")
        await ui.on(HistoryDetailScreen)
        await ui.see("file 102", "The journal does not tell what became of it.")
        await asked(ui)
        await restored(ui)
        assert_same_again(before, rows(neptun, 1), ui.app.screen._report.new_ids)
        assert len(ui.app.screen._report.new_ids) == 2


async def test_what_is_deleted_meanwhile_is_there_after_a_reload(start, delete, records):
    async with start(records=records) as ui:
        await ui.see("Storefront")
        await ui.press("h")
        await ui.see("Nothing has been deleted")
        await delete(1, f(102))
        await ui.press("r")
        await ui.see("1 past deletion")


# One run -------------------------------------------------------------------------------------


async def test_items_stand_with_their_verdicts_what_was_not_wanted_first(
    start, neptun, delete, records
):
    neptun.answer("DELETE .*/1242$", 400, REFUSED)
    await delete(1, f(102), f(1201), f(1242))
    async with start((120, 40), project=1, records=records) as ui:
        await in_run(ui)
        items = [line for line in ui.grid if " file " in line and "deleted" in line]
        assert len(items) == 2
        first = next(line for line in ui.grid if line.startswith("▌") and "1242" in line)
        assert "✗ kept" in first
        await ui.see("Result kept", "Why")
        reason = ui.app.screen._items.current.reason
        await ui.see(reason[:40])


async def test_the_content_is_shown_from_the_copy_that_is_read_once(
    start, delete, records, neptun, monkeypatch
):
    lines = neptun.store.get(FILES, 102)["content"].splitlines()
    await delete(1, f(102), f(1201))
    reads: list[str] = []
    read = Backups.read
    monkeypatch.setattr(Backups, "read", lambda *args: reads.append(args[1]) or read(*args))
    async with start((120, 40), records=records) as ui:
        await in_history(ui)
        assert reads == []
        await ui.press("enter")
        await ui.on(HistoryDetailScreen)
        await ui.see(lines[0], lines[1], "Size", "Import 101", "A backup of")
        await ui.press("down", "up", "tab")
        await ui.settled(0.3)
        assert len(reads) == 1


async def test_narrow_shows_the_items_or_the_details(start, delete, records, neptun):
    first = neptun.store.get(FILES, 102)["content"].splitlines()[0]
    await delete(1, f(102), f(1201))
    for size in ((80, 24), (40, 12)):
        async with start(size, records=records) as ui:
            await in_run(ui)
            await ui.see("file 102: deleted.")
            assert first not in ui.text
            await ui.press("enter")
            await ui.see("File 102", "Result deleted")
            await ui.press("G")
            await ui.settled(0.1)
            assert_printable(ui)
            await ui.press("escape")
            assert ui.focused == "past-items"
            await ui.press("escape")
            await ui.on(HistoryScreen)


async def test_a_run_without_a_copy_is_told_of_all_the_same(start, delete, records):
    await delete(1, f(102), backup=False)
    async with start((120, 40), records=records) as ui:
        await in_run(ui)
        await ui.see("ci.yml", "Deleted without a backup.")
        assert "restore" not in ui.footer
        assert "mark" not in ui.footer
        await ui.press("space", "ctrl+a", "R", "P")
        assert isinstance(ui.app.screen, HistoryDetailScreen)
        assert "marked" not in ui.text


async def test_files_the_plan_did_not_know_are_listed_too(start, delete, records, neptun):
    await delete(1, f(102))
    path = (await records.runs())[0].backup.path
    line = path.read_text().splitlines()[-1].replace('"id":102', '"id":999')
    path.write_text(path.read_text() + line + "\n")
    async with start((120, 40), records=records) as ui:
        await in_run(ui)
        await ui.see("file 999", "no result")
        await point(ui, f(999))
        await ui.see("It was not in the plan", "File 999")


async def test_a_copy_that_is_damaged_says_so(start, delete, records):
    run_id = await delete(1, f(102), f(1201))
    path = (await records.runs())[0].backup.path
    path.write_bytes(path.read_bytes()[:-40])
    assert (await records.load_backup(run_id)).damaged == 1
    async with start(records=records) as ui:
        await in_run(ui)
        await ui.see("1 item of the backup cannot be read.")
        await point(ui, f(1201))
        await ui.press("space")
        await ui.see("The backup does not contain it.")
        await asked(ui)
        await ui.see("lost 1 item of the backup can no longer be read", "Restore file 102?")


async def test_marks_take_an_import_with_its_files(start, delete, records):
    await delete(1, i(102), f(102))
    async with start(records=records) as ui:
        await in_run(ui)
        await point(ui, i(102))
        await ui.press("space")
        await ui.see("59 marked")
        await ui.press("space")
        await ui.see("57 marked")
        await ui.press("ctrl+a")
        await ui.see("60 marked")
        await ui.press("ctrl+a")
        await ui.see_no("marked")


def test_a_file_that_is_unmarked_unmarks_its_import_and_no_other_file():
    item = Import(1, 1, "local_folder", "/")
    files = (File(1, 1, 1, "a"), File(2, 1, 1, "b"), File(3, 1, None, "c"))
    listing = Listing(Project(1, "P"), (item,), files, NOW).indexed()
    marks = toggle_with_children(set(), i(1), listing)
    assert marks == {i(1), f(1), f(2)}
    assert toggle_with_children(marks, f(1), listing) == {f(2)}
    assert toggle_with_children(marks, i(1), listing) == set()
    assert toggle_with_children({f(3)}, f(3), listing) == set()


# Restoring -----------------------------------------------------------------------------------


async def test_all_of_a_run_comes_back_as_it_was_under_new_ids(start, neptun, delete, records):
    before = rows(neptun, 1)
    run_id = await delete(1, i(102), i(110), f(1201))
    async with start((120, 40), project=1, records=records) as ui:
        await ui.see("2 imports")
        await in_history(ui)
        await asked(ui)
        await ui.see(
            "Restore 61 items?",
            "what 2 imports, 59 files",
            "in project 1",
            DEMO_EMAIL,
            "each gets a new ID and new dates",
            "expected 61 restored",
        )
        await ui.see("GitHub a restore does not reconnect the GitHub installation of import 102")
        assert posts(neptun) == 0
        await restored(ui)
        await ui.see(
            "Done 61 restored",
            "A restore does not reconnect the GitHub installation of import 102.",
        )
        new_ids = records.restored(run_id)
        assert len(new_ids) == posts(neptun) == 61
        assert_same_again(before, rows(neptun, 1), new_ids)
        await ui.see(f"import 102 → {new_ids[i(102)]}")
        async for _ in ui.each_size():
            await ui.see("→", "import 102: restored, now import")
            assert_printable(ui)
        await ui.resize(120, 40)
        await ui.press("escape", "enter")
        await ui.on(HistoryDetailScreen)
        await ui.see(f"as import {new_ids[i(102)]}")
        await ui.press("escape", "escape")
        await ui.on(BrowserScreen)
        await ui.loaded()
        await ui.see("4 imports · 99 files")


async def test_what_is_marked_comes_back_with_the_import_it_needs(start, neptun, delete, records):
    before = rows(neptun, 1)
    run_id = await delete(1, i(102), f(1201))
    async with start(records=records) as ui:
        await in_run(ui)
        await point(ui, f(1303))
        await ui.press("space")
        await asked(ui)
        await ui.see("Restore file 1303?", "also what the files stood under: import 102")
        await restored(ui)
        await ui.see("Done 2 restored", "It was not chosen")
        new_ids = records.restored(run_id)
        assert set(new_ids) == {i(102), f(1303)}
        assert_same_again(before, rows(neptun, 1), new_ids)
        await ui.press("escape")
        await ui.on(HistoryDetailScreen)
        await ui.see_no("marked")
        await ui.see(str(new_ids[f(1303)]))


async def test_again_makes_no_doubles(start, neptun, delete, records):
    await delete(1, i(110), f(1201))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui)
        await restored(ui)
        there = rows(neptun, 1)
        made = posts(neptun)
        await ui.press("escape")
        await ui.on(HistoryScreen)
        await ui.press("R")
        await ui.see("Already restored. Nothing to do.")
        assert isinstance(ui.app.screen, HistoryScreen)
        assert rows(neptun, 1) == there
        assert posts(neptun) == made


async def test_markup_comes_back_and_what_neptun_refuses_is_known_before(
    start, neptun, delete, records, tmp_path
):
    local = {"source_type": "local_folder", "project_id": 1, "neptun_user_id": 1}
    markup = neptun.store.add(IMPORTS, {"source_path": "/List<T>", **local})["id"]
    bad = neptun.store.add(IMPORTS, {"source_path": "/bad", **local})["id"]
    child = {"title": "child", "original_path": "c", "content": "x", "file_type": "text"}
    owner = {"project_id": 1, "neptun_user_id": 1}
    for parent in (markup, bad):
        neptun.store.add(FILES, {**child, **owner, "import_id": parent})
    run_id = await delete(1, i(markup), i(bad))
    [path] = tmp_path.rglob(f"{run_id}.jsonl")
    path.write_text(path.read_text().replace('"/bad"', '"/bad\\u0000"'))
    async with start((120, 40), project=1, records=records) as ui:
        await in_history(ui)
        await asked(ui)
        await ui.see("expected 2 restored · 1 refused · 1 not sent")
        await ui.see(f"refused import {bad} /bad␀: A NUL or half a character", "is not back")
        await restored(ui)
        await ui.see("2 restored · 1 refused · 1 not sent")
        outcome = ui.app.screen.query_one("#job-list").current
        assert outcome.key == i(bad)
        new = records.restored(run_id)[i(markup)]
        assert neptun.store.get(IMPORTS, new)["source_path"] == "/List<T>"
        made = posts(neptun)
        await ui.press("R")
        await ui.on(ConfirmScreen)
        await ui.see("Restore 2 items?")
        await ui.settled()
        await ui.press("escape")
        await ui.on(HistoryScreen)
        assert posts(neptun) == made


def test_the_dialog_knows_what_cannot_be_kept():
    copy = Backup(
        "20260102-000000000-000000", NOW, Account("https://x.example", 1, "a@b.c"),
        Project(1, "P"),
        (Import(1, 1, "github_repository_installation", "o/r"),),
        (File(1, 1, 1, "nul\0"), File(4, 1, 1, "fine")),
        damaged=2,
    )  # fmt: skip
    outcomes = (
        RestoreOutcome(i(1), "o/r", RestoreStatus.RESTORED, reason="No tree."),
        RestoreOutcome(f(1), "nul\0", RestoreStatus.REFUSED, reason="A NUL."),
        RestoreOutcome(f(4), "fine", RestoreStatus.ALREADY_RESTORED, 9, "Twice.", twins=(10,)),
    )
    question = about_restoring(copy, RestoreReport(outcomes, project_id=7))
    assert question is not None
    said = "\n".join(f"{label} {text}" for label, text in (*question.names, *question.facts))
    assert "in project 7 instead of 1 P" in said
    assert "1 import, 2 files" in said
    assert "expected 1 restored · 1 already restored · 1 refused" in said
    assert "GitHub a restore does not reconnect the GitHub installation of import 1" in said
    assert "changed import 1 o/r: No tree." in said
    assert "refused file 1 nul␀: A NUL." in said
    assert "duplicates there already, made by a late request: file 10" in said
    assert "lost 2 items of the backup" in said
    gone = about_restoring(copy, RestoreReport(outcomes, project_made=True))
    assert ("in project 1", "P: it no longer exists and will be made again under a new ID") in (
        gone.facts
    )
    assert about_restoring(copy, RestoreReport(())) is None


async def test_a_failure_half_way_can_be_gone_on_with(start, neptun, delete, records):
    before = rows(neptun, 1)
    run_id = await delete(1, i(110), f(102), f(1201))
    neptun.answer("POST .*/files$", 400, REFUSED)
    async with start((120, 40), project=1, records=records) as ui:
        await in_history(ui)
        await asked(ui)
        await restored(ui)
        await ui.see("refused")
        assert "retry" in ui.footer
        neptun.heal()
        await asked(ui)
        await restored(ui)
        assert "retry" not in ui.footer
        await ui.press("R")
        assert ui.job == "Restoring"
        new_ids = records.restored(run_id)
        assert_same_again(before, rows(neptun, 1), new_ids)
        assert len(rows(neptun, 1)) == len(before)


async def test_what_is_restored_already_is_said_without_asking(start, neptun, delete, records):
    await delete(1, f(102), f(1201))
    async with start((120, 40), project=1, records=records) as ui:
        await in_history(ui)
        await asked(ui)
        await restored(ui)
        await ui.press("escape")
        await ui.on(HistoryScreen)
        made = posts(neptun)
        await ui.press("R")
        await ui.see("Already restored. Nothing to do.")
        assert isinstance(ui.app.screen, HistoryScreen)
        assert posts(neptun) == made


async def test_without_a_listing_nothing_is_posted_and_the_reason_is_told(
    start, neptun, delete, records
):
    await delete(1, f(102))
    async with start(project=1, records=records) as ui:
        await in_history(ui)
        await asked(ui)
        neptun.store.faults.list_fails = True
        await restored(ui)
        await ui.see("1 not sent", "Without a listing nothing is restored.")
        assert posts(neptun) == 0


# Declined actions ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["escape", "enter", "space"])
async def test_declined_posts_nothing(start, neptun, delete, records, key):
    await delete(1, f(102))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui)
        assert ui.focused == "no"
        await ui.press(key if key != "space" else "enter")
        await ui.on(HistoryScreen)
        await ui.settled(0.2)
        assert posts(neptun) == 0


async def test_keys_typed_ahead_and_the_key_that_opened_it_restore_nothing(
    start, neptun, delete, records, unhurried
):
    await delete(1, f(102))
    async with start(records=records) as ui:
        await in_history(ui)
        ui.burst("R", "y", "y", "R", "R")
        await ui.on(ConfirmScreen)
        await ui.press("y", "tab", "enter")
        assert isinstance(ui.app.screen, ConfirmScreen)
        await ui.settled()
        await ui.press("R", "R", "P")
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert posts(neptun) == 0
        await ui.press("escape")
        await ui.on(HistoryScreen)
        assert posts(neptun) == 0


async def test_the_button_restores(start, neptun, delete, records):
    await delete(1, f(102))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui)
        await ui.press("tab", "enter")
        await ui.on_job("Restoring")
        await ui.see("Done 1 restored")


async def test_read_only_refuses_in_words(start, neptun, delete, records, tmp_path):
    await delete(1, f(102))
    async with start(records=records, read_only=True) as ui:
        await in_history(ui)
        await ui.see("READ-ONLY", "Read-only: nothing can be restored.")
        assert "R restore" in ui.footer
        await ui.press("R")
        await ui.quiet()
        assert isinstance(ui.app.screen, HistoryScreen)
        assert any("Read-only" in note.message for note in ui.app._notifications)
        await ui.press("enter")
        await ui.on(HistoryDetailScreen)
        await ui.see("Read-only: nothing can be restored.")
        await ui.press("space", "R")
        await ui.settled(0.2)
        assert isinstance(ui.app.screen, HistoryDetailScreen)
        assert posts(neptun) == 0


async def test_what_another_account_deleted_is_shown_and_cannot_be_restored(
    start, neptun, delete, records
):
    theirs = neptun.store.select(FILES, neptun_user_id=2)[0]
    await delete(theirs["project_id"], f(theirs["id"]), other=True)
    made = posts(neptun)
    async with start((160, 40), records=records) as ui:
        await in_history(ui)
        await ui.see(OTHER_EMAIL)
        await ui.press("R")
        await ui.see(f"This run belongs to {OTHER_EMAIL}")
        assert isinstance(ui.app.screen, HistoryScreen)
        assert posts(neptun) == made


async def test_while_a_deletion_is_under_way_nothing_is_restored_or_removed(
    start, neptun, delete, records, tmp_path
):
    await delete(1, f(102))
    async with start((120, 40), project=1, records=records) as ui:
        gate = neptun.hold("DELETE")
        await ui.ask_to_delete("f1201")
        await ui.press("y")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("escape")
        await in_history(ui)
        kept = copies(tmp_path)
        await ui.press("R")
        await ui.see("A deletion is under way. Restore when it is over.")
        await ui.press("P")
        await ui.see("Wait until what is under way is over")
        assert isinstance(ui.app.screen, HistoryScreen)
        assert copies(tmp_path) == kept
        assert posts(neptun) == 0
        gate.open()


# A restore under way -------------------------------------------------------------------------


async def test_a_restore_goes_on_without_its_screen_and_tells_its_end(
    start, neptun, delete, records
):
    await delete(1, f(102), f(1201))
    async with start((120, 40), project=1, records=records) as ui:
        gate = neptun.hold("POST .*/files")
        await in_history(ui)
        await asked(ui)
        await ui.press("y")
        await ui.until(lambda: gate.waiting >= 2, "the requests")
        await ui.see("Restoring", "0 of 2 items")
        await ui.see("project 1 ", f"{DEMO_EMAIL} on 127.0.0.1")
        assert "stop" in ui.footer
        await ui.press("escape")
        await ui.on(HistoryScreen)
        await ui.press("R")
        await ui.on_job("Restoring")
        await ui.see("Restoring")
        await ui.press("escape", "P")
        await ui.see("Wait until what is under way is over", "restoring 0 of 2 · s stops")
        await ui.press("enter")
        await ui.on(HistoryDetailScreen)
        await ui.see("restoring 0 of 2 · s stops")
        assert "s stop" in ui.footer
        await ui.press("escape", "escape")
        await ui.on(BrowserScreen)
        await ui.see("restoring 0 of 2 · s stops")
        gate.open()
        await ui.on_job("Restoring")
        await ui.see("Done 2 restored")
        await ui.press("escape")
        await ui.loaded()
        await ui.see("4 imports · 99 files")
        await ui.press("h", "L")
        await ui.see("Done 2 restored")
        assert posts(neptun) == 2


async def test_stop_sends_no_more(start, neptun, delete, records):
    await delete(1, i(102))
    async with start((120, 40), project=1, records=records, in_flight=2) as ui:
        gate = neptun.hold("POST .*/files")
        await in_history(ui)
        await asked(ui)
        await ui.press("y")
        await ui.until(lambda: gate.waiting >= 2, "the requests")
        await ui.press("s")
        await ui.see("Stopping")
        gate.open()
        await ui.see("Stopped 3 restored · 56 not sent")
        assert posts(neptun) == 3
        assert "retry" in ui.footer


async def test_a_session_that_ends_on_the_way_is_renewed_in_place(start, neptun, delete, records):
    await delete(1, f(102))
    async with start((120, 40), project=1, records=records) as ui:
        await in_history(ui)
        await asked(ui)
        neptun.serve(key=b"another-throw-away-key-0123456789")
        await ui.press("y")
        await ui.on(LoginScreen)
        await ui.until(lambda: ui.focused == "password", "the password's turn")
        await ui.type(DEMO_PASSWORD)
        await ui.press("enter")
        await ui.on_job("Restoring")
        await ui.see("Done 1 restored")
        assert posts(neptun) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_the_history_stops_the_job_that_its_header_shows(
    start, neptun, delete, records, size
):
    await delete(1, i(102))
    async with start(size, project=1, records=records, in_flight=2) as ui:
        gate = neptun.hold("POST .*/files")
        await in_history(ui)
        assert "stop" not in ui.footer
        await asked(ui)
        await ui.press("y")
        await ui.until(lambda: gate.waiting >= 2, "the requests")
        await ui.press("escape")
        await ui.on(HistoryScreen)
        await ui.see("restoring 1 of 59 · s stops")
        await ui.press("s")
        await ui.see("stopping · 1 of 59 done")
        gate.open()
        await ui.until(lambda: not ui.app._accounts.working, "the end")
        await ui.see_no("stopping")
        assert posts(neptun) == 3
        await ui.press("L")
        await ui.see("Stopped 3 restored · 56 not sent")


# Removing a copy -----------------------------------------------------------------------------


async def test_a_copy_is_removed_for_ever_after_a_yes(start, neptun, delete, records, tmp_path):
    await delete(1, i(102))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui, "P")
        await ui.see("Remove the backup?", "PERMANENT", "1 Project 1", "1 import, 58 files")
        await ui.see("size", "KB")
        assert ui.focused == "no"
        async for _ in ui.each_size():
            assert is_on_screen(ui, "#no")
            assert is_on_screen(ui, "#yes")
            assert_printable(ui)
        await ui.settled()
        await ui.press("P", "P")
        assert len(copies(tmp_path)) == 1
        await ui.press("y")
        await ui.on(HistoryScreen)
        await ui.see("The backup has been removed.", "removed")
        assert copies(tmp_path) == []
        assert "restore" not in ui.footer
        assert posts(neptun) == 0


async def test_the_list_tells_the_result_at_every_size(start, delete, records):
    await delete(1, i(102))
    async with start(records=records) as ui:
        await in_history(ui)
        async for width, _ in ui.each_size():
            row = ui.line(f"▌ {SIGNS[Verdict.DELETED]} ")
            if width > 40:
                assert "Result" in ui.text
                assert "59 deleted" in row


async def test_details_are_never_wrapped_to_a_width_that_is_not_known(
    start, delete, records, monkeypatch
):
    await delete(1, i(102))
    wrapped = []
    lay_out = detail.fact_lines
    monkeypatch.setattr(
        detail, "fact_lines", lambda facts, cells: wrapped.append(cells) or lay_out(facts, cells)
    )
    async with start((120, 40), records=records) as ui:
        await in_run(ui)
        await ui.see("Import 102", "Result", "deleted")
    assert wrapped
    assert min(wrapped) > 14


async def test_a_backup_that_was_restored_is_not_called_the_last_way_back(start, delete, records):
    await delete(1, f(102))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui, "P")
        await ui.see("PERMANENT: without this backup, nothing of it can be restored.")
        await ui.press("escape")
        await ui.on(HistoryScreen)
        await asked(ui, "R")
        await ui.press("y")
        await ui.see("1 restored")
        await ui.press("escape")
        await ui.on(HistoryScreen)
        await asked(ui, "P")
        async for _ in ui.each_size():
            await ui.see("PERMANENT", "restored earlier.")
            await ui.see_no("nothing")


async def test_a_removal_reads_its_backup_again_and_not_the_journal(
    start, delete, records, monkeypatch
):
    await delete(1, f(102))

    def fail(self, *args):
        raise AssertionError("the journal was read")

    async with start((120, 40), records=records) as ui:
        await in_history(ui)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "_read", fail)
            await asked(ui, "P")
            await ui.see("PERMANENT: without this backup", "1 deleted")
        await ui.press("y")
        await ui.see("The backup has been removed.")


async def test_removing_from_within_a_run_leaves_what_is_known(start, delete, records, tmp_path):
    await delete(1, f(102))
    async with start((120, 40), records=records) as ui:
        await in_run(ui)
        await ui.press("space")
        await asked(ui, "P")
        await ui.press("y")
        await ui.on(HistoryDetailScreen)
        await ui.see("Its backup has been removed.", "ci.yml")
        assert "marked" not in ui.text
        assert copies(tmp_path) == []


@pytest.mark.parametrize("keys", [["escape"], ["enter"]])
async def test_a_removal_that_is_declined_removes_nothing(start, delete, records, tmp_path, keys):
    await delete(1, f(102))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui, "P")
        await ui.press(*keys)
        await ui.on(HistoryScreen)
        assert len(copies(tmp_path)) == 1


async def test_a_removal_typed_ahead_removes_nothing(start, delete, records, tmp_path, unhurried):
    await delete(1, f(102))
    async with start(records=records) as ui:
        await in_history(ui)
        ui.burst("P", "y", "y")
        await ui.on(ConfirmScreen)
        await ui.settled()
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert len(copies(tmp_path)) == 1


async def test_a_removal_that_fails_is_told(start, delete, records, tmp_path, monkeypatch):
    await delete(1, f(102))

    def fail(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui, "P")
        monkeypatch.setattr(Path, "unlink", fail)
        await ui.press("y")
        await ui.see("The backup", "removed: that is not permitted.")
        assert [path.suffix for path in copies(tmp_path)].count(".jsonl") == 1


# Names, sizes, keys --------------------------------------------------------------------------


async def test_hostile_names_are_inert_everywhere(start, neptun, delete, records, monkeypatch):
    monkeypatch.setattr(NeptunApp, "get_line_filters", App.get_line_filters)
    neptun.answer("DELETE .*/imports/122$", 400, REFUSED)
    before = rows(neptun, 8)
    run_id = await delete(8)
    async with start(records=records, project=8) as ui:
        await in_run(ui)
        async for size in ui.each_size():
            await ui.press("home")
            for _ in range(len(TITLES) + 4 if size == (80, 24) else 6):
                await ui.press("down")
                assert_printable(ui)
            await ui.press("enter")
            await ui.settled(0.2)
            assert_printable(ui)
            await ui.press("G")
            assert_printable(ui)
            await ui.press("escape")
        await asked(ui)
        async for _ in ui.each_size():
            assert_printable(ui)
            await ui.press("pagedown", "pagedown")
            assert_printable(ui)
        await ui.settled()
        await restored(ui)
        async for _ in ui.each_size():
            await ui.press("home")
            for _ in range(12):
                assert_printable(ui)
                await ui.press("down")
        assert_same_again(before, rows(neptun, 8), records.restored(run_id))


async def test_the_dialog_has_its_buttons_at_every_size_and_can_be_read(start, delete, records):
    await delete(1, i(102), i(110))
    async with start(records=records) as ui:
        await in_history(ui)
        await asked(ui)
        async for size in ui.each_size():
            assert is_on_screen(ui, "#no")
            assert is_on_screen(ui, "#yes")
            assert_printable(ui)
            if size == (40, 12):
                await ui.press(*["pagedown"] * 6)
                await ui.see("a restore does not reconnect")
                await ui.press("pageup")


async def test_the_dialogs_say_nothing_twice(start, delete, records):
    await delete(1, i(102), i(110))
    async with start((40, 12), records=records) as ui:
        await in_history(ui)
        for key in ("R", "P"):
            await asked(ui, key)
            seen = [set(ui.grid)]
            for _ in range(8):
                await ui.press("pagedown")
                seen.append(set(ui.grid))
            said = [line for line in set().union(*seen) if "2 imports, 58 files" in line]
            assert len(said) == 1
            assert all(said[0] in each for each in seen)
            await ui.press("escape")


async def test_a_report_at_the_smallest_size_shows_item_and_reason(start, neptun, delete, records):
    await delete(1, f(102), f(1201))
    neptun.answer("POST .*/files$", 400, REFUSED)
    async with start((40, 12), records=records) as ui:
        await in_history(ui)
        await asked(ui)
        await restored(ui)
        await ui.see("Done 2 refused", "✗ file 102", "file 102: refused.")
        assert "r retry" in ui.footer
        assert_printable(ui)


@pytest.mark.parametrize("place", [in_history, in_run], ids=["history", "run"])
async def test_every_key_of_the_footer_does_something(start, delete, records, place, neptun):
    await delete(1, f(102), f(1201))
    async with start((160, 30), records=records) as ui:
        await place(ui)
        bar = ui.app.screen.query_one(KeyBar)
        shown = [key for key in bar.keys() if key.context is not KeyContext.EVERYWHERE]  # noqa: SIM118
        assert len(shown) > 4
        for key in shown:
            before = type(ui.app.screen), ui.text, ui.focused
            await ui.press(key.keys.split(",")[0])
            if key.name != "reload":  # the list may be the same again
                await ui.until(
                    lambda was=before: (type(ui.app.screen), ui.text, ui.focused) != was, key.name
                )
            await ui.settled()
            while not isinstance(ui.app.screen, BrowserScreen):
                await ui.press("escape")
                await ui.settled()
            await place(ui)
    assert posts(neptun) == 0


def test_a_key_that_opens_a_dialog_may_not_confirm_it():
    for opens in ("delete", "restore", "retry", "remove_backup"):
        kept, (problem,) = check_keys({opens: ["w"], "confirm": ["w", "z"]})
        assert kept == {}
        assert f"'{opens}'" in problem
        assert "'confirm'" in problem
        assert problem.endswith("must have different keys (both have w); the defaults are used.")


def test_a_key_by_another_name_is_the_same_key():
    kept, (problem,) = check_keys({"delete": ["."], "confirm": [" full_stop"]})
    assert kept == {}
    assert "'delete' and 'confirm' must have different keys" in problem


def test_keys_that_can_change_neptun_say_so():
    places = (KeyContext.HISTORY, KeyContext.PAST_RUN, KeyContext.CONFIRM, KeyContext.REPORT)
    assert {key.name for key in keys_of(*places) if key.mutating} == {
        *("restore", "confirm", "retry"),
        "remove_backup",  # that changes nothing at Neptun, but the copy may be all that is left
    }


@pytest.mark.parametrize("opened", [False, True])
async def test_a_backup_is_exported_from_the_history(
    start, records, delete, tmp_path, monkeypatch, opened
):
    run_id = await delete(1, f(1201))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    async with start((120, 40), project=1, records=records) as ui:
        await (in_run(ui) if opened else in_history(ui))
        if opened:
            await ui.press("tab")
        before, sent = ui.focused, len(ui.neptun.deletes)
        assert "export" in ui.footer
        await ui.press("x")
        await ui.see("export to", f"neptun-export-{run_id}")
        assert ui.focused == "prompt-input"
        await ui.press("escape")
        await ui.until(lambda: ui.focused == before, "the focus of before")
        assert list((tmp_path / "work").iterdir()) == []
        for answer in ("Wrote 1 file to", "not empty"):
            await ui.press("x")
            await ui.until(lambda: ui.focused == "prompt-input", "the line")
            await ui.press("enter")
            await ui.see(answer)
        assert ui.focused == "prompt-input"
        out = tmp_path / "work" / f"neptun-export-{run_id}"
        assert len([path for path in out.rglob("*") if path.is_file()]) == 2
        assert (len(ui.neptun.deletes), posts(ui.neptun)) == (sent, 0)
