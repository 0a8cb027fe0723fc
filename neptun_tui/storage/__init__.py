"""Storage on this machine: sessions, settings, journal, backups.

The modules of the journal and the backups are imported when they are first used.
"""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.storage.backup_format import BackupUnavailable as BackupUnavailable
    from neptun_tui.storage.backups import Backups as Backups
    from neptun_tui.storage.journal import Journal as Journal
    from neptun_tui.storage.journal import JournalUnavailable as JournalUnavailable
    from neptun_tui.storage.journal import RunRecord as RunRecord

__getattr__ = names_of(
    __name__,
    {
        "Backups": "backups",
        "BackupUnavailable": "backups",
        "Journal": "journal",
        "JournalUnavailable": "journal",
        "RunRecord": "journal",
    },
)
