"""The screens, one file each. What follows the sign-in is loaded when it is first used."""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.tui.screens.accounts import AccountsScreen as AccountsScreen
    from neptun_tui.tui.screens.browser import BrowserScreen as BrowserScreen
    from neptun_tui.tui.screens.help import HelpScreen as HelpScreen

__getattr__ = names_of(
    __name__, {"AccountsScreen": "accounts", "BrowserScreen": "browser", "HelpScreen": "help"}
)
