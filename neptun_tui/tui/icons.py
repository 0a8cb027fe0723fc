"""Icons of results: a sign as well as a colour, because a terminal may have no colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from neptun_tui.domain.results import Verdict
from neptun_tui.services.restore_models import RestoreStatus

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

RESTORE_ICONS: Final[Mapping[RestoreStatus, tuple[str, str]]] = {
    RestoreStatus.REFUSED: ("✗", "problem"),
    RestoreStatus.INCOMPLETE: ("!", "problem"),
    RestoreStatus.UNKNOWN: ("?", "mark"),
    RestoreStatus.NOT_SENT: ("–", "mark"),
    RestoreStatus.STILL_THERE: ("·", "dim"),
    RestoreStatus.ALREADY_RESTORED: ("·", "dim"),
    RestoreStatus.RESTORED: ("✓", "good"),
}
"""Sign and style of each result, in the order of reports: those that need attention first."""
