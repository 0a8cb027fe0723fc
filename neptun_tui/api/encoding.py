"""Encoder of imports and files for POST and PUT, and decoder of the replies (contract §5, §6).

Every field that Neptun lets a client set is named, empty ones included: a field left out would get
the server's default instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

import msgspec

from neptun_tui.api import codec
from neptun_tui.domain.errors import Rejected, UnusableAnswer
from neptun_tui.domain.resources import File, Import, Project

Form = Mapping[str, Any]
"""The fields of one thing to be made."""

T = TypeVar("T", Import, File, Project)


class _Created(msgspec.Struct):
    """The documented envelope; the observed server answers with the bare object."""

    an_import: msgspec.Raw = msgspec.field(name="import", default=msgspec.Raw())
    file: msgspec.Raw = msgspec.Raw()
    project: msgspec.Raw = msgspec.Raw()


_CREATED: Final = msgspec.json.Decoder(_Created)


def import_form(item: Import, user_id: int) -> Form:
    """The fields of an import. An unknown status is left to the server, which takes no null."""
    told = {"import_status": item.status, "title": item.title, "description": item.description}
    return {
        "source_type": item.source_type,
        "source_path": item.source_path,
        "source_ref": item.source_ref,
        "error_message": item.error_message,
        "file_tree": item.file_tree,
        "neptun_user_id": user_id,
        **{name: value for name, value in told.items() if value is not None},
    }


def file_form(file: File, import_id: int | None, user_id: int, *, documented: bool) -> Form:
    """The fields of a file.

    Args:
        file: what to make.
        import_id: the import it is to stand under.
        user_id: whose it will be.
        documented: whether the server calls content and types what its reference calls them.
    """
    form = {
        "title": file.title,
        "original_path": file.original_path,
        "content": file.content,
        "file_type": file.file_type,
        "category": file.category,
        "file_size": file.file_size,
        "pdf_url": file.pdf_url,
        "language": file.language,
        "metadata": file.metadata,
        "parent_path": file.parent_path,
        "depth": file.depth,
        "neptun_user_id": user_id,
    }
    if import_id is not None:
        form["import_id"] = import_id
    if documented:
        form["extension"] = PurePosixPath(file.original_path).suffix.removeprefix(".")
        return {_DOCUMENTED.get(name, name): value for name, value in form.items()}
    return form


_DOCUMENTED: Final = {
    "content": "text",
    "file_type": "context_file_type",
    "category": "context_file_category",
}


def project_form(project: Project, *, documented: bool) -> Form:
    """Return the fields of a project; what is not known of it gets a value that Neptun takes."""
    names = ("project_type", "programming_language") if documented else ("type", "main_language")
    kinds = (project.type or "web-app", project.main_language or "typescript")
    return {
        "name": project.name,
        "description": project.description,
        **dict(zip(names, kinds, strict=True)),
    }


def encode(form: Form) -> bytes:
    """Write a form as JSON.

    Raises:
        Rejected: a text in it cannot be kept by Neptun; ``fields`` says where. A NUL ends in a 500
            there, and half a character would come back as another one.
    """
    if fields := _fields_with(form, _unsendable):
        raise Rejected(
            f"A NUL or half a character is in {', '.join(fields)}, and Neptun can keep neither.",
            fields=fields,
        )
    try:
        return msgspec.json.encode(form)
    except RecursionError:
        pass  # its frames are many, and hold everything
    raise Rejected("There is something in it that is nested too deeply to be sent.")


def explain(error: Rejected, form: Form) -> Rejected:
    """Say in words what the server does not: it has a bare 400 for every import with markup."""
    if error.status == 400 and error.fields == ("import_id",) and "import_id" not in form:
        return Rejected("Neptun takes no file without an import.", status=400, fields=error.fields)
    fields = tuple(name for name, value in form.items() if has_markup(value))
    if error.status == 400 and not error.fields and "source_path" in form and fields:
        return Rejected(
            f"Neptun refuses the characters < and > in imports; they are in {', '.join(fields)}.",
            status=400,
            fields=fields,
        )
    return error


def has_markup(value: object) -> bool:
    """Return whether a JSON value holds < or >, which Neptun refuses in a posted import (§5)."""
    return any("<" in text or ">" in text for text in _texts(value))


def created_import(body: bytes, project_id: int) -> Import:
    """Read the answer to a posted import, in either dialect.

    Raises:
        UnusableAnswer: it does not say what was made.
    """
    return _created(codec.imports, body, project_id)


def created_file(body: bytes, project_id: int) -> File:
    """Read the answer to a posted file, in either dialect.

    Raises:
        UnusableAnswer: it does not say what was made.
    """
    return _created(codec.files, body, project_id)


def created_project(body: bytes) -> Project:
    """Read the answer to a posted project, in either dialect.

    Raises:
        UnusableAnswer: it does not say what was made.
    """
    return _created(lambda body, _: codec.projects(body), body, 0)


def in_envelope(body: bytes) -> bool:
    """Tell whether a list came in the envelope that the reference documents."""
    return body[:64].lstrip().startswith(b"{")


def _created(read: Callable[[bytes, int], list[T]], body: bytes, project_id: int) -> T:
    """Read the one object as a list of one, so that the rules for its fields stand in one place."""
    try:
        rows = read(b"[%b]" % _unwrapped(body), project_id)
    except UnusableAnswer:
        rows = []
    if len(rows) == 1:
        return rows[0]
    raise UnusableAnswer("Neptun accepted this, but does not say under which ID.")


def _unwrapped(body: bytes) -> bytes:
    try:
        answer = _CREATED.decode(body)
    except (ValueError, RecursionError):
        return body  # whatever it is, the list will say what is wrong with it
    return bytes(answer.an_import) or bytes(answer.file) or bytes(answer.project) or body


def _fields_with(form: Form, wanted: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(name for name, value in form.items() if any(map(wanted, _texts(value))))


def _unsendable(text: str) -> bool:
    """Tell whether a text holds a NUL, or a lone surrogate."""
    try:
        return "\0" in text or (not text.isascii() and not text.encode())
    except UnicodeEncodeError:
        return True


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, keys included."""
    todo: list[object] = [value]
    while todo:
        match todo.pop():
            case str() as text:
                yield text
            case Mapping() as mapping:
                todo += [*mapping, *mapping.values()]
            case list() | tuple() as items:
                todo += items
