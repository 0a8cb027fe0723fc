"""``login``, ``logout``, ``whoami`` and ``switch``: manage the sessions kept on this machine.

Secrets are read from a prompt without echo, or from standard input; never from an argument or the
environment, which other programs can read.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from contextlib import suppress

from neptun_tui.cli.args import Options
from neptun_tui.cli.context import Context, name_of
from neptun_tui.cli.exit_codes import ExitCode
from neptun_tui.cli.output import on_terminal, print_error, print_info
from neptun_tui.cli.prompts import ask, ask_line, ask_secret, ask_secret_paste, why_not_ask
from neptun_tui.cli.tables import print_table
from neptun_tui.cli.terminal import is_terminal, standard_input, wrapped
from neptun_tui.domain import safe_text
from neptun_tui.domain.account import Account, Secret, is_unfinished, parse_host
from neptun_tui.domain.errors import (
    InputError,
    InvalidCookie,
    NotSignedIn,
    ServiceError,
    UnclearAccount,
)
from neptun_tui.services.auth import SignedIn
from neptun_tui.storage import paths
from neptun_tui.storage.files import check_writable, read_own
from neptun_tui.storage.session_backends import BackendKind, KnownAccount, StorageInfo

_LONGEST_COOKIE = 65_536
"""Bytes of standard input that are read; a Cookie header with all its cookies is shorter."""

_GOODBYE_SECONDS = 3.0
"""Time-out for the sign-out request; the server revokes nothing anyway."""

_NO_TERMINAL = (
    "A password is asked for on a terminal, and there is none."
    " Without one, sign in with a cookie: neptun-tui login --with-cookie < FILE"
)


async def login(context: Context) -> ExitCode:
    """Sign in, and store the session for later commands."""
    app_context = context.app_context
    if app_context.demo:
        print_info("The demo is signed in by itself.")
        return ExitCode.OK
    keeping = await app_context.sign_in.keeping()
    if keeping.backend is BackendKind.MEMORY:
        return _useless(keeping)  # before a password is typed
    for line in wrapped(f"Sign in to {app_context.host}. {_storage_sentence(keeping)}", sys.stderr):
        print_info(line)
    signed_in = await (
        _with_cookie(context) if context.options.with_cookie else _with_password(context)
    )
    if signed_in.keeping.backend is BackendKind.MEMORY:
        return _useless(signed_in.keeping)
    account = signed_in.session.account
    print_info(f"Signed in to {account.host} as {account.email}.")
    if signed_in.keeping != keeping:
        print_info(_storage_sentence(signed_in.keeping))
    await _offer_default(context, account)
    return ExitCode.OK


async def _offer_default(context: Context, account: Account) -> None:
    """Offer to make an account the default when another one is; without a terminal, only say so.

    A sign-in alone never changes the target of later commands.
    """
    default = await context.app_context.sign_in.default()
    if default is None or default[0].is_same(account):
        return
    known = await context.app_context.sign_in.accounts()
    same = (each.account for each in known if each.account.is_same(default[0]))
    other = name_of(next(same, default[0]))
    if not context.options.no_default and not why_not_ask(input_taken=False):
        print_info(f"Commands that name no account use {other}.")
        # Unread rest of a pasted cookie must not answer this question.
        ours = safe_text.clean(name_of(account))
        if (ask(f"Use {ours} from now on? [y/N] ") or "").lower() in ("y", "yes"):
            _say_chosen(context, account, await context.app_context.sign_in.choose(account))
            return
    hint = "" if context.options.no_default else " To change it: neptun-tui switch"
    print_info(f"The default stays {other}.{hint}")


async def _with_password(context: Context) -> SignedIn:
    app_context = context.app_context
    email = app_context.email or ask_line("E-mail: ", _NO_TERMINAL)
    password = ask_secret(f"Password of {email}: ", _NO_TERMINAL)
    default = not context.options.no_default
    return await app_context.sign_in.with_password(
        app_context.host, email, password, default=default
    )


async def _with_cookie(context: Context) -> SignedIn:
    app_context = context.app_context
    default = not context.options.no_default
    return await app_context.sign_in.with_cookie(
        app_context.host, _cookie(), email=app_context.email, default=default
    )


def _cookie() -> Secret:
    """Read the cookie from standard input, or prompt for it when that is a terminal.

    Raises:
        InvalidCookie: the text cannot be a cookie.
        InputError: there is neither input nor a terminal.
    """
    if sys.stdin is None or is_terminal(sys.stdin):
        otherwise = "No terminal to ask on: give the cookie on standard input."
        return ask_secret_paste("Session cookie (nothing is shown): ", otherwise, is_unfinished)
    with standard_input() as stream:
        given = stream.read(_LONGEST_COOKIE + 1)
    if len(given) > _LONGEST_COOKIE:
        raise InvalidCookie("Standard input is too long to be a session cookie.")
    # PowerShell writes UTF-16 with a byte order mark.
    utf16 = given.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return Secret(given.decode("utf-16" if utf16 else "utf-8", errors="replace"))


def _storage_sentence(keeping: StorageInfo) -> str:
    told = f"Your session will be kept in the {keeping.label} {keeping.lasts}."
    return " ".join(filter(None, (told, keeping.reason, keeping.hint)))


def _useless(keeping: StorageInfo) -> ExitCode:
    """Report that a session would not outlive this command, and what to do."""
    print_error(
        "No session storage outlives this command, so signing in here would have no effect."
    )
    for sentence in filter(None, (keeping.reason, keeping.hint)):
        print_info(sentence)
    with suppress(OSError):
        check_writable(paths.state_dir())  # else the list of sessions could not be written either
        read_own(paths.state_dir() / paths.SESSION_INDEX)
        print_info(
            'To keep sessions in a file that only you can read, put session_storage = "file" into'
            f" {paths.config_file()}."
        )
    print_info("The app itself needs none of this: neptun-tui")
    return ExitCode.FAILED


async def logout(context: Context) -> ExitCode:
    """Remove the session from this machine, or all of them."""
    sign_in = context.app_context.sign_in
    if context.options.all:
        number, notes = await sign_in.forget_all()
        print_info(f"Forgot {safe_text.count(number, 'session')}.")
        return _left(notes)
    try:
        session = (await context.signed_in()).session
    except UnclearAccount:
        raise
    except NotSignedIn as error:
        # A session that no longer exists is a success; one in a locked backend is not.
        print_info(str(error))
        problems = bool(sign_in.problems)
        notes = await _forget_unlisted(context)
        return ExitCode.FAILED if problems or notes else ExitCode.OK
    notes = await sign_in.forget(session)
    with suppress(ServiceError, TimeoutError):
        goodbye = context.app_context.link.call(
            session.account.host, lambda neptun: neptun.sign_out(session)
        )
        await asyncio.wait_for(goodbye, _GOODBYE_SECONDS)
    print_info(_what_became_of(f"the session of {name_of(session.account)}", notes))
    return _left(notes)


def _what_became_of(what: str, notes: tuple[str, ...]) -> str:
    """Return what a removal did; with notes, a copy of the session may be left."""
    if notes:
        return f"This machine could not forget every copy of {what}."
    return f"This machine has forgotten {what}."


async def _forget_unlisted(context: Context) -> tuple[str, ...]:
    """Remove unlisted sessions of the named account; without a name, only report them.

    Returns:
        A sentence for each backend that could not be checked.
    """
    app_context, sign_in = context.app_context, context.app_context.sign_in
    unlisted = await sign_in.unlisted()
    if app_context.any_host and not app_context.email:
        if unlisted:  # another home folder of this user may list them
            number = safe_text.count(len(unlisted), "session")
            print_info(f"{number} kept on this machine stand in no list: neptun-tui logout --all")
        return ()
    notes: dict[str, None] = {}
    for account in unlisted:
        here = app_context.any_host or account.host == app_context.host
        if here and (not app_context.email or account.email == app_context.email):
            left = await sign_in.forget_account(account)
            notes |= dict.fromkeys(left)
            print_info(_what_became_of(f"a session of {name_of(account)}, in no list", left))
    for note in notes:
        print_error(note)
    return tuple(notes)


def _left(notes: tuple[str, ...]) -> ExitCode:
    for note in notes:
        print_error(note)
    print_info("Neptun ends no session: a copy of the cookie kept elsewhere stays valid.")
    return ExitCode.FAILED if notes else ExitCode.OK


async def whoami(context: Context) -> ExitCode:
    """Print who is signed in, confirmed by the server."""
    if context.options.all:
        return await _list_sessions(context)
    kept = await context.signed_in()
    now = await context.ask(
        kept.session, lambda neptun, who: neptun.session_from_cookie(who.cookie)
    )
    account, keeping = now.account, kept.keeping
    if context.options.json:
        from neptun_tui.cli import documents  # which the table does without

        documents.print_document(documents.signed_in(now, keeping))
        return ExitCode.OK
    print_table(
        ("ACCOUNT", "SERVER", "USER", "KEPT IN"),
        [(account.email, account.host, str(account.user_id), keeping.label)],
    )
    return ExitCode.OK


async def _list_sessions(context: Context) -> ExitCode:
    """List the sessions stored on this machine. Offline."""
    known, default = await _sessions(context)
    if context.options.json:
        from neptun_tui.cli import documents  # which the table does without

        documents.print_document(documents.sessions(known, default))
        return ExitCode.OK
    if not known and on_terminal():
        print_info("No session is kept on this machine.")
        return ExitCode.OK
    print_table(
        ("DEFAULT", "ACCOUNT", "SERVER", "USER", "KEPT IN"),
        [
            (
                "*" if each is default else "",
                safe_text.clean(each.email),
                each.origin,
                str(each.user_id),
                each.backend.label,
            )
            for each in known
        ],
    )
    return ExitCode.OK


async def _sessions(context: Context) -> tuple[list[KnownAccount], KnownAccount | None]:
    """Return the stored sessions and the default one; a single session is the default."""
    known = await context.app_context.sign_in.accounts()
    default = await context.app_context.sign_in.default()
    if default is None:
        return known, known[0] if len(known) == 1 else None
    same = (each for each in known if each.account.is_same(default[0]))
    return known, next(same, None)


async def switch(context: Context) -> ExitCode:
    """Choose the default account of later commands among the stored sessions."""
    if context.app_context.demo:
        raise InputError("The demo has one account only.")
    known, default = await _sessions(context)
    for problem in context.app_context.sign_in.problems:
        print_error(problem)
    wanted = _wanted(known, context.options)
    if not known:
        raise NotSignedIn("No session is kept here. Sign in with: neptun-tui login")
    if len(wanted) != 1:
        if context.options.wanted or why_not_ask(input_taken=False):
            raise InputError(_about_wanted(wanted or known, found=bool(wanted)))
        wanted = [_choose(known, default)]
    account = wanted[0].account
    return _say_chosen(context, account, await context.app_context.sign_in.choose(account))


def _wanted(known: list[KnownAccount], options: Options) -> list[KnownAccount]:
    """Return the sessions that match the given e-mail address, server and options."""
    host = parse_host(options.host) if options.host is not None else None
    email, wanted = options.account, options.wanted
    if wanted is not None and "@" in wanted:
        email = wanted
    elif wanted is not None:
        host = parse_host(wanted)
    return [each for each in known if host in (None, each.origin) and email in (None, each.email)]


def _about_wanted(choices: list[KnownAccount], *, found: bool) -> str:
    what = "Several sessions fit" if found else "No session is kept for that"
    names = safe_text.shortened([name_of(each.account) for each in choices[:6]], len(choices), 400)
    return f"{what}. There are: {names}. Name one: neptun-tui switch --host URL EMAIL"


def _choose(known: list[KnownAccount], default: KnownAccount | None) -> KnownAccount:
    """Prompt for one of several sessions.

    Raises:
        InputError: none was chosen.
    """
    for number, each in enumerate(known, 1):
        mark = "*" if each is default else " "
        print_info(f"{mark} {number}  {name_of(each.account)}")
    answer = ask("Number of the default from now on: ") or ""
    if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(known)):
        raise InputError("That is none of these numbers: the default stays.")
    return known[int(answer) - 1]


def _say_chosen(context: Context, account: Account, noted: bool) -> ExitCode:
    """Report the new default account, and what takes precedence over it."""
    if not noted:
        print_error(
            f"The default stays as it was. {' '.join(context.app_context.sign_in.problems)}"
        )
        return ExitCode.FAILED
    print_info(f"The default is now {name_of(account)}.")
    for name, ours in (("NEPTUN_HOST", account.host), ("NEPTUN_ACCOUNT", account.email)):
        if name in os.environ and os.environ[name] != ours:
            print_info(f"{name} is set, and comes before the default.")
    app_context = context.app_context
    if (
        "NEPTUN_HOST" not in os.environ
        and not app_context.any_host
        and app_context.host != account.host
    ):
        print_info(f"The settings name {app_context.host}, which comes before the default.")
    return ExitCode.OK
