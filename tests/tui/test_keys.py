"""Table of keys: the footer, the help screen and the palette show exactly the working keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.widgets import Input

from neptun_tui.domain.account import Secret
from neptun_tui.tui.bindings import KEYS, Key, KeyContext, keys_of, types_text
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.help import HelpScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.screens.palette import SteadyPalette
from neptun_tui.tui.widgets.bars import KeyBar


def footer_keys(ui) -> list[Key]:
    """The keys of the footer that are really on the screen."""
    shown = ui.app.screen.query_one(KeyBar).keys()
    return [key for key in shown if f" {key.label} " in f"{ui.footer} "]


def picture(ui) -> tuple[object, ...]:
    """All by which a person, or the server, can notice that a key did something."""
    fields = tuple(field.value for field in ui.app.screen.query(Input))
    requests = len(ui.neptun.store.arrivals)
    return type(ui.app.screen), ui.text, ui.focused, fields, requests, ui.app._exit


async def in_projects(ui) -> None:
    await ui.see("Storefront")


async def in_resources(ui) -> None:
    await ui.open(1)
    await ui.press("down")


async def in_file(ui) -> None:
    await ui.open(1)
    await ui.point_at("f1204")


async def in_detail(ui) -> None:
    await ui.open(1)
    await ui.point_at("f1204")
    await ui.press("v")
    await ui.see("File 1204")


async def in_filter(ui) -> None:
    await ui.open(1)
    await ui.press("slash")
    await ui.type("vat.md")


async def in_go_to(ui) -> None:
    await ui.open(1)
    await ui.press("colon")
    await ui.type("f102")


async def in_dialog_for_a_file(ui) -> None:
    await ui.open(1)
    await ui.ask_to_delete("f102")


async def in_dialog_for_an_import(ui) -> None:
    await ui.open(1)
    await ui.ask_to_delete("i103")


async def in_run(ui) -> None:
    await ui.open(1)
    gate = ui.neptun.hold("DELETE")
    await ui.ask_to_delete("f102")
    await ui.press("y")
    await ui.until(lambda: gate.waiting >= 1)


async def in_report(ui) -> None:
    ui.neptun.store.faults.delete_fails = True
    await ui.open(1)
    await ui.run("f102")


PLACES: tuple[Callable[[Any], Awaitable[None]], ...] = (
    in_projects, in_resources, in_file, in_detail, in_filter, in_go_to, in_dialog_for_a_file,
    in_dialog_for_an_import, in_run, in_report,
)  # fmt: skip


PANES = ("projects", "resources", "detail")


def names(place: object) -> str:
    return getattr(place, "__name__", "").removeprefix("in_")


async def try_key(ui, key: Key, name: str) -> bool:
    """Press a key; whether anything came of it."""
    before = picture(ui)
    await ui.press(name)
    for _ in range(40):
        if picture(ui) != before:
            return True
        await ui.settled(0.02)
    return False


async def back_to(ui, screen: object, focused: str) -> bool:
    """Undo what a key has done in the browser; whether that was possible."""
    for _ in range(2):
        if ui.app.screen is not screen and not ui.app._exit:
            await ui.settled()
            await ui.press("escape")
    if ui.app.screen is not screen or ui.app._exit or focused not in PANES:
        return False
    screen._go(focused)
    await ui.quiet()
    return True


@pytest.mark.parametrize("place", PLACES, ids=names)
async def test_every_key_in_the_footer_does_something(start, neptun, place):
    """At 160 columns the footer has room for all of them."""
    tried: set[str] = set()
    dead: list[str] = []
    left = {"something"}
    while left:
        neptun.refill()
        async with start((160, 30)) as ui:
            await place(ui)
            screen, focused = ui.app.screen, ui.focused
            left = {key.name for key in footer_keys(ui)} - tried
            for key in [key for key in footer_keys(ui) if key.name in left]:
                tried.add(key.name)
                left.remove(key.name)
                if not await try_key(ui, key, first_key(ui, key)):
                    dead.append(key.name)
                elif not await back_to(ui, screen, focused):
                    break
    assert len(tried) > 2
    assert dead == []


def first_key(ui, key: Key) -> str:
    typing = ui.app.screen.query_one(KeyBar)._typing
    return next(name for name in key.keys.split(",") if not typing or not types_text(name))


async def test_the_sign_in_footer_does_what_it_says(start):
    for key, name in ((k, k.keys.split(",")[0]) for k in keys_of(KeyContext.SIGN_IN)):
        async with start((120, 30), signed_in=False, email="demo@example.com") as ui:
            await ui.on(LoginScreen)
            await ui.see("kept in: memory")
            if key.label in ui.footer:
                assert await try_key(ui, key, name), key.name


@pytest.mark.parametrize("place", [in_detail, in_filter, in_dialog_for_a_file, in_run], ids=names)
async def test_the_footer_is_never_wider_than_the_screen_and_keeps_help_and_quit(start, place):
    async with start() as ui:
        await place(ui)
        async for width, _ in ui.each_size():
            assert len(ui.footer) == width
            assert " help" in ui.footer
            assert ui.footer.rstrip().endswith(" quit")


async def test_the_footer_shows_in_resources_what_a_person_needs_first(start):
    async with start((80, 24), project=1) as ui:
        for shown in ("enter → open", "esc ← back", "d delete", "space mark", "/ filter"):
            assert shown in ui.footer


async def test_keys_of_the_settings_work_and_are_shown(start):
    keys = {"delete": ["x"], "filter": ["ctrl+f"], "mark": ["m", "insert"], "help": ["w"]}
    async with start((120, 40), project=1, keys=keys) as ui:
        for shown in ("x delete", "ctrl+f filter", "m insert mark", "w help"):
            assert shown in ui.footer
        await ui.press("m")
        await ui.see("1 marked")
        await ui.press("space", "d")
        await ui.quiet()
        assert isinstance(ui.app.screen, BrowserScreen)
        await ui.see("1 marked")
        await ui.press("ctrl+f")
        assert ui.focused == "prompt-input"
        await ui.press("escape", "x")
        await ui.on(ConfirmScreen)
        await ui.settled()
        await ui.press("escape", "w")
        await ui.on(HelpScreen)
        text = str(ui.app.screen.query_one("#help-text").content)
        assert "  x " in text
        assert "  ctrl+f " in text
        assert "  m insert " in text


async def test_the_help_screen_lists_every_key_of_the_table(start):
    async with start(project=1) as ui:
        await ui.press("question_mark")
        await ui.on(HelpScreen)
        text = str(ui.app.screen.query_one("#help-text").content)
        for key in KEYS:
            written = " ".join(f"{key.written({})} {key.help}".split())
            assert written in " ".join(text.split()), key.name
        for where in KeyContext:
            assert where.value in text


async def test_the_help_screen_hangs_what_goes_on_below_the_text_of_a_key(start):
    async with start(project=1) as ui:
        await ui.press("question_mark")
        await ui.on(HelpScreen)
        async for width, _ in ui.each_size():
            text = str(ui.app.screen.query_one("#help-text").content)
            lines = text.splitlines()
            number = next(n for n, line in enumerate(lines) if "Back: close an import" in line)
            column = lines[number].index("Back:") if width > 40 else len("    ")
            for line in lines[number + 1 :]:
                if "To the next pane" in line:
                    break
                assert line.startswith(" " * column), text
            assert max(len(line) for line in lines if line[:2] == "  ") <= width - 5, text


def test_no_help_line_only_repeats_the_label():
    assert not [key.name for key in KEYS if key.help.casefold() == key.label.casefold()]


async def test_the_palette_shows_no_emoji(start):
    async with start() as ui:
        await ui.see("Storefront")
        await ui.press("ctrl+p")
        await ui.on(SteadyPalette)
        await ui.see("› Search")
        assert "🔎" not in ui.text


async def test_the_help_screen_can_be_read_to_its_end_and_left(start):
    async with start(project=1) as ui:
        await ui.press("question_mark")
        await ui.on(HelpScreen)
        async for _ in ui.each_size():
            await ui.press("end")
            await ui.see("is stopped first")
        await ui.press("escape")
        await ui.on(BrowserScreen)
        assert ui.focused == "resources"


@pytest.mark.parametrize("place", [in_projects, in_resources, in_detail], ids=names)
async def test_the_palette_has_each_action_of_the_place(start, place):
    async with start((120, 40)) as ui:
        await place(ui)
        offered = {command.title for command in ui.app.get_system_commands(ui.app.screen)}
        wheres = (KeyContext.BROWSER, KeyContext.EVERYWHERE)
        wheres += () if place is in_projects else (KeyContext.RESOURCES,)
        wanted = {
            key.label[0].upper() + key.label[1:]
            for key in keys_of(*wheres)
            if key.name not in ("command_palette", "next_pane", "back", "stop", "interrupt")
        }
        assert wanted <= offered


async def test_the_palette_can_be_quit_from_while_something_is_typed(start):
    async with start() as ui:
        await ui.see("Storefront")
        await ui.press("ctrl+p")
        await ui.on(SteadyPalette)
        await ui.type("q")
        await ui.press("ctrl+q")
        await ui.until(lambda: ui.app._exit, "the end")


async def test_the_palette_does_what_it_says(start):
    async with start((120, 40), project=1) as ui:
        for typed, screen, seen in (
            ("delete", ConfirmScreen, "Delete import 101?"),
            ("mark all", BrowserScreen, "6 marked"),
            ("flat", BrowserScreen, "ci.yml"),
            ("help", HelpScreen, "Move up"),
        ):
            await ui.press("ctrl+p")
            await ui.until(lambda: ui.app.screen.query("CommandInput"))
            await ui.type(typed)
            await ui.settled(0.3)
            await ui.press("enter")
            await ui.on(screen)
            await ui.see(seen)
            await ui.settled()
            if screen is not BrowserScreen:
                await ui.press("escape")
        assert ui.neptun.deletes == []


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quit_quits(start, key):
    async with start(project=1) as ui:
        await ui.press(key)
        await ui.until(lambda: ui.app._exit)


async def test_letters_are_letters_while_a_field_has_the_focus(start):
    secret = Secret("")
    async with start(signed_in=False, password=secret) as ui:
        await ui.on(LoginScreen)
        await ui.press(*"qd?y")
        assert ui.field("email").value == "qd?y"
        assert isinstance(ui.app.screen, LoginScreen)
        assert not ui.app._exit


async def test_keys_of_one_burst_go_where_each_of_them_leads(start, neptun):
    async with start(project=1) as ui:
        ui.burst("slash", *"dddd")
        await ui.until(lambda: ui.focused == "prompt-input")
        await ui.until(lambda: ui.field("prompt-input").value == "dddd")
        assert isinstance(ui.app.screen, BrowserScreen)
        assert neptun.deletes == []


async def test_the_run_screen_has_stop_and_then_retry(start):
    async with start() as ui:
        await in_run(ui)
        assert ui.job == "Deleting"
        labels = [key.label for key in footer_keys(ui)]
        assert "stop" in labels
        assert "retry" not in labels


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"help": ["h"]}, "'help' would have the same key as 'history'"),
        ({"delete": ["backspace"]}, "backspace deletes nothing"),
        ({"nonsense": ["x"]}, "unknown action 'nonsense'"),
        ({"delete": ["y"]}, "same key as 'copy_id'"),
    ],
)
async def test_keys_that_cannot_be_are_said_and_the_usual_ones_hold(start, keys, said):
    async with start((120, 40), project=1, keys=keys) as ui:
        await ui.see(said)
        assert ui.app.chosen_keys == {}
