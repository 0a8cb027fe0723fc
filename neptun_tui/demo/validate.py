"""Validation with Zod's messages, as the recorded 400 responses have them (shape V)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from neptun_tui.demo.errors import Issue, invalid
from neptun_tui.demo.schema import MAX_INTEGER

UNDEFINED: Final = object()
"""JavaScript's `undefined`: a missing key, or a missing body."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_PREFIXED: Final = re.compile(r"0(x[0-9a-f]+|o[0-7]+|b[01]+)", re.ASCII | re.IGNORECASE)
_EMAIL: Final = re.compile(r"[\w.+'-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}", re.ASCII)


class Where(Enum):
    """Source of a value. The observed server's messages differ by one full stop."""

    BODY = "Bad Request"
    REQUEST_LINE = "Bad Request."


@dataclass(frozen=True, slots=True)
class Field:
    """Key of a JSON body, with its allowed values."""

    name: str
    kind: Literal["string", "integer", "boolean", "enum", "array", "json"]
    required: bool = False
    nullable: bool = True
    options: tuple[str, ...] = ()
    min_length: int = 0


def checked_body(
    body: object,
    fields: Sequence[Field],
    *,
    partial: bool = False,
    status_message: str = Where.BODY.value,
) -> dict[str, Any]:
    """Return the known keys of a body; unknown ones are dropped, as Zod's objects do.

    Raises:
        Refusal: Shape V, with an issue for every invalid key.
    """
    values = checked_object(body, status_message=status_message)
    issues = [
        issue
        for field in fields
        for issue in field_issues(field, values.get(field.name, UNDEFINED), partial=partial)
    ]
    if issues:
        raise invalid(issues, status_message=status_message)
    return {field.name: values[field.name] for field in fields if field.name in values}


def checked_object(body: object, *, status_message: str = Where.BODY.value) -> dict[str, Any]:
    """Return the body, if it is an object.

    Raises:
        Refusal: Shape V.
    """
    if isinstance(body, dict):
        return body
    raise invalid([_wrong_type([], "object", body)], status_message=status_message)


def field_issues(field: Field, value: object, *, partial: bool = False) -> Iterator[Issue]:
    """Yield the issues of one value of a body."""
    if value is UNDEFINED:
        if field.required and not partial:
            yield _mistyped(field, value)
    elif value is None and field.nullable and not field.required:
        return
    elif not _has_kind(field, value):
        yield _mistyped(field, value)
    else:
        yield from _value_issues(field, value)


def checked_ids(params: Mapping[str, str]) -> dict[str, int]:
    """Return the ids of a path, parsed like JavaScript's `Number`: `1e0` and `0x1` are 1.

    Raises:
        Refusal: Shape V, with an issue for every id that is not a positive integer.
    """
    numbers = {name: javascript_number(text) for name, text in params.items()}
    issues = [issue for name, number in numbers.items() for issue in _id_issues(name, number)]
    if issues:
        raise invalid(issues, status_message=Where.REQUEST_LINE.value)
    return {name: int(number) for name, number in numbers.items()}


def checked_filter(
    query: Mapping[str, Sequence[str]], name: str, options: tuple[str, ...]
) -> str | None:
    """Return an optional query parameter, which must be one of the options and appear only once.

    Raises:
        Refusal: Shape V, in the format of a Zod union of the enumeration and null.
    """
    values = query.get(name)
    if not values:
        return None
    value: object = values[0] if len(values) == 1 else list(values)
    field = Field(name, "enum", nullable=False, options=options)
    complaints = list(field_issues(field, value))
    if not complaints:
        return values[0]
    not_null = _wrong_type([name], "null", value)
    union = [{"issues": found, "name": "ZodError"} for found in (complaints, [not_null])]
    issue = {
        "code": "invalid_union",
        "unionErrors": union,
        "path": [name],
        "message": "Invalid input",
    }
    raise invalid([issue], status_message=Where.REQUEST_LINE.value)


def enum_issue(path: str, value: object, options: tuple[str, ...]) -> Issue:
    """Return the issue of a value that is not one of the options, or is missing."""
    wanted = " | ".join(f"'{option}'" for option in options)
    if isinstance(value, str):
        return {
            "received": value,
            "code": "invalid_enum_value",
            "options": list(options),
            "path": [path],
            "message": f"Invalid enum value. Expected {wanted}, received '{value}'",
        }
    received = received_type(value)
    return {
        "expected": wanted,
        "received": received,
        "code": "invalid_type",
        "path": [path],
        "message": "Required" if value is UNDEFINED else f"Expected {wanted}, received {received}",
    }


def is_email(text: str) -> bool:
    """Tell whether Zod accepts a text as an e-mail; surrounding blanks are not trimmed."""
    return _EMAIL.fullmatch(text) is not None and ".." not in text


def javascript_number(text: str) -> float:
    """Return `Number(text)` of JavaScript; NaN for a text that is not a number."""
    if _PREFIXED.fullmatch(text):
        return float(int(text, 0))
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def received_type(value: object) -> str:
    """Return Zod's name for the type of a value."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return "null" if value is None else names.get(type(value), "object")


def _has_kind(field: Field, value: object) -> bool:
    if field.kind == "integer":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if field.kind == "enum":
        return isinstance(value, str) and value in field.options
    if field.kind == "json":
        return True
    types = {"boolean": bool, "array": list}
    return isinstance(value, types.get(field.kind, str))


def _mistyped(field: Field, value: object) -> Issue:
    if field.kind == "enum":
        return enum_issue(field.name, value, field.options)
    expected = "number" if field.kind == "integer" else field.kind
    return _wrong_type([field.name], expected, value)


def _value_issues(field: Field, value: object) -> Iterator[Issue]:
    """Yield the issues of a value outside a PostgreSQL integer, or of a text that is too short."""
    if isinstance(value, str) and len(value.strip()) < field.min_length:
        yield _too_short(field.name, field.min_length)
    if field.kind != "integer" or not isinstance(value, int | float):
        return
    if not float(value).is_integer():
        yield _not_whole(field.name)
    if value < -MAX_INTEGER - 1:
        yield _limit(field.name, "too_small", "minimum", -MAX_INTEGER - 1, "greater")
    if value > MAX_INTEGER:
        yield _limit(field.name, "too_big", "maximum", MAX_INTEGER, "less")


def _id_issues(name: str, number: float) -> Iterator[Issue]:
    if math.isnan(number):
        yield _wrong_type([name], "number", number)
        return
    if not number.is_integer():
        yield _not_whole(name)
    if number <= 0:
        yield {
            "code": "too_small",
            "minimum": 0,
            "type": "number",
            "inclusive": False,
            "exact": False,
            "message": "Number must be greater than 0",
            "path": [name],
        }


def _limit(name: str, code: str, key: str, limit: int, word: str) -> Issue:
    return {
        "code": code,
        key: limit,
        "type": "number",
        "inclusive": True,
        "exact": False,
        "message": f"Number must be {word} than or equal to {limit}",
        "path": [name],
    }


def _too_short(name: str, length: int) -> Issue:
    return {
        "code": "too_small",
        "minimum": length,
        "type": "string",
        "inclusive": True,
        "exact": False,
        "message": f"String must contain at least {length} character(s)",
        "path": [name],
    }


def _not_whole(name: str) -> Issue:
    return {
        "code": "invalid_type",
        "expected": "integer",
        "received": "float",
        "message": "Expected integer, received float",
        "path": [name],
    }


def _wrong_type(path: list[str], expected: str, value: object) -> Issue:
    received = received_type(value)
    message = f"Expected {expected}, received {received}"
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "path": path,
        "message": "Required" if value is UNDEFINED else message,
    }
