"""``login``, ``logout`` and ``whoami``: the session this machine keeps.

Secrets come from a prompt that shows nothing, or from standard input; never from an argument or the
environment, which other programs can read.
"""

from __future__ import annotations

import asyncio
import codecs
import sys
from contextlib import suppress

from neptun_tui.cli import documents
from neptun_tui.cli.codes import ExitCode
from neptun_tui.cli.context import Context
from neptun_tui.cli.json_output import print_json
from neptun_tui.cli.output import complain, tell
from neptun_tui.cli.prompts import ask_line, ask_secret, ask_secret_paste
from neptun_tui.cli.tables import print_table
from neptun_tui.cli.terminal import is_terminal, standard_input, wrapped
from neptun_tui.domain import display
from neptun_tui.domain.account import Secret
from neptun_tui.domain.cookies import is_unfinished
from neptun_tui.domain.errors import InvalidCookie, NotSignedIn, ServiceError
from neptun_tui.services.sign_in import SignedIn
from neptun_tui.storage import paths
from neptun_tui.storage.tier import Keeping, Tier

_LONGEST_COOKIE = 65_536
"""Bytes of standard input that are read; a session cookie with all its neighbours has fewer."""

_GOODBYE_SECONDS = 3.0
"""How long the server may take to hear that somebody has left; it revokes nothing anyway."""

_NO_TERMINAL = (
    "A password is asked for on a terminal, and there is none."
    " Without one, sign in with a cookie: neptun-tui login --with-cookie < FILE"
)


async def login(context: Context) -> ExitCode:
    """Sign in, and keep the session for the commands to come."""
    desk = context.desk
    if desk.demo:
        tell("The demo is signed in by itself.")
        return ExitCode.OK
    keeping = await desk.sign_in.keeping()
    if keeping.tier is Tier.MEMORY:
        return _useless(keeping)  # said before anybody types a password
    for line in wrapped(f"Sign in to {desk.host}. {_where(keeping)}", sys.stderr):
        tell(line)
    signed_in = await (
        _with_cookie(context) if context.options.with_cookie else _with_password(context)
    )
    if signed_in.keeping.tier is Tier.MEMORY:
        return _useless(signed_in.keeping)
    account = signed_in.session.account
    tell(f"Signed in to {account.host} as {account.email}.")
    if signed_in.keeping != keeping:
        tell(_where(signed_in.keeping))
    return ExitCode.OK


async def _with_password(context: Context) -> SignedIn:
    desk = context.desk
    email = desk.email or ask_line("E-mail: ", _NO_TERMINAL)
    password = ask_secret(f"Password of {email}: ", _NO_TERMINAL)
    return await desk.sign_in.with_password(desk.host, email, password)


async def _with_cookie(context: Context) -> SignedIn:
    desk = context.desk
    return await desk.sign_in.with_cookie(desk.host, _cookie(), email=desk.email)


def _cookie() -> Secret:
    """The cookie from standard input, or asked for when that is a terminal.

    Raises:
        InvalidCookie: what is there can be none.
        InputError: there is neither input nor a terminal.
    """
    if sys.stdin is None or is_terminal(sys.stdin):
        otherwise = "There is no terminal to ask on: give the cookie on standard input."
        return ask_secret_paste("Session cookie (nothing is shown): ", otherwise, is_unfinished)
    with standard_input() as stream:
        given = stream.read(_LONGEST_COOKIE + 1)
    if len(given) > _LONGEST_COOKIE:
        raise InvalidCookie("Standard input is too long to be a session cookie.")
    # PowerShell writes UTF-16 with a byte order mark.
    utf16 = given.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return Secret(given.decode("utf-16" if utf16 else "utf-8", errors="replace"))


def _where(keeping: Keeping) -> str:
    told = f"Your session will be kept in the {keeping.label} {keeping.lasts}."
    return " ".join(filter(None, (told, keeping.reason, keeping.hint)))


def _useless(keeping: Keeping) -> ExitCode:
    """Say that a session would be gone with this very command, and what can be done."""
    complain(
        "This machine can keep no session beyond one command, so signing in would be for nothing."
    )
    for sentence in filter(None, (keeping.reason, keeping.hint)):
        tell(sentence)
    tell(
        'To keep sessions in a file that only you can read, put session_storage = "file" into'
        f" {paths.config_file()}. The app itself needs none of this: neptun-tui"
    )
    return ExitCode.FAILED


async def logout(context: Context) -> ExitCode:
    """Forget the session on this machine, or all of them."""
    sign_in = context.desk.sign_in
    if context.options.all:
        number, notes = await sign_in.forget_all()
        tell(f"Forgot {display.count(number, 'session')}.")
        return _left(notes)
    try:
        session = (await context.signed_in()).session
    except NotSignedIn as error:
        # What is gone already is done; what may be there behind a locked door is not.
        tell(str(error))
        return ExitCode.FAILED if sign_in.troubles else ExitCode.OK
    notes = await sign_in.forget(session)
    with suppress(ServiceError, TimeoutError):
        goodbye = context.desk.link.call(
            session.account.host, lambda neptun: neptun.sign_out(session)
        )
        await asyncio.wait_for(goodbye, _GOODBYE_SECONDS)
    account = session.account
    tell(f"This machine has forgotten the session of {account.email} on {account.host}.")
    return _left(notes)


def _left(notes: tuple[str, ...]) -> ExitCode:
    for note in notes:
        complain(note)
    tell("Neptun ends no session: a copy of the cookie kept elsewhere stays valid.")
    return ExitCode.FAILED if notes else ExitCode.OK


async def whoami(context: Context) -> ExitCode:
    """Say who is signed in: Neptun is asked, and does not only have to be remembered."""
    kept = await context.signed_in()
    now = await context.ask(
        kept.session, lambda neptun, who: neptun.session_from_cookie(who.cookie)
    )
    account, keeping = now.account, kept.keeping
    if context.options.json:
        print_json(
            documents.document(
                account,
                user_id=account.user_id,
                signed_in_at=documents.moment(now.signed_in_at),
                kept_in=documents.of_keeping(keeping),
            )
        )
        return ExitCode.OK
    print_table(
        ("ACCOUNT", "SERVER", "USER", "KEPT IN"),
        [(account.email, account.host, str(account.user_id), keeping.label)],
    )
    return ExitCode.OK
