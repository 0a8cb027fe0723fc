"""Crash report: the location of the error, and none of the data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neptun_tui.storage import process

SECRET = "Thr0w-away!not-to-be-told"


def raised(break_it: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any will do
        break_it()
    return caught.value


def report(error: BaseException, folder: Path) -> str:
    path = process.write_crash_report(error, folder)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text()


def a_value() -> None:
    int(SECRET)


def a_key() -> None:
    {}[SECRET]  # type: ignore[index]


def a_cause() -> None:
    try:
        int(SECRET)
    except ValueError as error:
        raise RuntimeError(SECRET) from error


def a_context() -> None:
    try:
        int(SECRET)
    except ValueError:
        {}[SECRET]  # type: ignore[index]


def a_note() -> None:
    error = ZeroDivisionError()
    error.add_note(SECRET)
    raise error


def a_group() -> None:
    raise ExceptionGroup(SECRET, [raised(a_value), raised(a_key)])


def an_error_of_its_own() -> None:
    class Telling(TypeError):
        pass

    raise Telling(SECRET)


@pytest.mark.parametrize(
    ("break_it", "kinds"),
    [
        (a_value, ["ValueError"]),
        (a_key, ["KeyError"]),
        (a_cause, ["ValueError", "RuntimeError"]),
        (a_context, ["ValueError", "KeyError"]),
        (a_note, ["ZeroDivisionError: "]),
        (a_group, ["ValueError", "KeyError", "ExceptionGroup"]),
        (an_error_of_its_own, ["an_error_of_its_own.<locals>.Telling"]),
    ],
)
def test_it_names_the_errors_and_their_lines_but_repeats_no_text(
    break_it: Callable[[], object], kinds: list[str], tmp_path: Path
) -> None:
    told = report(raised(break_it), tmp_path)
    assert SECRET not in told
    assert f"in {break_it.__name__}\n" in told
    lines = [line.removeprefix("tests.storage.test_crash_report.") for line in told.splitlines()]
    assert [line for line in lines[2:] if line and not line.startswith(" ")] == kinds


def test_what_python_says_of_names_in_the_code_is_told(tmp_path: Path) -> None:
    told = report(raised(lambda: SECRET.no_such_thing), tmp_path)  # type: ignore[attr-defined]
    assert told.endswith("AttributeError: 'str' object has no attribute 'no_such_thing'\n")


def test_errors_that_lead_to_each_other_are_told_once(tmp_path: Path) -> None:
    one, other = KeyError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert report(one, tmp_path).endswith("\n\nValueError\n\nKeyError\n")


def test_two_crashes_at_once_leave_two_reports(tmp_path: Path) -> None:
    paths = {process.write_crash_report(KeyError(), tmp_path) for _ in range(2)}
    assert len(paths) == 2
    assert None not in paths


def test_a_report_that_cannot_be_written_is_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = process.write_crash_report(KeyError(), tmp_path / "file" / "folder")
    assert path is None
    assert process.crash_sentence(path) == "neptun-tui broke, and its report could not be written."
