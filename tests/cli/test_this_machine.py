"""The command line on a machine that is in trouble: a home it may not use, and what stands there.

As root the commands run as a user of their own, whose kernel keyring is nobody else's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import neptun_tui
from neptun_tui.demo.data import DEMO_EMAIL
from neptun_tui.domain.account import Session

from ..e2e.terminal import PATIENCE
from .conftest import Ran, Server

SERIES = sys.hexversion >> 16

USER = 61_234
"""A user nobody has."""

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
        """What this user's kernel keyring has of ours."""
        code = "from neptun_tui.storage.kernel_keyring import KernelKeyring as K;print(K().slots())"
        ran = self.start(self.python, "-c", code)
        if ran.returncode:
            pytest.skip(f"the kernel keyring is not permitted here: {ran.stderr[-200:]}")
        return ran.stdout.strip()


@pytest.fixture
def person(env: dict[str, str]) -> Iterator[Person]:
    """Somebody who is not root, with a home that root's tests cannot lock away."""
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


BELONGS = "belongs to root: sudo chown -R 61234 "


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
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert 'session_storage = "file"' not in ran.stderr, "a file could not be kept either"
    assert person.ring() == "[]"
    assert not server.store.arrivals, "it is known before anything is sent"


LEAVE_BEHIND = """
import sys
from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.storage.envelope import seal
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.tier import Slot
for user, email in ((1, sys.argv[2]), (2, "other@example.com")):
    account = Account(sys.argv[1], user, email)
    KernelKeyring().store(Slot.of(account), seal(Session(account, Secret("throw-away-cookie"))))
"""


@needs_root
def test_signing_out_finds_what_no_list_names(person: Person, server: Server) -> None:
    def leave_behind() -> None:
        person.start(person.python, "-c", LEAVE_BEHIND, server.url, DEMO_EMAIL)
        assert person.ring().count("Slot(") == 2

    person.ring()
    leave_behind()
    ran = person.run("logout")
    assert ran.returncode == 0
    assert "2 sessions kept on this machine stand in no list" in ran.stderr
    assert person.ring().count("Slot(") == 2, "another home folder may have them in its list"
    ran = person.run("logout", "--host", server.url, "--account", DEMO_EMAIL)
    assert ran.returncode == 0
    assert f"forgotten a session of {DEMO_EMAIL}" in ran.stderr
    assert person.ring().count("Slot(") == 1
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
