"""Snapshot of a project taken after the deletes, to verify them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from neptun_tui.api.retry import TEMPORARY, retry
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    AccessDenied,
    ServiceError,
    SessionExpired,
)
from neptun_tui.domain.plan import PlanItem, PlanStep
from neptun_tui.domain.resources import File, Import, Kind
from neptun_tui.domain.results import LATE_FOR, Evidence, Outcome, Verdict, decide, evidence_of
from neptun_tui.services.ports import Neptun
from neptun_tui.storage.process import exhausted

Parents = Mapping[int, int | None]
"""Import ID of each file, by file ID."""


class Listed(NamedTuple):
    """Listed items of a project, with their contents; None for a kind without a listing."""

    imports: Sequence[Import] | None = None
    files: Sequence[File] | None = None


_NOTHING: Final = Listed()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Snapshot of a project; a kind whose listing failed is None.

    Attributes:
        imports: IDs of the imports, each with itself as the value.
        files: IDs of the files, each with the ID of its import.
        signed_out: the session was not valid.
        error: temporary failure of a listing.
        taken: for each kind, a time before its listing was made; the listing shows no older state.
        elsewhere: snapshots of the files of other projects, by project ID.
        items: the listed items themselves.
    """

    imports: Parents | None = None
    files: Parents | None = None
    signed_out: bool = False
    error: ServiceError | None = None
    taken: Mapping[Kind, datetime] = field(default_factory=dict)
    elsewhere: Mapping[int, Snapshot] = field(default_factory=dict)
    items: Listed = _NOTHING

    def of(self, kind: Kind) -> Parents | None:
        """Return the items of one kind."""
        return self.imports if kind is Kind.IMPORT else self.files

    def has(self, target: PlanItem) -> bool | None:
        """Tell whether an item is in its own project; None when its listing failed."""
        there = self._around(target).of(target.key.kind)
        return None if there is None else target.key.id in there

    def taken_of(self, target: PlanItem) -> datetime | None:
        """Return a time before the listing of an item's kind in its project was made."""
        return self._around(target).taken.get(target.key.kind)

    def _around(self, target: PlanItem) -> Snapshot:
        return self.elsewhere.get(target.project_id, self)

    def below(self, import_id: int) -> frozenset[int]:
        """Return the IDs of the listed files of an import."""
        return frozenset(f for f, parent in (self.files or {}).items() if parent == import_id)

    def or_else(self, older: Snapshot) -> Snapshot:
        """Return this snapshot, with failed kinds replaced by those of an older one."""
        return Snapshot(
            older.imports if self.imports is None else self.imports,
            older.files if self.files is None else self.files,
            self.signed_out,
            self.error,
            {**older.taken, **self.taken},
            {
                number: self.elsewhere.get(number, Snapshot()).or_else(snapshot)
                for number, snapshot in older.elsewhere.items()
            },
            self.items,
        )


async def take_snapshot(
    neptun: Neptun,
    session: Session,
    project_id: int,
    kinds: Collection[Kind],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    others: Collection[int] = (),
) -> Snapshot:
    """List some kinds of items in a project, independently of each other.

    Args:
        neptun: the server.
        session: the account's session.
        project_id: ID of the project.
        kinds: kinds to list; the others are None in the snapshot.
        now: returns the current time, in UTC.
        others: IDs of other projects whose files are listed too, one after the other.
    """
    snapshot = await _look_at(neptun, session, project_id, kinds, now)
    found: dict[int, Snapshot] = {}
    for number in others:
        other = await _look_at(neptun, session, number, {Kind.FILE}, now)
        found[number] = replace(other, items=_NOTHING)  # not shown, and may be large
    every = (snapshot, *found.values())
    error = next((each.error for each in every if each.error), None)
    expired = any(each.signed_out for each in every)
    return replace(snapshot, signed_out=expired, error=error, elsewhere=found)


async def _look_at(
    neptun: Neptun,
    session: Session,
    project_id: int,
    kinds: Collection[Kind],
    now: Callable[[], datetime],
) -> Snapshot:
    moment = now()

    async def imports() -> Sequence[Import]:
        return await neptun.imports(session, project_id)

    async def files() -> Sequence[File]:
        return await neptun.files(session, project_id)

    asked: Mapping[Kind, Callable[[], Awaitable[Sequence[Any]]]]
    asked = {Kind.IMPORT: imports, Kind.FILE: files}
    wanted = [kind for kind in Kind if kind in kinds]
    answers = await asyncio.gather(
        *(retry(asked[kind], errors=TEMPORARY) for kind in wanted),
        return_exceptions=True,
    )
    got: dict[Kind, Any] = {}
    for kind, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, BaseException):
            # A listing that exceeds the memory of this machine counts as failed.
            if not isinstance(answer, ServiceError) and not exhausted(answer):
                raise answer
        else:
            got[kind] = answer
    if any(isinstance(a, AccessDenied) for a in answers) and await _is_gone(
        neptun, session, project_id
    ):
        return Snapshot({}, {}, taken=dict.fromkeys(Kind, moment))
    expired = any(isinstance(answer, SessionExpired) for answer in answers)
    error = next((answer for answer in answers if isinstance(answer, TEMPORARY)), None)
    parents = {kind: _parents(items) for kind, items in got.items()}
    return Snapshot(
        parents.get(Kind.IMPORT),
        parents.get(Kind.FILE),
        expired,
        error,
        dict.fromkeys(got, moment),
        items=Listed(got.get(Kind.IMPORT), got.get(Kind.FILE)),
    )


def _parents(items: Iterable[Import | File]) -> Parents:
    return {each.id: each.id if isinstance(each, Import) else each.import_id for each in items}


async def _is_gone(neptun: Neptun, session: Session, project_id: int) -> bool:
    """Tell whether the account's list of projects no longer contains this one.

    The list of a deleted account is empty (recorded exchange 9.03).
    """
    try:
        projects = await retry(lambda: neptun.projects(session), errors=TEMPORARY)
    except ServiceError:
        return False
    return all(project.id != project_id for project in projects)


@dataclass(slots=True)
class Attempts:
    """Attempts of one step, and their evidence.

    Attributes:
        evidence: one entry for each attempt, sent or not.
        error: error of the last attempt.
        sent_at: latest time at which the last byte was sent; None when no attempt was sent.
        snapshot: snapshot that verifies the result.
        moved_to: ID of the other project in which it was found.
        unsure: why other projects could lose files that were not confirmed; or empty.
    """

    step: PlanStep
    index: int
    evidence: list[Evidence] = field(default_factory=list)
    error: ServiceError | None = None
    sent_at: datetime | None = None
    snapshot: Snapshot = field(default_factory=Snapshot)
    moved_to: int | None = None
    unsure: str = ""

    def add(self, error: ServiceError | None, at: datetime) -> None:
        """Add the end of one attempt, with its time."""
        self.error = error
        self.evidence.append(evidence_of(error))
        if self.evidence[-1] is not Evidence.UNSENT:
            self.sent_at = at

    @property
    def processed(self) -> bool:
        """True if the server processed an attempt, or may have."""
        return any(each is not Evidence.UNSENT for each in self.evidence)

    @property
    def denied(self) -> bool:
        """True if the server denied access and the item is no longer in its project."""
        refused = bool(self.evidence) and self.evidence[-1] is Evidence.DENIED
        return refused and self.snapshot.has(self.step.target) is False

    @property
    def has_unconfirmed_files(self) -> bool:
        """True if an import contains files that were not confirmed."""
        target = self.step.target.key
        confirmed = {file.key.id for file in self.step.cascade}
        return target.kind is Kind.IMPORT and not self.snapshot.below(target.id) <= confirmed


def is_overdue(sent_at: datetime | None, listed_at: datetime | None) -> bool:
    """Tell whether a request could no longer be pending when a listing was made (contract §12)."""
    return sent_at is not None and listed_at is not None and listed_at - sent_at >= LATE_FOR


def outcomes_of(tries: Attempts, why_untried: str) -> Iterator[Outcome]:
    """Yield one outcome for the target and for each file of its cascade.

    Args:
        tries: attempts of the step.
        why_untried: reason why the run ended before the first attempt.
    """
    weight = max(tries.evidence, default=Evidence.UNSENT)
    target_listed = tries.snapshot.has(tries.step.target)
    for target in tries.step.everything:
        moved = tries.moved_to is not None and target is tries.step.target
        listed = moved or tries.snapshot.has(target)
        overdue = is_overdue(tries.sent_at, tries.snapshot.taken_of(target))
        with_import = bool(target_listed) and target is not tries.step.target
        verdict = decide(tries.evidence, listed, import_listed=with_import, overdue=overdue)
        reason = _moved(tries) if moved else _reason(verdict, tries, weight, listed)
        if verdict is Verdict.NOT_SENT and not tries.evidence:
            reason = why_untried
        if verdict is Verdict.UNKNOWN:
            yield Outcome(target, verdict, reason, weight, tries.sent_at)
        else:
            yield Outcome(target, verdict, reason)


def _moved(tries: Attempts) -> str:
    return f"It was moved to project {tries.moved_to}."


def _reason(verdict: Verdict, tries: Attempts, weight: Evidence, listed: bool | None) -> str:
    said = str(tries.error) if tries.error else ""
    if verdict is Verdict.KEPT and tries.unsure:
        return f"{said} {tries.unsure}, so it was not tried again."
    if verdict is Verdict.KEPT and tries.has_unconfirmed_files:
        return f"{said} It has got files that were not confirmed, so it was not tried again."
    return reason_of(verdict, weight, listed, said)


def reason_of(verdict: Verdict, weight: Evidence, listed: bool | None, said: str = "") -> str:
    """Return the reason of a result; empty for a deleted item.

    Args:
        verdict: result of the item.
        weight: the strongest evidence.
        listed: whether it was listed; None when the listing failed.
        said: error of the last attempt, if known.
    """
    accepted = "Accepted, not yet confirmed." if not listed else "Accepted."
    said = said or (accepted if weight is Evidence.ACCEPTED else "No answer came.")
    match verdict:
        case Verdict.DELETED:
            return ""
        case Verdict.ALREADY_GONE:
            return "It was no longer in this project."
        case Verdict.UNKNOWN if listed:
            return f"{said} Still listed; it may still be carried out."
        case Verdict.UNKNOWN:
            return f"{said} Neptun's listing could not be had."
        case Verdict.KEPT if weight in (Evidence.ACCEPTED, Evidence.IN_DOUBT):
            return f"{said} Still listed {LATE_FOR.seconds // 60} minutes later."
        case _:
            return said
