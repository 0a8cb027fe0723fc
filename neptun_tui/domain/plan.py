"""Deletion plan: a frozen value, so that what was shown is what runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from neptun_tui.domain.account import Account
from neptun_tui.domain.resources import File, Import, Installations, Kind, Project


class ResourceRef(NamedTuple):
    """Reference to an item: its kind and ID."""

    kind: Kind
    id: int


class PlanItem(NamedTuple):
    """One thing that will be gone, with what a person knows it by.

    A tuple, for a plan can hold 100,000: they are made and compared in a quarter of the time.

    Attributes:
        name: path or title, as the server sent it.
        type: source type or file type, in words.
        size: bytes; an import's own files are counted apart.
    """

    key: ResourceRef
    project_id: int
    name: str
    type: str = ""
    size: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class PlanStep(NamedTuple):
    """One DELETE that will be sent, and all that goes with it.

    Attributes:
        target: what the request names.
        cascade: the files that the server's cascade deletes with an import, those of other projects
            last (contract §6).
        takes_connection: whether a GitHub installation connection may be removed as well.
        hidden: whether a filter kept it off the screen when it was marked for deletion.
    """

    target: PlanItem
    cascade: tuple[PlanItem, ...] = ()
    takes_connection: bool = False
    hidden: bool = False

    @property
    def everything(self) -> tuple[PlanItem, ...]:
        """The target and all it takes along."""
        return (self.target, *self.cascade)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Files of the account's other projects that stand under the imports of a plan.

    Attributes:
        projects: those that have such files.
        files: the files, with their contents.
        unsearched: how many projects could not be looked through.
    """

    projects: tuple[Project, ...] = ()
    files: tuple[File, ...] = ()
    unsearched: int = 0


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """Exactly what one confirmation covers: items of one project, and what goes with them.

    Attributes:
        project: where the requests go.
        installations: GitHub installations that were connected when it was made; None when they
            are not known.
        others: the other projects that lose files.
        unsearched: how many other projects could not be searched for files of its imports; None
            when they were not searched.
    """

    account: Account
    project: Project
    steps: tuple[PlanStep, ...]
    installations: Installations = field(default=None, compare=False)
    others: tuple[Project, ...] = field(default=(), compare=False)
    unsearched: int | None = None

    @property
    def targets(self) -> tuple[PlanItem, ...]:
        """Everything that will be gone: what is named in a request and what a cascade takes."""
        return tuple(target for step in self.steps for target in step.everything)

    @property
    def other_ids(self) -> tuple[int, ...]:
        """The IDs of the other projects that lose files."""
        found = {target.project_id for step in self.steps for target in step.cascade}
        return tuple(sorted(found - {self.project.id}))

    @property
    def import_ids(self) -> frozenset[int]:
        """The imports it deletes."""
        keys = (step.target.key for step in self.steps)
        return frozenset(key.id for key in keys if key.kind is Kind.IMPORT)

    @property
    def has_imports(self) -> bool:
        """Tell whether the plan holds imports, which take their files along."""
        return bool(self.import_ids)

    @property
    def takes_connection(self) -> bool:
        """Tell whether a GitHub installation connection may be removed as well."""
        return any(step.takes_connection for step in self.steps)

    @property
    def total(self) -> int:
        """Count the items that will be gone."""
        return sum(1 + len(step.cascade) for step in self.steps)

    @property
    def size(self) -> int:
        """Bytes of content that will be gone."""
        return sum(target.size for target in self.targets)

    @property
    def phrase(self) -> str | None:
        """Return the text to type to confirm: the ID of one import, or the number of several items.

        None when one file is to be deleted: a key other than the one that asked is enough.
        """
        if len(self.steps) > 1:
            return str(self.total)
        key = self.steps[0].target.key
        return str(key.id) if key.kind is Kind.IMPORT else None

    def unplanned(self, files: Iterable[File]) -> tuple[PlanItem, ...]:
        """Return the files of a listing that the plan leaves alone."""
        taken = _ids([target.key for target in self.targets], Kind.FILE)
        return tuple(file_target(file) for file in files if file.id not in taken)


def file_target(file: File) -> PlanItem:
    """Return a file as an item of a plan."""
    return PlanItem(
        ResourceRef(Kind.FILE, file.id),
        file.project_id,
        file.name,
        file.file_type or "",
        file.size,
        file.created_at,
        file.updated_at,
    )


def _import_target(item: Import) -> PlanItem:
    return PlanItem(
        ResourceRef(Kind.IMPORT, item.id),
        item.project_id,
        item.name,
        item.source_label,
        0,
        item.created_at,
        item.updated_at,
    )


def _ids(keys: Iterable[ResourceRef], kind: Kind) -> set[int]:
    return {key[1] for key in keys if key[0] is kind}


def make_plan(
    account: Account,
    project: Project,
    imports: Iterable[Import],
    files: Collection[File],
    chosen: Collection[ResourceRef],
    hidden: Collection[ResourceRef] = (),
    *,
    targets: Iterable[PlanItem] | None = None,
    installations: Installations = None,
    elsewhere: Elsewhere | None = None,
) -> DeletionPlan:
    """Plan the deletion of some items of one project.

    Args:
        account: whose items.
        project: where they are.
        imports: the project's imports as last listed.
        files: the project's files as last listed.
        chosen: what to delete. A key that is not listed is left out.
        hidden: those of ``chosen`` that a filter keeps off the screen.
        targets: :func:`file_target` of each of the files, if that has been made beforehand.
        installations: the GitHub installations that are connected, if known.
        elsewhere: files of other projects below the imports, if searched.

    Returns:
        A plan with the imports first, each with the files its cascade takes; a file that stands
        under a chosen import is not sent on its own. Items are ordered by ID, those of other
        projects stand last.
    """
    marked, alone = _ids(chosen, Kind.IMPORT), _ids(chosen, Kind.FILE)
    out_of_sight = _ids(hidden, Kind.FILE)
    parents = sorted((item for item in imports if item.id in marked), key=lambda item: item.id)
    children: dict[int | None, list[PlanItem]] = {item.id: [] for item in parents}
    steps: list[PlanStep] = []
    with_targets = zip(files, map(file_target, files) if targets is None else targets, strict=True)
    concerned = [
        (file.import_id, target)
        for file, target in with_targets
        if file.import_id in children or file.id in alone
    ]
    for parent, target in sorted(concerned, key=lambda each: each[1].key.id):
        if (siblings := children.get(parent)) is not None:
            siblings.append(target)
        else:
            steps.append(PlanStep(target, hidden=target.key.id in out_of_sight))
    strangers = elsewhere.files if elsewhere else ()
    for file in sorted(strangers, key=lambda file: (file.project_id, file.id)):
        if (siblings := children.get(file.import_id)) is not None:
            siblings.append(file_target(file))
    cascades = [
        PlanStep(
            _import_target(item),
            tuple(children[item.id]),
            item.takes_connection,
            ResourceRef(Kind.IMPORT, item.id) in hidden,
        )
        for item in parents
    ]
    searched = elsewhere if parents else None
    return DeletionPlan(
        account,
        project,
        (*cascades, *steps),
        installations,
        searched.projects if searched else (),
        searched.unsearched if searched else None,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a fresh listing differs from what a plan was made from."""

    target: PlanItem
    what: str


def diff_plans(old: DeletionPlan, new: DeletionPlan) -> tuple[Change, ...]:
    """Return the differences between a plan and one made from a fresh listing.

    Args:
        old: the plan as shown.
        new: the same choice, planned from the fresh listing.

    Returns:
        A change for every item that is gone, has come or looks different; none if they agree.
    """
    before, after = old.targets, new.targets
    differing = () if before == after else _differences(before, after, new.project.id)
    connected = {step.target.key for step in old.steps if step.takes_connection}
    added = [
        Change(step.target, "comes from a GitHub installation now")
        for step in new.steps
        if step.takes_connection and step.target.key not in connected
    ]
    if old.unsearched is not None and (new.unsearched or 0) > old.unsearched:
        what = "may take files of more projects that were not searched"
        added += [
            Change(step.target, what) for step in new.steps if step.target.key.kind is Kind.IMPORT
        ]
    return (*differing, *added)


def _differences(old: Iterable[PlanItem], new: Iterable[PlanItem], home: int) -> Iterator[Change]:
    before = {target.key: target for target in old}
    after = {target.key: target for target in new}
    yield from (
        Change(t, "is no longer part of this deletion") for k, t in before.items() if k not in after
    )
    yield from (Change(t, _come(t, home)) for k, t in after.items() if k not in before)
    yield from (Change(t, "has changed") for k, t in after.items() if before.get(k, t) != t)


def _come(target: PlanItem, home: int) -> str:
    return "is new" if target.project_id == home else f"of project {target.project_id} goes with it"
