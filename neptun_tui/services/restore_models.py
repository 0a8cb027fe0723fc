"""Values of a restore: items, progress and report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from neptun_tui.domain.errors import ServiceError
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.domain.stored_context import ContextResult

Item = Import | File


@dataclass(frozen=True, slots=True)
class BackupContents:
    """The imports and files of one project as they were before they were deleted.

    Attributes:
        parents: imports that were not deleted, and that files stood under.
        project: the project, should it have to be made again.
        run_id: the run that deleted them.
        others: other projects that some of the files are of; each goes back into its own.
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
        """The IDs of the other projects."""
        return tuple(project.id for project in self.others)

    def chosen(self, wanted: Collection[ResourceRef] | None) -> tuple[Item, ...]:
        """The items to restore, imports first, each kind by ID.

        Args:
            wanted: their keys; an import stands for its files too. None means everything, and a
                key that was not saved is left out.
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
    """The key of an import or a file."""
    return ResourceRef(Kind.IMPORT if isinstance(item, Import) else Kind.FILE, item.id)


class RestoreStatus(StrEnum):
    """What became of one item."""

    RESTORED = "restored"
    ALREADY_RESTORED = "already restored"
    """An earlier attempt brought it back, and Neptun lists it."""
    STILL_THERE = "still there"
    """It was never deleted: Neptun lists it under its old ID."""
    INCOMPLETE = "incomplete"
    """Neptun lists it, with a placeholder for what it would not take at once."""
    REFUSED = "refused"
    """Neptun did not take it, and does not list it."""
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """One item with its fate.

    Attributes:
        key: its old key.
        name: path or title, as saved.
        new_id: its ID now; under ``UNKNOWN`` the one that Neptun named and no listing confirmed.
        reason: why it is not back, or what is not as it was; in words.
        taken_along: an import that nobody chose, but that a chosen file needs.
        without_connection: it is back, and its GitHub installation was not reconnected.
        twins: other IDs under which the same is there: a request was carried out twice.
    """

    key: ResourceRef
    name: str
    fate: RestoreStatus
    new_id: int | None = None
    reason: str = ""
    taken_along: bool = False
    without_connection: bool = False
    twins: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did: one outcome for each item, imports first, each kind by old ID.

    Attributes:
        before: what was listed when the first attempt began, for the next one; None when no
            listing could be had, and nothing was sent.
        stopped: a person ended it early.
        signed_out: the session was lost on the way.
        unrecorded: why new IDs could not be noted on this machine, which ended it; else empty.
        unlisted: why no listing could be had at the start, so that nothing was sent; else None.
        project_id: the project that it went to; 0 while that has yet to be made.
        project_made: the project no longer exists, and was or will be made again.
        undecided: whether nobody knows if that project has been made.
        misnamed: why that project has a placeholder for its name; else empty.
        context: what became of the stored context; None when nothing was restored.
        halted: why it was ended early, if the server was the reason.
        other_contexts: the same of other projects that got files back, by their ID.
        into_own_projects: whether files of other projects go back into those.
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

    def count(self, *fates: RestoreStatus) -> int:
        """How many items ended so."""
        return sum(outcome.fate in fates for outcome in self.outcomes)

    @property
    def new_ids(self) -> Mapping[ResourceRef, int]:
        """Old key to new ID, of all that came back in this attempt or an earlier one."""
        back = (RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED)
        return {o.key: o.new_id for o in self.outcomes if o.new_id and o.fate in back}

    @property
    def taken_along(self) -> tuple[RestoreOutcome, ...]:
        """The imports that nobody chose, but that chosen files need."""
        return tuple(outcome for outcome in self.outcomes if outcome.taken_along)

    @property
    def without_connection(self) -> tuple[RestoreOutcome, ...]:
        """The imports that are back, and whose GitHub installation was not reconnected."""
        return tuple(outcome for outcome in self.outcomes if outcome.without_connection)

    @property
    def duplicates(self) -> tuple[ResourceRef, ...]:
        """What is there a second time, by the keys it has now."""
        return tuple(ResourceRef(o.key.kind, twin) for o in self.outcomes for twin in o.twins)

    @property
    def rest(self) -> frozenset[ResourceRef]:
        """The keys of what is not back, for another attempt."""
        back = (RestoreStatus.RESTORED, RestoreStatus.ALREADY_RESTORED, RestoreStatus.STILL_THERE)
        return frozenset(outcome.key for outcome in self.outcomes if outcome.fate not in back)


class RestorePhase(Enum):
    """What a restore is doing."""

    LOOKING = "Looking at what is there"
    SENDING = "Restoring"
    WAITING = "Waiting for requests that may still be carried out"
    CHECKING = "Checking with Neptun"
    PAUSED = "Paused"
    RENEWING = "Renewing the stored context"
    DONE = "Done"


@dataclass(frozen=True, slots=True)
class RestoreProgress:
    """How far a restore is; a snapshot that any thread may read.

    Attributes:
        settled: items whose fate is known.
        total: all items; it grows when the listing shows that an import must be taken along.
        seconds: since it began.
        paused: seconds until the next try, while the server fails or cannot be reached.
        why: the reason for that.
    """

    phase: RestorePhase
    settled: int
    total: int
    seconds: float
    stopping: bool = False
    paused: int = 0
    why: str = ""
