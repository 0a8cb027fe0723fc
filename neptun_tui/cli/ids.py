"""IDs given as arguments or on standard input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from neptun_tui.cli.terminal import standard_input
from neptun_tui.domain import safe_text
from neptun_tui.domain.errors import InputError, InvalidId
from neptun_tui.domain.resources import Kind, parse_id

MOST: Final = 10_000
"""Maximum number of IDs of one command, repeats included."""

STDIN: Final = "-"
"""Argument that means the IDs on standard input."""

_LETTERS: Final = {"i": Kind.IMPORT, "f": Kind.FILE}

_CUT: Final = (
    "Standard input does not end with a line end, so its last ID may have been cut. Nothing was"
    " sent. If it is whole, say with --expect how many items the plan must have."
)

_LONGEST_LINE: Final = 1_000_000
"""Maximum bytes of a line of standard input; lines printed by the lists are far shorter."""


def read_ids(words: Sequence[str], kind: Kind, *, counted: bool = False) -> tuple[int, ...]:
    """Read and check every ID, in the order given, without duplicates.

    Args:
        words: the arguments; ``-`` means standard input: IDs one per line, separated by blanks, or
            in the first column of tab-separated lines.
        kind: the kind of the IDs; ``f1203`` and ``i101`` name it, too.
        counted: whether their number is checked later, so that the last line may lack its line end.

    Raises:
        InvalidId: one of them is not an ID, or is one of the other kind.
        InputError: there are too many, or standard input is unreadable or may have been cut.
    """
    found: dict[int, None] = {}
    for number, (place, word) in enumerate(_words(words, counted), 1):
        if number > MOST:
            raise InputError(f"More than {MOST:,} IDs at once. Nothing was sent.")
        try:
            found[parse_id_of(kind, word)] = None
        except InvalidId as error:
            said = f"{place}{safe_text.clean(word, 40)!r} is not an ID. {error} Nothing was sent."
            raise InvalidId(said) from None
    return tuple(found)


def parse_id_of(kind: Kind, word: str) -> int:
    """Parse an ID of one kind: ``1203``, or ``f1203`` for a file and ``i101`` for an import.

    Raises:
        InvalidId: it is not an ID, or is one of the other kind.
    """
    theirs = _LETTERS.get(word[:1].lower())
    if theirs is None or not word[1:2].isdigit():
        return parse_id(word)
    number = parse_id(word[1:])
    if theirs is not kind:
        raise InvalidId(f"That is the {theirs.value} {number}, and not the {kind.value} {number}.")
    return number


def _words(words: Sequence[str], counted: bool) -> Iterator[tuple[str, str]]:
    """Yield each word with a phrase for its position."""
    read = False
    for word in words:
        if word != STDIN:
            yield "", word
        elif not read:
            read = True
            yield from _input_words(counted)


def _input_words(counted: bool) -> Iterator[tuple[str, str]]:
    with standard_input() as stream:
        for number, line in enumerate(_lines(stream), 1):
            if not counted and not line.endswith(b"\n") and line.strip():
                raise InputError(_CUT)
            for word in line.partition(b"\t")[0].split():
                yield f"Line {number} of standard input: ", word.decode(errors="replace")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise InputError("A line of standard input is too long for one with an ID in front.")
        yield line
