"""Imports by layer, observed from a process that has just started."""

from __future__ import annotations

import ast
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import neptun_tui

IMPURE = {
    *("asyncio", "concurrent", "ctypes", "http", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl"),
    *("subprocess", "sys", "tempfile", "threading", "time"),
}
"""Modules with access to the outside; code that imports none of them has no other way."""


def modules_of(package: str) -> list[str]:
    """A package and everything in it, by name."""
    found = pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
    return [package, *(module.name for module in found)]


def loaded_by(*modules: str) -> set[str]:
    """Every module that importing these brings into a fresh interpreter."""
    code = (
        "import importlib, sys\n"
        "before = set(sys.modules)\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print('\\n'.join(set(sys.modules) - before))"
    )
    source = str(Path(neptun_tui.__file__).parents[1])
    path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    ran = subprocess.run(
        [sys.executable, "-c", code, *modules],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def tops(modules: set[str]) -> set[str]:
    """The top-level packages among them."""
    return {name.partition(".")[0] for name in modules}


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("neptun_tui.cli.main")
    assert "neptun_tui.cli.main" in loaded
    assert tops(loaded) & {"textual", "rich", "httpx", "keyring", "starlette", "uvicorn"} == set()


def test_the_first_frame_needs_nothing_but_the_form() -> None:
    loaded = loaded_by(
        "neptun_tui.cli.commands.tui",
        "neptun_tui.cli.bootstrap",
        "neptun_tui.tui.app",
        "neptun_tui.tui.screens.login",
    )
    assert {"textual", "neptun_tui.tui.screens.login"} <= loaded
    later = {"httpx", "keyring", "starlette", "uvicorn", "msgspec", "pygments"}
    assert tops(loaded) & later == set()
    later = {"services.account_session", "tui.screens.browser", "tui.dialogs.confirm"}
    assert loaded & {f"neptun_tui.{name}" for name in later} == set()


def test_the_first_project_row_needs_no_form_job_or_dialog() -> None:
    loaded = loaded_by(
        "neptun_tui.cli.commands.tui",
        "neptun_tui.cli.bootstrap",
        "neptun_tui.tui.app",
        "neptun_tui.services.account_session",
        "neptun_tui.tui.screens.browser",
    )
    assert {"textual", "neptun_tui.tui.screens.projects_pane"} <= loaded
    later = {
        *("services.delete", "services.restore", "services.messages", "services.recovery"),
        *("tui.screens.login", "tui.screens.resources_pane", "tui.screens.history"),
        *("tui.dialogs.job", "tui.dialogs.confirm", "tui.flows.delete", "tui.flows.restore"),
        *("domain.listing", "domain.plan", "domain.results", "storage.journal"),
    }
    assert loaded & {f"neptun_tui.{name}" for name in later} == set()


def test_what_follows_the_first_frame_is_found_by_its_name() -> None:
    for package, name in (
        ("tui.screens", "BrowserScreen"),
        ("tui.screens", "HelpScreen"),
        ("services", "AccountSession"),
        ("storage", "Backups"),
        ("storage", "Journal"),
    ):
        assert getattr(import_module(f"neptun_tui.{package}"), name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = import_module("neptun_tui.services").Nothing


def test_no_command_without_the_app_loads_textual() -> None:
    modules = modules_of("neptun_tui.cli")
    loaded = loaded_by(*modules)
    assert set(modules) <= loaded
    assert "textual" not in tops(loaded)


@pytest.mark.parametrize("floor", ["services", "api", "storage"])
def test_nothing_below_the_screens_loads_textual(floor: str) -> None:
    modules = modules_of(f"neptun_tui.{floor}")
    if os.name != "nt":
        modules = [name for name in modules if "windows" not in name]
    loaded = loaded_by(*modules)
    assert set(modules) <= loaded
    assert "textual" not in tops(loaded)
    assert not any(name.startswith("neptun_tui.tui") for name in loaded)


def test_services_know_the_server_and_the_keyring_only_by_their_ports() -> None:
    loaded = loaded_by(*modules_of("neptun_tui.services"))
    assert tops(loaded) & {"httpx", "keyring"} == set()


def test_the_demo_server_loads_nothing_of_the_app() -> None:
    loaded = loaded_by("neptun_tui.demo.server", "neptun_tui.demo.data")
    ours = {name for name in loaded if name.startswith("neptun_tui.")}
    assert "neptun_tui.demo.server" in ours
    assert {name for name in ours if not name.startswith("neptun_tui.demo")} == set()
    assert "textual" not in tops(loaded)


def test_the_domain_loads_the_standard_library_alone() -> None:
    loaded = loaded_by(*modules_of("neptun_tui.domain"))
    assert tops(loaded) - sys.stdlib_module_names == {"neptun_tui"}
    ours = {name for name in loaded if name.startswith("neptun_tui.")}
    assert {name for name in ours if not name.startswith("neptun_tui.domain")} == set()


@pytest.mark.parametrize("module", modules_of("neptun_tui.domain"))
def test_the_domain_has_no_way_to_reach_outside(module: str) -> None:
    file = import_module(module).__file__
    assert file
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported & IMPURE == set()
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and hasattr(n.func, "id")}
    assert calls & {"open", "print", "input", "exec", "eval", "__import__"} == set()
