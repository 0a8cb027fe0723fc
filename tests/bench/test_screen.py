"""Targets for frames and bytes; run with ``pytest -m bench -s``."""

from __future__ import annotations

import pytest

from .screen import Result, bytes_sent, first_frame, first_row, idle, large, table


def assert_met(results: list[Result]) -> None:
    print(f"\n{table(results)}")
    missed = [str(result) for result in results if not result.met]
    assert missed == []


@pytest.mark.bench
def test_the_form_is_there_about_as_soon_as_a_row_of_a_bare_app_whatever_the_keyring() -> None:
    assert_met(first_frame(15))


@pytest.mark.bench
def test_the_first_project_is_shown_soon_after_the_first_row_of_a_bare_app() -> None:
    assert_met(first_row(15))


@pytest.mark.bench
def test_a_move_of_the_cursor_sends_no_more_than_that_of_a_stock_table() -> None:
    assert_met(bytes_sent())


@pytest.mark.bench
def test_an_idle_screen_sends_nothing_for_half_a_minute() -> None:
    assert_met(idle(30))


@pytest.mark.bench
def test_100_000_files_move_as_100_do_and_fit_into_two_and_a_half_times_their_payload() -> None:
    assert_met(large(100_000))
