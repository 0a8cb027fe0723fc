"""Validation and the markup filter, beyond what the recorded exchanges show."""

import math

import pytest

from neptun_tui.demo.errors import Refusal
from neptun_tui.demo.request import RawRequest
from neptun_tui.demo.server import guard
from neptun_tui.demo.validate import (
    UNDEFINED,
    Field,
    checked_body,
    checked_ids,
    is_email,
    javascript_number,
    received_type,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("1e0", 1),
        ("0x1F", 31),
        ("0b11", 3),
        ("0o7", 7),
        ("+2", 2),
        (".5", 0.5),
        ("5.", 5),
    ],
)
def test_numbers_are_javascript_numbers(text: str, number: float) -> None:
    assert javascript_number(text) == number


@pytest.mark.parametrize("text", ["", " 1", "%201", "1_000", "abc", "NaN", "0x", "-0x1", "१"])
def test_not_numbers(text: str) -> None:
    assert math.isnan(javascript_number(text))


def test_every_wrong_id_is_named() -> None:
    with pytest.raises(Refusal) as caught:
        checked_ids({"user_id": "1", "project_id": "0", "import_id": "-1.5"})
    issues = (caught.value.data or {})["issues"]
    assert [i["path"] for i in issues] == [["project_id"], ["import_id"], ["import_id"]]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *((UNDEFINED, "undefined"), (None, "null"), (True, "boolean"), (1, "number")),
        *((1.5, "number"), (math.nan, "nan"), ("", "string"), ([], "array"), ({}, "object")),
    ],
)
def test_types_have_javascript_names(value: object, name: str) -> None:
    assert received_type(value) == name


def test_unknown_keys_are_dropped_and_absent_ones_stay_absent() -> None:
    fields = (Field("a", "string", required=True), Field("b", "string"))
    assert checked_body({"a": "x", "c": 1}, fields) == {"a": "x"}
    assert checked_body({}, fields, partial=True) == {}


@pytest.mark.parametrize("email", ["a@b.io", "first.last+tag@sub.example.com"])
def test_e_mail(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize("email", ["", "a", "a@b", " a@b.io", "a@b.io ", "a..b@c.io", "a@b..io"])
def test_no_e_mail(email: str) -> None:
    assert not is_email(email)


def post(path: str, body: bytes) -> RawRequest:
    return RawRequest("POST", path, "", {"content-type": "application/json"}, body)


@pytest.mark.parametrize("text", ["a < b", "->", "<script>", "<b onclick=x>", "<br/>"])
def test_markup_is_refused_but_in_files(text: str) -> None:
    body = f'{{"deep": [{{"key": "{text}"}}]}}'.encode()
    with pytest.raises(Refusal):
        guard(post("/api/users/1/projects", body))
    guard(post("/api/users/1/projects/1/resources/files", body))


@pytest.mark.parametrize("body", [b"{oops", b"NaN", b'{"a": Infinity}'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        guard(post("/api/auth/login", body))
    assert caught.value.framework_message == "Invalid JSON body"
