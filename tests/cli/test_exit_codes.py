"""Every exit code, and its mention in the help, the manual and the docs."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.main import code_of
from neptun_tui.domain import errors

from ..faults.proxy import Fault, Proxy, Turn
from .conftest import Run, Terminal

PAGE = Path(__file__).parents[2] / "docs" / "scripting.md"


def test_0_all_was_done(neptun: Run) -> None:
    assert neptun("projects").returncode == 0


def test_1_it_failed(run: Run, line: Proxy) -> None:
    line.script["GET projects"].append(Turn(Fault.ERROR))
    assert run("projects", NEPTUN_HOST=line.origin).returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("projects", "extra"),
        ("imports",),
        ("files", "1", "--sort", "colour"),
        ("projects", "--demo", "--host", "http://localhost"),
        ("projects", "--host", "http://public.example"),
        (),
    ],
)
def test_2_the_command_line_or_the_terminal_will_not_do(
    run: Run, arguments: tuple[str, ...]
) -> None:
    ran = run(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("neptun-tui: ")


def test_4_not_signed_in(run: Run) -> None:
    ran = run("projects", NEPTUN_HOST="http://127.0.0.1:9")
    assert (ran.returncode, ran.stdout) == (4, "")
    assert ran.stderr.rstrip().endswith("neptun-tui login")


def test_5_the_server_cannot_be_reached(run: Run, line: Proxy) -> None:
    line.down()
    ran = run("projects", NEPTUN_HOST=line.origin)
    assert (ran.returncode, ran.stdout) == (5, "")


def test_130_ctrl_c_while_the_server_takes_its_time(
    terminal: Callable[..., Terminal], line: Proxy
) -> None:
    line.script["GET projects"].append(Turn(Fault.LATE_REQUEST))
    shown = terminal("projects", "--host", line.origin)
    shown.wait_until(lambda: bool(line.log and line.log[-1].label == "GET projects"), "the request")
    shown.send("\x03")
    assert shown.wait_exit() == 130
    assert "Traceback" not in shown.text


def test_130_by_signal_without_a_terminal(terminal: Callable[..., Terminal], line: Proxy) -> None:
    line.script["GET files"].append(Turn(Fault.LATE_REQUEST))
    shown = terminal("files", "1", "--json", "--host", line.origin, real=True)
    shown.wait_until(lambda: any(p.label == "GET files" for p in line.log), "the request")
    shown.process.send_signal(signal.SIGINT)
    assert shown.wait_exit() == 130


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidHost, 2),
        (errors.InvalidCookie, 2),
        (errors.InvalidId, 2),
        (errors.ReadOnly, 2),
        (errors.NotSignedIn, 4),
        (errors.SessionExpired, 4),
        (errors.SignInRefused, 4),
        (errors.Unreachable, 5),
        (errors.AccessDenied, 1),
        (errors.OutcomeUnknown, 1),
        (errors.PartialList, 1),
        (errors.StorageError, 1),
    ],
)
def test_what_went_wrong_has_its_code(error: type[errors.NeptunTuiError], code: int) -> None:
    assert code_of(error("It went wrong.")) == code


def test_the_codes_are_told_everywhere_alike(run: Run) -> None:
    told = {int(code) for code in re.findall(r"^  (\d+) ", run("--help").stdout, re.MULTILINE)}
    assert told == {int(code) for code in ExitCode}
    table = set(re.findall(r"^\| `(\d+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {int(code) for code in table} == told
