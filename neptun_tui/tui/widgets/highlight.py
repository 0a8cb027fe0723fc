"""Syntax highlighting of small files, in a process with bounded time.

The regular expressions of Pygments can take minutes for a few KB, and hold the GIL all that
time. So they run in a separate process, which the kernel ends after one second of CPU time.
Without it, or without a result, a content stays plain.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from neptun_tui.services.daemon_executor import DaemonExecutor

if TYPE_CHECKING:
    from pygments.token import _TokenType

    from neptun_tui.tui.widgets.table import Span

MOST_CHARACTERS: Final = 8_000
"""Maximum characters to highlight, line ends included."""

_MOST_LINES: Final = 1_000
_MOST_TOKENS: Final = 5_000

_PROCESSOR_SECONDS: Final = 1
_WALL_SECONDS: Final = 5.0
"""Wall-clock limit for a busy machine; a waiting process uses no CPU time."""

_MOST_IN_A_LINE: Final = 400
"""Maximum characters of a line; a longer one is data, and slow to match."""

_LEXERS: Final = {
    "css": "css", "dockerfile": "docker", "env": "ini", "go": "go", "hcl": "terraform",
    "html": "html", "ini": "ini", "java": "java", "js": "javascript", "json": "json",
    "kt": "kotlin", "makefile": "make", "md": "markdown", "mjs": "javascript", "php": "php",
    "py": "python", "rb": "ruby", "sh": "bash", "sql": "sql", "tf": "terraform", "toml": "toml",
    "ts": "typescript", "tsx": "typescript", "vue": "html", "yaml": "yaml", "yml": "yaml",
}  # fmt: skip

_STYLES: Final = {
    "Comment": "dim",
    "Literal.String": "good",
    "Literal.Number": "mark",
    "Keyword": "accent",
    "Name.Tag": "accent",
    "Name.Attribute": "accent",
    "Generic.Heading": "accent",
    "Generic.Subheading": "accent",
}


def can_highlight(lines: Sequence[str], name: str) -> bool:
    """Tell whether a content is small and of a known type."""
    return (
        _lexer_name(name) is not None
        and len(lines) <= _MOST_LINES
        and sum(map(len, lines)) + len(lines) <= MOST_CHARACTERS
        and max(map(len, lines), default=0) <= _MOST_IN_A_LINE
    )


async def highlight_apart(lines: Sequence[str], name: str) -> list[list[Span]] | None:
    """Highlight a content in a separate process, which ends when this call is cancelled.

    Args:
        lines: the cleaned lines.
        name: the file's name, which determines its type; see :func:`can_highlight`.

    Returns:
        The same lines, in pieces with the names of their styles; None when they stay plain.
    """
    command = [sys.executable, "-P", "-m", "neptun_tui.tui.widgets.highlight"]
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - ours; a daemon thread waits for it
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None  # no process could be started
    request = json.dumps([name, lines]).encode()
    loop = asyncio.get_running_loop()
    try:
        answer = await loop.run_in_executor(DaemonExecutor(), _exchange, process, request)
    finally:
        process.kill()
    return _read(answer, lines)


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    """Send a request to the process and wait for its end."""
    with suppress(OSError, ValueError):
        try:
            return process.communicate(request, timeout=_WALL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    return b""


def _read(answer: bytes, lines: Sequence[str]) -> list[list[Span]] | None:
    """Return the highlighted lines; None unless their text equals the plain one."""
    try:
        coloured = [[(text, style) for text, style in line] for line in json.loads(answer)]
    except (ValueError, TypeError):
        return None
    same = ["".join(text for text, _ in line) for line in coloured] == list(lines)
    return coloured if same else None


def highlight(lines: Sequence[str], name: str) -> list[list[Span]]:
    """Highlight a content in this process, without a time limit; see :func:`highlight_apart`."""
    from pygments import lex
    from pygments.lexers import get_lexer_by_name

    lexer = get_lexer_by_name(_lexer_name(name) or "text", stripnl=False, ensurenl=False)
    coloured: list[list[Span]] = [[]]
    for token, text in islice(lex("\n".join(lines), lexer), _MOST_TOKENS):
        style = _style(token)
        first, *others = text.split("\n")
        coloured[-1].append((first, style))
        coloured += [[(other, style)] for other in others]
    return coloured


def _lexer_name(name: str) -> str | None:
    path = PurePosixPath(name.lower())
    return _LEXERS.get(path.suffix[1:]) or _LEXERS.get(path.name.removeprefix("."))


def _style(token: _TokenType) -> str:
    kinds = [".".join(token[:depth]) for depth in range(1, len(token) + 1)]
    return next((_STYLES[kind] for kind in kinds if kind in _STYLES), "")


def _main() -> None:
    """Highlight the request on standard input, in the process of :func:`highlight_apart`."""
    with suppress(ImportError, ValueError, OSError):  # Windows: only the other limit holds
        import resource

        limit = (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, limit)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    name, lines = json.load(sys.stdin)
    json.dump(highlight(lines, name), sys.stdout)


if __name__ == "__main__":
    _main()
