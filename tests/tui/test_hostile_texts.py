"""Every part of the screens draws the whole corpus of hostile texts harmlessly."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from neptun_tui.domain.errors import ServerFailed
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.resources import File, Import, Project
from neptun_tui.domain.safe_text import clean_lines
from neptun_tui.services.run_store import RunStore
from neptun_tui.storage.process import write_crash_report
from neptun_tui.tui.widgets.detail import file_facts, import_facts, project_facts, wrap_spans
from neptun_tui.tui.widgets.highlight import _LEXERS, highlight
from neptun_tui.tui.widgets.layout import truncate, wrap
from neptun_tui.tui.widgets.property_list import fact_lines

from ..hostile import CORPUS, DENSE, HUGE

TEXTS = [text for _, text in CORPUS]


@pytest.mark.parametrize("kind", sorted(_LEXERS))
def test_colour_changes_no_character_of_a_content(kind: str) -> None:
    content = "\n".join(text[:300] for text in (*TEXTS, DENSE))
    lines = clean_lines(content)
    coloured = highlight(lines, f"name.{kind}")
    assert ["".join(text for text, _ in line) for line in coloured] == lines


@pytest.mark.parametrize(("name", "text"), CORPUS, ids=[name for name, _ in CORPUS])
def test_every_text_is_cut_and_wrapped_to_the_cells_there_are(name: str, text: str) -> None:
    for line in clean_lines(text)[:20]:
        for cells in (1, 2, 7, 20, 40):
            assert (
                cell_len(truncate(line, cells))
                == cell_len(truncate(line, cells, right=True))
                == cells
            )
            assert cell_len(truncate(f"a/{line}", cells, path=True)) == cells
        for cells in (10, 33):
            pieces = wrap_spans([(line, "")], cells)
            assert "".join(part for piece in pieces for part, _ in piece) == line
            for piece in (*wrap(line, cells), *("".join(t for t, _ in p) for p in pieces)):
                assert cell_len(piece) <= cells


@pytest.mark.parametrize(("name", "text"), [*CORPUS, *HUGE], ids=[n for n, _ in [*CORPUS, *HUGE]])
def test_all_that_is_known_of_an_item_is_printable_and_bounded(name: str, text: str) -> None:
    project = Project(1, text, text, text, text)
    item = Import(1, 1, text, text, text, text, text, text, text, {text[:9]: "a"})
    file = File(
        1, 1, 1, text, text, text, text, text, 1, text, {"a": text[:9]}, text, text
    )  # fmt: skip
    listing = Listing(project, (item,), (file,), datetime.now(UTC))
    facts = [*project_facts(project), *import_facts(item, listing), *file_facts(file, listing)]
    assert len(facts) > 20
    lines = list(fact_lines(facts, 60))
    assert len(lines) < 900
    for (label, _), (said, _) in lines:
        assert (label + said).isprintable()
        assert cell_len(label + said) <= 60


@pytest.mark.parametrize("depth", [700, 900, 950, 980])
async def test_metadata_nested_as_deeply_as_can_be_read_is_no_end(
    start, neptun, tmp_path, depth
) -> None:
    nested = b"[" * depth + b"]" * depth
    row = b'{"id":7,"title":"deep.json","original_path":"","content":"","metadata":%b}' % nested
    neptun.answer("GET .*/files$", 200, b"[%b]" % row)
    records = RunStore(tmp_path / "state", tmp_path / "data", keep_days=30)
    async with start((120, 40), project=1, records=records) as ui:
        await ui.point_at("f7")
        await ui.see("File 7", "Metadata")
        await ui.ask_to_delete("f7")
        await ui.press("y")
        await ui.until(lambda: "Nothing has been deleted." in ui.words or neptun.deletes)
        assert ui.app.is_running


def test_the_report_of_a_crash_can_be_looked_at_in_a_terminal(tmp_path: Path) -> None:
    for text in (*TEXTS, DENSE, HUGE[1][1]):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        with pytest.raises(TypeError) as raised:  # one whose text is written down
            raise TypeError(text) from ServerFailed(text)
        path = write_crash_report(raised.value, folder)
        assert path
        written = path.read_text(encoding="utf-8")
        assert "ServerFailed" in written
        assert "test_hostile_texts.py" in written
        assert all(line.isprintable() for line in written.split("\n"))
