"""Sign-in form in every state of the machine's keyrings.

The form is there at once, takes keys and shows the state, and the program quits on request, without
waiting for a hung backend.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from neptun_tui.demo.sample_projects import DEMO_EMAIL, DEMO_PASSWORD, OTHER_EMAIL, OTHER_PASSWORD
from neptun_tui.storage.kernel_keyring import KernelKeyring
from neptun_tui.storage.session_backends import SessionKey

pytestmark = pytest.mark.usefixtures("linux")

WITH_HOST_KEYRING = (sys.executable, str(Path(__file__).with_name("run_with_host_keyring.py")))

FOR_EVER = "600"
"""Seconds that no test takes: a session store with this time-out never gives up during a test."""

LEAVING = 15.0
"""Seconds in which the program has ended, on a busy machine; far below FOR_EVER."""

KEPT_IN = "Your session will be kept in: "
MEMORY = f"{KEPT_IN}memory, until you quit. "
KEYRING = f"{KEPT_IN}OS keyring, until you sign out."
START_ONE = "Start one, such as gnome-keyring, to keep sessions over a restart."
NOBODY = f"{MEMORY}No OS keyring answers on this machine. {START_ONE}"
LOCKED = f"{MEMORY}The OS keyring is locked. Unlock it on this machine, then sign in again."
NO_COLLECTION = (
    f"{MEMORY}The OS keyring has no collection to keep a session in. "
    "Create a default keyring on this machine's desktop."
)
NOT_STARTED = f"{MEMORY}The OS keyring could not be started."
OFF = f"{MEMORY}The OS keyring is switched off by PYTHON_KEYRING_BACKEND. Unset"
FOREIGN = f"{MEMORY}PYTHON_KEYRING_BACKEND names a keyring that is not this system's own. Unset"

Setting = Callable[[str], None]
Opening = Callable[..., Any]


@pytest.fixture
def setting(home: Path) -> Setting:
    """Choose a `session_storage`."""
    config = home / "config" / "neptun-tui" / "config.toml"
    return lambda value: config.write_text(f'session_storage = "{value}"\n') and None


@pytest.fixture
def opened(terminal: Callable[..., Any], setting: Setting) -> Opening:
    """Start the app with the bus that this process was given, and the keyring or memory to keep in.

    Returns it as soon as its form is there.
    """
    setting("keyring")

    def start(*arguments: str, form: bool = True, **environ: str | None) -> Any:
        bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
        usual = {"DBUS_SESSION_BUS_ADDRESS": bus, "PYTHON_KEYRING_BACKEND": None, "DISPLAY": ":9"}
        app = terminal(*arguments, command=WITH_HOST_KEYRING, environ={**usual, **environ})
        if form:
            app.wait_for("Sign in to Neptun", "ctrl+q quit")
        return app

    return start


def words(app: Any) -> str:
    """All that is on the screen as one line, so that wrapped sentences can be found."""
    return " ".join(app.text.replace("▌", " ").split())


def says(app: Any, *sentences: str) -> None:
    for sentence in sentences:
        app.wait_until(lambda sentence=sentence: sentence in words(app), repr(sentence))


def takes_keys(app: Any, text: str = "some@example.com") -> None:
    """Check that typed text appears in the focused field."""
    app.type(text)
    app.wait_for(text)


def leaves(app: Any, keys: str = "\x11") -> None:
    """It ends, well and at once."""
    began = time.monotonic()
    assert app.quit(keys) == 0
    assert time.monotonic() - began < LEAVING
    assert app.modes["1049"] is False, "the terminal was not given back"


def signs_in(app: Any, email: str = "", password: str = DEMO_PASSWORD) -> None:
    app.send(f"{email}\r{password}\r" if email else f"{password}\r")


# Shown states -----------------------------------------------------------------------------------


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")


@pytest.fixture
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


@pytest.fixture
def only_a_socket(
    bus: Path, fake_service: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is unset; the bus of the login is where a login puts it."""
    fake_service("unlocked")
    (home / "run" / "bus").hardlink_to(bus)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")


@pytest.fixture
def unlocked(gnome_keyring: Any) -> None:
    gnome_keyring()


@pytest.fixture
def truly_locked(gnome_keyring: Any) -> None:
    gnome_keyring()
    gnome_keyring("wrong")


@pytest.fixture
def without_collection(activatable_bus: Any, need: Any) -> None:
    daemon = shutil.which("gnome-keyring-daemon")
    need(daemon, "not installed: gnome-keyring-daemon")
    activatable_bus(f"{daemon} --start --foreground --components=secrets")


@pytest.fixture
def never_started(activatable_bus: Any) -> None:
    activatable_bus("/bin/false")


@pytest.fixture
def switched_off(home: Path) -> None:
    """As `keyring --disable` leaves it."""
    folder = home / "config" / "python_keyring"
    folder.mkdir()
    off = "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"
    (folder / "keyringrc.cfg").write_text(off)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("unlocked", KEYRING),
        ("truly_locked", LOCKED),
        ("without_collection", NO_COLLECTION),
        ("never_started", NOT_STARTED),
        ("bus", NOBODY),
        ("no_bus", NOBODY),
        ("no_address", NOBODY),
        ("only_a_socket", KEYRING),
        ("silent_bus", NOBODY),  # silent from the first byte: given up after a second
        ("switched_off", f"{MEMORY}The OS keyring is switched off in keyringrc.cfg."),
    ],
)
def test_the_form_says_what_is_so(
    opened: Opening, request: pytest.FixtureRequest, state: str, said: str
) -> None:
    request.getfixturevalue(state)
    app = opened()
    takes_keys(app)
    says(app, said)
    leaves(app)


@pytest.mark.parametrize(
    ("mode", "said"),
    [("locked-hang", LOCKED), ("no-collection-hang", NO_COLLECTION)],
)
def test_no_prompt_is_asked_for_even_with_a_display(
    opened: Opening, fake_service: Any, mode: str, said: str
) -> None:
    service = fake_service(mode)
    app = opened()
    takes_keys(app)
    says(app, said)
    leaves(app)
    service.terminate()
    assert service.stdout.read() == ""  # it reports when it is asked to prompt


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("keyring.backends.null.Keyring", OFF),
        ("keyrings.alt.file.PlaintextKeyring", FOREIGN),
    ],
)
def test_what_the_user_told_keyring_is_heeded(
    opened: Opening, no_bus: None, backend: str, said: str
) -> None:
    app = opened(PYTHON_KEYRING_BACKEND=backend)
    takes_keys(app)
    says(app, said)
    leaves(app)


# Hung backends ----------------------------------------------------------------------------------


@pytest.fixture
def never_hello(silent_bus: Any) -> None:
    """A bus that lets one in and then never answers."""
    silent_bus.set()


@pytest.fixture
def stuck(fake_service: Any) -> None:
    """A keyring that takes ten minutes for an answer."""
    fake_service(f"slow:{FOR_EVER}")


@pytest.fixture
def starts_for_ever(activatable_bus: Any, tmp_path: Path) -> Any:
    """A keyring that is being started and never ready."""
    script = tmp_path / "never-ready"
    script.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec sleep {FOR_EVER}\n")
    script.chmod(0o700)
    activatable_bus(script)
    yield
    for pid in (tmp_path / "pids").read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


@pytest.mark.parametrize("state", ["never_hello", "stuck", "starts_for_ever"])
def test_a_keyring_that_hangs_holds_up_neither_keys_nor_the_end(
    opened: Opening, request: pytest.FixtureRequest, state: str
) -> None:
    request.getfixturevalue(state)
    hanging = opened(SESSION_STORE_LIMIT=FOR_EVER)
    takes_keys(hanging)
    hanging.send("\t\t\t")
    takes_keys(hanging)
    assert KEPT_IN not in words(hanging)
    leaves(hanging)
    app = opened(SESSION_STORE_LIMIT="0.5")
    says(app, f"{MEMORY}The OS keyring did not answer within 0.5 seconds. It is asked again")
    leaves(app)


def test_one_can_sign_in_while_the_keyring_hangs_and_is_told_where_the_session_is(
    opened: Opening, never_hello: None, server: Any
) -> None:
    app = opened("--host", server.url, "--account", DEMO_EMAIL, SESSION_STORE_LIMIT="5")
    signs_in(app)  # long before the form could say where
    app.wait_for("Storefront", "session: memory")
    says(app, "Your session is kept in: memory, until you quit. The OS keyring did not answer")
    leaves(app, "q")


def test_a_keyring_that_hangs_on_a_read_is_given_up_and_that_is_said(
    opened: Opening, fake_service: Any, server: Any
) -> None:
    fake_service("hang-get")
    account = ("--host", server.url, "--account", DEMO_EMAIL)
    hanging = opened(*account, SESSION_STORE_LIMIT=FOR_EVER)
    says(hanging, KEYRING)
    signs_in(hanging)
    hanging.wait_for("Signing in…")
    hanging.wait_until(lambda: server.store.arrivals, "the sign-in at the server")
    leaves(hanging)
    app = opened(*account, SESSION_STORE_LIMIT="3")
    says(app, KEYRING)
    signs_in(app)
    app.wait_for("Storefront", "session: memory")
    says(app, "kept in: memory, until you quit. The OS keyring did not answer within 3 seconds.")
    leaves(app, "q")


@pytest.mark.parametrize(
    ("mode", "said"),
    [("die-on-set", "The OS keyring failed when asked"), ("unlocked", "No OS keyring answers")],
)
def test_a_keyring_that_dies_after_it_has_been_promised(
    opened: Opening, fake_service: Any, server: Any, mode: str, said: str
) -> None:
    service = fake_service(mode)
    app = opened("--host", server.url, "--account", DEMO_EMAIL)
    says(app, KEYRING)
    if mode == "unlocked":
        service.kill()
        service.wait()
    signs_in(app)
    app.wait_for("Storefront", "session: memory")
    says(app, f"Your session is kept in: memory, until you quit. {said}")
    leaves(app, "q")


# Over several starts ----------------------------------------------------------------------------


def test_an_unlocked_keyring_opens_the_next_start_and_a_locked_or_hung_one_says_why_not(
    opened: Opening, gnome_keyring: Any, silent_bus: Any, server: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    nowhere = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    account = ("--host", server.url)
    gnome_keyring()
    app = opened(*account)
    says(app, KEYRING)
    signs_in(app, DEMO_EMAIL)
    app.wait_for("Storefront", "session: OS keyring")
    leaves(app, "q")
    app = opened(*account, form=False)
    app.wait_for("Storefront", "session: OS keyring")
    leaves(app, "q")
    gnome_keyring("wrong")
    app = opened(*account)
    says(app, "Sign in to Neptun The OS keyring is locked. Server", LOCKED)
    leaves(app)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", nowhere)
    silent_bus.set()
    app = opened(*account, SESSION_STORE_LIMIT=FOR_EVER)
    says(app, "Looking for a session kept on this machine…")
    takes_keys(app)
    leaves(app)


def test_the_kernel_keyring_keeps_a_session_until_the_machine_restarts(
    opened: Opening, setting: Setting, no_bus: None, server: Any
) -> None:
    setting("auto")
    try:
        KernelKeyring().probe()
    except OSError as error:
        pytest.skip(f"the kernel keyring is not permitted here: {error}")
    kept = f"{KEPT_IN}kernel keyring, until this machine restarts, or 30 days without use."
    account = ("--host", server.url)
    app = opened(*account)
    says(app, f"{kept} No OS keyring answers on this machine. {START_ONE}")
    try:
        signs_in(app, DEMO_EMAIL)
        app.wait_for("Storefront", "session: kernel keyring")
        leaves(app, "q")
        app = opened(*account, form=False)
        app.wait_for("Storefront", "session: kernel keyring")
        app.send("\x10")
        app.wait_for("Search for commands")
        app.type("sign out")
        app.wait_for("delete the session from this machine")
        app.settle()
        app.send("\r")
        app.wait_for("This machine has forgotten the session.")
        leaves(app)
    finally:
        left = KernelKeyring().delete(SessionKey(server.url, 1))
    assert not left


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("fine", f"{KEPT_IN}kernel keyring, until this machine restarts, or 30 days without use."),
        ("EPERM", f"{MEMORY}No OS keyring answers on this machine; the kernel keyring is not"),
    ],
)
def test_what_the_kernel_says_is_said(
    opened: Opening, setting: Setting, no_bus: None, answer: str, said: str
) -> None:
    setting("auto")
    app = opened(KERNEL_SAYS=answer)
    takes_keys(app)
    says(app, said)
    leaves(app)


def test_a_full_kernel_keyring_is_said_when_it_is_known(
    opened: Opening, setting: Setting, no_bus: None, server: Any
) -> None:
    setting("kernel")
    app = opened("--host", server.url, "--account", DEMO_EMAIL, KERNEL_SAYS="add_key:EDQUOT")
    says(app, f"{KEPT_IN}kernel keyring", "The settings ask for it. Remove session_storage")
    signs_in(app)
    app.wait_for("Storefront", "session: memory")
    says(app, "kept in: memory, until you quit. The kernel keyring is full. The file /proc/keys")
    leaves(app, "q")


@pytest.mark.parametrize("named", ["memory", "file"])
def test_a_place_that_the_settings_name_keeps_as_long_as_it_says(
    opened: Opening, setting: Setting, home: Path, server: Any, named: str
) -> None:
    setting(named)
    lasts = {"memory": "until you quit", "file": "until you sign out"}[named]
    said = f"{KEPT_IN}{named}, {lasts}. The settings ask for it. Remove session_storage"
    account = ("--host", server.url)
    app = opened(*account)
    says(app, said)
    signs_in(app, DEMO_EMAIL)
    app.wait_for("Storefront", f"session: {named}")
    leaves(app, "q")
    files = list((home / "state").rglob("session-*"))
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * (named == "file")
    app = opened(*account, form=named == "memory")
    says(app, said) if named == "memory" else app.wait_for("Storefront", "session: file")
    leaves(app)


# Several accounts -------------------------------------------------------------------------------


def test_two_accounts_are_switched_from_the_palette(
    opened: Opening, setting: Setting, server: Any
) -> None:
    setting("file")

    def command(name: str, described: str) -> None:
        app.send("\x10")
        app.wait_for("Search for commands")
        app.type(name)
        app.wait_for(described)
        app.settle()
        app.send("\r")

    app = opened("--host", server.url)
    says(app, KEPT_IN)
    signs_in(app, DEMO_EMAIL)
    app.wait_for("Storefront", f"{DEMO_EMAIL} on")
    command("another account", "stays signed in")
    app.wait_for("Sign in to another account", "esc give up")
    signs_in(app, OTHER_EMAIL, OTHER_PASSWORD)
    app.wait_for("Private notes", f"{OTHER_EMAIL} on")
    assert "Storefront" not in app.text
    command("switch account", "Open another signed-in account")
    app.wait_for("Accounts on this machine", "open now", DEMO_EMAIL, OTHER_EMAIL)
    app.settle()
    app.send("\r")
    app.wait_for("Storefront", f"{DEMO_EMAIL} on")
    assert "Private notes" not in app.text
    leaves(app, "q")
    app = opened("--host", server.url, form=False)  # the account last used opens next time
    app.wait_for("Storefront", f"{DEMO_EMAIL} on")
    leaves(app, "q")
    posts = [a.path for a in server.store.arrivals if a.method == "POST"]
    assert sum(path.endswith("/login") for path in posts) == 2
    assert not any(path.endswith("/logout") for path in posts)
