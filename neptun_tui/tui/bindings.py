"""Key bindings: every key, its help line and its action, in one table.

Bindings, footer, help screen, command palette and ``docs/keys.md`` are generated from :data:`KEYS`,
so that they agree. Settings change the keys of an action by its name; an action that
means the same in several contexts has one name, and one setting rebinds it in all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from textual.binding import Binding, BindingType
from textual.keys import REPLACED_KEYS, key_to_character


class KeyContext(Enum):
    """Context of a key; the value is the heading on the help screen."""

    LIST = "Lists"
    SIGN_IN = "Sign in"
    BROWSER = "Projects, imports and files"
    RESOURCES = "Imports and files"
    PROMPT = "Prompt"
    CONFIRM = "Confirm"
    REPORT = "Job and its report"
    HISTORY = "History"
    PAST_RUN = "One run of the history"
    ACCOUNTS = "Accounts"
    JOB = "Job in the background"
    HELP = "Help"
    EVERYWHERE = "Everywhere"


@dataclass(frozen=True, slots=True)
class Key:
    """Action in one context, and its keys.

    Attributes:
        action: the Textual action; with its argument, if it has one.
        keys: the default keys, separated by commas; empty for none.
        label: a word or two for the footer.
        help: a sentence for the help screen and the command palette.
        context: the context in which it works.
        priority: its place in the footer, 1 first; 0 leaves it out.
        display: the default keys as shown to people, when their names differ.
        mutating: whether it can change data on the server, or remove a backup.
    """

    action: str
    keys: str
    label: str
    help: str
    context: KeyContext
    priority: int = 0
    display: str = ""
    mutating: bool = False

    @property
    def name(self) -> str:
        """The action's name in the settings."""
        return _NAMES_OF_CALLS.get(self.action, self.action.removeprefix("app."))

    def written(self, keymap: Mapping[str, str], *, typing: bool = False) -> str:
        """Return the keys as people read them.

        Args:
            keymap: the keys that settings choose instead of the defaults, by name.
            typing: leave out keys that would type into a text field.
        """
        chosen = keymap.get(self.name)
        every = [key.strip() for key in (chosen or self.keys).split(",")]
        keys = [key for key in every if not typing or not types_text(key)]
        if self.display and not chosen and keys == every:
            return self.display
        return " ".join(map(write_key, keys))


_NAMES_OF_CALLS = {
    "move(-1)": "up", "move(1)": "down", "page(-1)": "page_up", "page(1)": "page_down",
    "jump('top')": "top", "jump('bottom')": "bottom",
}  # fmt: skip
"""Names of the actions that take an argument."""

_SHORT = {
    "escape": "esc", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "pgup",
    "pagedown": "pgdn",
}  # fmt: skip


def write_key(key: str) -> str:
    """Return a key as people read it, by Textual's name for it: ``esc``, ``?``, ``ctrl+/``."""
    held, plus, plain = key.rpartition("+")
    return held + plus + (_SHORT.get(plain) or _character_of(plain) or plain)


def types_text(key: str) -> bool:
    """Tell whether a key types a character, by Textual's name for it."""
    return key == "space" or bool(_character_of(key))


def _character_of(key: str) -> str:
    """Return the character that a key types, if it can be seen; else nothing."""
    character = key_to_character(REPLACED_KEYS.get(key, key)) or ""
    return character if character.isprintable() and not character.isspace() else ""


KEYS: tuple[Key, ...] = (
    Key("move(-1)", "up,k", "up", "Move up", KeyContext.LIST, display="↑ k"),
    Key("move(1)", "down,j", "down", "Move down", KeyContext.LIST, display="↓ j"),
    Key("page(-1)", "pageup,ctrl+u", "page up", "A page up", KeyContext.LIST, display="pgup"),
    Key("page(1)", "pagedown,ctrl+d", "page down", "A page down", KeyContext.LIST, display="pgdn"),
    Key("jump('top')", "home,g", "top", "To the first row", KeyContext.LIST, display="home g"),
    Key("jump('bottom')", "end,G", "bottom", "To the last row", KeyContext.LIST, display="end G"),
    Key("open", "enter,right", "open", "Open: a project, an import's files, a file's content",
        KeyContext.LIST, 1, "enter →"),
    Key("back", "escape,left", "back",
        "Back: close an import, stop a load, then to the pane before", KeyContext.BROWSER, 2,
        "esc ←"),
    Key("next_pane", "tab", "next pane", "To the next pane", KeyContext.BROWSER),
    Key("mark", "space", "mark", "Mark or unmark for deletion: ✓, and · at its import",
        KeyContext.RESOURCES, 4),
    Key("mark_all", "ctrl+a", "mark all", "Mark all rows shown, or unmark them",
        KeyContext.RESOURCES),
    Key("unmark_all", "u", "unmark all", "Unmark everything, including hidden rows",
        KeyContext.RESOURCES),
    Key("delete", "d,delete", "delete",
        "Delete the marked items, or the current row (asks first)", KeyContext.RESOURCES, 3,
        "d", mutating=True),
    Key("filter", "slash", "filter", "Show only rows that contain a text", KeyContext.RESOURCES, 5),
    Key("go_to", "colon", "go to", "Go to an ID: 102, i102 for an import, f102 for a file",
        KeyContext.BROWSER, 6),
    Key("sort", "s", "sort", "Sort by the next column", KeyContext.RESOURCES, 8),
    Key("reverse", "S", "reverse", "Reverse the sort order", KeyContext.RESOURCES),
    Key("flat", "f", "flat", "Files below their import, or all in one list", KeyContext.RESOURCES,
        9),
    Key("preview", "v", "preview", "Show the details and the content", KeyContext.RESOURCES, 7),
    Key("copy_id", "y", "copy ID", "Copy the ID to the clipboard", KeyContext.BROWSER),
    Key("report", "R", "report", "Show the running delete, or the last report", KeyContext.BROWSER),
    Key("renew_context", "", "renew stored context",
        "Renew the project's stored context, without deleted items", KeyContext.RESOURCES,
        mutating=True),
    Key("stop", "s", "stop", "Stop the job that the header shows", KeyContext.JOB, 3),
    Key("reload", "r", "reload", "Load again; cursor and marks stay", KeyContext.BROWSER, 10),
    Key("history", "h", "history", "Past deletions and their results; restore", KeyContext.BROWSER,
        10),
    Key("submit", "enter", "done", "Keep the filter, go to the ID, or export", KeyContext.PROMPT,
        1),
    Key("cancel", "escape", "cancel", "Close the prompt; clear the filter", KeyContext.PROMPT, 2),
    Key("next_field", "tab,down", "next field", "To the next field", KeyContext.SIGN_IN, 2, "tab"),
    Key("submit", "enter", "sign in", "Sign in with the values entered",
        KeyContext.SIGN_IN, 1),
    Key("cancel", "escape", "give up", "Go on without signing in", KeyContext.SIGN_IN, 3),
    Key("sign_in_method", "ctrl+t", "cookie or password",
        "Paste a session cookie, or type a password", KeyContext.SIGN_IN, 4),
    Key("confirm", "y", "yes", "Delete one file, restore, or remove a backup", KeyContext.CONFIRM,
        2, mutating=True),
    Key("cancel", "escape,n", "keep", "Change nothing", KeyContext.CONFIRM, 1, "esc"),
    Key("retry", "r", "check again", "Verify again, after Neptun could not be reached",
        KeyContext.CONFIRM, 2),
    Key("no_backup", "b", "no backup", "Delete without a backup, or with one again",
        KeyContext.CONFIRM, 4),
    Key("page(-1)", "pageup", "page up", "Scroll up, when there is more to read",
        KeyContext.CONFIRM),
    Key("page(1)", "pagedown", "more", "Scroll down, when there is more to read",
        KeyContext.CONFIRM, 3),
    Key("close", "escape,enter", "close", "Close; the job goes on in the background",
        KeyContext.REPORT, 1, "esc"),
    Key("stop", "s", "stop", "Stop after the requests in progress", KeyContext.REPORT, 2),
    Key("retry", "r,R", "retry", "Retry what was not deleted or restored (asks first)",
        KeyContext.REPORT, 3, "r", mutating=True),
    Key("back", "escape,left", "back", "Back: to the list, to the history, to the projects",
        KeyContext.HISTORY, 2, "esc ←"),
    Key("restore", "R", "restore", "Restore the marked items, or everything (asks first)",
        KeyContext.HISTORY, 3, mutating=True),
    Key("remove_backup", "P", "remove backup", "Remove the backup permanently (asks first)",
        KeyContext.HISTORY, 5, mutating=True),
    Key("export", "x", "export", "Write the contents of the backup to files, in a new folder",
        KeyContext.HISTORY, 6),
    Key("last_restore", "L", "last restore", "Show the running restore, or its last report",
        KeyContext.HISTORY, 7),
    Key("reload", "r", "reload", "Read the history again", KeyContext.HISTORY, 8),
    Key("mark", "space", "mark", "Mark or unmark for restore", KeyContext.PAST_RUN, 4),
    Key("mark_all", "ctrl+a", "mark all", "Mark all items, or unmark them", KeyContext.PAST_RUN),
    Key("next_pane", "tab", "next pane", "To the items, or to the details", KeyContext.PAST_RUN, 6),
    Key("default", "d", "default", "Use this account in later starts and commands",
        KeyContext.ACCOUNTS, 2),
    Key("back", "escape,left", "back", "Back to the account that was open", KeyContext.ACCOUNTS, 3,
        "esc ←"),
    Key("close", "escape,q,left", "close", "Close the help", KeyContext.HELP, display="esc q ←"),
    Key("app.help", "question_mark,f1", "help", "All keys, on one screen", KeyContext.EVERYWHERE,
        11, "?"),
    Key("app.command_palette", "ctrl+p", "commands", "Find a command by name",
        KeyContext.EVERYWHERE),
    Key("app.read_only", "", "read-only", "Switch to read-only until restart",
        KeyContext.EVERYWHERE),
    Key("app.switch_account", "", "switch account",
        "Open another signed-in account; the default stays", KeyContext.EVERYWHERE),
    Key("app.another_account", "", "sign in to another account",
        "Add an account; the open one stays signed in", KeyContext.EVERYWHERE),
    Key("app.sign_out", "", "sign out", "Sign out: delete the session from this machine",
        KeyContext.EVERYWHERE),
    Key("app.suspend_process", "ctrl+z", "suspend", "To the shell, until fg; not while a job runs",
        KeyContext.EVERYWHERE),
    Key("app.interrupt", "ctrl+c", "stop the job",
        "Stop the running job; again: quit without its report", KeyContext.EVERYWHERE),
    Key("app.quit", "q,ctrl+q", "quit", "Leave the app; a running job is stopped first",
        KeyContext.EVERYWHERE, 12, "q"),
)  # fmt: skip


WHILE_TYPING = ("no_backup", "retry", "cancel")
"""Actions of the dialog whose keys work while a number is typed."""


def keys_of(*places: KeyContext) -> Iterable[Key]:
    """Return the keys that work in these contexts, in the table's order."""
    return (key for key in KEYS if key.context in places)


def bindings(*places: KeyContext, only: Collection[str] = ()) -> list[BindingType]:
    """Return the Textual bindings of some contexts; settings change them by their IDs.

    Args:
        places: the contexts.
        only: the names of the actions to bind; empty for all.

    A dialog includes the global ones: a modal screen in Textual passes none on to the app. An
    action without a default key is bound to a key that does not exist: Textual rebinds only
    existing bindings.
    """
    return [
        Binding(
            key.keys or f"unbound_{key.name}",
            key.action,
            key.label,
            tooltip=key.help,
            id=key.name,
            show=False,
        )
        for key in keys_of(*places)
        if not only or key.name in only
    ]


def keys_for(name: str, context: KeyContext, keymap: Mapping[str, str]) -> list[str]:
    """Return the keys of an action in one context, by its name."""
    usual = next(key.keys for key in keys_of(context) if key.name == name)
    return keymap.get(name, usual).split(",")


def first_key(name: str, context: KeyContext, keymap: Mapping[str, str]) -> str:
    """Return the first key of an action in one context, as people read it."""
    return write_key(keys_for(name, context, keymap)[0].strip())
