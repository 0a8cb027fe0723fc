"""``delete``: take a fresh listing, show one frozen plan, confirm, delete, and report results."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from neptun_tui.cli import prompts
from neptun_tui.cli.args import Options
from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode, code_of_report
from neptun_tui.cli.ids import STDIN, read_ids
from neptun_tui.cli.output import preserve_exit_code, print_error, print_info
from neptun_tui.cli.plans import (
    changes_of_plan,
    keys_of_plan,
    read_plan,
    show_lines,
    tell_of_interrupted,
)
from neptun_tui.cli.progress import StopOnSignal, job_line, watch
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import (
    CannotPlan,
    InputError,
    PartialList,
    ReadOnly,
    SessionExpired,
    StorageError,
)
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, diff_plans, make_plan
from neptun_tui.domain.resources import Kind, Project, parse_id
from neptun_tui.domain.results import Report
from neptun_tui.services import messages
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.loading import FRESH_SECONDS
from neptun_tui.services.messages import (
    about_connections,
    about_context,
    end_of_run,
)
from neptun_tui.services.moved_items import load_for_plan
from neptun_tui.services.projects import load_projects
from neptun_tui.services.run_store import PreparedRun

if TYPE_CHECKING:
    from neptun_tui.cli.models import DeletePlan

_NO_COPY = "No backup is kept: nothing of this can be restored"

_NAMED = 6
"""IDs that an error message names; the rest are counted."""

_CHANGES = 20
"""Changes since a plan was saved that a message names; the rest are counted."""


async def delete(context: Context) -> ExitCode:
    """Delete imports or files permanently, after asking."""
    options = context.options
    project_id = None if options.plan is not None else parse_id(options.project)
    if not options.dry_run and (refusal := _refusal(context)):
        return refusal
    with prompts.interruptible():
        saved, keys = _wanted(options)
    if not keys:
        _brake(context, 0)
        print_info("No IDs were given, so there is nothing to delete.")
        return ExitCode.OK
    if saved:
        context, project_id = context.aimed_at(saved.host, saved.account), saved.project
    account_session = await context.account_session()
    if not options.dry_run:
        if removed := await account_session.prune():
            print_error(removed)
        await tell_of_interrupted(account_session)
    project = await _project(account_session, project_id)
    if project is None:
        said = f"This account has no project {project_id}. Nothing was sent."
        raise InputError(f"Changed since the plan was saved: {said}") if saved else CannotPlan(said)
    return await _Deletion(context, account_session, project, keys, saved).carry_out()


def _wanted(options: Options) -> tuple[DeletePlan | None, list[ResourceRef]]:
    """Return the refs to delete, and the saved plan that names them, if any."""
    if options.plan is not None:
        saved = read_plan(options.plan)
        return saved, keys_of_plan(saved)
    kind = Kind(options.kind)
    numbers = read_ids(options.ids, kind, counted=options.expect is not None)
    return None, [ResourceRef(kind, number) for number in numbers]


def _brake(context: Context, total: int) -> None:
    """Check the size of a plan against ``--expect`` and ``--max``.

    Raises:
        InputError: it has another number of items, or too many.
    """
    expected, most = context.options.expect, context.options.max
    items = safe_text.count(total, "item")
    if expected is not None and total != expected:
        raise InputError(f"The plan has {items}, not {expected:,}. Nothing was sent.")
    option = "--max" if most is not None else "max_delete in the settings"
    most = most if most is not None else context.app_context.max_delete
    if most is not None and total > most:
        raise InputError(f"The plan has {items}, and {option} is {most:,}. Nothing was sent.")


def _refusal(context: Context) -> ExitCode | None:
    """Reject what could not be confirmed anyway, before anything is read or asked.

    Raises:
        ReadOnly: the program was started read-only.
    """
    if context.app_context.read_only:
        raise ReadOnly(messages.READ_ONLY_DELETE)
    if context.options.yes:
        return None
    if why := prompts.why_not_ask(input_taken=STDIN in (context.options.ids or ())):
        print_error(f"{why}: --yes deletes without asking. Nothing was sent.")
        return ExitCode.USAGE
    return None


async def _project(account_session: AccountSession, project_id: int | None) -> Project | None:
    found = await account_session.ask(load_projects)
    return next((project for project in found if project.id == project_id), None)


@dataclass(frozen=True, slots=True)
class PlanSnapshot:
    """Plan, and the listing it was made from.

    Attributes:
        missing: requested items that are not listed.
        made_at: time by the monotonic clock.
    """

    plan: DeletionPlan
    listing: Listing
    missing: tuple[ResourceRef, ...]
    made_at: float = field(default_factory=time.monotonic)


class _Deletion:
    """State of one ``delete`` command."""

    def __init__(
        self,
        context: Context,
        account_session: AccountSession,
        project: Project,
        keys: Sequence[ResourceRef],
        saved: DeletePlan | None,
    ) -> None:
        self._context = context
        self._options = context.options
        self._demo = context.app_context.demo
        self._account_session = account_session
        self._project = project
        self._keys = keys
        self._saved = saved

    async def carry_out(self) -> ExitCode:
        """Plan, show, confirm, delete and report."""
        offer = await self._offer()
        if offer.plan.steps:
            self._show(offer)
        _brake(self._context, offer.plan.total)
        if self._options.dry_run:
            return self._end_dry_run(offer)
        if offer.plan.steps:
            agreed = offer if self._options.yes else await self._agreed(offer)
            if agreed is None:
                return ExitCode.USAGE
            offer = agreed
        if offer.plan.steps:
            return await self._run(offer)
        print_info("None of these items exist. Nothing was sent.")
        if self._options.json:
            self._print_summary(Report(offer.plan, ()), None, offer, ExitCode.OK)
        return ExitCode.OK

    async def _offer(self) -> PlanSnapshot:
        """Load a listing and make a plan from it.

        Raises:
            PartialList: the listing is incomplete.
            CannotPlan: items that were asked for are not listed.
            InputError: it differs from the saved plan.
        """
        listing = await self._account_session.ask(
            lambda neptun, session: load_for_plan(
                neptun, session, self._project, frozenset(self._keys)
            )
        )
        if listing.problem:
            raise PartialList(f"The listing is incomplete. Nothing was sent. {listing.problem}")
        missing = tuple(key for key in self._keys if listing.find(key) is None)
        if missing and not self._options.ignore_missing and self._saved is None:
            raise CannotPlan(_about_missing(missing, listing))
        account = self._account_session.account
        plan = make_plan(
            account, self._project, listing.imports, listing.files, self._keys,
            installations=listing.installations, elsewhere=listing.elsewhere,
        )  # fmt: skip
        offer = PlanSnapshot(plan, listing, missing)
        self._hold_to_saved(offer)
        return offer

    def _hold_to_saved(self, offer: PlanSnapshot) -> None:
        if self._saved is None:
            return
        from neptun_tui.cli.documents import delete_plan  # which other deletions do without

        changes = list(changes_of_plan(self._saved, delete_plan(offer.plan, (), "")))
        if not changes:
            return
        print_info("Changed since the plan was saved:")
        for line in changes[:_CHANGES]:
            print_info(f"  {line}")
        if len(changes) > _CHANGES:
            print_info(f"  and {len(changes) - _CHANGES:,} more")
        raise InputError("The project is no longer as the plan says. Nothing was sent.")

    # The question ----------------------------------------------------------------------------

    def _show(self, offer: PlanSnapshot) -> None:
        if self._options.dry_run and self._options.json:
            return
        lines = messages.plan_lines(offer.plan, datetime.now(UTC))
        if offer.missing:
            lines.append(("left out", f"not in the project: {_numbers(offer.missing)}"))
        if self._account_session.records:
            lines.append(("backup", self._promise or _NO_COPY))
        lines.append(messages.context_line(keep=self._account_session.keep_context))
        show_lines(messages.title(offer.plan), messages.PERMANENT, lines)

    @property
    def _promise(self) -> str:
        """Return where the backup will be kept; empty when none is made."""
        records = self._account_session.records
        return records.promise if records and not self._options.no_backup else ""

    def _end_dry_run(self, offer: PlanSnapshot) -> ExitCode:
        if self._options.json:
            from neptun_tui.cli import documents  # which the table does without

            keep = self._account_session.keep_context
            plan = documents.delete_plan(
                offer.plan, offer.missing, self._promise, keep_context=keep
            )
            documents.print_document(plan, indent=None)
        else:
            print_table(
                ("KIND", "ID", "SIZE", "NAME"),
                [
                    (*_cells(target.key), str(target.size), safe_text.clean_name(target.name))
                    for target in offer.plan.targets
                ],
                right=[1, 2],
            )
        print_info("Dry run: nothing was sent.")
        return ExitCode.OK

    async def _agreed(self, offer: PlanSnapshot) -> PlanSnapshot | None:
        """Ask until a confirmed plan matches a fresh listing; None: it was declined."""
        while offer.plan.steps:
            phrase = offer.plan.phrase or str(offer.plan.steps[0].target.key.id)
            if prompts.ask(f"Type {phrase} to delete: ") != phrase:
                print_error(f"That does not match {phrase}. Nothing was deleted.")
                return None
            if time.monotonic() - offer.made_at <= FRESH_SECONDS:
                break
            shown, offer = offer, await self._offer()
            if not (changes := diff_plans(shown.plan, offer.plan)):
                break
            print_info("Changed since you were asked:")
            for line in messages.change_lines(changes):
                print_info(f"  {line}")
            if offer.plan.steps:
                self._show(offer)
            _brake(self._context, offer.plan.total)
        return offer

    # The run ---------------------------------------------------------------------------------

    async def _run(self, offer: PlanSnapshot) -> ExitCode:
        account_session = self._account_session
        with StopOnSignal(account_session.stop) as interruptions:
            try:
                with_copy = not self._options.no_backup
                kept = await account_session.keep(offer.plan, offer.listing, with_copy)
            except StorageError as error:
                print_error(f"Nothing was deleted. {error} --no-backup deletes without one.")
                return ExitCode.FAILED
            active = account_session.start(offer.plan, kept, offer.listing)
            interruptions.pass_on()
            report = await watch(active.finished(), lambda: job_line(active.run.progress))
        if report.signed_out:
            with contextlib.suppress(SessionExpired):
                await account_session.renew(account_session.signed_in.session)
        code = code_of_report(report)
        with preserve_exit_code(code):
            self._tell(report, kept, offer, code)
        return code

    def _tell(
        self, report: Report, kept: PreparedRun | None, offer: PlanSnapshot, code: ExitCode
    ) -> None:
        try:
            if self._options.json:
                from neptun_tui.cli import documents  # which the table does without

                for item in documents.deleted_items(report):
                    documents.print_document(item, indent=None)
                self._print_summary(report, kept, offer, code)
            else:
                _print_verdicts(report)
        finally:  # also when the reader of the output has gone
            print_info(f"{'Stopped: ' if report.stopped else ''}{messages.summary(report)}.")
            print_info(end_of_run(report))
            if said := about_context(report):
                failed = [number for number, each in report.contexts.items() if each.failed]
                again = "; ".join(f"neptun-tui context renew {number}" for number in failed)
                print_info(f"{said} To renew it: {again}" if again else said)
            if said := about_connections(report):
                print_info(said)
            if kept and kept.backup and not self._demo and not report.nothing_sent:
                back = self._context.command_line(f"restore {kept.run_id}")
                print_info(f"Its backup: {kept.backup}. To post it back: {back}")

    def _print_summary(
        self, report: Report, kept: PreparedRun | None, offer: PlanSnapshot, code: ExitCode
    ) -> None:
        from neptun_tui.cli import documents  # which the table does without

        summary = documents.delete_summary(report, kept, offer.missing, code)
        documents.print_document(summary, indent=None)


def _print_verdicts(report: Report) -> None:
    print_table(
        ("KIND", "ID", "RESULT", "NAME", "WHY"),
        [
            (
                *_cells(outcome.target.key),
                str(outcome.verdict),
                safe_text.clean_name(outcome.target.name),
                messages.result_reason(outcome, report.plan.project.id),
            )
            for outcome in report.outcomes
        ],
        right=[1],
    )


def _cells(key: ResourceRef) -> tuple[str, str]:
    return key.kind.value, str(key.id)


def _numbers(keys: Sequence[ResourceRef]) -> str:
    return safe_text.shortened([f"{key.kind.value} {key.id}" for key in keys[:_NAMED]], len(keys))


def _about_missing(missing: Sequence[ResourceRef], listing: Listing) -> str:
    """Name the missing items, and hint at IDs of the other kind, which are numbered separately."""
    other = {Kind.IMPORT: Kind.FILE, Kind.FILE: Kind.IMPORT}
    swapped = [ResourceRef(other[key.kind], key.id) for key in missing]
    there = [key for key in swapped if listing.find(key)]
    hint = f" It has {_numbers(there)}, which is another thing." if there else ""
    return (
        f"Project {listing.project.id} does not have {_numbers(missing)}. Nothing was sent.{hint} "
        f"--ignore-missing leaves out what is not there."
    )
