"""Prompt of ``delete`` in a real terminal: only the right input confirms."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

import pytest

from neptun_tui.demo.schema import FILES

from .conftest import APP, Scripted, Terminal, files_of, heard, wait_until

Asked = Callable[..., Terminal]

QUESTION = "to delete:"


def settled(app: Terminal) -> Terminal:
    """A terminal whose program waits for an answer."""
    app.wait_for(QUESTION)
    return app


def test_an_import_takes_its_id(asked: Asked, server: Scripted) -> None:
    app = settled(asked("delete", "import", "1", "102"))
    assert "PERMANENT" in app.text
    assert server.deletes == []
    app.type("102\r")
    assert app.wait_exit() == 0
    assert server.deletes == ["1/imports/102"]
    assert "59 deleted." in app.text


def test_one_file_takes_its_id(asked: Asked, server: Scripted) -> None:
    app = settled(asked("delete", "file", "1", "1201"))
    app.type("1201\r")
    assert app.wait_exit() == 0
    assert server.deletes == ["1/files/1201"]


def test_several_take_their_number_and_all_that_goes_with_them_counts(
    asked: Asked, server: Scripted
) -> None:
    app = settled(asked("delete", "import", "1", "102", "103"))
    app.wait_for("Type 60 to delete:")
    app.type("60\r")
    assert app.wait_exit() == 0
    assert sorted(server.deletes) == ["1/imports/102", "1/imports/103"]


@pytest.mark.parametrize("keys", ["\r", "y\r", "yes\r", "103\r", "1022\r", "import 102\r", "\x04"])
def test_anything_else_declines(asked: Asked, server: Scripted, keys: str) -> None:
    app = settled(asked("delete", "import", "1", "102"))
    app.type(keys)
    assert app.wait_exit() == 2
    assert "Nothing was deleted." in app.text
    assert server.deletes == []


def test_half_an_answer_that_ends_declines(asked: Asked, server: Scripted) -> None:
    app = settled(asked("delete", "import", "1", "102"))
    app.type("102\x04\x04")
    assert app.wait_exit() == 2
    assert server.deletes == []


def test_ctrl_c_at_the_question_ends_it(asked: Asked, server: Scripted) -> None:
    app = settled(asked("delete", "import", "1", "102"))
    app.type("10\x03")
    assert app.wait_exit() == 130
    assert "Traceback" not in app.text
    assert server.deletes == []


def test_what_was_typed_ahead_does_not_count(asked: Asked, server: Scripted) -> None:
    gate = server.hold("/resources/files$")
    app = asked("delete", "import", "1", "102")
    app.wait_until(lambda: gate.waiting >= 1, "the listing")
    app.send("102\r")
    app.wait_for("102")
    gate.open()
    settled(app)
    app.settle()
    assert app.process.poll() is None
    assert server.deletes == []
    app.type("\x04")
    assert app.wait_exit() == 2
    assert server.deletes == []


def unread(app: Terminal) -> int:
    """Bytes of whole lines that were typed and that no program has taken yet."""
    waiting = fcntl.ioctl(app._slave, termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(waiting, sys.byteorder)


def test_ctrl_c_while_ids_are_typed_ends_it(asked: Asked, server: Scripted) -> None:
    app = asked("delete", "file", "1", "-")
    app.type("1201\r")
    app.wait_until(lambda: b"1201\r\n" in app.raw and not unread(app), "the line to be read")
    app.type("\x03")
    assert app.wait_exit() == 130
    assert server.arrivals == []


def piped(text: str, *arguments: str) -> tuple[str, ...]:
    """Shell that runs a command with this standard input, in any terminal."""
    script = f"printf '{text}' | \"$@\""
    return ("/bin/sh", "-c", script, "sh", *APP, *arguments)


@pytest.mark.parametrize("answer", ["2", "no"])
def test_with_ids_from_a_pipe_the_terminal_is_asked(
    asked: Asked, server: Scripted, answer: str
) -> None:
    app = asked(command=piped("1201\\n1202\\n2\\n", "delete", "file", "1", "-"))
    assert app.wait_exit() == 1  # the 2 is an ID there, and answers nothing
    app = settled(asked(command=piped("1201\\n1202\\n", "delete", "file", "1", "-")))
    app.type(f"{answer}\r")
    assert app.wait_exit() == (0 if answer == "2" else 2)
    assert server.deletes == (["1/files/1201", "1/files/1202"] if answer == "2" else [])


@pytest.mark.parametrize("redirection", ["</dev/null", "2>/dev/null"])
def test_without_a_terminal_it_needs_a_yes(
    asked: Asked, server: Scripted, redirection: str
) -> None:
    script = f'"$@" {redirection}; code=$?; echo code $code'
    command = ("/bin/sh", "-c", script, "sh", *APP, "delete", "file", "1", "1201")
    app = asked(command=command)
    assert app.wait_exit() == 0
    assert "code 2" in app.text
    assert server.arrivals == []


def test_without_a_controlling_terminal_it_needs_a_yes(
    env: dict[str, str], server: Scripted, session: Any
) -> None:
    ran = subprocess.run(
        [*APP, "delete", "file", "1", "-"],
        env={**env, "NEPTUN_HOST": server.url},
        input="1201\n",
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert (ran.returncode, server.arrivals) == (2, [])


IMPATIENT = (
    "import sys; from neptun_tui.cli.commands import delete; from neptun_tui.cli import main; "
    "delete.FRESH_SECONDS = 0; sys.exit(main.run(sys.argv[1:]))"
)
"""The program with a listing that is too old at once."""


def test_what_changed_since_the_question_is_shown_and_asked_again(
    asked: Asked, server: Scripted
) -> None:
    command = (sys.executable, "-c", IMPATIENT, "delete", "import", "1", "102", "--no-backup")
    app = settled(asked(command=command))
    [first] = [row for row in files_of(server) if row == 1301]
    server.store.change(FILES, first, {"import_id": 101})
    app.type("102\r")
    app.wait_for("Changed since you were asked:", "is no longer part of this deletion", "57 files")
    assert server.deletes == []
    app.wait_until(lambda: app.text.count(QUESTION) == 2, "the second question")
    app.type("102\r")
    assert app.wait_exit() == 0
    assert server.deletes == ["1/imports/102"]
    assert first in files_of(server)


def test_how_far_it_is_stands_on_one_line_that_goes_away(asked: Asked, server: Scripted) -> None:
    gate = server.hold("^DELETE ")
    app = asked("delete", "file", "1", *map(str, files_of(server)[:9]), "--yes")
    app.wait_for("Deleting", "0 of 9 requests")
    app.wait_until(lambda: gate.waiting >= 6, "the first requests")
    app.send("\x03")
    app.wait_for("Stopping (ctrl+C leaves at once)")
    gate.open()
    assert app.wait_exit() == 130
    assert "Stopped: 6 deleted · 3 not sent." in app.text
    assert "Stopping (" not in app.text


def test_a_terminal_that_hangs_up_lets_what_is_on_its_way_finish(
    asked: Asked, server: Scripted, home: Any
) -> None:
    gate = server.hold("^DELETE ")
    files = map(str, files_of(server)[:9])
    app = asked("delete", "file", "1", *files, "--yes", real=True)
    app.wait_until(lambda: gate.waiting >= 6, "the first requests")
    app.hang_up()
    wait_until(lambda: heard(app.process), "the hang-up to be heard")
    gate.open()
    app.process.wait(20)
    assert len(server.deletes) == 6
    [journal] = (home / "state").rglob("deletions.jsonl")
    assert '"record":"end"' in journal.read_text().splitlines()[-1].replace(" ", "")
