"""Every way to decline a deletion: no DELETE arrives."""

from __future__ import annotations

import asyncio

import pytest

from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen


async def back_without_a_delete(ui, case: object = "") -> None:
    await ui.on(BrowserScreen)
    await ui.settled(0.15)
    assert ui.neptun.deletes == [], case
    assert ui.focused == "resources", case


async def test_escape_and_enter_on_keep_keep(start):
    async with start(project=1) as ui:
        for what, *keys in (
            ("f102", "escape"),
            ("f102", "enter"),
            ("f102", "tab", "shift+tab", "enter"),
            ("i103", "escape"),
            ("i103", "tab", "enter"),
            ("i103", "1", "0", "3", "escape"),
        ):
            await ui.ask_to_delete(what)
            await ui.press(*keys)
            await back_without_a_delete(ui, (what, keys))


async def test_escape_keeps_at_once(start, unhurried):
    async with start(project=1) as ui:
        for what in ("f102", "i103"):
            await ui.point_at(what)
            await ui.press("d")
            await ui.on(ConfirmScreen)
            await ui.press("escape")
            await back_without_a_delete(ui, what)


async def test_a_click_on_keep_keeps(start):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        await ui.pilot.click("#no")
        await back_without_a_delete(ui)


async def test_the_key_that_asks_never_confirms(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("d", "d", "delete", "delete")
        await ui.settled(0.1)
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


@pytest.mark.parametrize(
    "keys", [{"delete": ["y"]}, {"confirm": ["d"]}], ids=["delete=y", "confirm=d"]
)
async def test_not_even_when_the_settings_put_both_on_one_key(start, neptun, keys):
    async with start(project=1, keys=keys) as ui:
        (key,) = next(iter(keys.values()))
        await ui.point_at("f102")
        await ui.press(key)
        await ui.settled(0.4)
        await ui.press(key)
        await ui.settled(0.2)
        assert neptun.deletes == []


async def test_a_wrong_phrase_and_enter_do_nothing(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i103")
        for phrase in ("10", "1033", "103 4", "i103", "y", "yes", "DELETE", " ", ""):
            ui.field("confirm-phrase").value = ""
            ui.field("confirm-phrase").focus()
            await ui.type(phrase)
            await ui.press("enter", "tab", "tab")
            assert isinstance(ui.app.screen, ConfirmScreen)
            assert ui.focused != "yes"
        assert neptun.deletes == []


async def test_the_id_of_one_is_no_yes_for_many(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i103", "i110")
        for phrase in ("103", "110", "1"):
            ui.field("confirm-phrase").value = ""
            await ui.type(phrase)
            await ui.press("enter")
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_pasted_text_never_confirms(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i103")
        await ui.paste("103")
        assert ui.field("confirm-phrase").value == ""
        ui.app.copy_to_clipboard("103")
        await ui.press("ctrl+v")
        assert ui.field("confirm-phrase").value == ""
        await ui.press("enter", "tab", "tab")
        assert ui.focused != "yes"
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_pasted_text_with_a_line_end_does_not_confirm_one_file(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        await ui.paste("y\n")
        await ui.settled(0.1)
        assert isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_keys_typed_ahead_of_the_dialog_are_discarded(start, neptun, unhurried):
    async with start(project=1) as ui:
        for what, *keys in (
            ("f102", "y"),
            ("f102", "tab", "enter"),
            ("i103", "1", "0", "3", "enter"),
        ):
            await ui.point_at(what)
            ui.burst("d", *keys)
            await ui.settled(0.8)
            assert neptun.deletes == [], (what, keys)
            assert ui.job == "", (what, keys)
            if isinstance(ui.app.screen, ConfirmScreen):  # enter may have kept it
                await ui.press("escape")
            await ui.on(BrowserScreen)


async def test_nothing_confirms_in_its_first_moments(start, neptun, unhurried):
    async with start(project=1) as ui:
        for what, phrase in (("f102", ""), ("i103", "103")):
            await ui.point_at(what)
            await ui.press("d")
            await ui.on(ConfirmScreen)
            deadline = asyncio.get_running_loop().time() + 0.25
            while asyncio.get_running_loop().time() < deadline:
                ui.burst(*([*phrase, "enter"] if phrase else ["y"]))
                await asyncio.sleep(0.03)
            await ui.settled(0.1)
            assert isinstance(ui.app.screen, ConfirmScreen), what
            assert neptun.deletes == [], what
            await ui.press("escape")
            await ui.on(BrowserScreen)


@pytest.mark.parametrize(("what", "phrase", "yes"), [("f102", "", "y"), ("i103", "103", "enter")])
async def test_a_yes_right_after_a_resize_does_not_count_and_a_later_one_does(
    start, neptun, unhurried, what, phrase, yes
):
    async with start(project=1) as ui:
        await ui.ask_to_delete(what)
        if phrase:
            await ui.type(phrase)
        await ui.pilot.resize_terminal(70, 20)
        await ui.press(yes)
        assert neptun.deletes == []
        assert isinstance(ui.app.screen, ConfirmScreen)
        await ui.settled()
        await ui.press(yes)
        await ui.reported()
        assert len(neptun.deletes) == 1


async def test_an_app_that_ends_with_the_dialog_open_deletes_nothing(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102")
        await ui.press("q")
        await ui.until(lambda: ui.app._exit, "the end")
    assert neptun.deletes == []


async def test_an_app_that_is_stopped_from_outside_deletes_nothing(start, neptun):
    async with start(project=1) as ui:
        await ui.ask_to_delete("i103")
        await ui.type("103")
        ui.app.exit()
    assert neptun.deletes == []


async def test_nothing_is_deleted_when_the_check_failed(start, neptun):
    async with start(project=1) as ui:
        for what, phrase, fault in (
            ("f102", "", "list_fails"),
            ("f102", "", "database_down"),
            ("i103", "103", "list_fails"),
            ("i103", "103", "database_down"),
        ):
            await ui.resize(80, 24)
            await ui.point_at(what)
            setattr(neptun.store.faults, fault, True)
            await ui.press("d")
            async for _ in ui.each_size():
                await ui.see(
                    "Could not verify with Neptun, so delete is disabled.", "Press r to retry."
                )
            await ui.settled()
            await ui.type(phrase)
            await ui.press("enter" if phrase else "y", "tab")
            assert isinstance(ui.app.screen, ConfirmScreen), (what, fault)
            assert ui.focused != "yes", (what, fault)
            assert neptun.deletes == [], (what, fault)
            await ui.press("escape")
            setattr(neptun.store.faults, fault, False)
        assert neptun.deletes == []


async def test_nothing_is_deleted_when_only_half_could_be_checked(start, neptun):
    async with start(project=1) as ui:
        await ui.point_at("i103")
        for half in ("files", "imports"):
            neptun.answer(f"GET .*/resources/{half}", 500, b"{}")
            await ui.press("d")
            await ui.see(
                "Could not verify with Neptun, so delete is disabled.", "Press r to retry."
            )
            await ui.settled()
            await ui.type("103")
            await ui.press("enter")
            assert isinstance(ui.app.screen, ConfirmScreen), half
            assert neptun.deletes == [], half
            await ui.press("escape")
            await ui.on(BrowserScreen)
            neptun.heal()


async def test_read_only_says_so_and_opens_no_dialog(start, neptun):
    async with start(project=1, read_only=True) as ui:
        await ui.mark("f102", "i110")
        await ui.press("d")
        await ui.see("Read-only: nothing can be deleted.")
        await ui.press("delete")
        assert not isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_after_keeping_cursor_and_marks_are_where_they_were(start):
    async with start(project=1) as ui:
        await ui.ask_to_delete("f102", "i110")
        before = ui.view.cursor
        await ui.press("escape")
        await back_without_a_delete(ui)
        assert ui.view.cursor == before
        await ui.see("2 marked")
