"""Renew the stored context of a project, and verify that it contains no deleted items.

A delete does not change the stored context (contract §9). One POST renews it; the result is read
from the project itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from neptun_tui.api.retry import TEMPORARY, retry
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    AccessDenied,
    ServiceError,
    SessionExpired,
    StorageError,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import Kind, Project, StoredContext
from neptun_tui.domain.results import Report, Verdict
from neptun_tui.domain.stored_context import (
    ContextResult,
    ContextState,
    Difference,
    compare,
    held,
    of_items,
)
from neptun_tui.services.ports import Neptun
from neptun_tui.storage.journal import RunLog

T = TypeVar("T")

_RENEW_AGAIN = tuple(each for each in TEMPORARY if each is not UnusableAnswer)
"""Failures after which a context is renewed again, which does no harm. After an unusable answer
the check that follows decides."""

_GONE = (Verdict.DELETED, Verdict.ALREADY_GONE)
_STOPPED = "The job was stopped."
_CHECKS = 2
"""Concurrent downloads of contexts: each is as large as the project's files."""

SIGNED_OUT = "The session has ended."


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits for the retries of a renewal.

    Attributes:
        over: tells whether requests may no longer be sent.
        sleep: waits the given seconds, or until ``over``.
    """

    over: Callable[[], bool] = lambda: False
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


_PATIENT = Patience()


@dataclass(frozen=True, slots=True)
class Scope:
    """Fingerprints of the items that a job deleted, and of those that its listing still has."""

    deleted: StoredContext
    remaining: StoredContext


async def scope_of(
    listing: Listing,
    deleted: Collection[ResourceRef],
    uncertain: Collection[ResourceRef] = (),
    other: int | None = None,
) -> Scope:
    """Return the fingerprints of deleted and remaining items.

    The context of a project contains files of other projects that belong to its imports.

    Args:
        listing: listing that confirmed the plan, with the contents.
        deleted: refs of deleted items.
        uncertain: refs of items that may be deleted; they count as neither.
        other: ID of another project, of which only the files of the plan are known.
    """
    strangers = listing.elsewhere.files if listing.elsewhere else ()
    imports, files = listing.imports, (*listing.files, *strangers)
    if other is not None:
        imports, files = (), tuple(file for file in strangers if file.project_id == other)

    def make() -> Scope:
        gone = {*deleted, *uncertain}
        left = [ResourceRef(Kind.IMPORT, item.id) for item in imports]
        left += [ResourceRef(Kind.FILE, file.id) for file in files]
        return Scope(
            of_items(imports, files, deleted),
            of_items(imports, files, [key for key in left if key not in gone]),
        )

    return await asyncio.to_thread(make)


async def renew_stored_context(
    neptun: Neptun,
    session: Session,
    project_id: int,
    scope: Scope | None = None,
    patience: Patience = _PATIENT,
) -> ContextResult:
    """Renew a stored context and verify that it contains no deleted items.

    Args:
        neptun: the server.
        session: the account's session.
        project_id: ID of the project.
        scope: deleted and remaining items. Without it, all items that do not exist count as
            deleted.
        patience: limits of the retries.

    Returns:
        The result, including failures of the server.

    Raises:
        SessionExpired: the session is not valid.
    """
    result = await _renew_once(neptun, session, project_id, scope, patience)
    if result.state is ContextState.HOLDS and not result.reason:
        result = await _renew_once(neptun, session, project_id, scope, patience)
    return result


async def renew_after_run(
    neptun: Neptun,
    session: Session,
    report: Report,
    listing: Listing | None,
    *,
    log: RunLog | None = None,
    keep: bool = False,
    why_not: str = "",
    patience: Patience = _PATIENT,
) -> dict[int, ContextResult]:
    """Renew the stored contexts of a run's projects, after the results of all deletes.

    Args:
        neptun: the server.
        session: the account's session.
        report: report of the run.
        listing: listing that confirmed its plan, with the contents.
        log: journal of the request, before it is sent, and of its result.
        keep: whether to leave the stored context unchanged.
        why_not: why the request cannot be journaled; it is not sent then.
        patience: limits of the retries.

    Returns:
        The results by project ID, without projects that certainly lost nothing.
    """
    home = report.plan.project.id
    gone = [each.target for each in report.outcomes if each.verdict in _GONE]
    maybe = [each.target for each in report.outcomes if each.verdict is Verdict.UNKNOWN]
    lost = {target.project_id for target in (*gone, *maybe)}
    why_not = why_not or (_STOPPED if report.stopped else "")
    why_not = why_not or (SIGNED_OUT if report.signed_out else "")
    results: dict[int, ContextResult] = {}
    for number in (home, *sorted(lost - {home})) if lost else ():
        if not keep and not why_not:
            lost_keys, doubtful = [t.key for t in gone], [t.key for t in maybe]
            other = None if number == home else number
            scope = await scope_of(listing, lost_keys, doubtful, other) if listing else None
            result = await renew_journaled(
                neptun, session, number, scope, log=log, patience=patience
            )
            why_not = SIGNED_OUT if result.reason == SIGNED_OUT else ""
            results[number] = result
            continue
        results[number] = ContextResult(ContextState.LEFT)
        if not keep:
            results[number] = ContextResult(ContextState.UNKNOWN, reason=why_not)
        if log:
            with suppress(StorageError):  # writing the end of the run fails too, and reports it
                await asyncio.to_thread(log.context, results[number], number)
    return results


async def renew_journaled(
    neptun: Neptun,
    session: Session,
    project_id: int,
    scope: Scope | None = None,
    *,
    log: RunLog | None,
    patience: Patience = _PATIENT,
) -> ContextResult:
    """Renew a stored context, with an intent and a result in the journal."""
    if log:
        try:
            await asyncio.to_thread(log.renewing, project_id)
        except StorageError as error:
            return ContextResult(ContextState.UNKNOWN, reason=str(error))
    try:
        result = await renew_stored_context(neptun, session, project_id, scope, patience)
    except SessionExpired:
        result = ContextResult(ContextState.UNKNOWN, reason=SIGNED_OUT)
    if log:
        with suppress(StorageError):
            await asyncio.to_thread(log.context, result, project_id)
    return result


async def _renew_once(
    neptun: Neptun, session: Session, project_id: int, scope: Scope | None, patience: Patience
) -> ContextResult:
    made: StoredContext | None = None
    refusal, sent = "", False

    async def renew() -> StoredContext:
        nonlocal sent
        if patience.over():
            raise ServiceError(_STOPPED)
        try:
            return await neptun.renew_context(session, project_id)
        except Unreachable:
            raise
        except ServiceError:
            sent = True
            raise

    try:
        made = await retry(renew, errors=_RENEW_AGAIN, sleep=patience.sleep)
    except SessionExpired:
        raise
    except AccessDenied as error:
        return await _denied(neptun, session, project_id, error)
    except ServiceError as error:
        refusal = str(error)
    try:
        return await _verify(neptun, session, project_id, scope, made, refusal)
    except SessionExpired:
        raise
    except ServiceError as error:
        unreachable = isinstance(error, Unreachable) and made is None and not sent
        return ContextResult(ContextState.UNKNOWN, (), refusal or str(error), unreachable)


async def _verify(
    neptun: Neptun,
    session: Session,
    project_id: int,
    scope: Scope | None,
    made: StoredContext | None,
    refusal: str,
) -> ContextResult:
    """Check the context that the project has now; get a live context only if it is suspect.

    Raises:
        ServiceError: a request failed.
    """
    project = await _patiently(lambda: neptun.project(session, project_id))
    stored = project.stored_context
    if stored is None:
        state = ContextState.ABSENT if made is None else ContextState.UNKNOWN
        return ContextResult(state, reason="Neptun sends no stored context with the project.")
    clean = ContextResult(
        ContextState.CLEAN if made is None else ContextState.RENEWED, project=project
    )
    if not _is_suspect(stored, scope, made):
        return clean
    live = await _patiently(lambda: neptun.live_context(session, project_id))
    found = held(stored, live, scope.deleted) if scope else _stale(compare(stored, live))
    if not found:
        return clean
    counted = tuple((kind, found[kind]) for kind in Kind if found[kind])
    return ContextResult(ContextState.HOLDS, counted, refusal, project=project)


def _is_suspect(stored: StoredContext, scope: Scope | None, made: StoredContext | None) -> bool:
    """Tell whether a context may contain deleted items, without another request."""
    if scope and held(stored, scope.remaining, scope.deleted):
        return True
    if made is None:
        return scope is None
    return bool(_stale(compare(stored, made)))


def _stale(found: Difference) -> Counter[Kind]:
    """Count items that do not exist, including old contents of existing files."""
    return found.gone + Counter({Kind.FILE: found.changed})


async def _denied(
    neptun: Neptun, session: Session, project_id: int, error: AccessDenied
) -> ContextResult:
    """Distinguish a project that no longer exists from one without access."""
    try:
        projects = await _patiently(lambda: neptun.projects(session))
    except ServiceError:
        return ContextResult(ContextState.UNKNOWN, reason=str(error))
    if project_id in {project.id for project in projects}:
        return ContextResult(ContextState.UNKNOWN, reason=str(error))
    return ContextResult(ContextState.ABSENT, reason="The project no longer exists.")


async def check_stored_context(
    neptun: Neptun, session: Session, project: Project, listing: Listing | None = None
) -> Difference | None:
    """Check whether a stored context is out of date.

    Args:
        neptun: the server.
        session: the account's session.
        project: the listed project, with its stored context.
        listing: its listing; saves the download of a live context unless there is a difference.

    Returns:
        The difference; None when the project has no stored context.

    Raises:
        ServiceError: a request failed.
    """
    stored = project.stored_context
    if stored is None:
        return None
    if not stored.items:
        return Difference(Counter())
    if listing and not listing.problem:
        known = await asyncio.to_thread(of_items, listing.imports, listing.files)
        found = await asyncio.to_thread(compare, stored, known)
        if not _stale(found):
            return found
    live = await _patiently(lambda: neptun.live_context(session, project.id))
    return await asyncio.to_thread(compare, stored, live)


async def check_known_project(
    neptun: Neptun, session: Session, project: Project, listing: Listing
) -> tuple[Project, Difference | None]:
    """Check a project that was listed earlier; fetch it again only if there is a difference.

    Returns:
        The project with the checked context, and the difference.

    Raises:
        ServiceError: a request failed.
    """
    if (stored := project.stored_context) is None:
        return project, None
    known = await asyncio.to_thread(of_items, listing.imports, listing.files)
    found = await asyncio.to_thread(compare, stored, known)
    if _stale(found):
        project = await _patiently(lambda: neptun.project(session, project.id))
        return project, await check_stored_context(neptun, session, project, listing)
    return project, found


async def check_stored_contexts(
    neptun: Neptun, session: Session, projects: Iterable[Project]
) -> dict[int, Difference | ServiceError | None]:
    """Check the stored contexts of several projects, a few at a time; return them by project ID.

    Raises:
        SessionExpired: the session is not valid.
    """
    slots = asyncio.Semaphore(_CHECKS)

    async def check(project: Project) -> Difference | ServiceError | None:
        async with slots:
            try:
                return await check_stored_context(neptun, session, project)
            except SessionExpired:
                raise
            except ServiceError as error:
                return error

    wanted = list(projects)
    found = await asyncio.gather(*(check(project) for project in wanted))
    return {project.id: each for project, each in zip(wanted, found, strict=True)}


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    return await retry(call, errors=TEMPORARY)
