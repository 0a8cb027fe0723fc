"""``history``: what was deleted from this machine, and which copies of it are left."""

from __future__ import annotations

from datetime import datetime

from neptun_tui.cli import documents, shapes
from neptun_tui.cli.codes import ExitCode
from neptun_tui.cli.context import Context
from neptun_tui.cli.json_output import print_json
from neptun_tui.cli.output import complain, on_terminal, tell
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import display
from neptun_tui.services.past import (
    History,
    copy_word,
    deleted_names,
    ending,
    load_history,
    project_of,
    restored_word,
    who,
)
from neptun_tui.services.records import PastRun, Records


async def history(context: Context) -> ExitCode:
    """List the past runs, the newest first. Neptun is not asked."""
    records = context.records
    found = await load_history(records)
    if context.options.json:
        print_json(shapes.history(found, records))
    elif found.runs:
        _print(found, records)
    elif not found.problems:
        tell("Nothing has been deleted from this machine.")
    for problem in found.problems:
        complain(problem)
    return ExitCode.FAILED if found.problems else ExitCode.OK


def _print(found: History, records: Records) -> None:
    print_table(
        (
            *("RUN", "WHEN", "DELETED", "RESULT", "RESTORED"),
            *("BACKUP", "KEPT UNTIL", "PROJECT", "ACCOUNT"),
        ),
        [
            (
                past.record.run_id,
                _date(past.record.at),
                deleted_names(past.record),
                ending(past.record),
                restored_word(past),
                _copy(past, found),
                _date(records.kept_until(past.record.run_id) if past.copy else None),
                project_of(past.record),
                who(past.record.account),
            )
            for past in found.runs
        ],
        whole=[1],
        fixed=[0, 4, 5],
        optional=[8, 6, 7, 5, 4, 1, 3],
    )


def _date(moment: datetime | None) -> str:
    """A date as the reader wants it: a person, or a script."""
    return display.date(moment) if on_terminal() else documents.moment(moment) or ""


def _copy(past: PastRun, found: History) -> str:
    """What is left of the copy; its size in bytes for a script."""
    if past.copy and not on_terminal():
        return str(past.copy.size)
    return copy_word(past, found.unreadable)
