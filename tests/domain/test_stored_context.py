"""Fingerprints distinguish items, and comparing them counts entries that should not be there."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, StoredContext
from neptun_tui.domain.stored_context import (
    ContextResult,
    ContextState,
    compare,
    file_fingerprint,
    held,
    import_fingerprint,
    of_items,
)

A, B, C = (file_fingerprint(f"{name}.txt", name, f"content {name}") for name in "abc")
A_CHANGED = file_fingerprint("a.txt", "a", "another content")
ROOT = import_fingerprint("local_folder", "/", None)


def stored(*items):
    return StoredContext(items)


def test_fingerprints_differ_in_each_field_and_by_where_one_ends():
    same = [
        file_fingerprint("ab", "c", "d"),
        file_fingerprint("a", "bc", "d"),
        file_fingerprint("ab", "cd", ""),
        file_fingerprint("ab", "c", "D"),
        import_fingerprint("ab", "c", "d"),
        import_fingerprint("ab", "c", None),
    ]
    assert len({item.whole for item in same}) == len(same)
    assert same[0].name == same[3].name
    assert import_fingerprint("ab", "c", None) == import_fingerprint("ab", "c", "")


@given(st.text(), st.text(), st.text())
def test_any_text_has_a_fingerprint(path, title, content):
    assert file_fingerprint(path, title, content) == file_fingerprint(path, title, content)
    file_fingerprint("\ud800", "\udfff", "\0")


def test_a_listing_has_the_fingerprints_of_the_context_that_is_made_of_it():
    item = Import(1, 1, "local_folder", "/")
    files = [File(2, 1, 1, "a", "a.txt", "content a"), File(3, 1, None, "b", "b.txt", "content b")]
    assert set(of_items([item], files).items) == {ROOT, A, B}
    assert of_items(
        [item], files, [ResourceRef(Kind.FILE, 3), ResourceRef(Kind.IMPORT, 2)]
    ).items == (B,)


@pytest.mark.parametrize(
    ("before", "now", "gone", "changed", "missing"),
    [
        ((), (), {}, 0, 0),
        ((ROOT, A, B), (ROOT, A, B), {}, 0, 0),
        ((B, A), (A, B, C), {}, 0, 1),
        ((ROOT, A, B, C), (ROOT, B), {Kind.FILE: 2}, 0, 0),
        ((ROOT, A), (), {Kind.IMPORT: 1, Kind.FILE: 1}, 0, 0),
        ((ROOT, ROOT), (ROOT,), {Kind.IMPORT: 1}, 0, 0),
        ((A, A), (A,), {Kind.FILE: 1}, 0, 0),
        ((A,), (A, A), {}, 0, 1),
        ((A,), (A_CHANGED,), {}, 1, 0),
        ((A, A), (A, A_CHANGED), {}, 1, 0),
        ((A, A_CHANGED), (A,), {Kind.FILE: 1}, 0, 0),
    ],
)
def test_what_is_stored_is_compared_as_a_multiset(before, now, gone, changed, missing):
    found = compare(stored(*before), stored(*now))
    assert (dict(found.gone), found.changed, found.missing) == (gone, changed, missing)


def test_the_sentence_tells_the_worst():
    def of(before, now):
        return compare(stored(*before), stored(*now)).sentence

    assert of([A], [A, B]) == ""
    assert of([A], []) == "stored context is out of date: it holds 1 item that no longer exists"
    assert of([A, B, ROOT], [A]).endswith("it holds 2 items that no longer exist")
    assert of([A], [A_CHANGED]).endswith("it holds old contents of 1 file")


def test_a_deleted_item_is_held_unless_an_equal_one_exists():
    assert held(stored(A, B), stored(B), stored(A)) == Counter({Kind.FILE: 1})
    assert not held(stored(B), stored(B), stored(A))
    assert not held(stored(A), stored(A), stored(A))
    assert held(stored(A, A), stored(A), stored(A)) == Counter({Kind.FILE: 1})
    assert not held(stored(C), stored(), stored(A))  # gone, but not of this job


@given(st.lists(st.sampled_from([A, B, C, ROOT])), st.lists(st.sampled_from([A, B, C, ROOT])))
def test_nothing_deleted_is_held_when_all_that_is_stored_exists(before, deleted):
    assert not held(stored(*before), stored(*before), stored(*deleted))
    assert held(stored(*before), stored(), stored(*before)).total() == len(before)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (ContextResult(ContextState.RENEWED), "stored context renewed"),
        (
            ContextResult(ContextState.HOLDS, ((Kind.FILE, 3),)),
            "the stored context still holds 3 deleted files",
        ),
        (
            ContextResult(ContextState.HOLDS, ((Kind.IMPORT, 1), (Kind.FILE, 1)), "It failed."),
            "the stored context still holds 1 deleted import and 1 deleted file: It failed",
        ),
        (
            ContextResult(ContextState.UNKNOWN, reason="Busy."),
            "the stored context may still hold what was deleted: Busy",
        ),
    ],
)
def test_the_result_is_told_in_words(result, said):
    assert result.sentence == said
    assert result.failed is (result.state is not ContextState.RENEWED)
