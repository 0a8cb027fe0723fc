"""Delete dialog: its content, and its confirmation."""

from __future__ import annotations

import pytest

from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.flows import delete


def add_file(neptun, **values):
    """Add a file behind the app's back."""
    row = {
        "title": "late.txt", "original_path": "late.txt", "content": "x", "file_type": "text",
        "file_size": 1, "neptun_user_id": 1, "project_id": 1, "import_id": 101, **values,
    }  # fmt: skip
    return neptun.store.add(FILES, row)


async def test_one_file_goes_with_y_and_nothing_else_does(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        assert ui.focused == "no"
        await ui.press("y")
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]
        assert not neptun.store.select(FILES, id=102)
        assert neptun.store.select(IMPORTS, id=102)


async def test_one_file_goes_with_the_button_that_tab_leads_to(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("tab")
        assert ui.focused == "yes"
        await ui.press("enter")
        await ui.reported()
        assert neptun.deletes == ["1/files/102"]


async def test_one_import_goes_with_its_id_and_enter_in_one_request(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i102")
        assert ui.focused == "confirm-phrase"
        await ui.type("102")
        await ui.press("enter")
        await ui.reported()
        await ui.see("59 deleted")
        assert neptun.deletes == ["1/imports/102"]
        assert not neptun.store.select(FILES, import_id=102)
        assert neptun.store.select(FILES, id=102)


async def test_many_go_with_their_number_and_the_button(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102", "f1201", "i110", "f1242")
        await ui.type("4")
        await ui.press("tab", "tab")
        assert ui.focused == "yes"
        await ui.press("enter")
        await ui.reported()
        expected = ["1/files/102", "1/files/1201", "1/files/1242", "1/imports/110"]
        assert sorted(neptun.deletes) == expected


async def test_a_file_below_a_marked_import_is_not_sent_on_its_own(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i101", "f1201", "f1242")
        await ui.see("Delete 41 items?")
        await ui.type("41")
        await ui.press("enter")
        await ui.reported()
        assert sorted(neptun.deletes) == ["1/files/1242", "1/imports/101"]


async def test_it_names_a_file_with_all_that_goes(start):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        async for _ in ui.each_size():
            await ui.see("Delete file 102?", "PERMANENT", "Neptun cannot undo this", "ci.yml")
            await ui.press("pagedown")
            await ui.see("its content and metadata will be deleted")
            await ui.see("Keep", "Delete file 102")
            await ui.press("pageup")


async def test_it_names_an_import_its_files_and_its_connection(start):
    async with start((120, 40), project=1) as ui:
        await ui.ask_to_delete("i102")
        await ui.see(
            "Delete import 102?", "GitHub app", "demo-org/storefront-ui @ main", "Storefront",
            "demo@example.com on 127.0.0.1", "58 files", "and 5", "Type 102 to delete",
            "Project is connected to the GitHub installation demo-org. It may stay connected.",
            "Delete 59 items",
        )  # fmt: skip


async def test_an_import_of_another_kind_takes_no_connection(start):
    async with start((120, 40), project=1) as ui:
        await ui.ask_to_delete("i101")
        assert "connection" not in ui.words


async def test_both_kinds_are_named_when_they_share_a_number(start):
    async with start((120, 40), project=1) as ui:
        await ui.ask_to_delete("f102", "i102")
        await ui.see(
            "Delete 60 items?",
            "1 import",
            "1 file",
            "102 .github/workflows/ci.yml",
            "Type 60 to delete",
        )


async def test_until_neptun_has_answered_it_says_checking_and_takes_no_yes(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        gate = neptun.hold("GET")
        await ui.press("d")
        await ui.on(ConfirmScreen)
        await ui.see("Delete file 102?", "checking…")
        await ui.settled()
        await ui.press("y", "tab")
        assert ui.focused == "no"
        gate.open()
        await ui.see("Checked with Neptun")
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_a_file_deleted_meanwhile_is_shown_and_the_count_cleared(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102", "f1201", "f1242")
        gate = neptun.hold("GET")
        await ui.press("d")
        await ui.on(ConfirmScreen)
        await ui.until(lambda: gate.waiting >= 4)
        neptun.store.remove(FILES, 1201)
        gate.let_others_pass()
        await ui.settled()
        await ui.type("3")
        assert ui.field("confirm-phrase").value == "3"
        gate.open()
        await ui.see("Checked with Neptun")  # that listing was older than the deletion
        await ui.press("escape", "d")
        await ui.on(ConfirmScreen)
        await ui.see(
            "Changed since you opened this", "file 1201 i18n/locales/ja.json is no longer part"
        )
        await ui.see("Delete 2 items?", "Type 2 to delete")
        assert ui.field("confirm-phrase").value == ""
        assert neptun.deletes == []


async def test_a_correction_clears_what_was_typed_and_must_be_confirmed_anew(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("i101")
        add_file(neptun)
        gate = neptun.hold("GET")
        await ui.press("d")
        await ui.on(ConfirmScreen)
        await ui.settled()
        await ui.type("101")
        gate.open()
        await ui.see("late.txt is new", "Delete 41 items")
        assert ui.field("confirm-phrase").value == ""
        await ui.press("enter")
        await ui.settled()
        await ui.press("enter")
        assert neptun.deletes == []
        await ui.type("101")
        await ui.press("enter")
        await ui.reported()
        await ui.see("41 deleted")
        assert neptun.deletes == ["1/imports/101"]


async def test_a_file_with_another_content_is_said_to_have_changed(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        neptun.store.change(FILES, 102, {"content": "another", "file_size": 7})
        await ui.press("d")
        await ui.see("file 102 .github/workflows/ci.yml has changed")
        assert neptun.deletes == []


async def test_a_plan_that_shrinks_to_one_file_puts_the_focus_on_keep(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102", "f1201")
        neptun.store.remove(FILES, 1201)
        await ui.press("d")
        await ui.see("Changed since you opened this", "Delete file 102?")
        assert ui.focused == "no"
        assert "y delete" in ui.footer
        await ui.settled()
        await ui.press("enter")
        await ui.until(lambda: not isinstance(ui.app.screen, ConfirmScreen))
        assert neptun.deletes == []


async def test_what_is_gone_altogether_cannot_be_deleted_any_more(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        neptun.store.remove(FILES, 102)
        await ui.press("d")
        await ui.until(lambda: "checking" not in ui.words and "Checked" not in ui.words)
        await ui.see("any more")
        await ui.settled()
        await ui.press("y")
        assert isinstance(ui.app.screen, ConfirmScreen)
        await ui.press("escape")
        assert neptun.deletes == []


@pytest.mark.parametrize("change", [True, False])
async def test_a_check_that_has_grown_old_is_made_again_before_anything_is_sent(
    start, neptun, monkeypatch, change
):
    monkeypatch.setattr(delete, "FRESH_SECONDS", 0.05)
    async with start(project=1) as ui:
        await ui.ask_to_delete("i101")
        if change:
            add_file(neptun)
        lists = neptun.count("GET", "/1/resources/files")
        await ui.type("101")
        await ui.press("enter")
        if change:
            await ui.see("late.txt is new")
            assert neptun.deletes == []
        else:
            await ui.reported()
            assert neptun.deletes == ["1/imports/101"]
        assert neptun.count("GET", "/1/resources/files") > lists


async def test_a_confirmation_taken_back_while_it_is_checked_again_sends_nothing(
    start, neptun, monkeypatch
):
    monkeypatch.setattr(delete, "FRESH_SECONDS", 0.05)
    async with start(project=1) as ui:
        await ui.ask_to_delete("i101")
        await ui.type("101")
        gate = neptun.hold("GET")
        await ui.press("enter")
        await ui.see("checking…")
        await ui.press("backspace", "1")
        gate.open()
        await ui.see("Checked with Neptun")
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_no_message_lies_over_the_dialog_and_it_is_there_again_afterwards(start, neptun):
    async with start(project=1) as ui:
        ui.app.notify("line\n" * 8 + "said before", timeout=600)
        await ui.see("said before")
        await ui.point_at("i102")
        await ui.press("d")
        await ui.on(ConfirmScreen)
        await ui.settled()
        await ui.see("Type 102 to delete", "Keep", "Delete 59 items")
        await ui.see_no("said before")
        await ui.press("escape")
        await ui.see("said before")
        assert neptun.deletes == []


async def test_it_names_what_goes_along_in_another_project(start, neptun):
    async with start(project=2) as ui:
        await ui.point_at("i105")
        await ui.press("d")
        await ui.on(ConfirmScreen)
        await ui.see("1 file of project 1 Storefront")
        await ui.see("goes with it")
        await ui.see("Delete 25 items")
        assert neptun.deletes == []


async def test_the_footer_has_the_keys_that_work_while_the_number_is_typed(start, tmp_path):
    records = RunStore(tmp_path / "state", tmp_path / "copies")
    async with start(project=1, records=records) as ui:
        await ui.ask_to_delete("i103")
        assert "(b: none)" in ui.words
        assert "b no backup" in ui.footer
        assert "y delete" not in ui.footer
        assert "ctrl+q quit" in ui.footer
        await ui.press("b")
        await ui.see("(b: keep one)")
        assert ui.field("confirm-phrase").value == ""
