"""GitHub installations of a project, before and after imports were deleted.

The reference says that the connection goes with the import; observed, it stays (contract §1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from neptun_tui.domain import display
from neptun_tui.domain.resources import Installation

Installations = tuple[Installation, ...] | None
"""What was listed; None when that is unknown."""


class ConnectionState(StrEnum):
    """What is so after a deletion."""

    CONNECTED = "connected"
    REMOVED = "removed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Connection:
    """One installation after a deletion; None stands for those that nobody could list.

    Attributes:
        was_seen: whether it was listed before the deletion too.
    """

    installation: Installation | None
    state: ConnectionState
    was_seen: bool = True

    @property
    def sentence(self) -> str:
        """Return it in words."""
        if self.installation is None:
            return "The GitHub connection could not be checked."
        named = f"GitHub installation {display.clean_name(self.installation.name, 60)}"
        match self.state:
            case ConnectionState.CONNECTED:
                return f"{named} is {'still ' if self.was_seen else ''}connected."
            case ConnectionState.REMOVED:
                return f"{named} is no longer connected."
            case ConnectionState.UNKNOWN:
                return f"{named} could not be checked."


def compare(before: Installations, after: Installations) -> tuple[Connection, ...]:
    """Return what is so of each installation that was listed before or after."""
    if after is None:
        unchecked = [Connection(each, ConnectionState.UNKNOWN) for each in before or ()]
        return tuple(unchecked) or (Connection(None, ConnectionState.UNKNOWN),)
    left, seen = {each.id for each in after}, {each.id for each in before or ()}
    gone = [
        Connection(each, ConnectionState.REMOVED) for each in before or () if each.id not in left
    ]
    there = [Connection(each, ConnectionState.CONNECTED, each.id in seen) for each in after]
    return (*gone, *there)


def connected(installations: Sequence[Installation]) -> str:
    """Return what a person must know of the installations that are connected."""
    if not installations:
        return "No installation is listed as connected to the project."
    named = [display.clean_name(each.name, 60) for each in installations[:6]]
    names = display.shortened(named, len(installations), 110)
    noun, subject = ("installation", "It") if len(installations) == 1 else ("installations", "They")
    return f"Project is connected to the GitHub {noun} {names}. {subject} may stay connected."
