"""Posting saved imports and files back, without ever making one of them twice.

An answer that names a new ID is noted at once. An item whose answer was lost is looked for in a
listing: what was not there before, what no other answer has named, and what equals the posted in
every field, is that item. Only when there is none is it posted again, and only once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from threading import Event
from typing import ParamSpec

from neptun_tui.domain.account import Session
from neptun_tui.domain.deletion import Key
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
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
from neptun_tui.domain.resources import Import, Kind
from neptun_tui.neptun.retry import backoff, retry
from neptun_tui.services.ports import Neptun
from neptun_tui.services.restore_rules import Listed, Newcomers, Work, became, sort_out
from neptun_tui.services.restored import (
    Fate,
    Item,
    Phase,
    Progress,
    RestoreOutcome,
    RestoreReport,
    Saved,
    key,
)

__all__ = ["Fate", "Phase", "Progress", "RestoreOutcome", "RestoreReport", "RestoreRun", "Saved"]

IN_FLIGHT = 6
"""Requests at the same time."""

_TRIES = 3
_PASSING = (Unreachable, OutcomeUnknown, Busy, ServerFailed, UnusableAnswer)
"""Failures of a listing that may be over in a moment."""

_NO_LISTING = " Without a listing nothing is restored."
P = ParamSpec("P")
Note = Callable[[Key, int], None]
Begin = Callable[[frozenset[Key]], None]


class _Ended(ServiceError):
    """The restore came to its end while one item waited for another try."""


class RestoreRun:
    """One restore on its way. Make it, hand :meth:`run` to a link, and read :attr:`progress`.

    Args:
        session: whose items they are.
        saved: what was deleted.
        wanted: the keys to restore; None means all. A file's import is taken along if need be.
        done: old keys and new IDs of earlier attempts.
        note: keeps one of those, before anything else is done; a ``StorageError`` from it ends the
            restore.
        before: ``RestoreReport.before`` of the first attempt, or what ``begin`` was told then. With
            it an item that came back without being noted is recognised, not made twice.
        begin: keeps that for later attempts before anything is posted; likewise.
        in_flight: requests at the same time.
    """

    def __init__(
        self,
        session: Session,
        saved: Saved,
        wanted: Collection[Key] | None = None,
        *,
        done: Mapping[Key, int],
        note: Note,
        before: Collection[Key] | None = None,
        begin: Begin | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self.saved = saved
        self._session = session
        self._done = dict(done)
        self._note, self._begin = note, begin
        self._before = None if before is None else frozenset(before)
        self._claimed = {Key(old.kind, new_id) for old, new_id in done.items()}
        self._works = [Work(item) for item in saved.chosen(wanted)]
        self._imports: dict[int, Work] = {}
        self._became: dict[int, int] = {}
        self._slots = asyncio.Semaphore(in_flight)
        self._stop = Event()
        self._signed_out = False
        self._unrecorded = ""
        self._unlisted: ServiceError | None = None
        self._wait = 0.0
        self._phase = Phase.LOOKING
        self._began = time.monotonic()
        self._ended: float | None = None

    @property
    def progress(self) -> Progress:
        """How far it is, now."""
        works = self._works
        return Progress(
            self._phase,
            sum(work.fate is not None for work in works),
            len(works),
            (self._ended or time.monotonic()) - self._began,
            self._stop.is_set(),
        )

    def stop(self) -> None:
        """Send no more; what is in flight is finished and told of. Safe from any thread."""
        self._stop.set()

    async def run(self, neptun: Neptun) -> RestoreReport:
        """List, post what is missing, and list again.

        Args:
            neptun: the server.

        Returns:
            A report with exactly one outcome for each item. Errors of the server are outcomes in
            it; none is raised.

        Raises:
            InvalidId: the project's ID is none; nothing was sent.
        """
        listed = await self._list(neptun, *Kind)
        if listed is not None:
            earlier = {} if self._before is None else listed
            self._prepare(listed)
            self._phase = Phase.SENDING
            for kind in Kind:
                await self._restore(neptun, kind, earlier)
            if any(work.doubt or work.fate is Fate.RESTORED for work in self._works):
                self._phase = Phase.CHECKING
                self._confirm(await self._list(neptun, *Kind))
        why = "The restore ended before its turn."
        if listed is None:
            why = f"{self._unlisted}{'' if self._signed_out else _NO_LISTING}"
        for work in self._works:
            work.conclude(why)
        self._phase, self._ended = Phase.DONE, time.monotonic()
        return RestoreReport(
            tuple(work.outcome() for work in self._works),
            self._before,
            self._stop.is_set(),
            self._signed_out,
            self._unrecorded,
            self._unlisted if listed is None else None,
        )

    @property
    def _over(self) -> bool:
        return self._stop.is_set() or self._signed_out or bool(self._unrecorded)

    def _prepare(self, listed: Listed) -> None:
        imports, files = sort_out(self._works, self.saved, listed, self._done)
        self._imports = {work.item.id: work for work in imports}
        self._became = became(listed, self._done)
        self._works = [*imports, *files]
        if self._before is None:
            self._before = frozenset(listed)
            if self._begin and any(work.fate is None for work in self._works):
                self._record(self._begin, self._before)

    async def _restore(self, neptun: Neptun, kind: Kind, earlier: Listed) -> None:
        """Post all items of one kind; look for those whose answer was lost, and try once more."""
        batch = [w for w in self._works if key(w.item).kind is kind and w.fate is None]
        for work in batch:
            work.place(self._imports, self._became)
        self._adopt(batch, earlier, Fate.ALREADY_RESTORED)
        for _ in range(2):
            batch = [work for work in batch if work.fate is None]
            await self._send(neptun, batch)
            batch = [work for work in batch if work.fate is None and work.doubt]
            if not batch:
                return
            await asyncio.sleep(max(self._wait, backoff(1)))
            listed = await self._list(neptun, kind)
            if listed is None:
                return
            self._adopt(batch, listed, Fate.RESTORED)
            if self._over:
                return

    async def _send(self, neptun: Neptun, batch: Iterable[Work]) -> None:
        async with asyncio.TaskGroup() as group:
            for work in batch:
                group.create_task(self._one(neptun, work))

    async def _one(self, neptun: Neptun, work: Work) -> None:
        async with self._slots:
            if not self._over:
                await self._attempt(neptun, work)

    async def _attempt(self, neptun: Neptun, work: Work) -> None:
        """Post one item, again only after answers that say it was not processed."""
        try:
            new_id = await retry(
                lambda: self._post(neptun, work), tries=_TRIES, errors=(Unreachable, Busy)
            )
        except SessionExpired:
            self._signed_out = True
        except (Rejected, AccessDenied, InvalidId) as error:
            work.end(Fate.REFUSED, str(error))
        except _Ended:
            pass
        except (Unreachable, Busy) as error:
            if work.doubt is None:
                work.end(Fate.NOT_SENT, str(error))
        except ServiceError as error:
            work.doubt, work.missing = error, False
        else:
            self._succeed(work, new_id, Fate.RESTORED)

    async def _post(self, neptun: Neptun, work: Work) -> int:
        if self._over:
            raise _Ended("")
        project_id = self.saved.project_id
        try:
            if isinstance(work.item, Import):
                return (await neptun.create_import(self._session, project_id, work.item)).id
            return (await neptun.create_file(self._session, project_id, work.item, work.under)).id
        except Busy as error:
            if error.status == 429:
                raise
            # Whatever stands in front of Neptun says this also after it has passed a request on.
            self._wait = max(self._wait, backoff(1, error.retry_after))
            failure = OutcomeUnknown(str(error), status=error.status)
        raise failure

    def _succeed(self, work: Work, new_id: int, fate: Fate) -> None:
        work.fate, work.new_id = fate, new_id
        self._claimed.add(work.new_key)
        self._record(self._note, key(work.item), new_id)

    def _record(self, write: Callable[P, None], *what: P.args, **how: P.kwargs) -> None:
        """Keep something for later attempts; when that fails, nothing more may be posted."""
        try:
            write(*what, **how)
        except StorageError as error:
            self._unrecorded = self._unrecorded or str(error)

    def _newcomers(self, listed: Listed) -> Newcomers:
        return Newcomers(listed, self._claimed | (self._before or frozenset()))

    def _adopt(self, works: Iterable[Work], listed: Listed, fate: Fate) -> None:
        """Find items of which nobody knows whether they were made."""
        newcomers = self._newcomers(listed)
        for work in works:
            if work.fate is None:
                new_id = newcomers.take(work.item, work.under)
                work.missing = new_id is None
                if new_id is not None:
                    self._succeed(work, new_id, fate)

    def _confirm(self, listed: Listed | None) -> None:
        """Hold every answer against the listing; it also knows what came back late."""
        if listed is not None:
            self._adopt((work for work in self._works if work.doubt), listed, Fate.RESTORED)
        newcomers = self._newcomers(listed or {})
        for work in self._works:
            if work.fate is Fate.RESTORED:
                work.check(listed, newcomers)

    async def _list(self, neptun: Neptun, *kinds: Kind) -> dict[Key, Item] | None:
        """What is there, of some kinds; None when nobody could say."""

        async def ask() -> dict[Key, Item]:
            items: list[Item] = []
            if Kind.IMPORT in kinds:
                items += await neptun.imports(self._session, self.saved.project_id)
            if Kind.FILE in kinds:
                items += await neptun.files(self._session, self.saved.project_id)
            return {key(item): item for item in items}

        if self._signed_out:
            return None
        try:
            return await retry(ask, tries=_TRIES, errors=_PASSING)
        except SessionExpired as error:
            self._signed_out, self._unlisted = True, error
        except ServiceError as error:
            self._unlisted = error
        return None
