"""Published JSON Schemas: they are valid and open, and every document has exactly their names."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from neptun_tui.cli.args import SCHEMAS, parser
from neptun_tui.cli.models import schema_text

from ..builders import closed, objects_of
from .conftest import Run


def schema_of(name: str) -> dict[str, Any]:
    return json.loads(schema_text(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_of_the_draft_it_names(name: str) -> None:
    schema = schema_of(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_object_is_open_and_every_property_required(name: str) -> None:
    """New names are no break: a script that checks by the schema of today takes them."""
    found = list(objects_of(schema_of(name)))
    assert found
    for each in found:
        assert "additionalProperties" not in each
        assert {*each["properties"]} - {*each["required"]} <= {"content"}, "only with --content"


def with_new_names(node: Any) -> Any:
    """A document of a later version: one more name in every object."""
    if isinstance(node, dict):
        return {key: with_new_names(value) for key, value in node.items()} | {"new": [1]}
    return [with_new_names(each) for each in node] if isinstance(node, list) else node


def test_a_document_with_new_names_keeps_to_the_schema(neptun: Run) -> None:
    for command in (("imports", "1"), ("files", "1"), ("whoami",), ("whoami", "--all")):
        document = with_new_names(json.loads(neptun(*command, "--json").stdout))
        schema = schema_of(command[0])
        Draft202012Validator(schema).validate(document)
        assert not Draft202012Validator(closed(schema)).is_valid(document)
    one_of_two = json.loads(neptun("context", "renew", "1", "--json").stdout) | {"context": {}}
    Draft202012Validator(schema_of("context")).validate(one_of_two)


def test_there_is_a_schema_for_each_name_and_no_other() -> None:
    assert [schema_of(name)["$id"] for name in SCHEMAS] == [
        f"urn:neptun-tui:{name}:1" for name in SCHEMAS
    ]
    with pytest.raises(KeyError):
        schema_text("project")


def commands_with_json(parent: argparse.ArgumentParser) -> set[str]:
    """Names of all commands that take ``--json``."""
    return {
        name
        for action in parent._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, command in action.choices.items()
        if any("--json" in each.option_strings for each in command._actions)
    }


def test_every_command_with_json_has_a_schema() -> None:
    found = commands_with_json(parser())
    assert {"settle", "files", "delete"} <= found
    assert found | {"export"} == set(SCHEMAS), "export is an action of history"


def test_one_word_for_one_thing() -> None:
    """Documents use the glossary's words: ``result``, and ``type`` for a file's type."""
    names = {key for name in SCHEMAS for each in objects_of(schema_of(name))
             for key in each["properties"]}  # fmt: skip
    old = {"sort", "fate", "verdict", "no verdict", "with_import", "trouble", "other_contexts",
           "tier", "also_gone"}  # fmt: skip
    assert names & old == set()
    assert {"result", "no result", "type", "parent_import", "error", "backend"} <= names
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
        ("settle",),
        ("context", "show", "1"),
        ("context", "renew", "1"),
    ],
)
def test_what_is_printed_keeps_to_its_schema(neptun: Run, command: tuple[str, ...]) -> None:
    document = json.loads(neptun(*command, "--json").stdout)
    Draft202012Validator(closed(schema_of(command[0]))).validate(document)


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("document", [{"version": 1}, {"type": "item"}, {}, [], "", 1, None])
def test_a_schema_refuses_what_it_does_not_describe(name: str, document: object) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(schema_of(name)).validate(document)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "project"}, {"id": 0}, {"id": 2**31}, {"id": "7"}, {"bytes": -1}, {"result": "gone"},
     {"parent_import": 0}, {"reason": None}, {"type": "plan"}],
)  # fmt: skip
def test_a_line_of_delete_is_held_to_its_bounds(changes: dict[str, Any]) -> None:
    line = {"type": "item", "kind": "file", "id": 7, "project_id": 1, "name": "a", "bytes": 1,
            "parent_import": None, "result": "not sent", "reason": ""}  # fmt: skip
    validator = Draft202012Validator(schema_of("delete"))
    validator.validate(line)
    assert not validator.is_valid(line | changes)
    exact = Draft202012Validator(closed(schema_of("delete")))
    exact.validate(line)
    assert not exact.is_valid(line | {"verdict": "deleted"})
    for name in line:
        assert not validator.is_valid({key: value for key, value in line.items() if key != name})
