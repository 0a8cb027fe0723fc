"""``projects``, ``imports`` and ``files``: what there is, by ID."""

from __future__ import annotations

from neptun_tui.cli.codes import ExitCode
from neptun_tui.cli.context import Context
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import display
from neptun_tui.services.catalog import load_projects


async def projects(context: Context) -> ExitCode:
    """List the projects."""
    conversation = await context.conversation()
    found = await conversation.ask(load_projects)
    print_table(
        ("ID", "NAME", "UPDATED"),
        [(str(each.id), each.name, display.date(each.updated_at)) for each in found],
        right=[0],
    )
    return ExitCode.OK
