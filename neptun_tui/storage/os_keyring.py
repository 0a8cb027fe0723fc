"""Session backend in the keyring of the operating system. The only file that imports keyring.

The library's own choice of a backend is never asked for. ``get_keyring()`` took 60 to 90 ms and
forked 15 processes to look for macOS's libraries on Linux; with ``keyrings.alt`` installed it
silently writes base64 to disk, or asks for a password on the terminal the app owns. Each platform's
backend is constructed directly, on the tier's thread, at the first use: importing it costs about
31 ms, which is why the imports stand inside functions here.
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
"""Seconds before a miss is asked for again on macOS, where keyring deletes and then adds."""

_NO_SERVICE: Final = (
    "No OS keyring answers on this machine.",
    "Start one, such as gnome-keyring, to keep sessions over a restart.",
)


@runtime_checkable
class Searchable(Protocol):
    """A backend that can say what is kept in it."""

    def slots(self) -> list[SessionKey]:
        """Every slot that something is kept under."""
        ...


class OsKeyring:
    """Keeps each session as one item: service ``neptun-tui:<origin>``, user name the user's number.

    Args:
        platform: ``sys.platform``.
        backend: used instead of the platform's own; for tests.
        bus: the D-Bus socket to use when the environment names no address; by default the user's
            own, ``bus`` in ``$XDG_RUNTIME_DIR``.
    """

    tier = BackendKind.KEYRING
    label = "OS keyring"
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
        """Ask for an item nobody stored: the same way as a real one, without a prompt."""
        self._ready().get_password(*_PROBE)

    def store(self, slot: SessionKey, value: str) -> None:
        """Store the item in place of what was there."""
        self._ready().set_password(slot.service, slot.user, value)

    def load(self, slot: SessionKey) -> str | None:
        """The item's value, or None."""
        backend = self._ready()
        value = backend.get_password(slot.service, slot.user)
        if value is None and self._platform == "darwin":
            time.sleep(_RETRY_AFTER)
            value = backend.get_password(slot.service, slot.user)
        return value

    def delete(self, slot: SessionKey) -> bool:
        """Delete the item; whether there was one."""
        backend = self._ready()
        from keyring.errors import PasswordDeleteError

        try:
            backend.delete_password(slot.service, slot.user)
        except PasswordDeleteError:
            # macOS says this for a locked keychain too: gone is only what is not there.
            if backend.get_password(slot.service, slot.user) is None:
                return False
            raise
        return True

    def slots(self) -> list[SessionKey]:
        """The slots of all items of ours, where the keyring can be searched: on Linux.

        On macOS and Windows keyring knows no search, so that only listed sessions are found.
        """
        backend = self._ready()
        return backend.slots() if isinstance(backend, Searchable) else []

    def explain(self, error: Exception) -> BackendUnavailable:
        """Say what an error of keyring, D-Bus or the platform means.

        A daemon that died during a call, a bus that vanished or a failed activation raised three
        kinds of errors, none of them a ``KeyringError``: whatever is not known broke off half-way.
        """
        if isinstance(error, ImportError | NameError):
            return BackendUnavailable(
                "The OS keyring's library is not installed whole.", absent=True
            )
        from keyring.errors import KeyringLocked

        # -25308: the login keychain of macOS, over SSH.
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
        """The backend, made at the first use.

        Raises:
            TierUnavailable: the user switched keyring off, or wants another than the platform's.
        """
        if self._backend is None:
            _heed_the_user(_OWN.get(self._platform, _OWN["linux"]))
            self._backend = self._given or self._own()
        return self._backend

    def _own(self) -> CredentialBackend:
        # keyring's classes have no annotations: seen as Any from here on.
        if self._platform == "darwin":
            from keyring.backends import macOS

            keychain: Any = macOS.Keyring
            return cast("CredentialBackend", keychain())
        if self._platform == "win32":
            from keyring.backends import Windows

            credentials: Any = Windows.WinVaultKeyring
            locker = credentials()
            locker.persist = "local machine"  # keyring's own choice roams with the user
            return ChunkedCredentials(locker)
        _use_own_bus(self._bus or _own_bus())
        return _prompt_free()


def _heed_the_user(own: str) -> None:
    """Look at what the user told keyring to use.

    Raises:
        TierUnavailable: it is switched off (``null`` takes every value and keeps none), or it is
            another backend than this platform's own, which might be a file.
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
    """The backend in keyring's own settings, where ``keyring --disable`` writes ``null``."""
    import configparser

    from keyring.util import platform_

    file = configparser.RawConfigParser()
    try:
        file.read(platform_.config_root() / "keyringrc.cfg", encoding="utf-8")
    except (configparser.Error, ValueError):
        return ""
    return file.get("backend", "default-keyring", fallback="").strip()


def _own_bus() -> Path:
    """Where a login puts the user's D-Bus socket."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "bus"


def _use_own_bus(socket: Path) -> None:
    """Name the user's D-Bus socket when the environment names none, as in cron.

    jeepney, which keyring uses, looks nowhere but in the variable.
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
    """A priority that keeps a backend out of keyring's own choice, and ChainerBackend off."""

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise RuntimeError("constructed by neptun-tui, never chosen")


def _prompt_free() -> CredentialBackend:
    """The Secret Service backend of keyring, without its prompts.

    The stock one asks the service to unlock or to create a collection and waits for ever on a
    window that nobody sees over SSH. This one answered in 1 to 3 ms and opened no window.
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

        def slots(self) -> list[SessionKey]:
            collection = self.get_preferred_collection()
            with closing(collection.connection):
                items = collection.search_items({"application": self.appid})
                found = (item.get_attributes() for item in items)
                named = (
                    SessionKey.named(a.get("service", ""), a.get("username", "")) for a in found
                )
                return list({slot for slot in named if slot})

        def unlock(self, item: secretstorage.Item) -> None:
            if item.is_locked():
                raise KeyringLocked

    unannotated: Any = PromptFree
    return cast("CredentialBackend", unannotated())


def _open_bus() -> Any:
    """Connect to the session bus.

    Raises:
        TierUnavailable: there is none: no address, a dead one, or silence for a second.
    """
    import secretstorage
    from secretstorage.exceptions import SecretServiceNotAvailableException

    try:
        return secretstorage.dbus_init()
    except (SecretServiceNotAvailableException, OSError, RuntimeError):
        raise BackendUnavailable(*_NO_SERVICE, absent=True) from None


PIECE: Final = 1_200
"""Characters in one piece with its mark, at the most; the limit is 1,280 UTF-16 units."""
MOST_PIECES: Final = 64


class CredentialBackend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """The value, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a value."""

    def delete_password(self, service: str, username: str) -> None:
        """Delete a value; raises when there is none."""


class ChunkedCredentials:
    """A backend whose values may be long.

    Each write has a random mark, which stands in the manifest and before every piece: a write that
    broke off half-way reads as nothing, never as a mixture of two values.

    Args:
        backend: one whose values are limited to 1,280 characters.
    """

    def __init__(self, backend: CredentialBackend) -> None:
        self._backend = backend

    def get_password(self, service: str, username: str) -> str | None:
        """The value put together again, or None when a piece is missing or of another write."""
        mark, count = self._manifest(service, username)
        pieces = [self._piece(service, username, n, mark) for n in range(1, count + 1)]
        whole = [piece for piece in pieces if piece is not None]
        return "".join(whole) if count and len(whole) == count else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write the pieces, then the manifest, then drop the pieces an older value had more."""
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
