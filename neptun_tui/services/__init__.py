"""Use cases: sign in, browse, delete, restore. Async, without user interface.

What is not needed to sign in is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.services.account_session import AccountSession as AccountSession

__getattr__ = names_of(__name__, {"AccountSession": "account_session"})
