"""Filter, order and marks."""

from __future__ import annotations

from dataclasses import replace

from neptun_tui.domain.listing import Column
from neptun_tui.domain.resources import Kind
from neptun_tui.tui.dialogs.confirm import ConfirmScreen


def ids(ui) -> list[int]:
    """The IDs shown, from top to bottom; the heading left out."""
    rows = [ui.view.row(index) for index in range(len(ui.view.shown))]
    return [row.id for row in rows if hasattr(row, "id")]


async def test_the_filter_works_while_it_is_typed_and_looks_into_closed_imports(start):
    async with start(project=1) as ui:
        await ui.press("slash")
        await ui.type("ci.y")
        await ui.see("filter: ci.y", "(1 of 103)")
        assert ids(ui) == [101, 102]
        await ui.press("backspace", "backspace", "backspace", "backspace")
        await ui.until(lambda: len(ids(ui)) > 4)
        await ui.see_no("filter: ci")


async def test_escape_lifts_the_filter_and_enter_keeps_it(start):
    async with start(project=1) as ui:
        before = ids(ui)
        await ui.press("slash")
        await ui.type("vat.md")
        await ui.press("enter")
        assert (ui.focused, ids(ui)) == ("resources", [1406])
        await ui.press("slash", "escape")
        assert (ui.focused, ids(ui)) == ("resources", before)


async def test_a_filter_that_finds_nothing_is_not_an_empty_project(start):
    async with start(project=1) as ui:
        await ui.press("slash")
        await ui.type("zzzz")
        async for _ in ui.each_size():
            await ui.see("Nothing here holds that text.")
            assert "no imports and no files" not in ui.words
        await ui.press("enter", "escape")
        await ui.see("101")


async def test_keys_that_delete_are_only_letters_in_the_filter(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102", "i110")
        await ui.press("slash")
        await ui.type("drys")
        await ui.press("delete", "backspace", "home", "delete")
        await ui.quiet()
        assert not isinstance(ui.app.screen, ConfirmScreen)
        assert ui.field("prompt-input").value == "ry"
        assert len(ui.view.marks) == 2
        assert neptun.deletes == []


async def test_backspace_deletes_nothing_in_the_list(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("i110")
        await ui.press("backspace", "ctrl+h")
        await ui.quiet()
        assert ui.focused == "resources"
        assert not isinstance(ui.app.screen, ConfirmScreen)
        assert neptun.deletes == []


async def test_the_cursor_stays_on_its_item_through_filter_sort_and_grouping(start):
    async with start(project=1) as ui:
        await ui.point_at("f1208")
        for keys in (["s"], ["S"], ["f"], ["s"], ["f"], ["slash", *"useprice", "enter"]):
            await ui.press(*keys)
            assert ui.view.key
            assert ui.view.key.id == 1208, keys


async def test_where_a_lifted_filter_hides_its_file_the_cursor_stands_on_the_import(start):
    async with start(project=1) as ui:
        await ui.press("slash")
        await ui.type("docker-compose")
        await ui.press("enter", "down")
        assert ui.view.key
        assert ui.view.key.id == 1219
        await ui.press("escape")
        await ui.see_no("filter:")
        assert (ui.view.key.kind, ui.view.key.id) == (Kind.IMPORT, 101)


async def test_sorting_goes_through_every_column_there_is_room_for(start):
    async with start((140, 40), project=1) as ui:
        await ui.press("f")
        columns = []
        for _ in range(len(Column)):
            columns.append(ui.view.how.column)
            assert f"{ui.view.how.column.value}▲" in ui.text
            await ui.press("s")
        assert columns == list(Column)
        assert ui.view.how.column is Column.ID


async def test_every_column_sorts_and_reverses(start):
    async with start((140, 40), project=1) as ui:
        await ui.press("f")
        rows = ui.view.listing.rows[:-1]
        sizes = {file.id: file.size for file in ui.view.listing.files}
        for column in list(Column)[1:]:
            await ui.press("s")
            assert ui.view.how.column is column
            forward = list(ui.view.shown)
            await ui.press("S")
            assert f"{column.value}▼" in ui.text
            assert sorted(ui.view.shown) == sorted(forward)
            assert len(ui.view.shown) == len(rows)
            first, last = (ui.view.row(index) for index in (0, -1 % len(rows)))
            if column is Column.NAME:
                assert first.name.casefold() >= last.name.casefold()
            if column is Column.SIZE:
                shown = [sizes[n] for n in ids(ui) if n in sizes and n > 200]
                assert shown == sorted(shown, reverse=True)


async def test_space_marks_and_goes_on_and_marks_are_counted(start):
    async with start(project=1) as ui:
        await ui.press("space", "space")
        await ui.see("2 marked")
        assert "✓" in ui.line("/home/demo/storefront")
        assert "✓" in ui.line("storefront-ui @ main")
        await ui.press("up", "space")
        await ui.see("1 marked")
        assert "✓" not in ui.line("storefront-ui @ main")


async def test_an_import_or_heading_shows_that_something_below_it_is_marked(start):
    imports = ("/home/demo/storefront", "Orphaned files")
    async with start(project=1) as ui:
        await ui.mark("f102", "f1242")
        await ui.point_at("i101")
        await ui.press("escape")  # which closes it
        await ui.see("2 marked")
        assert all("·" in ui.line(row) for row in imports)
        assert "·" not in ui.line("storefront-ui @ main")
        await ui.press("f")
        assert "·" not in ui.line(imports[0])
        await ui.press("f")
        await ui.point_at("f102")
        await ui.press("space")
        assert "·" not in ui.line(imports[0])
        await ui.press("u")
        assert not any("·" in ui.line(row) for row in imports if row in ui.text)
        await ui.point_at("i101")
        await ui.press("escape", "ctrl+a")
        assert "✓" in ui.line(imports[0])
        assert "·" in ui.line(imports[1])


async def test_the_heading_cannot_be_marked_or_deleted(start, neptun):
    async with start(project=1) as ui:
        await ui.press("down", "down", "down", "down")
        assert "Orphaned files" in next(line for line in ui.grid[3:] if line[0] == "▌")
        await ui.press("space", "d")
        await ui.quiet()
        assert not ui.view.marks
        assert not isinstance(ui.app.screen, ConfirmScreen)


async def test_hidden_is_what_is_marked_and_not_on_the_list(start):
    async with start(project=1) as ui:
        await ui.mark("f102", "f1201")
        view = ui.view
        assert view.hidden_keys == set()
        view.toggle_open(101, wanted=False)
        assert {key.id for key in view.hidden_keys} == {102, 1201}
        view.arrange(replace(view.how, flat=True))
        assert view.hidden_keys == set()
        view.arrange(replace(view.how, needle="ci.yml"))
        assert {key.id for key in view.hidden_keys} == {1201}


async def test_mark_all_marks_what_is_shown_and_again_unmarks_it(start):
    async with start(project=1) as ui:
        await ui.mark("i103")
        await ui.press("slash")
        await ui.type("docs/")
        await ui.press("enter", "ctrl+a")
        found = {key.id for key in ui.view.shown_keys} - {101}  # which is only their parent
        await ui.see(f"{len(found) + 1} marked")
        assert {key.id for key in ui.view.marks} == found | {103}
        await ui.press("ctrl+a")
        await ui.see("1 marked")
        assert {key.id for key in ui.view.marks} == {103}


async def test_one_key_unmarks_everything_what_is_hidden_included(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102", "i110")
        await ui.press("slash")
        await ui.type("vat")
        await ui.press("enter", "space")
        await ui.see("3 marked")
        await ui.press("u")
        await ui.see_no("marked")
        assert not ui.view.marks
        assert neptun.deletes == []


async def test_marks_stay_through_filter_sort_and_other_projects(start):
    async with start((120, 40), project=1) as ui:
        await ui.mark("f102", "i110")
        await ui.press("slash")
        await ui.type("vat")
        await ui.press("enter", "s", "f")
        await ui.see("2 marked")
        ui.app.screen.query_one("#projects").focus()
        await ui.press("down", "enter")
        await ui.loaded()
        await ui.see_no("2 marked")
        ui.app.screen.query_one("#projects").focus()
        await ui.press("up", "enter")
        await ui.see("2 marked")


async def test_a_mark_that_a_filter_hides_is_named_before_it_is_deleted(start, neptun):
    async with start(project=1) as ui:
        await ui.mark("f102", "f1406")
        await ui.press("slash")
        await ui.type("vat")
        await ui.press("enter", "d")
        await ui.on(ConfirmScreen)
        await ui.see(
            "Delete 2 items?",
            "1 of them is hidden from the list: file 102 .github/workflows/ci.yml",
        )
