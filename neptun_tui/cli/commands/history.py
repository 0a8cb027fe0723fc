"""``history``: past runs, their backups, and the export of a backup to files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.output import on_terminal, preserve_exit_code, print_error, print_info
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import account_label
from neptun_tui.domain.errors import CannotPlan, InputError, StorageError
from neptun_tui.services.history import History, find_run, load_history
from neptun_tui.services.messages import (
    backup_sentence,
    backup_word,
    deleted_names,
    project_of,
    restored_word,
    run_result,
)
from neptun_tui.services.run_store import RunStore, RunSummary


async def history(context: Context) -> ExitCode:
    """List the past runs, the newest first, or export a backup. Offline."""
    if context.options.action:
        return await _export(context)
    records = context.records
    found = await load_history(records)
    if context.options.json:
        from neptun_tui.cli import documents  # which the table does without

        documents.print_document(documents.history(found, records))
    elif found.runs:
        _print(found, records)
    elif not found.problems:
        print_info("Nothing has been deleted from this machine.")
    for problem in found.problems:
        print_error(problem)
    return ExitCode.FAILED if found.problems else ExitCode.OK


async def _export(context: Context) -> ExitCode:
    """Write a backup's contents to files."""
    from neptun_tui.services.export import export, exported  # not needed by the list

    options, records = context.options, context.records
    if not options.folder:
        raise InputError("DIR is empty. Name a new folder.")
    found = await load_history(records)
    if found.problems and not found.runs:
        raise StorageError(" ".join(found.problems))
    past = find_run(found.runs, options.run)
    if past.backup is None:
        raise CannotPlan(f"{backup_sentence(past, found.unreadable)} Nothing was written.")
    done = await export(records, past.record.run_id, Path(options.folder))
    code = ExitCode.FAILED if done.damaged else ExitCode.OK
    with preserve_exit_code(code):
        if options.json:
            from neptun_tui.cli.documents import print_document  # which the sentence does without

            print_document(done.manifest)
    print_info(exported(done))
    return code


def _print(found: History, records: RunStore) -> None:
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
                run_result(past.record),
                restored_word(past),
                _copy(past, found),
                _date(records.kept_until(past.record.run_id) if past.backup else None),
                project_of(past.record),
                account_label(past.record.account),
            )
            for past in found.runs
        ],
        whole=[1],
        fixed=[0, 4, 5],
        optional=[8, 6, 7, 5, 4, 1, 3],
    )


def _date(moment: datetime | None) -> str:
    """Format a date for a person, or for a script."""
    return safe_text.date(moment) if on_terminal() else safe_text.timestamp(moment) or ""


def _copy(past: RunSummary, found: History) -> str:
    """Return the state of the backup; its size in bytes for a script."""
    if past.backup and not on_terminal():
        return str(past.backup.size)
    return backup_word(past, found.unreadable)
