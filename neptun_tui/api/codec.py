"""Decoder of Neptun's JSON, in both dialects, into domain values.

Bare arrays are what was observed, envelopes what is documented (contract §4 to §6). A listing is
whole or it is an error: nothing here ever turns a missing, broken or odd body into an empty list.
Inside an item the rule is the other way round: an odd optional field becomes None, because a row
that can be told by its ID must be seen. Of ``prompt_context`` only fingerprints are kept: its
contents are hashed one at a time and let go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec

from neptun_tui.domain.errors import UnusableAnswer
from neptun_tui.domain.resources import (
    MAX_ID,
    File,
    Fingerprint,
    Import,
    Installation,
    Project,
    StoredContext,
)
from neptun_tui.domain.stored_context import file_fingerprint, import_fingerprint


class _Project(msgspec.Struct, gc=False):
    id: Any = None
    name: Any = None
    description: Any = None
    type: Any = None
    project_type: Any = None
    main_language: Any = None
    programming_language: Any = None
    created_at: Any = None
    updated_at: Any = None
    prompt_context: msgspec.Raw = msgspec.Raw()


class _Import(msgspec.Struct, gc=False):
    id: Any = None
    source_type: Any = None
    source_path: Any = None
    source_ref: Any = None
    import_status: Any = None
    error_message: Any = None
    title: Any = None
    description: Any = None
    file_tree: Any = None
    created_at: Any = None
    updated_at: Any = None
    project_id: Any = None


class _File(msgspec.Struct, gc=False):
    id: Any = None
    import_id: Any = None
    title: Any = None
    original_path: Any = None
    content: Any = None
    text: Any = None
    file_type: Any = None
    context_file_type: Any = None
    category: Any = None
    context_file_category: Any = None
    file_size: Any = None
    language: Any = None
    metadata: Any = None
    pdf_url: Any = None
    parent_path: Any = None
    depth: Any = None
    created_at: Any = None
    updated_at: Any = None
    project_id: Any = None


class _Projects(msgspec.Struct):
    projects: list[msgspec.Raw]


class _Imports(msgspec.Struct):
    imports: list[msgspec.Raw]


class _Files(msgspec.Struct):
    files: list[msgspec.Raw]


class _Installation(msgspec.Struct, gc=False):
    id: Any = None
    github_installation_id: Any = None
    github_account_name: Any = None


class _Installations(msgspec.Struct):
    installations: list[_Installation]


class _StoredFile(msgspec.Struct, gc=False):
    """A file in a context; its content stays a view into the body until it is hashed."""

    title: Any = None
    original_path: Any = None
    content: msgspec.Raw = msgspec.Raw()
    text: msgspec.Raw = msgspec.Raw()
    import_id: Any = None


class _StoredImport(msgspec.Struct, gc=False):
    source_type: Any = None
    source_path: Any = None
    source_ref: Any = None
    context_files: list[_StoredFile] | None = None


class _StoredResources(msgspec.Struct, gc=False):
    """Revisions of the server before 2025-06 put the files beside their imports."""

    imports: list[_StoredImport] | None = None
    files: list[_StoredFile] | None = None


class _Context(msgspec.Struct):
    resources: _StoredResources
    currentDate: Any = None  # noqa: N815 - the server's spelling


class _ProjectAnswer(msgspec.Struct):
    """The documented envelope; the observed server answers with the bare object."""

    project: msgspec.Raw = msgspec.Raw()


class _ContextAnswer(msgspec.Struct):
    context: msgspec.Raw


class _User(msgspec.Struct):
    id: Any = None
    primary_email: Any = None
    email: Any = None


class _SignedIn(msgspec.Struct):
    user: _User | None = None
    loggedInAt: Any = None  # noqa: N815 - the server's spelling


class User(msgspec.Struct, frozen=True):
    """Decode the account that a sign-in or session response names (contract §3)."""

    id: int
    email: str
    signed_in_at: datetime | None


Resource = TypeVar("Resource", Import, File)
T = TypeVar("T")

_NO_ID: Final = "The server's list holds an entry without a valid ID, so it cannot be trusted."

_PROJECTS: Final = msgspec.json.Decoder(list[msgspec.Raw] | _Projects)
_IMPORTS: Final = msgspec.json.Decoder(list[msgspec.Raw] | _Imports)
_FILES: Final = msgspec.json.Decoder(list[msgspec.Raw] | _Files)
_INSTALLATIONS: Final = msgspec.json.Decoder(list[_Installation] | _Installations)
_PROJECT: Final = msgspec.json.Decoder(_Project)
_IMPORT: Final = msgspec.json.Decoder(_Import)
_FILE: Final = msgspec.json.Decoder(_File)
_PROJECT_ANSWER: Final = msgspec.json.Decoder(_ProjectAnswer)
_CONTEXT_ANSWER: Final = msgspec.json.Decoder(_ContextAnswer)
_CONTEXT: Final = msgspec.json.Decoder(_Context | None)
_SIGNED_IN: Final = msgspec.json.Decoder(_SignedIn)


def projects(body: bytes) -> list[Project]:
    """Read a list of projects.

    Raises:
        UnusableAnswer: the body is not a whole list, or an entry has no valid ID.
    """

    def read(body: bytes) -> list[Project]:
        decoded = _PROJECTS.decode(body)
        items = decoded if isinstance(decoded, list) else decoded.projects
        return rows(_PROJECT.decode, _project, items)

    return decode(read, body)


def project(body: bytes, project_id: int) -> Project:
    """Read one project, with the fingerprints of its stored context.

    Raises:
        UnusableAnswer: the body is not a project, or another one than was asked for.
    """

    def read(body: bytes) -> Project:
        inner = _PROJECT_ANSWER.decode(body).project
        return _project(_PROJECT.decode(inner or body))

    found = decode(read, body)
    if found.id != project_id:
        raise UnusableAnswer("The answer is about another project than the one asked for.")
    return found


def context(body: bytes) -> StoredContext:
    """Read the answer to a GET or POST of a project's context, as fingerprints.

    Raises:
        UnusableAnswer: it holds no context that can be read.
    """
    found = _stored_context(decode(_CONTEXT_ANSWER.decode, body).context)
    if found is None:
        raise UnusableAnswer("The server answered, but not with a context that can be read.")
    return found


def prompt(body: bytes) -> dict[str, Any]:
    """Read the same answer whole.

    Raises:
        UnusableAnswer: it holds no context.
    """
    found = decode(msgspec.json.Decoder(dict[str, Any]).decode, body).get("context")
    if not isinstance(found, dict):
        raise UnusableAnswer("The server answered, but not with a context that can be read.")
    return found


def imports(body: bytes, project_id: int) -> list[Import]:
    """Read a list of imports; one that does not say its project is of the one asked for.

    Raises:
        UnusableAnswer: the body is not a whole list, or an entry has no valid ID.
    """

    def read(body: bytes) -> list[Import]:
        decoded = _IMPORTS.decode(body)
        items = decoded if isinstance(decoded, list) else decoded.imports
        return rows(_IMPORT.decode, lambda item: _import(item, project_id), items)

    return decode(read, body)


def files(body: bytes, project_id: int) -> list[File]:
    """Read a list of files; one that does not say its project is of the one asked for.

    Raises:
        UnusableAnswer: the body is not a whole list, or an entry has no valid ID.
    """
    kept: dict[object, Any] = {}

    def read(body: bytes) -> list[File]:
        decoded = _FILES.decode(body)
        items = decoded if isinstance(decoded, list) else decoded.files
        return rows(_FILE.decode, lambda item: _file(item, project_id, kept), items)

    return decode(read, body)


def installations(body: bytes) -> list[Installation]:
    """Read the GitHub installations that are linked to a project; linked twice, they come twice.

    Raises:
        UnusableAnswer: the body is not a whole list, or an entry has no valid ID.
    """
    decoded = decode(_INSTALLATIONS.decode, body)
    items = decoded if isinstance(decoded, list) else decoded.installations
    return unique(
        Installation(
            _id(each.github_installation_id or each.id), _text(each.github_account_name) or ""
        )
        for each in items
    )


def all_of(rows: list[Resource], project_id: int) -> list[Resource]:
    """Make sure that a list is of the project that was asked for.

    Raises:
        UnusableAnswer: a row says that it belongs to another one.
    """
    if any(row.project_id != project_id for row in rows):
        raise UnusableAnswer("The answer lists another project than the one that was asked for.")
    return rows


def user(body: bytes) -> User | None:
    """Read who a sign-in or session answer names.

    Returns:
        The user, or None when the answer is an object that names no user.

    Raises:
        UnusableAnswer: it is not an object, or names a user without a valid ID.
    """
    signed_in = decode(_SIGNED_IN.decode, body)
    named = signed_in.user
    if named is None:
        return None
    email = _text(named.primary_email) or _text(named.email) or ""
    return User(_id(named.id), email, _date(signed_in.loggedInAt))


def _project(item: _Project) -> Project:
    return Project(
        _id(item.id),
        _text(item.name) or "",
        _text(item.description),
        _text(item.type) or _text(item.project_type),
        _text(item.main_language) or _text(item.programming_language),
        _date(item.created_at),
        _date(item.updated_at),
        _stored_context(item.prompt_context),
    )


def _stored_context(raw: msgspec.Raw) -> StoredContext | None:
    """Hash what a context holds. One that is null holds nothing; one that is odd tells nothing."""
    if not raw:
        return None
    try:
        found = _mended(_CONTEXT.decode, raw)
        if found is None:
            return StoredContext()
        resources = found.resources
        if resources.imports is None and resources.files is None:
            return None
        stored = list(resources.imports or ())
        files = [file for item in stored for file in item.context_files or ()]
        files += [file for file in resources.files or () if file.import_id is not None]
        prints = [_import_print(item) for item in stored]
        prints += [_file_print(file) for file in files]
    except UnusableAnswer:
        return None
    return StoredContext(tuple(prints), _date(found.currentDate))


def _mended(read: Callable[[Any], T], raw: msgspec.Raw) -> T:
    """Decode a part of a body in place; copy it only when there is something to mend."""
    try:
        return read(raw)
    except (ValueError, RecursionError):
        return decode(read, bytes(raw))


def _import_print(item: _StoredImport) -> Fingerprint:
    return import_fingerprint(
        _text(item.source_type) or "", _text(item.source_path) or "", _text(item.source_ref)
    )


def _file_print(file: _StoredFile) -> Fingerprint:
    content: object = None
    for raw in (file.content, file.text):
        if raw and not isinstance(content, str):
            content = _mended(msgspec.json.decode, raw)
    return file_fingerprint(
        _text(file.original_path) or "", _text(file.title) or "", _text(content) or ""
    )


def _import(item: _Import, project_id: int) -> Import:
    return Import(
        _id(item.id),
        item.project_id if _is_id(item.project_id) else project_id,
        _text(item.source_type) or "",
        _text(item.source_path) or "",
        _text(item.source_ref),
        _text(item.import_status),
        _text(item.error_message),
        _text(item.title),
        _text(item.description),
        item.file_tree,
        _date(item.created_at),
        _date(item.updated_at),
    )


def _file(item: _File, project_id: int, kept: dict[object, Any]) -> File:
    """Share equal values of many files, such as their folder, as one object: that of the first."""

    def shared(value: T) -> T:
        return kept.setdefault(value, value)  # type: ignore[no-any-return]  # equal to the value

    created = _date(item.created_at)
    content = _text(item.content)
    if content is None:
        content = _text(item.text) or ""
    return File(
        _id(item.id),
        shared(item.project_id if _is_id(item.project_id) else project_id),
        shared(_parent(item.import_id)),
        _text(item.title) or "",
        _text(item.original_path) or "",
        content,
        shared(_text(item.file_type) or _text(item.context_file_type)),
        shared(_text(item.category) or _text(item.context_file_category)),
        _size(item.file_size, content),
        shared(_text(item.language)),
        item.metadata,
        _text(item.pdf_url),
        shared(_text(item.parent_path)),
        item.depth if type(item.depth) is int else None,
        created,
        created if item.updated_at == item.created_at else _date(item.updated_at),
        item.file_size if type(item.file_size) is int else None,
    )


def _is_id(value: object) -> bool:
    return type(value) is int and 1 <= value <= MAX_ID


def _id(value: Any) -> int:
    if not _is_id(value):
        raise UnusableAnswer(_NO_ID)
    return int(value)


def _parent(value: object) -> int | None:
    """The import of a file. One that cannot be understood would hide the file from a cascade."""
    if value is None or _is_id(value):
        return value  # type: ignore[return-value]  # one of the two
    if isinstance(value, str) and value.isascii() and value.isdigit() and _is_id(int(value[:12])):
        return int(value)
    raise UnusableAnswer("A file of the list has an import ID that is none.")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _size(value: object, content: str) -> int:
    """The server's size when it is a sensible one, else the content's own in UTF-8."""
    if type(value) is int and 0 <= value <= 2**63:
        return value
    return len(content) if content.isascii() else len(content.encode())


def _date(value: object) -> datetime | None:
    """A moment in time, in UTC when the server names no zone; None for anything else.

    The first and last year count as odd: turned into local time they overflow.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not 1 < moment.year < 9999:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Row(Protocol):
    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=_Row)


_BROKEN: Final = "The server's answer is broken or incomplete."
_NO_LIST: Final = "The server answered, but not with a list."


def decode(read: Callable[[bytes], T], body: bytes) -> T:
    """Decode, and once more with lone surrogates mended if that is what stood in the way.

    Args:
        read: a decoder of msgspec, alone or with what is made of its values.
        body: JSON in UTF-8.

    Raises:
        UnusableAnswer: it is not JSON, not all of it, or of another shape than is read.
    """
    try:
        return read(body)
    except msgspec.ValidationError:
        failure = _NO_LIST
    except (ValueError, RecursionError):
        failure = _BROKEN
    mended = _mend(body) if failure is _BROKEN else body
    if mended == body:
        raise UnusableAnswer(failure)
    return decode(read, mended)


_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _mend(body: bytes) -> bytes:
    r"""Write U+FFFD for every ``\uD8xx`` without its other half.

    JavaScript sends such halves, msgspec refuses the whole body for one of them, and as a Python
    string they could be neither shown nor written to a file.
    """
    if rb"\ud" not in body and rb"\uD" not in body:
        return body
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], body)


def rows(
    read: Callable[[msgspec.Raw], T], convert: Callable[[T], Row], items: list[msgspec.Raw]
) -> list[Row]:
    """Decode one row at a time: beside the body there is never more than what is kept of it.

    Args:
        read: decodes an item.
        convert: makes a row of it.
        items: all of them; empty afterwards.
    """
    items.reverse()
    return unique(convert(read(items.pop())) for _ in range(len(items)))


def unique(rows: Iterable[Row]) -> list[Row]:
    """Keep the first row of each ID, in order."""
    seen: dict[int, Row] = {}
    for row in rows:
        seen.setdefault(row.id, row)
    return list(seen.values())
