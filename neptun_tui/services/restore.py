"""Restore job: re-create imports and files from a backup, without duplicates.

Each request is logged before it is sent, and each new ID as soon as it is known. If a response is
lost, the item is searched in the listing: a new item that no other request created and that equals
the posted one in every field is that item. Neptun may execute a request minutes after it lost the
connection (contract §12), so it is not sent again before that time is over; until then the item is
unknown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from types import MappingProxyType
from typing import Final, ParamSpec, Protocol, TypeVar

from neptun_tui.api.encoding import has_markup
from neptun_tui.api.retry import TEMPORARY, backoff, retry
from neptun_tui.domain.account import Session
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    CannotPlan,
    InvalidId,
    OutcomeUnknown,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    StorageError,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.domain.results import LATE_FOR
from neptun_tui.domain.stored_context import ContextResult, ContextState
from neptun_tui.services.brake import OUTAGE_PAUSE
from neptun_tui.services.concurrency import MOST_IN_FLIGHT
from neptun_tui.services.job import Job, Phase, Renewal, RunningJob
from neptun_tui.services.ports import Neptun
from neptun_tui.services.restore_matching import (
    Listed,
    Post,
    RestoreItem,
    UnmatchedItems,
    current_import_ids,
    expected,
    skip_existing,
    stand_in,
)
from neptun_tui.services.restore_models import (
    BackupContents,
    Item,
    RestoreOutcome,
    RestoreReport,
    RestoreStatus,
    key,
)
from neptun_tui.services.stored_context import SIGNED_OUT, Patience, renew_stored_context
from neptun_tui.storage.process import LIMITS, exhausted
from neptun_tui.storage.restore_log import OpenPost

LOOKS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between searches for pending requests; after the last one the item is unknown."""

_ANSWERED = (404, 500)
"""Statuses of the server itself after a failed attempt (contract §1 and §2)."""

_NO_PROJECT = "The project no longer exists, and could not be made again."
_MAY_GO = "{} is listed and may still be deleted: restore again in {} min."
_LOST_PROJECT = "Its project no longer exists. Restore it into another."
_NO_LISTING = " Without a listing nothing is restored."
P = ParamSpec("P")
T = TypeVar("T")


class Notes(Protocol):
    """Protocol of the restore log. Each method may raise ``StorageError``."""

    def note_before(self, keys: Collection[ResourceRef], project: int = 0) -> None:
        """Record the items that were listed before the first POST."""

    def note_posting(
        self, old: ResourceRef | None, under: int | None = None, others: Iterable[int] = ()
    ) -> None:
        """Record that a POST may be sent."""

    def note_answered(self, old: ResourceRef | None) -> None:
        """Record that a POST created nothing and never will."""

    def note_restored(self, old: ResourceRef, new_id: int) -> None:
        """Record that an item was restored."""

    def note_project(self, new_id: int) -> None:
        """Record that the project was re-created."""


class _Ended(ServiceError):
    """The restore ended while an item waited for another attempt."""


class RestoreRun(Job):
    """Restore job of one backup. Pass :meth:`run` to the client thread; poll :attr:`progress`.

    Args:
        session: session of the items' account.
        saved: contents of the backup.
        wanted: refs of the items to restore; None for all. A file's import is added if necessary.
        done: new IDs by old refs, from earlier attempts.
        notes: restore log; a ``StorageError`` from it ends the restore.
        before: ``RestoreReport.before`` of the first attempt, from the report or the log. With it,
            an item that was created but not logged is recognised, not created twice.
        posts: POSTs of earlier attempts without a logged response; those of the project under None.
        deleting: items that the server may still delete, with the seconds since the last byte of
            the DELETE was sent. They may be listed and disappear later.
        replacements: projects created in place of the backup's own, newest first.
        into_project: ID of another destination project.
        into_import: ID of an import that gets the files, without their imports.
        renew_context: whether to renew the stored context after the last POST; None leaves it
            unchanged and out of the report.
        in_flight: maximum number of concurrent requests.
        renew: asks the user to sign in again when the session has ended; the restore then
            continues.
        outage_seconds: seconds to wait for an unreachable server.
    """

    verb = "Restoring"

    def __init__(
        self,
        session: Session,
        saved: BackupContents,
        wanted: Collection[ResourceRef] | None = None,
        *,
        done: Mapping[ResourceRef, int],
        notes: Notes,
        before: Collection[ResourceRef] | None = None,
        posts: Mapping[ResourceRef | None, Sequence[OpenPost]] | None = None,
        deleting: Mapping[ResourceRef, float] = MappingProxyType({}),
        replacements: Sequence[int] = (),
        into_project: int | None = None,
        into_import: int | None = None,
        renew_context: bool | None = None,
        in_flight: int = MOST_IN_FLIGHT,
        renew: Renewal | None = None,
        outage_seconds: float = 0,
    ) -> None:
        super().__init__(session, renew=renew, outage_seconds=outage_seconds, in_flight=in_flight)
        self.saved = saved
        self._done = dict(done)
        self._notes = notes
        self._before = None if before is None else frozenset(before)
        self._open = dict(posts or {})
        self._replacements = replacements
        self._project = into_project or saved.project_id
        self._elsewhere = into_project
        self._into = into_import
        self._others = () if into_project else saved.other_ids
        self._lost_projects: set[int] = set()
        self._renew_context = renew_context
        self._contexts: dict[int, ContextResult] = {}
        self._claimed = {ResourceRef(old.kind, new_id) for old, new_id in done.items()}
        items = saved.chosen(wanted)
        if into_import is not None:
            items = tuple(item for item in items if isinstance(item, File))
        self._works = [RestoreItem(item, saved.run_id) for item in items]
        self._imports: dict[int, RestoreItem] = {}
        self._became: dict[int, int] = {}
        self._listed: Listed | None = None
        self._listed_at = 0.0
        self._unlisted: ServiceError | None = None
        self._project_made = self._replaced = self._undecided = False
        self._misnamed = ""
        self._retry_after = 0.0
        self._waited = 0.0
        self._gone_by = {
            each: self._began + LATE_FOR.total_seconds() - age for each, age in deleting.items()
        }

    def _counts(self) -> tuple[int, int, int]:
        works = self._works
        return len(works), sum(work.result is not None for work in works), len(works)

    async def preview(self, neptun: Neptun) -> RestoreReport:
        """Predict the result of :meth:`run` for each item from a listing, without changes or logs.

        Raises:
            CannotPlan: the destination project or import does not exist.
            SessionExpired: the session is not valid.
        """
        listed = await self._find_place(neptun, make=False)
        if listed is None:
            if isinstance(self._unlisted, SessionExpired):
                raise self._unlisted
            return self._end_unlisted()
        earlier = self._before is not None
        await self._prepare(listed)
        there = (RestoreStatus.ALREADY_RESTORED, RestoreStatus.STILL_THERE)
        done_before = all(work.result in there and not work.unfinished for work in self._works)
        known = listed if earlier else {}
        self._adopt(
            self._works, known, self._listed_at, RestoreStatus.ALREADY_RESTORED, noted=False
        )
        self._see_twins(listed)
        for work in self._of(Kind.FILE):
            parent = self._imports.get(_import_of(work))
            if work.result is None and parent and parent.pending and parent.result is None:
                work.end(RestoreStatus.UNKNOWN, "Its import is looked for first.")
        missing = self._project_made and not self._replaced
        report = self._report(expected(self._works), 0 if missing else self._project)
        name = await self._target_name(neptun)
        return replace(report, project_name=name, done_before=done_before and bool(self._works))

    async def _target_name(self, neptun: Neptun) -> str:
        """Return the name of the project given to restore into; empty if none or unknown."""
        if (number := self._elsewhere) is None:
            return ""
        found = await self._ask(lambda: neptun.project(self._session, number))
        return found.name if found else ""

    async def run(self, neptun: Neptun) -> RestoreReport:
        """List the project, post the missing items, and verify them with another listing.

        Args:
            neptun: the server.

        Returns:
            A report with exactly one outcome for each item. Errors of the server become outcomes
            and are not raised.

        Raises:
            InvalidId: the project ID is not valid; nothing was sent.
            CannotPlan: the destination project or import does not exist; nothing was sent.
        """
        listed = await self._find_place(neptun, make=True)
        if listed is None:
            return self._end_unlisted()
        try:
            await self._restore_all(neptun, listed)
            await self._renew_stored_contexts(neptun)
        except LIMITS as error:
            self._error = self._error or _spent(error)
            for work in self._works:
                if self._phase is not Phase.RENEWING:
                    work.check(None)
        why = self._halted or "Not sent: the restore ended first."
        if not self._stop.is_set() and self._error:
            why = f"The restore was ended early. {self._error}"
        return self._end(why)

    def _end_unlisted(self) -> RestoreReport:
        """Return the report of a restore that could not start, because the listing failed."""
        known = self._signed_out or self._project_made
        return self._end(f"{self._unlisted}{'' if known else _NO_LISTING}", self._unlisted)

    def _end(self, why: str, unlisted: ServiceError | None = None) -> RestoreReport:
        for work in self._works:
            work.conclude(why)
        self._finish_progress()
        outcomes = tuple(work.outcome() for work in self._works)
        return self._report(outcomes, self._project, unlisted)

    def _report(
        self,
        outcomes: tuple[RestoreOutcome, ...],
        project_id: int,
        unlisted: ServiceError | None = None,
    ) -> RestoreReport:
        return RestoreReport(
            outcomes,
            self._before,
            self._stop.is_set(),
            self._signed_out,
            self._error,
            unlisted,
            project_id,
            self._project_made,
            self._undecided,
            self._misnamed,
            self._contexts.get(self._project),
            self._halted,
            {n: each for n, each in self._contexts.items() if n != self._project},
            not self._elsewhere,
        )

    async def _restore_all(self, neptun: Neptun, listed: Listed) -> None:
        earlier: Listed = {} if self._before is None else listed
        await self._prepare(listed)
        if self._before is None:
            self._before = frozenset(listed)
            if any(work.result is None for work in self._works):
                place = noted_place(self._elsewhere, self.saved.project_id)
                self._record(self._notes.note_before, self._before, place)
        self._phase = Phase.SENDING
        await self._restore(neptun, self._of(Kind.IMPORT), earlier)
        await self._restore(neptun, self._of(Kind.FILE), earlier)
        await self._house_orphans(neptun, earlier)
        if any(
            work.doubt or work.result is RestoreStatus.RESTORED or work.unfinished
            for work in self._works
        ):
            self._phase = Phase.CHECKING
            moment = time.monotonic()
            latest = await self._list(neptun, *Kind)
            self._confirm(latest, moment)
            self._see_twins(latest)
        else:
            self._see_twins(listed)

    async def _renew_stored_contexts(self, neptun: Neptun) -> None:
        """Renew the stored contexts, which lack the restored items (contract §9).

        The context of the import's project contains the files of other projects too.
        """
        wanted = self._renew_context
        back = {work.project_id for work in self._works if work.result is RestoreStatus.RESTORED}
        if wanted is None or not back:
            return
        projects = (self._project, *sorted(back - {self._project}))
        if not wanted:
            self._contexts = dict.fromkeys(projects, ContextResult(ContextState.LEFT))
            return
        self._phase = Phase.RENEWING
        patience = Patience(self._stop.is_set, self._wait)
        for number in projects:
            self._contexts[number] = await self._renew_one(neptun, number, patience)

    async def _renew_one(self, neptun: Neptun, number: int, patience: Patience) -> ContextResult:
        while not self._signed_out:
            try:
                return await renew_stored_context(neptun, self._session, number, patience=patience)
            except SessionExpired:
                self._signed_out = True
                await self._signed_in_again()
            except LIMITS as error:
                return ContextResult(ContextState.UNKNOWN, reason=_spent(error))
        return ContextResult(ContextState.UNKNOWN, reason=SIGNED_OUT)

    # The project -----------------------------------------------------------------------------

    async def _find_place(self, neptun: Neptun, *, make: bool) -> Listed | None:
        """List the destination project; re-create it if it no longer exists.

        Args:
            neptun: the server.
            make: whether to re-create it; otherwise a missing project counts as empty.

        Returns:
            Its items; None when the listing failed.
        """
        self._listed_at = time.monotonic()
        listed = await self._list(neptun, *Kind)
        if listed is not None or not isinstance(self._unlisted, AccessDenied):
            return listed
        denied = self._unlisted
        there = await self._ask(lambda: neptun.projects(self._session))
        if there is None:
            return None
        numbers = {project.id for project in there}
        if self._project in numbers:
            self._unlisted = denied
            return None
        if self._elsewhere or self.saved.project is None:
            raise CannotPlan(f"This account has no project {self._project}. Nothing was sent.")
        self._unlisted, self._project_made = None, True
        self._before = frozenset()
        found = next((number for number in self._replacements if number in numbers), None)
        if found is None and not make:
            return {}
        if found is None:
            found = await self._make_project(neptun, self.saved.project, there)
        if found is None:
            return None
        self._project, self._replaced = found, True
        if make:
            await self._name_project(neptun, self.saved.project)
        return await self._list(neptun, *Kind)

    async def _make_project(
        self, neptun: Neptun, project: Project, there: Sequence[Project]
    ) -> int | None:
        """Create the project, unless an earlier restore has; None when that is not certain."""
        posted = self._posted_project(project)
        posts = [Post.of_earlier(post, self._began) for post in self._open.get(None, [])]
        others = frozenset(n for post in self._open.get(None, []) for n in post.others)
        if posts:
            found = await self._find_project(neptun, posted, others, posts)
            if found is not None:
                self._record(self._notes.note_project, found)
                return found
        if self._undecided or self._over:
            return None
        numbers = [each.id for each in there]
        number: int | None = None
        self._record(self._notes.note_posting, None, None, numbers)
        if self._error:
            return None
        try:
            made = await retry(
                lambda: neptun.create_project(self._session, posted),
                errors=(Unreachable,),
            )
        except ServiceError as error:
            if not _is_doubtful(error):
                self._signed_out = self._signed_out or isinstance(error, SessionExpired)
                self._record(self._notes.note_answered, None)
                if await self._signed_in_again():
                    return await self._make_project(neptun, project, there)
                error.args = (f"{_NO_PROJECT} {error}",)
                self._unlisted = error
                return None
            posts = [Post(time.monotonic() + LATE_FOR.total_seconds(), None)]
            number = await self._find_project(neptun, posted, numbers, posts)
        else:
            number = made.id
        if number is not None:
            self._record(self._notes.note_project, number)
        return number

    async def _find_project(
        self, neptun: Neptun, posted: Project, others: Collection[int], posts: Sequence[Post]
    ) -> int | None:
        """Find a project that a request without a response has created."""
        for wait in (backoff(1), *LOOKS):
            moment = time.monotonic()
            there = await self._ask(lambda: neptun.projects(self._session))
            alike = [p.id for p in there or () if p.id not in others and _is_same(p, posted)]
            if alike:
                self._undecided = False
                return max(alike)
            self._undecided = there is None or any(post.until > moment for post in posts)
            if not self._undecided or self._over:
                break
            self._phase = Phase.WAITING
            await self._wait(wait)
        if self._undecided:
            said = "The project is being made again, and is not listed yet. Restore again later."
            self._unlisted = OutcomeUnknown(said)
        return None

    def _posted_project(self, project: Project) -> Project:
        """Return the project, with a placeholder if POST rejects its texts (contract §10)."""
        if has_markup([project.name, project.description]):
            return replace(project, name=f"neptun-tui-restore {self.saved.run_id}", description="")
        return project

    async def _name_project(self, neptun: Neptun, project: Project) -> None:
        """Set the name and description of a project that was created with a placeholder."""
        posted = self._posted_project(project)
        if posted is project:
            return
        there = await self._ask(lambda: neptun.projects(self._session))
        if any(p.id == self._project and p.name == posted.name for p in there or ()):
            changes = {"name": project.name, "description": project.description}
            try:
                await retry(
                    lambda: neptun.change_project(self._session, self._project, changes),
                    errors=TEMPORARY,
                )
            except ServiceError as error:
                self._misnamed = f"The project's own name could not be set. {error}"

    # The items -------------------------------------------------------------------------------

    def _of(self, kind: Kind) -> list[RestoreItem]:
        return [work for work in self._works if work.key.kind is kind]

    async def _prepare(self, listed: Listed) -> None:
        if self._into is not None and ResourceRef(Kind.IMPORT, self._into) not in listed:
            raise CannotPlan(
                f"Project {self._project} has no import {self._into}. Nothing was sent."
            )
        self._listed = listed
        for work in self._works:
            self._settle_home(work)
        if self._into is None:
            imports, files = skip_existing(self._works, self.saved, listed, self._done)
        else:
            imports, files = [], self._works
            for work in files:
                work.recall(listed, self._done)
        self._imports = {work.item.id: work for work in imports}
        self._became = current_import_ids(listed, self._done)
        self._works = [*imports, *files]
        for work in imports:
            work.project_id = self._project
        self._doubt_what_may_go()
        await asyncio.to_thread(_foresee, self._works)
        for work in self._works:
            work.posts = [
                Post.of_earlier(post, self._began) for post in self._open.get(work.key, [])
            ]
            self._place(work)

    def _doubt_what_may_go(self) -> None:
        """Treat items that the server may still delete as unknown, and post no files to them."""
        for work in self._works:
            number = self._into or self._became.get(_import_of(work), _import_of(work))
            if minutes := self._minutes_left(work.new_key):
                work.end(RestoreStatus.UNKNOWN, _MAY_GO.format("It", minutes))
                work.new_id, work.unfinished = None, False
            elif work.result is None and (
                minutes := self._minutes_left(ResourceRef(Kind.IMPORT, number))
            ):
                work.end(RestoreStatus.NOT_SENT, _MAY_GO.format(f"Import {number}", minutes))

    def _minutes_left(self, item: ResourceRef) -> int:
        """Return the whole minutes in which the server may still delete a listed item, or 0."""
        until = self._gone_by.get(item, 0.0)
        if item not in (self._listed or {}) or until <= self._listed_at:
            return 0
        return max(1, -(-int(until - time.monotonic()) // 60))

    def _settle_home(self, work: RestoreItem) -> None:
        """Set the destination project of an item; a file of another project returns to that."""
        item = work.item
        work.project_id = self._project
        if isinstance(item, File) and item.project_id in self._others:
            work.project_id = work.other_project = item.project_id
            if item.project_id in self._lost_projects and work.result is None:
                work.end(RestoreStatus.NOT_SENT, _LOST_PROJECT)

    def _place(self, work: RestoreItem, *, last: bool = False) -> None:
        if self._into is not None:
            work.under = self._into
        else:
            work.place(self._imports, self._became, self._listed or {}, last=last)

    async def _restore(self, neptun: Neptun, batch: Sequence[RestoreItem], earlier: Listed) -> None:
        """Post items of one kind; search those with a lost response, and retry once."""
        for work in batch:
            self._place(work, last=True)
        self._adopt(batch, earlier, self._listed_at, RestoreStatus.ALREADY_RESTORED)
        sent: set[RestoreItem] = set()
        for _ in range(2):
            ready = [w for w in batch if w.result is None and not w.pending and not w.orphaned]
            ready = [work for work in ready if work.doubt or work not in sent]
            sent.update(ready)
            await self._send(neptun, ready)
            await self._look_for(neptun, batch)
            if self._over:
                break
        await self._finish(neptun, [work for work in batch if work.unfinished and work.new_id])

    async def _look_for(self, neptun: Neptun, batch: Sequence[RestoreItem]) -> None:
        """Search items of requests without a response, while the server may execute them."""
        for wait in (max(self._retry_after, backoff(1)), *LOOKS):
            lost = [w for w in batch if w.result is None and (w.doubt or w.pending)]
            lost = [work for work in lost if not work.orphaned]
            if not lost:
                return
            await self._wait(wait)
            moment = time.monotonic()
            listed = await self._list(neptun, lost[0].key.kind)
            if listed is not None:
                self._adopt(lost, listed, moment, RestoreStatus.RESTORED)
            if self._over or not any(w.pending for w in lost if w.result is None):
                return
            self._phase = Phase.WAITING
        self._phase = Phase.SENDING

    async def _send(self, neptun: Neptun, batch: Iterable[RestoreItem]) -> None:
        """Post each item once; after a new sign-in, repeat those that the server rejected."""
        left = list(batch)
        while True:
            self._phase = Phase.SENDING
            answered: set[RestoreItem] = set()
            async with asyncio.TaskGroup() as group:
                for work in left:
                    group.create_task(self._one(neptun, work, answered))
            if not await self._signed_in_again():
                return
            left = [work for work in left if work not in answered]

    async def _one(self, neptun: Neptun, work: RestoreItem, answered: set[RestoreItem]) -> None:
        """Post one item, and add it to ``answered`` unless the session was rejected."""

        async def attempt() -> ServiceError | None:
            error = await self._attempt(neptun, work)
            if isinstance(error, (SessionExpired, _Ended)):
                answered.discard(work)
            else:
                answered.add(work)
            return error

        async with self._limit:
            await self._persist(attempt)

    async def _attempt(self, neptun: Neptun, work: RestoreItem) -> ServiceError | None:
        """Post one item; retry only after errors that prove it was not processed."""
        self._record(self._notes.note_posting, work.key, work.under)
        if self._error:
            return _Ended("")
        try:
            new_id = await retry(lambda: self._weighed(neptun, work), errors=(Unreachable, Busy))
        except ServiceError as error:
            self._fail(work, error)
            return error
        except InvalidId as error:
            self._record(self._notes.note_answered, work.key)
            work.end(RestoreStatus.REFUSED, str(error))
        except LIMITS as error:
            # The other requests must finish and be reported; this one may have been sent.
            self._error = _spent(error)
            self._fail(work, OutcomeUnknown(self._error))
        else:
            work.unfinished = bool(work.steps and work.steps.changes)
            self._succeed(work, new_id, RestoreStatus.RESTORED)
        return None

    async def _weighed(self, neptun: Neptun, work: RestoreItem) -> int:
        """Post one item, and note the end of the request."""
        began = perf_counter()
        try:
            new_id = await self._post(neptun, work)
        except ServiceError as error:
            # The response to a file without an import looks like a server failure, but is not one.
            if not isinstance(error, _Ended) and not (work.lonely and _lacks_import(error)):
                self._note(error, began)
            raise
        self._note(None, began)
        return new_id

    def _fail(self, work: RestoreItem, error: ServiceError) -> None:
        """Record the error of an item's request."""
        if _is_doubtful(error):
            work.doubt, work.missing = error, False
            work.posts.append(Post(time.monotonic() + LATE_FOR.total_seconds(), work.under))
            return
        self._record(self._notes.note_answered, work.key)
        if isinstance(error, SessionExpired):
            self._signed_out = True
        elif work.lonely and _lacks_import(error):
            work.doubt, work.orphaned = error, True
        elif isinstance(error, ServerFailed):
            work.doubt, work.missing = error, False
        elif isinstance(error, (Rejected, AccessDenied)):
            work.end(RestoreStatus.REFUSED, str(error))
        elif isinstance(error, _Ended) or self._brake.waits_for(error):
            pass  # it may still be sent
        elif work.doubt is None:
            work.end(RestoreStatus.NOT_SENT, str(error))

    async def _post(self, neptun: Neptun, work: RestoreItem) -> int:
        if self._over:
            raise _Ended("")
        try:
            if isinstance(work.item, Import):
                posted = work.steps.posted if work.steps else work.item
                return (await neptun.create_import(self._session, work.project_id, posted)).id
            return (
                await neptun.create_file(self._session, work.project_id, work.item, work.under)
            ).id
        except Busy as error:
            if error.status == 429:
                raise
            # A proxy in front of Neptun may send this even after it has forwarded the request.
            self._retry_after = max(self._retry_after, backoff(1, error.retry_after))
            failure = OutcomeUnknown(str(error), status=error.status)
        raise failure

    async def _finish(self, neptun: Neptun, works: Sequence[RestoreItem]) -> None:
        """Set the own path and remaining fields of imports that were created with a placeholder."""

        async def change(work: RestoreItem, done: set[RestoreItem]) -> None:
            async with self._limit:
                steps, number = work.steps, work.new_id or 0
                if steps is None or self._signed_out:
                    return
                try:
                    await retry(
                        lambda: neptun.change_import(
                            self._session, self._project, number, steps.changes
                        ),
                        errors=TEMPORARY,
                    )
                except SessionExpired:
                    self._signed_out = True
                    return
                except ServiceError as error:
                    work.reason = str(error)
                except LIMITS as error:
                    work.reason = self._error = _spent(error)
                done.add(work)

        while True:
            done: set[RestoreItem] = set()
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(change(work, done))
            if not await self._signed_in_again():
                return
            works = [work for work in works if work not in done]

    async def _house_orphans(self, neptun: Neptun, earlier: Listed) -> None:
        """Create imports for files whose own no longer exists and is in no backup; post them."""
        orphans = [w for w in self._works if w.orphaned and w.result is None]
        if not orphans or self._over:
            return
        alive = {_import_of(w) for w in self._of(Kind.FILE) if w.result is RestoreStatus.RESTORED}
        for number in sorted({_import_of(work) for work in orphans} - alive):
            made = RestoreItem(stand_in(number, self._project), self.saved.run_id, taken_along=True)
            made.project_id = self._project
            made.recall(self._listed or {}, self._done)
            made.posts = [
                Post.of_earlier(post, self._began) for post in self._open.get(made.key, [])
            ]
            self._imports[number] = made
        made_now = [work for work in self._imports.values() if work not in self._works]
        self._works = [*made_now, *self._works]
        await self._restore(neptun, made_now, earlier)
        for work in orphans:
            work.orphaned = False
            self._place(work, last=True)
            work.doubt = work.doubt if work.lonely else None
        await self._restore(neptun, orphans, {})

    def _succeed(
        self, work: RestoreItem, new_id: int, result: RestoreStatus, *, noted: bool = True
    ) -> None:
        work.result, work.new_id = result, new_id
        self._claimed.add(work.new_key)
        del work.posts[:1]
        if noted:
            self._record(self._notes.note_restored, work.key, new_id)

    def _record(self, write: Callable[P, None], *what: P.args, **how: P.kwargs) -> None:
        """Write an entry to the restore log; if that fails, nothing more may be sent."""
        try:
            write(*what, **how)
        except StorageError as error:
            self._error = self._error or str(error)
        except LIMITS as error:
            self._error = self._error or _spent(error)

    def _newcomers(self, listed: Listed) -> UnmatchedItems:
        return UnmatchedItems(listed, self._claimed | (self._before or frozenset()))

    def _adopt(
        self,
        works: Iterable[RestoreItem],
        listed: Listed,
        moment: float,
        result: RestoreStatus,
        *,
        noted: bool = True,
    ) -> None:
        """Search items that a request may have created, starting with those that were sent.

        Args:
            works: the items.
            listed: the listing to search.
            moment: time before the listing was made, on the monotonic clock.
            result: result of items that are found.
            noted: whether to log their new IDs.
        """
        newcomers = self._newcomers(listed)
        for work in sorted(works, key=lambda work: not work.posts):
            if work.result is None:
                new_id = work.find(newcomers)
                work.looked = max(work.looked, moment)
                work.missing = new_id is None
                if new_id is not None:
                    self._succeed(work, new_id, result, noted=noted)

    def _confirm(self, listed: Listed | None, moment: float) -> None:
        """Verify every response with the listing, which also shows items created late."""
        if listed is not None:
            lost = [work for work in self._works if work.doubt or work.pending]
            self._adopt(lost, listed, moment, RestoreStatus.RESTORED)
        for work in self._works:
            work.check(listed)

    def _see_twins(self, listed: Listed | None) -> None:
        newcomers = self._newcomers(listed or {})
        for work in self._works:
            work.see_twins(newcomers)

    async def _list(self, neptun: Neptun, *kinds: Kind) -> dict[ResourceRef, Item] | None:
        """Return the listed items of some kinds; None when the listing failed."""

        async def ask() -> dict[ResourceRef, Item]:
            items: list[Item] = []
            if Kind.IMPORT in kinds:
                items += await neptun.imports(self._session, self._project)
            if Kind.FILE in kinds:
                items += await neptun.files(self._session, self._project)
                for number in self._others:
                    items += await self._files_of(neptun, number)
            return {key(item): item for item in items}

        return await self._ask(ask)

    async def _files_of(self, neptun: Neptun, number: int) -> Sequence[File]:
        """List the files of another project; none if it no longer exists."""
        try:
            return await neptun.files(self._session, number)
        except AccessDenied:
            if any(project.id == number for project in await neptun.projects(self._session)):
                raise
            self._lost_projects.add(number)
            return []

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Send a repeatable request, again after an outage or sign-in; None if it failed."""
        while not self._signed_out:
            try:
                answer = await retry(call, errors=TEMPORARY)
            except SessionExpired as error:
                self._signed_out, self._unlisted = True, error
                await self._signed_in_again()
            except ServiceError as error:
                self._unlisted = error
                if not isinstance(error, TEMPORARY) or not await self._outlast(error, self._waited):
                    return None
                self._waited += OUTAGE_PAUSE
            except LIMITS as error:
                self._unlisted = OutcomeUnknown(_spent(error))
                return None
            else:
                self._waited = 0.0
                return answer
        return None


RunningRestore = RunningJob[RestoreRun, RestoreReport]


def noted_place(into_project: int | None, home: int) -> int:
    """Return how the notes name the project of a restore: 0 for the backup's own, named or not."""
    return 0 if into_project in (None, home) else into_project or 0


def _spent(error: Exception) -> str:
    """Return the exhausted resource; raise the error if it is of another kind."""
    if not (said := exhausted(error)):
        raise error
    return said


def _foresee(works: Iterable[RestoreItem]) -> None:
    for work in works:
        work.foresee()


def _import_of(work: RestoreItem) -> int:
    return (work.item.import_id or 0) if isinstance(work.item, File) else 0


def _is_doubtful(error: ServiceError) -> bool:
    """Tell whether the server may have executed a request, or still may."""
    if isinstance(error, ServerFailed):
        return error.status not in _ANSWERED
    if isinstance(error, Busy):
        return error.status != 429
    return isinstance(error, (OutcomeUnknown, UnusableAnswer))


def _lacks_import(error: ServiceError) -> bool:
    """Tell whether this is Neptun's error for a file without an existing import."""
    return isinstance(error, ServerFailed) or (
        isinstance(error, Rejected) and error.fields == ("import_id",)
    )


def _is_same(listed: Project, posted: Project) -> bool:
    names = ("name", "type", "main_language")
    return all(getattr(posted, name) in (None, getattr(listed, name)) for name in names) and (
        (listed.description or "") == (posted.description or "")
    )
