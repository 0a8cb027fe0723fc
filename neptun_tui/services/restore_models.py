"""Values of a restore: items and report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from neptun_tui.domain.errors import ServiceError, Unreachable
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.domain.stored_context import ContextResult

Item = Import | File


@dataclass(frozen=True, slots=True)
class BackupContents:
    """Imports and files of one project as they were before they were deleted.

    Attributes:
        parents: imports that were not deleted and contain files of the backup.
        project: the project, in case it has to be re-created.
        run_id: the run that deleted them.
        others: other projects of some of the files; each file is restored to its own.
    """

    project_id: int
    imports: tuple[Import, ...]
    files: tuple[File, ...]
    parents: tuple[Import, ...] = ()
    project: Project | None = None
    run_id: str = ""
    others: tuple[Project, ...] = ()

    @property
    def other_ids(self) -> tuple[int, ...]:
        """IDs of the other projects."""
        return tuple(project.id for project in self.others)

    def chosen(self, wanted: Collection[ResourceRef] | None) -> tuple[Item, ...]:
        """Return the items to restore, imports first, each kind by ID.

        Args:
            wanted: their refs; an import includes its files. None means all, and a ref that is
                not in the backup is ignored.
        """
        keys = None if wanted is None else frozenset(wanted)

        def is_chosen(item: Item) -> bool:
            if keys is None or key(item) in keys:
                return True
            return isinstance(item, File) and ResourceRef(Kind.IMPORT, item.import_id or 0) in keys

        items: tuple[Item, ...] = (*self.imports, *self.files)
        found = {key(item): item for item in items if is_chosen(item)}
        return tuple(sorted(found.values(), key=lambda item: (isinstance(item, File), item.id)))


def key(item: Item) -> ResourceRef:
    """Return the ref of an import or a file."""
    return ResourceRef(Kind.IMPORT if isinstance(item, Import) else Kind.FILE, item.id)


class RestoreStatus(StrEnum):
    """Result of restoring one item."""

    RESTORED = "restored"
    ALREADY_RESTORED = "already restored"
    """It was restored by an earlier attempt, and is listed."""
    STILL_THERE = "still there"
    """It was never deleted: it is listed under its old ID."""
    INCOMPLETE = "incomplete"
    """It is listed, but still with a placeholder path."""
    REFUSED = "refused"
    """Neptun rejected it, and does not list it."""
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """Outcome of one item.

    Attributes:
        key: its old ref.
        name: path or title in the backup.
        result: its result.
        new_id: its current ID; with ``UNKNOWN``, the one in the response, not verified by a
            listing.
        reason: why it was not restored, or the differences from the original; may be empty.
        taken_along: whether it is an import that was not chosen, but is needed by a chosen file.
        without_connection: whether it was restored without its GitHub installation connection.
        twins: IDs of duplicates, from a request that the server executed twice.
        other_project: ID of the project that it goes into, if not the restore's; else 0.
    """

    key: ResourceRef
    name: str
    result: RestoreStatus
    new_id: int | None = None
    reason: str = ""
    taken_along: bool = False
    without_connection: bool = False
    twins: tuple[int, ...] = ()
    other_project: int = 0


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """Report of a restore: one outcome for each item, imports first, each kind by old ID.

    Attributes:
        before: items listed when the first attempt began, for the next attempt; None when the
            listing failed and nothing was sent.
        stopped: the user stopped it early.
        signed_out: the session ended during the restore.
        unrecorded: reason for an early end by an error of this machine, such as a log that cannot
            be written; or empty.
        unlisted: error of the first listing, after which nothing was sent; or None.
        project_id: the destination project; 0 before it is re-created.
        project_made: the project no longer exists, and was or will be re-created.
        undecided: whether it is unknown if that project was re-created.
        misnamed: why that project still has a placeholder name; or empty.
        context: result of the stored context; None when nothing was restored.
        halted: reason for an early end by the server's failures; or empty.
        other_contexts: results of the stored contexts of other projects with restored files, by
            project ID.
        into_own_projects: whether files of other projects are restored to those.
        project_name: in a preview, name of the project given to restore into; else empty.
        done_before: in a preview, whether everything exists, by the notes of earlier restores.
    """

    outcomes: tuple[RestoreOutcome, ...]
    before: frozenset[ResourceRef] | None = None
    stopped: bool = False
    signed_out: bool = False
    unrecorded: str = ""
    unlisted: ServiceError | None = None
    project_id: int = 0
    project_made: bool = False
    undecided: bool = False
    misnamed: str = ""
    context: ContextResult | None = None
    halted: str = ""
    other_contexts: Mapping[int, ContextResult] = field(default_factory=dict)
    into_own_projects: bool = True
    project_name: str = ""
    done_before: bool = False

    def count(self, *results: RestoreStatus) -> int:
        """Count the items with one of these results."""
        return sum(outcome.result in results for outcome in self.outcomes)

    @property
    def unknown(self) -> bool:
        """Tell whether the result of an item, or of its project, is unknown."""
        return self.undecided or self.count(RestoreStatus.UNKNOWN) > 0

    @property
    def unreachable(self) -> bool:
        """Tell whether nothing was sent because the server cannot be reached."""
        unsent = self.count(RestoreStatus.NOT_SENT) == len(self.outcomes)
        return (bool(self.halted) and unsent) or isinstance(self.unlisted, Unreachable)

    @property
    def failed(self) -> bool:
        """Tell whether an item was not restored, or this machine's records are not as wanted."""
        return bool(self.rest or self.unrecorded)

    @property
    def new_ids(self) -> Mapping[ResourceRef, int]:
        """New IDs of all items restored by this attempt or earlier ones, by old ref."""
        back = (RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED)
        return {o.key: o.new_id for o in self.outcomes if o.new_id and o.result in back}

    @property
    def taken_along(self) -> tuple[RestoreOutcome, ...]:
        """Imports that were not chosen, but are needed by chosen files."""
        return tuple(outcome for outcome in self.outcomes if outcome.taken_along)

    @property
    def without_connection(self) -> tuple[RestoreOutcome, ...]:
        """Imports that were restored without their GitHub installation connection."""
        return tuple(outcome for outcome in self.outcomes if outcome.without_connection)

    @property
    def duplicates(self) -> tuple[ResourceRef, ...]:
        """Refs of all duplicates."""
        return tuple(ResourceRef(o.key.kind, twin) for o in self.outcomes for twin in o.twins)

    @property
    def rest(self) -> frozenset[ResourceRef]:
        """Old refs of items that are not restored, for another attempt."""
        back = (RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED, RestoreStatus.STILL_THERE)
        return frozenset(outcome.key for outcome in self.outcomes if outcome.result not in back)
