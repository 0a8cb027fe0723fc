"""Fast typing that a slow link delivers in one packet: each key reaches its widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD


def test_an_id_or_a_filter_in_one_packet_with_its_key_is_typed_into_the_line(
    signed_in: Callable[..., Any], server: Any
) -> None:
    app = signed_in()
    app.send(":i110\r")
    app.wait_for("▌  ▸    110")
    app.settle(0.1)
    assert "esc cancel" not in app.text
    app.send("/dod")
    app.wait_for("filter: dod")
    app.settle()
    assert "Delete " not in app.text
    app.send("\r")
    app.wait_gone("esc cancel")
    assert app.quit() == 0
    assert server.deletes == []


def test_a_password_typed_in_one_packet_with_the_e_mail_is_never_shown(
    terminal: Callable[..., Any], server: Any
) -> None:
    app = terminal("--host", server.url)
    app.wait_for("Your session will be kept")
    app.send(f"{DEMO_EMAIL}\t{DEMO_PASSWORD}\r")
    app.settle()
    assert DEMO_PASSWORD not in app.text
    app.wait_for("Storefront")
    assert app.quit() == 0
