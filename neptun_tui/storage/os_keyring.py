"""Session backend in the keyring of the operating system. The only file that imports keyring.

The library's own choice of a backend is not used. ``get_keyring()`` took 60 to 90 ms and forked 15
processes to look for macOS's libraries on Linux; with ``keyrings.alt`` installed it silently writes
base64 to disk, or asks for a password on the terminal of the app. Each platform's backend is
constructed directly, on the session backend's thread, at the first use: importing it costs about
31 ms, so the imports are inside functions here.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, cast, runtime_checkable

from neptun_tui.storage.session_backends import BackendKind, BackendUnavailable, SessionKey

_OWN: Final = {
    "darwin": "keyring.backends.macOS.Keyring",
    "win32": "keyring.backends.Windows.WinVaultKeyring",
    "linux": "keyring.backends.SecretService.Keyring",
}
_OFF: Final = re.compile(r"keyring\.backends\.(null|fail)\.\w+")
_PROBE: Final = ("neptun-tui:probe", "probe")
_RETRY_AFTER: Final = 0.1
"""Seconds before the retry of a miss on macOS, where keyring updates by delete and add."""

_NO_SERVICE: Final = (
    "No OS keyring answers on this machine.",
    "Start one, such as gnome-keyring, to keep sessions over a restart.",
)


@runtime_checkable
class Searchable(Protocol):
    """Keyring backend that can list its items."""

    def session_keys(self) -> list[SessionKey]:
        """Return the keys of all stored sessions."""
        ...


class OsKeyring:
    """Backend with one keyring item for each session: service ``neptun-tui:<origin>``, user ID.

    Args:
        platform: ``sys.platform``.
        backend: replacement of the platform's own, for tests.
        bus: D-Bus socket if the environment names no address; by default ``bus`` in
            ``$XDG_RUNTIME_DIR``.
    """

    kind = BackendKind.KEYRING
    lasts = "until you sign out"

    def __init__(
        self,
        platform: str = sys.platform,
        backend: CredentialBackend | None = None,
        bus: Path | None = None,
    ) -> None:
        self._platform = platform
        self._given = backend
        self._bus = bus
        self._backend: CredentialBackend | None = None

    def probe(self) -> None:
        """Look up an item that does not exist, as a real one is looked up: without a prompt."""
        self._ready().get_password(*_PROBE)

    def store(self, session_key: SessionKey, value: str) -> None:
        """Store or replace the item."""
        self._ready().set_password(session_key.service, session_key.user, value)

    def load(self, session_key: SessionKey) -> str | None:
        """Return the item's value, or None."""
        backend = self._ready()
        value = backend.get_password(session_key.service, session_key.user)
        if value is None and self._platform == "darwin":
            time.sleep(_RETRY_AFTER)
            value = backend.get_password(session_key.service, session_key.user)
        return value

    def delete(self, session_key: SessionKey) -> bool:
        """Delete the item; return True if there was one."""
        backend = self._ready()
        from keyring.errors import PasswordDeleteError

        try:
            backend.delete_password(session_key.service, session_key.user)
        except PasswordDeleteError:
            # macOS raises this for a locked keychain too, so check that the item is missing.
            if backend.get_password(session_key.service, session_key.user) is None:
                return False
            raise
        return True

    def session_keys(self) -> list[SessionKey]:
        """Return the keys of all items of this program; empty on macOS and Windows.

        keyring can search only on Linux, so elsewhere only sessions in the index are found.
        """
        backend = self._ready()
        return backend.session_keys() if isinstance(backend, Searchable) else []

    def explain(self, error: Exception) -> BackendUnavailable:
        """Convert an error of keyring, D-Bus or the platform to a reason.

        A daemon that died during a call, a lost bus and a failed activation raised three types of
        errors, none of them a ``KeyringError``; so any other error counts as an interrupted call.
        """
        if isinstance(error, ImportError | NameError):
            return BackendUnavailable(
                "The OS keyring's library is not installed whole.", absent=True
            )
        from keyring.errors import KeyringLocked

        # -25308: errSecInteractionNotAllowed, from the login keychain of macOS over SSH.
        if isinstance(error, KeyringLocked) or "-25308" in str(error):
            return BackendUnavailable(
                "The OS keyring is locked.", "Unlock it on this machine, then sign in again."
            )
        if str(getattr(error, "name", "")).startswith("org.freedesktop.DBus.Error.Spawn."):
            return BackendUnavailable(
                "The OS keyring could not be started.",
                "Start it yourself to see why, such as gnome-keyring-daemon.",
            )
        name = type(error).__name__
        return BackendUnavailable(f"The OS keyring failed when asked ({name}).", uncertain=True)

    def _ready(self) -> CredentialBackend:
        """Return the keyring backend, created at the first use.

        Raises:
            BackendUnavailable: the user disabled keyring, or chose another than the platform's.
        """
        if self._backend is None:
            _heed_the_user(_OWN.get(self._platform, _OWN["linux"]))
            self._backend = self._given or self._own()
        return self._backend

    def _own(self) -> CredentialBackend:
        # keyring's classes have no annotations, so they are Any here.
        if self._platform == "darwin":
            from keyring.backends import macOS

            keychain: Any = macOS.Keyring
            return cast("CredentialBackend", keychain())
        if self._platform == "win32":
            from keyring.backends import Windows

            credentials: Any = Windows.WinVaultKeyring
            locker = credentials()
            locker.persist = "local machine"  # keyring's default roams with the user
            return ChunkedCredentials(locker)
        _use_own_bus(self._bus or _own_bus())
        return _prompt_free()


def _heed_the_user(own: str) -> None:
    """Respect the user's configuration of keyring.

    Raises:
        BackendUnavailable: keyring is disabled (``null`` accepts every value and stores none), or
            set to another backend than the platform's own, which might be a file.
    """
    named = os.environ.get("PYTHON_KEYRING_BACKEND", "")
    if _OFF.fullmatch(named):
        raise BackendUnavailable(
            "The OS keyring is switched off by PYTHON_KEYRING_BACKEND.",
            "Unset PYTHON_KEYRING_BACKEND to use it.",
            absent=True,
        )
    if named and named != own:
        raise BackendUnavailable(
            "PYTHON_KEYRING_BACKEND names a keyring that is not this system's own.",
            "Unset PYTHON_KEYRING_BACKEND to use the system's own.",
            absent=True,
        )
    if not named and _OFF.fullmatch(_configured()):
        raise BackendUnavailable(
            "The OS keyring is switched off in keyringrc.cfg.",
            "Remove default-keyring from keyringrc.cfg to use it.",
            absent=True,
        )


def _configured() -> str:
    """Return the backend in keyring's settings, where ``keyring --disable`` writes ``null``."""
    import configparser

    from keyring.util import platform_

    file = configparser.RawConfigParser()
    try:
        file.read(platform_.config_root() / "keyringrc.cfg", encoding="utf-8")
    except (configparser.Error, ValueError):
        return ""
    return file.get("backend", "default-keyring", fallback="").strip()


def _own_bus() -> Path:
    """Return the path at which a login creates the user's D-Bus socket."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "bus"


def _use_own_bus(socket: Path) -> None:
    """Set the D-Bus address to the user's socket if the environment has none, as in cron.

    jeepney, which keyring uses, reads only the variable.
    """
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return
    try:
        found = socket.lstat()
    except OSError:
        return
    if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid():
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={socket}"


class _NeverChosen:
    """Priority that excludes a backend from keyring's own choice and disables ChainerBackend."""

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise RuntimeError("constructed by neptun-tui, never chosen")


def _prompt_free() -> CredentialBackend:
    """Return the Secret Service backend of keyring, without its prompts.

    The original asks the service to unlock or to create a collection, and waits without a time-out
    for a window that is invisible over SSH. This one responded in 1 to 3 ms and opened no window.
    """
    import secretstorage
    from keyring.backends import SecretService
    from keyring.errors import KeyringLocked
    from secretstorage import exceptions

    class PromptFree(SecretService.Keyring):
        priority = _NeverChosen()

        def get_preferred_collection(self) -> secretstorage.Collection:
            with ExitStack() as on_error:
                bus = on_error.enter_context(closing(_open_bus()))
                try:
                    # Never creates; get_default_collection does, with a prompt.
                    collection = secretstorage.get_collection_by_alias(bus, "default")
                    locked = collection.is_locked()
                except exceptions.SecretServiceNotAvailableException:
                    raise BackendUnavailable(*_NO_SERVICE, absent=True) from None
                except exceptions.ItemNotFoundException:
                    raise BackendUnavailable(
                        "The OS keyring has no collection to keep a session in.",
                        "Create a default keyring on this machine's desktop.",
                    ) from None
                if locked:
                    raise KeyringLocked
                on_error.pop_all()
                return collection

        def session_keys(self) -> list[SessionKey]:
            collection = self.get_preferred_collection()
            with closing(collection.connection):
                items = collection.search_items({"application": self.appid})
                found = (item.get_attributes() for item in items)
                named = (
                    SessionKey.named(a.get("service", ""), a.get("username", "")) for a in found
                )
                return list({session_key for session_key in named if session_key})

        def unlock(self, item: secretstorage.Item) -> None:
            if item.is_locked():
                raise KeyringLocked

    unannotated: Any = PromptFree
    return cast("CredentialBackend", unannotated())


def _open_bus() -> Any:
    """Connect to the session bus.

    Raises:
        BackendUnavailable: it has no address, a dead one, or did not respond within a second.
    """
    import secretstorage
    from secretstorage.exceptions import SecretServiceNotAvailableException

    try:
        return secretstorage.dbus_init()
    except (SecretServiceNotAvailableException, OSError, RuntimeError):
        raise BackendUnavailable(*_NO_SERVICE, absent=True) from None


PIECE: Final = 1_200
"""Maximum number of characters in a piece with its mark; Windows allows 1,280 UTF-16 units."""
MOST_PIECES: Final = 64


class CredentialBackend(Protocol):
    """Methods of a keyring backend that are used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return the value, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a value."""

    def delete_password(self, service: str, username: str) -> None:
        """Delete a value; raise an error when there is none."""


class ChunkedCredentials:
    """Keyring backend for long values, stored in pieces.

    Each write has a random mark, in the manifest and at the start of every piece: an interrupted
    write reads as no value, never as a mixture of two values.

    Args:
        backend: keyring backend whose values are limited to 1,280 characters.
    """

    def __init__(self, backend: CredentialBackend) -> None:
        self._backend = backend

    def get_password(self, service: str, username: str) -> str | None:
        """Return the joined value, or None when a piece is missing or of another write."""
        mark, count = self._manifest(service, username)
        pieces = [self._piece(service, username, n, mark) for n in range(1, count + 1)]
        whole = [piece for piece in pieces if piece is not None]
        return "".join(whole) if count and len(whole) == count else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write the pieces, then the manifest, then delete the extra pieces of an older value."""
        mark = os.urandom(4).hex()
        room = PIECE - len(mark)
        pieces = [password[at : at + room] for at in range(0, len(password), room)]
        if len(pieces) > MOST_PIECES:
            raise BackendUnavailable("The session is too long for the OS keyring.")
        for number, piece in enumerate(pieces, 1):
            self._backend.set_password(f"{service}#{number}", username, mark + piece)
        manifest = json.dumps({"v": 1, "mark": mark, "pieces": len(pieces)})
        self._backend.set_password(service, username, manifest)
        self._drop_from(len(pieces) + 1, service, username)

    def delete_password(self, service: str, username: str) -> None:
        """Delete the manifest first, then every piece."""
        self._drop(service, username)
        self._drop_from(1, service, username)

    def _manifest(self, service: str, username: str) -> tuple[str, int]:
        try:
            found = json.loads(self._backend.get_password(service, username) or "null")
        except ValueError:
            return "", 0
        match found:
            case {"v": 1, "mark": str(mark), "pieces": int(count)} if 0 < count <= MOST_PIECES:
                return mark, count
        return "", 0

    def _piece(self, service: str, username: str, number: int, mark: str) -> str | None:
        text = self._backend.get_password(f"{service}#{number}", username)
        return text.removeprefix(mark) if text is not None and text.startswith(mark) else None

    def _drop_from(self, number: int, service: str, username: str) -> None:
        for further in range(number, MOST_PIECES + 1):
            if not self._drop(f"{service}#{further}", username):
                return

    def _drop(self, service: str, username: str) -> bool:
        if self._backend.get_password(service, username) is None:
            return False
        self._backend.delete_password(service, username)
        return True
