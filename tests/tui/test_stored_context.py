"""Stored context in the app: the dialog, the report, the header, and the command."""

from __future__ import annotations

import json

from neptun_tui.demo.schema import FILES, PROJECTS
from neptun_tui.tui.dialogs.confirm import ConfirmScreen

CONTEXT = "/projects/1/context"
FAILED = b'{"error":true,"statusCode":500}'
OUT_OF_DATE = "Stored context is out of date: it holds 1 item that no longer exists."


def stored(neptun):
    return json.dumps(neptun.store.get(PROJECTS, 1), ensure_ascii=False, default=str)


def content_of(neptun, file):
    return json.dumps(neptun.store.get(FILES, file)["content"], ensure_ascii=False)[1:-1]


async def test_the_dialog_says_that_the_contents_stay_until_it_is_renewed(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        await ui.see("contents stay in the stored context until the job renews it")
        await ui.see("Delete file 102?", "PERMANENT", "Keep", "Delete file 102")
        assert "keeps no copy" not in ui.words
        assert "more" not in ui.footer  # all of it fits
        await ui.press("escape")
        await ui.ask_to_delete("f102", "f1201")
        await ui.see("contents stay in the stored context until the job renews it")
        await ui.resize(40, 10)
        await ui.see("Delete 2 items", "Type 2 to delete")
    assert neptun.count("POST", CONTEXT) == 0


async def test_a_deletion_renews_it_and_the_report_says_so(start, neptun):
    async with start(project=1) as ui:
        content = content_of(neptun, 1203)
        await ui.run("f1203")
        await ui.see("Stored context renewed.")
        assert neptun.count("POST", CONTEXT) == 1
        assert content not in stored(neptun)
        await ui.press("escape")
        await ui.loaded()
        await ui.settled(0.3)
        assert "out of date" not in ui.words


async def test_a_renewal_that_failed_is_offered_again(start, neptun):
    async with start(project=1) as ui:
        neptun.answer(rf"POST .*{CONTEXT}", 500, FAILED)
        await ui.run("f1203")
        await ui.see("still holds 1 deleted file")
        await ui.see("retry")
        posts = neptun.count("POST", CONTEXT)
        neptun.heal()
        await ui.press("r")
        await ui.see("Stored context renewed.")
        assert neptun.count("POST", CONTEXT) == posts + 1
        assert neptun.count("DELETE", "/files/1203") == 1
        await ui.press("escape")
        await ui.loaded()
        await ui.press("R")
        await ui.see("Stored context renewed.")


async def delete_with_another_project(ui):
    await ui.point_at("i105")
    await ui.press("d")
    await ui.on(ConfirmScreen)
    await ui.see("of project 1 goes with it")
    await ui.settled()
    await ui.type("105")
    await ui.press("enter")
    await ui.reported()


async def test_all_renewals_that_failed_are_offered_again_together(start, neptun):
    """An import of project 2 takes a file of project 1 along; neither context can be had."""
    async with start((120, 40), project=2) as ui:
        content = content_of(neptun, 1406)
        neptun.answer(r"(POST .*/context|GET .*/projects/\d)$", 500, FAILED)
        await delete_with_another_project(ui)
        await ui.see("Project 1: ", "retry")
        assert "renewed" not in ui.words
        neptun.heal()
        await ui.press("r")
        await ui.see("Stored context renewed. Project 1: stored context renewed.")
        now = [neptun.count("POST", f"/projects/{number}/context") for number in (1, 2)]
        assert now == [1, 1], "the failed ones did not get through"
        assert neptun.count("DELETE", "/imports/105") == 1
        for number in (1, 2):
            held = json.dumps(neptun.store.get(PROJECTS, number), ensure_ascii=False, default=str)
            assert content not in held
        await ui.until(lambda: "retry" not in ui.footer, "no retry")


async def test_a_renewal_that_fails_again_leaves_the_others_renewed(start, neptun):
    async with start((120, 40), project=2) as ui:
        neptun.answer(r"(POST .*/context|GET .*/projects/\d)$", 500, FAILED)
        await delete_with_another_project(ui)
        await ui.see("Project 1: ", "retry")
        neptun.heal()
        neptun.answer(r"(POST .*/projects/1/context|GET .*/projects/1)$", 500, FAILED)
        await ui.press("r")
        await ui.see("Stored context renewed. Project 1: ", "retry")
        posts = neptun.count("POST", "/projects/2/context")
        neptun.heal()
        await ui.press("r")
        await ui.see("Project 1: stored context renewed.")
        assert neptun.count("POST", "/projects/2/context") == posts


async def test_renewed_from_the_report_the_header_is_corrected(start, neptun):
    async with start((120, 40), project=1) as ui:
        neptun.answer(rf"POST .*{CONTEXT}", 500, FAILED)
        await ui.run("f1203")
        await ui.see("still holds 1 deleted file")
        await ui.until(lambda: "1 item" in ui.view.context, "the warning in the header")
        neptun.heal()
        await ui.press("r")
        await ui.see("Stored context renewed.")
        await ui.press("escape")
        await ui.see_no("out of date")


async def test_left_as_it_is_the_header_says_so_and_a_command_renews_it(start, neptun):
    async with start((120, 40), project=1, keep_context=True) as ui:
        content = content_of(neptun, 1203)
        await ui.ask_to_delete("f1203")
        await ui.see("not renewed: the stored context keeps the contents")
        await ui.press("y")
        await ui.reported()
        await ui.see("The stored context was left as it is")
        assert neptun.count("POST", CONTEXT) == 0
        assert content in stored(neptun)
        await ui.press("escape")
        await ui.see(OUT_OF_DATE)
        await ui.press("ctrl+p")
        await ui.type("renew stored")
        await ui.see("Renew stored context")
        await ui.press("enter")
        await ui.see("Stored context renewed.")
        await ui.see_no("out of date")
        assert neptun.count("POST", CONTEXT) == 1
        assert content not in stored(neptun)


async def test_read_only_the_command_renews_nothing(start, neptun):
    async with start((120, 40), project=1, read_only=True) as ui:
        await ui.press("ctrl+p")
        await ui.type("renew stored")
        await ui.see("Renew stored context")
        await ui.press("enter")
        await ui.see("Read-only: the stored context cannot be renewed.")
    assert neptun.count("POST", CONTEXT) == 0


async def test_opening_a_project_downloads_nothing_more_for_it(start, neptun):
    async with start(project=1) as ui:
        await ui.settled(0.3)
        assert neptun.count("GET", "/projects/1") == 0
        assert neptun.count("GET", CONTEXT) == 0
        assert not isinstance(ui.app.screen, ConfirmScreen)
