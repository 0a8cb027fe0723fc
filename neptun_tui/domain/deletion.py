"""What will be deleted. A :class:`DeletionPlan` is frozen: what is shown is the value that runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from neptun_tui.domain.account import Account
from neptun_tui.domain.resources import File, Import, Kind, Project


class Key(NamedTuple):
    """What tells one deletable thing from another inside a project."""

    kind: Kind
    id: int


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that will be gone, with what a person knows it by.

    Attributes:
        name: path or title, as the server sent it.
        sort: source type or file type, in words.
        size: bytes; an import's own files are counted apart.
    """

    key: Key
    project_id: int
    name: str
    sort: str = ""
    size: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One DELETE that will be sent, and all that goes with it.

    Attributes:
        target: what the request names.
        takes: the files that the server's cascade deletes with an import.
        takes_connection: whether a GitHub installation connection is removed as well.
        hidden: whether a filter kept it off the screen when it was marked for deletion.
    """

    target: Target
    takes: tuple[Target, ...] = ()
    takes_connection: bool = False
    hidden: bool = False

    @property
    def everything(self) -> tuple[Target, ...]:
        """The target and all it takes along."""
        return (self.target, *self.takes)


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """Exactly what one confirmation covers, in one project."""

    account: Account
    project: Project
    steps: tuple[Step, ...]

    @property
    def targets(self) -> tuple[Target, ...]:
        """Everything that will be gone: what is named in a request and what a cascade takes."""
        return tuple(target for step in self.steps for target in step.everything)

    @property
    def has_imports(self) -> bool:
        """Whether a cascade will run."""
        return any(step.target.key.kind is Kind.IMPORT for step in self.steps)

    @property
    def total(self) -> int:
        """How many items will be gone."""
        return sum(1 + len(step.takes) for step in self.steps)

    @property
    def size(self) -> int:
        """Bytes of content that will be gone."""
        return sum(target.size for target in self.targets)

    @property
    def phrase(self) -> str | None:
        """What must be typed to confirm: the ID of one import, or the number of several items.

        None when one file is to be deleted: a key other than the one that asked is enough.
        """
        if len(self.steps) > 1:
            return str(self.total)
        key = self.steps[0].target.key
        return str(key.id) if key.kind is Kind.IMPORT else None


def _file_target(file: File) -> Target:
    return Target(
        Key(Kind.FILE, file.id),
        file.project_id,
        file.name,
        file.file_type or "",
        file.size,
        file.created_at,
        file.updated_at,
    )


def _import_target(item: Import) -> Target:
    return Target(
        Key(Kind.IMPORT, item.id),
        item.project_id,
        item.name,
        item.source_label,
        0,
        item.created_at,
        item.updated_at,
    )


def bystanders(plan: DeletionPlan, files: Iterable[File]) -> tuple[Target, ...]:
    """The files of a listing that a plan leaves alone."""
    taken = {target.key for target in plan.targets}
    return tuple(_file_target(file) for file in files if Key(Kind.FILE, file.id) not in taken)


def make_plan(
    account: Account,
    project: Project,
    imports: Iterable[Import],
    files: Iterable[File],
    chosen: Collection[Key],
    hidden: Collection[Key] = (),
) -> DeletionPlan:
    """Plan the deletion of some items of one project.

    Args:
        account: whose items.
        project: where they are.
        imports: the project's imports as last listed.
        files: the project's files as last listed.
        chosen: what to delete. A key that is not listed is left out.
        hidden: those of ``chosen`` that a filter keeps off the screen.

    Returns:
        A plan with the imports first, each with the files its cascade takes; a file that stands
        under a chosen import is not sent on its own. Items are ordered by ID.
    """
    imports = sorted(imports, key=lambda item: item.id)
    listed = {Key(Kind.IMPORT, item.id) for item in imports}
    chosen = {key for key in chosen if key.kind is Kind.FILE or key in listed}
    children: dict[int, list[Target]] = {}
    steps: list[Step] = []
    for file in sorted(files, key=lambda file: file.id):
        if file.import_id is not None and Key(Kind.IMPORT, file.import_id) in chosen:
            children.setdefault(file.import_id, []).append(_file_target(file))
        elif (key := Key(Kind.FILE, file.id)) in chosen:
            steps.append(Step(_file_target(file), hidden=key in hidden))
    parents = [
        Step(
            _import_target(item),
            tuple(children.get(item.id, ())),
            item.takes_connection,
            Key(Kind.IMPORT, item.id) in hidden,
        )
        for item in imports
        if Key(Kind.IMPORT, item.id) in chosen
    ]
    return DeletionPlan(account, project, (*parents, *steps))


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a fresh listing differs from what a plan was made from."""

    target: Target
    what: str


def corrections(old: DeletionPlan, new: DeletionPlan) -> tuple[Change, ...]:
    """What a person must be told when a plan is replaced by one from a fresh listing.

    Args:
        old: the plan as shown.
        new: the same choice, planned from the fresh listing.

    Returns:
        A change for every item that is gone, has come or looks different; none if they agree.
    """
    before = {target.key: target for target in old.targets}
    after = {target.key: target for target in new.targets}
    gone = [Change(t, "is no part of it any more") for key, t in before.items() if key not in after]
    come = [Change(t, "is new") for key, t in after.items() if key not in before]
    other = [
        Change(t, "has changed") for key, t in after.items() if key in before and before[key] != t
    ]
    connected = {step.target.key for step in old.steps if step.takes_connection}
    added = [
        Change(step.target, "takes a GitHub installation connection with it now")
        for step in new.steps
        if step.takes_connection and step.target.key not in connected
    ]
    return (*gone, *come, *other, *added)
