"""Published JSON Schemas: they are valid, and every document conforms to its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from neptun_tui.cli.args import SCHEMAS
from neptun_tui.cli.models import schema_text

from .conftest import Run


def schema_of(name: str) -> dict[str, Any]:
    return json.loads(schema_text(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_of_the_draft_it_names(name: str) -> None:
    schema = schema_of(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def objects_of(node: Any) -> Iterator[dict[str, Any]]:
    """Every object that a schema describes by its properties."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and "type" in node:
            yield node
        for each in node.values():
            yield from objects_of(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects_of(each)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_object_is_closed_and_every_property_required(name: str) -> None:
    found = list(objects_of(schema_of(name)))
    assert found
    for each in found:
        assert each["additionalProperties"] is False
        assert {*each["properties"]} - {*each["required"]} <= {"content"}, "only with --content"


def test_there_is_a_schema_for_each_name_and_no_other() -> None:
    assert [schema_of(name)["$id"] for name in SCHEMAS] == [
        f"urn:neptun-tui:{name}:1" for name in SCHEMAS
    ]
    with pytest.raises(KeyError):
        schema_text("project")


def test_one_word_for_one_thing() -> None:
    """Documents use the glossary's words: ``result``, and ``type`` for a file's type."""
    names = {key for name in SCHEMAS for each in objects_of(schema_of(name))
             for key in each["properties"]}  # fmt: skip
    old = {"sort", "fate", "verdict", "no verdict", "with_import", "trouble", "other_contexts"}
    assert names & old == set()
    assert {"result", "no result", "type", "parent_import", "error"} <= names
    assert {"other_project_imports", "other_stored_contexts"} <= names


@pytest.mark.parametrize(
    "command",
    [
        ("projects",),
        ("imports", "1"),
        ("imports", "8"),
        ("files", "1"),
        ("files", "8", "--content"),
        ("whoami",),
        ("whoami", "--all"),
        ("doctor",),
        ("history",),
        ("context", "show", "1"),
        ("context", "renew", "1"),
    ],
)
def test_what_is_printed_keeps_to_its_schema(neptun: Run, command: tuple[str, ...]) -> None:
    document = json.loads(neptun(*command, "--json").stdout)
    Draft202012Validator(schema_of(command[0])).validate(document)


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("document", [{"version": 1}, {"type": "item"}, {}, [], "", 1, None])
def test_a_schema_refuses_what_it_does_not_describe(name: str, document: object) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(schema_of(name)).validate(document)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "project"}, {"id": 0}, {"id": 2**31}, {"id": "7"}, {"bytes": -1}, {"result": "gone"},
     {"parent_import": 0}, {"reason": None}, {"type": "plan"}, {"verdict": "deleted"}],
)  # fmt: skip
def test_a_line_of_delete_is_held_to_its_bounds(changes: dict[str, Any]) -> None:
    line = {"type": "item", "kind": "file", "id": 7, "project_id": 1, "name": "a", "bytes": 1,
            "parent_import": None, "result": "not sent", "reason": ""}  # fmt: skip
    validator = Draft202012Validator(schema_of("delete"))
    validator.validate(line)
    assert not validator.is_valid(line | changes)
    for name in line:
        assert not validator.is_valid({key: value for key, value in line.items() if key != name})
