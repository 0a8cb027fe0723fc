"""Browser: its content and its navigation."""

from __future__ import annotations

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD
from neptun_tui.demo.schema import FILES, IMPORTS
from neptun_tui.domain.account import Secret
from neptun_tui.tui.screens.login import LoginScreen


async def test_imports_of_all_three_source_types_are_shown_by_id(start):
    async with start((120, 40), project=1) as ui:
        assert "Local folder" in ui.line("/home/demo/storefront")
        assert "GitHub app" in ui.line("demo-org/storefront-ui @ main")
        assert "Public repo" in ui.line("github.com/nuxt/ui @ v3")
        assert "Public repo" in ui.line("demo-org/leg")
        assert ui.line("/home/demo/storefront").split("│")[1].split()[1:3] == ["▸", "101"]


async def test_every_import_and_every_file_is_in_the_list(start, neptun):
    async with start((120, 40)) as ui:
        await ui.see("Storefront")
        for project in (1, 2, 3, 5, 8):
            ui.app.screen.query_one("#projects").focus()
            await ui.go_to(str(project))
            await ui.press("enter")
            await ui.until(lambda: ui.view.project.id == project and ui.view.listing)  # noqa: B023
            await ui.press("f")
            shown = {(key.kind.value, key.id) for key in ui.view.shown_keys}
            there = {
                (kind, row["id"])
                for kind, table in (("import", IMPORTS), ("file", FILES))
                for row in neptun.store.select(table, project_id=project)
            }
            assert shown == there
            assert ui.pane.resources.count == len(there)


async def test_the_numbers_above_and_beside_are_those_of_the_server(start, neptun):
    async with start((140, 40), project=1) as ui:
        files = neptun.store.select(FILES, project_id=1)
        await ui.see(f"4 imports · {len(files)} files")
        for number in (101, 102, 103, 110):
            below = sum(row["import_id"] == number for row in files)
            # the first: the detail, which comes a little later, may show the number too
            line = next(line for line in ui.grid if f" {number}  " in line)
            cells = line.split("│")[1].split()
            assert str(below) in cells


async def test_orphans_stand_under_their_heading(start):
    async with start(project=1) as ui:
        heading = next(y for y, line in enumerate(ui.grid) if "Orphaned files" in line)
        assert "1242" in ui.grid[heading + 1]
        assert "1406" in ui.grid[heading + 2]


async def test_enter_opens_an_import_and_escape_closes_it_and_goes_back(start):
    async with start(project=1) as ui:
        await ui.press("enter")
        await ui.see("1201")
        assert "▾" in ui.line("/home/demo/storefront")
        await ui.press("down", "escape")
        assert ui.view.cursor == 0
        await ui.press("escape")
        await ui.see_no("1201")
        await ui.press("escape")
        assert ui.focused == "projects"


async def test_grouped_and_flat_show_the_same_items(start):
    async with start(project=3) as ui:
        await ui.press("f")
        flat = ui.view.shown_keys
        assert "▾" not in ui.text
        await ui.press("f")
        assert ui.view.shown_keys == flat
        assert "▾" in ui.line("108")


async def test_narrow_shows_one_pane_and_wide_all_of_them(start):
    async with start((80, 24), project=1) as ui:
        assert "Billing API" not in ui.text
        await ui.resize(120, 40)
        await ui.see("Billing API", "Orphaned files", "Import 101")
        await ui.resize(80, 24)
        await ui.see_no("Billing API")


async def test_the_title_says_host_account_and_mode_at_every_size(start):
    async with start(project=1, read_only=True) as ui:
        async for _ in ui.each_size():
            assert "demo@" in ui.grid[0]
            assert "READ-ONLY" in ui.grid[0]


async def test_the_title_has_account_and_host_before_the_session(start):
    async with start(project=1) as ui:
        async for width, _ in ui.each_size():
            assert "demo@example.com on 127." in ui.grid[0], ui.text
            assert ("session:" in ui.grid[0]) is (width > 40)


async def test_marks_and_filter_are_in_the_header_at_every_size(start):
    async with start(project=1) as ui:
        await ui.mark("f102", "f1201", "f1406")
        await ui.press("slash")
        await ui.type("compose")
        await ui.press("enter")
        async for width, _ in ui.each_size():
            assert "3 marked" in ui.text, ui.text
            assert ("/compose 2" if width == 40 else "filter: compose (2 of 103)") in ui.text
        await ui.resize(60, 12)
        assert "3 marked" in ui.text
        assert "compose" in ui.text.replace("compose.yml", "")


async def test_counts_in_the_header_are_whole_or_absent(start):
    async with start(project=1) as ui:
        for width in (40, 44, 50, 60, 66, 80):
            await ui.resize(width, 12)
            (line,) = (line for line in ui.grid if "Storefront" in line)
            assert "…" not in line, line
            assert "4 imports" in line


async def test_the_title_says_that_it_is_the_demo_at_every_size(start):
    secret = Secret(DEMO_PASSWORD)
    async with start(signed_in=False, demo=True, email=DEMO_EMAIL, password=secret) as ui:
        await ui.on(LoginScreen)
        await ui.press("enter")
        await ui.see("Storefront")
        async for _ in ui.each_size():
            assert "DEMO" in ui.grid[0]


async def test_preview_shows_metadata_and_content(start):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        await ui.press("v")
        await ui.see("File 102", "ci.yml", "Import 101", "name: ci")
        assert ui.focused == "detail"
        await ui.press("v")
        assert ui.focused == "resources"


async def test_the_detail_follows_the_cursor_when_there_is_room(start):
    async with start((120, 40), project=1) as ui:
        await ui.see("Import 101")
        await ui.press("down")
        await ui.see("Import 102", "demo-org/storefront-ui")


async def test_an_imports_error_can_be_read(start):
    async with start(project=1) as ui:
        await ui.point_at("i110")
        await ui.press("v")
        await ui.see("Import 110", "404: repository not found␊retry later")


async def test_the_detail_scrolls_by_keys_to_its_end_and_back(start):
    async with start(project=1) as ui:
        await ui.point_at("f1204")
        await ui.press("v")
        await ui.see("File 1204")
        first = ui.grid
        await ui.press("end")
        await ui.until(lambda: ui.grid != first)
        await ui.press("home")
        await ui.until(lambda: ui.grid == first)


async def test_copying_says_the_id(start):
    async with start(project=1) as ui:
        await ui.point_at("f102")
        await ui.press("y")
        await ui.see("ID 102")
        assert ui.app.clipboard == "102"
        assert ui.neptun.deletes == []


async def test_colon_goes_to_an_id_wherever_it_is(start):
    async with start(project=1) as ui:
        for typed, kind in (
            ("i102", "import"), ("f102", "file"), ("101", "import"), ("1406", "file"),
            (":i102", "import"), (":f102", "file"),
        ):  # fmt: skip
            await ui.go_to(typed)
            await ui.until(lambda: ui.focused == "resources")
            number = typed.strip(":if")
            assert ui.view.key
            assert (ui.view.key.kind.value, str(ui.view.key.id)) == (kind, number)
            assert number in next(line for line in ui.grid[3:] if line.startswith("▌"))


async def test_colon_asks_when_a_number_is_both(start):
    async with start(project=1) as ui:
        await ui.go_to("102")
        async for _ in ui.each_size():
            await ui.see("i102 or f102")
            assert ui.focused == "prompt-input"
        await ui.press("home", "f", "enter")
        await ui.until(lambda: ui.focused == "resources")
        assert ui.view.key
        assert ui.view.key.kind.value == "file"


WRONG_IDS = (
    ("nonsense", "An ID is a whole number"),
    ("0", "An ID is a whole number"),
    ("i", "An ID is a whole number"),
    ("99999999999", "An ID is a whole number"),
    ("1e2", "An ID is a whole number"),
    ("7777", "No import or file 7777"),
    ("i1242", "No import 1242"),
)


async def test_colon_says_what_is_wrong_and_keeps_what_was_typed(start):
    async with start(project=1) as ui:
        for typed, said in WRONG_IDS:
            await ui.go_to(typed)
            await ui.see(said)
            assert ui.field("prompt-input").value == typed
            await ui.press("escape")
            assert ui.focused == "resources"
            assert ui.view.cursor == 0


async def test_colon_goes_to_a_hidden_id_by_lifting_the_filter(start):
    async with start(project=1) as ui:
        await ui.press("slash", *"vat.md", "enter")
        await ui.go_to("i101")
        await ui.until(lambda: ui.view.key and ui.view.key.id == 101)
        assert not ui.view.how.needle


async def test_tab_goes_through_the_panes_and_round(start):
    async with start((120, 40), project=1) as ui:
        seen = [ui.focused]
        for _ in range(3):
            await ui.press("tab")
            seen.append(ui.focused)
        assert seen == ["resources", "detail", "projects", "resources"]


async def test_tab_out_of_the_line_leaves_no_line_behind(start):
    async with start((120, 40), project=1) as ui:
        await ui.press("colon", "tab")
        await ui.quiet()
        asking = bool(ui.app.screen.query(".asking"))
        assert asking == (ui.focused == "prompt-input")
