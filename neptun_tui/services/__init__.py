"""Use cases: sign in, browse, delete, restore. Async, without user interface.

Modules that the sign-in does not need are imported when they are first used.
"""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.services.account_session import AccountSession as AccountSession

__getattr__ = names_of(__name__, {"AccountSession": "account_session"})
