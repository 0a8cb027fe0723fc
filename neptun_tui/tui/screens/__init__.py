"""Screens, one file each, loaded when first used."""

from typing import TYPE_CHECKING

from neptun_tui.later import names_of

if TYPE_CHECKING:
    from neptun_tui.tui.screens.accounts import AccountsScreen as AccountsScreen
    from neptun_tui.tui.screens.browser import BrowserScreen as BrowserScreen
    from neptun_tui.tui.screens.help import HelpScreen as HelpScreen
    from neptun_tui.tui.screens.history import HistoryScreen as HistoryScreen
    from neptun_tui.tui.screens.login import LoginScreen as LoginScreen
    from neptun_tui.tui.screens.resources_pane import ResourcesPane as ResourcesPane

__getattr__ = names_of(
    __name__,
    {
        "AccountsScreen": "accounts",
        "BrowserScreen": "browser",
        "HelpScreen": "help",
        "HistoryScreen": "history",
        "LoginScreen": "login",
        "ResourcesPane": "resources_pane",
    },
)
