"""Icons of results: a sign as well as a colour, because a terminal may have no colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from neptun_tui.domain.results import Verdict

SIGNS: Final[Mapping[Verdict | None, str]] = {
    None: "?",
    Verdict.UNKNOWN: "?",
    Verdict.KEPT: "✗",
    Verdict.NOT_SENT: "–",
    Verdict.ALREADY_GONE: "·",
    Verdict.DELETED: "✓",
}

STYLES: Final[Mapping[Verdict | None, str]] = {
    None: "mark",
    Verdict.UNKNOWN: "mark",
    Verdict.KEPT: "problem",
    Verdict.NOT_SENT: "mark",
    Verdict.ALREADY_GONE: "dim",
    Verdict.DELETED: "good",
}
