"""Writing to standard output, which is for data, and to standard error, which is for the rest."""

from __future__ import annotations

import json
import sys
from typing import Any

from neptun_tui.domain import display


def complain(text: str) -> None:
    """Say something to a person, on standard error."""
    print(f"neptun-tui: {display.clean(text)}", file=sys.stderr)


def tell(text: str) -> None:
    """Say what is going on, on standard error, without the program's name."""
    print(display.clean(text), file=sys.stderr)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document.

    It is plain ASCII: whatever a title holds, no byte of it can be an order to a terminal, and no
    locale can keep it from being written.
    """
    print(json.dumps(value, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f"))
