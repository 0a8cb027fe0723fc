"""Sanitizing of server text for a terminal; the one place where it happens.

Titles and contents come back from Neptun verbatim (contract §6): escape sequences, control codes,
right-to-left overrides, thousands of combining marks. After :func:`clean` or :func:`clean_lines`
a text holds only characters that a terminal prints, each bound to its own cells. It is still plain
text: whoever draws it must also keep it from being read as markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import overload

_MAX_MARKS = 2
"""Combining marks kept on one character: enough for every living script, too few to climb."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

NO_NAME = "(no name)"
"""Stands where a name is empty, so that a row is never blank."""


@lru_cache(maxsize=4096)
def _is_known(char: str) -> bool:
    """Tell whether all terminals know a character: it is of Unicode 14.0, that of Python 3.11."""
    if _OLDEST:
        return True
    from neptun_tui.domain.unicode_14 import is_assigned  # which Python 3.11 does without

    return is_assigned(char)


_OLDEST = unicodedata.unidata_version == "14.0.0"


@lru_cache(maxsize=4096)
def _visible(char: str) -> str:
    """Return the replacement of one character that :meth:`str.isprintable` refuses."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    return " " if unicodedata.category(char) == "Zs" else _REPLACEMENT


def _one_by_one(text: str) -> str:
    """Leave no character whose cells depend on its neighbours or on the terminal.

    What is made of pieces becomes one character where Unicode has one. What joins into one picture
    in some terminals and not in others goes: variation selectors, skin tones, and the letters of
    flags, which become plain ones. Runs of combining marks are capped, and a leading one gets
    something to stand on.
    """
    kept: list[str] = []
    run = 0
    for char in unicodedata.normalize("NFC", _JOINS.sub("", text).translate(_FLAG_LETTERS)):
        category = unicodedata.category(char)
        in_doubt = category == "Mc" or _IN_DOUBT(char) or not _is_known(char)
        if category in ("Mn", "Me") and not in_doubt:
            run += 1
            if run > _MAX_MARKS:
                continue
            if not kept:
                kept.append("\N{DOTTED CIRCLE}")
        else:
            run = 0
        kept.append(_REPLACEMENT if in_doubt else char)
    return "".join(kept)


_JOINS = re.compile(
    "[\u180b-\u180d\u180f\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
_FLAG_LETTERS = {0x1F1E6 + n: ord("A") + n for n in range(26)}

_IN_DOUBT = re.compile(
    "[\u034f\u115f-\u11ff\u17b4\u17b5\u3164\ud7b0-\ud7ff\uffa0"  # unseen, or half a syllable
    "\u1cf2\u1cf3\u2630-\u2637\u268a-\u268f\u3248-\u324f\u4dc0-\u4dff"
    "\U0001d300-\U0001d37f\U0001f93b\U0001f946]"
).match
"""What takes no cell, one or two, by the terminal and its version of Unicode. So do the vowel signs
of many scripts (Mc): none in Rich, one in tmux, screen and xterm. Measured in tests/domain."""


def clean(text: str, limit: int = 1000) -> str:
    """Make one line of printable text out of anything.

    Args:
        text: what the server sent.
        limit: the most characters to look at; a longer text ends in ``…``.

    Returns:
        Text in which C0 controls show as their pictures (``␛``, ``␊``), every other character that
        is not printable (C1, bidi, zero-width, surrogates, unassigned) as ``U+FFFD``, odd blanks
        as a blank, and every character takes the same cells beside any other.
    """
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else _visible(char) for char in cut)
    if not cut.isascii():
        cut = _one_by_one(cut)
    # A few characters are composed of more than they are: in the end the limit holds for all.
    return f"{cut[:limit]}…" if max(len(text), len(cut) - 1) > limit else cut


def clean_name(text: str, limit: int = 1000) -> str:
    """:func:`clean` for a name: an empty or blank one says so."""
    shown = clean(text, limit)
    return shown if text.strip() and shown.strip(_BLANK) else NO_NAME


_BLANK = " \N{BRAILLE PATTERN BLANK}"


def clean_ends(text: str, limit: int = 160) -> str:
    """:func:`clean_name` for a name of which both ends count: a long one is cut in its middle."""
    if len(text) <= limit:
        return clean_name(text, limit)
    half = limit // 2
    return clean_name(f"{clean(text[:half], half)}…{clean(text[-half:], half)}", 2 * limit)


def clean_lines(
    content: str, *, max_lines: int = 5000, max_width: int = 2000, budget: int = 400_000
) -> list[str]:
    """Split a content into safe lines for a preview.

    Args:
        content: what the server sent.
        max_lines: lines beyond these are counted, not shown.
        max_width: characters of a line that are looked at.
        budget: characters that are looked at altogether: what is drawn must not hold up keys.

    Returns:
        One cleaned text a line, tabs expanded to four, CRLF as one line end; a last line says how
        much was left out, if anything was.
    """
    lines: list[str] = []
    for line in islice(_split(content), max_lines):
        budget -= min(len(line), max_width)
        if budget < 0:
            break
        lines.append(clean(line[: max_width + 1].expandtabs(4), max_width))
    left = content.removesuffix("\n").count("\n") + 1 - len(lines)
    if left > 0:
        lines.append(f"… and {count(left, 'more line')}")
    return lines


def _split(content: str) -> Iterator[str]:
    start = 0
    while start <= len(content):
        end = content.find("\n", start)
        end = len(content) if end < 0 else end
        if start == end == len(content) and start:
            return
        yield content[start:end].removesuffix("\r")
        start = end + 1


def size(count: int) -> str:
    """Bytes as people read them: ``220 B``, ``6 KB``, ``1.2 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("KB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 and unit != "KB" else f"{value:.0f} {unit}"
    return f"{value / 1000:,.0f} TB"


TIE = "\N{NO-BREAK SPACE}"
"""A blank at which no line ends, as long as that can be: cleaned text holds none of its own."""


def untied(text: str) -> str:
    """A line that has been broken, as it is shown."""
    return text.replace(TIE, " ")


_AGES = ((86400 * 365, "y"), (86400 * 30, "mo"), (86400, "d"), (3600, "h"), (60, "min"))


def age(when: datetime | None, now: datetime) -> str:
    """Return the age in one unit: ``2 h ago``; ``–`` when it is unknown."""
    if when is None:
        return "–"
    seconds = (now - when).total_seconds()
    for length, unit in _AGES:
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


def date(when: datetime | None) -> str:
    """A date and time in the reader's own zone; ``–`` when unknown."""
    if when is None:
        return "–"
    here = when.astimezone()
    return f"{here.day} {here:%b %Y, %H:%M}"


@overload
def timestamp(when: datetime) -> str: ...
@overload
def timestamp(when: datetime | None) -> str | None: ...
def timestamp(when: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the millisecond, for scripts; None when unknown."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 file``, ``2,500 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(names: list[str], total: int, width: int = 60) -> str:
    """The first names of many in about ``width`` characters, and how many more there are."""
    shown: list[str] = []
    used = 0
    for name in names:
        used += len(name) + 2
        if shown and used > width:
            break
        shown.append(name)
    left = total - len(shown)
    return ", ".join(shown) + (f" … and {left:,} more" if left else "")
