"""Sort orders of a project's imports and files: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.domain.listing import Column, Listing, ListingIndex, Orphans, ViewOptions, key_of
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Import, Kind, Project

from ..builders import examples

calm = settings(deadline=None, max_examples=examples(80))

NOW = datetime(2025, 6, 14, tzinfo=UTC)
MakeImport = Callable[..., Import]
MakeFile = Callable[..., File]


def listing_of(imports: Iterable[Import], files: Iterable[File]) -> Listing:
    return Listing(
        Project(1, "Storefront"),
        tuple(sorted(imports, key=lambda item: item.id)),
        tuple(sorted(files, key=lambda file: file.id)),
        NOW,
    ).indexed()


def shown(listing: Listing, **how: Any) -> list[ResourceRef | None]:
    """The keys of the rows in the order of a view; None for the heading."""
    return [
        key_of(listing.rows[index]) for index in ListingIndex(listing).arrange(ViewOptions(**how))
    ]


def i(number: int) -> ResourceRef:
    return ResourceRef(Kind.IMPORT, number)


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


HEADING = None


@pytest.fixture(scope="session")
def small(make_import: MakeImport, make_file: MakeFile) -> Listing:
    imports = [
        make_import(101, "/home/demo/storefront", status="completed"),
        make_import(102, "demo-org/ui", source_type="github_repository_installation"),
        make_import(103, "/srv/empty", status="pending"),
    ]
    files = [
        make_file(1201, 101, title="README.md", size=30, file_type="markdown"),
        make_file(1202, 102, title="nuxt.config.ts", size=500),
        make_file(1203, 101, title="Dockerfile", size=10),
        make_file(1204, None, title="orphan.env", size=7),
        make_file(1205, 999, title="", original_path="foreign/README.md", size=7),
    ]
    return listing_of(imports, files)


@pytest.mark.parametrize(
    ("how", "keys"),
    [
        ({}, [i(101), i(102), i(103), HEADING, f(1204), f(1205)]),
        ({"open_imports": frozenset()}, [i(101), i(102), i(103), HEADING]),
        ({"open_imports": frozenset({101})}, [i(101), f(1201), f(1203), i(102), i(103), HEADING]),
        ({"reverse": True}, [i(103), i(102), i(101), HEADING, f(1205), f(1204)]),
        (
            {"flat": True},
            [*map(i, (101, 102, 103)), *map(f, (1201, 1202, 1203, 1204, 1205))],
        ),
        (
            {"needle": "readme", "open_imports": frozenset()},
            [i(101), f(1201), HEADING, f(1205)],
        ),
        ({"needle": "README", "flat": True}, [f(1201), f(1205)]),
        ({"needle": "github app"}, [i(102)]),
        ({"needle": "pending"}, [i(103)]),
        ({"needle": "1203"}, [i(101), f(1203)]),
        ({"needle": "markdown"}, [i(101), f(1201)]),
        ({"needle": "orphan"}, [HEADING, f(1204)]),
        ({"needle": "nowhere"}, []),
        ({"needle": "[/]"}, []),
    ],
    ids=str,
)
def test_a_view_shows_what_was_asked_for(
    small: Listing, how: dict[str, Any], keys: list[ResourceRef | None]
) -> None:
    assert shown(small, **how) == keys


def test_files_are_sorted_below_their_import_and_imports_by_what_is_below_them(
    small: Listing,
) -> None:
    everything = frozenset({101, 102, 103, None})
    assert shown(small, column=Column.SIZE, reverse=True, open_imports=everything) == [
        *(i(102), f(1202), i(101), f(1201), f(1203), i(103), HEADING, f(1204), f(1205)),
    ]
    assert shown(small, column=Column.NAME, open_imports=everything) == [
        *(i(101), f(1203), f(1201), i(103), i(102), f(1202), HEADING, f(1205), f(1204)),
    ]


def test_files_whose_import_is_not_visible_stand_under_the_heading(small: Listing) -> None:
    heading = small.rows.index(Orphans.HEADING)
    assert small.heading_of(None) == heading
    assert small.count_below(Orphans.HEADING) == 2
    assert small.sizes[None] == 14
    assert key_of(Orphans.HEADING) is None
    for file in small.files[3:]:
        assert small.parent_of(file) is None


def test_a_listing_without_orphans_has_no_heading(
    make_import: MakeImport, make_file: MakeFile
) -> None:
    assert shown(listing_of([make_import(1)], [make_file(2, 1)])) == [i(1)]
    assert shown(listing_of([], [])) == []


def test_an_item_is_found_by_its_kind_and_id(small: Listing) -> None:
    assert small.find(i(102)) is small.imports[1]
    assert small.find(f(1203)) is small.files[2]
    assert small.find(i(1203)) is small.find(f(102)) is None
    assert small.position(f(1203)) == 5
    assert small.parent_of(small.files[2]) == 101
    assert small.heading_of(101) == 0
    assert [small.count_below(item) for item in small.imports] == [2, 1, 0]
    assert small.total_size == 554


# --- against brute force

WORDS = st.sampled_from(["", "a", "B", "ab", "Straße", "README.md", "\x1b[31m", "İ", "[/]", "10"])
TIMES = st.one_of(st.none(), st.integers(0, 4).map(lambda days: NOW - timedelta(days=days)))
IMPORT = st.builds(
    Import,
    st.integers(1, 12),
    st.just(1),
    st.sampled_from(["local_folder", "github", "new_kind"]),
    WORDS,
    status=st.sampled_from([None, "pending", "completed"]),
    created_at=TIMES,
    updated_at=TIMES,
)
FILE = st.builds(
    File,
    st.integers(1, 40),
    st.just(1),
    st.one_of(st.none(), st.integers(1, 15)),
    WORDS,
    original_path=WORDS,
    file_type=st.sampled_from([None, "text", "pdf"]),
    category=st.sampled_from([None, "server"]),
    size=st.integers(0, 3),
    created_at=TIMES,
    updated_at=TIMES,
)


def by_id(item: Import | File) -> int:
    return item.id


LISTING = st.builds(
    listing_of,
    st.lists(IMPORT, max_size=6, unique_by=by_id),
    st.lists(FILE, max_size=14, unique_by=by_id),
)
COLUMN = st.sampled_from(Column)
NEEDLE = st.one_of(WORDS, st.sampled_from(["1", "TEXT", "strasse", "pend", "github", "zzz"]))


def value(listing: Listing, column: Column, row: Import | File) -> Any:
    """Return the text of a column, computed without the listing's indexes."""
    below = [file for file in listing.files if file.import_id == row.id]
    changed = (row.updated_at or row.created_at or datetime(1, 1, 1, tzinfo=UTC)).timestamp()
    if isinstance(row, Import):
        of_import: dict[Column, Any] = {
            Column.ID: row.id,
            Column.SOURCE: row.source_label,
            Column.NAME: row.name.casefold(),
            Column.STATE: row.status or "",
            Column.FILES: len(below),
            Column.SIZE: sum(file.size for file in below),
            Column.UPDATED: changed,
        }
        return of_import[column]
    of_file: dict[Column, Any] = {
        Column.ID: row.id,
        Column.SOURCE: row.file_type or "",
        Column.NAME: row.name.casefold(),
        Column.STATE: row.category or "",
        Column.FILES: 0,
        Column.SIZE: row.size,
        Column.UPDATED: changed,
    }
    return of_file[column]


def holds(row: Import | File, needle: str) -> bool:
    texts = (
        (row.name, row.source_label, row.status or "")
        if isinstance(row, Import)
        else (row.title, row.original_path, row.file_type or "")
    )
    return any(needle.casefold() in text.casefold() for text in (str(row.id), *texts))


@calm
@given(listing=LISTING, column=COLUMN, reverse=st.booleans())
def test_the_flat_view_shows_every_import_and_every_file_exactly_once(
    listing: Listing, column: Column, reverse: bool
) -> None:
    keys = shown(listing, flat=True, column=column, reverse=reverse)
    assert len(keys) == len(set(keys))
    assert set(keys) == {key_of(row) for row in (*listing.imports, *listing.files)}


@calm
@given(listing=LISTING, column=COLUMN, reverse=st.booleans())
def test_the_grouped_view_with_everything_open_shows_each_exactly_once_too(
    listing: Listing, column: Column, reverse: bool
) -> None:
    everything = frozenset({None, *(item.id for item in listing.imports)})
    keys = shown(listing, column=column, reverse=reverse, open_imports=everything)
    items = [key for key in keys if key]
    assert len(items) == len(set(items)) == len(listing.imports) + len(listing.files)
    visible = {item.id for item in listing.imports}
    assert keys.count(HEADING) == any(file.import_id not in visible for file in listing.files)


@calm
@given(
    listing=LISTING,
    column=st.sampled_from([c for c in Column if c is not Column.ID]),
    reverse=st.booleans(),
    needle=NEEDLE,
)
def test_the_flat_view_is_what_brute_force_finds_sorted_with_ties_in_their_old_order(
    listing: Listing, column: Column, reverse: bool, needle: str
) -> None:
    found = [row for row in (*listing.imports, *listing.files) if holds(row, needle)]
    found.sort(key=lambda row: value(listing, column, row), reverse=reverse)
    keys = shown(listing, flat=True, column=column, reverse=reverse, needle=needle)
    assert keys == [key_of(row) for row in found]


@calm
@given(
    listing=LISTING,
    column=COLUMN,
    reverse=st.booleans(),
    needle=NEEDLE,
    open_imports=st.frozensets(st.one_of(st.none(), st.integers(1, 12))),
)
def test_the_grouped_view_is_what_brute_force_finds(
    listing: Listing,
    column: Column,
    reverse: bool,
    needle: str,
    open_imports: frozenset[int | None],
) -> None:
    visible = {item.id for item in listing.imports}

    def in_order(rows: Iterable[Any]) -> list[Any]:
        return sorted(rows, key=lambda row: value(listing, column, row), reverse=reverse)

    def below(parent: int | None) -> list[ResourceRef | None]:
        files = [
            file
            for file in listing.files
            if (file.import_id if file.import_id in visible else None) == parent
        ]
        shown_ones = [file for file in files if holds(file, needle)] if needle else files
        if not needle and parent not in open_imports:
            shown_ones = []
        return [key_of(file) for file in in_order(shown_ones)]

    expected: list[ResourceRef | None] = []
    for item in in_order(listing.imports):
        files = below(item.id)
        if files or not needle or holds(item, needle):
            expected += [key_of(item), *files]
    orphans = below(None)
    has_orphans = any(file.import_id not in visible for file in listing.files)
    if orphans or (has_orphans and not needle):
        expected += [HEADING, *orphans]
    how = {"column": column, "reverse": reverse, "needle": needle, "open_imports": open_imports}
    assert shown(listing, **how) == expected


@calm
@given(
    listing=LISTING,
    views=st.lists(st.tuples(COLUMN, st.booleans(), NEEDLE), min_size=2, max_size=5),
)
def test_filter_after_other_filters_finds_what_it_finds_alone(
    listing: Listing, views: list[tuple[Column, bool, str]]
) -> None:
    orders = ListingIndex(listing)
    for column, reverse, needle in views:
        how = ViewOptions(needle, column, reverse, flat=True)
        assert orders.arrange(how) == ListingIndex(listing).arrange(how)


@pytest.mark.parametrize("needle", ["b", "ba", "", "c", "ab"])
def test_filter_changed_to_another_text_searches_all_rows(make_file: MakeFile, needle: str) -> None:
    titles = ["a", "b", "ab", "ba", "c", "abc"]
    files = [make_file(number, title=title) for number, title in enumerate(titles, 70)]
    orders = ListingIndex(listing_of([], files))
    orders.arrange(ViewOptions("a", flat=True))
    found = orders.arrange(ViewOptions(needle, flat=True))
    assert [titles[index] for index in found] == [title for title in titles if needle in title]


def test_filter_typed_on_in_another_order_finds_in_that_order(make_file: MakeFile) -> None:
    orders = ListingIndex(listing_of([], [make_file(n, title=f"ab{n}") for n in range(70, 75)]))
    assert orders.arrange(ViewOptions("a", flat=True)) == [0, 1, 2, 3, 4]
    assert orders.arrange(ViewOptions("ab", flat=True, reverse=True)) == [4, 3, 2, 1, 0]


def test_reversing_turns_the_flat_list_by_id_around(
    make_import: MakeImport, make_file: MakeFile
) -> None:
    listing = listing_of([make_import(1), make_import(50)], [make_file(3), make_file(99)])
    up = shown(listing, flat=True, column=Column.ID)
    assert shown(listing, flat=True, column=Column.ID, reverse=True) == up[::-1]


# --- a hundred thousand

MANY = 100_000


@pytest.fixture(scope="module")
def orders() -> ListingIndex:
    imports = [Import(n, 1, "local_folder", f"/srv/{n}") for n in range(1, 101)]
    files = [File(n, 1, n % 101 or None, f"Class{n}.java", size=n % 7) for n in range(1, MANY + 1)]
    return ListingIndex(listing_of(imports, files))


def test_a_hundred_thousand_files_are_sorted_filtered_and_grouped_without_losing_one(
    orders: ListingIndex,
) -> None:
    rows = orders.listing.rows
    flat = orders.arrange(ViewOptions(flat=True, column=Column.SIZE, reverse=True))
    assert sorted(flat) == list(range(MANY + 100))
    sizes = [row.size for index in flat if isinstance(row := rows[index], File)]
    assert sizes == sorted(sizes, reverse=True)

    found = orders.arrange(ViewOptions(flat=True, needle="class9999"))
    titles = [row.title for index in found if isinstance(row := rows[index], File)]
    assert titles == ["Class9999.java", *(f"Class9999{n}.java" for n in range(10))]

    everything = frozenset({None, *range(1, 101)})
    grouped = orders.arrange(ViewOptions(open_imports=everything))
    assert len(grouped) == MANY + 100 + 1
    assert len(set(grouped)) == len(grouped)
    assert len(orders.arrange(ViewOptions(open_imports=frozenset()))) == 101
    assert sum(map(orders.listing.count_below, (*orders.listing.imports, Orphans.HEADING))) == MANY
