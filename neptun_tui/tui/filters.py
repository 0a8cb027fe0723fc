"""Filters for plain terminals: monochrome, other encodings, and a last safety net.

With ``NO_COLOR`` Textual sends shades of grey, which are still colours; and it reads and writes
UTF-8 whatever the terminal's encoding is.
"""

from __future__ import annotations

import codecs
import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_ALIKE: Final = {
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("─━▁▂▃▔▏", "-"),
    **dict.fromkeys("│┃▌▐▎", "|"),
    **dict.fromkeys("█▇▆▅▄▀", "#"),
    **dict.fromkeys("–—", "-"),
    "✓": "*",
    "✗": "x",
    "▸": ">",
    "▾": "v",
    "▲": "^",
    "▼": "v",
    "›": ">",
    "…": "~",
    "·": ".",
    "↑": "^",
    "↓": "v",
    "←": "<",
    "→": ">",
    "×": "x",
    "•": "*",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
}
"""Replacements of the app's own signs that the encoding lacks, each of the same width."""


class MonochromeFilter(LineFilter):
    """Filter that removes every colour and keeps bold, dim, underline and reverse."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours."""
        return [
            Segment(text, None if style is None else _without_colour(style), control)
            for text, style, control in segments
        ]


@lru_cache(1024)
def _without_colour(style: Style) -> Style:
    plain = style.without_color
    return plain + Style.from_meta(style.meta) if style.meta else plain


class TranscodeFilter(LineFilter):
    """Filter that replaces characters missing in the terminal's encoding by similar ones."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments transcoded, with the same styles and widths."""
        return [
            segment if segment.control else Segment(self._written(segment.text), segment.style)
            for segment in segments
        ]

    def _written(self, text: str) -> str:
        return text if text.isascii() else "".join(map(self._sign, text))

    def _sign(self, sign: str) -> str:
        if _has(self._encoding, sign):
            return sign
        return _ALIKE.get(sign) or _likeness(sign)


def _has(encoding: str, sign: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _likeness(sign: str) -> str:
    """Return the letter without its accent, else question marks, of the same width."""
    base = unicodedata.normalize("NFKD", sign)[0]
    cells = cell_len(sign)
    return base if base.isascii() and cells == 1 else "?" * cells


def speaks_utf8(encoding: str) -> bool:
    """Tell whether a terminal's encoding is UTF-8, under any of its names."""
    return codecs.lookup(encoding).name == "utf-8"


class PrintableFilter(LineFilter):
    """Safety filter that drops unprintable characters from rendered segments.

    Server text is cleaned where it enters a widget; this covers a forgotten case, and pasted
    text. Textual itself passes escape characters in text on to the terminal.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments; only those with unprintable characters change."""
        if all(segment.control or segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(_printable(segment.text), segment.style)
            for segment in segments
        ]


def _printable(text: str) -> str:
    """Drop unprintable characters and pad to the original width, which the layout relies on."""
    return set_cell_size("".join(filter(str.isprintable, text)), cell_len(text))
