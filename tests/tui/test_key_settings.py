"""Key settings ``[keys]``: every action can be rebound, and every error is reported."""

from __future__ import annotations

import runpy
from itertools import combinations
from pathlib import Path

import pytest

from neptun_tui.domain.account import Secret
from neptun_tui.services.run_store import RunStore
from neptun_tui.tui.bindings import KEYS, Key, KeyContext, keys_of
from neptun_tui.tui.dialogs.confirm import ConfirmScreen
from neptun_tui.tui.key_settings import _TOGETHER, _keys_of, check_keys
from neptun_tui.tui.screens.accounts import AccountsScreen
from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.help import HelpScreen
from neptun_tui.tui.screens.history import HistoryScreen
from neptun_tui.tui.screens.history_detail import HistoryDetailScreen
from neptun_tui.tui.screens.login import LoginScreen

NAMES = list(dict.fromkeys(key.name for key in KEYS))
SPARE = [f"{held}f{number}" for held in ("", "ctrl+") for number in range(5, 36)]
REBOUND = {name: (key,) for name, key in zip(NAMES, SPARE, strict=False)}
"""A key of its own for every action, none of them a default key."""

ROOT = Path(__file__).parents[2]


@pytest.fixture
def records(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "state", tmp_path / "data")


# The page ------------------------------------------------------------------------------------


def test_the_page_of_keys_is_up_to_date():
    generator = runpy.run_path(str(ROOT / "tools" / "keys_doc.py"))
    assert (ROOT / "docs" / "keys.md").read_text(encoding="utf-8") == generator["document"]()


def test_the_page_lists_every_action_with_its_keys_and_every_key_it_names_exists():
    page = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    listed = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert list(dict.fromkeys(listed)) == NAMES
    named = page.partition("* Other keys: ")[2].partition(".")[0].replace("`", "")
    for name in named.replace(" to ", ", ").replace("\n", "").split(","):
        _, problems = check_keys({"sign_out": [name.strip()]})
        assert all("would have the same key as" in said for said in problems), name


# Names ---------------------------------------------------------------------------------------


def test_an_action_has_one_name_and_no_context_has_two_keys_of_it():
    for where in KeyContext:
        names = [key.name for key in keys_of(where)]
        assert len(names) == len(set(names)), where


def test_the_default_keys_clash_only_where_that_is_meant():
    shared = {
        frozenset((one.name, other.name))
        for one, other in combinations(KEYS, 2)
        if one.name != other.name
        and any({one.context, other.context} <= places for places in _TOGETHER)
        and _keys_of(one, {}) & _keys_of(other, {})
    }
    # A list takes enter first; a job stops by the key that sorts; q closes the help, ctrl+q quits.
    meant = {("open", "close"), ("sort", "stop"), ("close", "quit")}
    assert shared == {frozenset(pair) for pair in meant}


# Rebinding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_action_takes_a_key_of_its_own(name):
    assert len(SPARE) >= len(NAMES)
    (key,) = REBOUND[name]
    keymap, problems = check_keys({name: [key]})
    assert problems == ()
    assert keymap[name].split(",")[0] == key


class Rebound:
    """A person who has rebound everything, and presses actions instead of keys."""

    def __init__(self, ui) -> None:
        self.ui = ui
        self.seen: set[tuple[str, KeyContext]] = set()

    async def press(self, *names: str) -> None:
        for name in names:
            await self.ui.press(*REBOUND[name])

    def look(self, *places: KeyContext) -> None:
        """Hold what is bound on the screen now against the table."""
        bound: dict[str, dict[str, str]] = {}
        for _, bindings in self.ui.app.screen._modal_binding_chain:
            for pressed, binding in bindings:
                bound.setdefault(pressed, {})[binding.id or ""] = binding.action
        for key in keys_of(*places):
            assert bound.get(REBOUND[key.name][0]) == {key.name: key.action}, key
            usual = set(key.keys.split(",")) - {"ctrl+q", "ctrl+c"}
            assert not any(key.name in bound.get(name, ()) for name in usual), key
            self.seen.add((key.name, key.context))


async def test_every_action_can_be_rebound_wherever_it_works(start, neptun, records):
    async with start((120, 40), project=0, records=records, keys=REBOUND) as ui:
        await ui.see("Storefront")
        me = Rebound(ui)
        await me.press("open")
        await ui.loaded()
        me.look(KeyContext.LIST, KeyContext.BROWSER, KeyContext.RESOURCES, KeyContext.JOB)
        me.look(KeyContext.EVERYWHERE)
        await me.press("help")
        await ui.on(HelpScreen)
        assert REBOUND["close"][0] in ui.footer
        me.look(KeyContext.HELP)
        await me.press("close")
        await ui.on(BrowserScreen)

        await me.press("filter")
        assert ui.focused == "prompt-input"
        me.look(KeyContext.PROMPT)
        await ui.type("vat.md")
        await me.press("submit")
        assert ui.focused == "resources"
        await me.press("back", "mark")
        await ui.see("1 marked")
        await me.press("unmark_all")

        await ui.point_at("f102")
        await me.press("delete")
        await ui.on(ConfirmScreen)
        me.look(KeyContext.CONFIRM)
        await ui.see("Checked with Neptun")
        await ui.settled()
        gate = neptun.hold("DELETE")
        await me.press("confirm")
        await ui.until(lambda: gate.waiting >= 1)
        assert ui.job == "Deleting"
        me.look(KeyContext.REPORT)
        await me.press("close")
        await ui.on(BrowserScreen)
        await ui.see(f"{REBOUND['stop'][0]} stops")
        await me.press("stop")
        await ui.see("stopping")
        gate.open()
        await ui.reported()
        await me.press("close")

        await me.press("history")
        await ui.on(HistoryScreen)
        await ui.see("1 past deletion")
        me.look(KeyContext.HISTORY)
        await me.press("open")
        await ui.on(HistoryDetailScreen)
        await ui.until(lambda: ui.app.screen._held is not None, "the copy")
        await ui.quiet()
        me.look(KeyContext.PAST_RUN)
        await me.press("mark")
        await ui.see("1 marked")
        await me.press("restore")
        await ui.on(ConfirmScreen)
        me.look(KeyContext.CONFIRM)
        await ui.settled()
        await me.press("confirm")
        await ui.on_job("Restoring")
        me.look(KeyContext.REPORT)
        await ui.until(lambda: ui.app.screen._report is not None, "the report")
        await me.press("close", "back", "back")
        await ui.on(BrowserScreen)

        await me.press("switch_account")
        await ui.on(AccountsScreen)
        me.look(KeyContext.ACCOUNTS)
        await me.press("back")
        await ui.on(BrowserScreen)
        await me.press("another_account")
        await ui.on(LoginScreen)
        me.look(KeyContext.SIGN_IN)
        await me.press("cancel")
        await ui.on(BrowserScreen)
        await me.press("sign_out")
        await ui.on(LoginScreen)
        assert me.seen == {(key.name, key.context) for key in KEYS}
    assert neptun.deletes == ["1/files/102"]


async def test_the_usual_keys_do_nothing_once_they_are_rebound(start, neptun):
    async with start((80, 24), keys=REBOUND) as ui:
        await ui.see("Storefront")
        await Rebound(ui).press("open")
        await ui.loaded()
        await ui.point_at("f102")
        before = ui.text
        for key in ("d", "delete", "space", "u", "s", "S", "v", "h", "R", "slash", "tab", "q"):
            await ui.press(key)
            assert isinstance(ui.app.screen, BrowserScreen)
            assert ui.text == before, key
        assert ui.app._exit is False
    assert neptun.deletes == []


async def test_what_says_a_key_says_the_one_that_holds(start):
    async with start((120, 40), project=1, keys={"command_palette": ["f5"]}) as ui:
        await ui.press("question_mark")
        await ui.on(HelpScreen)
        assert "(f5)" in str(ui.app.screen.query_one("#help-text").content)
        assert "(ctrl+p)" not in str(ui.app.screen.query_one("#help-text").content)


@pytest.mark.parametrize("key", ["f8", "w"])
async def test_rebound_keys_work_while_a_number_is_typed(start, records, key):
    keys = {"no_backup": [key], "cancel": ["f9"]}
    async with start((120, 40), project=1, records=records, keys=keys) as ui:
        await ui.ask_to_delete("i103")
        assert f"{key} no backup" in ui.footer
        await ui.press("1", key, "0")
        await ui.see("No backup is kept")
        assert ui.field("confirm-phrase").value == "10"
        await ui.press("b", "n")
        assert ui.field("confirm-phrase").value == "10bn"
        await ui.press("f9")
        await ui.on(BrowserScreen)
    assert ui.neptun.deletes == []


async def test_a_rebound_character_is_text_while_a_field_has_the_focus(start, neptun):
    keys = {"history": ["w"], "delete": ["x"], "quit": ["z"], "help": ["e"], "page_up": ["o"]}
    async with start((120, 40), project=1, keys=keys) as ui:
        await ui.press("slash")
        await ui.type("wxzeo")
        assert ui.field("prompt-input").value == "wxzeo"
        assert isinstance(ui.app.screen, BrowserScreen)
        assert not ui.app._exit


# Mistakes ------------------------------------------------------------------------------------

USED = "the default is used."

MISTAKES = [
    ({"nonsense": ["x"]}, "unknown action 'nonsense'; it is ignored."),
    ({"halt": ["x"]}, "unknown action 'halt'"),
    ({"shut": ["x"]}, "unknown action 'shut'"),
    ({"stp": ["x"]}, "unknown action 'stp' (did you mean 'stop'?); it is ignored."),
    ({"": ["x"]}, "unknown action ''"),
    ({"a\u202e\x1b": ["x"]}, "unknown action"),
    ({"delete": []}, f"'delete' needs a key; {USED}"),
    ({"quit": []}, f"'quit' needs a key; {USED}"),
    ({"delete": [""]}, f"'' is not a key for 'delete'; {USED}"),
    ({"delete": ["x", ""]}, f"'' is not a key for 'delete'; {USED}"),
    ({"delete": ["esc"]}, f"'esc' is not a key for 'delete' (did you mean 'escape'?); {USED}"),
    ({"mark": ["pgdn"]}, "(did you mean 'pagedown'?)"),
    ({"mark": ["Ctrl-X"]}, "'Ctrl-X' is not a key for 'mark' (did you mean 'ctrl+x'?)"),
    ({"mark": ["ctrl+A"]}, "(did you mean 'ctrl+a'?)"),
    ({"mark": ["shift+m"]}, "(did you mean 'M'?)"),
    ({"mark": ["ctrl+m"]}, "(did you mean 'enter'?)"),
    ({"mark": ["ctrl+["]}, "(did you mean 'escape'?)"),
    ({"mark": ["ctrl"]}, "'ctrl' is not a key"),
    ({"mark": ["ctrl+"]}, "'ctrl+' is not a key"),
    ({"mark": ["ctrl+ctrl+x"]}, "is not a key"),
    ({"mark": ["left_shift"]}, "is not a key"),
    ({"mark": ["f99"]}, "'f99' is not a key"),
    ({"mark": ["x,z"]}, "'x,z' is not a key"),
    ({"mark": ["\x1b[A"]}, "is not a key"),
    ({"mark": ["m" * 100_000]}, "is not a key"),
    ({"delete": ["backspace"]}, "backspace deletes nothing, so it cannot be 'delete'"),
    ({"restore": ["backspace"]}, "backspace deletes nothing, so it cannot be 'restore'"),
    ({"cancel": ["x"]}, "'cancel' needs a key that a text field does not use"),
    ({"submit": ["ctrl+u"]}, "'submit' needs a key that a text field does not use"),
    ({"no_backup": ["7"]}, "'no_backup' cannot be a digit: dialogs ask for numbers"),
    ({"help": ["h"]}, f"'help' would have the same key as 'history' (h); {USED}"),
    ({"delete": ["y"]}, "same key as 'copy_id' (y)"),
    ({"delete": ["escape"]}, "same key as 'back' (esc)"),
    ({"stop": ["x"]}, "same key as 'export' (x)"),
    ({"stop": ["enter"]}, "same key as 'open' (enter)"),
    ({"close": ["enter"]}, "same key as 'open' (enter)"),
    ({"no_backup": ["y"]}, "same key as 'confirm' (y)"),
    ({"submit": ["ctrl+q"]}, "same key as 'quit' (ctrl+q)"),
    ({"confirm": ["d"]}, "'confirm' would have the same key as 'delete' (d)"),
    ({"confirm": ["P"]}, "'confirm' would have the same key as 'remove_backup' (P)"),
    ({"sign_out": ["question_mark"]}, "same key as 'help' (?)"),
]


@pytest.mark.parametrize(("keys", "said"), MISTAKES, ids=lambda value: repr(value)[:40])
def test_a_mistake_is_reported_by_name_and_the_default_holds(keys, said):
    kept, problems = check_keys({**keys, "preview": ["f5"]})
    assert kept == {"preview": "f5"}
    (problem,) = problems
    assert problem.startswith("Settings: ")
    assert said in problem
    assert problem.isprintable()
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"filter": ["w"], "delete": ["w"]}, ["delete", "filter"]),
        ({"confirm": ["w"], "restore": ["w", "z"]}, ["confirm", "restore"]),
        ({"mark": ["ctrl+q"], "quit": ["z"]}, ["mark", "quit"]),
        ({"delete": ["."], "mark": [" full_stop"]}, ["delete", "mark"]),
        ({"mark": ["shift+ctrl+f5"], "sort": ["ctrl+shift+f5"]}, ["mark", "sort"]),
    ],
)
def test_two_actions_with_one_key_both_keep_their_defaults(keys, named):
    kept, (problem,) = check_keys(keys)
    assert kept == {}
    assert "must have different keys" in problem
    assert all(repr(name) in problem for name in named)


def test_a_default_that_comes_back_is_held_against_the_others():
    """Else d would filter and delete."""
    kept, problems = check_keys({"delete": ["w"], "filter": ["d"], "sort": ["w"]})
    assert kept == {}
    assert len(problems) == 2
    assert "'filter' would have the same key as 'delete' (d)" in problems[1]


@pytest.mark.parametrize(
    ("keys", "kept"),
    [
        ({}, {}),
        ({"sign_out": []}, {}),
        ({"delete": ["x", "x", " x"]}, {"delete": "x"}),
        ({"open": ["enter"]}, {"open": "enter"}),
        ({"back": ["escape"]}, {"back": "escape"}),
        ({"filter": ["F"], "sort": ["/"]}, {"filter": "F", "sort": "slash"}),
        ({"sort": ["o"], "reverse": ["s"]}, None),
        ({"stop": ["f4"], "sort": ["f4"]}, {"stop": "f4", "sort": "f4"}),
        ({"mark": [",", "+", "ctrl++", " "]}, {"mark": "comma,plus,ctrl+plus,space"}),
        ({"mark": ["ж", "ß"]}, {"mark": "ж,ß"}),
        ({"quit": ["Q"]}, {"quit": "Q,ctrl+q"}),
        ({"interrupt": ["f4"]}, {"interrupt": "f4,ctrl+c"}),
        ({"cancel": ["n", "escape"]}, {"cancel": "n,escape"}),
    ],
    ids=str,
)
def test_what_can_hold_holds(keys, kept):
    found, problems = check_keys(keys)
    if kept is None:  # s stops a job, which reversing would not
        assert "'reverse' would have the same key as 'stop' (s)" in problems[0]
    else:
        assert (found, problems) == (kept, ())


async def test_many_mistakes_do_not_cover_the_screen(start):
    keys = {f"nonsense_{number}": ["x"] for number in range(30)}
    async with start(
        (80, 24), signed_in=False, email="a@b.example", password=Secret(""), keys=keys
    ) as ui:
        await ui.see("'nonsense_0'", "25 more: neptun-tui doctor lists them all.")
        assert "'nonsense_5'" not in ui.words


def test_the_footer_writes_chosen_keys_as_people_read_them():
    key = Key("mark", "space", "mark", "Mark", KeyContext.RESOURCES)
    keymap, _ = check_keys({"mark": ["!", ".", "-", "ctrl+/", "insert", "pageup"]})
    assert keymap == {}  # pageup turns pages
    keymap, _ = check_keys({"mark": ["!", ".", "-", "ctrl+/", "insert", "shift+up"]})
    assert key.written(keymap) == "! . - ctrl+/ insert shift+↑"
    assert key.written(keymap, typing=True) == "ctrl+/ insert shift+↑"


def test_a_short_form_of_the_default_keys_stands_for_them_also_in_a_form():
    keys = {key.name: key for key in keys_of(KeyContext.SIGN_IN, KeyContext.EVERYWHERE)}
    assert keys["next_field"].written({}, typing=True) == "tab"
    assert keys["help"].written({}) == "?"
    assert keys["help"].written({}, typing=True) == "f1"
    assert keys["quit"].written({}, typing=True) == "ctrl+q"
    assert keys["sign_out"].written({}) == ""
