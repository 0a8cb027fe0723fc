"""Deletion and its report: the result of each item, and the browser afterwards."""

from __future__ import annotations

import re

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL
from neptun_tui.demo.schema import FILES
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen

REASON = "tried, and its database failed."


async def begin(ui, *texts: str, phrase: str) -> None:
    """Confirm, and look at the run."""
    await ui.ask_to_delete(*texts)
    await ui.type(phrase)
    await ui.press("enter")
    await ui.on_job("Deleting")


def three(neptun) -> tuple[str, ...]:
    return ("f102", "f1201", "f1242")


async def test_the_report_names_every_item_with_its_verdict(start, neptun):
    async with start(project=1) as ui:
        await ui.run("f102", "f1201", "i110", phrase="3")
        async for width, _ in ui.each_size():
            await ui.see("Done 3 deleted")
            await ui.press("home")
            word = "deleted" if width > 40 else ""
            for kind, number in (("import", "110"), ("file", "102"), ("file", "1201")):
                row = next(line for line in ui.grid if line.startswith(" ▌ ✓"))
                assert (word in row, kind in row, f" {number} " in row) == (True,) * 3, row
                await ui.press("down")
        assert "listing" in ui.text


async def test_the_run_and_its_report_name_project_account_and_host(start, neptun):
    async with start(project=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, "f102", "f1201", phrase="2")
        async for width, _ in ui.each_size():
            await ui.see("Deleting", "project 1 Storefront · demo@exam")
            assert width < 80 or f"{DEMO_EMAIL} on 127.0.0.1" in ui.text
        gate.open()
        await ui.reported()
        async for width, _ in ui.each_size():
            await ui.see("Done 2 deleted", "project 1 Storefront · demo@exam")
            assert width < 80 or f"{DEMO_EMAIL} on 127.0.0.1" in ui.text


async def test_afterwards_the_list_is_new_and_the_marks_are_gone(start, neptun):
    async with start(project=1) as ui:
        await ui.run("f102", "f1201", "i110", phrase="3")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.see("3 imports · 97 files")
        assert not ui.view.marks
        assert "marked" not in ui.text
        assert "110" not in ui.text
        assert ui.focused == "resources"


async def test_what_was_not_deleted_keeps_its_mark(start, neptun):
    neptun.answer("DELETE .*/1201$", 400, b'{"statusCode":400,"statusMessage":"Bad Request."}')
    async with start(project=1) as ui:
        await ui.run("f102", "f1201", phrase="2")
        await ui.press("escape")
        await ui.see("4 imports · 98 files", "1 marked")
        assert {key.id for key in ui.view.marks} == {1201}


async def test_the_list_afterwards_is_never_one_that_was_asked_for_before(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        gate = neptun.hold("GET")
        await ui.press("r")
        await ui.until(lambda: gate.waiting >= 4, "the slow reload")
        gate.let_others_pass()
        await ui.press("d")
        await ui.see("Checked with Neptun")
        await ui.settled()
        await ui.press("y")
        await ui.reported()
        await ui.press("escape")
        await ui.on(BrowserScreen)
        gate.open()
        await ui.loaded()
        await ui.see("4 imports · 98 files")


async def test_what_another_client_deletes_meanwhile_is_already_gone(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102", "f1201")
        neptun.store.remove(FILES, 1201)
        await ui.type("2")
        await ui.press("enter")
        await ui.reported()
        await ui.see("1 deleted · 1 already gone")
        assert "already gone" in next(line for line in ui.grid[4:] if " 1201  " in line)


async def test_what_the_server_fails_to_delete_is_kept_and_the_reason_is_readable(start, neptun):
    neptun.store.faults.delete_fails = True
    async with start(project=1) as ui:
        await ui.run("f102")
        async for _ in ui.each_size():
            await ui.see("Done 1 kept", "✗", "file 102", "kept. ", REASON)
        assert neptun.store.select(FILES, id=102)
        assert neptun.deletes == ["1/files/102"] * 2  # seen in the listing, so retried


async def test_retry_plans_only_the_rest_and_asks_again(start, neptun):
    neptun.answer("DELETE .*/1201$", 404, b'{"statusCode":404,"statusMessage":"Not Found."}')
    async with start(project=1) as ui:
        await ui.run(*three(neptun), phrase="3")
        await ui.see("2 deleted · 1 kept")
        sent = len(neptun.deletes)
        neptun.heal()
        assert "r retry" in ui.footer
        await ui.press("r")
        await ui.on(ConfirmScreen)
        await ui.see("Delete file 1201?", "Checked with Neptun")
        await ui.settled()
        assert len(neptun.deletes) == sent
        await ui.press("y")
        await ui.reported()
        await ui.see("Done 1 deleted")
        assert neptun.deletes[sent:] == ["1/files/1201"]


async def test_a_retry_that_is_declined_sends_nothing(start, neptun):
    neptun.store.faults.delete_fails = True
    async with start(project=1) as ui:
        await ui.run("f102")
        sent = len(neptun.deletes)
        await ui.press("r")
        await ui.on(ConfirmScreen)
        await ui.see("Checked with Neptun")
        await ui.settled()
        await ui.press("escape")
        await ui.on(BrowserScreen)
        assert len(neptun.deletes) == sent


async def test_there_is_no_retry_when_all_is_gone(start, neptun):
    async with start(project=1) as ui:
        await ui.run("f102")
        assert "retry" not in ui.footer
        await ui.press("r")
        assert ui.job == "Deleting"


async def test_without_a_listing_the_outcome_is_unknown_and_said_so(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        neptun.store.faults.list_fails = True
        await ui.press("y")
        await ui.see("1 unknown")
        await ui.see("not yet confirmed")
        assert "deleted" not in ui.grid[1]


async def test_the_run_shows_how_far_it_is(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.see("Deleting 3 items", "0 of 3 requests")
        gate.open()
        await ui.reported()


async def test_closing_the_run_does_not_abandon_it(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("escape")
        await ui.on(BrowserScreen)
        gate.open()
        await ui.reported()
        await ui.press("escape")
        await ui.see("4 imports · 96 files")
        assert sorted(neptun.deletes) == ["1/files/102", "1/files/1201", "1/files/1242"]
        assert not ui.view.marks


async def test_the_end_of_a_run_that_was_closed_is_told(start, neptun):
    neptun.answer("DELETE .*/1201$", 400, b'{"statusCode":400,"statusMessage":"Bad Request."}')
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("escape")
        await ui.on(BrowserScreen)
        gate.open()
        await ui.see("2 deleted · 1 kept")


async def test_while_a_run_goes_on_the_delete_key_shows_it_and_starts_no_other(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("escape", "d")
        await ui.on_job("Deleting")
        await ui.see("Deleting 3 items")
        gate.open()
        await ui.reported()
        assert len(neptun.deletes) == 3


async def test_retry_works_from_a_run_that_was_closed_and_shown_again(start, neptun):
    neptun.store.faults.delete_fails = True
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("escape", "d")
        await ui.on_job("Deleting")
        gate.open()
        await ui.reported()
        neptun.store.faults.delete_fails = False
        await ui.press("r")
        await ui.on(ConfirmScreen)
        await ui.see("Delete 3 items?")


async def test_stop_sends_no_more_and_says_what_became_of_each(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        assert "s stop" in ui.footer
        await ui.press("s")
        await ui.see("Stopping")
        gate.open()
        await ui.reported()
        await ui.see("Stopped 1 deleted · 2 not sent")
        assert len(neptun.deletes) == 1
        assert "stop" not in ui.footer


async def test_quitting_stops_the_run_first_and_says_so(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("q")
        await ui.see("Stopping what is under way first.")
        assert not ui.app._exit
        gate.open()
        await ui.reported()
        await ui.see("1 deleted · 2 not sent")
        await ui.press("q")
        await ui.until(lambda: ui.app._exit)
        assert len(neptun.deletes) == 1


async def test_ctrl_c_stops_the_run_and_leaves_only_when_pressed_again(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("ctrl+c")
        await ui.see("Stopping")
        assert not ui.app._exit
        gate.open()
        await ui.reported()
        await ui.see("Stopped 1 deleted · 2 not sent")
        await ui.press("ctrl+c")
        await ui.see("to quit")
        assert not ui.app._exit
        assert len(neptun.deletes) == 1


async def test_ctrl_c_twice_leaves_while_an_answer_is_awaited(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("ctrl+c")
        assert not ui.app._exit
        await ui.press("ctrl+c")
        await ui.until(lambda: ui.app._exit)
        gate.open()
        assert len(neptun.deletes) == 1


async def test_a_second_job_is_stopped_by_its_own_first_ctrl_c(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("ctrl+c")
        gate.open()
        await ui.reported()
        gate = neptun.hold("DELETE")
        await ui.press("r")
        await ui.on(ConfirmScreen)
        await ui.see("Checked with Neptun")
        await ui.settled()
        await ui.type("2")
        await ui.press("enter")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("ctrl+c")
        assert not ui.app._exit
        gate.open()
        await ui.see("1 deleted · 1 not sent")


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (120, 40)])
async def test_a_hidden_run_stands_in_the_header_and_is_stopped_from_there(start, neptun, size):
    async with start(size, project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        column = ui.view.how.column
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.see("deleting 0 of 3 · s stops")
        await ui.press("s")
        await ui.see("stopping · 0 of 3 done")
        assert ui.view.how.column is column
        gate.open()
        await ui.on_job("Deleting")  # its report comes by itself
        await ui.see("Stopped 1 deleted · 2 not sent")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.see_no("stopping")
        await ui.press("s")
        assert ui.view.how.column is not column
        assert len(neptun.deletes) == 1


async def test_a_report_does_not_cover_what_is_being_typed(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        await ui.press("escape")
        await ui.on(BrowserScreen)
        await ui.press("slash")
        await ui.type("s")
        gate.open()
        await ui.see("The deletion is over: 3 deleted. R shows its report.")
        assert isinstance(ui.app.screen, BrowserScreen)
        assert ui.field("prompt-input").value == "s"
        await ui.press("enter", "R")
        await ui.on_job("Deleting")
        await ui.see("3 deleted")


async def test_signing_out_waits_for_the_run(start, neptun):
    async with start(project=1, in_flight=1) as ui:
        gate = neptun.hold("DELETE")
        await begin(ui, *three(neptun), phrase="3")
        await ui.until(lambda: gate.waiting >= 1)
        ui.app.action_sign_out()
        await ui.see("A deletion or a restore is under way.")
        gate.open()
        await ui.reported()


@pytest.mark.parametrize("in_flight", [1, 6])
async def test_no_more_than_so_many_are_on_their_way(start, neptun, in_flight):
    async with start(project=3, in_flight=in_flight) as ui:
        gate = neptun.hold("DELETE")
        files = [row["id"] for row in neptun.store.select(FILES, project_id=3)][:8]
        await begin(ui, *(f"f{number}" for number in files), phrase="8")
        await ui.until(lambda: gate.waiting >= in_flight)
        await ui.settled(0.1)
        assert gate.waiting == len(neptun.deletes) == in_flight
        gate.open()
        await ui.reported()
        assert sorted(neptun.deletes) == sorted(f"3/files/{number}" for number in files)


async def test_a_narrow_report_has_room_for_names(start):
    """The sign shows the result even without room for its word."""
    async with start((40, 12), project=1) as ui:
        await ui.run("i102", phrase="102")
        await ui.see("59 deleted", "✓ file 1303 pages/search.vue")
        for width, has_word in ((49, False), (80, True), (120, True), (40, False)):
            await ui.resize(width, 12)
            assert ("deleted" in ui.line("file 1301")) is has_word
            assert "PaymentMethod.vue" in ui.line("file 1301")


async def test_the_report_takes_hostile_names(start, neptun):
    async with start((40, 12), project=8) as ui:
        await ui.run("i120", phrase="120")
        await ui.see("33 deleted")
        for _ in range(33):
            assert all(line.isprintable() for line in ui.grid)
            assert re.search(r"^ ?▌", ui.text, re.MULTILINE)
            await ui.press("down")


async def test_an_open_result_changes_under_the_readers_eyes(start, neptun, monkeypatch, tmp_path):
    monkeypatch.setattr("neptun_tui.services.recovery.LOOKS", (0.2,))
    lock = neptun.store.locks.hold("DELETE", "*/resources/files/102", answer=504)
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    async with start(project=1, records=records) as ui:
        await ui.run("f102")
        await ui.see("Done 1 unknown", "may still be carried out", "looks again by itself")
        assert neptun.store.select(FILES, id=102)
        lock.release()
        await ui.see("Done 1 deleted", "✓ deleted")
        await ui.press("escape")
        await ui.see("4 imports · 98 files")
        assert len(neptun.deletes) == 2
        await ui.press("R")
        await ui.see("Done 1 deleted")


async def test_a_report_does_not_swallow_the_news_of_another_run(
    start, neptun, monkeypatch, tmp_path
):
    monkeypatch.setattr("neptun_tui.services.recovery.LOOKS", (0.2,))
    lock = neptun.store.locks.hold("DELETE", "*/resources/files/102", answer=504)
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    async with start(project=1, records=records) as ui:
        await ui.run("f102")
        await ui.see("Done 1 unknown")
        await ui.press("escape")
        await ui.run("f1303")
        await ui.see("Done 1 deleted")
        lock.release()
        await ui.see("deletion in Storefront is resolved: 1 deleted", "Done")


REQUESTS_OF_ONE_FILE = [
    *["GET imports"] * 3,  # the dialog's check; each source type has a list of its own
    "GET files",
    "DELETE 102",
    "GET files",  # verifies the result, and is what the list shows afterwards
    "POST context",
    "GET 1",  # verifies the stored context
]


async def test_deleting_one_file_loads_the_contents_twice(start, neptun, tmp_path):
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    async with start(project=1, records=records) as ui:
        await ui.until(lambda: neptun.under_way == 0)
        before = len(neptun.arrivals)
        await ui.run("f102")
        await ui.press("escape")
        await ui.see("4 imports · 98 files")
        await ui.settled(0.3)
        arrived = neptun.arrivals[before:]
        asked = [f"{a.method} {a.path.split('/')[-1].split('?')[0]}" for a in arrived]
        assert sorted(asked) == sorted(REQUESTS_OF_ONE_FILE)
        assert "out of date" not in ui.text
        assert ui.view.listing.find(ResourceRef(Kind.FILE, 102)) is None


async def test_a_project_is_loaded_again_when_its_verifying_list_failed(start, neptun, tmp_path):
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("f102")
        neptun.answer("GET .*files$", 500, b"{}")
        await ui.press("y")
        await ui.see("1 unknown")
        before = neptun.count("GET", "/files")
        neptun.heal()
        await ui.press("escape")
        await ui.until(lambda: neptun.count("GET", "/files") > before)


async def test_a_load_under_way_at_the_end_of_a_run_is_made_again(start, neptun, tmp_path):
    """The user pressed r during the run; an answer from before must not come last."""
    async with start(project=1) as ui:
        gate = neptun.hold("DELETE")
        await ui.ask_to_delete("f102")
        await ui.press("y")
        await ui.until(lambda: gate.waiting == 1)
        await ui.press("escape")
        slow = neptun.hold("GET .*files$")
        await ui.press("r")
        await ui.until(lambda: slow.waiting == 1)
        slow.let_others_pass()
        gate.open()
        await ui.reported()
        await ui.press("escape")
        await ui.see("4 imports · 98 files")
        slow.open()
        await ui.settled(0.2)
        await ui.see("4 imports · 98 files")
