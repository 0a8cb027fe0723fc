"""Style rules: matched less often than Textual does, and always those of the theme."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from neptun_tui.tui.screens.browser import BrowserScreen
from neptun_tui.tui.screens.login import LoginScreen
from neptun_tui.tui.style_rules import StillComponents
from neptun_tui.tui.theme import FULL, PLAIN, SIXTEEN


def still_widgets(ui) -> list[Widget]:
    nodes = ui.app.screen.walk_children(with_self=True)
    return [node for node in nodes if isinstance(node, StillComponents)]


def component_styles(widget: Widget) -> dict[str, object]:
    names = widget._component_styles
    return {name: widget.get_component_styles(name).get_rules() for name in names}


@pytest.fixture
def matched(monkeypatch) -> list[DOMNode]:
    """The nodes whose rules were looked for."""
    nodes: list[DOMNode] = []
    apply = Stylesheet.apply

    def count(sheet: Stylesheet, node: DOMNode, **options) -> None:
        nodes.append(node)
        apply(sheet, node, **options)

    monkeypatch.setattr(Stylesheet, "apply", count)
    return nodes


async def test_component_styles_are_those_of_the_theme_on_every_screen(start):
    async with start((120, 40), project=1) as ui:
        await ui.ask_to_delete("i102")
        await ui.press("1", "0")
        for theme in (FULL, SIXTEEN, PLAIN, FULL):
            ui.app.theme = theme.name
            await ui.quiet()
            for screen in ui.app.screen_stack:
                screen.update_node_styles(animate=False)
            widgets = still_widgets(ui)
            assert len(widgets) >= 3
            for widget in widgets:
                kept = component_styles(widget)
                assert kept
                widget._matched = None  # type: ignore[attr-defined]
                ui.app.stylesheet.apply(widget)
                assert component_styles(widget) == kept, (theme.name, widget)


async def test_no_component_rule_asks_for_the_state_of_its_widget(start):
    async with start((120, 40), project=1) as ui:
        rules = ui.app.stylesheet.rules_map
        for screen in ("browser", "dialog"):
            if screen == "dialog":
                await ui.ask_to_delete("i102")
            for widget in still_widgets(ui):
                names = set(widget._component_styles)
                for rule in (rule for name in names for rule in rules.get(f".{name}", ())):
                    assert rule.pseudo_classes <= {"ansi"}, rule.css
                    for selectors in rule.selector_set:
                        classes = {s.name for s in selectors.selectors if s.type.name == "CLASS"}
                        assert classes <= names, rule.css


async def test_going_to_another_pane_styles_each_widget_once(start, matched):
    async with start(project=1) as ui:
        widgets = list(ui.app.screen.walk_children(with_self=True))
        matched.clear()
        ui.app.screen._go("detail")
        assert len(matched) <= len(widgets) + 4  # and scrollbars
        assert len({id(node) for node in matched} & {id(each) for each in widgets}) > 10


async def test_the_browser_parses_no_rule_again(start, monkeypatch):
    parsed = []
    reparse = Stylesheet.reparse
    async with start(signed_in=False, email="demo@example.com") as ui:
        await ui.on(LoginScreen)
        monkeypatch.setattr(Stylesheet, "reparse", lambda sheet: parsed.append(1) or reparse(sheet))
        await ui.type("Demo!Passw0rd")
        await ui.press("enter")
        await ui.on(BrowserScreen)
        await ui.see("Storefront")
        await ui.until(lambda: ui.app.screen.query("#listing-problem"), "the other pane")
        assert ui.app.screen.query_one("#resources").styles.height is not None
        assert not ui.app.screen.query_one("#listing-problem").display  # a rule of the browser's
    assert parsed == []


async def test_textual_still_matches_every_component_again(matched):
    """Else StillComponents can go."""

    class Plain(Widget):
        COMPONENT_CLASSES: ClassVar[set[str]] = {"plain--part"}

    class OnePlain(App[None]):
        def compose(self):
            yield Plain()

    app = OnePlain()
    async with app.run_test() as pilot:
        await pilot.pause()
        matched.clear()
        app.query_one(Plain).add_class("changed")
        assert [node for node in matched if node.has_class("plain--part")]


async def test_textual_still_parses_all_rules_for_those_of_a_screen(monkeypatch):
    """Else the browser's can be its CSS_PATH again."""
    parsed = []
    reparse = Stylesheet.reparse

    class WithRules(Screen[None]):
        CSS = "WithRules { background: red; }"

    app: App[None] = App()
    async with app.run_test():
        monkeypatch.setattr(Stylesheet, "reparse", lambda sheet: parsed.append(1) or reparse(sheet))
        await app.push_screen(WithRules())
    assert parsed == [1]
