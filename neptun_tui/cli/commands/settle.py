"""``settle``: check unknown results again, once or until none is left."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode, code_of_report
from neptun_tui.cli.output import preserve_exit_code, print_error, print_info
from neptun_tui.cli.progress import watch
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, account_label
from neptun_tui.domain.results import Verdict
from neptun_tui.services.account_session import AccountSession
from neptun_tui.services.history import load_history
from neptun_tui.services.messages import open_results, recovered, result_reason
from neptun_tui.services.recovery import RecoveredRun
from neptun_tui.storage.journal import RunRecord

_GONE = (Verdict.DELETED, Verdict.ALREADY_GONE)


async def settle(context: Context) -> ExitCode:
    """Check every open result of this account again; with ``--wait`` until none is open."""
    account_session = await context.account_session()
    looked = _Looked(account_session)
    if context.options.wait:
        await watch(looked.wait(), lambda: looked.progress)
    else:
        looked.add(await account_session.settle_interrupted())
    looked.left = await _left(context, account_session.account, looked.runs)
    code = code_of_report(looked)
    with preserve_exit_code(code):
        if context.options.json:
            from neptun_tui.cli import documents  # which the table does without

            found = (await load_history(context.records)).only(looked.runs)
            document = documents.settled(found, context.records, looked.left)
            documents.print_document(document)
        else:
            looked.print()
        looked.tell()
    return code


async def _left(
    context: Context, account: Account, looked: Mapping[str, RecoveredRun]
) -> tuple[RunRecord, ...]:
    """Return the runs still open, without those of this account that were checked."""
    runs = await context.records.open_runs()
    return tuple(r for r in runs if not (r.account.is_same(account) and r.run_id in looked))


class _Looked:
    """Merged results of one or several checks."""

    stopped = signed_out = unreachable = False
    """A check that ends early raises an error, and has no results."""

    def __init__(self, account_session: AccountSession) -> None:
        self._account_session = account_session
        self.runs: dict[str, RecoveredRun] = {}
        self.left: tuple[RunRecord, ...] = ()
        """Open runs that could not be checked, of other accounts too."""

    def add(self, settled: tuple[RecoveredRun, ...]) -> None:
        """Merge the results of a check; results that an earlier check settled stay."""
        for each in settled:
            earlier = self.runs.get(each.run.run_id)
            self.runs[each.run.run_id] = earlier.with_later(each) if earlier else each

    async def wait(self) -> None:
        """Check repeatedly until no result is open."""
        async for settled in self._account_session.look_again():
            self.add(settled)

    @property
    def progress(self) -> str:
        """Return the number of open results, as one line."""
        return f"{open_results(self._open)}. Looking again (ctrl+C leaves)"

    @property
    def _open(self) -> int:
        return sum(each.open for each in self.runs.values())

    @property
    def unknown(self) -> bool:
        """Tell whether a result is unknown, those of other accounts included."""
        return bool(self._open or self.left)

    @property
    def failed(self) -> bool:
        """Tell whether an item was not deleted, or remains in a stored context."""
        runs = self.runs.values()
        kept = any(o.verdict not in _GONE for each in runs for o in each.outcomes)
        return kept or any(c.failed for each in runs for c in each.contexts.values())

    @property
    def _unseen(self) -> list[RunRecord]:
        """Return the runs of this account whose project or journal could not be read."""
        account = self._account_session.account
        return [run for run in self.left if run.account.is_same(account)]

    def print(self) -> None:
        """Print one row for each result that was open."""
        rows = [
            (
                each.run.run_id,
                outcome.target.key.kind.value,
                str(outcome.target.key.id),
                str(outcome.verdict),
                safe_text.clean_name(outcome.target.name),
                result_reason(outcome, each.run.project.id),
            )
            for each in self.runs.values()
            for outcome in each.outcomes
        ]
        if rows:
            print_table(("RUN", "KIND", "ID", "RESULT", "NAME", "WHY"), rows, right=[2])

    def tell(self) -> None:
        """Report each run, and what is left to other accounts."""
        for each in self.runs.values():
            print_info(recovered(each))
        if self._unseen:
            names = ", ".join(run.run_id for run in self._unseen)
            print_error(f"Could not look at the open results of {names}. Run settle again.")
        elif not self.runs:
            print_info("No result of this account is open.")
        account = self._account_session.account
        others = (run.account for run in self.left if not run.account.is_same(account))
        for other in dict.fromkeys(others):
            print_error(f"{account_label(other)} has open results. {_how_to_look(other)}")


def _how_to_look(other: Account) -> str:
    """Return the command for another account: people copy it, and the server chose the e-mail."""
    if not other.email or safe_text.clean(other.email, 200) != other.email:
        return "Choose it with: neptun-tui switch"
    return "Look at them with: " + shlex.join(
        ("neptun-tui", "settle", "--host", other.host, "--account", other.email)
    )
