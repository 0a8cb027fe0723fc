"""Plans saved by ``delete … --dry-run --json``, to be run exactly or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neptun_tui.cli.output import print_error, print_info
from neptun_tui.cli.terminal import wrapped
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import parse_host
from neptun_tui.domain.errors import InputError, InvalidHost, ServiceError, SessionExpired
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.messages import Line, recovered

if TYPE_CHECKING:
    from neptun_tui.cli.models import DeletePlan, PlannedItem

_LARGEST: Final = 64 * 1024 * 1024
"""Maximum bytes of a file; a plan of 10,000 imports with long names is smaller."""


def keys_of_plan(plan: DeletePlan) -> list[ResourceRef]:
    """Return what the requests of a plan name; the rest goes with an import."""
    return [key for key, item in _items(plan).items() if item.parent_import is None]


def changes_of_plan(saved: DeletePlan, now: DeletePlan) -> Iterator[str]:
    """Yield a line for each difference between a saved plan and one made now."""
    yield from _differences(_items(saved), _items(now))
    if now.projects_not_searched > saved.projects_not_searched:
        yield "changed: projects that are not searched for files of these imports"
    for number in sorted({*saved.connections} ^ {*now.connections}):
        yield f"changed: import {number} (its GitHub installation connection)"


def _differences(
    before: Mapping[ResourceRef, PlannedItem], now: Mapping[ResourceRef, PlannedItem]
) -> Iterator[str]:
    for key, item in before.items():
        if key not in now:
            yield f"gone: {_named(key, item)}"
    for key, item in now.items():
        if (old := before.get(key)) is None:
            yield f"new: {_named(key, item)}"
        elif differing := [
            n for n in item.__struct_fields__ if getattr(old, n) != getattr(item, n)
        ]:
            yield f"changed: {_named(key, item)} ({', '.join(differing)})"


def read_plan(path: str) -> DeletePlan:
    """Read a saved plan.

    Raises:
        InputError: the file is unreadable, or is not a whole plan.
    """
    shown = safe_text.clean(path, 200)
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a file name"
        raise InputError(f"{shown} cannot be read ({why}). Nothing was sent.") from None
    try:
        return _checked(json.loads(data[:_LARGEST]))  # a longer one is cut, and so invalid
    except (ValueError, RecursionError):
        raise InputError(
            f"{shown} holds no whole plan of a deletion. Save one with:"
            " neptun-tui delete KIND PROJECT ID... --dry-run --json > FILE"
        ) from None


def _checked(document: object) -> DeletePlan:
    """Return the plan in a document.

    Raises:
        ValueError: it is not a plan, or was cut or edited.
    """
    import msgspec  # as the models, 40 ms that other commands do without

    from neptun_tui.cli.models import DeletePlan

    plan = msgspec.convert(document, DeletePlan)
    items = _items(plan)
    whole = len(items) == len(plan.items) == plan.total and plan.account
    if not whole or msgspec.to_builtins(plan) != document:
        raise ValueError("cut, edited, or of a version that knows more")
    for key, item in items.items():
        if item.parent_import is None:
            continue
        if key.kind is Kind.IMPORT or ResourceRef(Kind.IMPORT, item.parent_import) not in items:
            raise ValueError("only a file goes with an import, and that is in the plan")
    try:
        return msgspec.structs.replace(plan, host=parse_host(plan.host))
    except InvalidHost as error:
        raise ValueError("no server") from error


def _items(plan: DeletePlan) -> dict[ResourceRef, PlannedItem]:
    return {ResourceRef(item.kind, item.id): item for item in plan.items}


def _named(key: ResourceRef, item: PlannedItem) -> str:
    return f"{key.kind.value} {key.id} {safe_text.clean_name(item.name, 80)}"


def show_lines(title: str, warning: str, lines: Sequence[Line]) -> None:
    """Show a plan: its title, its warning, and its details."""
    width = max((len(label) for label, _ in lines), default=0)
    for line in ("", title, warning, ""):
        print_info(line)
    for label, text in lines:
        for number, piece in enumerate(wrapped(text, sys.stderr, width + 4)):
            print_info(f"  {'' if number else label:<{width}}  {piece}")
    print_info("")


async def tell_of_interrupted(account_session: AccountSession) -> None:
    """Settle interrupted runs, as the app does at its start, and report the results.

    Raises:
        SessionExpired: the session has expired.
    """
    try:
        settled = await account_session.settle_interrupted()
    except SessionExpired:
        raise
    except ServiceError as error:
        print_error(f"An earlier deletion has open results. {error}")
        return
    for each in settled:
        print_error(recovered(each))
