"""Use cases: sign in, browse, delete, restore. Async, without user interface.

Modules that the sign-in and the first list do not need are imported when they are first used.
"""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.services import messages as messages
    from neptun_tui.services import recovery as recovery
    from neptun_tui.services import restore as restore
    from neptun_tui.services import stored_context as stored_context
    from neptun_tui.services.account_session import AccountSession as AccountSession
    from neptun_tui.services.delete import DeletionRun as DeletionRun
    from neptun_tui.services.delete import RunningDelete as RunningDelete
    from neptun_tui.services.restore_models import BackupContents as BackupContents

__getattr__ = names_of(
    __name__,
    {
        "AccountSession": "account_session",
        "BackupContents": "restore_models",
        "DeletionRun": "delete",
        "RunningDelete": "delete",
        "messages": "messages",
        "recovery": "recovery",
        "restore": "restore",
        "stored_context": "stored_context",
    },
)
