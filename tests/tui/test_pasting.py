"""Hostile pastes through the parser and the whole app: data for a field, or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.domain.account import Secret
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.input_parser import InputParser
from neptun_tui.tui.key_queue import message_of
from neptun_tui.tui.screens.accounts import AccountsScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.screens.history_detail import HistoryDetailScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.screens.palette import SteadyPalette

START, END = "\x1b[200~", "\x1b[201~"

POISON = (
    "y", "\r", "y\r\n", "sd\tRxy\r", "102\r", "\x03\x11\x04\x1a\x1c", "".join(map(chr, range(32))),
    f"\x1b{'y' * 40}", "\x1b" + "\x7f" * 25 + "101\r\r", "\x1b[31mERROR\x1b[0m delete? y\r\n",
    "\x1b[97;1:1u\x1b[121u\x1b[13u\x1b[113;5u\x1b[1079::112;5u", "\x1b[3~\x1b[3;5:1~\x1b[1;1:1A",
    "\x1bOM\x1b[A\x1b[B\x1b[200~y\r\x1b[201y\x1b[0201~\r\x9b201~\x1b[201",
    "\x1b]0;y\x07\x1bPy\x1b\\\r",
)  # fmt: skip

SIZES = cycle((10_000, 1, 7, 33))

Place = Callable[[Any], Awaitable[None]]


def feed(ui, *chunks: str) -> None:
    """Let chunks arrive as the driver hands them over, the pauses between them left out."""
    parser = InputParser()
    for chunk in chunks:
        for token in parser.feed(chunk):
            if (message := message_of(token)) is not None:
                ui.app.post_message(message)
    for _ in range(2):
        for token in parser.quiet():
            if (message := message_of(token)) is not None:
                ui.app.post_message(message)


def writes(ui) -> list[str]:
    """The requests that change something."""
    return [f"{a.method} {a.path}" for a in ui.neptun.arrivals if a.method not in {"GET", "HEAD"}]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def in_palette(ui) -> None:
    await ui.open(1)
    await ui.press("ctrl+p")
    await ui.on(SteadyPalette)


async def in_accounts(ui) -> None:
    await ui.open(1)
    await ui.app.run_action("switch_account")
    await ui.on(AccountsScreen)
    await ui.see(OTHER_EMAIL)


async def in_sign_in_again(ui) -> None:
    await ui.open(1)
    ui.neptun.serve(key=b"another-throw-away-key-0123456789")
    await ui.press("r")
    await ui.on(LoginScreen)


async def in_job(ui) -> None:
    await ui.open(1)
    gate = ui.neptun.hold("DELETE")
    await ui.ask_to_delete("f102", "f1201")
    await ui.type("2")
    await ui.press("enter")
    await ui.until(lambda: gate.waiting == 2)


async def in_history(ui) -> None:
    await ui.open(1)
    await ui.run("f102")
    await ui.press("escape")
    await ui.settled()
    await ui.press("h")
    await ui.on(HistoryScreen)
    await ui.see("past deletion")


async def in_past_run(ui) -> None:
    await in_history(ui)
    await ui.press("enter")
    await ui.on(HistoryDetailScreen)
    await ui.until(lambda: ui.app.screen._held is not None, "the copy")


PLACES: tuple[Place, ...] = (
    in_palette, in_accounts, in_sign_in_again, in_job, in_history, in_past_run,
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__.removeprefix("in_"))
async def test_a_paste_triggers_nothing(
    start, make_app_context, neptun, tmp_path: Path, place: Place
):
    records = RunStore(tmp_path / "state", tmp_path / "data")
    app_context = make_app_context(records=records)
    await app_context.sign_in.with_password(neptun.origin, OTHER_EMAIL, Secret(OTHER_PASSWORD))
    demo = await app_context.sign_in.with_password(neptun.origin, DEMO_EMAIL, Secret(DEMO_PASSWORD))
    await app_context.sign_in.choose(demo.session.account)
    async with start(app_context=app_context, signed_in=False) as ui:
        await place(ui)
        await ui.settled()
        stack, before, kept = list(ui.app.screen_stack), writes(ui), files(tmp_path)
        for poison in POISON:
            text, size = f"{START}{poison}{END}", next(SIZES)
            feed(ui, *(text[at : at + size] for at in range(0, len(text), size)))
            await ui.quiet()
        feed(ui, START + "y\r" + "x" * 300, "\r102\ry")  # it never ends
        await ui.settled()
        assert ui.app.screen_stack == stack
        assert writes(ui) == before
        assert files(tmp_path) == kept
        assert not ui.app._exit
        if place is in_job:
            assert ui.job == "Deleting"
            for gate in ui.neptun._gates:
                gate.open()
            await ui.reported()
            await ui.see("Done 2 deleted")
