"""This machine: the session vault, the settings, the journal of deletions, the local copies.

The journal and the copies are loaded when they are first used.
"""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.storage.copies import Copies as Copies
    from neptun_tui.storage.copies import CopyUnavailable as CopyUnavailable
    from neptun_tui.storage.journal import Journal as Journal
    from neptun_tui.storage.journal import JournalUnavailable as JournalUnavailable
    from neptun_tui.storage.run_records import RunRecord as RunRecord

__getattr__ = names_of(
    __name__,
    {
        "Copies": "copies",
        "CopyUnavailable": "copies",
        "Journal": "journal",
        "JournalUnavailable": "journal",
        "RunRecord": "run_records",
    },
)
