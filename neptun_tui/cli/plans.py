"""Plans of a deletion or a restore, printed on standard error before it starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from neptun_tui.cli.output import complain, tell
from neptun_tui.cli.terminal import wrapped
from neptun_tui.domain.errors import ServiceError, SessionExpired
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.messages import Line, recovered


def show_lines(title: str, warning: str, lines: Sequence[Line]) -> None:
    """Show a plan: its title, what must be read first, and all that is to be known of it."""
    width = max((len(label) for label, _ in lines), default=0)
    for line in ("", title, warning, ""):
        tell(line)
    for label, text in lines:
        for number, piece in enumerate(wrapped(text, sys.stderr, width + 4)):
            tell(f"  {'' if number else label:<{width}}  {piece}")
    tell("")


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
        complain(f"An earlier deletion has open results. {error}")
        return
    for each in settled:
        complain(recovered(each))
