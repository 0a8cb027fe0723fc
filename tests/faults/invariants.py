"""Invariants after every run, asserted for every fault.

An honest-looking but shortened listing is excluded: it cannot be distinguished from the truth.
Everything else that a network or a server may do to a request is included.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from neptun_tui.domain.plan import DeletionPlan, PlanStep, ResourceRef
from neptun_tui.domain.resources import Kind
from neptun_tui.domain.results import Evidence, Outcome, Report, Verdict
from neptun_tui.storage.journal import ItemRecord, RunRecord

from .harness import LATER, NO_LIST
from .proxy import IN_DOUBT, Fault, Passed
from .scenarios import label

GONE = (Verdict.DELETED, Verdict.ALREADY_GONE)


@dataclass
class Witness:
    """External observations of one run.

    Attributes:
        before: the rows of all projects when it was started.
        here: the items of the plan that were in the projects where the plan found them.
        others: what others removed or moved in the meantime, cascades included.
        turned_away: whether the session ended at the server meanwhile.
        cut_off: whether the line was down meanwhile.
        unjournaled: DELETEs that came by before the journal knew of them.
    """

    before: Mapping[ResourceRef, int | None]
    here: Collection[ResourceRef] = ()
    others: set[ResourceRef] = field(default_factory=set)
    turned_away: bool = False
    cut_off: bool = False
    unjournaled: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """A run that has ended, and what the server and the line say of it."""

    report: Report
    witness: Witness
    log: Sequence[Passed]
    arrived: Sequence[str]
    """The DELETEs that the server got, by the end of their paths."""

    @property
    def plan(self) -> DeletionPlan:
        """Confirmed plan."""
        return self.report.plan

    @property
    def story(self) -> str:
        """Details for a failed check of a result."""
        came = "\n".join(f"  {passed}" for passed in self.log)
        told = "\n".join(f"  {o.target.key}: {o.verdict}. {o.reason}" for o in self.report.outcomes)
        return f"\n{self.witness}\nrequests:\n{came}\noutcomes:\n{told}"

    def sent(self, step: PlanStep) -> bool:
        """Tell whether a DELETE for a step passed the proxy."""
        return label(step.target.key) in {passed.label for passed in self.log}


def check_requests(seen: Seen) -> None:
    """Nothing but the steps of the plan is asked for, and nothing that was not journaled."""
    place = f"projects/{seen.plan.project.id}/resources/"
    allowed = {f"{place}{step.target.key.kind}s/{step.target.key.id}" for step in seen.plan.steps}
    assert set(seen.arrived) <= allowed, set(seen.arrived) - allowed
    asked = [passed.label for passed in seen.log if passed.label.startswith("DELETE ")]
    assert set(asked) <= {label(step.target.key) for step in seen.plan.steps}
    assert all(asked.count(each) <= 6 for each in asked), "more than two rounds of three tries"
    assert seen.witness.unjournaled == []


def check_nothing_else_went(seen: Seen, rows: Mapping[ResourceRef, int | None]) -> None:
    """Check that each missing item was in the plan, below an import of it, or removed by others."""
    planned = {target.key for target in seen.plan.targets}
    imports = {
        step.target.key.id for step in seen.plan.steps if step.target.key.kind is Kind.IMPORT
    }
    missing = set(seen.witness.before) - set(rows) - planned - seen.witness.others
    stray = {key for key in missing if seen.witness.before[key] not in imports}
    assert not stray, stray


def check_outcomes(seen: Seen, rows: Collection[ResourceRef], *, late: bool) -> None:
    """Check every result against the server.

    Args:
        seen: the run.
        rows: what of its plan is still in the projects where the plan found it.
        late: whether requests that were held have reached the server since.
    """
    report, witness = seen.report, seen.witness
    assert [o.target for o in report.outcomes] == list(seen.plan.targets)
    steps = {target.key: step for step in seen.plan.steps for target in step.everything}
    for outcome in report.outcomes:
        key, step = outcome.target.key, steps[outcome.target.key]
        excused = key in witness.others or key not in witness.here or moved_under(seen, step)
        if key not in witness.here and key in witness.others:
            continue  # another client removed it before the run and put it back during the run
        check_one(outcome, rows, excused=excused)
        match outcome.verdict:
            case Verdict.DELETED:
                # Requests in flight when the proxy stopped may or may not have arrived.
                may_be = seen.sent(step) or (witness.cut_off and excused)
                assert may_be, f"{key} by no request of ours{seen.story}"
            case Verdict.ALREADY_GONE:
                # A cascade that runs between the two halves of a listing leaves this picture.
                raced = (late or witness.cut_off) and key != step.target.key
                assert excused or raced, f"{key} was taken by no other client{seen.story}"
            case Verdict.NOT_SENT if not witness.turned_away:
                assert not reached(seen, step), f"{key} was sent{seen.story}"
            case Verdict.UNKNOWN:
                assert (
                    witness.turned_away
                    or witness.cut_off
                    or in_doubt(seen, step)
                    or had_no_answer(seen, step)
                    or not all(
                        passed.whole for passed in seen.log if passed.label.startswith("GET ")
                    )
                ), f"{key} is unknown, but every listing and answer was good{seen.story}"
            case Verdict.KEPT:
                assert excused or not in_doubt(seen, step), f"{key} may still go{seen.story}"


def check_also_deleted(seen: Seen, rows: Collection[ResourceRef]) -> None:
    """Check that items reported as lost besides the plan are gone."""
    planned = {target.key for target in seen.plan.targets}
    said = {target.key for target in seen.report.also_deleted}
    assert not said & planned
    still = (said & set(rows)) - seen.witness.others
    assert not still, still


def moved_under(seen: Seen, step: PlanStep) -> bool:
    """Tell whether a file, planned alone, had been moved to an import of the plan before the run.

    The import's request deletes it as well, and its own response is not conclusive.
    """
    parent = ResourceRef(Kind.IMPORT, seen.witness.before.get(step.target.key) or 0)
    return parent in {each.target.key for each in seen.plan.steps} - {step.target.key}


def in_doubt(seen: Seen, step: PlanStep) -> bool:
    """Tell whether a request of a step was never rejected: it may be carried out at any time."""
    name = label(step.target.key)
    return any(passed.fault in IN_DOUBT for passed in seen.log if passed.label == name)


def had_no_answer(seen: Seen, step: PlanStep) -> bool:
    """Tell whether a request of a step may have had no conclusive response."""
    tried = [passed for passed in seen.log if passed.label == label(step.target.key)]
    return any(p.fault in (Fault.PASS, Fault.WORDLESS) and not p.whole for p in tried)


def reached(seen: Seen, step: PlanStep) -> bool:
    """Tell whether the server received the request of a step."""
    name = label(step.target.key)
    return any(passed.reached for passed in seen.log if passed.label == name)


def check_one(outcome: Outcome, rows: Collection[ResourceRef], *, excused: bool) -> None:
    """Check one result against the rows. Changes by others are not our error."""
    there = outcome.target.key in rows
    if outcome.verdict in GONE:
        assert not there, f"{outcome} but it is there"
    elif outcome.verdict is not Verdict.UNKNOWN and not there:
        assert excused, f"{outcome} but it is gone"
    if outcome.verdict is Verdict.UNKNOWN and LATER not in outcome.reason:
        assert NO_LIST in outcome.reason, outcome
    if outcome.verdict is not Verdict.DELETED:
        assert outcome.reason, f"{outcome} without a reason"


def check_settled(outcome: Outcome, item: ItemRecord) -> None:
    """Check a new start's result of an item against the journal."""
    if outcome.verdict is Verdict.UNKNOWN:
        assert item.sent, item
    if outcome.verdict is Verdict.NOT_SENT:
        assert not item.sent, item
    if item.sent and outcome.verdict is Verdict.ALREADY_GONE:
        assert item.parent is not None or item.evidence is Evidence.DENIED, item


def check_journal(seen: Seen, record: RunRecord) -> None:
    """Check that the journal has the same results, item by item."""
    told = [(o.target.key, o.verdict, o.reason) for o in seen.report.outcomes]
    assert [(item.key, item.verdict, item.reason) for item in record.items] == told
    assert record.ended is (seen.report.count(Verdict.UNKNOWN) == 0)
    if record.ended:
        ways = (seen.report.stopped, seen.report.signed_out)
        assert (record.stopped, record.signed_out) == ways
