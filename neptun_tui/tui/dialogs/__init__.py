"""Dialogs over a screen, and the screens of a job, loaded when first used."""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.tui.dialogs.job import JobScreen as JobScreen

__getattr__ = names_of(__name__, {"JobScreen": "job"})
