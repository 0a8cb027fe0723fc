"""Prompts on the terminal; secrets are never echoed."""

from __future__ import annotations

import getpass
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from neptun_tui.cli.terminal import is_terminal
from neptun_tui.domain.account import Secret
from neptun_tui.domain.errors import InputError

try:
    import termios
except ImportError:  # Windows: its consoles have no such limit, and no /dev/tty
    termios = None  # type: ignore[assignment]

_TTY: Final = "/dev/tty"

_SETTLE_SECONDS: Final = 0.4
"""Time during which input is discarded before a question, as in the app's dialogs."""

_LONGEST_ANSWER: Final = 4096
_LONGEST_PASTE: Final = 65_536

_PASTE_PAUSE_SECONDS: Final = 0.2
"""Pause that ends a paste, which may arrive in packets."""

_END_OF_INPUT: Final = b"\x04"

_LOCAL_FLAGS: Final = 3
"""Index of the local flags in the result of ``tcgetattr``."""

_NOT_UTF8: Final = "The input is not UTF-8: set the terminal, and LANG, to UTF-8."


def why_not_ask(*, input_taken: bool) -> str:
    """Return why no prompt is possible here; empty when it is.

    Args:
        input_taken: whether standard input carries data rather than replies.
    """
    if not input_taken and not is_terminal(sys.stdin):
        return "standard input is not a terminal"
    if not is_terminal(sys.stderr):
        return "standard error is not a terminal, so the question would not be seen"
    try:
        os.close(_open_terminal())
    except OSError:
        return "no terminal to ask on"
    return ""


def ask(question: str) -> str | None:
    """Ask one question on the terminal, and wait for a whole line.

    Type-ahead is discarded. Ctrl+C raises KeyboardInterrupt at once.

    Returns:
        The line without surrounding blanks; None on end of input (ctrl+D).
    """
    with _terminal() as terminal, interruptible():
        time.sleep(_SETTLE_SECONDS)
        termios.tcflush(terminal, termios.TCIFLUSH)
        os.write(terminal, question.encode())
        typed = b""
        while not typed.endswith(b"\n"):
            chunk = os.read(terminal, _LONGEST_ANSWER)
            if not chunk:
                os.write(terminal, b"\n")
                return None
            typed = (typed + chunk)[-_LONGEST_ANSWER:]
        return typed.decode(errors="replace").strip()


def ask_line(prompt: str, otherwise: str) -> str:
    """Prompt for a line, with echo.

    Args:
        prompt: the question, shown on standard error.
        otherwise: the error message without a terminal.

    Raises:
        InputError: standard input is not a terminal, or has ended.
    """
    if not is_terminal(sys.stdin):
        raise InputError(otherwise)
    print(prompt, end="", file=sys.stderr, flush=True)
    try:
        with interruptible():
            line = sys.stdin.readline()
        line.encode()  # some locales accept any bytes, as surrogates
    except UnicodeError:
        raise InputError(_NOT_UTF8) from None
    except OSError as error:
        raise InputError(f"The terminal cannot be read ({error.strerror}).") from None
    if not line:
        raise InputError("Nothing was typed.")
    return line.strip()


def ask_secret(prompt: str, otherwise: str) -> Secret:
    """Prompt for a secret on the terminal, even if standard input and output are redirected.

    Args:
        prompt: the question.
        otherwise: the error message without a terminal.

    Raises:
        InputError: no terminal can disable its echo, or nothing was typed.
    """
    with warnings.catch_warnings(), interruptible():
        # getpass would otherwise only warn and echo the secret.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            typed = Secret(getpass.getpass(prompt))
        except UnicodeDecodeError:  # the exception holds the whole secret
            typed, otherwise = None, _NOT_UTF8
        except (getpass.GetPassWarning, EOFError, OSError, AttributeError):
            typed = None
    if typed is None:
        raise InputError(otherwise)
    if not typed:
        raise InputError("Nothing was typed.")
    return typed


def ask_secret_paste(prompt: str, otherwise: str, unfinished: Callable[[str], bool]) -> Secret:
    """Prompt for a secret that may be pasted in several lines, without echo.

    The terminal's line editing is off meanwhile: it drops input beyond 4,095 bytes of a line
    (macOS: 1,023). Input after the secret is discarded, so that the shell does not get it.

    Args:
        prompt: the question.
        otherwise: the error message without a terminal.
        unfinished: whether the lines read so far continue in the next one.

    Raises:
        InputError: no terminal can disable its echo, or nothing was typed.
    """
    try:
        with _terminal() as terminal, _no_echo(terminal), interruptible():
            os.write(terminal, prompt.encode())
            typed = _read_lines(terminal, unfinished)
            while select.select([terminal], [], [], _PASTE_PAUSE_SECONDS)[0]:
                if not os.read(terminal, _LONGEST_PASTE):
                    break
            os.write(terminal, b"\n")
    except OSError:  # as on Windows, whose consoles have no such limit
        return ask_secret(prompt, otherwise)
    if not typed.reveal().strip():
        raise InputError("Nothing was typed.")
    return typed


def _read_lines(terminal: int, unfinished: Callable[[str], bool]) -> Secret:
    """Read until a line completes the secret, ctrl+D, or more bytes than any secret has."""
    typed = b""
    while len(typed) < _LONGEST_PASTE:
        chunk = os.read(terminal, _LONGEST_PASTE)
        typed += chunk.replace(b"\r", b"\n")
        if not chunk or _END_OF_INPUT in chunk:
            break
        if typed.endswith(b"\n") and not unfinished(typed.decode(errors="replace")):
            break
    return Secret(typed.partition(_END_OF_INPUT)[0].decode(errors="replace"))


@contextmanager
def _no_echo(terminal: int) -> Iterator[None]:
    """Switch off a terminal's echo and line editing; discard unread input at the end."""
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[_LOCAL_FLAGS] &= ~(termios.ICANON | termios.ECHO)
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, changed)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _open_terminal() -> int:
    return os.open(_TTY, os.O_RDWR | getattr(os, "O_NOCTTY", 0))


@contextmanager
def _terminal() -> Iterator[int]:
    descriptor = _open_terminal()
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let ctrl+C interrupt a blocking call; asyncio would only note it for later."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
