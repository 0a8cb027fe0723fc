"""Loading, empty, failed and partial states look different; loaded data stays."""

from __future__ import annotations

import re

from neptun_tui.demo.schema import FILES, IMPORTS, PROJECTS

FILES_OF_1 = r"GET .*/projects/1/resources/files"
IMPORTS_OF_1 = r"GET .*/projects/1/resources/imports"
EMPTY = "This project has no imports and no files."
LOADING = "Loading imports and files…"
FAILED = "Storefront could not be loaded."
SHAPE_N = b'{"error":true,"statusCode":500,"statusMessage":"Server Error","message":"x"}'


def empty_project(neptun) -> None:
    for table in (FILES, IMPORTS):
        for row in neptun.store.select(table, project_id=3):
            neptun.store.remove(table, row["id"])


async def test_a_load_that_goes_on_says_so_and_can_be_left(start, neptun):
    gate = neptun.hold(r"/projects/1/")
    async with start() as ui:
        await ui.see("Storefront")
        await ui.press("enter")
        async for _ in ui.each_size():
            await ui.see(LOADING, "loading…")
            assert EMPTY not in ui.words
        await ui.press("escape")
        assert ui.focused == "projects"
        gate.open()
        await ui.press("enter")
        await ui.see("101")
        assert "oading" not in ui.text


async def test_the_load_of_the_projects_can_be_stopped_and_done_anew(start, neptun):
    gate = neptun.hold(r"/projects$")
    async with start() as ui:
        await ui.see("Loading projects…", "esc ← back")
        await ui.until(lambda: gate.waiting)
        await ui.press("escape")
        await ui.see("The projects could not be loaded.", "You stopped the load.")
        await ui.until(lambda: "esc ← back" not in ui.text, "nothing to stop")
        gate.open()
        await ui.settled(0.3)
        assert "Storefront" not in ui.text, "an answer to what was given up was taken"
        await ui.press("r")
        await ui.see("Storefront")
        await ui.until(lambda: "esc ← back" not in ui.text, "nothing to stop")


async def test_a_reload_of_the_projects_that_is_stopped_leaves_them_as_they_were(start, neptun):
    async with start() as ui:
        await ui.see("Storefront")
        gate = neptun.hold(r"/projects$")
        await ui.press("r")
        await ui.until(lambda: gate.waiting)
        await ui.press("escape")
        await ui.see("Not reloaded: these are the projects as they were. You stopped the load.")
        await ui.see("Storefront")
        gate.open()
        await ui.press("enter")
        await ui.see("4 imports")


async def test_a_first_load_that_is_left_is_stopped_and_done_anew_when_the_project_is_opened_again(
    start, neptun
):
    gate = neptun.hold(r"/projects/1/")
    async with start((120, 40)) as ui:
        await ui.see("Storefront")
        await ui.press("enter")
        await ui.see(LOADING)
        await ui.until(lambda: gate.waiting >= 2)
        await ui.press("escape")
        assert ui.focused == "projects"
        await ui.see(FAILED, "You stopped the load.", "Reload to retry")
        gate.open()
        await ui.settled(0.3)
        assert ui.view.listing is None, "an answer to what was given up was taken"
        await ui.press("enter")
        await ui.see("101", "110")
        assert FAILED not in ui.words
        assert neptun.count("GET", "/1/resources/files") == 2


async def test_a_reload_that_is_stopped_leaves_what_was_there_marked_as_old(start, neptun):
    async with start(project=1) as ui:
        gate = neptun.hold(r"/projects/1/")
        await ui.press("r")
        await ui.until(lambda: gate.waiting >= 2)
        await ui.press("escape")
        assert ui.focused == "resources"
        await ui.see("Not reloaded: this is from", "You stopped the load.", "99 files")
        assert "loading…" not in ui.text
        gate.open()
        await ui.settled(0.3)
        await ui.see("Not reloaded")
        await ui.press("r")
        await ui.loaded()
        await ui.see_no("Not reloaded")
        await ui.press("escape")
        assert ui.focused == "projects"


async def test_of_two_loads_the_one_on_the_screen_is_stopped(start, neptun):
    gate = neptun.hold(r"/projects/[12]/")
    async with start((120, 40)) as ui:
        await ui.see("Storefront")
        await ui.press("enter")
        await ui.see(LOADING)
        ui.app.screen._go("projects")
        await ui.press("down", "enter")
        await ui.until(lambda: ui.view.project.id == 2 and gate.waiting >= 4)
        ui.app.screen._go("projects")
        await ui.press("up", "enter", "escape")
        await ui.see(FAILED)
        await ui.press("down", "enter")
        gate.open()
        await ui.see("Billing API 3 imports")


async def test_what_is_loaded_because_something_changed_is_not_stopped(start, neptun):
    async with start(project=1) as ui:
        gate = neptun.hold(r"/projects/1/")
        ui.pane.reload_project(1)
        await ui.until(lambda: gate.waiting >= 2)
        neptun.store.remove(IMPORTS, 110)
        await ui.press("escape")
        assert ui.focused == "projects"
        gate.open()
        await ui.until(lambda: not ui.view.loading)
        assert ui.view.failure is None


async def test_projects_that_take_long_say_how_much_has_come(start, neptun):
    gate = neptun.hold_the_end(r"/projects$")
    async with start() as ui:
        await ui.until(lambda: re.search(r"Loading projects… \d+ KB", ui.text), "a size")
        gate.open()
        await ui.see("Storefront", "Billing API")


async def test_projects_that_are_loading_say_so(start, neptun):
    gate = neptun.hold(r"/projects$")
    async with start() as ui:
        await ui.see("Loading projects…")
        gate.open()
        await ui.see("Storefront", "Billing API", "Landing page", "Cluster", "Strange names")
        assert "Private notes" not in ui.text


async def test_an_account_without_projects_is_told_from_one_that_failed(start, neptun):
    for project in neptun.store.select(PROJECTS):
        neptun.store.remove(PROJECTS, project["id"])
    async with start() as ui:
        await ui.see("This account has no projects.")


async def test_projects_that_failed_are_never_shown_as_none_and_can_be_tried_again(start, neptun):
    neptun.answer(r"/projects$", 500, SHAPE_N)
    async with start() as ui:
        async for _ in ui.each_size():
            await ui.see("The projects could not be loaded.", "failed while it worked on the")
            await ui.see("Reload to retry")
            assert "no projects" not in ui.words
        neptun.heal()
        await ui.press("r")
        await ui.see("Storefront")


async def test_projects_stay_when_a_reload_fails(start, neptun):
    async with start() as ui:
        await ui.see("Storefront")
        neptun.answer(r"/projects$", 500, SHAPE_N)
        await ui.press("r")
        await ui.see("Not reloaded: these are the projects as they were.")
        assert "Storefront" in ui.text


async def test_an_empty_project_says_that_it_is_empty(start, neptun):
    empty_project(neptun)
    async with start(project=3) as ui:
        async for _ in ui.each_size():
            await ui.see("This project has no imports and no files.", "0 imports")


async def test_a_failed_load_is_never_shown_as_empty(start, neptun):
    async with start() as ui:
        await ui.see("Storefront")
        for fault in ("list_fails", "database_down"):
            setattr(neptun.store.faults, fault, True)
            await ui.press("r" if ui.focused == "resources" else "enter")
            await ui.see(FAILED, "Reload to retry")
            assert EMPTY not in ui.words
            assert "0 files" not in ui.words
            setattr(neptun.store.faults, fault, False)
        await ui.press("r")
        await ui.see("101", "110", "Orphaned files")


NO_LISTS = (
    (404, b"<!DOCTYPE html>", "text/html"),
    (204, b"", "application/json"),
    (200, b"null", "application/json"),
    (200, b"<html>", "text/html"),
    (200, b'[{"id":1', "application/json"),
)


async def test_an_answer_that_is_no_list_is_a_failure(start, neptun):
    async with start() as ui:
        await ui.see("Storefront")
        for answer in NO_LISTS:
            neptun.heal()
            neptun.answer(FILES_OF_1, *answer)
            neptun.answer(IMPORTS_OF_1, *answer)
            await ui.press("r" if ui.focused == "resources" else "enter")
            await ui.until(lambda: ui.view.failure and not ui.view.loading)
            await ui.see(FAILED)
            assert EMPTY not in ui.words
            assert ui.view.listing is None


async def test_the_reason_of_a_failure_can_be_read_to_its_end_at_every_size(start, neptun):
    async with start() as ui:
        await ui.see("Storefront")
        neptun.store.faults.list_fails = True
        await ui.press("enter")
        async for _ in ui.each_size():
            await ui.see("tried, and its database failed.")


async def test_missing_files_are_said_and_their_numbers_are_unknown(start, neptun):
    neptun.answer(FILES_OF_1, 500, SHAPE_N)
    async with start(project=1) as ui:
        async for size in ui.each_size():
            await ui.see("The files could not be loaded.", "4 imports")
            assert "0 B" not in ui.text
            if size != (40, 12):
                assert "files unknown" in ui.text
                row = next(line for line in ui.grid if "/home/demo/storefront" in line)
                assert row.split()[-2:] == ["?", "?"]


async def test_missing_imports_are_said_and_the_files_are_still_there(start, neptun):
    neptun.answer(IMPORTS_OF_1, 500, SHAPE_N)
    async with start(project=1) as ui:
        await ui.see("The imports could not be loaded.", "imports unknown · 99 files")
        await ui.see("1201")
        neptun.heal()
        await ui.press("r")
        await ui.see("4 imports · 99 files")
        assert "could not" not in ui.text


async def test_what_was_loaded_stays_and_is_marked_as_old_when_a_reload_fails(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("i110")
        for fault in ("list_fails", "database_down"):
            setattr(neptun.store.faults, fault, True)
            await ui.press("r")
            async for _ in ui.each_size():
                await ui.see("Not reloaded: this is from")
                assert "✓" in ui.line("110")
            setattr(neptun.store.faults, fault, False)
            await ui.press("r")
            await ui.loaded()
            await ui.see_no("Not reloaded")


async def test_a_reload_that_gives_only_half_takes_nothing_from_the_screen(start, neptun):
    async with start((120, 40), project=1) as ui:
        await ui.mark("f102")
        neptun.answer(FILES_OF_1, 500, SHAPE_N)
        await ui.press("r")
        await ui.see("Not reloaded")
        assert "1 marked" in ui.text
        assert "1201" in ui.text


async def test_while_a_reload_is_under_way_the_list_can_be_used(start, neptun):
    async with start(project=1) as ui:
        gate = neptun.hold(r"/projects/1/")
        await ui.press("r")
        await ui.see("loading…")
        await ui.press("down", "space")
        await ui.see("1 marked")
        assert ui.view.cursor == 2
        gate.open()
        await ui.see_no("loading…")
        await ui.see("1 marked")
        assert ui.view.cursor == 2


async def test_a_reload_keeps_cursor_marks_and_scroll(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102")
        await ui.press("end")
        await ui.press(*["up"] * 4)
        before = ui.grid
        assert ui.pane.resources.scroll_y > 0
        row = neptun.store.select(FILES, id=1201)[0]
        neptun.store.change(FILES, 1201, {"title": row["title"]})
        await ui.press("r")
        await ui.until(lambda: neptun.count("GET", "/1/resources/files") == 2)
        await ui.loaded()
        assert [line[:60] for line in ui.grid] == [line[:60] for line in before]


async def test_a_reload_shows_what_came_and_what_went(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("i103", "i110")
        neptun.store.remove(IMPORTS, 110)
        owner = {"neptun_user_id": 1, "project_id": 1, "import_id": None}
        values = {"title": "late.txt", "original_path": "late.txt", "content": "x"}
        neptun.store.add(FILES, {**values, "file_type": "text", "file_size": 1, **owner})
        await ui.press("r")
        await ui.see("late.txt", "3 imports · 100 files", "1 marked")
        assert "110" not in ui.text


async def test_going_to_another_project_and_back_finds_the_same_place(start):
    async with start((120, 24), project=1) as ui:
        await ui.point_at("f102")
        await ui.press("end", *["up"] * 4)
        await ui.see("Import 103")
        before = [line[:115] for line in ui.grid]
        assert ui.pane.resources.scroll_y > 0
        ui.app.screen._go("projects")
        await ui.press("down", "enter")
        await ui.loaded()
        await ui.see("Billing API 3 imports")
        ui.app.screen._go("projects")
        await ui.press("up", "enter")
        await ui.loaded()
        await ui.until(lambda: [line[:115] for line in ui.grid] == before, "the same picture")
