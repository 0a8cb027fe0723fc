"""Buttons."""

from __future__ import annotations

from neptun_tui.tui.widgets.inputs import CompactButton


def test_the_label_of_a_button_is_never_markup() -> None:
    button = CompactButton("[bold]Keep[/]", id="keep")
    first = str(button.label)
    button.label = "[@click=app.quit]Delete[/]"
    assert (first, str(button.label)) == ("[bold]Keep[/]", "[@click=app.quit]Delete[/]")
