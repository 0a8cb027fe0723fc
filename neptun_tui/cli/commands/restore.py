"""``restore``: re-create what a run deleted, from its backup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode, code_of_report
from neptun_tui.cli.output import preserve_exit_code, print_error, print_info
from neptun_tui.cli.plans import show_lines, tell_of_interrupted
from neptun_tui.cli.progress import StopOnSignal, job_line, watch
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import (
    CannotPlan,
    InputError,
    InvalidId,
    ReadOnly,
    StorageError,
    WrongAccount,
)
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind, parse_id
from neptun_tui.services import messages
from neptun_tui.services.account_session import Into
from neptun_tui.services.history import find_run, load_history
from neptun_tui.services.messages import (
    about_restoring,
    backup_sentence,
    end_of_restore,
    not_restorable,
    nothing_to_restore,
    restore_counts,
    restore_reason,
)
from neptun_tui.services.restore_models import Item, RestoreReport, key
from neptun_tui.services.run_store import RunSummary
from neptun_tui.storage.backup_format import Backup

_MARKED_ID = re.compile(r"([if]?)([0-9]+)", re.ASCII)
_KINDS: Final = {"i": (Kind.IMPORT,), "f": (Kind.FILE,), "": tuple(Kind)}


async def restore(context: Context) -> ExitCode:
    """Re-create what a run deleted, under new IDs."""
    options = context.options
    if context.app_context.read_only and not options.dry_run:
        raise ReadOnly(messages.READ_ONLY_RESTORE)
    found = await load_history(context.records)
    if found.problems and not found.runs:
        raise StorageError(" ".join(found.problems))
    for problem in found.problems:
        print_error(problem)
    past = find_run(found.runs, options.run)
    if past.backup is None:
        raise CannotPlan(f"{backup_sentence(past, found.unreadable)} Nothing was sent.")
    return await _Restore(context, past).carry_out()


def find_keys(backup: Backup, words: Sequence[str]) -> frozenset[ResourceRef]:
    """Find the items of a backup by ``i101``, ``f1203``, or a number that fits one kind only.

    Raises:
        InputError: one of them is not an ID, is not in the backup, or fits both kinds.
    """
    items: tuple[Item, ...] = (*backup.imports, *backup.files)
    held = {key(item) for item in items}
    return frozenset(_find_key(held, word) for word in words)


def _find_key(held: set[ResourceRef], word: str) -> ResourceRef:
    matched = _MARKED_ID.fullmatch(word.strip())
    if matched is None:
        raise InvalidId(
            f"{safe_text.clean(word, 40)!r} is not an ID: write i101, f1203 or the number."
        )
    number = parse_id(matched[2])
    found = [
        ResourceRef(kind, number)
        for kind in _KINDS[matched[1]]
        if ResourceRef(kind, number) in held
    ]
    if not found:
        raise InputError(f"The backup does not contain {word}. Nothing was sent.")
    if len(found) > 1:
        raise InputError(f"{number} is an import and a file: write i{number} or f{number}.")
    return found[0]


class _Restore:
    """State of one ``restore`` command."""

    def __init__(self, context: Context, past: RunSummary) -> None:
        self._context = context
        self._options = context.options
        self._records = context.records
        self._past = past

    async def carry_out(self) -> ExitCode:
        """Read the backup, show the plan, restore and report."""
        options = self._options
        account_session = await self._context.account_session()
        if why := not_restorable(self._past, account_session.account):
            raise WrongAccount(f"{why} Nothing was sent.")
        into = Into(*(n and parse_id(n) for n in (options.into_project, options.into_import)))
        if not options.dry_run:
            await tell_of_interrupted(account_session)
        backup = await self._records.load_backup(self._past.record.run_id)
        wanted = None if options.only is None else find_keys(backup, options.only)
        preview = await account_session.preview(backup, wanted, into)
        if preview.unlisted and options.dry_run:
            raise preview.unlisted
        damaged = wanted is None and bool(backup.damaged)
        if not (options.dry_run or damaged) and (said := nothing_to_restore(preview)):
            return self._end(backup, preview, wanted, said)
        self._show(backup, preview)
        if options.dry_run:
            return self._end_dry_run(backup, preview)
        if preview.unlisted:
            return self._end(backup, preview, wanted)
        with StopOnSignal(account_session.stop) as interruptions:
            active = await account_session.restore(backup, wanted, into)
            interruptions.pass_on()
            report = await watch(active.finished(), lambda: job_line(active.run.progress))
        return self._end(backup, report, wanted)

    def _end(
        self,
        backup: Backup,
        report: RestoreReport,
        wanted: frozenset[ResourceRef] | None,
        idle: str = "",
    ) -> ExitCode:
        code = code_of_report(report, damaged=wanted is None and bool(backup.damaged))
        with preserve_exit_code(code):
            self._tell(backup, report, code, idle)
        return code

    def _show(self, backup: Backup, preview: RestoreReport) -> None:
        question = about_restoring(backup, preview)
        if question is None:
            raise CannotPlan("The backup contains nothing that can be read. Nothing was sent.")
        if not (self._options.dry_run and self._options.json):
            show_lines(f"{question.title[:-1]}:", question.warning, question.facts)

    def _end_dry_run(self, backup: Backup, preview: RestoreReport) -> ExitCode:
        if self._options.json:
            from neptun_tui.cli import documents  # which the table does without

            documents.print_document(documents.restore_plan(backup, preview), indent=None)
        else:
            _print_results(preview)
        print_info("Dry run: nothing was sent.")
        return ExitCode.OK

    def _tell(self, backup: Backup, report: RestoreReport, code: ExitCode, idle: str) -> None:
        try:
            if self._options.json:
                from neptun_tui.cli import documents  # which the table does without

                for outcome in report.outcomes:
                    item = documents.restored_item(outcome, report)
                    documents.print_document(item, indent=None)
                summary = documents.restore_summary(backup, report, code)
                documents.print_document(summary, indent=None)
            else:
                _print_results(report)
        finally:  # also when the reader of the output has gone
            print_info(idle or f"{'Stopped: ' if report.stopped else ''}{restore_counts(report)}.")
            if said := end_of_restore(report):
                print_info(said)


def _print_results(report: RestoreReport) -> None:
    print_table(
        ("KIND", "ID", "RESULT", "ID NOW", "NAME", "WHY"),
        [
            (
                outcome.key.kind.value,
                str(outcome.key.id),
                outcome.result.value,
                str(outcome.new_id or ""),
                safe_text.clean_name(outcome.name),
                restore_reason(outcome),
            )
            for outcome in report.outcomes
        ],
        right=[1, 3],
    )
