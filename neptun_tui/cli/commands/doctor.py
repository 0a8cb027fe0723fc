"""``doctor``: check whether the app would work in this terminal, and say why not."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from neptun_tui import __version__
from neptun_tui.api.proxy import proxy_for
from neptun_tui.cli import documents, models
from neptun_tui.cli.context import Context
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.models import Check
from neptun_tui.cli.models import CheckState as State
from neptun_tui.cli.output import print_line
from neptun_tui.cli.terminal import colours, locale, terminal, wrapped
from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import NeptunTuiError, ServiceError, SessionExpired
from neptun_tui.services.auth import SignedIn
from neptun_tui.services.json_models import VERSION
from neptun_tui.storage import paths
from neptun_tui.storage.files import check_writable, reason
from neptun_tui.storage.session_backends import BackendKind, StorageInfo

_LIBRARIES = ("textual", "httpx", "keyring")

_SKEW_SECONDS = 60.0
"""Clock difference from which ages and certificate checks are wrong."""


async def doctor(context: Context) -> ExitCode:
    """Check everything the app needs. Stores nothing, deletes nothing, prompts for nothing."""
    keeping = await context.app_context.sign_in.keeping()
    kept, problem = await _kept(context)
    host = kept.session.account.host if kept else context.app_context.host
    server, skew = await _server(context, host)
    checks = [
        *_settings(context),
        _of("terminal", terminal()),
        _check("colours", State.OK, colours()),
        _of("characters", locale(), bad=State.NOTE),
        _journal(),
        _copies(),
        _storage(keeping, demo=context.app_context.demo),
        _proxy(host),
        server,
        *_clock(skew),
    ]
    if server.state is State.OK and not context.app_context.demo:
        checks.append(await _session(context, kept, problem))
    ok = all(check.state is not State.BAD for check in checks)
    if context.options.json:
        documents.print_document(
            models.Doctor(
                version=VERSION,
                ok=ok,
                host=host,
                versions=dict(_versions()),
                checks=checks,
                kept_in=documents.storage(keeping),
                skew_seconds=skew,
            )
        )
    else:
        _print(checks, ok)
    return ExitCode.OK if ok else ExitCode.FAILED


def _print(checks: list[Check], ok: bool) -> None:
    shown = ", ".join(f"{name} {number}" for name, number in _versions())
    lines = [("", "versions", shown)]
    for check in checks:
        lines.append((check.state.value, check.name, check.text))
        if check.hint:
            lines.append(("", "", check.hint))
    for state, name, text in lines:
        before = f"{state:4}  {name:10}  "
        for piece in wrapped(safe_text.clean(text), sys.stdout, len(before)):
            print_line(f"{before}{piece}")
            before = " " * len(before)
    print_line("All checks passed." if ok else "Some checks failed: the app would not work here.")


def _versions() -> Iterator[tuple[str, str]]:
    yield "neptun-tui", __version__
    yield "Python", platform.python_version()
    yield platform.system(), platform.release()
    for name in _LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _check(name: str, state: State, text: str, hint: str = "") -> Check:
    """Return a check; what its model prints, it must be given."""
    return Check(name, state, text, hint)


def _of(name: str, found: tuple[str, str], bad: State = State.BAD) -> Check:
    """Turn a finding and its hint into a check; a hint means that it failed."""
    text, hint = found
    return _check(name, bad if hint else State.OK, text, hint)


def _settings(context: Context) -> Iterator[Check]:
    file = paths.config_file()
    problems = list(context.app_context.notices)
    if chosen := context.app_context.keys:
        from neptun_tui.tui.key_settings import check_keys  # with Textual, which takes a moment

        problems += check_keys(chosen)[1]
    for problem in problems:
        yield _check("settings", State.NOTE, problem)
    if not problems:
        yield _check("settings", State.OK, f"{file}" if file.exists() else f"no {file}: defaults")


def _journal() -> Check:
    """Check that the journal is writable: nothing is deleted without it."""
    folder = paths.state_dir()
    if why := _unwritable(folder):
        text = f"The journal cannot be written to {folder} ({why})."
        return _check("journal", State.BAD, text, "Nothing could be deleted.")
    return _check("journal", State.OK, f"{folder}")


def _copies() -> Check:
    """Check that backups can be written: without them nothing can be restored."""
    folder = paths.data_dir()
    if why := _unwritable(folder):
        text = f"Backups cannot be written to {folder} ({why})."
        return _check("backups", State.NOTE, text, "Deleting asks again, and nothing comes back.")
    return _check("backups", State.OK, f"{folder}")


def _unwritable(folder: Path) -> str:
    """Return why a folder is not writable; empty when it is."""
    try:
        check_writable(folder)
    except OSError as error:
        return reason(error)
    return ""


def _proxy(host: str) -> Check:
    """Report the proxy for the server, without its credentials, and the CAs that TLS trusts."""
    from neptun_tui.api.http import certificates_from  # brings httpx, which _server needs

    proxy = proxy_for(host)
    text = f"Through {proxy}." if proxy else "None."
    if variable := certificates_from():
        text += f" Certificates: {variable}."
    return _check("proxy", State.OK, text)


def _storage(keeping: StorageInfo, *, demo: bool) -> Check:
    if demo:
        return _check("session", State.OK, "The demo signs in by itself, and keeps nothing.")
    text = f"A session would be kept in the {keeping.label} {keeping.lasts}. {keeping.reason}"
    if keeping.backend is not BackendKind.MEMORY:
        return _check("session", State.OK, text.rstrip(), keeping.hint)
    hint = f"{keeping.hint} The app works; the other commands cannot sign in.".lstrip()
    return _check("session", State.NOTE, text.rstrip(), hint)


async def _kept(context: Context) -> tuple[SignedIn | None, str]:
    """Return the session that the app would open, or why there is none."""
    app_context = context.app_context
    try:
        return await app_context.sign_in.resume_any(
            None if app_context.any_host else app_context.host, app_context.email or None
        ), " ".join(app_context.sign_in.problems)
    except NeptunTuiError as error:
        return None, str(error)


async def _server(context: Context, host: str) -> tuple[Check, float | None]:
    """Check that a Neptun responds; also return how many seconds its clock is ahead."""
    before = datetime.now(UTC)
    try:
        theirs = await context.app_context.link.call(host, lambda neptun: neptun.greet())
    except ServiceError as error:
        return _check("server", State.BAD, str(error)), None
    took = datetime.now(UTC) - before
    text = f"{host} is a Neptun and answered in {took / timedelta(milliseconds=1):.0f} ms."
    skew = (theirs - before - took / 2).total_seconds() if theirs else None
    return _check("server", State.OK, text), None if skew is None else round(skew, 1)


def _clock(skew: float | None) -> Iterator[Check]:
    if skew is None:
        return
    if abs(skew) < _SKEW_SECONDS:
        yield _check("clock", State.OK, "This clock and the server's agree.")
        return
    text = (
        f"The server's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this one."
    )
    yield _check("clock", State.NOTE, text, "Set this machine's clock: ages are shown by it.")


async def _session(context: Context, kept: SignedIn | None, problem: str) -> Check:
    """Check that a session is stored and the server accepts it. Forgets nothing."""
    if kept is None:
        state = State.NOTE if problem else State.OK
        return _check("account", state, "Not signed in: the app asks.", problem)
    cookie, host = kept.session.cookie, kept.session.account.host
    try:
        now = await context.app_context.link.call(
            host, lambda neptun: neptun.session_from_cookie(cookie)
        )
    except SessionExpired:
        return _check(
            "account", State.NOTE, "The session that is kept has ended: the app asks again."
        )
    except NeptunTuiError as error:
        return _check("account", State.NOTE, str(error))
    return _check("account", State.OK, f"Signed in as {now.account.email}.")
