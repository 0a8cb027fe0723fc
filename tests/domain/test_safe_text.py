"""Cleaning of server text: only printable characters reach a terminal."""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neptun_tui.demo import hostile_names
from neptun_tui.domain import safe_text
from neptun_tui.domain.safe_text import clean, clean_lines, clean_name

from ..builders import examples

calm = settings(deadline=None, max_examples=examples(150))

ANY_CHARACTER = st.characters(exclude_categories=())
"""Surrogates, private use and unassigned ones included."""

PIECES = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA1)),
    *("\x1b[2J", "\x1b]0;owned\x07", "\x1b]52;c;AAAA\x1b\\", "\x1bP+q\x1b\\", "\x9b31m", "\x9d"),
    *map(chr, (*range(0x200B, 0x2010), *range(0x2028, 0x2030), *range(0x2060, 0x2070))),
    *("\u061c", "\ufeff", "\u00ad", "\u034f", "\u180e", "\u3164", "\u115f", "\U000e0001"),
    *("\u0301", "\u0301" * 40, "\u20dd", "\u0903", "\ufe0f", "\ufe0e", "\U000e0100", "\u180b"),
    *("\ud800", "\udfff", "\ue000", "\U000f0000", "\U0010ffff", "\ufffe", "\u0378", "\ufffd"),
    *(
        "\u00a0",
        "\u3000",
        "\u2003",
        "[/]",
        "[b]x",
        "[@click=app.quit]q[/]",
        "漢",
        "﷽",
        "👨\u200d👩",
        "a",
    ),
]
HOSTILE = st.one_of(
    st.text(ANY_CHARACTER),
    st.lists(st.sampled_from(PIECES)).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(ANY_CHARACTER, max_size=4))).map("".join),
)
CORPUS = [
    *hostile_names.TITLES,
    *hostile_names.CONTENTS,
    hostile_names.PROJECT_DESCRIPTION,
    *hostile_names.IMPORT_PATHS,
]


def assert_safe(text: str) -> None:
    assert text.isprintable()
    assert not set(text) & set("\x1b\n\r\t\x07\x08\x9b\x9d\u202e\u2066\u200b\u200d")
    assert not any(
        unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in text
    )
    text.encode()  # half a character would crash whoever writes it


def longest_tower(text: str) -> int:
    highest = run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        highest = max(highest, run)
    return highest


@calm
@given(text=HOSTILE)
def test_a_cleaned_text_is_printable_to_the_last_character(text: str) -> None:
    assert_safe(clean(text))


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_the_names_and_contents_that_bite_come_out_harmless(text: str) -> None:
    assert_safe(clean(text))
    assert_safe(clean_name(text))
    for line in clean_lines(text):
        assert_safe(line)


def test_no_character_of_unicode_comes_out_unprintable() -> None:
    for start in range(0, sys.maxunicode + 1, 4096):
        letters = "a".join(map(chr, range(start, start + 4096)))
        cleaned = clean(letters, 10_000)
        assert cleaned.isprintable(), hex(start)


@calm
@given(text=HOSTILE, limit=st.integers(1, 60))
def test_the_length_is_bounded_and_a_cut_is_shown(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit + 2  # the ellipsis, and what a leading mark is put on
    assert (len(text) > limit) <= cleaned.endswith("…")


@calm
@given(text=HOSTILE)
@example("\u0301\u0302\u0303")
@example("\ufe0f\u0301")
@example("a\ufe0f\u0301\u0302")
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text, 10_000)
    assert clean(once, 10_000) == once


@calm
@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert clean_lines(text) == [text]
    assert clean_name(text) == (text if text.strip() else safe_text.NO_NAME)


@calm
@given(text=HOSTILE)
def test_no_tower_of_marks_climbs_out_of_its_line_and_none_stands_on_a_neighbour(text: str) -> None:
    cleaned = clean(text)
    assert longest_tower(cleaned) <= 2
    assert not cleaned or unicodedata.category(cleaned[0]) not in {"Mn", "Me"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\nb\r\tc\0", "a␊b␍␉c␀"),
        ("\x7f", "␡"),
        ("\x9b31m\x85", "\ufffd31m\ufffd"),
        ("\u202eabc\u202c", "\ufffdabc\ufffd"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("line\u2028break", "line\ufffdbreak"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
        ("no\u00a0break\u3000wide", "no break wide"),
        ("❤\ufe0f", "❤"),
        ("e\u0301\u0302\u0303\u0304", "é\u0302\u0303"),
        ("\u0301a", "◌\u0301a"),
        ("ein [b]Wort[/b] [/]", "ein [b]Wort[/b] [/]"),
        ("naïve 漢字 日本 한국 שלום ไทย", "naïve 漢字 日本 한국 שלום ไทย"),
        ("", ""),
    ],
)
def test_what_is_dangerous_is_made_visible_and_the_rest_stays(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "abc…"), ("t" * 5000, 1000, "t" * 1000 + "…"), ("", 3, "")],
)
def test_a_long_text_ends_in_an_ellipsis(text: str, limit: int, shown: str) -> None:
    assert clean(text, limit) == shown


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u3000"])
def test_a_blank_name_says_so(text: str) -> None:
    assert clean_name(text) == "(no name)"


# --- contents


@calm
@given(content=HOSTILE, lines=st.integers(1, 5), width=st.integers(1, 40))
def test_every_line_of_a_content_is_safe_and_bounded(content: str, lines: int, width: int) -> None:
    cleaned = clean_lines(content, max_lines=lines, max_width=width)
    assert 1 <= len(cleaned) <= lines + 1
    for line in cleaned:
        assert_safe(line)
    assert all(len(line) <= width + 2 for line in cleaned[:lines])


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", [""]),
        ("\n", [""]),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\n\n\nb\n", ["a", "", "", "b"]),
        ("\tx\n12\ty", ["    x", "12  y"]),
        ("a\rb\x0bc\x0cd\x85e\u2028f", ["a␍b␋c␌d\ufffde\ufffdf"]),
    ],
)
def test_a_content_is_split_into_its_lines(content: str, lines: list[str]) -> None:
    assert clean_lines(content) == lines


@pytest.mark.parametrize(
    ("content", "left"),
    [("a\nb", 0), ("a\nb\nc", 1), ("a\nb\nc\nd", 2), ("a\nb\n\n", 1), ("a\n" * 1_236, 1_234)],
)
def test_the_lines_left_out_are_counted(content: str, left: int) -> None:
    lines = clean_lines(content, max_lines=2)
    assert lines[:1] == ["a"]
    assert len(lines) == (3 if left else 2)
    assert not left or f" {left:,} more " in lines[-1]


def test_a_line_end_after_the_last_line_shown_is_no_line_left_out() -> None:
    assert clean_lines("a\nb\n", max_lines=2) == ["a", "b"]


# --- numbers and times


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (220, "220 B"),
        (999, "999 B"),
        (1_000, "1 KB"),
        (6_400, "6 KB"),
        (412_000, "412 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (1_200_000, "1.2 MB"),
        (9_949_999, "9.9 MB"),
        (9_960_000, "10 MB"),
        (999_600_000, "1.0 GB"),
        (85_000_000_000, "85 GB"),
        (3_000_000_000_000, "3 TB"),
        (4_200_000_000_000_000, "4,200 TB"),
    ],
)
def test_sizes_are_shown_as_people_read_them(count: int, shown: str) -> None:
    assert safe_text.size(count) == shown


@calm
@given(st.integers(0, 2**63))
def test_a_size_is_short_and_never_four_digits_before_terabytes(count: int) -> None:
    number, unit = safe_text.size(count).split(" ")
    assert unit in {"B", "KB", "MB", "GB", "TB"}
    assert unit == "TB" or float(number) < 1000


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(days=-400), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 d ago"),
        (timedelta(days=29), "29 d ago"),
        (timedelta(days=30), "1 mo ago"),
        (timedelta(days=364), "12 mo ago"),
        (timedelta(days=365), "1 y ago"),
        (timedelta(days=3650), "10 y ago"),
    ],
)
def test_ages_are_told_in_one_unit(now: datetime, past: timedelta, shown: str) -> None:
    assert safe_text.age(now - past, now) == shown


def test_an_unknown_time_is_a_dash(now: datetime) -> None:
    assert safe_text.age(None, now) == safe_text.date(None) == "–"


def test_a_date_is_told_in_the_readers_own_zone(now: datetime) -> None:
    here = now.astimezone()
    assert safe_text.date(now) == f"{here.day} {here:%b %Y, %H:%M}"
    assert safe_text.date(datetime(2025, 1, 5, 3, 4, tzinfo=UTC).astimezone()).count("2025") == 1


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 files"), (1, "1 file"), (2, "2 files"), (2_500, "2,500 files")],
)
def test_a_number_agrees_with_its_noun(number: int, shown: str) -> None:
    assert safe_text.count(number, "file") == shown


@pytest.mark.parametrize(
    ("names", "total", "width", "shown"),
    [
        ([], 0, 60, ""),
        (["a"], 1, 60, "a"),
        (["a", "b"], 2, 60, "a, b"),
        (["a", "b"], 2_002, 60, "a, b … and 2,000 more"),
        (["aaaa", "bbbb", "cccc"], 3, 12, "aaaa, bbbb … and 1 more"),
        (["a" * 90, "b"], 2, 60, "a" * 90 + " … and 1 more"),
    ],
)
def test_many_names_are_shortened_and_the_rest_is_counted(
    names: list[str], total: int, width: int, shown: str
) -> None:
    assert safe_text.shortened(names, total, width) == shown


@calm
@given(st.lists(st.text(max_size=20)), st.integers(0, 1000), st.integers(1, 100))
def test_no_name_is_lost_between_those_shown_and_those_counted(
    names: list[str], unnamed: int, width: int
) -> None:
    names = [name.replace(",", "").replace("…", "") for name in names]
    text = safe_text.shortened(names, len(names) + unnamed, width)
    head, _, tail = text.partition(" … and ")
    shown = len(head.split(", ")) if names else 0
    left = int(tail.removesuffix(" more").replace(",", "")) if tail else 0
    assert shown + left == len(names) + unnamed
