"""IDs as typed, and display names of imports and files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.domain.errors import InvalidId
from neptun_tui.domain.resources import MAX_ID, File, Import, parse_id

from ..builders import examples

calm = settings(deadline=None, max_examples=examples(150))


@pytest.mark.parametrize(
    ("typed", "number"),
    [(1, 1), ("1", 1), (" 102\n", 102), ("007", 7), (MAX_ID, MAX_ID), (str(MAX_ID), MAX_ID)],
)
def test_a_whole_number_is_an_id(typed: str | int, number: int) -> None:
    assert parse_id(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "0", "00", "-1", "+1", "1.0", "1.5", "1e2", "0x1", "1_000", "1,000", "1 2"),
        *(
            "abc",
            "NaN",
            "None",
            "i102",
            "#102",
            "1;",
            "1/..",
            "%31",
            "1\x00",
            "\u202e12",
            "1\u200b",
        ),
        *("١٢", "１２", "²", "Ⅷ", "一"),
        *(0, -1, MAX_ID + 1, 10**30, str(MAX_ID + 1), "9" * 5000),
        *(1.0, True, None, b"1", [1]),
    ],
)
def test_anything_else_is_refused_before_it_is_sent(typed: Any) -> None:
    with pytest.raises(InvalidId):
        parse_id(typed)


@pytest.mark.parametrize(
    "typed", ["0" * 15 + "9999999999", "0" * 19 + "1" + "0" * 12, "0" * 19 + "1" + "0" * 5000]
)
def test_leading_zeros_smuggle_no_number_past_the_limit(typed: str) -> None:
    with pytest.raises(InvalidId):
        parse_id(typed)


@calm
@given(typed=st.one_of(st.text(), st.integers(), st.from_regex(r"\s*0{0,16}[0-9]{1,12}\s*")))
def test_what_is_taken_is_in_range_and_is_the_number_that_was_typed(typed: str | int) -> None:
    try:
        number = parse_id(typed)
    except InvalidId:
        return
    assert 1 <= number <= MAX_ID
    assert str(number) == str(typed).strip().lstrip("0")


@calm
@given(number=st.integers(1, MAX_ID))
def test_every_id_that_neptun_can_hold_is_taken(number: int) -> None:
    assert parse_id(number) == parse_id(f" {number} ") == number


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"path": "/"}, "/"),
        ({"path": "org/repo", "source_ref": "main"}, "org/repo @ main"),
        ({"path": "", "title": "My upload"}, "My upload"),
        ({"path": "/srv", "title": "My upload"}, "/srv"),
        ({"path": ""}, ""),
    ],
)
def test_an_import_is_called_by_its_path_and_ref(
    make_import: Callable[..., Import], options: dict[str, str], name: str
) -> None:
    assert make_import(1, **options).name == name


@pytest.mark.parametrize(
    ("source_type", "label", "connection"),
    [
        ("local_folder", "Local folder", False),
        ("github_repository_installation", "GitHub app", True),
        ("public_github_repository_url", "Public repo", False),
        ("github", "GitHub", True),
        ("gitlab_of_tomorrow", "gitlab_of_tomorrow", False),
    ],
)
def test_a_source_type_is_put_in_words_and_tells_whether_a_connection_goes_with_it(
    make_import: Callable[..., Import], source_type: str, label: str, connection: bool
) -> None:
    item = make_import(1, source_type=source_type)
    assert (item.source_label, item.takes_connection) == (label, connection)


@pytest.mark.parametrize(
    ("title", "path", "name"),
    [
        ("a.txt", "src/a.txt", "src/a.txt"),
        ("a.txt", "/app/src/a.txt", "/app/src/a.txt"),
        ("a.txt", "a.txt", "a.txt"),
        ("", "src/a.txt", "src/a.txt"),
        ("My source", "src/a.txt", "My source"),
        ("a.txt", "src/data.txt", "a.txt"),
        ("a.txt", "", "a.txt"),
        ("src/a.txt", "src/a.txt", "src/a.txt"),
        ("", "", ""),
    ],
)
def test_a_file_is_called_by_its_path_unless_its_title_says_something_else(
    make_file: Callable[..., File], title: str, path: str, name: str
) -> None:
    assert make_file(1, title=title, original_path=path).name == name


def test_a_repr_repeats_no_content(make_file: Callable[..., File]) -> None:
    assert "top secret" not in repr(
        make_file(1, content="top secret", metadata={"k": "top secret"})
    )
