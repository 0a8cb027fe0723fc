"""What is left behind when the program breaks: one sentence, and a report without secrets."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from neptun_tui import __version__
from neptun_tui.domain import display
from neptun_tui.storage.files import make_private_folder

_NAMING = (
    AttributeError,
    ImportError,
    IndexError,
    ModuleNotFoundError,
    NameError,
    UnboundLocalError,
    ZeroDivisionError,
)
"""Python makes the text of these of names in the code. Any other may repeat what was worked with: a
ValueError the cookie it could not read, a KeyError the key, a markup error the content of a file.
"""


def write_report(error: BaseException, folder: Path) -> Path | None:
    """Write where the program broke to a file that only this user can read.

    Kinds of errors and lines of code go in. Values of variables never do, nor does the text of an
    error, unless it can only be made of names in the code.

    Args:
        error: what was raised.
        folder: made if it is not there.

    Returns:
        The file; None when it could not be written.
    """
    now = datetime.now(UTC)
    told = "\n".join(_told(each) for each in _with_causes(error, set()))
    text = f"neptun-tui {__version__}, {now:%Y-%m-%d %H:%M:%S} UTC\n\n{told}"
    path = folder / f"crash-{now:%Y%m%d-%H%M%S-%f}.txt"
    try:
        make_private_folder(folder)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return None
    return path


def _with_causes(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """An error after all that led to it, each once."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield from _with_causes(error.__cause__ or error.__context__, seen)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _with_causes(part, seen)
    yield error


def _told(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    said = f": {display.clean(str(error))}" if type(error) in _NAMING else ""
    return f"{''.join(traceback.format_tb(error.__traceback__))}{kind}{said}\n"


def sentence(path: Path | None) -> str:
    """What the terminal shows: one sentence."""
    if path is None:
        return "neptun-tui broke, and its report could not be written."
    return f"neptun-tui broke. What happened, without any secrets, is in {path}"
