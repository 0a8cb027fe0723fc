"""Settings, ``config.toml``: read once, checked option by option, never written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from neptun_tui.domain.account import DEFAULT_HOST, parse_host
from neptun_tui.domain.errors import InvalidHost
from neptun_tui.storage.files import read_config, reason

SESSION_STORAGE: Final = ("auto", "keyring", "kernel", "memory", "file")


@dataclass(frozen=True, slots=True)
class Settings:
    """All options with their defaults."""

    host: str = DEFAULT_HOST
    """Neptun server when neither the command line nor ``NEPTUN_HOST`` names one."""

    session_storage: str = "auto"
    """Backend of the sessions: "auto" takes the OS keyring, else the kernel keyring, else memory;
    "keyring", "kernel", "memory" and "file" take that one, else memory. Every program you run can
    read a file, so it is used only when it is named here."""

    read_only: bool = False
    """Read-only mode: deletes, restores and renewals of stored contexts are refused."""

    in_flight: int = 16
    """Maximum number of deletions in progress at once: 1 to 16."""

    outage_seconds: int = 60
    """Seconds to wait for an unreachable server during a deletion: 0 to 3600."""

    keep_backups_days: int = 30
    """Days to keep a backup: 0 to 3650. Older backups are removed at the next start."""

    keep_context: bool = False
    """Skip the renewal of a project's stored context after a deletion or a restore. The context
    then keeps the contents of deleted items, and every list of projects sends them."""

    max_delete: int | None = None
    """Maximum number of items for one ``delete`` on the command line, unless ``--max`` is given;
    None for no limit."""

    theme: str = ""
    """Name of the colour theme; empty for the program's own."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Key bindings that replace the defaults, by action: ``delete = ["x"]``."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as read from a file.

    Attributes:
        settings: effective settings; an invalid value is replaced by the default or a safer value.
        problems: one sentence for each invalid entry of the file.
        names_host: whether the file names a server.
        host_problem: reason why the server in the file is unknown; empty when it names none, or a
            valid one.
    """

    settings: Settings
    problems: tuple[str, ...] = ()
    names_host: bool = False
    host_problem: str = ""


class _Bad(ValueError):
    """Invalid value; the text ends the sentence "KEY ..."."""


def load(path: Path) -> Loaded:
    """Read the settings.

    Args:
        path: the file; without one, the defaults apply.

    Returns:
        The settings and the problems. A file that cannot be read or is not TOML gives one problem
        and the defaults; an unknown key or an invalid value gives one problem and that key's
        default, or its safer value.
    """
    try:
        # Editors on Windows write a byte order mark, which TOML does not allow.
        text = read_config(path).decode("utf-8-sig")
        document = tomllib.loads(text)
    except FileNotFoundError:
        return Loaded(Settings())
    except OSError as error:
        why = reason(error)
        return _nothing(f"{path} cannot be read ({why})")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        said = error.object.decode(errors="replace")
        return _nothing(f"{path}, line {line}: this is not UTF-8 text", said)
    except (ValueError, RecursionError) as error:
        return _nothing(_not_toml(path, text, error), text)
    return _checked(path, text, document)


def _nothing(reason: str, text: str = "") -> Loaded:
    """Return the default settings, with the safer value of each cautious option in the text."""
    careful = {key: value for key, value in _CAREFUL.items() if key in text}
    but = ", but ".join(("", *(_SO[key] for key in careful)))
    problem = f"{reason}. The default settings are used{but}."
    unclear = problem if "host" in text or not text else ""
    return Loaded(Settings(**careful), (problem,), host_problem=unclear)  # type: ignore[arg-type]  # as they are below


def _not_toml(path: Path, text: str, error: Exception) -> str:
    """Return the problem of a file that is not TOML, with the line from tomllib's message."""
    said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else ""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", said, re.DOTALL)
    if match is None:
        return f"{path} cannot be understood: something in it is too deep or too long"
    line = match[2] or len(text.splitlines())
    return f"{path}, line {line}: this is not TOML ({_shown(match[1])})"


def _checked(path: Path, text: str, document: Mapping[str, object]) -> Loaded:
    values: dict[str, object] = {}
    problems: list[str] = []
    host_problem = ""
    for key, value in document.items():
        if key == "keys" and isinstance(value, dict):
            values[key], wrong = _keys_of(value)
            problems += [f"{_at(path, key, text)}: keys {said}" for said in wrong]
            continue
        try:
            values[key] = _value(key, value)
        except _Bad as error:
            if key in _CAREFUL:
                values[key] = _CAREFUL[key]
            problems.append(f"{_at(path, key, text)}: {_shown(key)} {error}")
            host_problem = problems[-1] if key == "host" else host_problem
    made = Settings(**values)  # type: ignore[arg-type]  # each is checked
    return Loaded(made, tuple(problems), "host" in values, host_problem)


def _value(key: str, value: object) -> object:
    if key not in _CHECKS:
        raise _Bad("is not a setting; it is ignored.")
    try:
        return _CHECKS[key](value)
    except _Bad as error:
        what = "the careful value" if key in _CAREFUL else "the default"
        raise _Bad(f"{error}; {what} is used.") from None


def _host(value: object) -> str:
    if not isinstance(value, str):
        raise _Bad('must be an address in quotes, such as "https://neptun.example.com"')
    try:
        return parse_host(value)
    except InvalidHost as error:
        raise _Bad(f"is not a usable address ({str(error).rstrip('.')})") from None


def _storage(value: object) -> str:
    if value not in SESSION_STORAGE or not isinstance(value, str):
        raise _Bad("must be one of " + ", ".join(f'"{name}"' for name in SESSION_STORAGE))
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Bad("must be true or false")
    return value


def _number(least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _Bad(f"must be a whole number from {least} to {most}")
        return value

    return check


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Bad("must be a name in quotes")
    return value


def _keys(_value: object) -> None:
    """A table is read by :func:`_keys_of`, entry by entry."""
    raise _Bad('must be a table, such as [keys] with the line delete = ["x"]')


def _keys_of(table: Mapping[str, object]) -> tuple[Mapping[str, tuple[str, ...]], list[str]]:
    """Return the keys by the name of their action, and a sentence for each that is none.

    Which actions and keys there are, the app itself knows.
    """
    found: dict[str, tuple[str, ...]] = {}
    wrong = []
    for action, value in table.items():
        names = [value] if isinstance(value, str) else value
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            found[action] = tuple(names)
        else:
            said = f"must give {_shown(action)} a key's name in quotes, or a list of them"
            wrong.append(f"{said}; the default is used.")
    return MappingProxyType(found), wrong


_CAREFUL: Final[Mapping[str, object]] = {
    "read_only": True,
    "session_storage": "memory",
    "max_delete": 0,
}
"""Safer values for cautious options that are set but invalid."""

_SO: Final = {
    "read_only": "nothing can be deleted",
    "session_storage": "no session is kept beyond this start",
    "max_delete": "no command deletes anything without --max",
}
"""Effect of each safer value, as the end of a sentence."""

_CHECKS: Final[Mapping[str, Callable[[object], object]]] = {
    "host": _host,
    "session_storage": _storage,
    "read_only": _flag,
    "in_flight": _number(1, 16),
    "outage_seconds": _number(0, 3600),
    "keep_backups_days": _number(0, 3650),
    "keep_context": _flag,
    "max_delete": _number(0, 1_000_000),
    "theme": _text,
    "keys": _keys,
}


def _at(path: Path, key: str, text: str) -> str:
    line = _line_of(key, text)
    return f"{path}, line {line}" if line else f"{path}"


def _line_of(key: str, text: str) -> int | None:
    """Return the line number of a top-level key, if it is written in a common form."""
    name = re.escape(key)
    match = re.search(rf"""^[ \t]*(\[[ \t]*)?["']?{name}["']?[ \t]*[=.\]]""", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else None


def _shown(text: str) -> str:
    """Return text of the file with control characters and bidi marks escaped for the terminal."""
    return text if text.isprintable() else repr(text)[1:-1]
