"""Key bindings: every key, its help line and its action, in one table.

Bindings, footer, help screen and command palette are all drawn from :data:`KEYS`, so that none of
them can say something the others do not. Settings may change the keys of an action by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from textual.binding import Binding, BindingType
from textual.keys import _character_to_key


class KeyContext(Enum):
    """Where a key works; the value is the heading on the help screen."""

    LIST = "In a list"
    SIGN_IN = "Signing in"
    BROWSER = "Projects, imports and files"
    RESOURCES = "Imports and files"
    PROMPT = "In the line at the bottom"
    CONFIRM = "Before anything is deleted"
    RUN = "While deleting, and the report"
    HISTORY = "Past deletions"
    PAST_RUN = "In a past deletion"
    ASK = "Before anything is restored, or a copy removed"
    RESTORE = "While restoring, and the report"
    ACCOUNTS = "Among the accounts"
    JOB = "While a job goes on in the background"
    EVERYWHERE = "Everywhere"


@dataclass(frozen=True, slots=True)
class Key:
    """One thing a person can do with a key.

    Attributes:
        action: the Textual action; with its argument, if it has one.
        keys: the keys that do it, separated by commas.
        label: a word or two for the footer.
        help: a sentence for the help screen and the command palette.
        where: where it works.
        rank: its place in the footer, 1 first; 0 keeps it out of there.
        shown: how the keys are written for people, when their names are not.
        mutating: whether it can change something at Neptun, or destroy a local copy.
    """

    action: str
    keys: str
    label: str
    help: str
    where: KeyContext
    rank: int = 0
    shown: str = ""
    mutating: bool = False

    @property
    def name(self) -> str:
        """What settings call it: the action, or the label of one that takes an argument."""
        plain = self.label.replace(" ", "_") if "(" in self.action else self.action
        return plain.removeprefix("app.")

    def written(self, keymap: Mapping[str, str], *, typing: bool = False) -> str:
        """The keys as people read them.

        Args:
            keymap: what settings have put in the place of the table's keys, by name.
            typing: leave out what would end up in a text field instead.
        """
        chosen = keymap.get(self.name)
        if self.shown and not chosen and not typing:
            return self.shown
        names = [_write(key) for key in (chosen or self.keys).split(",")]
        return " ".join(name for name in names if not typing or len(name) > 1)


_NAMES = {
    "escape": "esc", "question_mark": "?", "slash": "/", "colon": ":", "up": "↑", "down": "↓",
    "left": "←", "right": "→", "pageup": "pgup", "pagedown": "pgdn", "full_stop": ".",
}  # fmt: skip


def _write(key: str) -> str:
    return _NAMES.get(key.strip(), key.strip())


KEYS: tuple[Key, ...] = (
    Key("move(-1)", "up,k", "up", "Move up", KeyContext.LIST, shown="↑ k"),
    Key("move(1)", "down,j", "down", "Move down", KeyContext.LIST, shown="↓ j"),
    Key("page(-1)", "pageup,ctrl+u", "page up", "A page up", KeyContext.LIST, shown="pgup"),
    Key("page(1)", "pagedown,ctrl+d", "page down", "A page down", KeyContext.LIST, shown="pgdn"),
    Key("jump('top')", "home,g", "top", "To the first row", KeyContext.LIST, shown="home g"),
    Key("jump('bottom')", "end,G", "bottom", "To the last row", KeyContext.LIST, shown="end G"),
    Key(
        "open", "enter,right", "open", "Open: a project, an import's files, a file's content",
        KeyContext.LIST, 1, "enter →",
    ),
    Key(
        "back", "escape,left", "back",
        ("Back: close an import, stop a load, then to the pane "
"before"), KeyContext.BROWSER, 2, "esc ←",
    ),
    Key("next_pane", "tab", "next pane", "To the next pane", KeyContext.BROWSER),
    Key("mark", "space", "mark", "Mark or unmark for deletion: ✓, and · at its import",
        KeyContext.RESOURCES, 4),
    Key("mark_all", "ctrl+a", "mark all", ("Mark all rows shown, or unmark "
"them"), KeyContext.RESOURCES),
    Key("unmark_all", "u", "unmark all", "Unmark everything, what is not shown included",
        KeyContext.RESOURCES),
    Key(
        "delete", "d,delete", "delete",
        "Delete what is marked, or the row of the cursor; asks first", KeyContext.RESOURCES, 3, "d",
        mutating=True,
    ),
    Key("filter", "slash", "filter", "Show only rows that hold a text", KeyContext.RESOURCES, 5),
    Key("go_to", "colon", "go to", "Go to an ID: 102, i102 for an import, f102 for a file",
        KeyContext.BROWSER, 6),
    Key("sort", "s", "sort", "Sort by the next column", KeyContext.RESOURCES, 8),
    Key("reverse", "S", "reverse", "Turn the order round", KeyContext.RESOURCES),
    Key("flat", "f", "flat", ("Files below their import, or all in one "
"list"), KeyContext.RESOURCES, 9),
    Key("preview", "v", "preview", "Show the details and the content", KeyContext.RESOURCES, 7),
    Key("copy_id", "y", "copy ID", "Copy the ID to the clipboard", KeyContext.BROWSER),
    Key("report", "R", "report", "Show the last report, or the run under way", KeyContext.BROWSER),
    Key("renew_context", "", "renew stored context",
        ("Have Neptun store the project's context anew, without what was "
"deleted"), KeyContext.RESOURCES,
        mutating=True),
    Key("stop_job", "s", "stop", "Stop the job that the header shows", KeyContext.JOB, 3),
    Key("reload", "r", "reload", "Ask Neptun again; cursor and marks stay", KeyContext.BROWSER, 10),
    Key("history", "h", "history", "Past deletions, what became of them, and the way back",
        KeyContext.BROWSER, 10),
    Key("answer", "enter", "done", ("Keep the filter, go to the ID, or "
"export"), KeyContext.PROMPT, 1),
    Key("cancel", "escape", "cancel", "Leave the line; a filter is lifted", KeyContext.PROMPT, 2),
    Key("next_field", "tab,down", "next field", "To the next field", KeyContext.SIGN_IN, 2, "tab"),
    Key("submit", "enter", "sign in", "Sign in", KeyContext.SIGN_IN, 1),
    Key("give_up", "escape", "give up", "Go on without signing in", KeyContext.SIGN_IN, 3),
    Key("other_way", "ctrl+t", "cookie or password", "Paste a session cookie, or type a password",
        KeyContext.SIGN_IN, 4),
    Key("confirm", "y", "delete", "Delete the one file the dialog names", KeyContext.CONFIRM, 2,
        mutating=True),
    Key("keep", "escape,n", "keep", "Keep everything", KeyContext.CONFIRM, 1, "esc"),
    Key("check_again", "r", "check again", "Ask Neptun once more, after it could not be asked",
        KeyContext.CONFIRM, 2),
    Key("no_copy", "b", "no copy", "Delete without a local copy, or with one again",
        KeyContext.CONFIRM, 4),
    Key("scroll(-1)", "pageup", "scroll up", "Scroll up, when there is more to read",
        KeyContext.CONFIRM, shown="pgup"),
    Key("scroll(1)", "pagedown", "more", "Scroll down, when there is more to read",
        KeyContext.CONFIRM, 3, "pgdn"),
    Key("close", "escape,enter", "close", ("Close; a run goes on in the "
"background"), KeyContext.RUN, 1,
        "esc"),
    Key("stop", "s", "stop", "Send no more; what is on its way is finished", KeyContext.RUN, 2),
    Key("retry", "r", "retry", "Plan what is not gone once more; asks first", KeyContext.RUN, 3,
        mutating=True),
    Key("leave", "escape,left", "back", "Back: to the list, to the history, to the projects",
        KeyContext.HISTORY, 2, "esc ←"),
    Key("restore", "R", "restore",
        ("Post what is marked, or all of the copy, back to Neptun; asks "
"first"), KeyContext.HISTORY, 3,
        mutating=True),
    Key("purge", "P", "remove copy", ("Remove the local copy for ever; asks "
"first"), KeyContext.HISTORY,
        5, mutating=True),
    Key("export", "x", "export", "Write the contents of the backup to files, in a new folder",
        KeyContext.HISTORY, 6),
    Key("last_restore", "L", "last restore", "Show the last restore, or the one under way",
        KeyContext.HISTORY, 7),
    Key("refresh", "r", "reload", "Read the history again", KeyContext.HISTORY, 8),
    Key("choose", "space", "mark", "Mark or unmark for restoring", KeyContext.PAST_RUN, 4),
    Key("choose_all", "ctrl+a", "mark all", "Mark all items, or unmark them", KeyContext.PAST_RUN),
    Key("next_half", "tab", "next pane", "To the items, or to the details", KeyContext.PAST_RUN, 6),
    Key("agree", "y", "yes", "Do what the dialog says", KeyContext.ASK, 2, mutating=True),
    Key("decline", "escape", "not now", "Leave everything as it is", KeyContext.ASK, 1),
    Key("scroll(-1)", "pageup", "read up", "Scroll up, when there is more to read", KeyContext.ASK,
        shown="pgup"),
    Key("scroll(1)", "pagedown", "read on", ("Scroll down, when there is more to "
"read"), KeyContext.ASK,
        3, "pgdn"),
    Key("shut", "escape,enter", "close", "Close; a restore goes on in the background",
        KeyContext.RESTORE, 1, "esc"),
    Key("halt", "s", "stop", "Send no more; what is on its way is finished", KeyContext.RESTORE, 2),
    Key("again", "R", "again", "Restore what is not back; asks first", KeyContext.RESTORE, 3,
        mutating=True),
    Key("default", "d", "default", "Use this account in later starts and commands",
        KeyContext.ACCOUNTS, 2),
    Key("stay", "escape,left", "back", "Back to the account that was open", KeyContext.ACCOUNTS, 3,
        "esc ←"),
    Key("app.help", "question_mark,f1", "help", ("All keys, on one "
"screen"), KeyContext.EVERYWHERE, 11,
        "?"),
    Key("app.command_palette", "ctrl+p", "commands", ("Find a command by "
"name"), KeyContext.EVERYWHERE),
    Key("app.read_only", "", "read-only", "Let nothing be changed any more, until the next start",
        KeyContext.EVERYWHERE),
    Key("app.switch_account", "", "switch account",
        "Open another account that is signed in here; the default stays", KeyContext.EVERYWHERE),
    Key("app.another_account", "", "sign in to another account",
        "Sign in once more; the account that is open stays signed in", KeyContext.EVERYWHERE),
    Key("app.sign_out", "", "sign out", "Sign out: this machine forgets the session",
        KeyContext.EVERYWHERE),
    Key("app.suspend_process", "ctrl+z", "suspend",
        ("To the shell, until fg; not while something is deleted or "
"restored"), KeyContext.EVERYWHERE),
    Key("app.interrupt", "ctrl+c", "stop the job",
        "Stop the job under way; pressed again, leave without its report", KeyContext.EVERYWHERE),
    Key("app.quit", "q,ctrl+q", "quit", "Quit", KeyContext.EVERYWHERE, 12, "q"),
)  # fmt: skip


def keys_of(*places: KeyContext) -> Iterable[Key]:
    """The keys that work in these places, in the table's order."""
    return (key for key in KEYS if key.where in places)


def bindings(*places: KeyContext, only: Collection[str] = ()) -> list[BindingType]:
    """The Textual bindings of some places; their IDs are what settings may change.

    Args:
        places: where they work.
        only: the names of those that are wanted; all when there are none.

    A dialog asks for those that work everywhere, too: Textual lets none through to the app.
    """
    return [
        Binding(key.keys, key.action, key.label, id=key.name, show=False)
        for key in keys_of(*places)
        if key.keys and (not only or key.name in only)
    ]


def keys_for(name: str, keymap: Mapping[str, str]) -> list[str]:
    """The keys of an action, by its name."""
    usual = next(key.keys for key in KEYS if key.name == name)
    return keymap.get(name, usual).split(",")


def checked(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Check the keys that settings choose.

    Args:
        keymap: keys by the name of their action, separated by commas.

    Returns:
        Those that may hold, and a sentence for each that may not. The key that opens a dialog
        must not be the one that confirms it: a key held down would delete.
    """
    known = {key.name: key for key in KEYS}
    problems = [f"Settings: there is no action {name!r}." for name in keymap if name not in known]
    kept = {name: keys for name, keys in keymap.items() if name in known}
    for name in list(kept):
        if why := _unfit(known[name], kept):
            problems.append(f"Settings: {why}")
            del kept[name]
    for asks, says_yes in _APART:
        if _pressed(asks, kept) & _pressed(says_yes, kept):
            problems.append(f'Settings: "{asks}" and "{says_yes}" must be different keys.')
            kept = {name: keys for name, keys in kept.items() if name not in (asks, says_yes)}
    if "quit" in kept:
        kept["quit"] += ",ctrl+q"  # the one that also works while something is typed
    return kept, tuple(problems)


def _pressed(name: str, keymap: Mapping[str, str]) -> set[str]:
    """The keys of an action, each under the one name that Textual gives it."""
    plain = (key.strip() for key in keys_for(name, keymap))
    return {_character_to_key(key) if len(key) == 1 else key for key in plain}


def _unfit(key: Key, kept: Mapping[str, str]) -> str:
    """Why an action cannot have the keys that were chosen for it; empty when it can."""
    chosen = _pressed(key.name, kept)
    if key.mutating and "backspace" in chosen:
        return f"backspace deletes nothing, so it cannot be {key.name!r}."
    for other in KEYS:
        together = any({key.where, other.where} <= places for places in _TOGETHER)
        if {other.name, key.name} == {"sort", "stop_job"}:
            continue  # never at the same time: while a job is under way the list is not sorted
        if other is not key and together and chosen & _pressed(other.name, kept):
            return f"{key.name!r} would have the same key as {other.name!r}."
    return ""


_TOGETHER = (
    {
        KeyContext.LIST,
        KeyContext.BROWSER,
        KeyContext.RESOURCES,
        KeyContext.JOB,
        KeyContext.EVERYWHERE,
    },
    {
        KeyContext.LIST,
        KeyContext.HISTORY,
        KeyContext.PAST_RUN,
        KeyContext.JOB,
        KeyContext.EVERYWHERE,
    },
    {KeyContext.LIST, KeyContext.ACCOUNTS, KeyContext.EVERYWHERE},
    {KeyContext.SIGN_IN, KeyContext.EVERYWHERE},
    {KeyContext.CONFIRM, KeyContext.EVERYWHERE},
    {KeyContext.ASK, KeyContext.EVERYWHERE},
    {KeyContext.RUN, KeyContext.EVERYWHERE},
    {KeyContext.RESTORE, KeyContext.EVERYWHERE},
)
"""Places whose keys are there at the same time."""

_APART = (
    ("delete", "confirm"), ("retry", "confirm"),
    ("restore", "agree"), ("again", "agree"), ("purge", "agree"),
)  # fmt: skip
"""A key that opens a dialog, and one that says yes to it."""
