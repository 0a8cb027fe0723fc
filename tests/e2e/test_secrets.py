"""A password and the cookies of a session are only where they belong; no crash shows them.

The shipped program runs in a real pseudo-terminal against a Neptun on a real socket. Afterwards
all that it drew, wrote and was is searched for any piece of a secret, in any usual encoding.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from neptun_tui.demo.accounts import create_user
from neptun_tui.demo.cookies import Sealer, Session, SessionUser
from neptun_tui.demo.sample_projects import DEMO_EMAIL
from neptun_tui.demo.schema import USERS
from neptun_tui.demo.store import timestamp

from .canary import PASSWORD, WITHOUT_RIGHTS, Canaries, drawn, files, process
from .test_whole_job import assert_restored

HERE = Path(__file__).parent
BARE = (sys.executable, "-I", "-S")
ALONE = (*BARE, "-c", WITHOUT_RIGHTS)
SHIPPED = (sys.executable, "-m", "neptun_tui")
PASTE = "\x1b[200~{}\x1b[201~"
CTRL_C, CTRL_P, CTRL_Q, CTRL_T, CTRL_X = "\x03", "\x10", "\x11", "\x14", "\x18"
SHIFT_HOME = "\x1b[1;2H"
BROKE = "neptun-tui broke. What happened, without any secrets, is in "


def with_faults(*names: str) -> tuple[str, ...]:
    """The program with these of its functions replaced."""
    return (sys.executable, str(HERE / "fault_injection.py"), ",".join(names))


@pytest.fixture
def canaries(server: Any, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """The demo account's password, which is a new one, and every cookie that the server seals."""
    store, wanted = server.store, Canaries(PASSWORD)
    user = create_user(store, "canary@example.com", PASSWORD)
    digest = store.get(USERS, user)["password_hash"]
    store.remove(USERS, user)
    store.change(USERS, 1, {"password_hash": digest})
    seal = Sealer.seal

    def note(self: Sealer, session: Session) -> str:
        value = seal(self, session)
        wanted.add(value)
        return value

    monkeypatch.setattr(Sealer, "seal", note)
    return wanted


@pytest.fixture
def cookie(canaries: Canaries) -> str:
    """A cookie as a browser would hold it."""
    return Sealer().seal(Session(str(uuid4()), SessionUser(1, DEMO_EMAIL), timestamp()))


@pytest.fixture
def leaks(home: Path, canaries: Canaries) -> Callable[..., dict[str, str]]:
    """Everywhere that a secret can be found now."""

    def look(app: Any) -> dict[str, str]:
        living = app.process.poll() is None
        found = canaries.leaks(drawn(app)) | canaries.leaks(files(home))
        return found | (canaries.leaks(process(app.process.pid)) if living else {})

    return look


@pytest.fixture
def begin(terminal: Callable[..., Any], server: Any, canaries: Canaries) -> Callable[..., Any]:
    """The app at its sign-in, the e-mail filled in."""

    def start(**options: Any) -> Any:
        app = terminal("--host", server.url, "--account", DEMO_EMAIL, real=True, **options)
        app.wait_for("Your session will be kept")
        return app

    return start


def browse(app: Any) -> None:
    """Open a project, filter it, look at a content."""
    app.wait_for("Storefront", "Strange names")
    app.send("\r")
    app.wait_for("99 files", "Orphaned files")
    app.send("/")
    app.wait_for("esc cancel")
    app.type("ci.yml\r")
    app.wait_for("filter: ci.yml (1 of 103)")
    app.send("\x1b")
    app.wait_gone("filter: ci.yml")
    app.go_to("f102", "▌       102")
    app.send("v")
    app.wait_for("jobs:")


def delete_it(app: Any) -> None:
    """Delete the file whose content is shown."""
    escape(app, "▌       102")
    app.ask("Delete file 102?")
    app.send("y")
    app.wait_for("Done  1 deleted")
    escape(app, "98 files")


def restore_it(app: Any) -> None:
    """Find what was deleted in the history, and post it back."""
    app.send("h")
    app.wait_for("1 past deletion")
    app.send("\r")
    app.wait_for("History ›", "ci.yml")
    app.send("R")
    app.wait_for("y restore")
    app.settle(0.1)
    app.pump(0.5)  # it listens only after a while
    app.send("y")
    app.wait_for("Done  1 restored")
    escape(app, "History ›")
    escape(app, "1 past deletion")
    escape(app, "99 files")


def sign_out(app: Any) -> None:
    """Sign out by the palette."""
    app.send(CTRL_P)
    app.wait_for("Search for commands")
    app.type("sign out")
    app.wait_for("sign out", "delete the session from this machine")
    app.settle(0.1)
    app.send("\r")
    app.wait_for("You are signed out.")


def escape(app: Any, back_at: str) -> None:
    """Go one step back. What followed Esc at once would be a key with Alt."""
    app.send("\x1b")
    app.wait_for(back_at)
    app.settle(0.1)


def test_a_whole_session_with_a_password_leaves_none_of_it_behind(
    begin: Callable[..., Any], leaks: Callable[..., Any], home: Path
) -> None:
    (home / "config/neptun-tui/config.toml").unlink()  # as most people have it: kernel or memory
    app = begin()

    def look() -> None:
        assert leaks(app) == {}

    app.type(PASSWORD)
    app.wait_for("•" * len(PASSWORD))
    copy_and_cut(app)
    look()
    app.send("\r")
    for step in (browse, delete_it, restore_it, sign_out):
        step(app)
        look()
    assert app.quit(CTRL_Q) == 0
    look()
    copies, journals = ((home / "data").rglob("*.jsonl"), (home / "state").rglob("*.jsonl"))
    assert any("jobs:" in copy.read_text() for copy in copies)
    assert any("ci.yml" in journal.read_text() for journal in journals)


def test_a_pasted_cookie_is_in_the_one_file_that_the_settings_ask_for_until_sign_out(
    begin: Callable[..., Any], leaks: Callable[..., Any], home: Path, cookie: str
) -> None:
    (home / "config/neptun-tui/config.toml").write_text('session_storage = "file"\n')
    app = begin()
    app.send(CTRL_T)
    app.wait_for("Paste the value of neptun-session")
    app.send(PASTE.format(f"Cookie: theme=dark; neptun-session={cookie}"))
    app.wait_for("•" * 20)
    copy_and_cut(app)
    assert leaks(app) == {}
    app.send("\r")

    def look() -> None:
        (kept,) = (home / "state").rglob("session-*.json")
        assert leaks(app).keys() == {str(kept.relative_to(home))}
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.parent.stat().st_mode & 0o777 == 0o700

    for step in (browse, delete_it):
        step(app)
        look()
    sign_out(app)
    assert leaks(app) == {}
    assert app.quit(CTRL_Q) == 0
    assert leaks(app) == {}


def copy_and_cut(app: Any) -> None:
    """Try to copy what is typed as a secret, and to cut it: it would go through the terminal."""
    app.send(SHIFT_HOME + CTRL_C + CTRL_X)
    app.settle(0.1)
    assert b"\x1b]52;" not in app.raw


def test_logs_at_debug_and_pictures_of_the_screen_hold_none(
    begin: Callable[..., Any], leaks: Callable[..., Any], home: Path
) -> None:
    app = begin(command=with_faults("debug", "pictures"))
    app.type(PASSWORD)
    app.wait_for("•" * len(PASSWORD))
    take_picture(app, home)
    app.send("\r")
    browse(app)
    take_picture(app, home)
    assert app.quit() == 0
    assert leaks(app) == {}
    assert len(list(home.rglob("*.svg"))) == 2
    logged = (home / "work/debug.log").read_text()
    for said in ("httpx:HTTP Request", "asyncio:Executing <Task", "asyncio:Using selector"):
        assert said in logged


def take_picture(app: Any, home: Path) -> None:
    """Have the app save a picture of its screen."""
    number = len(list(home.rglob("*.svg")))
    app.process.send_signal(signal.SIGUSR1)
    app.wait_until((home / "work" / f"{number}.svg").exists, "the picture")


CRASHES = {
    "in_a_screen": "h",
    "in_a_drawing": "",
    "in_a_worker": "",
    "in_the_session_store": "",
    "in_the_client": "",
    "at_the_end": CTRL_Q,
}
"""Places where the program is made to crash, and the keys that lead there after the sign-in."""


@pytest.mark.parametrize("where", CRASHES)
def test_a_crash_restores_the_terminal_and_leaves_a_sentence_and_a_report_without_secrets(
    where: str, begin: Callable[..., Any], leaks: Callable[..., Any], home: Path
) -> None:
    app = begin(command=with_faults(where))
    app.send(f"{PASSWORD}\r")
    if keys := CRASHES[where]:
        app.wait_for("Storefront")
        app.send(keys)
    assert app.wait_exit() == 1
    assert_restored(app)
    assert leaks(app) == {}
    said, _, path = last_words(app).partition(BROKE)
    assert said == ""
    report = Path(path)
    assert report.parent == home / "state/neptun-tui"
    assert report.stat().st_mode & 0o777 == 0o600
    assert "fault_injection.py" in (told := report.read_text())
    assert "in fail\n" in told
    assert told.endswith("\nRuntimeError\n")


@pytest.mark.parametrize("where", ["in_a_backend", "in_a_task"])
def test_what_breaks_behind_the_app_is_not_shown_either(
    where: str, begin: Callable[..., Any], leaks: Callable[..., Any]
) -> None:
    app = begin(command=with_faults(where))
    app.send(f"{PASSWORD}\r")
    app.wait_for({"in_a_backend": "Memory failed", "in_a_task": "Storefront"}[where])
    assert leaks(app) == {}
    assert app.quit(CTRL_Q) == 0
    assert leaks(app) == {}


def last_words(app: Any) -> str:
    """Return the terminal's content after the app has exited."""
    left = app.raw.rpartition(b"\x1b[?1049l")[2].decode()
    return re.sub(r"\x1b\[[0-?]*[@-~]", "", left).strip().replace("\r\n", "")


def spied(app: Any) -> dict[str, str]:
    """Return what another process of the same user can read of this one without further rights."""
    done = subprocess.run(
        [*ALONE, *BARE, str(HERE / "process_inspector.py"), str(app.process.pid)],
        input=PASSWORD, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are of Linux")
def test_another_process_of_the_same_user_reads_nothing_of_it(begin: Callable[..., Any]) -> None:
    app = begin(command=(*ALONE, *SHIPPED))
    app.type(PASSWORD)
    app.wait_for("•" * len(PASSWORD))
    assert spied(app) == {}


# These prove that the tests above can fail ----------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are of Linux")
def test_a_program_that_leaks_everywhere_is_caught_everywhere(
    begin: Callable[..., Any], leaks: Callable[..., Any], home: Path
) -> None:
    names = ("debug", "logged_headers", "pictures", "shown_password", "kept_on_disk", "open_memory")
    app = begin(command=(*ALONE, *with_faults(*names)))
    app.type(PASSWORD)
    app.wait_for(PASSWORD)
    assert "screen" in leaks(app)
    app.send(SHIFT_HOME + CTRL_C)
    app.wait_until(lambda: b"\x1b]52;" in app.raw, "the clipboard")
    spoils = spied(app)
    assert spoils.keys() >= {"environ", "maps", "fd"}
    assert spoils.get("mem", "secret") == "secret"  # some systems give it to a parent alone
    take_picture(app, home)
    app.send("\r")
    app.wait_for("Storefront")
    assert app.quit() == 0
    found = leaks(app).keys()
    assert found >= {"terminal", "work/0.svg", "work/debug.log", "work/kept"}


@pytest.mark.parametrize(
    ("how", "where"),
    [("shown_locals", "terminal"), ("reported_locals", "state/neptun-tui/crash.txt")],
)
def test_a_crash_that_tells_its_variables_is_caught(
    how: str, where: str, begin: Callable[..., Any], leaks: Callable[..., Any]
) -> None:
    app = begin(command=with_faults("in_a_worker", how))
    app.send(f"{PASSWORD}\r")
    assert app.wait_exit() == 1
    assert where in leaks(app)
