"""Check of the keys chosen in the settings, ``[keys]``: errors by action name.

An error affects only its action, which keeps its default keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import permutations
from typing import Final

from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.keys import REPLACED_KEYS, _character_to_key, key_to_character
from textual.widgets import Input

from neptun_tui.domain.safe_text import clean
from neptun_tui.tui.bindings import KEYS, WHILE_TYPING, Key, KeyContext, types_text, write_key
from neptun_tui.tui.input_parser import IGNORED

_TOGETHER: Final = (
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
    {KeyContext.LIST, KeyContext.REPORT, KeyContext.EVERYWHERE},
    {KeyContext.SIGN_IN, KeyContext.EVERYWHERE},
    {KeyContext.PROMPT, KeyContext.EVERYWHERE},
    {KeyContext.CONFIRM, KeyContext.EVERYWHERE},
    {KeyContext.HELP, KeyContext.EVERYWHERE},
)
"""Contexts that are active on the same screen."""

_TYPING: Final = (KeyContext.SIGN_IN, KeyContext.PROMPT)
"""Contexts in which a text field has the focus, and takes every character."""

_NEVER_AT_ONCE: Final = {"sort", "stop"}
"""While a job runs, ``stop`` works and ``sort`` does not."""

_OPENS_DIALOG: Final = {"delete", "retry", "restore", "remove_backup"}
"""Actions that open a dialog whose ``confirm`` must have another key: auto-repeat would do both."""

_ALWAYS: Final = {"quit": ("ctrl+q",), "interrupt": ("ctrl+c",)}
"""Keys that work even while text is typed or keys are queued; see ``key_queue``."""

_NAMED: Final = {name for name in FUNCTIONAL_KEYS.values() if len(name) > 1} - IGNORED
MODIFIERS: Final = ("alt", "ctrl", "hyper", "meta", "shift", "super")

_MEANT: Final = {
    "esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup",
    "page_up": "pageup", "pgdn": "pagedown", "page_down": "pagedown", "spacebar": "space",
    "backtab": "shift+tab", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}  # fmt: skip
"""Common spellings, and keys that a terminal sends as others."""

_EDITING: Final = frozenset(
    key.strip()
    for binding in Input.BINDINGS
    for key in binding.key.split(",")  # type: ignore[union-attr]  # all are Bindings
) - {"enter"}
"""Keys that a text field consumes; ``enter`` submits it."""


def check_keys(chosen: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Check the keys chosen in the settings.

    Args:
        chosen: the names of keys, by action name.

    Returns:
        The valid keymap, and a sentence for each error. Two actions that were given the same key
        both keep their default keys.
    """
    kept: dict[str, list[str]] = {}
    problems: list[str] = []
    for name, keys in chosen.items():
        try:
            kept[name] = _checked(name, keys)
        except _Bad as error:
            problems.append(str(error))
    # A restored default may clash with a chosen key: repeat until none clashes.
    while clash := _first_clash(kept):
        names, said = clash
        problems.append(said)
        kept = {name: keys for name, keys in kept.items() if name not in names}
    keymap = {name: ",".join(_pressed(name, keys)) for name, keys in kept.items() if keys}
    return keymap, tuple(f"Settings: {said}" for said in problems)


class _Bad(ValueError):
    """Invalid keys of an action; the text says why."""


def _checked(name: str, keys: Sequence[str]) -> list[str]:
    """Return Textual's names of the keys of one action; raise _Bad when it cannot have them."""
    entries = [key for key in KEYS if key.name == name]
    if not entries:
        like = get_close_matches(name, {key.name for key in KEYS}, 1)
        raise _Bad(f"unknown action {_quoted(name)}{_hint(like)}; it is ignored.")
    if not keys and any(key.keys for key in entries):
        raise _Bad(f"{name!r} needs a key; the default is used.")
    found = [_canonical(name, key) for key in keys]
    typing = any(key.context in _TYPING for key in entries)
    if "backspace" in found and any(key.mutating for key in entries):
        raise _Bad(f"backspace deletes nothing, so it cannot be {name!r}; the default is used.")
    if (typing or name in WHILE_TYPING) and not any(_left_by_field(k, typing) for k in found):
        raise _Bad(f"{name!r} needs a key that a text field does not use; the default is used.")
    if name in WHILE_TYPING and any(key.isdecimal() for key in found):
        raise _Bad(f"{name!r} cannot be a digit: dialogs ask for numbers; the default is used.")
    return found


def _left_by_field(key: str, typing: bool) -> bool:
    return key not in _EDITING and not (typing and types_text(key))


def _canonical(name: str, written: str) -> str:
    """Return Textual's name of a key; raise _Bad when no key has it."""
    found = _known(written)
    if found in _MEANT or not found:
        plain = written.strip().lower().replace("control", "ctrl").replace("-", "+")
        meant = _MEANT.get(found) or _MEANT.get(plain) or (plain != written and _known(plain))
        if written[-2:-1] == "+" and written.lower().startswith("shift+") and written[-1].isalpha():
            meant = written[-1].upper()
        hint = _hint([meant] if meant else [])
        raise _Bad(f"{_quoted(written)} is not a key for {name!r}{hint}; the default is used.")
    return found


def _known(written: str) -> str:
    """Return Textual's name of a key, the modifiers in its order; empty when no key has it."""
    key = written.strip() or written
    held, _, plain = key.rpartition("+")
    if key.endswith("++"):
        held, plain = key[:-2], "+"
    elif key == "+":
        held, plain = "", "+"
    modifiers = held.split("+") if held else []
    if len(plain) == 1:
        if modifiers == ["shift"] or (modifiers and plain != plain.lower()):
            return ""  # a terminal sends the resulting character
        plain = _character_to_key(plain) if plain.isprintable() else ""
    elif plain not in _NAMED:
        character = key_to_character(REPLACED_KEYS.get(plain, plain)) or ""
        plain = _character_to_key(character) if character.isprintable() and character else ""
    if not plain or len(set(modifiers)) < len(modifiers) or not {*modifiers} <= {*MODIFIERS}:
        return ""
    return "+".join([*sorted(modifiers), plain])


def _quoted(text: str) -> str:
    return repr(clean(text, 40))


def _hint(like: Sequence[str]) -> str:
    return f" (did you mean {like[0]!r}?)" if like else ""


def _first_clash(kept: Mapping[str, Sequence[str]]) -> tuple[set[str], str] | None:
    """Return the first chosen actions that share a key with another one, and a sentence for it."""
    for key, other in permutations(KEYS, 2):
        if key.name in kept and (shared := _shared(key, other, kept)):
            names = {key.name, other.name} & kept.keys()
            written = " ".join(sorted(map(write_key, shared)))
            if len(names) > 1:
                said = f"{key.name!r} and {other.name!r} must have different keys"
                return names, f"{said} (both have {written}); the defaults are used."
            said = f"{key.name!r} would have the same key as {other.name!r}"
            return names, f"{said} ({written}); the default is used."
    return None


def _shared(key: Key, other: Key, kept: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the keys that would trigger two actions at once; shared defaults are intended."""
    names = {key.name, other.name}
    opens = names & _OPENS_DIALOG and "confirm" in names
    together = any({key.context, other.context} <= places for places in _TOGETHER)
    if len(names) < 2 or names == _NEVER_AT_ONCE or not (opens or together):
        return set()
    mine, theirs = _keys_of(key, kept), _keys_of(other, kept)
    if other.context is KeyContext.LIST and key.context is not KeyContext.LIST and mine <= theirs:
        return mine  # a list takes its keys first, and none would be left
    return (mine & theirs) - (_keys_of(key, {}) & _keys_of(other, {}))


def _keys_of(key: Key, kept: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the keys of an action in its context."""
    pressed = _pressed(key.name, kept.get(key.name) or key.keys.split(","))
    typing = key.context in _TYPING
    return {name for name in pressed if name and not (typing and types_text(name))}


def _pressed(name: str, keys: Iterable[str]) -> list[str]:
    """Return the keys of an action, including the one it cannot lose."""
    return list(dict.fromkeys([*keys, *_ALWAYS.get(name, ())]))
