"""JSON on standard output; apart, for the app starts without it."""

from __future__ import annotations

import json
from typing import Any

from neptun_tui.cli.output import print_line


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document.

    It is plain ASCII: whatever a title holds, no byte of it can be an order to a terminal, and no
    locale can keep it from being written.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=True)
    print_line(text.replace("\x7f", "\\u007f"))
