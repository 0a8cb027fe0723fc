"""The published JSON Schemas: valid ones, and every document keeps to its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from neptun_tui.cli.schemas import SCHEMAS, schema_text

from .conftest import Run


def schema_of(name: str) -> dict[str, Any]:
    return json.loads(schema_text(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_of_the_draft_it_names(name: str) -> None:
    schema = schema_of(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "command",
    [
        ("projects",),
        ("imports", "1"),
        ("imports", "8"),
        ("files", "1"),
        ("files", "8", "--content"),
        ("whoami",),
        ("doctor",),
    ],
)
def test_what_is_printed_keeps_to_its_schema(neptun: Run, command: tuple[str, ...]) -> None:
    document = json.loads(neptun(*command, "--json").stdout)
    Draft202012Validator(schema_of(command[0])).validate(document)


@pytest.mark.parametrize("name", ["projects", "imports", "files", "whoami", "doctor"])
def test_a_schema_refuses_what_it_does_not_describe(name: str) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(schema_of(name)).validate({"version": 1})
