"""Flows of several dialogs: delete and restore; loaded when first used."""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.tui.flows.restore import RestoreFlow as RestoreFlow

__getattr__ = names_of(__name__, {"RestoreFlow": "restore"})
