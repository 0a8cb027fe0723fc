"""State machine: random trees, plans, faults and other clients, against the real demo."""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.listing import key_of
from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import SOURCE_TYPES, Kind
from neptun_tui.domain.results import LATE_FOR, Report
from neptun_tui.services.delete import RunningDelete
from neptun_tui.services.recovery import RecoveredRun
from neptun_tui.storage.journal import Journal

from .harness import Harness
from .invariants import (
    Seen,
    Witness,
    check_also_deleted,
    check_journal,
    check_nothing_else_went,
    check_one,
    check_outcomes,
    check_requests,
    check_settled,
)
from .proxy import Proxy, Turn
from .scenarios import OTHERS, RUNS, START, Deed, Script, Start, label
from .server import FaultServer

ELSEWHERE = 3
"""Project of another account, in which moved items are not visible."""


class Deletions(RuleBasedStateMachine):
    """Everything that a person, other people, the line and the server can do to deletions."""

    server: FaultServer
    line: Proxy
    hooks: list[Callable[[], None]]
    counts: Counter[str]
    """Of what was run, over all examples."""

    @initialize(
        parents=st.lists(st.tuples(st.integers(1, 2), st.sampled_from(SOURCE_TYPES)), max_size=4),
        files=st.lists(st.tuples(st.integers(1, 2), st.integers(0, 6)), max_size=8),
        in_flight=st.sampled_from([1, 2, 6]),
    )
    def begin(
        self, parents: list[tuple[int, str]], files: list[tuple[int, int]], in_flight: int
    ) -> None:
        """Two projects with imports, files under them, under those of each other, and orphans."""
        self.server.clear()
        self.line.forget()
        self.folder = tempfile.TemporaryDirectory(prefix="faults-")
        self.server.add_file(self.server.add_import(ELSEWHERE, user=2).id, ELSEWHERE, user=2)
        for project, source in parents:
            self.server.add_import(project, source)
        for project, parent in files:
            self.server.add_file(parent if 1 < parent <= len(parents) + 1 else None, project)
        self.harness = Harness(self.server, self.line, Path(self.folder.name), in_flight)
        self.line.witness = self.look_into_the_journal
        self.hooks[:] = [self.wait]
        self.guard = Lock()
        self.witness = Witness({})
        self.active: RunningDelete | None = None
        self.last: Report | None = None
        self.down_for = 0
        self.within_reach: list[ResourceRef] = []

    @rule(
        project=st.integers(1, 2),
        marks=st.frozensets(st.integers(0, 11), min_size=1, max_size=5),
        come=st.lists(st.integers(0, 3), max_size=2),
        meanwhile=st.lists(OTHERS, max_size=2),
        script=RUNS,
        again=st.booleans(),
        at_once=st.sampled_from([False] * 9 + [True]),
        late=st.booleans(),
        then=START,
    )
    def delete(
        self,
        project: int,
        marks: frozenset[int],
        come: list[int],
        meanwhile: list[Deed],
        script: Script,
        again: bool,
        at_once: bool,
        late: bool,
        then: Start | None,
    ) -> None:
        """Mark, plan, or plan again what the last run has left; others work meanwhile; run."""
        rest = self.last.rest() if self.last and again else None
        project = rest.project.id if rest else project
        self.add(project, come or [2])
        listing = self.harness.listing_of_all(project)
        self.within_reach = sorted(self.server.rows(project))
        assert {key_of(row) for row in listing.rows[:-1]} == set(self.within_reach)
        chosen = {self.within_reach[mark % len(self.within_reach)] for mark in marks}
        listing = listing if rest else self.harness.listing_of_all(project, chosen)
        plan = rest or self.harness.plan(listing, chosen)
        self.counts["of other projects"] += sum(t.project_id != project for t in plan.targets)
        kept = self.harness.do(self.harness.account_session.keep(plan, listing, backup=not rest))
        for deed in meanwhile:
            self.carry_out(deed)
        assert kept
        start = partial(self.harness.account_session.start, plan, kept, listing)
        self.run_plan(plan, start, script, at_once, late)
        if then:
            self.start_again(then)

    def add(self, project: int, imports: list[int]) -> None:
        """Add imports with so many files each, and a file under none, so that there is enough.

        Every third file is of the other project: it goes with the import all the same.
        """
        self.server.add_file(None, project)
        for files in imports:
            parent = self.server.add_import(project)
            for place in range(files):
                self.server.add_file(parent.id, project if place < 2 else 3 - project)

    def start_again(self, how: Start) -> None:
        """The next start of the program settles what was left open, or says that it cannot."""
        self.within_reach = sorted(key for project in (1, 2) for key in self.server.rows(project))
        self.harness.start_program()
        self.harness.willing = how.willing
        self.witness = Witness(self.server.rows())
        was_open = {run.run_id for run in self.harness.do(self.harness.records.open_runs())}
        self.write_script(how.script)
        try:
            settled = self.harness.do(self.harness.account_session.settle_interrupted())
        except ServiceError:
            settled = ()
        self.end_of_faults()
        self.check_settled(settled)
        told = {each.run.run_id: each for each in settled}
        records = {
            run.record.run_id: run.record for run in self.harness.do(self.harness.records.runs())
        }
        for run_id in was_open:
            still = told[run_id].open if run_id in told else 1
            assert records[run_id].ended is (not still), "closed without a report"
            assert run_id not in told or len(records[run_id].unsettled) == still
        self.counts["settled"] += len(settled)
        if how.late:
            self.line.release()
            self.check_settled(settled)
        if how.later:
            self.look_later()

    def look_later(self) -> None:
        """Nothing can still be on its way: every run is closed, and what is said holds."""
        self.line.release()
        self.line.log = []
        self.witness = Witness(self.server.rows())
        self.harness.clock += LATE_FOR
        settled = self.harness.do(self.harness.account_session.settle_interrupted())
        assert not [each for each in settled if each.open]
        assert self.harness.do(self.harness.records.open_runs()) == ()
        self.check_settled(settled)
        self.counts["settled later"] += len(settled)

    def check_settled(self, settled: tuple[RecoveredRun, ...]) -> None:
        """Check the report of a start."""
        for each in settled:
            rows = self.server.in_place(outcome.target for outcome in each.outcomes)
            items = {item.key: item for item in each.run.items}
            for outcome in each.outcomes:
                excused = outcome.target.key in self.witness.others
                check_settled(outcome, items[outcome.target.key])
                check_one(outcome, rows, excused=excused)

    def run_plan(
        self,
        plan: DeletionPlan,
        start: Callable[[], RunningDelete],
        script: Script,
        at_once: bool,
        late: bool,
    ) -> None:
        """One run, and everything that must be true after it."""
        self.line.release()  # of earlier runs, distinct from this one
        self.line.log = []
        arrivals = len(self.server.deletes)
        self.witness = Witness(self.server.rows(), self.server.in_place(plan.targets))
        self.write_script(script, plan)
        self.active = start()
        if at_once:
            self.active.run.stop()
        report = self.harness.finish(self.active)
        self.end_of_faults()
        self.counts["runs"] += 1
        self.counts.update(str(outcome.verdict) for outcome in report.outcomes)
        self.counts.update(f"DELETE {p.fault}" for p in self.line.log if p.label[0] == "D")
        arrived = self.server.deletes[arrivals:]
        seen = Seen(report, self.witness, list(self.line.log), arrived)
        check_requests(seen)
        check_nothing_else_went(seen, self.server.rows())
        check_outcomes(seen, self.server.in_place(plan.targets), late=script.releases)
        check_also_deleted(seen, self.server.in_place(report.also_deleted))
        assert not report.journal_error
        record = self.harness.do(self.harness.records.runs())[0].record
        check_journal(seen, record)
        if late:
            self.line.release()
            check_outcomes(seen, self.server.in_place(plan.targets), late=True)
        self.last = report

    def write_script(self, script: Script, plan: DeletionPlan | None = None) -> None:
        """Set the behaviour of the proxy."""

        def act(deed: Deed | None) -> Callable[[], None] | None:
            return (lambda: self.carry_out(deed)) if deed else None

        for name, turns in script.turns(plan):
            acts = [Turn(turn.fault, act(turn.before), act(turn.after)) for turn in turns]
            self.line.script[name] = deque(acts)

    def end_of_faults(self) -> None:
        """From here on the line is good and the session alive again."""
        self.line.rest()
        self.line.script.clear()
        self.line.up()
        self.harness.willing = True
        if not (self.witness.turned_away or self.witness.cut_off):
            return
        for project in (1, 2):
            self.harness.listing_of_all(project)

    def carry_out(self, deed: Deed) -> None:
        """Apply the change; called on the thread of the triggering event."""
        with self.guard:
            match deed.what:
                case "remove" | "lift" | "move":
                    self.take(deed)
                case "add":
                    parent = ResourceRef(Kind.IMPORT, deed.number)
                    self.server.add_file(parent.id if parent in self.server.rows() else None)
                case "key":
                    self.witness.turned_away = True
                    self.server.end_sessions()
                case "stop" if self.active:
                    self.active.run.stop()
                case "down":
                    self.witness.cut_off, self.down_for = True, deed.number
                    self.line.down()
                case "release":
                    self.line.release()

    def take(self, deed: Deed) -> None:
        """Remove or move an item, once; it then counts as changed by another client."""
        rows = self.server.rows()
        place = deed.place % max(1, len(self.within_reach))
        for key in self.within_reach[place : place + 1]:
            if key not in rows or key in self.witness.others:
                return
            self.witness.others.add(key)
            if deed.what == "lift":
                self.server.move(key, project=deed.number % 3 + 1)
            elif deed.what == "move" and key.kind is Kind.FILE:
                imports = [each.id for each in self.within_reach if each.kind is Kind.IMPORT]
                there = [number for number in imports if ResourceRef(Kind.IMPORT, number) in rows]
                self.server.move(key, under=there[deed.number % len(there)] if there else None)
            elif deed.what == "remove":
                if key.kind is Kind.IMPORT:
                    self.witness.others |= {k for k, parent in rows.items() if parent == key.id}
                self.server.remove(key)

    def wait(self) -> None:
        """A wait for another try passes; the line comes back after some of them."""
        self.down_for -= 1
        if self.down_for == 0:
            self.line.up()

    def look_into_the_journal(self, name: str) -> None:
        """A DELETE has just come by: is the intent to send it on disk?"""
        run = Journal(self.harness.state).runs(1)[0]
        if not any(label(item.key) == name and item.sent for item in run.items):
            self.witness.unjournaled.append(name)

    def teardown(self) -> None:
        """Release all held requests."""
        if hasattr(self, "harness"):
            self.counts["examples"] += 1
            self.line.witness = None
            self.hooks.clear()
            self.line.forget()
            self.line.up()
            self.harness.close()
            self.folder.cleanup()
