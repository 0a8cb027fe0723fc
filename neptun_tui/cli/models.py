"""Models of every document that ``--json`` prints, and the JSON Schemas made from them.

A command prints an instance of a model, and ``schema NAME`` prints the schema of the same class, so
that the two cannot differ. Docstrings and descriptions here are read by users: they are in the
schemas. Their bases are in ``services.json_models``; an export's manifest has its model where it is
written, in ``services.export``.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import schema_components

from neptun_tui.domain.resources import MAX_ID, ConnectionState, Kind
from neptun_tui.domain.results import Verdict
from neptun_tui.domain.stored_context import ContextState
from neptun_tui.services.json_models import (
    VERSION,
    Count,
    Damaged,
    Email,
    FileBase,
    Host,
    Id,
    ImportBase,
    InProject,
    Model,
    Moment,
    Owned,
    ProjectId,
    ProjectName,
    RunId,
    Versioned,
    about,
)
from neptun_tui.services.restore_models import RestoreStatus
from neptun_tui.storage.session_backends import BackendKind

ItemKind = Annotated[
    Kind, about("Imports and files count their IDs separately: only both together name an item")
]
ItemProject = Annotated[
    Id, about("The project that it is in; deleting an import takes files of other projects along")
]
ParentImport = Annotated[
    Id | None,
    about("The ID of the import whose deletion takes this file along; null for what a request "
          "names itself"),
]  # fmt: skip
Reason = Annotated[str, about("Why, in words; empty when all went well")]
Result = Annotated[
    Verdict,
    about("deleted: Neptun no longer lists it; already gone: it was deleted before, by someone "
          "else; kept: refused, or still listed 15 minutes after it was sent; unknown: it may "
          "still be carried out, or no listing could be had; not sent: Neptun did not process it"),
]  # fmt: skip
MissingIds = Annotated[list[Id], about("IDs left out by --ignore-missing")]
Halted = Annotated[
    str, about("Why the run was ended early, if the server was the reason; else empty")
]
RunExitCode = Annotated[
    int,
    Meta(
        description="The exit code of the command", extra_json_schema={"enum": [0, 1, 4, 5, 6, 130]}
    ),
]
TakenAlong = Annotated[bool, about("An import that was not chosen, but that a chosen file needs")]
Duplicates = Annotated[
    list[Id], about("Other IDs under which the same item exists: a late request made it twice")
]
GoesInto = Annotated[Id | None, about("The project that it goes to; null until that is created")]

# projects, imports, files ------------------------------------------------------------------------


class ListedContext(Model):
    """Stored context of a listed project, compared with what exists."""

    items: Annotated[Count, about("Imports and files in it")]
    written_at: Moment | None
    no_longer_exist: Annotated[
        Count | None, about("Items in it that no longer exist; null when that is not known")
    ]
    old_contents: Annotated[Count | None, about("Files in it that have another content now")]
    missing: Annotated[Count | None, about("Items that exist and are not in it")]
    problem: Annotated[
        str, about("stored context is out of date: why; or why it could not be checked; else empty")
    ]


class Project(Model):
    """One project."""

    id: Id
    name: str
    description: str | None
    type: str | None
    main_language: str | None
    created_at: Moment | None
    updated_at: Moment | None
    stored_context: Annotated[
        ListedContext | None,
        about("What Neptun stores with the project and sends in every list; null when it sent "
              "none. Not checked with --no-context"),
    ]  # fmt: skip


class Projects(Owned):
    """Every project of the account, or those that --grep leaves."""

    projects: list[Project]


class Import(ImportBase):
    """One import."""

    status: Annotated[str | None, about("Free text: pending, completed and failed are usual")]
    error_message: str | None
    files: Annotated[Count, about("How many files of the project belong to it")]
    bytes: Annotated[Count, about("Of their contents")]
    created_at: Moment | None
    updated_at: Moment | None


class Imports(InProject):
    """Every import of a project, of every source type, or those that the filters leave."""

    imports: list[Import]


class File(FileBase):
    """One file."""

    import_visible: Annotated[
        bool, about("Whether the project has that import: false for --import none")
    ]
    category: str | None
    language: str | None
    bytes: Count
    content: Annotated[str, about("Only with --content")] | UnsetType = UNSET


class Files(InProject):
    """Every file of a project, or those that the filters leave."""

    files: list[File]


# whoami, doctor ----------------------------------------------------------------------------------


class Storage(Model):
    """Storage of a session."""

    backend: BackendKind
    label: Annotated[str, about("Its name for people")]
    lasts: Annotated[str, about("How long it keeps a session: until ...")]
    reason: Annotated[str, about("Why this storage and no better one; empty when it is the best")]
    hint: Annotated[str, about("How to get a better one; empty without a better one")]


class SignedIn(Owned):
    """The signed-in account, as Neptun confirms it."""

    user_id: Id
    signed_in_at: Moment | None
    kept_in: Annotated[Storage, about("Where the session is kept")]


class StoredSession(Model):
    """One session kept on this machine."""

    host: Host
    account: Annotated[
        str | None, about("The e-mail address; null when its backend does not give it")
    ]
    user_id: Id
    kept_at: Annotated[Moment, about("When it was stored: ISO 8601, UTC")]
    backend: BackendKind
    default: Annotated[bool, about("Whether commands that name no account use it")]
    error: Annotated[str, about("Why its backend does not give it now; empty when it does")]


class Sessions(Versioned):
    """Every session kept on this machine; no server is asked."""

    sessions: Annotated[list[StoredSession], about("The newest first")]


class CheckState(StrEnum):
    """Result of a check."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


class Check(Model):
    """One check of ``doctor``."""

    name: str
    state: Annotated[
        CheckState, about("note: it works, with a remark; bad: the app would not work")
    ]
    text: str
    hint: Annotated[str, about("What to do about it; often empty")]


class Doctor(Versioned):
    """Results of the checks, and whether the app works here."""

    ok: Annotated[bool, about("Whether the app would work: the exit code is 0 then, else 1")]
    host: str
    versions: dict[str, str]
    checks: list[Check]
    kept_in: Annotated[Storage, about("Where a session would be kept")]
    skew_seconds: Annotated[
        float | None, about("How far the server's clock is ahead of this one; null when not known")
    ]


# context, and what delete, restore and history say of stored contexts ----------------------------


class StoredContext(Model):
    """Result of renewing a stored context."""

    state: Annotated[
        ContextState,
        about("renewed: nothing in it is deleted or old; clean: not known to be renewed, but "
              "nothing deleted is in it; holds: items that no longer exist are still in it; "
              "unknown: that could not be found out; left: not renewed, as asked or set; absent: "
              "the project no longer exists, or the server sends no stored context"),
    ]  # fmt: skip
    imports: Annotated[Count, about("Imports in it that no longer exist")]
    files: Annotated[Count, about("Files in it that no longer exist")]
    reason: Annotated[str, about("Why it is not known to be renewed, in words")]


class OtherStoredContext(StoredContext):
    """Result of renewing the stored context of another project."""

    project_id: Id


OwnContext = Annotated[
    StoredContext | None,
    about("Result for the project's stored context; null when nothing was changed, or when it is "
          "not known"),
]  # fmt: skip
OtherContexts = Annotated[
    list[OtherStoredContext], about("The same of other projects that files of the items are in")
]


class RenewedContext(InProject):
    """Output of context renew."""

    stored_context: Annotated[StoredContext, about("Result for the project's stored context")]


class LiveContext(InProject):
    """Output of context show."""

    context: Annotated[dict[str, Any], about("As Neptun sends it, nothing added or left out")]


# delete ------------------------------------------------------------------------------------------


class ItemCounts(Model, rename=lambda name: name.replace("_", " ")):
    """Number of items by result."""

    deleted: Count
    already_gone: Count
    kept: Count
    unknown: Count
    not_sent: Count


class ItemRef(Model):
    """One item by its name."""

    kind: ItemKind
    id: Id
    name: str


class DeletedItem(Model, tag_field="type", tag="item"):
    """Result of one item."""

    kind: ItemKind
    id: Id
    project_id: ItemProject
    name: Annotated[str, about("Path or title, as Neptun has it")]
    bytes: Count
    parent_import: ParentImport
    result: Result
    reason: Reason


class ConnectionResult(Model):
    """One GitHub installation after a deletion."""

    id: Id | None
    name: Annotated[str | None, about("The GitHub account")]
    state: Annotated[
        ConnectionState,
        about("As listed after the deletion; unknown: that could not be found out, and ID and name "
              "are null if it was not known before either"),
    ]  # fmt: skip


class DeleteSummary(InProject, tag_field="type", tag="summary"):
    """A whole deletion."""

    project_name: ProjectName
    run: Annotated[
        str | None, about("The run's ID, as history and restore know it; null when nothing began")
    ]
    backup: Annotated[str | None, about("The path of the backup, if one was made")]
    counts: ItemCounts
    total: Count
    missing: MissingIds
    also_deleted: Annotated[list[ItemRef], about("Not in the plan, and gone as well")]
    checked: Annotated[bool, about("Whether a listing was had after the last answer")]
    stopped: Annotated[bool, about("Whether it was interrupted")]
    signed_out: Annotated[bool, about("Whether the session was lost on the way")]
    error: Annotated[str, about("What could not be recorded on this machine; empty when all was")]
    halted: Halted
    stored_context: OwnContext
    other_project_imports: Annotated[
        list[int],
        about("Imports of other projects that deleted files belonged to, by ID: the stored "
              "contexts of those projects may still hold these files"),
    ]  # fmt: skip
    other_stored_contexts: OtherContexts
    github_installations: Annotated[
        list[ConnectionResult],
        about("GitHub installations of the project, when an import of one was to be deleted; else "
              "empty"),
    ]  # fmt: skip
    exit_code: RunExitCode


class PlannedItem(Model):
    """One item of a plan."""

    kind: ItemKind
    id: Id
    project_id: ItemProject
    name: str
    type: Annotated[str, about("Source type or file type, in words")]
    bytes: Count
    parent_import: ParentImport
    created_at: Moment | None
    updated_at: Moment | None


class Installation(Model):
    """One GitHub installation."""

    id: Id
    name: Annotated[str, about("The GitHub account")]


class DeletePlan(InProject, tag_field="type", tag="plan"):
    """All that a deletion would destroy."""

    project_name: ProjectName
    items: list[PlannedItem]
    total: Count
    bytes: Count
    connections: Annotated[
        list[Id],
        about("Imports of a GitHub installation, whose connection Neptun may remove or leave"),
    ]
    github_installations: Annotated[
        list[Installation] | None,
        about("GitHub installations connected to the project; null when no import of the plan "
              "comes from one, or when that could not be found out"),
    ]  # fmt: skip
    missing: MissingIds
    projects_not_searched: Annotated[
        Count, about("Other projects that may hold such files and were not searched")
    ]
    backup: Annotated[
        str | None, about("Where a backup would be kept, and for how long, in words; null for none")
    ]
    keep_context: Annotated[
        bool, about("Whether the project's stored context would be left as it is")
    ]


# restore -----------------------------------------------------------------------------------------


class RestoreCounts(Model, rename=lambda name: name.replace("_", " ")):
    """Number of items by result."""

    restored: Count
    already_restored: Count
    still_there: Count
    incomplete: Count
    refused: Count
    not_sent: Count
    unknown: Count


class RestoredItem(Model, tag_field="type", tag="item"):
    """Result of one item."""

    kind: ItemKind
    id: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_ID,
            description="The ID it had; 0 for an import made for files that had none",
        ),
    ]
    project_id: GoesInto
    name: str
    result: Annotated[
        RestoreStatus,
        about("incomplete: it exists with a placeholder for its path; restore again to finish it"),
    ]
    new_id: Annotated[
        Id | None, about("The ID it has now; of an unknown result one that no listing confirmed")
    ]
    reason: Reason
    taken_along: TakenAlong
    without_connection: Annotated[
        bool, about("It exists; a restore does not reconnect its GitHub installation")
    ]
    duplicates: Duplicates


class InRestore(InProject):
    """Base of the documents about a whole restore."""

    project_name: ProjectName
    run: RunId
    into_project: GoesInto
    project_made: Annotated[
        bool, about("The project no longer exists, and was or will be re-created")
    ]
    counts: RestoreCounts
    total: Count
    damaged: Damaged


class RestoreSummary(InRestore, tag_field="type", tag="summary"):
    """A whole restore."""

    stopped: bool
    signed_out: bool
    error: Annotated[
        str, about("Why new IDs could not be recorded on this machine, which ended it; else empty")
    ]
    halted: Halted
    stored_context: OwnContext
    other_stored_contexts: OtherContexts
    exit_code: RunExitCode


class RestorableItem(Model):
    """One item of the plan of a restore."""

    kind: ItemKind
    id: Id
    project_id: GoesInto
    name: str
    bytes: Count
    expected: Annotated[RestoreStatus, about("The result to expect")]
    reason: Annotated[str, about("Why, or what will differ; else empty")]
    restored_as: Annotated[Id | None, about("The ID under which an earlier restore re-created it")]
    refused: Annotated[str, about("Why Neptun is known to refuse it; empty when it is not")]
    taken_along: TakenAlong
    duplicates: Duplicates


class RestorePlan(InRestore, tag_field="type", tag="plan"):
    """All that a restore would do."""

    items: list[RestorableItem]


# history -----------------------------------------------------------------------------------------


class PastCounts(ItemCounts, rename=lambda name: name.replace("_", " ")):
    """Number of items by result."""

    no_result: Count


class PastItem(Model):
    """Result of one item of a past run."""

    kind: ItemKind
    id: Id
    project_id: ItemProject
    name: str
    bytes: Count
    parent_import: ParentImport
    result: Annotated[Verdict | None, about("null: not known yet")]
    reason: Reason


BackupState = Literal["kept", "removed", "unreadable", "none"]


class Backup(Model):
    """Backup of a past run."""

    state: Annotated[BackupState, about("none: deleted without a backup")]
    path: str | None
    bytes: Count | None
    until: Annotated[
        Moment | None, about("No start before this moment removes the backup; ISO 8601, UTC")
    ]
    restored: Annotated[Count, about("How many of its items were restored from it")]


class PastRun(Model):
    """One past run."""

    run: RunId
    at: Moment
    host: Host
    account: Email
    project: ProjectId
    project_name: ProjectName
    counts: PastCounts
    total: Count
    ended: Annotated[bool, about("Whether it ended, or was resolved after an interruption")]
    stopped: bool
    signed_out: bool
    backup: Backup
    stored_context: OwnContext
    other_stored_contexts: OtherContexts
    items: list[PastItem]


class History(Versioned):
    """Every deletion begun on this machine, the newest first."""

    runs: list[PastRun]
    problems: Annotated[list[str], about("What could not be read, one sentence each")]


class Settled(History):
    """Runs of this account that had open results, after a new check; the newest first."""

    unchecked: Annotated[
        list[RunId],
        about("Runs whose open results were not checked, those of other accounts included: the "
              "exit code is 6 then"),
    ]  # fmt: skip


# Schemas -----------------------------------------------------------------------------------------


class _Output(NamedTuple):
    """Output of one command with ``--json``: one of several models, or the only one."""

    command: str
    models: tuple[type[Struct], ...]
    description: str = ""


def _outputs() -> dict[str, _Output]:
    from neptun_tui.services.export import Manifest  # which the documents do without

    return {
        "context": _Output(
            "context ACTION PROJECT",
            (RenewedContext, LiveContext),
            "The result for the stored context after renew; a context made just now for show.",
        ),
        "delete": _Output(
            "delete KIND PROJECT ID...",
            (DeletedItem, DeleteSummary, DeletePlan),
            "One line of the output. A run prints one item for everything that its plan names, then"
            " one summary; a dry run prints one plan and nothing else.",
        ),
        "doctor": _Output("doctor", (Doctor,)),
        "export": _Output("history export RUN DIR", (Manifest,)),
        "files": _Output("files PROJECT", (Files,)),
        "history": _Output("history", (History,)),
        "imports": _Output("imports PROJECT", (Imports,)),
        "projects": _Output("projects", (Projects,)),
        "restore": _Output(
            "restore RUN",
            (RestoredItem, RestoreSummary, RestorePlan),
            "One line of the output. A restore prints one item for everything it was to restore,"
            " then one summary; a dry run prints one plan and nothing else.",
        ),
        "settle": _Output("settle", (Settled,)),
        "whoami": _Output(
            "whoami",
            (SignedIn, Sessions),
            "Without --all: the signed-in account, as Neptun confirms it. With --all: the sessions"
            " kept on this machine.",
        ),
    }


def schema_text(name: str) -> str:
    """Return the JSON Schema (draft 2020-12) of what a command prints."""
    command, models, description = _outputs()[name]
    bodies, parts = schema_components(models)
    body: dict[str, Any] = {"description": description, "anyOf": [*bodies]}
    if len(models) == 1:
        body = parts.pop(models[0].__name__)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:neptun-tui:{name}:{VERSION}",
        **body,
        "title": f"neptun-tui {command} --json",
        "$defs": parts,
    }
    return f"{json.dumps(schema, indent=2)}\n"
