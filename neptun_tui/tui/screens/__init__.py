"""Screens, one file each, loaded when first used after the sign-in."""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.tui.screens.accounts import AccountsScreen as AccountsScreen
    from neptun_tui.tui.screens.browser import BrowserScreen as BrowserScreen
    from neptun_tui.tui.screens.help import HelpScreen as HelpScreen

__getattr__ = names_of(
    __name__, {"AccountsScreen": "accounts", "BrowserScreen": "browser", "HelpScreen": "help"}
)
