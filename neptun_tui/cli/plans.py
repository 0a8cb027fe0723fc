"""Plans saved by ``delete … --dry-run --json``, to be run exactly or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from neptun_tui.cli.json_models import VERSION
from neptun_tui.cli.output import print_error, print_info
from neptun_tui.cli.terminal import wrapped
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import parse_host
from neptun_tui.domain.errors import InputError, InvalidHost, ServiceError, SessionExpired
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind, parse_id
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.messages import Line, recovered

_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file; a plan of 10,000 imports with long names has fewer."""

_COMPARED: Final = (
    *("project_id", "name", "sort", "bytes", "with_import", "created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a person has looked at and wants to happen, and nothing else.

    Attributes:
        host: the server's origin.
        account: the account's e-mail address.
        project: the project's ID.
        items: everything that was to go, as it was then.
        connections: imports of a GitHub installation, whose connection might have gone.
        unsearched: projects that were not searched for such files.
    """

    host: str
    account: str
    project: int
    items: Mapping[ResourceRef, Mapping[str, Any]]
    connections: frozenset[int]
    unsearched: int

    @property
    def keys(self) -> list[ResourceRef]:
        """What the requests name; the rest goes with an import."""
        return [key for key, item in self.items.items() if item["with_import"] is None]

    def changes(self, now: Mapping[str, Any]) -> Iterator[str]:
        """Say in a line each how a plan made now differs.

        Args:
            now: the plan, as ``--dry-run --json`` prints it.
        """
        yield from _differences(self.items, _items(now))
        if now["projects_not_searched"] > self.unsearched:
            yield "changed: projects that are not searched for files of these imports"
        for number in sorted(self.connections ^ set(now["connections"])):
            yield f"changed: import {number} (its GitHub installation connection)"


def _differences(
    before: Mapping[ResourceRef, Mapping[str, Any]], now: Mapping[ResourceRef, Mapping[str, Any]]
) -> Iterator[str]:
    for key, item in before.items():
        if key not in now:
            yield f"gone: {_named(key, item)}"
    for key, item in now.items():
        if (old := before.get(key)) is None:
            yield f"new: {_named(key, item)}"
        elif differing := [name for name in item if old[name] != item[name]]:
            yield f"changed: {_named(key, item)} ({', '.join(differing)})"


def read_plan(path: str) -> SavedPlan:
    """Read a saved plan.

    Raises:
        InputError: the file cannot be read, or holds no such plan, or not the whole of it.
    """
    shown = safe_text.clean(path, 200)
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no file name"
        raise InputError(f"{shown} cannot be read ({why}). Nothing was sent.") from None
    try:
        return _checked(json.loads(data[:_LARGEST]))  # a longer one is cut, and so not whole
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            f"{shown} holds no whole plan of a deletion. Save one with:"
            " neptun-tui delete KIND PROJECT ID... --dry-run --json > FILE"
        ) from None


def _checked(document: Any) -> SavedPlan:
    """The plan in a document.

    Raises:
        ValueError: it is none, or was cut or edited.
        KeyError: something is missing.
        TypeError: something is of another type.
    """
    if (document["type"], document["version"]) != ("plan", VERSION) or "run" in document:
        raise ValueError("no plan of a deletion")
    host, account, project = document["host"], document["account"], document["project"]
    items = _items(document)
    if not isinstance(host, str):
        raise TypeError("no server")
    numbers = (project, document["total"], document["projects_not_searched"])
    if any(type(number) is not int for number in (*numbers, *document["connections"])):
        raise TypeError("no number")
    whole = len(items) == len(document["items"]) == document["total"]
    if not (whole and isinstance(account, str) and account):
        raise ValueError("cut or edited")
    try:
        host = parse_host(host)
    except InvalidHost as error:
        raise ValueError("no server") from error
    for key, item in items.items():
        if (parent := item["with_import"]) is None:
            continue
        if key.kind is Kind.IMPORT or ResourceRef(Kind.IMPORT, parent) not in items:
            raise ValueError("only a file goes with an import, and that is in the plan")
    connections = frozenset(document["connections"])
    unsearched = document["projects_not_searched"]
    return SavedPlan(host, account, project, items, connections, unsearched)


def _items(document: Mapping[str, Any]) -> dict[ResourceRef, Mapping[str, Any]]:
    found: dict[ResourceRef, Mapping[str, Any]] = {}
    for item in document["items"]:
        if not isinstance(item["id"], int) or isinstance(item["id"], bool):
            raise TypeError("no ID")
        key = ResourceRef(Kind(item["kind"]), parse_id(str(item["id"])))
        found[key] = {field: item[field] for field in _COMPARED}
    return found


def _named(key: ResourceRef, item: Mapping[str, Any]) -> str:
    return f"{key.kind.value} {key.id} {safe_text.clean_name(str(item['name']), 80)}"


def show_lines(title: str, warning: str, lines: Sequence[Line]) -> None:
    """Show a plan: its title, what must be read first, and all that is to be known of it."""
    width = max((len(label) for label, _ in lines), default=0)
    for line in ("", title, warning, ""):
        print_info(line)
    for label, text in lines:
        for number, piece in enumerate(wrapped(text, sys.stderr, width + 4)):
            print_info(f"  {'' if number else label:<{width}}  {piece}")
    print_info("")


async def tell_of_interrupted(conversation: AccountSession) -> None:
    """Settle what earlier runs could not finish, as the app does at its start, and tell of it.

    Raises:
        SessionExpired: the session has ended.
    """
    try:
        settled = await conversation.settle_interrupted()
    except SessionExpired:
        raise
    except ServiceError as error:
        print_error(f"An earlier deletion has open results. {error}")
        return
    for each in settled:
        print_error(recovered(each))
