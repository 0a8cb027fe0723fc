"""Export of a backup: safe, distinct paths, and new, private files."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import InputError, StorageError
from neptun_tui.domain.resources import File, Project
from neptun_tui.services import export as exports
from neptun_tui.services.export import Exported, Manifest, export, export_paths
from neptun_tui.storage.backup_format import Backup
from neptun_tui.storage.new_folder import NewFolder

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")


def files(*paths: str, import_id: int | None = 7) -> list[File]:
    return [
        File(number, 1, import_id, "title", path, content=f"content {number}")
        for number, path in enumerate(paths, 1)
    ]


def mapped(*paths: str) -> list[str]:
    """The paths below the folder of the import."""
    return [str(path.relative_to("import-7")) for path in export_paths(files(*paths))]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.py", "src/app.py"),
        ("/etc/passwd", "etc/passwd"),
        ("../../.ssh/authorized_keys", "_/_/.ssh/authorized_keys"),
        ("..\\..\\evil.exe", "_/_/evil.exe"),
        ("C:\\Windows\\x", "C_/Windows/x"),
        ("a//./b", "a/b"),
        ("a\0b\x1b[31m\x7f\u202e\n", "a_b_[31m___"),
        ("aux.txt", "_aux.txt"),
        ("src/CON/COM¹.log", "src/_CON/_COM¹.log"),
        ("nul .txt", "_nul .txt"),
        ("trailing. . ", "trailing"),
        ("a:stream", "a_stream"),
        ("...", "_"),
        (" ", "_"),
        (".gitignore", ".gitignore"),
        ("a\ud800b", "a_b"),
        ("/", "file-1"),
    ],
)
def test_hostile_path_is_made_harmless(path: str, expected: str) -> None:
    assert mapped(path) == [expected]


def test_file_without_a_path_gets_its_title() -> None:
    assert mapped("") == ["title"]


def test_file_without_an_import_has_a_folder_too() -> None:
    assert export_paths(files("a", import_id=None)) == [PurePosixPath("no-import/a")]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("a.txt", "a.txt", "a.txt"), ["a.txt", "a-2.txt", "a-3.txt"]),
        (("README", "readme"), ["README", "readme-2"]),
        (("Src/a", "src/b", "SRC/A"), ["Src/a", "Src/b", "Src/A-2"]),
        (("a?b", "a*b"), ["a_b", "a_b-2"]),
        (("a", "a/b", "A/c"), ["a", "a-2/b", "A-2/c"]),
        (("a/b", "a"), ["a/b", "a-2"]),
        (("a-2.txt", "a.txt", "a.txt"), ["a-2.txt", "a.txt", "a-3.txt"]),
        (("\u00e9", "e\u0301"), ["\u00e9", "\u00e9-2"]),
        (("straße", "STRASSE"), ["straße", "STRASSE-2"]),
    ],
)
def test_equal_names_get_a_number(paths: tuple[str, ...], expected: list[str]) -> None:
    assert [name.lower() for name in mapped(*paths)] == [name.lower() for name in expected]


def test_long_names_are_cut_and_keep_their_extension() -> None:
    first, second = mapped("é" * 300 + ".py", "é" * 300 + ".py")
    assert first.endswith("é.py")
    assert second.endswith("é-2.py")
    assert max(len(name.encode()) for name in (first, second)) < 160
    assert mapped("a/" * 2000 + "end.py") == ["end.py"]


def test_ten_thousand_equal_names_are_told_apart() -> None:
    assert len(set(mapped(*["a/b.txt"] * 10_000))) == 10_000


NAMES = st.text(
    st.sampled_from("aAbß/\\.. :\0é\u0301¹-2\u202e\ud800") | st.characters(), max_size=9
)
SPECIAL = st.sampled_from(["..", ".", "con", "NUL.txt", "x" * 400, "a/" * 900, "com1", "/", "a-2"])
PATHS = st.lists(st.lists(NAMES | SPECIAL, max_size=4).map("/".join), max_size=12)


@given(PATHS)
def test_any_paths_become_different_and_harmless(paths: list[str]) -> None:
    made = export_paths(files(*paths))
    assert len(made) == len(paths)
    folded = [unicodedata.normalize("NFKC", str(path)).casefold() for path in made]
    assert len(set(folded)) == len(folded)
    above = {
        unicodedata.normalize("NFKC", str(each)).casefold()
        for path in made
        for each in path.parents
    }
    assert not above & set(folded), "a file is another one's folder"
    for path in made:
        assert not path.is_absolute()
        assert len(str(path).encode()) < 1100
        for name in path.parts:
            assert name not in ("", ".", "..")
            assert len(name.encode()) < 170
            assert not set(name) & set('<>:"|?*\\/\0')
            assert all(
                unicodedata.category(c)[0] != "C"
                or c.isprintable()
                or unicodedata.category(c) == "Co"
                for c in name
            )
            assert name == name.rstrip(". ")
            assert name.partition(".")[0].rstrip().lower() not in ("con", "nul", "com1")


class Backups:
    """One backup, as the records give it."""

    def __init__(self, *paths: str, damaged: int = 0) -> None:
        account = Account("http://localhost", 1, "me@example.com")
        project = Project(1, "Project")
        self.held = Backup("run", NOW, account, project, (), tuple(files(*paths)), damaged)

    async def load_backup(self, _run_id: str) -> Backup:
        return self.held


def write(backups: Backups, folder: Path) -> Exported:
    return asyncio.run(export(backups, "run", folder))  # type: ignore[arg-type]


def test_contents_are_written_private_and_the_manifest_finds_them(tmp_path: Path) -> None:
    target = tmp_path / "out"
    done = write(Backups("src/a.py", "../../b", "src/a.py", damaged=2), target)
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest == msgspec.to_builtins(done.manifest)
    assert msgspec.convert(manifest, Manifest) == done.manifest
    assert (done.files, done.damaged, manifest["damaged"]) == (3, 2, 2)
    for each in manifest["files"]:
        assert (target / each["path"]).read_text() == f"content {each['id']}"
    assert manifest["files"][1]["original_path"] == "../../b"
    assert sorted(tmp_path.iterdir()) == [target]
    if os.name == "posix":
        for path in (target, *target.rglob("*")):
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_an_empty_folder_is_taken_and_made_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    write(Backups("a"), tmp_path)
    assert (tmp_path / "import-7" / "a").exists()
    if os.name == "posix":
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@POSIX
def test_other_folders_are_refused_and_left_alone(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir(mode=0o755)
    (full / ".hidden").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "dangling").symlink_to(tmp_path / "new")
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    for name in ("full", "link", "dangling", "file", "pipe", "no/where", "file/below", "nul\0"):
        with pytest.raises(InputError):
            write(Backups("a"), tmp_path / name)
    assert [each.name for each in full.iterdir()] == [".hidden"]
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "file").read_text() == "mine"


@POSIX
def test_nothing_is_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    with NewFolder(tmp_path / "out") as folder:
        (tmp_path / "out" / "a").symlink_to(outside)
        (tmp_path / "out" / "b").write_text("mine")
        (tmp_path / "out" / "c").symlink_to(tmp_path)
        for name in ("a", "b", "c/outside", "c/new"):
            with pytest.raises(FileExistsError):
                folder.write(PurePosixPath(name), b"theirs")
        for name in ("../new", "/new"):
            with pytest.raises(ValueError, match="out of the folder"):
                folder.write(PurePosixPath(name), b"theirs")
        (tmp_path / "out").rename(tmp_path / "moved")
        (tmp_path / "out").symlink_to(tmp_path)
        folder.write(PurePosixPath("d"), b"ours")
    assert outside.read_text() == "mine"
    assert (tmp_path / "moved" / "d").read_bytes() == b"ours"
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_told_and_leaves_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(NewFolder):
        def write(self, name: PurePosixPath, content: bytes) -> None:
            if name.name == "b":
                raise OSError(28, "No space left on device")
            super().write(name, content)

    monkeypatch.setattr(exports, "NewFolder", Full)
    with pytest.raises(StorageError, match="stopped after 1 of 2 files: the disk is full"):
        write(Backups("a", "b"), tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()
