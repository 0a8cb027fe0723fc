"""Markup: run-time text is never parsed as markup, which is Textual's default."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import neptun_tui.tui

SOURCES = sorted(Path(neptun_tui.tui.__file__).parent.rglob("*.py"))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with the last part of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            yield getattr(called, "attr", getattr(called, "id", "")), node


def is_literal(node: ast.expr) -> bool:
    """Literal text of the source, or a type that is never markup."""
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Content"


def without_markup(call: ast.Call) -> bool:
    """Tell whether markup is switched off."""
    return any(
        each.arg == "markup" and isinstance(each.value, ast.Constant) and each.value.value is False
        for each in call.keywords
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_whatever_takes_markup_is_told_to_take_none(source: Path) -> None:
    for name, call in calls(ast.parse(source.read_text(encoding="utf-8"))):
        where = f"{source.name}:{call.lineno}"
        match name:
            case "Label" | "notify":
                assert without_markup(call), where
            case "Static":
                assert all(map(is_literal, call.args[:1])) or without_markup(call), where
            case "from_markup":
                pytest.fail(f"{where} makes markup")


def test_the_calls_are_found() -> None:
    found = [name for path in SOURCES for name, _ in calls(ast.parse(path.read_text("utf-8")))]
    assert min(map(found.count, ("Label", "notify", "Static"))) >= 3
