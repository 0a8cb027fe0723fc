"""``projects``, ``imports`` and ``files``: list them by ID.

A list is printed whole or not at all: half a list must not pass for the whole. On a terminal
sizes and dates are formatted for people; elsewhere they are plain numbers and ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from neptun_tui.cli.args import Options
from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.ids import parse_id_of
from neptun_tui.cli.output import on_terminal, print_info
from neptun_tui.cli.parser import hint
from neptun_tui.cli.tables import print_table
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, Session
from neptun_tui.domain.errors import InputError, PartialList, ServiceError
from neptun_tui.domain.resources import SOURCE_TYPES, File, Import, Kind, Project, parse_id

if TYPE_CHECKING:
    from neptun_tui.domain.listing import Listing
    from neptun_tui.domain.stored_context import Difference

T = TypeVar("T")
_Item = TypeVar("_Item", Import, File)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SOURCES = (*SOURCE_TYPES, "github")
_NO_IMPORT = "none"


@dataclass(frozen=True, slots=True)
class _Column(Generic[T]):
    """Column of a table.

    Attributes:
        head: its name.
        plain: the cell for a script.
        shown: the cell for a person, when that differs.
        right: whether it is right-aligned.
        whole: whether it is cut last.
    """

    head: str
    plain: Callable[[T], str]
    shown: Callable[[T], str] | None = None
    right: bool = False
    whole: bool = False


def _id_of(row: Project | Import | File) -> str:
    return str(row.id)


def _name_of(row: Project | Import | File) -> str:
    return row.name


def _titled(row: Project | Import | File) -> str:
    return safe_text.clean_name(row.name)


def _changed(row: Project | Import | File) -> datetime | None:
    return row.updated_at or row.created_at


def _changed_plain(row: Project | Import | File) -> str:
    return safe_text.timestamp(_changed(row)) or ""


def _changed_shown(row: Project | Import | File) -> str:
    return safe_text.date(_changed(row))


_PROJECT_SORTS: dict[str, Callable[[Project], Any]] = {
    "id": lambda project: project.id,
    "name": lambda project: project.name.casefold(),
    "updated": lambda project: _changed(project) or _LONG_AGO,
}
_PROJECT_COLUMNS: tuple[_Column[Project], ...] = (
    _Column("ID", _id_of, right=True),
    _Column("NAME", _name_of, _titled),
    _Column("UPDATED", _changed_plain, _changed_shown, whole=True),
)


async def projects(context: Context) -> ExitCode:
    """List the projects."""
    options = context.options
    session = (await context.signed_in()).session
    found = await context.ask(session, lambda neptun, session: neptun.projects(session))
    rows = [row for row in found if _is_found(row, options)]
    rows.sort(key=lambda row: row.id)  # the server does not sort
    rows.sort(key=_PROJECT_SORTS[options.sort], reverse=options.reverse)
    if options.json:
        from neptun_tui.cli import documents  # which the tables do without

        checks = await _checked(context, session, rows)
        documents.print_document(documents.projects(session.account, rows, checks))
    else:
        _print(_PROJECT_COLUMNS, rows, "No such project.")
    return ExitCode.OK


async def _checked(
    context: Context, session: Session, rows: Sequence[Project]
) -> Mapping[int, Difference | ServiceError | None]:
    """Compare each stored context with what exists, unless switched off."""
    if context.options.no_context:
        return {}
    from neptun_tui.services.stored_context import check_stored_contexts

    return await context.ask(
        session, lambda neptun, session: check_stored_contexts(neptun, session, rows)
    )


async def imports(context: Context) -> ExitCode:
    """List the imports of a project, of every source type, with their number of files."""
    account, listing = await _listing(context)
    wanted = context.options.source_type
    found = _arranged(listing, context.options, Import)
    rows = [row for row in found if wanted in (None, row.source_type)]
    if wanted and not any(row.source_type == wanted for row in listing.imports):
        _check_source(wanted)
    if context.options.json:
        from neptun_tui.cli import documents  # which the tables do without

        documents.print_document(documents.imports(account, listing, rows))
        return ExitCode.OK
    columns: list[_Column[Import]] = [
        _Column("ID", _id_of, right=True),
        _Column("SOURCE", lambda row: row.source_type, lambda row: row.source_label),
        _Column("PATH", _name_of, _titled),
        _Column("STATE", lambda row: row.status or ""),
        _Column("FILES", lambda row: str(listing.count_below(row)), right=True),
        _size_column(lambda row: listing.sizes[row.id]),
        _Column("UPDATED", _changed_plain, _changed_shown, whole=True),
    ]
    _print(columns, rows, "No such import.")
    return ExitCode.OK


async def files(context: Context) -> ExitCode:
    """List the files of a project, orphans included."""
    options = context.options
    below = options.import_id
    wanted = below if below in (None, _NO_IMPORT) else parse_id_of(Kind.IMPORT, below)
    account, listing = await _listing(context)
    found = _arranged(listing, options, File)
    rows = [row for row in found if wanted is None or wanted in _belongs(row, listing)]
    if isinstance(wanted, int) and not rows:
        _check_import(wanted, listing)
    if options.json:
        from neptun_tui.cli import documents  # which the tables do without

        made = documents.files(account, listing, rows, content=options.content)
        documents.print_document(made)
        return ExitCode.OK
    columns: list[_Column[File]] = [
        _Column("ID", _id_of, right=True),
        _Column("IMPORT", lambda row: str(listing.parent_of(row) or _NO_IMPORT), right=True),
        _Column("TYPE", lambda row: row.file_type or ""),
        _Column("NAME", _name_of, _titled),
        _size_column(lambda row: row.size),
        _Column("UPDATED", _changed_plain, _changed_shown, whole=True),
    ]
    _print(columns, rows, "No such file.")
    return ExitCode.OK


async def _listing(context: Context) -> tuple[Account, Listing]:
    """Load the imports and files of one project.

    Raises:
        PartialList: only one half could be loaded.
        ServiceError: neither could.
    """
    from neptun_tui.services.loading import load_listing  # not needed by the list of projects

    project = Project(parse_id(context.options.project), "")
    session = (await context.signed_in()).session
    listing = await context.ask(session, lambda neptun, who: load_listing(neptun, who, project))
    if listing.problem:
        raise PartialList(f"Only a part of the project could be listed. {listing.problem}")
    return session.account, listing


def _arranged(listing: Listing, options: Options, kind: type[_Item]) -> list[_Item]:
    """Return the rows of one kind that pass the filter, sorted as in the app."""
    from neptun_tui.domain.listing import Column, ListingIndex, ViewOptions

    columns = {
        "id": Column.ID,
        "source": Column.SOURCE,
        "type": Column.SOURCE,
        "name": Column.NAME,
        "state": Column.STATE,
        "files": Column.FILES,
        "size": Column.SIZE,
        "updated": Column.UPDATED,
    }
    how = ViewOptions("", columns[options.sort], options.reverse, flat=True)
    rows = (listing.rows[index] for index in ListingIndex(listing).arrange(how))
    return [row for row in rows if isinstance(row, kind) and _is_found(row, options)]


def _is_found(row: Project | Import | File, options: Options) -> bool:
    """Tell whether a name or path contains the text of ``--grep``.

    Unlike the app's filter, it ignores type and ID: the result may be piped into ``delete``.
    """
    texts = (row.title, row.original_path) if isinstance(row, File) else (row.name,)
    return any((options.grep or "").casefold() in text.casefold() for text in texts)


def _belongs(file: File, listing: Listing) -> tuple[int | str | None, ...]:
    """Return the values of ``--import`` that match a file: its own ID, or "none" for an orphan."""
    return (file.import_id, listing.parent_of(file) or _NO_IMPORT)


def _check_source(wanted: str) -> None:
    """Reject an unknown source type, as opposed to one without imports here.

    Raises:
        InputError: the source type is unknown.
    """
    if wanted not in _SOURCES:
        raise InputError(f"Unknown source type {wanted!r}. {hint(wanted, _SOURCES)}")


def _check_import(wanted: int, listing: Listing) -> None:
    """Reject an import that does not exist, as opposed to one without files.

    Raises:
        InputError: it does not exist.
    """
    if all(item.id != wanted for item in listing.imports):
        raise InputError(f"Project {listing.project.id} has no import {wanted}.")


def _size_column(size_of: Callable[[_Item], int]) -> _Column[_Item]:
    return _Column(
        "SIZE", lambda row: str(size_of(row)), lambda row: safe_text.size(size_of(row)), right=True
    )


def _print(columns: Sequence[_Column[T]], rows: Sequence[T], none: str) -> None:
    """Print a table; when it is empty, a message for a person and nothing for a script."""
    seen = on_terminal()
    if seen and not rows:
        print_info(none)
        return
    cells = [column.shown if seen and column.shown else column.plain for column in columns]
    print_table(
        [column.head for column in columns],
        ([cell(row) for cell in cells] for row in rows),
        right=[index for index, column in enumerate(columns) if column.right],
        whole=[index for index, column in enumerate(columns) if column.whole],
    )
