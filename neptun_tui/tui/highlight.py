"""Colour for the contents of small files. Runs on lines that are already safe for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from pygments import lex
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType

from neptun_tui.tui.widgets.virtual_list import Span

MOST_CHARACTERS: Final = 8_000
"""Above this a content stays plain: colouring it would be felt."""

_MOST_IN_A_LINE: Final = 400
"""A longer line is data, and the place where regular expressions take their time."""

_LEXERS: Final = {
    "css": "css", "dockerfile": "docker", "env": "ini", "go": "go", "hcl": "terraform",
    "html": "html", "ini": "ini", "java": "java", "js": "javascript", "json": "json",
    "kt": "kotlin", "makefile": "make", "md": "markdown", "mjs": "javascript", "php": "php",
    "py": "python", "rb": "ruby", "sh": "bash", "sql": "sql", "tf": "terraform", "toml": "toml",
    "ts": "typescript", "tsx": "typescript", "vue": "html", "yaml": "yaml", "yml": "yaml",
}  # fmt: skip

_STYLES: Final = (
    (Token.Comment, "dim"),
    (Token.Literal.String, "good"),
    (Token.Literal.Number, "mark"),
    (Token.Keyword, "accent"),
    (Token.Name.Tag, "accent"),
    (Token.Name.Attribute, "accent"),
    (Token.Generic.Heading, "accent"),
    (Token.Generic.Subheading, "accent"),
)


def can_highlight(lines: Sequence[str], name: str) -> bool:
    """Whether a content is small and of a kind that is known."""
    return (
        _lexer_name(name) is not None
        and sum(map(len, lines)) <= MOST_CHARACTERS
        and max(map(len, lines), default=0) <= _MOST_IN_A_LINE
    )


def highlight(lines: Sequence[str], name: str) -> list[list[Span]]:
    """Colour a content.

    Args:
        lines: the cleaned lines.
        name: the file's name, which tells its kind; see :func:`can_highlight`.

    Returns:
        The same lines, in pieces with the names of their styles.
    """
    lexer = get_lexer_by_name(_lexer_name(name) or "text", stripnl=False, ensurenl=False)
    coloured: list[list[Span]] = [[]]
    for token, text in lex("\n".join(lines), lexer):
        style = _style(token)
        first, *others = text.split("\n")
        coloured[-1].append((first, style))
        coloured += [[(other, style)] for other in others]
    return coloured


def _lexer_name(name: str) -> str | None:
    path = PurePosixPath(name.lower())
    return _LEXERS.get(path.suffix[1:]) or _LEXERS.get(path.name.removeprefix("."))


def _style(token: _TokenType) -> str:
    return next((style for kind, style in _STYLES if kind in token.split()), "")
