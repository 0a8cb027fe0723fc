"""README, CONTRIBUTING and docs: links, paths, names, options and settings exist as written."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from neptun_tui.cli.args import parser
from neptun_tui.cli.parser import every_parser, options_of
from neptun_tui.storage.config import Settings, load
from neptun_tui.tui.key_settings import check_keys

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "neptun_tui"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FOR_USERS = [ROOT / "README.md", *(ROOT / "docs" / f"{n}.md" for n in ("deleting", "scripting"))]
FOR_USERS += [ROOT / "docs" / "settings.md", ROOT / "docs" / "ssh.md"]
FOR_READERS_OF_THE_CODE = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]

OF_OTHER_PROGRAMS = {"--compile-bytecode"}

named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub links to them."""
    titles = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code_of(page: Path) -> list[str]:
    """Return the code spans of a page, without code blocks."""
    return re.findall(r"`([^`\n]+)`", text_of(page))


@named
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", text_of(page))
    for link in (each for each in links if not each.startswith("https://")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def test_readme_links_every_page() -> None:
    readme = text_of(ROOT / "README.md")
    assert [page.name for page in PAGES[1:] if f"{page.name})" not in readme] == []


@pytest.mark.parametrize("page", FOR_READERS_OF_THE_CODE, ids=lambda page: page.stem)
def test_every_path_and_name_is_in_the_code(page: Path) -> None:
    """`path` alone, or `path` (`name`, `other`): the names are in that file."""
    found = re.findall(
        r"`([\w.\-]+(?:/[\w.\-*]+)*(?:/|\.\w+))`(?: \(((?:`[^`]+`(?:, )?)+)\))?", text_of(page)
    )
    assert len(found) > 20
    for path, names in found:
        places = [file for folder in (ROOT, PACKAGE) for file in folder.glob(path.rstrip("/"))]
        assert places, path
        for name in re.findall(r"`([^`]+)`", names):
            word = re.compile(rf"\b{re.escape(name.split('.')[-1])}\b")
            assert word.search(places[0].read_text(encoding="utf-8")), f"{path}: {name}"


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.stem)
def test_every_option_exists(page: Path) -> None:
    known = {option for each in every_parser(parser()).values() for option in options_of(each)}
    used = {word for code in code_of(page) for word in re.findall(r"(?<!\S)\[?(--[a-z-]+)", code)}
    assert used - known - OF_OTHER_PROGRAMS == set()


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.stem)
def test_every_command_is_one_that_the_parser_takes(page: Path) -> None:
    for code in code_of(page):
        line = re.split(r" [|<>]", code)[0]
        if line.startswith("neptun-tui ") and "[" not in line:
            parser().parse_args(shlex.split(line)[1:])  # SystemExit when it does not


def test_the_settings_shown_are_valid_and_all_there_are(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```toml\n(.*?)^```$", page, re.S | re.M)
    (tmp_path / "config.toml").write_text(block, encoding="utf-8")
    loaded = load(tmp_path / "config.toml")
    assert loaded.problems == ()
    assert check_keys(loaded.settings.keys)[1] == ()
    shown = set(re.findall(r"^\[?(\w+)", block, re.M))
    assert {field.name for field in fields(Settings)} <= shown
