"""Bases of the JSON documents for users, and the conversion of the program's values to them.

The models of ``cli.models`` and of an export's manifest stand on these bases, so that an import, a
file, an ID or a moment has one form everywhere. Descriptions here are read by users: they are in
the schemas. The objects are open: a schema does not forbid names that a later version adds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from msgspec import Meta, Struct

from neptun_tui.domain.account import Account
from neptun_tui.domain.resources import MAX_ID
from neptun_tui.domain.safe_text import timestamp

VERSION: Final = 1
"""Version of the documents, raised when a change could break a script; new names do not count."""


def about(description: str) -> Meta:
    """Return the description of a field, for the schema."""
    return Meta(description=description)


Version = Annotated[
    Literal[1],
    about("Goes up when a document changes so that a script could break; new names alone do not "
          "count: ignore those that you do not know"),
]  # fmt: skip
Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Count = Annotated[int, Meta(ge=0)]
Moment = Annotated[
    str, Meta(description="ISO 8601, UTC", extra_json_schema={"format": "date-time"})
]
Host = Annotated[str, about("The server's origin")]
Email = Annotated[str, about("The e-mail address of the account")]
ProjectId = Annotated[Id, about("The project's ID")]
ProjectName = Annotated[str, about("The project's name")]
RunId = Annotated[str, about("The run's ID, as history and restore know it")]
Damaged = Annotated[Count, about("Items of the backup that can no longer be read")]


class Model(Struct):
    """Base of all models."""


class Versioned(Model):
    """Base of whole documents."""

    version: Version


class Owned(Versioned):
    """Base of documents about the data of one account."""

    host: Host
    account: Email


class InProject(Owned):
    """Base of documents about one project."""

    project: ProjectId


class ImportBase(Model):
    """Base of the models of one import."""

    id: Id
    source_type: Annotated[
        str,
        about("local_folder, github_repository_installation, public_github_repository_url, or "
              "another one of the server"),
    ]  # fmt: skip
    source_path: str
    source_ref: str | None
    title: str | None
    description: str | None


class FileBase(Model):
    """Base of the models of one file."""

    id: Id
    import_id: Annotated[int | None, about("The import it came with")]
    title: str
    original_path: str
    file_type: str | None
    created_at: Moment | None
    updated_at: Moment | None


AnyModel = TypeVar("AnyModel", bound=Model)


def build(model: type[AnyModel], source: object, **given: Any) -> AnyModel:
    """Build a model from the attributes of the same names, and from what is given.

    Args:
        model: the class.
        source: a value of the domain; its times become text.
        given: fields that have another name or another form there.
    """
    for name in model.__struct_fields__:
        if name not in given:
            value = getattr(source, name)
            given[name] = timestamp(value) if isinstance(value, datetime) else value
    return model(**given)


def owned(account: Account) -> dict[str, Any]:
    """Return the fields of :class:`Owned`."""
    return {"version": VERSION, "host": account.host, "account": account.email}
