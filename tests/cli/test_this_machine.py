"""Command line on a faulty machine: inaccessible homes, and other objects in place of files.

As root, the commands run as a separate user with a kernel keyring of its own.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import neptun_tui
from neptun_tui.demo.sample_projects import DEMO_EMAIL
from neptun_tui.domain.account import Session

from ..e2e.terminal import PATIENCE
from .conftest import APP, Ran, Run, Server

SERIES = sys.hexversion >> 16

USER = 61_200 + os.getpid() % 4_000
"""An unused user ID; of this process alone, because tests share the kernel keyring of a user."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="users and keyrings of Linux")

needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can be another user"
)


PACKAGES = os.pathsep.join(
    [str(Path(neptun_tui.__file__).parents[1]), sysconfig.get_path("purelib")]
)


def _pythons() -> list[str]:
    """Interpreters of this version; that of the tests may be in a home no other user may enter."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return [sys.executable, *filter(None, [shutil.which(version, path="/usr/local/bin:/usr/bin")])]


class Person:
    """A user with a home folder, and the commands that user runs."""

    def __init__(self, home: Path, environ: dict[str, str]) -> None:
        self.home = home
        self.state = home / ".local" / "state" / "neptun-tui"
        self.config = home / ".config" / "neptun-tui" / "config.toml"
        python = [*map(Path, _pythons())]
        self.python = next((str(p) for p in python if self._can_run(p)), "")
        self.app = (self.python, "-m", "neptun_tui")
        kept = ("PATH", "TERM", "LANG", "PYTHONPATH", "PYTHON_KEYRING_BACKEND")
        self.environ = {name: environ[name] for name in kept if name in environ}
        self.environ["PYTHONPATH"] = PACKAGES
        self.environ |= {"HOME": str(home), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/no-bus"}

    @staticmethod
    def _can_run(python: Path) -> bool:
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                [python, "-c", f"from sys import *; exit({SERIES} != hexversion >> 16)"],
                user=USER, group=USER, extra_groups=[], check=True, capture_output=True,
                cwd="/",
            )  # fmt: skip
            return True
        return False

    def start(
        self, *command: str, stdin: str | None = None, root: bool = False, **environ: str
    ) -> Ran:
        """Run a command to its end."""
        user = {} if root else {"user": USER, "group": USER, "extra_groups": []}
        return subprocess.run(
            command,
            env={**self.environ, **environ},
            cwd="/",
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            **user,
        )  # type: ignore[call-overload,no-any-return]

    def run(self, *arguments: str, **options: object) -> Ran:
        """Run this program to its end."""
        return self.start(*self.app, *arguments, **options)  # type: ignore[arg-type]

    def give(self, path: Path, user: int = USER) -> None:
        """Make something and all below it the user's."""
        for each in (path, *path.rglob("*")):
            os.chown(each, user, user, follow_symlinks=False)

    def ring(self) -> str:
        """Return our entries in this user's kernel keyring."""
        code = "from neptun_tui.storage.kernel_keyring import KernelKeyring;"
        code += "print(KernelKeyring().session_keys())"
        ran = self.start(self.python, "-c", code)
        if ran.returncode:
            pytest.skip(f"the kernel keyring is not permitted here: {ran.stderr[-200:]}")
        return ran.stdout.strip()


@pytest.fixture
def person(env: dict[str, str]) -> Iterator[Person]:
    """User other than root, with a home that root's tests cannot make inaccessible."""
    home = Path(tempfile.mkdtemp(prefix="neptun-home-"))
    home.chmod(0o755)
    made = Person(home, env)
    made.give(home)
    if not made.python or made.run("--version").returncode:
        shutil.rmtree(home)
        pytest.skip("another user cannot read the program here")
    yield made
    home.chmod(0o755)
    with suppress(OSError):
        made.run("logout", "--all")
    shutil.rmtree(home)


def sudo_was_here(person: Person) -> None:
    """The folder is root's, as a start with sudo leaves it."""
    person.state.mkdir(parents=True, mode=0o700)
    for folder in (person.home / ".local", person.home / ".local/state"):
        os.chown(folder, USER, USER)


def sudo_was_first(person: Person) -> None:
    """Everything on the way is root's."""
    person.state.mkdir(parents=True, mode=0o700)


def list_is_roots(person: Person) -> None:
    """Only the list of sessions is root's."""
    person.state.mkdir(parents=True)
    person.give(person.home)
    (person.state / "sessions.json").write_text("{}")


def read_only(person: Person) -> None:
    """Nothing can be made in the home folder."""
    person.home.chmod(0o555)


BELONGS = "belongs to root: sudo chown -R USER "


@needs_root
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (sudo_was_here, BELONGS),
        (sudo_was_first, BELONGS),
        (list_is_roots, BELONGS),
        (read_only, "cannot be written (that is not permitted)"),
    ],
)
def test_a_session_that_could_not_be_found_again_is_not_kept(
    make: Callable[[Person], None], said: str, person: Person, server: Server, session: Session
) -> None:
    make(person)
    server.store.arrivals.clear()
    cookie = session.cookie.reveal()
    ran = person.run("login", "--with-cookie", "--host", server.url, stdin=cookie)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert said.replace("USER", str(USER)) in ran.stderr
    assert "Traceback" not in ran.stderr
    assert 'session_storage = "file"' not in ran.stderr, "a file could not be kept either"
    assert person.ring() == "[]"
    assert not server.store.arrivals, "it is known before anything is sent"


LEAVE_BEHIND = """
import sys
from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.storage.timed_backend import dump_session
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.session_backends import SessionKey
for user, email in ((1, sys.argv[2]), (2, "other@example.com")):
    account = Account(sys.argv[1], user, email)
    session = Session(account, Secret("throw-away-cookie"))
    KernelKeyring().store(SessionKey.of(account), dump_session(session))
"""


@needs_root
def test_signing_out_finds_what_no_list_names(person: Person, server: Server) -> None:
    def leave_behind() -> None:
        person.start(person.python, "-c", LEAVE_BEHIND, server.url, DEMO_EMAIL)
        assert person.ring().count("SessionKey(") == 2

    person.ring()
    leave_behind()
    ran = person.run("logout")
    assert ran.returncode == 0
    assert "2 sessions kept on this machine stand in no list" in ran.stderr
    assert person.ring().count("SessionKey(") == 2, "another home folder may have them in its list"
    ran = person.run("logout", "--host", server.url, "--account", DEMO_EMAIL)
    assert ran.returncode == 0
    assert f"forgotten a session of {DEMO_EMAIL}" in ran.stderr
    assert person.ring().count("SessionKey(") == 1
    leave_behind()
    ran = person.run("logout", "--all")
    assert ran.returncode == 0
    assert "Forgot 2 sessions." in ran.stderr
    assert person.ring() == "[]"
    read_only(person)
    leave_behind()
    ran = person.run("logout", "--all")
    assert (ran.returncode, person.ring()) == (0, "[]"), ran.stderr
    assert "Forgot 2 sessions." in ran.stderr


@needs_root
def test_a_session_is_kept_found_and_forgotten(
    person: Person, server: Server, session: Session
) -> None:
    person.ring()
    cookie = session.cookie.reveal()
    assert person.run("login", "--with-cookie", "--host", server.url, stdin=cookie).returncode == 0
    assert server.url in person.ring()
    assert person.run("projects", "--host", server.url).returncode == 0
    assert "Forgot 1 session." in person.run("logout", "--all").stderr
    assert person.ring() == "[]"


# Other objects in place of our files --------------------------------------------------------------

KINDS = ["pipe", "null", "zero", "other"]


def put(kind: str, path: Path) -> Path:
    """Put something in the place of a file; what it leads to, or itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
        return path
    other = path.parent / "another file" if kind == "other" else Path("/dev", kind)
    if kind == "other":
        other.write_text("theirs\n")
        other.chmod(0o644)
    path.symlink_to(other)
    return other


@pytest.mark.parametrize("kind", KINDS)
def test_a_journal_that_is_no_file_of_ours_is_named_and_left_alone(
    kind: str, neptun: Run, server: Server, state: Path
) -> None:
    led_to = put(kind, state / "deletions.jsonl")
    before = led_to.stat().st_mode
    for arguments in (("history",), ("delete", "file", "1", "1219", "--yes"), ("projects",)):
        ran = neptun(*arguments)
        assert ran.returncode == (0 if arguments == ("projects",) else 1)
        if arguments != ("projects",):
            assert "it is a named pipe" in ran.stderr or "it is a symbolic link" in ran.stderr
    assert server.deletes == []
    assert led_to.stat().st_mode == before
    if kind == "other":
        assert led_to.read_text() == "theirs\n"


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_settings_that_are_no_file_hang_nothing(kind: str, run: Run, home: Path) -> None:
    put(kind, home / "config/neptun-tui/config.toml")
    ran = run("projects", "--demo")
    assert ran.returncode == 0
    assert "config.toml cannot be read (it is a " in ran.stderr


@needs_root
def test_the_home_of_another_user_is_warned_of(person: Person) -> None:
    assert "belongs to" not in person.run("doctor", "--host", "http://127.0.0.1:9").stderr
    ran = person.run("whoami", "--host", "http://127.0.0.1:9", root=True)
    assert f"The home folder {person.home} belongs to user {USER}, not to you" in ran.stderr


@needs_root
def test_root_writes_nothing_into_the_state_of_another_user(person: Person) -> None:
    person.state.mkdir(parents=True)
    person.give(person.home)
    ran = person.run("login", "--with-cookie", "--host", "http://127.0.0.1:9", root=True)
    assert ran.returncode == 1
    assert f"belongs to user {USER}: run this as user {USER}, without sudo" in ran.stderr
    assert list(person.state.iterdir()) == []


@needs_root
def test_a_session_that_cannot_be_removed_is_not_called_forgotten(
    person: Person, server: Server, session: Session
) -> None:
    person.config.parent.mkdir(parents=True)
    person.config.write_text('session_storage = "file"\n')
    person.give(person.home)
    cookie = session.cookie.reveal()
    assert person.run("login", "--with-cookie", "--host", server.url, stdin=cookie).returncode == 0
    person.state.chmod(0o500)
    ran = person.run("logout", "--host", server.url)
    assert ran.returncode == 1
    assert "has forgotten" not in ran.stderr
    assert "could not forget every copy of the session of demo@example.com" in ran.stderr
    person.state.chmod(0o700)
    ran = person.run("logout", "--host", server.url)
    assert ran.returncode == 0
    assert "has forgotten the session of demo@example.com" in ran.stderr
    assert not list(person.state.glob("session-*"))


# Exhausted resources -----------------------------------------------------------------------------


def limited(which: int, value: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(which, (value, value))


@pytest.mark.parametrize(
    ("which", "value"),
    [
        *(("RLIMIT_NOFILE", n) for n in (7, 8, 9, 10)),
        *(("RLIMIT_AS", n * 1_000_000) for n in (30, 40, 80, 200)),
    ],
)
def test_too_little_of_something_ends_in_one_sentence(
    which: str, value: int, env: dict[str, str], home: Path
) -> None:
    ran = subprocess.run(
        [*APP, "delete", "file", "1", "1219", "--yes", "--demo"],
        env=env,
        cwd=home / "work",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=limited(getattr(resource, which), value),
    )
    assert "broke" not in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "never awaited" not in ran.stderr
    if ran.returncode:
        assert ran.returncode == 1
        assert "ulimit" in ran.stderr
    else:
        assert "1 deleted." in ran.stderr


NO_MORE_THREADS = """
import os, resource, threading, time
def limit():
    while not os.path.exists(os.environ["HOME"] + "/now"):
        time.sleep(0.01)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    open(os.environ["HOME"] + "/limited", "w").close()
threading.Thread(target=limit, daemon=True).start()
from neptun_tui.__main__ import main
main()
"""


@needs_root
def test_no_more_threads_in_mid_run_and_the_results_are_true(
    person: Person, server: Server, session: Session
) -> None:
    """As `ulimit -u` has it: from the first DELETE on nothing can be started."""
    person.config.parent.mkdir(parents=True)
    person.config.write_text('session_storage = "file"\n')
    person.give(person.home)
    cookie = session.cookie.reveal()
    assert person.run("login", "--with-cookie", "--host", server.url, stdin=cookie).returncode == 0
    listing = person.run("files", "1", "--json", "--host", server.url)
    ids = [str(each["id"]) for each in json.loads(listing.stdout)["files"][:8]]
    arguments = ("delete", "file", "1", *ids, "--yes", "--json")
    process = subprocess.Popen(
        [person.python, "-c", NO_MORE_THREADS, *arguments, "--host", server.url],
        env=person.environ, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, user=USER, group=USER, extra_groups=[],
    )  # fmt: skip
    server.answered = 0
    until = time.monotonic() + PATIENCE
    while not server.deletes:
        assert time.monotonic() < until
        time.sleep(0.01)
    (person.home / "now").touch()
    while not (person.home / "limited").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    server.answered = float("inf")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "broke" not in err
    rows = [json.loads(line) for line in out.splitlines()]
    assert sum(row.get("result") == "deleted" for row in rows) == len(ids)
    assert len(server.deletes) == len(ids)
