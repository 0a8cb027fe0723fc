"""Everything that the app may send to a terminal, and nothing else."""

from __future__ import annotations

import re
import unicodedata

from neptun_tui.domain.safe_text import clean

_MODES = "(?:7|25|1000|1002|1003|1004|1006|1015|1049|2004|2026|2048)"
"""Wrapping, cursor, mouse, focus, alternate screen, paste, synchronised output, resize reports."""

_SEQUENCE = re.compile(
    r"\x1b\[(?:[0-9]{1,3}(?:;[0-9]{1,3})*)?m"  # colours
    r"|\x1b\[[0-9]{1,3};[0-9]{1,3}H"  # the cursor, to a named place
    rf"|\x1b\[\?{_MODES}[hl]|\x1b\[\?(?:2026|2048)\$p"
    r"|\x1b\[>[0-9]{0,2}u|\x1b\[<u|\x1b\[=4;2u"  # the keyboard's protocol, on, off and more
    r"|\x1b\]22;[a-z]+\x07"  # the shape of the mouse pointer
    r"|\x1b\]52;c;(?P<copied>[A-Za-z0-9+/=]+)\x07"
    r"|\r\n"
)
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")

_OURS = frozenset("─│┌┐└┘├┤┬┴┼╭╮╰╯━┃▀▁▂▃▄▅▆▇█▉▊▋▌▍▎▏▐▔▕")


def parse(raw: bytes) -> tuple[str, list[str]]:
    """Read a terminal's input as strictly as can be.

    Args:
        raw: all that a program has sent.

    Returns:
        The text in it, and what was put on the clipboard, as sent.

    Raises:
        AssertionError: it holds anything that the app does not mean to send.
    """
    stream = raw.decode("utf-8")  # strict: no surrogates, no halves
    text: list[str] = []
    copied: list[str] = []
    at = 0
    while at < len(stream):
        if found := _TEXT.match(stream, at):
            text.append(found[0])
        elif found := _SEQUENCE.match(stream, at):
            copied += filter(None, [found["copied"]])
        else:
            raise AssertionError(f"not ours: {stream[max(0, at - 60) : at + 60]!a}")
        at = found.end()
    whole = "".join(text)
    assert_drawable(whole)
    return whole, copied


def assert_drawable(text: str) -> None:
    """Every character prints, in the same cells in every terminal, and turns no line round."""
    for char in set(text) - _OURS:
        where = text.index(char)
        around = ascii(text[max(0, where - 60) : where + 60])
        assert char.isprintable(), around
        assert unicodedata.bidirectional(char) not in _TURNS, around
        assert char in clean(f"a{char}") or clean(char) == "◌" + char, f"not cleaned: {around}"


_TURNS = {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}
